"""A planar deploy graph, operator by operator, as XNNPACK operators."""

from __future__ import annotations

from math import prod

import numpy as np
from executorch.backends.xnnpack.serialization import xnnpack_graph_schema as schema

from edge_sdk.errors import TargetError
from edge_sdk.graph import (
    Activation,
    Add,
    Concat,
    Conv,
    Graph,
    Input,
    Interleave,
    Node,
    PadStart,
    Quantize,
    Triple,
)
from targets.executorch.xnnpack import NO_VALUE, Value, XnnpackGraph, planes_last
from targets.lowering.consumers import consumers
from targets.lowering.integers import integer_convolution
from targets.lowering.planes import Planes
from targets.lowering.shapes import tensor_shapes

CHANNEL_AXIS = 3
ACTIVATIONS = {"gelu": schema.XNNGelu, "hardswish": schema.XNNHardswish}


def emit(graph: Graph, patch_shape: Triple) -> bytes:
    """The delegate's blob for a planar graph whose every integer sum has a grid."""
    return _Emitter(graph, patch_shape).run()


class _Emitter:
    def __init__(self, graph: Graph, patch_shape: Triple) -> None:
        self.graph = graph
        self.shapes = tensor_shapes(graph, patch_shape)
        self.used_by = consumers(graph)
        self.built = XnnpackGraph()
        self.values: dict[str, Value] = {}
        self.padded: dict[str, tuple[Value, int]] = {}

    def run(self) -> bytes:
        """Emit every node; what ends in a grid or ReLU has already been written by the node above it."""
        for node in self.graph:
            if node.name not in self.values:
                self._emit(node)
        last = self.values[self.graph.nodes[-1].name]
        if last.grid is not None:
            self._convert(last, self.built.output(last.shape))
        return self.built.serialized()

    def _emit(self, node: Node) -> None:
        sources = [self.values[name] for name in node.inputs]
        match node:
            case Input():
                self.values[node.name] = self.built.input(self._extents(node))
            case Conv():
                grid = sources[0].grid if node.weight_scale is not None else None
                target, relu = self._target(node, integer=grid is not None)
                self._convolution(node, sources[0], grid, target, relu)
            case Add():
                # A sum that a float layer reads, beside its grid or without one, is a float sum.
                readers = self.used_by[node.name]
                has_grid = len(readers) == 1 and isinstance(readers[0], Quantize)
                integer = has_grid and all(source.grid is not None for source in sources)
                if not integer:
                    sources = [self._as_float(source) for source in sources]
                target, relu = self._target(node, integer=integer)
                self.built.operator(schema.XNNAdd(sources[0].number, sources[1].number, target.number, 0), relu=relu)
            case Quantize():
                target = self.built.value(sources[0].shape, node)
                self._convert(sources[0], target)
                self.values[node.name] = target
            case Activation():
                self._activation(node, self._as_float(sources[0]))
            case _:
                self._copy(node, sources)

    def _target(self, node: Node, *, integer: bool) -> tuple[Value, bool]:
        """The value that a sum writes, under its own name and that of the grid or ReLU which it includes."""
        following = self.used_by[node.name]
        after = following[0] if len(following) == 1 else None
        shape, relu, grid = self._extents(node), False, None
        names = [node.name]
        if integer:
            if not isinstance(after, Quantize):
                raise TargetError(f"{node.name} has no grid", where="executorch")
            grid = after
            names.append(after.name)
        elif isinstance(after, Activation) and after.kind == "relu":
            relu = True
            names.append(after.name)
        is_output = names[-1] == self.graph.nodes[-1].name and grid is None
        value = self.built.output(shape) if is_output else self.built.value(shape, grid)
        self.values.update(dict.fromkeys(names, value))
        return value, relu

    def _convolution(self, conv: Conv, source: Value, grid: Quantize | None, target: Value, relu: bool) -> None:
        """A convolution of integers on `grid`, the source's; of floats where it is None."""
        depthwise = conv.groups > 1
        if depthwise and conv.weight.shape[1] != 1:
            raise TargetError(f"{conv.name}: grouped but not depthwise", where="executorch")
        # (out, in / groups, 1, kh, kw) → (out, kh, kw, in); depthwise (1, kh, kw, out)
        order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
        axis = CHANNEL_AXIS if depthwise else 0
        if grid is None:
            source = self._as_float(source)
            weight = self.built.constant(conv.weight[:, :, 0].transpose(order))
            bias = self.built.constant(conv.bias)
        else:
            integers, scale, sums = integer_convolution(conv, grid.scale)
            weight = self.built.constant(integers[:, :, 0].transpose(order), scale, axis)
            bias = self.built.constant(sums, scale * np.float32(grid.scale))
        channels_out, channels_in = conv.weight.shape[:2]
        kind = schema.XNNDepthwiseConv2d if depthwise else schema.XNNConv2d
        self.built.operator(
            kind(
                padding_top=conv.padding[1],
                padding_right=conv.padding[2],
                padding_bottom=conv.padding[1],
                padding_left=conv.padding[2],
                kernel_height=conv.weight.shape[3],
                kernel_width=conv.weight.shape[4],
                subsampling_height=conv.stride[1],
                subsampling_width=conv.stride[2],
                dilation_height=conv.dilation[1],
                dilation_width=conv.dilation[2],
                group_input_channels=channels_in,
                group_output_channels=channels_out // conv.groups,
                groups=conv.groups,
                adjustment_height=0,
                adjustment_width=0,
                input1_id=source.number,
                filter_id=weight,
                bias_id=bias,
                output_id=target.number,
                flags=0,
            ),
            relu=relu,
        )

    def _activation(self, node: Activation, source: Value) -> None:
        target = self.built.value(source.shape, None)
        if node.kind == "relu":
            self.built.operator(schema.XNNClamp(source.number, target.number, 0), relu=True)
        else:
            self.built.operator(ACTIVATIONS[node.kind](source.number, target.number, 0))
        self.values[node.name] = target

    def _copy(self, node: Node, sources: list[Value]) -> None:
        """Copies keep the grid of their inputs; where the inputs differ, they act on floats."""
        if len({source.grid and (source.grid.scale, source.grid.zero_point) for source in sources}) > 1:
            sources = [self._as_float(source) for source in sources]
        match node:
            case Concat():
                value = self._concatenate(sources, CHANNEL_AXIS)
            case PadStart():
                value = self._pad(sources[0], (*node.before, 0), (0, 0, 0, 0))
            case Planes():
                value = self._planes(node, sources[0])
            case Interleave():
                value = self._interleave(sources)
            case _:
                raise NotImplementedError(type(node).__name__)
        self.values[node.name] = value

    def _planes(self, node: Planes, source: Value) -> Value:
        padded, before = self._padded(node.inputs[0], source)
        first = node.first + before
        if first or padded.shape[0] != node.step * node.count:
            padded = self._slice(padded, 0, first, node.step * node.count)
        if node.step > 1:
            # Groups of `step` planes, of which the first one is taken.
            grouped = (node.count, node.step, *padded.shape[1:])
            padded = self._slice(self._reshape(padded, grouped), 1, 0, 1)
            padded = self._reshape(padded, (node.count, *grouped[2:]))
        return padded

    def _padded(self, name: str, source: Value) -> tuple[Value, int]:
        """The tensor with all the zero planes that its readers need, made once, and the number before it."""
        if name not in self.padded:
            readers = [node for node in self.used_by[name] if isinstance(node, Planes)]
            before = max(0, *(-node.first for node in readers))
            after = max(node.first + node.step * node.count for node in readers) - source.shape[0]
            if before or after > 0:
                source = self._pad(source, (before, 0, 0, 0), (max(0, after), 0, 0, 0))
            self.padded[name] = source, before
        return self.padded[name]

    def _interleave(self, phases: list[Value]) -> Value:
        """Along W, then H, then D: neighbors in memory, so that every step is one concatenation."""
        for axis in (2, 1, 0):
            depth, height, width, channels = phases[0].shape
            rows = prod(phases[0].shape[: axis + 1])
            flat = (rows, prod(phases[0].shape) // rows)
            extents = [depth, height, width]
            extents[axis] *= 2
            phases = [
                self._reshape(
                    self._concatenate([self._reshape(phase, flat) for phase in pair], 1), (*extents, channels)
                )
                for pair in zip(phases[::2], phases[1::2], strict=True)
            ]
        return phases[0]

    def _concatenate(self, sources: list[Value], axis: int) -> Value:
        shape = list(sources[0].shape)
        shape[axis] = sum(source.shape[axis] for source in sources)
        target = self.built.value(tuple(shape), sources[0].grid)
        numbers = [source.number for source in sources] + [NO_VALUE] * (5 - len(sources))
        kind = getattr(schema, f"XNNConcatenate{len(sources)}")
        self.built.operator(kind(axis, *numbers[:4], target.number, 0, numbers[4]))
        return target

    def _pad(self, source: Value, before: tuple[int, ...], after: tuple[int, ...]) -> Value:
        shape = tuple(a + size + b for a, size, b in zip(before, source.shape, after, strict=True))
        target = self.built.value(shape, source.grid)
        self.built.operator(
            schema.XNNStaticConstantPad(list(before), list(after), 0.0, source.number, target.number, 0)
        )
        return target

    def _slice(self, source: Value, axis: int, first: int, count: int) -> Value:
        offsets, sizes = [0] * len(source.shape), list(source.shape)
        offsets[axis], sizes[axis] = first, count
        target = self.built.value(tuple(sizes), source.grid)
        self.built.operator(schema.XNNStaticSlice(len(sizes), offsets, sizes, source.number, target.number, 0))
        return target

    def _reshape(self, source: Value, shape: tuple[int, ...]) -> Value:
        target = self.built.value(shape, source.grid)
        self.built.operator(schema.XNNStaticReshape(len(shape), list(shape), source.number, target.number, 0))
        return target

    def _as_float(self, source: Value) -> Value:
        if source.grid is None:
            return source
        target = self.built.value(source.shape, None)
        self._convert(source, target)
        return target

    def _convert(self, source: Value, target: Value) -> None:
        self.built.operator(schema.XNNConvert(source.number, target.number, 0))

    def _extents(self, node: Node) -> tuple[int, ...]:
        return planes_last(self.shapes[node.name])
