"""ONNX Runtime's integer operators on tensors of (N, D, H, W, C), uint8 with one grid each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edge_sdk.graph import Concat, Conv, Copy, PadStart, Quantize
from targets.lowering.integers import integer_convolution
from targets.lowering.shapes import convolved
from targets.onnxruntime.builder import CONTRIB, OnnxBuilder
from targets.onnxruntime.rows import interleaved, row_attributes, row_taps, rows_of, runs_in_rows

Extents = tuple[int, ...]
INTERLEAVED_AXES = (0, 3, 1, 4, 2, 5, 6)
"""(D, H, W, 2, 2, 2, C) → (D, 2, H, 2, W, 2, C)."""


@dataclass(frozen=True)
class UnsignedGrid:
    """Scale, and zero point as uint8: ONNX Runtime's x86 kernels take unsigned activations only."""

    scale: float
    zero_point: int

    @classmethod
    def of(cls, node: Quantize) -> Self:
        """The same grid, its levels counted from 0."""
        return cls(node.scale, node.zero_point - node.low)


@dataclass(frozen=True)
class Integers:
    """A tensor of the model: its name, grid, and extents (N, D, H, W, C)."""

    name: str
    grid: UnsignedGrid
    extents: Extents


class IntegerOperators:
    """Appends operators that read and write integers."""

    def __init__(self, built: OnnxBuilder) -> None:
        self.built = built
        self._rows: dict[str, str] = {}

    def grid(self, grid: UnsignedGrid) -> list[str]:
        """The constants scale and zero point."""
        scale = self.built.constant(np.float32(grid.scale), f"scale/{grid.scale.hex()}")
        return [scale, self.built.constant(np.uint8(grid.zero_point), f"zero_point/{grid.zero_point}")]

    def sum(self, name: str, one: Integers, other: Integers, grid: UnsignedGrid) -> Integers:
        """Their sum on a grid."""
        inputs = [one.name, *self.grid(one.grid), other.name, *self.grid(other.grid), *self.grid(grid)]
        return Integers(self.built.operator("QLinearAdd", inputs, name, domain=CONTRIB), grid, one.extents)

    def convolution(self, conv: Conv, source: Integers, grid: UnsignedGrid) -> Integers:
        """The convolution, its bias and the grid of its output."""
        n, *size, _ = source.extents
        extents = (n, *(convolved(conv, axis, extent) for axis, extent in enumerate(size)), len(conv.weight))
        weight, scale, bias = integer_convolution(conv, source.grid.scale)
        parameters = [
            self.built.constant(scale, f"{conv.name}/weight_scale"),
            self.built.constant(np.zeros(len(weight), np.int8), f"weight_zero_point/{len(weight)}"),
            *self.grid(grid),
            self.built.constant(bias, f"{conv.name}/bias"),
        ]
        if runs_in_rows(conv):
            step = conv.dilation[0]
            taken = interleaved(self.built, self._rows_of(source), source.extents, step)
            planes = self._convolution(
                conv, [taken, *self.grid(source.grid)], row_taps(weight), parameters, row_attributes(step)
            )
            return Integers(self.built.reshape(planes, extents, f"{conv.name}/5d"), grid, extents)
        attributes = {
            "kernel_shape": conv.weight.shape[2:],
            "strides": conv.stride,
            "dilations": conv.dilation,
            "pads": conv.padding * 2,
        }
        name = self._convolution(conv, [source.name, *self.grid(source.grid)], weight, parameters, attributes)
        return Integers(name, grid, extents)

    def copy(self, node: Copy, sources: list[Integers]) -> Integers:
        """Joined, padded or interleaved tensors of one grid."""
        name, names, grid = node.name, [each.name for each in sources], sources[0].grid
        n, *size, channels = sources[0].extents
        match node:
            case Concat():
                joined = self.built.operator("Concat", names, name, axis=4)
                return Integers(joined, grid, (n, *size, sum(each.extents[-1] for each in sources)))
            case PadStart():
                zero = self.grid(grid)[1]
                padded = self.built.pad(names[0], (0, *node.before, 0), zero, name)
                extents = (n, *(extent + more for extent, more in zip(size, node.before, strict=True)), channels)
                return Integers(padded, grid, extents)
        joined = self.built.operator("Concat", names, f"{name}/phases", axis=4)
        phases = self.built.reshape(joined, (*size, 2, 2, 2, channels), f"{name}/7d")
        mixed = self.built.operator("Transpose", [phases], f"{name}/mixed", perm=INTERLEAVED_AXES)
        extents = (n, *(2 * extent for extent in size), channels)
        return Integers(self.built.reshape(mixed, extents, name), grid, extents)

    def _convolution(
        self, conv: Conv, source: list[str], weight: NDArray[np.int8], parameters: list[str], attributes: dict[str, Any]
    ) -> str:
        inputs = [*source, self.built.constant(weight, f"{conv.name}/weight"), *parameters]
        return self.built.operator(
            "QLinearConv", inputs, conv.name, domain=CONTRIB, channels_last=1, group=conv.groups, **attributes
        )

    def _rows_of(self, source: Integers) -> str:
        """Made once for all convolutions that read the tensor."""
        if source.name not in self._rows:
            self._rows[source.name] = rows_of(self.built, source.name, source.extents, source.grid.zero_point)
        return self._rows[source.name]
