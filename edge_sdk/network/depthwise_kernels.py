"""Compiled kernels of the stride-1 3×3×3 depthwise convolution; arrays are N×D×H×W×C float32."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def convolve(x: Array, taps: Array, dilation: int) -> Array:
    """Convolution with zero padding `dilation`; taps are (3, 3, 3, C)."""
    out = np.empty_like(x)
    _convolve(x, taps, out, dilation)
    return out


def weight_gradient(x: Array, gradient: Array, dilation: int) -> Array:
    """Gradient (3, 3, 3, C) of the taps, given the gradient of the output."""
    rows = x.shape[0] * x.shape[1]
    partial = np.zeros((min(rows, 2 * numba.get_num_threads()), 3, 3, 3, x.shape[-1]), np.float32)
    _weight_gradient(x, gradient, partial, dilation)
    return np.asarray(partial.sum(axis=0))


@numba.njit(parallel=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _convolve(x: Any, taps: Any, out: Any, dilation: int) -> None:
    n_count, depth, height, width, channels = x.shape
    for row in numba.prange(n_count * depth):
        n, d = row // depth, row % depth
        for h in range(height):
            for w in range(width):
                target = out[n, d, h, w]
                for c in range(channels):
                    target[c] = 0.0
                for i in range(3):
                    z = d + (i - 1) * dilation
                    if z < 0 or z >= depth:
                        continue
                    for j in range(3):
                        y = h + (j - 1) * dilation
                        if y < 0 or y >= height:
                            continue
                        for k in range(3):
                            v = w + (k - 1) * dilation
                            if v < 0 or v >= width:
                                continue
                            source, tap = x[n, z, y, v], taps[i, j, k]
                            for c in range(channels):
                                target[c] += source[c] * tap[c]


@numba.njit(parallel=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _weight_gradient(x: Any, gradient: Any, partial: Any, dilation: int) -> None:
    n_count, depth, height, width, channels = x.shape
    strands = partial.shape[0]
    for strand in numba.prange(strands):
        for row in range(strand, n_count * depth, strands):
            n, d = row // depth, row % depth
            for h in range(height):
                for i in range(3):
                    z = d + (i - 1) * dilation
                    if z < 0 or z >= depth:
                        continue
                    for j in range(3):
                        y = h + (j - 1) * dilation
                        if y < 0 or y >= height:
                            continue
                        for k in range(3):
                            total = partial[strand, i, j, k]
                            for w in range(width):
                                v = w + (k - 1) * dilation
                                if v < 0 or v >= width:
                                    continue
                                source, slope = x[n, z, y, v], gradient[n, d, h, w]
                                for c in range(channels):
                                    total[c] += source[c] * slope[c]
