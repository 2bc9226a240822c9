"""First openings in a process of their own: crashes, hangs and refusals become one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge_sdk.errors import TargetError
from targets.probe import require_running
from targets.registry import TARGETS
from tests.targets import graphs


def stand_in(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the probe's process find this code in the place of the runtime."""
    (folder / "onnxruntime").mkdir(parents=True)
    (folder / "onnxruntime" / "__init__.py").write_text(code)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def test_program_that_the_runtime_fails_on_is_told(tmp_path: Path) -> None:
    patch = graphs.random_patch()
    TARGETS["executorch"].export(graphs.tiny_graph(), tmp_path, (8, 8, 8), patch)
    good = (tmp_path / "model.pte").read_bytes()
    # The delegate's header lies in the last segment; without its magic the runtime refuses to initialize it.
    (tmp_path / "model.pte").write_bytes(good.replace(b"XH00", b"XX00"))
    with pytest.raises(TargetError, match="executorch: the runtime fails on a patch") as caught:
        require_running("executorch", tmp_path, precision="int8")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashes on the artifact: .* signal SIGSEGV"),
        ("import os; os.abort()", "crashes on the artifact: .* signal SIGABRT"),
        ("raise ImportError('libfoo.so: no such file')", r"the runtime does not load \(libfoo\.so: no such file\)"),
        ("raise SystemExit(9)", "fails on the artifact: .* status 9"),
        ("import time; time.sleep(60)", r"did not open the artifact and run one patch within 0\.5 s; .*LIMIT=SECONDS"),
    ],
)
def test_runtime_that_crashes_or_hangs(
    code: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "modules", code, monkeypatch)
    if "sleep" in code:
        monkeypatch.setenv("EDGE_SDK_OPEN_LIMIT", "0.5")
    with pytest.raises(TargetError, match=message):
        require_running("onnxruntime", tmp_path, precision="int8")


def test_limit_must_be_a_number_of_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("soon", "0", "-1", "inf", "nan"):
        monkeypatch.setenv("EDGE_SDK_OPEN_LIMIT", given)
        with pytest.raises(TargetError, match=f"EDGE_SDK_OPEN_LIMIT is '{given}', a number of seconds above 0"):
            require_running("openvino", tmp_path, precision="int8")


def test_what_the_session_says_passes_through(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"model\.onnx: no onnxruntime artifact; export the package with --target"):
        require_running("onnxruntime", tmp_path, precision="int8")


def test_frozen_program_is_not_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    require_running("onnxruntime", tmp_path, precision="int8")
