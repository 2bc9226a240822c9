"""Coarse logits at the places of an image's voxels (trilinear, align_corners=False): as labels, or added to a blend."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.network_grid import Places

Float = NDArray[np.float32]
Index = NDArray[np.int64]


def labels_of(logits: Float, stride: int, places: Places) -> NDArray[np.uint8]:
    """The class at each place of a patch: trilinear upsampling (align_corners=False), then argmax.

    Args:
        logits: (K, D', H', W') float32 of one patch; at most 256 classes.
        stride: Patch voxels per logit voxel, per axis.
        places: Planes, rows and columns, in voxels of the patch.

    Returns:
        (planes, rows, columns) uint8; of equal logits the lower class wins.
    """
    out = np.empty([len(axis) for axis in places], np.uint8)
    axes = [_weights(axis, stride, size) for axis, size in zip(places, logits.shape[1:], strict=True)]
    _argmax_trilinear(np.ascontiguousarray(logits, np.float32), *axes[0], *axes[1], *axes[2], out)
    return out


def logits_at(logits: Float, stride: int, places: Places) -> Float:
    """The logits of all classes at each place of a patch, whose argmax is `labels_of`.

    Args:
        logits: (K, D', H', W') float32 of one patch.
        stride: Patch voxels per logit voxel, per axis.
        places: Planes, rows and columns, in voxels of the patch.

    Returns:
        (K, planes, rows, columns) float32.
    """
    out = np.zeros((len(logits), *(len(axis) for axis in places)), np.float32)
    ones = [np.ones(len(axis), np.float32) for axis in places]
    add_upsampled(logits, stride, places, ones, 0.0, out, (np.arange(len(places[0])), 0, 0))
    return out


def add_upsampled(
    logits: Float,
    stride: int,
    places: Places,
    weights: Sequence[Float],
    least: float,
    out: Float,
    at: tuple[Index, int, int],
) -> None:
    """Add weight · upsampled logit at places of a patch to sums over several patches.

    Args:
        logits: (K, D', H', W') float32 of one patch.
        stride: Patch voxels per logit voxel, per axis.
        places: Planes, rows and columns, in voxels of the patch.
        weights: Of the places along each axis; the weight of a voxel is their product, and at least `least`.
        least: Least weight.
        out: (K, planes, H, W), float32; added to.
        at: Plane of `out` for each of `places`, and the first row and column there.
    """
    axes = [_weights(axis, stride, size) for axis, size in zip(places, logits.shape[1:], strict=True)]
    gz, gy, gx = weights
    logits = np.ascontiguousarray(logits, np.float32)
    _add_trilinear(logits, *axes[0], *axes[1], *axes[2], gz, gy, gx, np.float32(least), out, *at)


def _weights(places: NDArray[np.float64], stride: int, size: int) -> tuple[Index, Index, Float]:
    """Lower and upper logit index at each place along one axis, and the upper one's weight."""
    place = np.maximum((places + 0.5) / stride - 0.5, 0.0)
    low = np.minimum(place.astype(np.int64), size - 1)
    return low, np.minimum(low + 1, size - 1), (place - low).astype(np.float32)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _mix_rows(logits: Float, z0: int, z1: int, b: float, y0: int, y1: int, d: float, row: Float) -> None:
    """Interpolate every class along z (weight b of z1) and y (weight d of y1) into row (K, W')."""
    a, c = np.float32(1.0) - b, np.float32(1.0) - d
    for k in range(row.shape[0]):
        r00, r01 = logits[k, z0, y0], logits[k, z0, y1]
        r10, r11 = logits[k, z1, y0], logits[k, z1, y1]
        for x in range(row.shape[1]):
            row[k, x] = a * (c * r00[x] + d * r01[x]) + b * (c * r10[x] + d * r11[x])


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
            _mix_rows(logits, z0[z], z1[z], zw[z], y0[y], y1[y], yw[y], row)
            for k in range(classes):
                for x in range(out.shape[2]):
                    value = (np.float32(1.0) - xw[x]) * row[k, x0[x]] + xw[x] * row[k, x1[x]]
                    if k == 0 or value > best[x]:
                        best[x] = value
                        out[z, y, x] = k


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_trilinear(
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
    gz: Float,
    gy: Float,
    gx: Float,
    least: float,
    out: Float,
    planes: Index,
    first_row: int,
    first_column: int,
) -> None:
    classes, width = logits.shape[0], logits.shape[3]
    row = np.empty((classes, width), np.float32)
    for z in range(len(gz)):
        for y in range(len(gy)):
            _mix_rows(logits, z0[z], z1[z], zw[z], y0[y], y1[y], yw[y], row)
            across = gz[z] * gy[y]
            for k in range(classes):
                sums = out[k, planes[z], first_row + y]
                for x in range(len(gx)):
                    value = (np.float32(1.0) - xw[x]) * row[k, x0[x]] + xw[x] * row[k, x1[x]]
                    sums[first_column + x] += max(across * gx[x], least) * value
