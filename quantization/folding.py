"""Folding BatchNorm into the depthwise convolutions, and reading pointwise convolutions as graph nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from edge_sdk.errors import RecipeError
from edge_sdk.graph import Conv, Float
from edge_sdk.network.blocks import Block, UpBlock


def folded_branches(block: Block | UpBlock) -> dict[int, tuple[Float, Float, Any]]:
    """Kept branch → (weight (C, 1, k, k, k), bias (C,), the convolution module), with the norm folded in.

    Raises:
        RecipeError: The norm has no running statistics.
    """
    scale, shift = _scale_and_shift(block.norm)
    folded = {}
    for position, (index, branch) in enumerate(block.conv1.dwconvs.items()):
        conv: Any = branch[0]  # type: ignore[index]
        channels = slice(position * len(conv.weight), (position + 1) * len(conv.weight))
        weight = conv.weight.double() * scale[channels].reshape(-1, 1, 1, 1, 1)
        folded[int(index)] = (as_float(weight), as_float(shift[channels]), conv)
    return folded


def _scale_and_shift(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """What an evaluated BatchNorm multiplies and adds, (B·C,) each, float64."""
    if not isinstance(norm, nn.BatchNorm3d) or norm.running_var is None or norm.running_mean is None:
        raise RecipeError(
            f"{type(norm).__name__} without running statistics cannot be folded",
            remedy="distill a BatchNorm student first (edge-sdk compress does)",
        )
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).double()
    return scale, norm.bias.double() - norm.running_mean.double() * scale


def pointwise(name: str, x: str, conv: Any) -> Conv:
    """A 1×1×1 convolution, transposed or not, as a node; the stride of a plain one is kept."""
    weight, bias = pointwise_weight(conv)
    stride = (1, 1, 1) if isinstance(conv, nn.ConvTranspose3d) else tuple(conv.stride)
    return Conv(name=name, inputs=(x,), weight=weight, bias=bias, stride=stride)


def pointwise_weight(conv: Any) -> tuple[Float, Float]:
    """(out, in, 1, 1, 1) weight and bias; transposed convolutions store (in, out, …)."""
    weight = conv.weight.transpose(0, 1) if isinstance(conv, nn.ConvTranspose3d) else conv.weight
    return as_float(weight), as_float(conv.bias)


def as_float(tensor: Any) -> Float:
    """A contiguous float32 copy."""
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)
