"""The wire phantom's geometry against the points that fCal segmented, and against the images."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge_sdk import read_sweep, read_volume
from edge_sdk.sweep.plus_config import read_plus_config
from edge_sdk.sweep.wire_phantom import wires_in_world

pytestmark = pytest.mark.real

SCRIPT = Path(__file__).parents[2] / "scripts" / "nwire_dataset.py"


@pytest.fixture(scope="module")
def script():
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture(scope="module")
def config(real_data, script):
    folder = real_data / "plus_nwire"
    phantom = read_plus_config(folder / script.CONFIGURATION)
    return replace(phantom, transforms=phantom.transforms | read_plus_config(folder / script.RESULT).transforms)


def distances(script, config, result, part):
    points = script.segmented_points(config, result, part)
    return np.concatenate([wire.distance(points[wire.name]) for wire in wires_in_world(config)])


def test_wires_pass_through_the_segmented_points(real_data, script, config):
    result = real_data / "plus_nwire" / script.RESULT
    training, held_out = (distances(script, config, result, f"{part}Data") for part in ("Calibration", "Validation"))
    print(
        f"calibration {training.mean():.3f} mm of {training.size}, validation {held_out.mean():.3f} of {held_out.size}"
    )
    assert (training.size, held_out.size) == (1692, 846)
    assert training.mean() < 0.5
    assert held_out.mean() < 0.8


@pytest.mark.slow
def test_bright_voxels_of_the_training_sweep_lie_on_the_labels(real_data, script, config, tmp_path):
    sweep = read_sweep(real_data / "plus_nwire" / script.TRAINING)
    options = SimpleNamespace(spacing=1.0, radius=1.5)
    script.write_case(tmp_path, "case", script.every(sweep, 4, 0), config, options, None)
    image = read_volume(tmp_path / "images" / "case.nii.gz")
    labels = read_volume(tmp_path / "labels" / "case.nii.gz")
    assert image.grid.shape == labels.grid.shape
    bright = image.voxels > 80
    assert labels.voxels[bright].mean() > 0.8
    assert labels.voxels.mean() < 0.03
