"""Weights and biases as an integer convolution holds them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.graph import Conv, Float

LARGEST = 2**30
"""Biases stay below this, so that sums of products on top of them still fit into int32."""


def integer_convolution(conv: Conv, input_scale: float) -> tuple[NDArray[np.int8], Float, NDArray[np.int32]]:
    """Weight (int8), weight scale (out,) and bias (int32, on the grid input scale × weight scale).

    A channel whose weights are so small that its bias would not fit into int32 gets a larger weight scale: such
    weights do not reach the output's grid, the bias does.

    Raises:
        ValueError: It is a float convolution, without `weight_scale`.
    """
    if conv.weight_scale is None:
        raise ValueError(f"{conv.name} is a float convolution: its weight lies on no grid")
    smallest = np.abs(conv.bias.astype(np.float64)) / (input_scale * LARGEST)
    scale = np.maximum(conv.weight_scale, smallest).astype(np.float32)
    weight = conv.integer_weight
    changed = scale != conv.weight_scale
    weight[changed] = np.rint(conv.weight[changed] / scale[changed].reshape(-1, 1, 1, 1, 1)).astype(np.int8)
    bias = np.rint(conv.bias.astype(np.float64) / (scale.astype(np.float64) * input_scale))
    return weight, scale, bias.astype(np.int32)
