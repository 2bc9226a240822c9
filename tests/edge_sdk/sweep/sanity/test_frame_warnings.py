"""Pixels of another coordinate frame than asked for, and transforms that are not used."""

from __future__ import annotations

import numpy as np

from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sanity.frames import frame_warnings, transform_warnings
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform


def still(matrix: np.ndarray, count: int = 3) -> TrackedTransform:
    return TrackedTransform(np.repeat(matrix[None], count, 0), (OK,) * count)


def moved(x: float, y: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:2, 3] = x, y
    return matrix


def sweep(**transforms: np.ndarray) -> Sweep:
    found = {name: still(matrix) for name, matrix in transforms.items()}
    return Sweep(np.zeros((3, 2, 2), np.uint8), np.arange(3.0), found)


CALIBRATION = np.diag([0.5, 0.5, 0.5, 1.0])


def test_a_cropped_recording_placed_as_the_whole_image() -> None:
    cropped = sweep(ImageToCroppedImage=moved(-30, -40), ImageToProbe=CALIBRATION, ProbeToReference=np.eye(4))
    (warning,) = frame_warnings(cropped, image_to_world(cropped, image="Image"), "Image")
    # 30 and 40 pixels of 0.5 mm.
    assert "of CroppedImage, and they are placed as those of Image, 25.0 mm away" in warning.what
    poses = image_to_world(cropped)
    assert poses.usable.all()
    np.testing.assert_allclose(poses.matrices[0] @ [0, 0, 0, 1], [15, 20, 0, 1])
    assert frame_warnings(cropped, poses, "CroppedImage") == []


def test_an_invalid_crop_has_no_distance() -> None:
    cropped = sweep(ImageToCroppedImage=np.full((4, 4), np.nan), ImageToProbe=CALIBRATION, ProbeToReference=np.eye(4))
    (warning,) = frame_warnings(cropped, image_to_world(cropped, image="Image"), "Image")
    assert "mm" not in warning.what


def test_images_of_another_name() -> None:
    other = sweep(UsImageToProbe=CALIBRATION, ProbeToReference=np.eye(4))
    assert frame_warnings(other, image_to_world(other, image="UsImage"), "UsImage") == []


def test_transforms_that_are_not_used() -> None:
    assert transform_warnings(sweep()) == []
