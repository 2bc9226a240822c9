"""Where the frames go from one to the next: all in one place, absurdly far, or with jumps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning

STILL_MM = 0.5
"""A sweep whose frames all lie this close holds no volume."""
WIDEST_MM = 1000.0
"""No hand moves a probe further in one sweep."""
JUMP_MM = 5.0
_FEWEST = 8
_NEIGHBORS = 3
_ABOVE_NEIGHBORS, _ABOVE_MEDIAN = 6.0, 10.0
_NAMED = 5


def corner_points(matrices: NDArray[np.float64], image_shape: tuple[int, int]) -> NDArray[np.float64]:
    """The four corner pixels of every frame in mm, (N, 4, 3)."""
    bottom, right = image_shape[0] - 1.0, image_shape[1] - 1.0
    corners = np.array([[0, 0, 0, 1], [right, 0, 0, 1], [0, bottom, 0, 1], [right, bottom, 0, 1]])
    return np.asarray(np.einsum("nij,cj->nci", matrices[:, :3], corners))


def path_warnings(corners: NDArray[np.float64], indices: NDArray[np.intp]) -> list[SweepWarning]:
    """Checks of the corners' paths, which need no images.

    Args:
        corners: (N, 4, 3), of `corner_points`, for the usable frames.
        indices: (N,) the frames' numbers in the recording.
    """
    if len(corners) < 3:
        return []
    travel = float(np.linalg.norm(np.ptp(corners, axis=0), axis=1).max())
    if travel < STILL_MM:
        return [
            SweepWarning(
                f"all {len(corners)} frames lie in one place (within {travel:.2g} mm)",
                "the probe was held still, or the tracker's poses were not updated",
                "check that the tracked transform changes over the recording",
            )
        ]
    extent = float(np.ptp(corners.mean(1), axis=0).max())
    if extent > WIDEST_MM:
        return [
            SweepWarning(
                f"the frames are spread over {extent / 1000:.3g} m",
                "a transform is stored in the wrong direction, or its translation is in micrometers",
                "check direction and unit (mm) of the tracked transforms",
            )
        ]
    return _jumps(corners, indices)


def _jumps(corners: NDArray[np.float64], indices: NDArray[np.intp]) -> list[SweepWarning]:
    """Steps that are far longer than those before and after them."""
    if len(corners) < _FEWEST:
        return []
    # Frames that were left out make a step longer without a jump.
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=2).max(1) / np.diff(indices)
    wide = np.pad(lengths, _NEIGHBORS, mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(wide, 2 * _NEIGHBORS + 1)
    # A single outlier makes two long steps, so the next neighbors do not count.
    apart = np.abs(np.arange(-_NEIGHBORS, _NEIGHBORS + 1)) > 1
    usual = np.maximum(_ABOVE_NEIGHBORS * around[:, apart].max(1), _ABOVE_MEDIAN * np.median(lengths))
    found = np.flatnonzero(lengths > np.maximum(usual, JUMP_MM))
    if not len(found):
        return []
    frames = indices[found + 1]
    named = ", ".join(str(frame) for frame in frames[:_NAMED]) + (", …" if len(frames) > _NAMED else "")
    return [
        SweepWarning(
            f"{len(found)} jumps of up to {lengths[found].max():.3g} mm from one frame to the next "
            f"(usual: {np.median(lengths):.2g} mm) before frame {named}",
            "the tracker lost or confused its markers there, or two sweeps were joined",
            "leave these frames out, or set the status of their transform to INVALID",
        )
    ]
