"""The deploy form of a network: norms folded into the depthwise convolutions, up blocks in phases, early exit only.

Every step here is an exact rewrite of the evaluated network. What changes the function (GroupNorm → BatchNorm,
GELU → ReLU) is done before, by `quantization.student`, and followed by distillation.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from pydantic import JsonValue
from torch import nn

from edge_sdk.errors import RecipeError
from edge_sdk.graph import Activation, Add, Concat, Conv, Graph, Input, Node
from edge_sdk.network.blocks import Block, Head, UpBlock
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.variants import PATCH_MULTIPLE
from quantization.folding import folded_branches, pointwise
from quantization.up_phases import up_block_nodes

Part = TypeVar("Part", bound=nn.Module)


def deploy_graph(network: EfficientMedNeXt) -> Graph:
    """The inference graph of a BatchNorm network, as data.

    Args:
        network: Built with norm="batch"; its running statistics are folded.

    Raises:
        RecipeError: The network has GroupNorm, whose statistics depend on the input and cannot be folded.
    """
    if network.norm_kind != "batch":
        raise RecipeError(
            "GroupNorm cannot be folded", remedy="distill a BatchNorm student first (edge-sdk compress does)"
        )
    with torch.no_grad():
        return _GraphBuilder(network).build()


def _submodule(network: EfficientMedNeXt, name: str, kind: type[Part]) -> Part:
    """A module of the network by its name.

    Raises:
        TypeError: It is of another kind.
    """
    module = network.get_submodule(name)
    if not isinstance(module, kind):
        raise TypeError(f"{name} is a {type(module).__name__}, {kind.__name__} expected")
    return module


class _GraphBuilder:
    def __init__(self, network: EfficientMedNeXt) -> None:
        self.network = network
        self.nodes: list[Node] = []

    def build(self) -> Graph:
        net = self.network
        self._add(Input(name="input", channels=net.in_channels))
        stem: nn.Module = net.stem
        x = self._add(pointwise("stem", "input", stem))
        skips: list[str] = []
        for i in range(4):
            x = self._stage(f"enc_block_{i}", x)
            skips.append(x)
            x = self._block(f"down_{i}", x)
        x = self._stage("bottleneck", self._block("crrb4", x))
        last = net.last_stage
        for i in range(3, last - 1, -1):
            nodes = up_block_nodes(f"up_{i}", x, _submodule(net, f"up_{i}", UpBlock), net.activation_kind)
            self.nodes += nodes
            skip = self._block(f"crrb{i}", skips[i])
            x = self._add(Add(name=f"skip_{i}", inputs=(nodes[-1].name, skip)))
            x = self._stage(f"dec_block_{i}", x)
        head = _submodule(net, f"out_{last}", Head)
        self._add(pointwise("logits", x, head.conv_out))
        meta: dict[str, JsonValue] = {
            "variant": net.variant,
            "width": net.width,
            "decoder_width": net.decoder_width,
            "activation": net.activation_kind,
            "num_classes": net.num_classes,
            "encoder_widths": list(net.architecture.encoder_widths),
            "decoder_widths": list(net.architecture.decoder_widths),
        }
        return Graph(tuple(self.nodes), PATCH_MULTIPLE, net.output_stride, meta)

    def _add(self, node: Node) -> str:
        self.nodes.append(node)
        return node.name

    def _stage(self, name: str, x: str) -> str:
        for index in range(len(self.network.get_submodule(name))):  # type: ignore[arg-type]
            x = self._block(f"{name}.{index}", x)
        return x

    def _block(self, name: str, x: str) -> str:
        block = _submodule(self.network, name, Block)
        branches = []
        for index, (weight, bias, conv) in folded_branches(block).items():
            stride, pad, dilation = (conv.stride,) * 3, (conv.padding,) * 3, (conv.dilation,) * 3
            dw = Conv(
                name=f"{name}.dw{index}",
                inputs=(x,),
                weight=weight,
                bias=bias,
                stride=stride,
                padding=pad,
                dilation=dilation,
                groups=len(weight),
            )
            self._add(dw)
            branches.append(
                self._add(Activation(name=f"{name}.act{index}", inputs=(dw.name,), kind=self.network.activation_kind))
            )
        joined = branches[0]
        if len(branches) > 1:
            joined = self._add(Concat(name=f"{name}.cat", inputs=tuple(branches)))
        main = self._add(pointwise(f"{name}.pw", joined, block.conv3))
        residual = x
        if block.res_conv is not None:
            residual = self._add(pointwise(f"{name}.res", x, block.res_conv))
        return self._add(Add(name=f"{name}.sum", inputs=(main, residual)))
