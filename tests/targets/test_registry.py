from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from edge_sdk.errors import TargetError
from targets.registry import TARGETS
from tests.targets import graphs


def test_the_table_imports_no_runtime() -> None:
    runtimes = ("torch", "openvino", "onnxruntime", "executorch")
    code = f"import sys, targets.registry; print([name for name in {runtimes} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("name", list(TARGETS))
def test_absent_runtime_is_told_with_its_remedy(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    target = TARGETS[name]
    assert target.missing() == f"{name} is not installed: pip install 'edge-sdk[{name}]'"
    with pytest.raises(TargetError, match="pip install"):
        target.open(tmp_path, precision="int8")


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_running_needs_neither_torch_nor_onnx(name: str, tmp_path: Path) -> None:
    patch = graphs.random_patch()
    TARGETS[name].export(graphs.tiny_graph(), tmp_path, patch.shape[2:], patch)
    code = (
        "import sys; sys.modules['torch'] = sys.modules['onnx'] = None\n"
        "import numpy, pathlib; from targets.registry import TARGETS\n"
        f"target, folder = TARGETS[{name!r}], pathlib.Path({str(tmp_path)!r})\n"
        "patch = numpy.zeros((1, 1, 8, 8, 8), 'float32')\n"
        "print(target.open(folder, precision='int8', threads=1).infer(patch).shape)\n"
        "print(len(target.inspect(folder, patch, precision='int8', threads=1)) > 10)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split("\n")[:2] == ["(1, 4, 8, 8, 8)", "True"]
