"""From coarse logits to labels in one pass, without ever holding logits at full resolution."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.grid import Box

Float = NDArray[np.float32]
Index = NDArray[np.int64]


def labels_of(logits: Float, stride: int, box: Box) -> NDArray[np.uint8]:
    """The class of each voxel in a box of the patch: trilinear upsampling (align_corners=False), then argmax.

    Args:
        logits: (K, D', H', W') float32 of one patch; at most 256 classes.
        stride: Patch voxels per logit voxel, per axis.
        box: Which voxels, in patch indices.

    Returns:
        (d, h, w) of the box, uint8; of equal logits the lower class wins.
    """
    out = np.empty([b - a for a, b in zip(box.start, box.stop, strict=True)], np.uint8)
    axes = [
        _weights(start, stop, stride, size)
        for start, stop, size in zip(box.start, box.stop, logits.shape[1:], strict=True)
    ]
    _argmax_trilinear(np.ascontiguousarray(logits, np.float32), *axes[0], *axes[1], *axes[2], out)
    return out


def _weights(start: int, stop: int, stride: int, size: int) -> tuple[Index, Index, Float]:
    """Lower and upper logit index of each voxel of one axis, and the upper one's weight."""
    place = np.maximum((np.arange(start, stop) + 0.5) / stride - 0.5, 0.0)
    low = np.minimum(place.astype(np.int64), size - 1)
    return low, np.minimum(low + 1, size - 1), (place - low).astype(np.float32)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _argmax_trilinear(
    logits: Float,
    z0: Index,
    z1: Index,
    zw: Float,
    y0: Index,
    y1: Index,
    yw: Float,
    x0: Index,
    x1: Index,
    xw: Float,
    out: NDArray[np.uint8],
) -> None:
    classes, width = logits.shape[0], logits.shape[3]
    row = np.empty((classes, width), np.float32)
    best = np.empty(out.shape[2], np.float32)
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            b, d = zw[z], yw[y]
            a, c = np.float32(1.0) - b, np.float32(1.0) - d
            for k in range(classes):
                r00, r01 = logits[k, z0[z], y0[y]], logits[k, z0[z], y1[y]]
                r10, r11 = logits[k, z1[z], y0[y]], logits[k, z1[z], y1[y]]
                for x in range(width):
                    row[k, x] = a * (c * r00[x] + d * r01[x]) + b * (c * r10[x] + d * r11[x])
            for k in range(classes):
                for x in range(out.shape[2]):
                    value = (np.float32(1.0) - xw[x]) * row[k, x0[x]] + xw[x] * row[k, x1[x]]
                    if k == 0 or value > best[x]:
                        best[x] = value
                        out[z, y, x] = k
