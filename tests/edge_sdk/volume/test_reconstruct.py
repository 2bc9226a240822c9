from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.reconstruct import reconstruct
from edge_sdk.volume.settings import HoleFilling, ReconstructionSettings

CONFIG = PlusConfig({"ImageToProbe": np.diag([0.5, 0.5, 0.5, 1.0])})


def sweep(planes=(0, 1, 2, 4), status=None):
    """Planes 0.5 mm apart of a block in which the gray level is 10 + the plane's index + the row."""
    matrices = np.tile(np.eye(4), (len(planes), 1, 1))
    matrices[:, 2, 3] = np.array(planes) / 2
    rows = np.arange(6)[None, :, None] + np.zeros((1, 1, 7))
    return Sweep(
        images=(10 + np.array(planes)[:, None, None] + rows).astype(np.uint8),
        timestamps=np.arange(len(planes)) / 10,
        transforms={"ProbeToReference": TrackedTransform(matrices, status or ("OK",) * len(planes))},
        image_status=("OK",) * len(planes),
        fields=({},) * len(planes),
    )


def expected(planes=5):
    return (10 + np.arange(planes)[:, None, None] + np.arange(6)[:, None] + np.zeros(7)).astype(np.uint8)


def test_planes_become_the_block_they_were_cut_from():
    steps = []
    volume = reconstruct(sweep(), config=CONFIG, progress=lambda *step: steps.append(step))
    known = expected()
    known[3] = 0
    np.testing.assert_array_equal(volume.voxels, known)
    assert volume.grid.origin == (0, 0, 0)
    assert volume.meta["frames_inserted"] == "4"
    assert steps[-1] == (4, 4, "compounding")


def test_holes_are_filled_on_request():
    settings = ReconstructionSettings((0.5, 0.5, 0.5), fill_holes=(HoleFilling("STICK"),))
    volume = reconstruct(sweep(), config=CONFIG, settings=settings)
    np.testing.assert_array_equal(volume.voxels[[0, 1, 2, 4]], expected()[[0, 1, 2, 4]])
    assert (abs(volume.voxels[3].astype(int) - expected()[3]) <= 1).all()


def test_invalid_frames_are_left_out_and_counted():
    volume = reconstruct(sweep(status=("OK", "INVALID", "OK", "OK")), config=CONFIG)
    assert not volume.voxels[1].any()
    assert volume.meta["frames_inserted"] == "3"
    assert volume.meta["left_out_because"] == "ProbeToReference is INVALID: 1"


def test_every_nth_frame():
    settings = ReconstructionSettings((0.5, 0.5, 0.5), skip_interval=2)
    volume = reconstruct(sweep(), config=CONFIG, settings=settings)
    assert volume.meta["frames_inserted"] == "2"
    assert volume.voxels.any((1, 2)).tolist() == [True, False, True, False, False]


def test_output_extent_and_origin_are_honored():
    settings = ReconstructionSettings((0.5, 0.5, 0.5), origin=(0.5, 0.0, 0.0), extent=(0, 3, 0, 9, 0, 1))
    volume = reconstruct(sweep(), config=CONFIG, settings=settings)
    assert volume.voxels.shape == (2, 10, 4)
    np.testing.assert_array_equal(volume.voxels[:, :6], expected()[:2, :, 1:5])
    assert volume.meta["left_out_because"] == "outside the volume: 2"
    moved = reconstruct(sweep(), config=CONFIG, settings=replace(settings, extent=None))
    assert moved.voxels.shape == (5, 6, 6)
    assert moved.grid.origin == (0.5, 0, 0)


def test_without_a_plus_configuration_no_frame_is_rounded_away():
    thin = sweep()
    matrices = thin.transforms["ProbeToReference"].matrices.copy()
    matrices[:, 2, 3] = [0, 0.1, 0.2, 0.24]  # of which PLUS's rule makes one plane, and loses three frames
    thin = replace(thin, transforms={"ProbeToReference": TrackedTransform(matrices, ("OK",) * 4)})
    volume = reconstruct(thin, config=CONFIG, settings=ReconstructionSettings((0.5, 0.5, 0.5)))
    assert volume.meta["frames_inserted"] == "4"
    assert volume.voxels.shape[0] == 2
    assert volume.voxels[0].any()
    plus = ReconstructionSettings((0.5, 0.5, 0.5), mean="plus", plus_optimization="FULL")
    assert reconstruct(thin, config=CONFIG, settings=plus).voxels.shape[0] == 1


def test_an_empty_volume_is_an_error_that_names_the_cause():
    far = ReconstructionSettings((0.5, 0.5, 0.5), origin=(-6000.0, 0.0, 0.0), extent=(0, 9, 0, 9, 0, 9))
    with pytest.raises(GeometryError, match=r"no frame reaches the volume .*OutputOrigin"):
        reconstruct(sweep(), config=CONFIG, settings=far)
    nowhere = ClipRegion(fan=Fan((-10, 10), (5000, -50), (1, 10)))
    with pytest.raises(GeometryError, match=r"clip region keeps no pixel .*fan"):
        reconstruct(sweep(), config=CONFIG, settings=ReconstructionSettings((0.5, 0.5, 0.5), clip=nowhere))


def test_what_cannot_be_done_is_said_before_the_work():
    with pytest.raises(GeometryError, match=r"^s\.mha: .*memory"):
        reconstruct(
            replace(sweep(), source=Path("s.mha")),
            config=CONFIG,
            settings=ReconstructionSettings((1e-5, 1e-5, 1e-5)),
        )
    with pytest.raises(GeometryError, match="SPLINE"):
        reconstruct(
            sweep(),
            config=CONFIG,
            settings=ReconstructionSettings((1, 1, 1), fill_holes=(HoleFilling("SPLINE"),)),
        )
    with pytest.raises(PoseError, match="--config"):
        reconstruct(sweep())
    with pytest.raises(PoseError, match="tracking only"):
        reconstruct(replace(sweep(), images=np.zeros((4, 0, 0), np.uint8)), config=CONFIG)
