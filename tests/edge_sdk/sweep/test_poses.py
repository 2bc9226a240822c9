from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.poses import ImagePlacement, image_to_world, is_rigid
from edge_sdk.sweep.sweep import Sweep, TrackedTransform

IMAGE_TO_PROBE = np.diag([0.1, 0.1, 0.1, 1.0])


def moved(x):
    matrix = np.eye(4)
    matrix[0, 3] = x
    return matrix


def sweep(probe=(0, 1, 2), status=("OK", "OK", "OK"), reference=("OK", "OK", "OK"), image=("OK", "OK", "OK")):
    matrices = np.array([value if np.ndim(value) else moved(value) for value in probe], float)
    return Sweep(
        images=np.zeros((3, 2, 2), np.uint8),
        timestamps=np.arange(3.0),
        transforms={
            "ProbeToTracker": TrackedTransform(matrices, status),
            "ReferenceToTracker": TrackedTransform(np.array([moved(10)] * 3), reference),
            "StylusToTracker": TrackedTransform(np.full((3, 4, 4), np.nan), ("INVALID",) * 3),
        },
        image_status=image,
        source=Path("s.igs.mha"),
    )


def test_poses_follow_the_tracker():
    poses = image_to_world(sweep(), config=PlusConfig({"ImageToProbe": IMAGE_TO_PROBE}))
    assert poses.usable.all()
    assert poses.reasons == ("", "", "")
    np.testing.assert_allclose(poses.matrices[:, 0, 3], [-10, -9, -8])
    np.testing.assert_allclose(poses.matrices[:, 0, 0], 0.1)


def test_frames_are_left_out_with_their_reason():
    garbage = np.eye(4) * 5
    poses = image_to_world(
        sweep(probe=(0, garbage, 2), image=("INVALID", "OK", "OK")), config={"ImageToProbe": IMAGE_TO_PROBE}
    )
    assert poses.usable.tolist() == [False, False, True]
    assert poses.reasons == ("image is INVALID", "ProbeToTracker is not a rigid transform", "")
    assert np.isnan(poses.matrices[:2]).all()


def test_other_words_than_ok_are_not_used_but_only_on_the_path():
    poses = image_to_world(sweep(reference=("OUT_OF_VIEW", "OK", "OK")), config={"ImageToProbe": IMAGE_TO_PROBE})
    assert poses.reasons == ("ReferenceToTracker is OUT_OF_VIEW", "", "")


def test_no_calibration_names_the_remedy_and_the_file():
    with pytest.raises(PoseError, match=r"^s\.igs\.mha: cannot resolve ImageToReference.*--config"):
        image_to_world(sweep())


def test_no_usable_frame_is_an_error():
    with pytest.raises(PoseError, match=r"none of the 3 frames.*ProbeToTracker is MISSING in 2"):
        image_to_world(sweep(status=("MISSING", "INVALID", "MISSING")), config={"ImageToProbe": IMAGE_TO_PROBE})


def test_configuration_wins_over_the_recording():
    poses = image_to_world(
        sweep(), config={"ImageToProbe": IMAGE_TO_PROBE, "ReferenceToTracker": moved(0)}, world="Reference"
    )
    np.testing.assert_allclose(poses.matrices[:, 0, 3], [0, 1, 2])


@pytest.mark.parametrize(
    ("matrix", "rigid"),
    [
        (np.eye(4), True),
        (np.round(np.linalg.qr(np.arange(9.0).reshape(3, 3) + np.eye(3))[0], 3), None),
        (np.diag([1, 1, -1, 1.0]), False),
        (np.diag([2, 2, 2, 1.0]), False),
        (np.full((4, 4), np.inf), False),
        (np.zeros((4, 4)), False),
    ],
)
def test_rigid(matrix, rigid):
    if rigid is None:  # three digits, as trackers write
        rounded = np.eye(4)
        rounded[:3, :3] = matrix * np.sign(np.linalg.det(matrix))
        matrix, rigid = rounded, True
    assert is_rigid(matrix) is rigid


def test_images_that_failed_are_not_blamed_on_the_tracker():
    with pytest.raises(PoseError, match=r"none of the 3 frames is usable: image is INVALID in 3; .*scanner") as caught:
        image_to_world(sweep(image=("INVALID",) * 3), config={"ImageToProbe": IMAGE_TO_PROBE})
    assert "tracker" not in str(caught.value)


def test_one_image_is_placed_by_its_transforms_alone():
    placement = ImagePlacement(["ProbeToReference"], {"ImageToProbe": IMAGE_TO_PROBE})
    matrix, reason = placement.of_moment({"ProbeToReference": TrackedTransform(moved(7)[None], ("OK",))})
    assert (reason, matrix[0, 3], matrix[0, 0]) == ("", 7, 0.1)
    lost = {"ProbeToReference": TrackedTransform(moved(7)[None], ("OUT_OF_VIEW",))}
    matrix, reason = placement.of_moment(lost)
    assert (reason, np.isnan(matrix).all()) == ("ProbeToReference is OUT_OF_VIEW", True)
    _, (reason,) = placement.of(lost, 1, ("INVALID",))
    assert reason == "image is INVALID"
