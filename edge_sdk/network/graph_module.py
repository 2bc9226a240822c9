"""A deploy graph as a torch module: the fake-quantized reference that every target is compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from edge_sdk.graph import (
    Activation,
    ActivationKind,
    Add,
    Concat,
    Conv,
    Graph,
    Interleave,
    Node,
    PadStart,
    Quantize,
)
from edge_sdk.network.depthwise import compiled_is_faster, cpu_depthwise


class GraphModule(nn.Module):
    """Runs a `Graph` node by node on N×C×D×H×W tensors.

    Weights and biases are parameters (`weights.<key>`, `biases.<key>`), so a graph can be trained.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        convs = [node for node in graph if isinstance(node, Conv)]
        self.weights = nn.ParameterDict({_key(n): nn.Parameter(torch.from_numpy(n.weight.copy())) for n in convs})
        self.biases = nn.ParameterDict({_key(n): nn.Parameter(torch.from_numpy(n.bias.copy())) for n in convs})
        self._last_use = {name: index for index, node in enumerate(graph) for name in node.inputs}

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K, D', H', W') of a patch (N, C, D, H, W)."""
        return self.watched(x, None)

    def watched(self, x: Tensor, watch: Callable[[Node, Tensor], None] | None) -> Tensor:
        """`forward`, calling `watch` with every operator and its output."""
        first, *others = self.graph
        values = {first.name: x}
        if watch is not None:
            watch(first, x)
        for index, node in enumerate(others, 1):
            self.advance(index, values)
            if watch is not None:
                watch(node, values[node.name])
        return values[self.graph.nodes[-1].name]

    def advance(self, index: int, values: dict[str, Tensor]) -> None:
        """Run node number `index` on `values`, the tensors still needed by name; those that nobody reads later go."""
        node = self.graph.nodes[index]
        inputs = [values[name] for name in node.inputs]
        for name in set(node.inputs):
            if self._last_use[name] == index:
                del values[name]
        values[node.name] = self.run_node(node, inputs)

    def run_node(self, node: Node, inputs: list[Tensor]) -> Tensor:
        """The output of one operator."""
        x = inputs[0]
        match node:
            case Conv():
                return self._convolve(node, x)
            case Activation():
                return activated(x, node.kind)
            case Concat():
                return torch.cat(inputs, dim=1)
            case Add():
                return x + inputs[1]
            case Quantize():
                return self.quantize(node, x)
            case PadStart():
                depth, height, width = node.before
                return F.pad(x, (width, 0, height, 0, depth, 0))
            case Interleave():
                return interleave(inputs)
        raise NotImplementedError(type(node).__name__)

    def _convolve(self, node: Conv, x: Tensor) -> Tensor:
        weight = self.conv_weight(node)
        bias: Tensor = self.biases[_key(node)]
        dilation = node.dilation[0]
        if _is_plain_depthwise(node) and compiled_is_faster(x, dilation, training=self.training):
            convolved = cpu_depthwise(x, weight, dilation) + bias.view(1, -1, 1, 1, 1)
            # Evaluated like torch's own: what comes after rounds differently on another layout.
            return convolved if self.training else convolved.contiguous()
        return F.conv3d(x, weight, bias, node.stride, node.padding, node.dilation, node.groups)

    def conv_weight(self, node: Conv) -> Tensor:
        """The weight as the convolution uses it (already on its grid in a quantized graph)."""
        weight: Tensor = self.weights[_key(node)]
        return weight

    def quantize(self, node: Quantize, x: Tensor) -> Tensor:
        """Fake quantization with a straight-through gradient."""
        return torch.fake_quantize_per_tensor_affine(x, node.scale, node.zero_point, node.low, node.high)

    def parameters_of(self, node: Conv) -> tuple[Tensor, Tensor]:
        """Current weight and bias of a convolution."""
        return self.weights[_key(node)], self.biases[_key(node)]


def activated(x: Tensor, kind: ActivationKind) -> Tensor:
    """The activation of an `Activation` node."""
    if kind == "relu":
        return F.relu(x)
    return F.gelu(x) if kind == "gelu" else F.hardswish(x)


def interleave(phases: list[Tensor]) -> Tensor:
    """Eight (N, C, D, H, W) → (N, C, 2D, 2H, 2W); see `edge_sdk.graph.Interleave`."""
    n, c, d, h, w = phases[0].shape
    stacked = torch.stack(phases, dim=2).reshape(n, c, 2, 2, 2, d, h, w)
    return stacked.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(n, c, 2 * d, 2 * h, 2 * w)


@torch.no_grad()
def run_graph(graph: Graph, patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reference logits of a numpy patch (N, C, D, H, W)."""
    module = GraphModule(graph).eval()
    result: NDArray[np.float32] = module(torch.from_numpy(patch)).numpy()
    return result


def _is_plain_depthwise(node: Conv) -> bool:
    """Whether `cpu_depthwise` computes this convolution."""
    size, dilation = node.weight.shape[2], node.dilation[0]
    cubic = node.weight.shape[1:] in {(1, 1, 1, 1), (1, 3, 3, 3)} and len(set(node.dilation)) == 1
    padded = node.padding == (dilation * (size - 1) // 2,) * 3
    return cubic and padded and node.stride == (1, 1, 1) and node.groups == len(node.weight) > 1


def _key(node: Node) -> str:
    return node.name.replace(".", "_")
