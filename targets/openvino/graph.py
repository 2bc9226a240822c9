"""The deploy graph that an IR was exported from, read back from its operators.

So a package can be exported again, for another patch size, with other layers in float, or for a newer runtime, without
the run that it came from. Rounding apart nothing is lost: the IR holds every weight, scale and bias.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from pydantic import JsonValue

from edge_sdk.errors import TargetError
from edge_sdk.graph import (
    Activation,
    ActivationKind,
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
from targets.lowering.split_joins import rejoin

ACTIVATIONS: dict[str, ActivationKind] = {"Relu": "relu", "Gelu": "gelu", "HSwish": "hardswish"}
PARTS = ("Constant", "Convert", "Result", "Reshape")


def read_graph(artifact: Path, *, patch_multiple: int, output_stride: int, meta: dict[str, JsonValue]) -> Graph:
    """The graph of an IR that `targets.openvino.export` wrote, as it was lowered, its joins whole.

    Args:
        artifact: model.xml.
        patch_multiple: Of the network, as its manifest says.
        output_stride: Of the network, as its manifest says.
        meta: What the graph says about itself.

    Raises:
        TargetError: The IR is not readable or holds what no deploy graph has.
    """
    try:
        operators = ov.Core().read_model(artifact).get_ordered_ops()
    except RuntimeError as cause:
        raise TargetError("OpenVINO cannot read it", where=artifact, remedy="export the package again") from cause
    reader = _Reader(artifact)
    for operator in operators:
        reader.read(operator)
    return rejoin(Graph(tuple(reader.nodes), patch_multiple, output_stride, meta))


class _Reader:
    """Gathers nodes; constants and the operators that belong to one node of the deploy graph give none of their own."""

    def __init__(self, artifact: Path) -> None:
        self.artifact = artifact
        self.nodes: list[Node] = []
        self.convolutions: dict[str, ov.Node] = {}
        self.phases: dict[str, tuple[str, ...]] = {}

    def read(self, operator: ov.Node) -> None:
        """Add the node that this operator, the last one of a node's, stands for."""
        kind, name = operator.get_type_name(), operator.get_friendly_name()
        if kind in PARTS or (kind == "Multiply" and _scales_weights(operator)):
            return
        match kind:
            case "Parameter":
                self.nodes.append(Input(name=name, channels=int(operator.get_output_shape(0)[1])))
            case "Convolution" | "GroupConvolution" | "Multiply":
                self.convolutions[name] = operator
            case "Add":
                self.nodes.append(self._sum(operator, name))
            case "Concat":
                inputs = _sources(operator)
                if _readers(operator) == ["DepthToSpace"]:
                    self.phases[name] = inputs
                else:
                    self.nodes.append(Concat(name=name, inputs=inputs))
            case "DepthToSpace":
                self.nodes.append(Interleave(name=name, inputs=self.phases[_sources(operator)[0]]))
            case "Pad":
                _, _, depth, height, width = (int(count) for count in _constant(operator, 1))
                self.nodes.append(PadStart(name=name, inputs=_sources(operator)[:1], before=(depth, height, width)))
            case "FakeQuantize":
                low, high = float(_constant(operator, 1).item()), float(_constant(operator, 2).item())
                self.nodes.append(quantize_between(name, _sources(operator)[0], low, high))
            case _ if kind in ACTIVATIONS:
                self.nodes.append(Activation(name=name, inputs=_sources(operator)[:1], kind=ACTIVATIONS[kind]))
            case _:
                raise TargetError(
                    f"holds the operator {kind}, which no deploy form has",
                    where=self.artifact,
                    remedy="export it again",
                )

    def _sum(self, operator: ov.Node, name: str) -> Node:
        """A convolution with its bias, or a sum of two tensors."""
        inputs = _sources(operator)
        if inputs[0] not in self.convolutions:
            return Add(name=name, inputs=inputs)
        convolution = self.convolutions[inputs[0]]
        bias = _constant(operator, 1).reshape(-1)
        if convolution.get_type_name() == "Multiply":
            weight = _constant(convolution, 1).reshape(-1, 1, 1, 1, 1)
            return Conv(name=name, inputs=_sources(convolution)[:1], weight=weight, bias=bias, groups=len(weight))
        grouped = convolution.get_type_name() == "GroupConvolution"
        weight, scale = _weight(convolution.input_value(1).get_node())
        groups = weight.shape[0] if grouped else 1
        shape = weight.shape[1:] if grouped else weight.shape
        attributes = convolution.get_attributes()
        return Conv(
            name=name,
            inputs=_sources(convolution)[:1],
            weight=weight.reshape(-1, *shape[1:]),
            bias=bias,
            stride=_triple(attributes["strides"]),
            padding=_triple(attributes["pads_begin"]),
            dilation=_triple(attributes["dilations"]),
            groups=groups,
            weight_scale=scale,
        )


def quantize_between(name: str, source: str, low: float, high: float) -> Quantize:
    """The grid of 256 levels whose ends, as float32, are `low` and `high`."""
    step = (high - low) / 255
    levels = (-128, 127) if low < 0 and abs(round(low / step) + 128) < abs(round(low / step)) else (0, 255)
    zero_point = round(levels[0] - low / step)
    ends = [(level - zero_point, end) for level, end in zip(levels, (low, high), strict=True) if level != zero_point]
    count, end = max(ends, key=lambda pair: abs(pair[0]))
    return Quantize(
        name=name,
        inputs=(source,),
        scale=float(np.float32(end / count)),
        zero_point=zero_point,
        low=levels[0],
        high=levels[1],
    )


def _scales_weights(multiply: ov.Node) -> bool:
    """Whether this turns integer weights into float ones; the others are convolutions that only scale."""
    return bool(multiply.input_value(0).get_node().get_type_name() == "Convert")


def _weight(node: ov.Node) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Float weights, or those on a grid with their scale per output channel."""
    if node.get_type_name() == "Constant":
        return np.asarray(node.data, np.float32), None
    scale = _constant(node, 1)
    integers = node.input_value(0).get_node().input_value(0).get_node().data
    return (integers.astype(np.float32) * scale).astype(np.float32), scale.reshape(-1)


def _constant(operator: ov.Node, place: int) -> NDArray[Any]:
    return np.asarray(operator.input_value(place).get_node().data)


def _sources(operator: ov.Node) -> tuple[str, ...]:
    return tuple(
        operator.input_value(place).get_node().get_friendly_name() for place in range(operator.get_input_size())
    )


def _readers(operator: ov.Node) -> list[str]:
    return [reader.get_node().get_type_name() for reader in operator.output(0).get_target_inputs()]


def _triple(values: Iterable[int]) -> Triple:
    depth, height, width = (int(value) for value in values)
    return depth, height, width
