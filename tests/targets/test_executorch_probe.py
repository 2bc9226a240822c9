from __future__ import annotations

from pathlib import Path

import pytest

from edge_sdk.errors import TargetError
from targets.executorch.probe import require_running
from targets.registry import TARGETS
from tests.targets import graphs


def test_program_that_cannot_run_is_an_error_that_names_it(tmp_path: Path) -> None:
    patch = graphs.random_patch()
    TARGETS["executorch"].export(graphs.tiny_graph(), tmp_path, (8, 8, 8), patch)
    good = (tmp_path / "model.pte").read_bytes()
    bad = tmp_path / "bad.pte"
    # The delegate's header lies in the last segment; without its magic the runtime refuses to initialise it.
    bad.write_bytes(good.replace(b"XH00", b"XX00"))
    with pytest.raises(TargetError, match=r"bad\.pte.*does not run"):
        require_running(bad, patch.shape)
