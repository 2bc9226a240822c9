"""Hand-made deploy graphs with random weights: the shapes of the real ones, as small as a test wants them.

The scales come from running each node on a random patch as it is added, so that every grid is really used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

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
from edge_sdk.network.graph_module import GraphModule

Array = NDArray[np.float32]
WEIGHT_LIMIT = 63


class GraphBuilder:
    """Adds nodes one by one, running each on a random patch to choose the scales."""

    def __init__(self, patch: Array, *, quantized: bool = True, seed: int = 0) -> None:
        self.patch = patch
        self.quantized = quantized
        self.random = np.random.default_rng(seed)
        self.nodes: list[Node] = []
        self.values: dict[str, torch.Tensor] = {}

    def add(self, node: Node) -> str:
        """Append a node, run it, and return its name."""
        with torch.no_grad():
            self.values[node.name] = (
                torch.from_numpy(self.patch)
                if isinstance(node, Input)
                else GraphModule(Graph((node,))).run_node(node, [self.values[name] for name in node.inputs])
            )
        self.nodes.append(node)
        return node.name

    def name(self, kind: str) -> str:
        """A name that no node has yet."""
        return f"{kind}_{len(self.nodes)}"

    def input(self) -> str:
        """The input patch, quantized with a zero point."""
        name = self.add(Input(name="input", channels=self.patch.shape[1]))
        return self.quantize(name, zero_point=17)

    def conv(
        self,
        source: str,
        out: int,
        kernel: Triple = (1, 1, 1),
        *,
        gain: float = 1.0,
        float_weights: bool = False,
        **kw: Any,
    ) -> str:
        """A convolution with random weights (on the integer grid unless `float_weights`) and bias."""
        channels = self.values[source].shape[1]
        shape = (out, channels // kw.get("groups", 1), *kernel)
        weight = (self.random.normal(size=shape) * gain / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        scale = None
        if self.quantized and not float_weights:
            scale = (np.abs(weight).max(axis=(1, 2, 3, 4)) / WEIGHT_LIMIT).astype(np.float32)
            per_channel = scale.reshape(-1, 1, 1, 1, 1)
            weight = (np.rint(weight / per_channel) * per_channel).astype(np.float32)
        bias = (self.random.normal(size=out) * 0.1).astype(np.float32)
        return self.add(
            Conv(name=self.name("conv"), inputs=(source,), weight=weight, bias=bias, weight_scale=scale, **kw)
        )

    def activation(self, source: str, kind: str = "relu") -> str:
        """An element-wise non-linearity."""
        return self.add(Activation(name=self.name(kind), inputs=(source,), kind=kind))  # type: ignore[arg-type]

    def quantize(self, source: str, zero_point: int = 0) -> str:
        """A per-tensor fake quantization fitted to the values of `source`; nothing in a float graph."""
        if not self.quantized:
            return source
        value = self.values[source]
        unsigned = zero_point > 0 or float(value.min()) >= 0
        low, high = (0, 255) if unsigned else (-128, 127)
        scale = float(np.float32(value.abs().max().item() / (high - zero_point)))
        return self.add(
            Quantize(
                name=self.name("quantize"),
                inputs=(source,),
                scale=scale,
                zero_point=zero_point,
                low=low,
                high=high,
            )
        )

    def branches(self, source: str, stride: int = 1) -> list[str]:
        """The three depthwise convolutions of a block."""
        channels = self.values[source].shape[1]
        common: dict[str, Any] = {"groups": channels, "stride": (stride,) * 3}
        return [
            self.conv(source, channels, (1, 1, 1), **common),
            self.conv(source, channels, (3, 3, 3), padding=(1, 1, 1), **common),
            self.conv(source, channels, (3, 3, 3), padding=(2, 2, 2), dilation=(2, 2, 2), **common),
        ]

    def block(
        self,
        source: str,
        out: int | None = None,
        stride: int = 1,
        activation: str = "relu",
        *,
        convolved_residual: bool = False,
    ) -> str:
        """A block of the network with its residual (a convolution where the shape changes)."""
        channels = self.values[source].shape[1]
        out = out or channels
        joined = self.add(Concat(name=self.name("concat"), inputs=tuple(self.branches(source, stride))))
        hidden = self.quantize(self.activation(joined, activation))
        # A small gain, or the sums of a deep graph would grow without bound.
        main = self.quantize(self.conv(hidden, out, gain=0.3))
        residual = source
        if convolved_residual or stride != 1 or out != channels:
            residual = self.quantize(self.conv(source, out, stride=(stride,) * 3))
        return self.quantize(self.add(Add(name=self.name("add"), inputs=(main, residual))))

    def up_block(self, source: str) -> str:
        """An up block in phases; its last phase is a whole block."""
        channels = self.values[source].shape[1]
        phases = []
        for index in range(8):
            odd = ((index >> 2) & 1, (index >> 1) & 1, index & 1)
            if odd == (1, 1, 1):
                convolved = self.block(source, convolved_residual=True)
            else:
                kernel: Triple = tuple(1 if bit else 2 for bit in odd)  # type: ignore[assignment]
                branch = self.conv(source, channels, kernel, groups=channels)
                hidden = self.quantize(self.activation(branch))
                convolved = self.add(
                    PadStart(
                        name=self.name("pad"),
                        inputs=(self.conv(hidden, channels),),
                        before=tuple(1 - bit for bit in odd),  # type: ignore[arg-type]
                    )
                )
            phases.append(convolved)
        return self.quantize(self.add(Interleave(name=self.name("interleave"), inputs=tuple(phases))))

    def head(self, source: str, classes: int) -> str:
        """The float output convolution."""
        return self.conv(source, classes, float_weights=True)

    def graph(self, multiple: int = 2) -> Graph:
        """What was built."""
        return Graph(tuple(self.nodes), patch_multiple=multiple)


def random_patch(channels: int = 1, shape: Triple = (8, 8, 8), seed: int = 0) -> Array:
    """A patch of numbers around zero, batch 1."""
    values = np.random.default_rng(seed).normal(size=(1, channels, *shape))
    return values.astype(np.float32)


def tiny_graph(*, quantized: bool = True, activation: str = "relu", channels: int = 1) -> Graph:
    """Every kind of node once: stem, block, down, up in phases, skip, block, head."""
    builder = GraphBuilder(random_patch(channels), quantized=quantized)
    stem = builder.quantize(builder.conv(builder.input(), 8))
    skip = builder.block(stem, activation=activation)
    low = builder.block(skip, 16, stride=2, activation=activation)
    low = builder.block(low, 8, activation=activation)
    up = builder.up_block(low)
    joined = builder.quantize(builder.add(Add(name="skip_add", inputs=(up, skip))))
    builder.head(builder.block(joined, activation=activation), 4)
    return builder.graph()


def s_graph(
    *,
    quantized: bool = True,
    width: int = 32,
    shape: Triple = (64, 64, 64),
    blocks: tuple[int, ...] = (3, 4, 8, 8, 8, 8, 8, 4),
) -> Graph:
    """The S variant's early-exit graph with random weights, for timings."""
    encoder, bottleneck, decoder = blocks[:4], blocks[4], blocks[5:]
    builder = GraphBuilder(random_patch(1, shape), quantized=quantized)
    value = builder.quantize(builder.conv(builder.input(), width))
    skips = []
    for level, count in enumerate(encoder):
        for _ in range(count):
            value = builder.block(value)
        if level > 0:
            skips.append(builder.block(value, width))
        value = builder.block(value, width * 2 ** (level + 1), stride=2)
    value = builder.block(value, width)
    for _ in range(bottleneck):
        value = builder.block(value)
    for count, skip in zip(decoder, reversed(skips), strict=True):
        up = builder.up_block(value)
        value = builder.quantize(builder.add(Add(name=builder.name("skip"), inputs=(up, skip))))
        for _ in range(count):
            value = builder.block(value)
    builder.head(value, 4)
    return builder.graph(16)
