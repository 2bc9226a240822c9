"""What stays of a network: channels, blocks and branches by their numbers in the unpruned one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from edge_sdk.network.architecture import LEVELS, Architecture, Branches, ChannelGroup, is_single

Place = tuple[str, int]
"""A block: stage, and its number there."""


@dataclass(frozen=True)
class Selection:
    """Numbers of everything that stays, ascending.

    Attributes:
        channels: Of every group.
        branches: Kept block → its kept branches.
    """

    channels: Mapping[ChannelGroup, tuple[int, ...]]
    branches: Mapping[Place, Branches]

    @classmethod
    def all_of(cls, architecture: Architecture) -> Selection:
        """Everything that inference runs."""
        plan = architecture.inference
        widths = {"encoder": plan.encoder_widths, "decoder": plan.decoder_widths}
        return cls(
            {(side, level): tuple(range(widths[side][level])) for side, level in all_groups()},
            {(stage, i): kept for stage, blocks in plan.stages.items() for i, kept in enumerate(blocks)},
        )

    def without_channels(self, groups: tuple[ChannelGroup, ...], removed: tuple[int, ...]) -> Selection:
        """These channels less in each of the groups."""
        gone = set(removed)
        fewer = {group: tuple(c for c in self.channels[group] if c not in gone) for group in groups}
        return replace(self, channels={**self.channels, **fewer})

    def without_branch(self, place: Place, branch: int) -> Selection:
        """A block with a branch less."""
        kept = tuple(b for b in self.branches[place] if b != branch)
        return replace(self, branches={**self.branches, place: kept})

    def without_block(self, place: Place) -> Selection:
        """A block less."""
        return replace(self, branches={key: kept for key, kept in self.branches.items() if key != place})

    def places(self, stage: str) -> list[Place]:
        """The kept blocks of a stage, in order."""
        return sorted(place for place in self.branches if place[0] == stage)

    def applied_to(self, architecture: Architecture) -> Architecture:
        """The architecture that is left."""
        plan = architecture.inference
        return replace(
            plan,
            encoder_widths=tuple(len(self.channels["encoder", level]) for level in range(LEVELS)),
            decoder_widths=tuple(len(self.channels["decoder", level]) for level in range(LEVELS)),
            stages={name: tuple(self.branches[place] for place in self.places(name)) for name in plan.stages},
        )


def all_groups() -> list[ChannelGroup]:
    """Encoder and decoder of all levels."""
    encoder: list[ChannelGroup] = [("encoder", level) for level in range(LEVELS)]
    return [*encoder, *(("decoder", level) for _, level in encoder)]


def tied_groups(architecture: Architecture) -> list[tuple[ChannelGroup, ...]]:
    """Groups that lose the same channels: an identity joins encoder and decoder where `crrb` has no projection."""
    tied: list[tuple[ChannelGroup, ...]] = []
    for level in range(LEVELS):
        encoder: ChannelGroup = ("encoder", level)
        decoder: ChannelGroup = ("decoder", level)
        tied += [(encoder,), (decoder,)] if architecture.projected[level] else [(encoder, decoder)]
    return tied


def block_name(place: Place) -> str:
    """The name of a block's module."""
    stage, number = place
    return stage if is_single(stage) else f"{stage}.{number}"


def output_first(weight: Tensor, stage: str) -> Tensor:
    """A 1×1×1 weight with output channels first, or back again: up blocks have transposed ones, (in, out, …)."""
    return weight.transpose(0, 1) if stage.startswith("up_") else weight
