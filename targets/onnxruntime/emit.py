"""The operators of a deploy graph in ONNX.

Floats are (N, C, D, H, W) and go through ONNX's own operators. Integers are (N, D, H, W, C), the order of ONNX
Runtime's integer kernels, and go through its own integer operators, so that no optimizer has to find them: a
convolution or sum whose inputs and output lie on grids is one such operator. Where a neighbor is float, integers are
read through a DequantizeLinear.
"""

from __future__ import annotations

import numpy as np

from edge_sdk.graph import Activation, Add, Concat, Conv, Copy, Graph, Input, Interleave, Node, PadStart, Quantize
from targets.lowering.consumers import consumers
from targets.lowering.integers import integer_convolution
from targets.lowering.shapes import Shape
from targets.onnxruntime.builder import OnnxBuilder
from targets.onnxruntime.integers import IntegerOperators, Integers, UnsignedGrid

ACTIVATIONS = {"relu": "Relu", "gelu": "Gelu", "hardswish": "HardSwish"}
TO_CHANNELS_LAST, TO_CHANNELS_FIRST = (0, 2, 3, 4, 1), (0, 4, 1, 2, 3)
INTERLEAVED_AXES = (0, 4, 5, 1, 6, 2, 7, 3)
"""(N, 2, 2, 2, C, D, H, W) → (N, C, D, 2, H, 2, W, 2)."""


class Emitter:
    """Gathers operators; a tensor is known by its floats, by its integers, or by both."""

    def __init__(self, graph: Graph, shapes: dict[str, Shape]) -> None:
        self.graph, self.shapes = graph, shapes
        self.used_by = consumers(graph)
        self.built = OnnxBuilder()
        self.on_integers = IntegerOperators(self.built)
        self.floats: dict[str, str] = {}
        self.integers: dict[str, Integers] = {}

    def run(self) -> OnnxBuilder:
        """Emit every node; grids that the operator above has already applied are done."""
        for node in self.graph:
            if node.name not in self.integers:
                self._emit(node)
        self.built.operator("Identity", [self._read(self.graph.nodes[-1].name)], "logits")
        return self.built

    def _emit(self, node: Node) -> None:
        name = node.name
        sources = [self.integers[each] for each in node.inputs if each in self.integers]
        integer = len(sources) == len(node.inputs)
        grid = self._grid_after(node)
        match node:
            case Input():
                self.floats[name] = "patch"
            case Quantize():
                self.integers[name] = self._quantized(node)
            case Conv() if integer and grid and node.weight_scale is not None:
                self.integers[grid.name] = self.on_integers.convolution(node, sources[0], UnsignedGrid.of(grid))
            case Conv():
                self.floats[name] = self._convolution(node)
            case Add() if integer and grid:
                self.integers[grid.name] = self.on_integers.sum(name, sources[0], sources[1], UnsignedGrid.of(grid))
            case Add():
                self.floats[name] = self.built.operator("Add", [self._read(each) for each in node.inputs], name)
            case Activation(kind=kind):
                self.floats[name] = self.built.operator(ACTIVATIONS[kind], [self._read(node.inputs[0])], name)
            case Concat() | PadStart() | Interleave() if integer and len({each.grid for each in sources}) == 1:
                self.integers[name] = self.on_integers.copy(node, sources)
            case Concat() | PadStart() | Interleave():
                self.floats[name] = self._copy(node)
            case _:
                raise NotImplementedError(type(node).__name__)

    def _grid_after(self, node: Node) -> Quantize | None:
        """The grid, where nothing else reads the node."""
        readers = self.used_by[node.name]
        return readers[0] if len(readers) == 1 and isinstance(readers[0], Quantize) else None

    def _quantized(self, node: Quantize) -> Integers:
        grid = UnsignedGrid.of(node)
        inputs = [self._read(node.inputs[0]), *self.on_integers.grid(grid)]
        integers = self.built.operator("QuantizeLinear", inputs, f"{node.name}/q")
        n, c, *extents = self.shapes[node.name]
        last = self.built.operator("Transpose", [integers], node.name, perm=TO_CHANNELS_LAST)
        return Integers(last, grid, (n, *extents, c))

    def _read(self, name: str) -> str:
        """The floats of a tensor, through a DequantizeLinear of this reader's own where it has only integers."""
        if name in self.floats:
            return self.floats[name]
        source = self.integers[name]
        first = self.built.operator("Transpose", [source.name], f"{name}/first", perm=TO_CHANNELS_FIRST)
        return self.built.operator("DequantizeLinear", [first, *self.on_integers.grid(source.grid)], f"{name}/dq")

    def _convolution(self, node: Conv) -> str:
        return self.built.operator(
            "Conv",
            [self._read(node.inputs[0]), *self._parameters(node)],
            node.name,
            kernel_shape=node.weight.shape[2:],
            strides=node.stride,
            pads=node.padding * 2,
            dilations=node.dilation,
            group=node.groups,
        )

    def _parameters(self, node: Conv) -> list[str]:
        """Weight and bias; of an integer convolution before a float operator through DequantizeLinear."""
        name, built = node.name, self.built
        if node.weight_scale is None or node.inputs[0] not in self.integers:
            return [built.constant(node.weight, f"{name}/weight"), built.constant(node.bias, f"{name}/bias")]
        input_scale = np.float32(self.integers[node.inputs[0]].grid.scale)
        weight, scale, bias = integer_convolution(node, float(input_scale))
        return [
            built.operator(
                "DequantizeLinear",
                [built.constant(integers, f"{name}/{what}"), built.constant(step, f"{name}/{what}_scale")],
                f"{name}/{what}_dq",
                axis=0,
            )
            for what, integers, step in (("weight", weight, scale), ("bias", bias, scale * input_scale))
        ]

    def _copy(self, node: Copy) -> str:
        name, sources = node.name, [self._read(each) for each in node.inputs]
        match node:
            case Concat():
                return self.built.operator("Concat", sources, name, axis=1)
            case PadStart():
                zero = self.built.constant(np.float32(0), "zero")
                return self.built.pad(sources[0], (0, 0, *node.before), zero, name)
        n, c, depth, height, width = self.shapes[name]
        joined = self.built.operator("Concat", sources, f"{name}/phases", axis=1)
        phases = self.built.reshape(joined, (n, 2, 2, 2, c, depth // 2, height // 2, width // 2), f"{name}/8d")
        mixed = self.built.operator("Transpose", [phases], f"{name}/mixed", perm=INTERLEAVED_AXES)
        return self.built.reshape(mixed, self.shapes[name], name)
