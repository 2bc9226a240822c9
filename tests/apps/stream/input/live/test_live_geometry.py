"""Where live frames lie, and the volume about them."""

from __future__ import annotations

import numpy as np
import pytest

from apps.stream.core.volume_plan import FixedPlan, GrowingPlan
from apps.stream.input.live.geometry import ImageGeometry, VolumeRegion, calibrate, check_crop, live_plan
from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.inference.tiling import TileLattice
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.declared import PROBE_TO_REFERENCE as PROBE
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.volume.settings import ReconstructionSettings

IMAGE = TimedImage(np.zeros((101, 201), np.uint8), 5.0)
UNIT = (1.0, 1.0, 1.0)
OWN, DECLARED = Provenance(), Provenance(poses_declared="linear:speed=1mm/s")


def test_a_pixel_size_gives_a_calibration_whose_origin_is_the_middle_of_the_crops_upper_edge() -> None:
    geometry = ImageGeometry((0.2, 0.1), ((50, 10), (101, 91)))
    found = calibrate(IMAGE, (PROBE,), None, geometry, UNIT, OWN)
    matrix = found.fixed["ImageToProbe"]
    assert matrix @ [100, 10, 0, 1] == pytest.approx([0, 0, 0, 1])
    assert matrix @ [110, 20, 0, 1] == pytest.approx([2, 1, 0, 1])
    assert found.settings.clip is not None
    assert found.settings.clip.bounds((101, 201)) == (50, 150, 10, 100)
    assert found.template.header_fields() == {
        "SourceFormat": "live",
        "ClipRectangleOrigin": "50 10",
        "ClipRectangleSize": "100 90",
        "ImageToProbeAssumed": "0.2 × 0.1 mm per pixel, probe's origin at pixel (100, 10)",
    }


def test_a_configuration_wins() -> None:
    config = PlusConfig({"ImageToProbe": np.diag([0.3, 0.3, 1, 1])})
    found = calibrate(IMAGE, (PROBE,), config, ImageGeometry(), UNIT, OWN)
    assert found.fixed == {}
    assert found.placement.tracked == (PROBE,)
    with pytest.raises(PoseError, match="would contradict"):
        calibrate(IMAGE, (PROBE,), config, ImageGeometry((0.1, 0.1)), UNIT, OWN)


def test_without_a_calibration_the_remedies_are_named() -> None:
    with pytest.raises(PoseError, match=r"ImageToProbe.*--pixel-spacing"):
        calibrate(IMAGE, (PROBE,), None, ImageGeometry(), UNIT, OWN)


def test_a_box_about_the_first_frame() -> None:
    found = calibrate(IMAGE, (PROBE,), None, ImageGeometry((0.2, 0.2)), UNIT, OWN)
    pose = np.eye(4)
    pose[:3, 3] = 5, -7, 1000
    plan = live_plan(found, VolumeRegion(around=(60.0, 40.0, 20.0)), lambda: pose @ np.diag([0.2, 0.2, 1, 1]))
    # The image's middle, pixel (100, 50), lies at (25, 3, 1000).
    assert plan.grid.shape == (21, 41, 61)
    assert plan.grid.origin == pytest.approx((-5.0, -17.0, 990.0))
    assert plan.frame_shape == (101, 201)


def test_a_box_in_the_world_and_a_spacing_of_ones_own() -> None:
    found = calibrate(IMAGE, (PROBE,), None, ImageGeometry((0.2, 0.2)), UNIT, DECLARED, spacing=(0.5, 0.5, 0.5))
    plan = live_plan(found, VolumeRegion(box=(0, 10, -5, 5, 20, 21)), lambda: pytest.fail("not asked"))
    assert plan.grid.shape == (3, 21, 21)
    assert plan.grid.origin == (0, -5, 20)
    assert plan.provenance.poses_declared == "linear:speed=1mm/s"


def test_the_configurations_extent_serves_too() -> None:
    settings = ReconstructionSettings(spacing=(2, 2, 2), origin=(1, 2, 3), extent=(0, 4, 0, 5, 0, 6))
    config = PlusConfig({"ImageToProbe": np.eye(4)}, settings)
    plan = live_plan(calibrate(IMAGE, (PROBE,), config, ImageGeometry(), UNIT, OWN), VolumeRegion(), dict)  # type: ignore[arg-type]
    assert plan.grid.shape == (7, 6, 5)


def test_without_a_region_the_volume_grows_from_the_first_frame_on() -> None:
    pose = np.diag([0.2, 0.2, 1, 1])
    pose[:3, 3] = 5, -7, 1000
    geometry = ImageGeometry((0.2, 0.2), ((100, 0), (51, 101)))
    found = calibrate(IMAGE, (PROBE,), None, geometry, UNIT, DECLARED)
    plan = live_plan(found, VolumeRegion(), lambda: pose)
    assert isinstance(plan, GrowingPlan)
    assert (plan.frame_shape, plan.provenance) == ((101, 201), found.template.provenance)
    assert plan.provenance.poses_declared == DECLARED.poses_declared
    # Pixels (100, 0) to (150, 100) lie at (25, -7, 1000) to (35, 13, 1000): 11 × 21 × 1 voxels, in the middle of tiles.
    volume = plan.open(TileLattice((4, 4, 4), (3, 3, 3)), lambda _grid, _beside: True)
    grid = volume.extent.grid
    assert grid.shape == (4, 22, 13)
    assert grid.origin == pytest.approx((30 - 6.0, 3 - 10.5, 1000 - 1.5))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (ReconstructionSettings(UNIT, origin=(0, 0, 0)), "OutputOrigin is given without OutputExtent"),
        (ReconstructionSettings(UNIT, extent=(0, 1) * 3), "OutputExtent is given without OutputOrigin"),  # type: ignore[arg-type]
        (ReconstructionSettings(UNIT, plus_optimization="PARTIAL"), "Optimization PARTIAL.*--around.*FULL"),
        (ReconstructionSettings(UNIT, plus_optimization="NONE"), "Optimization NONE"),
    ],
)
def test_settings_that_no_growing_volume_follows(settings: ReconstructionSettings, says: str) -> None:
    config = PlusConfig({"ImageToProbe": np.eye(4)}, settings)
    found = calibrate(IMAGE, (PROBE,), config, ImageGeometry(), UNIT, OWN)
    with pytest.raises(GeometryError, match=says):
        live_plan(found, VolumeRegion(), lambda: np.eye(4))
    assert isinstance(live_plan(found, VolumeRegion(around=UNIT), lambda: np.eye(4)), FixedPlan)


@pytest.mark.parametrize(
    ("region", "says"),
    [
        (VolumeRegion(box=(0, 10, 0, 10, 5, 5)), "ends before"),
        (VolumeRegion(box=(0, 9e6) * 3), "memory"),
    ],
)
def test_impossible_regions(region: VolumeRegion, says: str) -> None:
    found = calibrate(IMAGE, (PROBE,), None, ImageGeometry((0.2, 0.2)), UNIT, OWN)
    with pytest.raises(GeometryError, match=says):
        live_plan(found, region, lambda: np.eye(4))


@pytest.mark.parametrize("crop", [((150, 0), (60, 50)), ((0, 0), (1, 50)), ((0, 60), (50, 50))])
def test_a_crop_stays_in_the_frame(crop: tuple[tuple[int, int], tuple[int, int]]) -> None:
    with pytest.raises(GeometryError, match="leaves the frame of 201×101"):
        check_crop(crop, (101, 201))


def test_the_plan_has_the_type_of_the_frames() -> None:
    deep = TimedImage(np.zeros((101, 201), np.uint16), 0.0)
    found = calibrate(deep, (PROBE,), None, ImageGeometry((0.2, 0.2)), UNIT, OWN)
    for region in (VolumeRegion(), VolumeRegion(around=(60.0, 40.0, 20.0))):
        plan = live_plan(found, region, lambda: np.diag([0.2, 0.2, 1, 1]), gray_range=(0.0, 4095.0))
        assert (plan.pixel_type, plan.gray_range) == (np.uint16, (0.0, 4095.0))
