"""A deploy graph as an ONNX model, built operator by operator.

The quantised form is QDQ: every grid is a QuantizeLinear, every consumer reads through a DequantizeLinear, and
ONNX Runtime fuses each such group into one integer operator. Copies (concatenation, padding, interleaving) act on
the integers themselves.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

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
from targets.lowering.absorb import absorb_relu
from targets.lowering.hoist import hoist_elementwise
from targets.lowering.integers import integer_convolution
from targets.lowering.shapes import tensor_shapes

OPSET = 20  # the first one with Gelu
IR_VERSION = 10
INTERLEAVED_AXES = (0, 4, 5, 1, 6, 2, 7, 3)
"""(N, 2, 2, 2, C, D, H, W) → (N, C, D, 2, H, 2, W, 2)."""
Copy = Concat | PadStart | Interleave


def export(graph: Graph, artefact: Path, patch_shape: Triple, calibration: NDArray[np.float32]) -> None:
    """Write model.onnx (`artefact`) for patches of `patch_shape` (D, H, W)."""
    del calibration  # every scale is in the graph
    onnx.save(build_model(graph, patch_shape), artefact)


def build_model(graph: Graph, patch_shape: Triple) -> onnx.ModelProto:
    """The model with one static input "patch" and one output "logits"."""
    return _Emitter(absorb_relu(hoist_elementwise(graph)), patch_shape).model()


class _Emitter:
    """Gathers ONNX nodes; a quantised deploy tensor is known by its integers and the `Quantize` that made them."""

    def __init__(self, graph: Graph, patch_shape: Triple) -> None:
        self.graph = graph
        self.shapes = tensor_shapes(graph, patch_shape)
        self.operators: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.uses: Counter[str] = Counter()
        self.floats: dict[str, str] = {}
        self.integers: dict[str, tuple[str, Quantize]] = {}

    def model(self) -> onnx.ModelProto:
        for node in self.graph:
            self._emit(node)
        first, last = self.graph.nodes[0].name, self.graph.nodes[-1].name
        self._op("Identity", [self._read(last)], "logits")
        body = helper.make_graph(
            self.operators,
            "edge_sdk",
            [helper.make_tensor_value_info("patch", TensorProto.FLOAT, self.shapes[first])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, self.shapes[last])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _emit(self, node: Node) -> None:
        name = node.name
        match node:
            case Input():
                self.floats[name] = "patch"
            case Quantize():
                scale, zero_point = self._grid(node)
                integers = self._op("QuantizeLinear", [self._read(node.inputs[0]), scale, zero_point], f"{name}/q")
                self.integers[name] = integers, node
            case Conv():
                self.floats[name] = self._convolution(node)
            case Activation(kind=kind):
                operator = {"relu": "Relu", "gelu": "Gelu", "hardswish": "HardSwish"}[kind]
                self.floats[name] = self._op(operator, [self._read(node.inputs[0])], name)
            case Add():
                self.floats[name] = self._op("Add", [self._read(each) for each in node.inputs], name)
            case Concat() | PadStart() | Interleave():
                self._copy(node)
            case _:
                raise NotImplementedError(type(node).__name__)

    def _read(self, name: str) -> str:
        """The float tensor of a deploy tensor, through a DequantizeLinear of this reader's own where quantised."""
        if name in self.floats:
            return self.floats[name]
        integers, grid = self.integers[name]
        return self._op("DequantizeLinear", [integers, *self._grid(grid)], f"{name}/dq")

    def _copy(self, node: Copy) -> None:
        """On the integers if all inputs share one grid, else on floats."""
        grids = {
            (grid.scale, _zero_point(grid))
            for _, grid in (self.integers[name] for name in node.inputs if name in self.integers)
        }
        if len(grids) == 1 and all(name in self.integers for name in node.inputs):
            grid = self.integers[node.inputs[0]][1]
            sources = [self.integers[name][0] for name in node.inputs]
            copied = self._copy_operators(node, sources, np.uint8(_zero_point(grid)))
            self.integers[node.name] = copied, grid
        else:
            sources = [self._read(name) for name in node.inputs]
            self.floats[node.name] = self._copy_operators(node, sources, np.float32(0))

    def _copy_operators(self, node: Copy, sources: list[str], zero: np.generic) -> str:
        name = node.name
        if isinstance(node, Concat):
            return self._op("Concat", sources, name, axis=1)
        if isinstance(node, PadStart):
            pads = self._constant(np.array([0, 0, *node.before, 0, 0, 0, 0, 0], np.int64), f"{name}/pads")
            return self._op("Pad", [sources[0], pads, self._constant(zero, f"{name}/zero")], name)
        n, c, depth, height, width = self.shapes[name]
        split = (n, 2, 2, 2, c, depth // 2, height // 2, width // 2)
        joined = self._op("Concat", sources, f"{name}/phases", axis=1)
        phases = self._op("Reshape", [joined, self._ints(split, f"{name}/split")], f"{name}/8d")
        mixed = self._op("Transpose", [phases], f"{name}/mixed", perm=INTERLEAVED_AXES)
        return self._op("Reshape", [mixed, self._ints(self.shapes[name], f"{name}/shape")], name)

    def _convolution(self, node: Conv) -> str:
        name, source = node.name, node.inputs[0]
        weight, bias = self._parameters(node)
        return self._op(
            "Conv",
            [self._read(source), weight, bias],
            name,
            kernel_shape=node.weight.shape[2:],
            strides=node.stride,
            pads=node.padding * 2,
            dilations=node.dilation,
            group=node.groups,
        )

    def _parameters(self, node: Conv) -> tuple[str, str]:
        name, source = node.name, node.inputs[0]
        if node.weight_scale is None or source not in self.integers:
            return self._constant(node.weight, f"{name}/weight"), self._constant(node.bias, f"{name}/bias")
        input_scale = np.float32(self.integers[source][1].scale)
        weight, scale, bias = integer_convolution(node, float(input_scale))
        scale_name = self._constant(scale, f"{name}/weight_scale")
        weight_name = self._op(
            "DequantizeLinear",
            [self._constant(weight, f"{name}/weight"), scale_name],
            f"{name}/weight_dq",
            axis=0,
        )
        bias_name = self._op(
            "DequantizeLinear",
            [
                self._constant(bias, f"{name}/bias"),
                self._constant(scale * input_scale, f"{name}/bias_scale"),
            ],
            f"{name}/bias_dq",
            axis=0,
        )
        return weight_name, bias_name

    def _grid(self, grid: Quantize) -> tuple[str, str]:
        scale = self._constant(np.float32(grid.scale), f"{grid.name}/scale")
        return scale, self._constant(np.uint8(_zero_point(grid)), f"{grid.name}/zero_point")

    def _ints(self, values: tuple[int, ...], name: str) -> str:
        return self._constant(np.array(values, np.int64), name)

    def _constant(self, value: NDArray[Any] | np.generic, name: str) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def _op(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        # Several readers of one tensor each have their own DequantizeLinear: count them in the name.
        unique = f"{output}#{self.uses[output]}" if self.uses[output] else output
        self.uses[output] += 1
        self.operators.append(helper.make_node(operator, inputs, [unique], unique, **attributes))
        return unique


def _zero_point(grid: Quantize) -> int:
    """Zero point as uint8: ONNX Runtime's x86 kernels take unsigned activations only; the grid stays the same."""
    return grid.zero_point - grid.low
