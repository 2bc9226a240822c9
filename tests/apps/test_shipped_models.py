"""What ships works on every target: hashes, agreement with the reference, and the simulated anatomy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edge_sdk
from edge_sdk.metrics import dice_per_class, mean_over_classes

MODELS = Path(__file__).resolve().parents[2] / "models"
HELD_OUT_SEED = 31337


def packages_on_targets() -> list[tuple[Path, str]]:
    """Every committed package with every target that it was exported for."""
    found = []
    for path in sorted(MODELS.glob("*.edgepkg")):
        with edge_sdk.load_package(path) as package:
            found += [(path, target) for target in package.targets]
    return found


@pytest.mark.parametrize(("path", "target"), packages_on_targets(), ids=lambda value: Path(value).stem)
def test_every_package_agrees_with_its_reference(path: Path, target: str) -> None:
    with edge_sdk.load_package(path) as package:
        result = package.selftest(target)
    assert result.passes, result
    assert result.precision == ("fp32" if "fp32" in path.name else "int8")
    assert result.class_change is not None
    assert result.class_change < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("target", ["openvino", "onnxruntime", "executorch"])
def test_an_unseen_phantom_is_segmented(target: str) -> None:
    from edge_sdk.simulation.dataset import random_case

    volume, labels = random_case(HELD_OUT_SEED, 0.8)
    with edge_sdk.load_package(MODELS / "phantom-s-int8.edgepkg") as package, package.open(target) as session:
        mask = edge_sdk.segment(session, volume)
    present = [int(label) for label in np.unique(labels.voxels) if label]
    mean = mean_over_classes(dice_per_class(mask.voxels, labels.voxels, present))
    assert mean is not None
    assert mean > 0.85


def test_models_stay_small() -> None:
    """What is trained on Task04 may take 40 MB together; the others, of which one travels in the wheel, 12 MB."""
    sizes = {path.name: path.stat().st_size for path in MODELS.iterdir()}
    hippocampus = sum(size for name, size in sizes.items() if name.startswith("hippocampus"))
    assert hippocampus <= 40e6
    assert sum(sizes.values()) - hippocampus <= 12e6
