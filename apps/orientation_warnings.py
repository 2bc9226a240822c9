"""What a user should know about how an image's axes were taken for those of the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.notes import is_compounded
from edge_sdk.volume.orientation import orientation_of, tilt_degrees

if TYPE_CHECKING:
    from edge_sdk.inference.cases import Case
    from edge_sdk.packages.manifest import Manifest
    from edge_sdk.volume.grid import Volume

MOST_TILT = 30.0
"""Degrees between a grid's axis and the patient's nearest one, beyond which it is told. At 45° it could be another
axis; networks are trained with rotations of about 10°."""


def orientation_warnings(volume: Volume, manifest: Manifest, name: str = "the image") -> list[SweepWarning]:
    """Why a volume may not lie as the network learned, although it is reoriented; empty for a plain case.

    Args:
        volume: Gray levels, with the geometry that its file gives.
        manifest: Manifest of the network.
        name: What the warning calls the volume.
    """
    if (wanted := manifest.orientation) is None:
        return []
    if not volume.located:
        return [
            SweepWarning(
                f"{name} does not say how its axes lie in the patient, and the network learned on {wanted}: its axes "
                "are taken as they are stored",
                "a file without geometry, such as NIfTI with qform_code and sform_code 0",
                f"check that it is stored {wanted}, or give it its geometry",
            )
        ]
    if is_compounded(volume):
        return tracker_warnings(manifest)
    direction = volume.grid.direction
    if (tilt := tilt_degrees(direction)) > MOST_TILT:
        return [
            SweepWarning(
                f"{name} lies oblique: an axis is {tilt:.0f}° off the patient's, and {orientation_of(direction)} is "
                f"taken as the nearest orientation (the network learned on {wanted})",
                "an oblique acquisition, or a wrong geometry",
                "resample the image along the patient's axes",
            )
        ]
    return []


def tracker_warnings(manifest: Manifest) -> list[SweepWarning]:
    """What to say of a volume in a tracker's frame, which has no anatomy, beside a network that knows one."""
    if manifest.orientation is None:
        return []
    return [
        SweepWarning(
            f"the network learned on {manifest.orientation} images, and a tracker's frame has no anatomy: its x, y and "
            "z axes are taken as the patient's left, posterior and superior",
            "the package was trained on images of a scanner",
            'use a package that was trained on tracked volumes (data.orientation = "none" in the recipe)',
        )
    ]


def case_warnings(cases: Sequence[Case], manifest: Manifest) -> list[SweepWarning]:
    """`orientation_warnings` of the images of labeled cases.

    Raises:
        FileFormatError: An image cannot be read.
    """
    if manifest.orientation is None:
        return []
    from edge_sdk.volume.files import read_volume

    images = ((case.name, read_volume(case.image)) for case in cases)
    return [warning for name, image in images for warning in orientation_warnings(image, manifest, name)]
