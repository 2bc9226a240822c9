"""Multiplications of an architecture in deploy form, without building it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from edge_sdk.network.architecture import UNDILATED, Architecture, Branches, is_single

TAPS = (1, 27, 27)
"""Of the three depthwise branches."""


def stage_macs(architecture: Architecture, patch: tuple[int, int, int]) -> dict[str, int]:
    """Multiplications per stage of the inference graph for one patch (D, H, W); "stem" and "logits" are stages, too.

    Up blocks count as the phases that `quantization.up_phases` makes of them.
    """
    plan = architecture.inference
    voxels = prod(patch)
    found = {"stem": voxels * plan.in_channels * plan.encoder_widths[0]}
    for name, blocks in plan.stages.items():
        channels, out_channels = plan.widths_of(name)
        each = voxels // 8 ** _level(name)
        if name.startswith("up_"):
            sizes = [size // 2 ** _level(name) for size in patch]
            found[name] = _up_macs(sizes, channels, out_channels, blocks[0])
            continue
        convolved = name.startswith("down_") or (is_single(name) and plan.projected[_level(name)])
        residual = channels * out_channels if convolved else 0
        found[name] = each * sum(
            channels * (sum(TAPS[branch] for branch in kept) + len(kept) * out_channels) + residual for kept in blocks
        )
    last = plan.last_stage
    found["logits"] = voxels // 8**last * plan.decoder_widths[last] * plan.num_classes
    return found


def total_macs(architecture: Architecture, patch: tuple[int, int, int]) -> int:
    """The sum over all stages."""
    return sum(stage_macs(architecture, patch).values())


def _up_macs(sizes: Sequence[int], channels: int, out_channels: int, kept: Branches) -> int:
    """Of an up block whose input has these sizes; per axis, a phase of two taps is one plane shorter."""
    macs = prod(sizes) * channels * (1 + sum(TAPS[b] for b in kept if b != UNDILATED) + (len(kept) + 1) * out_channels)
    for odd in product((0, 1), repeat=3):
        if 0 in odd:
            voxels = prod(size - (1 - is_odd) for size, is_odd in zip(sizes, odd, strict=True))
            macs += voxels * channels * (2 ** odd.count(0) + out_channels)
    return macs


def _level(stage: str) -> int:
    """Resolution at which the depthwise convolutions of a stage write (up blocks: read), as halvings of the patch."""
    if stage == "bottleneck":
        return 4
    level = int(stage[-1])
    return level + 1 if stage.startswith(("down_", "up_")) else level
