from __future__ import annotations

import logging
import os

import pytest

from edge_sdk.quiet import quiet_imports, without_stderr_lines


def test_only_the_named_lines_are_kept_off_stderr(capfd):
    with without_stderr_lines("[pool.cpp"):
        os.write(2, b"[pool.cpp:71] counting cores\nruntime: out of memory\n")
    os.write(2, b"[pool.cpp:71] afterwards\n")
    assert capfd.readouterr().err == "runtime: out of memory\n[pool.cpp:71] afterwards\n"


def test_lines_before_a_failure_are_not_lost(capfd):
    def fails():
        with without_stderr_lines("[pool.cpp"):
            os.write(2, b"what went wrong\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert capfd.readouterr().err == "what went wrong\n"


def test_warnings_at_import_are_silent_and_errors_are_not(caplog):
    logger = logging.getLogger("torchao")
    with quiet_imports():
        logger.warning("no GPU kernels")
        logger.error("broken")
    logger.warning("later")
    assert [record.message for record in caplog.records] == ["broken", "later"]
