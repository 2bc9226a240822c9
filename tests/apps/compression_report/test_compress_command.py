from __future__ import annotations

from collections.abc import Callable

import pytest

import quantization.compress
from quantization.run_folder import RunFolder
from tests.apps.commands_fixtures import run


def test_a_finished_compression_is_reported(
    make_run: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = make_run("half", pruned=True)
    monkeypatch.setattr(quantization.compress, "compress", lambda *_, **__: finished)
    status, stdout, stderr = run("compress", finished.path, "--data", finished.path, "-o", finished.path)
    assert status == 0, stderr
    for words in ("pruned FP32", "7.50", "gate passed: keeps", str(finished.path / "report.html")):
        assert words in stdout
    assert (finished.path / "report.html").is_file()
