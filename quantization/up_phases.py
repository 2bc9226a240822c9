"""The up block without transposed convolutions: eight phases at low resolution, interleaved at the end.

With stride 2 the transposed branches write mostly constants. Per axis, output plane 0 is the zero plane; plane
2i + 1 sees input i through every branch; plane 2j (j ≥ 1) sees inputs j − 1 and j through the undilated 3×3×3 branch
only, while the other two branches hold activation(bias) there, which folds into the bias of the 1×1×1.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import torch

from edge_sdk.graph import Activation, ActivationKind, Add, Concat, Conv, Float, Interleave, Node, PadStart
from edge_sdk.network.architecture import UNDILATED
from edge_sdk.network.blocks import UpBlock
from edge_sdk.network.graph_module import activated
from quantization.folding import folded_branches, pointwise_weight

ONE_TAP = [1]
"""Tap of the undilated kernel that odd output planes see."""
TWO_TAPS = [2, 0]
"""Taps with which even output planes see inputs j − 1 and j."""


def up_block_nodes(name: str, x: str, block: UpBlock, activation: ActivationKind) -> list[Node]:
    """Nodes equal to `UpBlock.forward` in evaluation mode; the last one is the block's output."""
    folded = folded_branches(block)
    w_near, b_near, _ = folded[UNDILATED]
    channels = len(w_near)
    start = list(folded).index(UNDILATED) * channels
    near = slice(start, start + channels)
    mix, mix_bias = pointwise_weight(block.conv3)
    residual, residual_bias = pointwise_weight(block.res_conv)
    idle = np.concatenate([bias for _, bias, _ in folded.values()])
    mixed_idle = mix[:, :, 0, 0, 0] @ _activated(idle, near, activation)
    constant = (mix_bias + residual_bias + mixed_idle).astype(np.float32)

    nodes: list[Node] = []
    phases: list[str] = []
    for odd in product((0, 1), repeat=3):
        phase = f"{name}.phase{odd[0]}{odd[1]}{odd[2]}"
        if odd == (1, 1, 1):
            branches = {
                index: (w_near[:, :, 1:2, 1:2, 1:2] if index == UNDILATED else _flip(weight), bias)
                for index, (weight, bias, _) in folded.items()
            }
            nodes += _full_phase(phase, x, branches, (mix, mix_bias), (residual, residual_bias), activation)
        else:
            taps = [ONE_TAP if is_odd else TWO_TAPS for is_odd in odd]
            weight = np.ascontiguousarray(w_near[np.ix_(range(channels), [0], *taps)])
            nodes += [
                Conv(name=f"{phase}.dw", inputs=(x,), weight=weight, bias=b_near, groups=channels),
                Activation(name=f"{phase}.act", inputs=(f"{phase}.dw",), kind=activation),
                Conv(
                    name=f"{phase}.pw",
                    inputs=(f"{phase}.act",),
                    weight=np.ascontiguousarray(mix[:, near]),
                    bias=constant,
                ),
                PadStart(
                    name=phase,
                    inputs=(f"{phase}.pw",),
                    before=(1 - odd[0], 1 - odd[1], 1 - odd[2]),
                ),
            ]
        phases.append(phase)
    return [*nodes, Interleave(name=name, inputs=tuple(phases))]


def _full_phase(
    phase: str,
    x: str,
    branches: dict[int, tuple[Float, Float]],
    mix: tuple[Float, Float],
    residual: tuple[Float, Float],
    activation: ActivationKind,
) -> list[Node]:
    nodes: list[Node] = []
    for index, (weight, bias) in branches.items():
        pad = weight.shape[-1] // 2
        dw = f"{phase}.dw{index}"
        nodes.append(
            Conv(
                name=dw,
                inputs=(x,),
                weight=np.ascontiguousarray(weight),
                bias=bias,
                padding=(pad, pad, pad),
                groups=len(weight),
            )
        )
        nodes.append(Activation(name=f"{phase}.act{index}", inputs=(dw,), kind=activation))
    acts = tuple(f"{phase}.act{index}" for index in branches)
    joined = acts[0]
    if len(acts) > 1:
        joined = f"{phase}.cat"
        nodes.append(Concat(name=joined, inputs=acts))
    return [
        *nodes,
        Conv(name=f"{phase}.pw", inputs=(joined,), weight=mix[0], bias=mix[1]),
        Conv(name=f"{phase}.res", inputs=(x,), weight=residual[0], bias=residual[1]),
        Add(name=phase, inputs=(f"{phase}.pw", f"{phase}.res")),
    ]


def _activated(idle: Float, active: slice, activation: ActivationKind) -> Float:
    """activation(bias) of the branches that hold constants, zero for the branch that does not."""
    values: Float = activated(torch.from_numpy(idle), activation).numpy().copy()
    values[active] = 0
    return values


def _flip(weight: Float) -> Float:
    return np.ascontiguousarray(weight[:, :, ::-1, ::-1, ::-1])
