"""The script that brings packages to the newest schema."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from edge_sdk.errors import PackageError
from edge_sdk.packages.manifest import SCHEMA_VERSION
from edge_sdk.packages.package import Package

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh_manifests", ROOT / "scripts" / "refresh_manifests.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "orientation", "full_scale"),
    [("nwire-t-int8", None, 255.0), ("hippocampus-s-pruned-4x-int8", "RAS", None)],
)
def test_a_package_gets_what_its_network_was_trained_with(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    orientation: str | None,
    full_scale: float | None,
) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    path = tmp_path / f"{name}.edgepkg"
    shutil.copyfile(ROOT / "models" / path.name, path)
    with Package(path) as package:
        before = package.manifest
    script.refresh(path)
    once = path.read_bytes()
    with Package(path) as package:
        after = package.manifest
    assert (after.schema_version, after.orientation) == (SCHEMA_VERSION, orientation)
    assert after.normalization.full_scale == full_scale
    assert after.runtime_minimum == {"openvino": "2023.1", "onnxruntime": "1.18", "executorch": "1.0"}
    assert (after.recipe, after.metrics, after.labels) == (before.recipe, before.metrics, before.labels)
    changed = {inner for inner, digest in after.files.items() if before.files[inner] != digest}
    assert changed <= {"onnxruntime/model.onnx"}
    script.refresh(path)
    assert path.read_bytes() == once


def test_a_package_of_unknown_data_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"other\.edgepkg: nobody said what it was trained with"):
        script.refresh(tmp_path / "other.edgepkg")
