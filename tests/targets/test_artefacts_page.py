"""The programs of docs/artefacts.md give the mask of `edge-sdk segment`, voxel for voxel, without this SDK."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from edge_sdk.inference.segment import segment
from edge_sdk.packages.package import Package
from edge_sdk.volume.files import read_volume
from targets.registry import TARGETS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "models" / "phantom-s-int8.edgepkg"
SHAPE_XYZ = (60, 50, 40)
"""Two patches along x and y, and less than one along z."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with every program of the page, named by its first line."""
    folder = tmp_path_factory.mktemp("programs")
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "artefacts.md").read_text(), re.DOTALL):
        (folder / block.split()[1]).write_text(block)
    return folder


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An 8-bit volume of 0.8 mm: dark tubes of several levels in speckle."""
    draw = np.random.default_rng(3)
    x, y, z = np.indices(SHAPE_XYZ)
    levels = draw.rayleigh(70, SHAPE_XYZ)
    for at, radius in (((15, 25), 6), ((42, 20), 9), ((30, 38), 4)):
        levels[(x - at[0]) ** 2 + (y - at[1] - z / 8) ** 2 < radius**2] *= 0.1
    path = tmp_path_factory.mktemp("image") / "image.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.clip(levels, 0, 255).astype(np.uint8), np.diag([0.8, 0.8, 0.8, 1])), path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino", "executorch"])
def test_the_program_of_the_page_gives_the_same_mask(
    target: str, programs: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if problem := TARGETS[target].missing() or TARGETS[target].missing_exporter():
        pytest.skip(problem)
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    model = PACKAGE
    with Package(PACKAGE) as package:
        with package.open(target) as session:
            ours = segment(session, read_volume(image)).voxels
        if target == "onnxruntime":  # which the page uses without its package
            model = tmp_path / "model.onnx"
            model.write_bytes(package.artifact_files()["onnxruntime/model.onnx"].read_bytes())
    command = [sys.executable, f"with_{target}.py", model, image, tmp_path / "mask.nii.gz"]
    done = subprocess.run(command, cwd=programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = np.asanyarray(nibabel.load(tmp_path / "mask.nii.gz").dataobj).T
    assert np.array_equal(theirs, ours)
    assert len(np.unique(ours)) > 1


def test_no_program_of_the_page_needs_the_sdk(programs: Path) -> None:
    names = {path.name for path in programs.iterdir()}
    assert names == {"segment_volume.py", "with_onnxruntime.py", "with_openvino.py", "with_executorch.py"}
    for path in programs.iterdir():
        assert "edge_sdk" not in path.read_text()
        compile(path.read_text(), str(path), "exec")
