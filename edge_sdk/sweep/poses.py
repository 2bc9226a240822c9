"""Where each frame of a sweep lies in the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform
from edge_sdk.sweep.transforms import TransformGraph, carries_pixels, pixel_frame
from edge_sdk.sweep.unread_transforms import some_names, unread_transforms

RIGID_TOLERANCE = 0.02
"""How far a tracked rotation may be from orthonormal; trackers write few digits."""
_IMAGES = "check that the scanner sent images during the recording (their ImageStatus is not OK)"
_TRACKER = "check that the tracker saw the probe and the reference during the recording"
_PLACEHOLDER = np.eye(4)


@dataclass(frozen=True)
class FramePoses:
    """Poses of all frames of a sweep.

    Attributes:
        matrices: (N, 4, 4) pixel (x, y, 0, 1) to mm in the world; NaN where not usable.
        usable: (N,) whether the frame may be inserted.
        reasons: Why a frame is not usable; "" where it is.
    """

    matrices: NDArray[np.float64]
    usable: NDArray[np.bool_]
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.usable)


def image_to_world(
    sweep: Sweep,
    *,
    config: PlusConfig | Mapping[str, NDArray[np.float64]] | None = None,
    image: str | None = None,
    world: str = "Reference",
) -> FramePoses:
    """Resolve ImageToReference for every frame, from the sweep's own transforms and those of `config`.

    A frame whose image, or any transform on the path, has another status than OK is not usable; nor is one whose
    tracked matrix is not finite or not rigid.

    Args:
        sweep: The recording.
        config: Calibration such as ImageToProbe; a PLUS configuration or matrices by name. The configuration
            wins where the recording has a transform of the same name.
        image: Coordinate frame of the pixels; None for the one that the sweep's transforms tell, see `pixel_frame`.
        world: Coordinate frame of the result.

    Raises:
        PoseError: No chain of transforms leads from `image` to `world`, or no frame is usable.
    """
    try:
        placement = ImagePlacement(sweep.transforms, config, image=image, world=world, where=sweep.source)
    except PoseError as error:
        if not (unread := unread_transforms(sweep)):
            raise
        what = f"{error.what}; not understood as transforms: {some_names(unread)}"
        raise PoseError(what, where=sweep.source, remedy=error.remedy) from None
    matrices, reasons = placement.of(sweep.transforms, len(sweep), sweep.image_status)
    if not any(not reason for reason in reasons):
        raise _none_usable(sweep, reasons)
    return FramePoses(matrices, np.array([not reason for reason in reasons], bool), tuple(reasons))


class ImagePlacement:
    """How images get from their pixels to the world, for frames that come one by one; see `image_to_world`.

    Attributes:
        tracked: Names of the transforms that a frame must bring.
    """

    def __init__(
        self,
        tracked: Iterable[str],
        config: PlusConfig | Mapping[str, NDArray[np.float64]] | None = None,
        *,
        image: str | None = None,
        world: str = "Reference",
        where: object = None,
    ) -> None:
        """
        Args:
            tracked: Names of the transforms that frames bring.
            config, image, world: As of `image_to_world`.
            where: Named in errors.

        Raises:
            PoseError: No chain of transforms leads from `image` to `world`.
        """
        fixed = dict(config.transforms if isinstance(config, PlusConfig) else config or {})
        tracked = tuple(tracked)
        image = pixel_frame(tracked) if image is None else image
        self._graph, self._image, self._world = TransformGraph(fixed), image, world
        moving = [name for name in tracked if name not in fixed]
        for name in moving:
            self._graph.add(name, _PLACEHOLDER)
        try:
            self._path = [name for name, _ in self._graph.path(image, world)]
        except PoseError as error:
            raise PoseError(error.what, where=where, remedy=error.remedy) from None
        self.tracked = tuple(name for name in self._path if name in moving)

    def of_moment(self, transforms: Mapping[str, TrackedTransform]) -> tuple[NDArray[np.float64], str]:
        """Matrix (4, 4) of one image, NaN where not usable, and why not, "" where usable.

        Args:
            transforms: Those in `tracked`, of one frame each.
        """
        (matrix,), (reason,) = self.of(transforms, 1)
        return matrix, reason

    def of(
        self, transforms: Mapping[str, TrackedTransform], count: int, image_status: Sequence[str] = ()
    ) -> tuple[NDArray[np.float64], list[str]]:
        """Matrices (N, 4, 4) of `count` frames, NaN where not usable, and why not; "" where usable.

        Args:
            transforms: Those in `tracked`, of N frames each.
            count: Number of frames, N.
            image_status: Status of each frame's image; empty where all of them are OK.
        """
        matrices = np.full((count, 4, 4), np.nan)
        reasons = [self._unusable(transforms, image_status, index) for index in range(count)]
        for index, reason in enumerate(reasons):
            if not reason:
                for name in self.tracked:
                    self._graph.add(name, transforms[name].matrices[index])
                matrices[index] = self._graph.resolve(self._image, self._world)
        return matrices, reasons

    def _unusable(self, transforms: Mapping[str, TrackedTransform], image_status: Sequence[str], index: int) -> str:
        """Why frame `index` may not be inserted, or ""."""
        if image_status and image_status[index] != OK:
            return f"image is {image_status[index]}"
        for name in self._path:
            transform = transforms.get(name)
            if transform is None:
                continue
            if transform.status[index] != OK:
                return f"{name} is {transform.status[index]}"
            matrix = transform.matrices[index]
            if carries_pixels(name, self._image):
                if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix) < 4:
                    return f"{name} has no inverse"
            elif not is_rigid(matrix):
                return f"{name} is not a rigid transform"
        return ""


def is_rigid(matrix: NDArray[np.float64]) -> bool:
    """Whether a 4×4 matrix is finite and a rotation with a translation, within the digits that trackers write."""
    if not np.isfinite(matrix).all() or not np.allclose(matrix[3], (0, 0, 0, 1)):
        return False
    rotation = matrix[:3, :3]
    orthonormal = abs(rotation @ rotation.T - np.eye(3)).max() <= RIGID_TOLERANCE
    return bool(orthonormal and np.linalg.det(rotation) > 0)


def _none_usable(sweep: Sweep, reasons: list[str]) -> PoseError:
    if not reasons:
        return PoseError("the sweep holds no frames", where=sweep.source, remedy="record it again")
    reason, count = Counter(reasons).most_common(1)[0]
    remedy = _IMAGES if all(reason.startswith("image is ") for reason in reasons) else _TRACKER
    if sweep.remarks:
        # The last one is of joining images and poses, where they were joined.
        last = sweep.remarks[-1]
        remedy = f"look first at this: {last.what} (likely cause: {last.likely_cause}); {remedy}"
    return PoseError(
        f"none of the {len(reasons)} frames is usable: {reason} in {count}", where=sweep.source, remedy=remedy
    )
