"""Every mistake that the check knows, made on purpose, and sweeps in which there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_sdk.provenance import Provenance
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sanity import check_sweep
from edge_sdk.sweep.sweep import OK, TrackedTransform
from tests.edge_sdk.sweep.sanity.tissue import (
    FRAMES,
    IMAGE_TO_PROBE,
    PIXEL_MM,
    SHAPE,
    Case,
    rigid,
    sweep_through_tissue,
)


@pytest.fixture(scope="module")
def right() -> Case:
    return sweep_through_tissue()


def only(case: Case) -> str:
    """The one warning, as it is printed."""
    (warning,) = case.warnings()
    line = str(warning)
    assert "\n" not in line
    assert "likely cause: " in line
    return line


@pytest.mark.parametrize("seed", range(3))
def test_nothing_where_nothing_is_wrong(seed):
    assert sweep_through_tissue(seed=seed).warnings() == []


def test_nothing_for_parts_of_a_right_sweep_and_backwards(right):
    for chosen in (slice(0, 24), slice(24, 48), slice(None, None, 3), slice(None, None, -1)):
        sweep = right.sweep
        transforms = {
            name: TrackedTransform(each.matrices[chosen], each.status[chosen])
            for name, each in sweep.transforms.items()
        }
        part = replace(
            sweep,
            images=sweep.images[chosen],
            timestamps=np.arange(len(sweep.timestamps[chosen])) / 16,
            transforms=transforms,
            image_status=sweep.image_status[chosen],
        )
        assert Case(part, right.image_to_probe).warnings() == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["ProbeToTracker"], "ProbeToTracker is stored in the other direction, as TrackerToProbe"),
        (["ReferenceToTracker"], "ReferenceToTracker is stored in the other direction, as TrackerToReference"),
        (["ProbeToTracker", "ReferenceToTracker"], "ProbeToTracker and ReferenceToTracker are stored in the other"),
    ],
)
def test_a_transform_in_the_other_direction(right, names, words):
    assert words in only(right.inverted(*names))


@pytest.mark.parametrize(
    ("axes", "words"),
    [([1], "flipped left-right against"), ([0], "flipped top-down against"), ([0, 1], "left-right and top-down")],
)
def test_flipped_images(right, axes, words):
    line = only(right.flipped(*axes))
    assert words in line
    assert "UltrasoundImageOrientation" in line


def test_declared_poses_are_not_said_to_be_stored_wrongly(right):
    wrong = right.inverted("ProbeToTracker")
    told = replace(wrong, sweep=replace(wrong.sweep, provenance=Provenance(poses_declared="linear")))
    assert all("ToTracker" not in str(warning) for warning in told.warnings())


def test_images_that_move_only_across_their_plane_look_the_same_flipped():
    assert sweep_through_tissue(in_plane_mm=0.0, elevation_mm=25.0).flipped(1).warnings() == []


@pytest.mark.parametrize(
    ("factor", "cause"), [(0.1, "centimeters per pixel"), (1e-3, "meters per pixel"), (1e3, "micrometers per pixel")]
)
def test_pixels_in_another_unit(right, factor, cause):
    line = str(right.calibrated(IMAGE_TO_PROBE @ np.diag([factor, factor, factor, 1.0])).warnings()[0])
    assert cause in line
    assert f"{factor * PIXEL_MM:.3g} × {factor * PIXEL_MM:.3g} mm" in line


def test_an_inverted_calibration(right):
    assert "ImageToProbe is stored inverted" in str(right.calibrated(np.linalg.inv(IMAGE_TO_PROBE)).warnings()[0])


def test_a_left_handed_calibration(right):
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    flip[0, 3] = SHAPE[1] - 1
    assert "left-handed" in only(right.calibrated(IMAGE_TO_PROBE @ flip))


def test_pixels_much_wider_than_high(right):
    assert "0.8 mm wide and 0.4 mm high" in only(right.calibrated(IMAGE_TO_PROBE @ np.diag([2.0, 1.0, 1.0, 1.0])))


def test_oblique_axes(right):
    oblique = IMAGE_TO_PROBE.copy()
    oblique[:3, 1] = (IMAGE_TO_PROBE[:3, 0] + IMAGE_TO_PROBE[:3, 1]) / np.sqrt(2)
    assert "meet at 45°" in only(right.calibrated(oblique))


def test_another_pixel_size_than_the_recording_says(right):
    told = replace(right, sweep=replace(right.sweep, pixel_spacing=(0.4, 0.5)))
    line = only(told)
    assert "0.4 × 0.4 mm" in line
    assert "0.4 × 0.5 mm" in line
    assert "depth" in line
    assert replace(right, sweep=replace(right.sweep, pixel_spacing=(0.41, 0.39))).warnings() == []


def test_tracked_translations_in_meters(right):
    assert "in meters instead of mm" in only(right.translated(1e-3))


def test_tracked_translations_in_centimeters(right):
    assert "in centimeters instead of mm" in only(right.translated(0.1))


def test_tracked_translations_in_micrometers(right):
    line = only(right.translated(1e3))
    assert "spread over" in line
    assert "micrometers" in line


def test_all_frames_in_one_place(right):
    still = right.tracked(**{name: np.repeat(right.matrices(name)[:1], FRAMES, 0) for name in right.sweep.transforms})
    assert "all 48 frames lie in one place (within 0 mm)" in only(still)


def test_a_single_pose_that_jumps(right):
    probe = right.matrices("ProbeToTracker").copy()
    probe[30] = rigid(60.0, 0.0, 0.0) @ probe[30]
    line = only(right.tracked(ProbeToTracker=probe))
    assert "2 jumps of up to 6" in line  # there and back
    assert "before frame 30, 31" in line


def test_frames_left_out_make_no_jump(right):
    transform = right.sweep.transforms["ProbeToTracker"]
    status = tuple(OK if not 10 <= index < 30 else "INVALID" for index in range(FRAMES))
    sweep = replace(
        right.sweep,
        transforms={**right.sweep.transforms, "ProbeToTracker": TrackedTransform(transform.matrices, status)},
    )
    assert replace(right, sweep=sweep).warnings() == []


def test_color_images_are_judged_as_gray_ones(right):
    color = np.repeat(right.sweep.images[..., None], 3, axis=3)
    assert "left-right against" in only(replace(right, sweep=replace(right.sweep, images=color)).flipped(1))


def test_standing_marks_do_not_count(right):
    images = right.sweep.images.copy()
    images[:, :, :24], images[:, :10] = 255, np.arange(112) % 9 * 28
    assert replace(right, sweep=replace(right.sweep, images=images)).warnings() == []


def test_nothing_to_judge_without_images_or_with_two_frames(right):
    sweep = right.sweep
    none = replace(sweep, images=np.zeros((FRAMES, 0, 0), np.uint8))
    assert check_sweep(none, right.poses(), config=right.config) == []
    two = replace(
        sweep,
        images=sweep.images[:2],
        timestamps=sweep.timestamps[:2],
        image_status=(OK, OK),
        transforms={n: TrackedTransform(t.matrices[:2], t.status[:2]) for n, t in sweep.transforms.items()},
    )
    assert check_sweep(two, image_to_world(two, config=right.config), config=right.config) == []


@pytest.mark.parametrize("shape", [(1, 820), (820, 1), (3, 820), (8, 2000), (1, 1)])
def test_images_too_flat_to_compare_leave_the_poses_to_be_judged(right, shape):
    images = np.random.default_rng(0).integers(0, 255, (FRAMES, *shape)).astype(np.uint8)
    small = right.image_to_probe @ np.diag([0.1, 0.1, 0.1, 1.0])
    flat = Case(replace(right.sweep, images=images), small)
    assert flat.warnings() == []
    assert flat.inverted("ProbeToTracker").warnings() == []  # the images would have to tell
    probe = right.matrices("ProbeToTracker").copy()
    probe[30] = rigid(60.0, 0.0, 0.0) @ probe[30]
    assert "2 jumps of up to 6" in only(flat.tracked(ProbeToTracker=probe))
