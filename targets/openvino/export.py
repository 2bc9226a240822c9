"""A deploy graph as OpenVINO IR, built operator by operator.

Quantized weights are int8 constants with one scale per output channel, activations are `FakeQuantize`: the
form that OpenVINO's low-precision transformations turn into integer kernels.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

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
from targets.lowering.even_weights import even_weights
from targets.lowering.hoist import hoist_elementwise
from targets.lowering.split_joins import split_joins

ACTIVATIONS = {"relu": ops.relu, "gelu": partial(ops.gelu, approximation_mode="erf"), "hardswish": ops.hswish}


def export(graph: Graph, artifact: Path, patch_shape: Triple, calibration: NDArray[np.float32]) -> None:
    """Write model.xml (`artifact`) and model.bin for patches of `patch_shape` (D, H, W)."""
    del calibration  # every scale is in the graph
    # Weights stay float32 where they are float: compressing them to float16 would change the FP32 result.
    ov.save_model(build_model(graph, patch_shape), artifact, compress_to_fp16=False)


def export_module(module: Any, artifact: Path, patch: NDArray[np.float32]) -> None:
    """Write a torch module that has no deploy graph, such as a GroupNorm network, for patches of this shape."""
    # The shape is static: with dynamic axes OpenVINO takes slower kernels.
    model = ov.convert_model(module, example_input=patch, input=[patch.shape])
    ov.save_model(model, artifact, compress_to_fp16=False)


def build_model(graph: Graph, patch_shape: Triple) -> ov.Model:
    """The model with one static input "patch" and one output "logits"."""
    values: dict[str, ov.Node] = {}
    lowered = even_weights(hoist_elementwise(graph))
    if not graph.quantized:  # float layers among integer ones stay convolutions: there they gain less than 2 %
        lowered = split_joins(lowered)
    for node in lowered:
        if isinstance(node, Input):
            value = ops.parameter([1, node.channels, *patch_shape], np.float32, name=node.name)
            value.output(0).get_tensor().set_names({"patch"})
            parameter = value
        else:
            inputs = [values[name] for name in node.inputs]
            if isinstance(node, Conv) and node.is_scale and not graph.quantized:
                value = _scaled(node, inputs[0])
            else:
                value = _emit(node, inputs)
        value.set_friendly_name(node.name)
        values[node.name] = value
    result = ops.result(values[lowered.nodes[-1].name])
    result.input(0).get_source_output().get_tensor().set_names({"logits"})
    return ov.Model([result], [parameter], "edge_sdk")


def _emit(node: Node, inputs: list[ov.Node]) -> ov.Node:
    match node:
        case Conv():
            value = _convolution(node, inputs[0])
        case Activation():
            value = ACTIVATIONS[node.kind](inputs[0])
        case Concat():
            value = ops.concat(inputs, 1)
        case Add():
            value = ops.add(inputs[0], inputs[1])
        case Quantize():
            low, high = (np.float32((level - node.zero_point) * node.scale) for level in (node.low, node.high))
            value = ops.fake_quantize(inputs[0], low, high, low, high, node.high - node.low + 1)
        case PadStart():
            before = np.array([0, 0, *node.before], np.int64)
            value = ops.pad(inputs[0], before, np.zeros(5, np.int64), "constant", np.float32(0))
        case Interleave():
            phases = ops.concat(inputs, 1)
            phases.set_friendly_name(f"{node.name}/phases")
            value = ops.depth_to_space(phases, "blocks_first", 2)
        case _:
            raise NotImplementedError(type(node).__name__)
    return value


def _scaled(node: Conv, value: ov.Node) -> ov.Node:
    """Fused into what reads it; as a convolution it would write its result (3 % of the time of S in FP32)."""
    return ops.add(ops.multiply(value, node.weight.reshape(1, -1, 1, 1, 1)), node.bias.reshape(1, -1, 1, 1, 1))


def _convolution(node: Conv, value: ov.Node) -> ov.Node:
    padding = list(node.padding)
    if node.groups == 1 and node.weight_scale is None:
        sums = ops.convolution(
            value, ops.constant(node.weight), list(node.stride), padding, padding, list(node.dilation)
        )
    else:
        # Also for one group: OpenVINO turns the int8 input of a plain convolution into uint8 with a zero
        # point, and the depthwise convolutions that share this input then fall back to float kernels.
        sums = ops.group_convolution(
            value, _grouped_weight(node), list(node.stride), padding, padding, list(node.dilation)
        )
    # The runtime names a convolution that has taken up its bias, activation and grid by its own name.
    sums.set_friendly_name(f"{node.name}/sums")
    return ops.add(sums, node.bias.reshape(1, -1, 1, 1, 1))


def _grouped_weight(node: Conv) -> ov.Node:
    """The weight as (groups, out / groups, in / groups, kd, kh, kw), int8 × scale where quantized."""
    outputs, *rest = node.weight.shape
    shape = [node.groups, outputs // node.groups, *rest]
    if node.weight_scale is None:
        return ops.constant(node.weight.reshape(shape))
    stored = ops.constant(node.integer_weight.reshape(shape))
    return ops.multiply(ops.convert(stored, np.float32), node.weight_scale.reshape([*shape[:2], 1, 1, 1, 1]))
