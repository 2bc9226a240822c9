"""Sweeps of real scanners: no false alarm, and which mistakes show in which of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sdk import read_sweep
from edge_sdk.sweep.plus_config import read_plus_config
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sanity import SweepWarning, check_sweep
from edge_sdk.sweep.sweep import Sweep, TrackedTransform

pytestmark = pytest.mark.real

NWIRE = "plus_nwire/PlusDeviceSet_NwirePhantomFreehand_vtkVolumeReconstructorTest2.xml"
CALIBRATED = "plus_nwire/FreehandCalibration3NWires.results.xml"
SWEEPS = {
    "spine": (
        "plus_golden/SpinePhantomFreehand.igs.mha",
        "plus_golden/Config_VolumeReconstruction_SpinePhantom_NN_MEAN.xml",
    ),
    "wires": ("plus_nwire/NwirePhantomFreehand.igs.mha", NWIRE),
    "calibration": ("plus_nwire/fCal_Test_Calibration_3NWires.igs.mha", CALIBRATED),
    "calibration 2.0": (
        "plus_nwire/fCal_Test_Calibration_3NWires_fCal2.0.igs.mha",
        "plus_nwire/FreehandCalibration3NWires_fCal2.0.results.xml",
    ),
    "validation": ("plus_nwire/fCal_Test_Validation_3NWires.igs.mha", CALIBRATED),
    "bone": ("plus_other/BoneUltrasound_L14.igs.mha", "plus_other/BoneUltrasound_L14_config.xml"),
    # A stepper without a calibration of its own; its probe only goes straight.
    "stepper": ("plus_other/USTC_3NWires_ProbeTranslation.igs.mha", CALIBRATED),
}
TURNED = {"wires": "PRB", "calibration": "PB", "calibration 2.0": "PB"}
"""Directions that show, each by its right name: of the probe, of the reference, of both."""
MIRRORED = ("wires", "calibration", "calibration 2.0", "validation")
"""Where the probe moves within its plane enough: the others cannot tell."""


def opened(real_data: Path, name: str) -> tuple[Sweep, dict[str, np.ndarray], str]:
    sweep, config = SWEEPS[name]
    world = "StepperHome" if name == "stepper" else "Reference"
    return read_sweep(real_data / sweep), read_plus_config(real_data / config).transforms, world


def warnings(sweep: Sweep, config: dict[str, np.ndarray], world: str) -> list[SweepWarning]:
    poses = image_to_world(sweep, config=config, world=world)
    return check_sweep(sweep, poses, config=config, world=world)


def inverted(sweep: Sweep, *names: str) -> Sweep:
    changed = {name: replace(sweep.transforms[name], matrices=_inverse(sweep, name)) for name in names}
    return replace(sweep, transforms={**sweep.transforms, **changed})


def _inverse(sweep: Sweep, name: str) -> np.ndarray:
    return np.linalg.inv(sweep.transforms[name].matrices)


def part(sweep: Sweep, chosen: slice) -> Sweep:
    transforms = {
        name: TrackedTransform(each.matrices[chosen], each.status[chosen]) for name, each in sweep.transforms.items()
    }
    return replace(
        sweep,
        images=sweep.images[chosen],
        timestamps=sweep.timestamps[chosen],
        transforms=transforms,
        image_status=sweep.image_status[chosen],
        fields=sweep.fields[chosen],
    )


@pytest.mark.parametrize("name", SWEEPS)
def test_no_false_alarm(real_data, name):
    sweep, config, world = opened(real_data, name)
    count = len(sweep)
    parts = [slice(None), slice(None, None, 2), slice(None, None, 3)]
    parts += [slice(start * count // 3, (start + 1) * count // 3) for start in range(3)]
    for chosen in parts:
        assert warnings(part(sweep, chosen), config, world) == [], chosen


@pytest.mark.parametrize("name", TURNED)
def test_a_direction_that_shows(real_data, name):
    sweep, config, world = opened(real_data, name)
    changes = {"P": ["ProbeToTracker"], "R": ["ReferenceToTracker"], "B": ["ProbeToTracker", "ReferenceToTracker"]}
    for letter in TURNED[name]:
        (warning,) = warnings(inverted(sweep, *changes[letter]), config, world)
        verb = "is" if letter != "B" else "are"
        assert warning.likely_cause.startswith(f"{' and '.join(changes[letter])} {verb} stored in the other direction")


@pytest.mark.parametrize("name", ["spine", "wires", "calibration", "calibration 2.0", "validation", "bone"])
def test_a_turned_probe_is_always_noticed(real_data, name):
    sweep, config, world = opened(real_data, name)
    (warning,) = warnings(inverted(sweep, "ProbeToTracker"), config, world)
    assert "ProbeToTracker" in warning.likely_cause


@pytest.mark.parametrize("name", MIRRORED)
@pytest.mark.parametrize(("axes", "words"), [([2], "left-right"), ([1], "top-down"), ([1, 2], "and top-down")])
def test_mirrored_images_where_the_probe_moves_within_its_plane(real_data, name, axes, words):
    sweep, config, world = opened(real_data, name)
    (warning,) = warnings(replace(sweep, images=np.flip(sweep.images, axes)), config, world)
    assert words in warning.likely_cause.split(" against the calibration")[0]


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize(
    ("factor", "words"), [(0.1, "centimeters"), (1e-3, "in meters"), (1e3, "micrometers"), (None, "inverted")]
)
def test_pixels_in_another_unit_and_an_inverted_calibration(real_data, name, factor, words):
    sweep, config, world = opened(real_data, name)
    matrix = config["ImageToProbe"]
    wrong = np.linalg.inv(matrix) if factor is None else matrix @ np.diag([factor, factor, factor, 1.0])
    found = warnings(sweep, {**config, "ImageToProbe": wrong}, world)
    assert words in found[0].likely_cause


@pytest.mark.parametrize("name", SWEEPS)
def test_translations_in_meters(real_data, name):
    sweep, config, world = opened(real_data, name)
    scale = np.ones((4, 4))
    scale[:3, 3] = 1e-3
    small = {n: replace(each, matrices=each.matrices * scale) for n, each in sweep.transforms.items()}
    (warning,) = warnings(replace(sweep, transforms=small), config, world)
    assert warning.likely_cause == "they are in meters instead of mm"
