"""A 3×3×3 depthwise convolution as a 2D one of 9×3 taps, bit for bit the same.

ONNX Runtime gathers pointers to every tap of every voxel: fast in 2D, five times slower in 3D, which on few channels
costs more than the sums. Here the planes d - s, d and d + s (s is the dilation) are interleaved as rows: row
3·h + s·t holds row h of plane d + s·(t - 1). Then the nine taps of planes and rows lie s rows apart, and the batch runs
over the planes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.graph import Conv
from targets.onnxruntime.builder import OnnxBuilder

MOST_CHANNELS = 128
"""Beyond, the sums outweigh the pointers, and the copies that interleave do not pay (measured: 64³×32 twice as fast,
32³×64 1.4 times, 16³×128 1.1 times, 8³×256 0.8 times)."""
PLANES = 3


def runs_in_rows(conv: Conv) -> bool:
    """Whether this is a convolution that can be computed so, and that gains by it."""
    step = conv.dilation[0]
    return (
        conv.weight.shape[1:] == (1, 3, 3, 3)
        and conv.groups == len(conv.weight) <= MOST_CHANNELS
        and conv.stride == (1, 1, 1)
        and step in (1, 2)
        and conv.dilation == conv.padding == (step, step, step)
    )


def rows_of(built: OnnxBuilder, source: str, extents: tuple[int, ...], zero_point: int) -> str:
    """The source (1, D, H, W, C), uint8, as (D·H + 1, W·C): its rows, and one that is empty."""
    _, depth, height, width, channels = extents
    row = width * channels
    flat = built.reshape(source, (depth * height, row), f"{source}/flat")
    empty = built.constant(np.full((1, row), zero_point, np.uint8), f"empty/{zero_point}x{row}")
    return built.operator("Concat", [flat, empty], f"{source}/rows", axis=0)


def interleaved(built: OnnxBuilder, rows: str, extents: tuple[int, ...], step: int) -> str:
    """The `rows_of` a tensor (1, D, H, W, C) as (D, 3·(H + step - 1), W, C)."""
    _, depth, height, width, channels = extents
    index = row_index(depth, height, step)
    order = built.constant(index.reshape(-1), f"order/{depth}x{height}x{step}")
    gathered = built.operator("Gather", [rows, order], f"{rows}/gathered{step}", axis=0)
    return built.reshape(gathered, (depth, index.shape[1], width, channels), f"{rows}/interleaved{step}")


def row_index(depth: int, height: int, step: int) -> NDArray[np.int32]:
    """(D, 3·(H + step - 1)): which of the D·H rows, or the empty one after them, each interleaved row holds."""
    # With dilation 2 one of the planes begins a row later.
    later, place = np.divmod(step * np.arange(PLANES), PLANES)
    count = height + step - 1
    planes = np.arange(depth)[:, None, None] + step * (np.argsort(place) - 1)
    rows = np.arange(count)[:, None] - later[np.argsort(place)]
    inside = (planes >= 0) & (planes < depth) & (rows >= 0) & (rows < height)
    return np.where(inside, planes * height + rows, depth * height).reshape(depth, -1).astype(np.int32)


def row_taps(weight: NDArray[np.int8]) -> NDArray[np.int8]:
    """(C, 1, 3, 3, 3) → (C, 1, 9, 3): tap 3·h + d along the rows."""
    return np.ascontiguousarray(weight.transpose(0, 1, 3, 2, 4)).reshape(-1, 1, 9, 3)


def row_attributes(step: int) -> dict[str, Any]:
    """Kernel, strides, dilations and padding of the 2D convolution, which gives (D, H, W, C)."""
    below = 5 * step - 2 - PLANES * (step - 1)  # so many that the outputs are as many as the rows of a plane
    return {
        "kernel_shape": (9, 3),
        "strides": (PLANES, 1),
        "dilations": (step, step),
        "pads": (PLANES * step, step, below, step),
    }
