"""How large a form is: parameters, and multiplications for one patch."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from edge_sdk.graph import Conv, Graph, Node, Triple
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.network.graph_module import GraphModule
from quantization.records.forms import FormSize


def size_of(form: Graph | EfficientMedNeXt, patch: Triple) -> FormSize:
    """Count a form for patches of (D, H, W) voxels; nothing is computed."""
    return _graph_size(form, patch) if isinstance(form, Graph) else _network_size(form, patch)


def conv_macs(node: Conv, output: Tensor) -> int:
    """Multiply-accumulates of a convolution for one patch, from its output (N, C, D, H, W)."""
    return output[0, 0].numel() * node.weight.size


def _graph_size(graph: Graph, patch: Triple) -> FormSize:
    macs: list[int] = []

    def count(node: Node, output: Tensor) -> None:
        if isinstance(node, Conv):
            macs.append(conv_macs(node, output))

    module = GraphModule(graph.without_quantization()).eval().to("meta")
    with torch.no_grad():
        module.watched(_empty(graph.in_channels, patch), count)
    return FormSize(parameters=sum(parameter.numel() for parameter in module.parameters()), macs=sum(macs))


def _network_size(network: EfficientMedNeXt, patch: Triple) -> FormSize:
    macs: list[int] = []

    def count(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        # A transposed convolution multiplies each voxel that it reads, another one for each voxel that it writes.
        counted = inputs[0] if isinstance(module, nn.ConvTranspose3d) else output
        macs.append(counted[0, 0].numel() * module.get_parameter("weight").numel())

    with torch.device("meta"), torch.no_grad():
        copy = EfficientMedNeXt(replace(network.architecture.inference, deep_supervision=False)).eval()
        for module in copy.modules():
            if isinstance(weight := getattr(module, "weight", None), Tensor) and weight.dim() == 5:
                module.register_forward_hook(count)
        copy(_empty(network.in_channels, patch))
    return FormSize(parameters=network.inference_parameters(), macs=sum(macs))


def _empty(channels: int, patch: Triple) -> Tensor:
    return torch.empty(1, channels, *patch, device="meta")
