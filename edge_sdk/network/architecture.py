"""What an EfficientMedNeXt is made of, as data: the published sizes and every pruned one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from edge_sdk.errors import RecipeError, TrainingError
from edge_sdk.variants import VARIANTS

Norm = Literal["group", "batch"]
ActivationName = Literal["gelu", "relu", "hardswish"]
Branches = tuple[int, ...]
ChannelGroup = tuple[Literal["encoder", "decoder"], int]
"""The channels of one level of a side: all blocks of the level read and write the same ones."""
ALL_BRANCHES: Branches = (0, 1, 2)
UNDILATED = 1
"""The 3×3×3 branch without dilation, the only one that reaches every voxel of an up block."""
LEVELS = 5
"""Resolutions of encoder and decoder: the patch, and its halves down to a sixteenth."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Widths, blocks and branches of a network.

    Attributes:
        variant: The published variant it comes from; says which decoder stage inference ends at.
        encoder_widths: Channels of encoder levels 0 … 4 (level 4 is the bottleneck's input).
        decoder_widths: Channels of decoder levels 0 … 4 (level 4 is the bottleneck).
        stages: Name of every stage to the kept branches of its blocks, in order. `enc_block_i`, `bottleneck` and
            `dec_block_i` may hold any number of blocks; `down_i`, `crrb<i>` and `up_i` hold one.
        projected: Whether the residual of `crrb0` … `crrb4` is a convolution. It must be where the widths
            differ, and stays one where pruning made them equal.
        finest_stage: Finest decoder stage there is: 0, or 1 where the one that only training runs is left out.

    Raises:
        ValueError: The values contradict each other.
    """

    variant: str
    in_channels: int
    num_classes: int
    encoder_widths: tuple[int, ...]
    decoder_widths: tuple[int, ...]
    stages: Mapping[str, tuple[Branches, ...]]
    projected: tuple[bool, ...]
    norm: Norm = "group"
    activation: ActivationName = "gelu"
    deep_supervision: bool = False
    finest_stage: int = 0

    def __post_init__(self) -> None:
        counts = {len(self.encoder_widths), len(self.decoder_widths), len(self.projected)}
        if counts != {LEVELS} or min(*self.encoder_widths, *self.decoder_widths) < 1:
            raise ValueError(f"{LEVELS} positive widths expected for encoder and decoder")
        if self.norm not in get_args(Norm) or self.activation not in get_args(ActivationName):
            raise ValueError(f"unknown norm {self.norm!r} or activation {self.activation!r}")
        if self.variant not in VARIANTS or self.finest_stage not in range(self.last_stage + 1):
            raise ValueError(f"variant {self.variant!r} has no finest stage {self.finest_stage}")
        if set(self.stages) != set(stage_names(self.finest_stage)):
            raise ValueError("the stages are not those of the network")
        for name, blocks in self.stages.items():
            if is_single(name) and len(blocks) != 1:
                raise ValueError(f"{name} holds {len(blocks)} blocks, 1 expected")
            for kept in blocks:
                if not kept or list(kept) != sorted(set(kept) & set(ALL_BRANCHES)):
                    raise ValueError(f"{name}: branches {kept}, an ascending part of {ALL_BRANCHES} expected")
                if name.startswith("up_") and UNDILATED not in kept:
                    raise ValueError(f"{name}: branches {kept}, {UNDILATED} must be among them")
        for encoder, decoder, projected in zip(self.encoder_widths, self.decoder_widths, self.projected, strict=True):
            if encoder != decoder and not projected:
                raise ValueError(f"a residual without convolution cannot join widths {encoder} and {decoder}")

    @property
    def full_resolution(self) -> bool:
        """Whether inference gives logits at the patch's resolution, not at half of it."""
        return VARIANTS[self.variant].full_resolution

    @property
    def last_stage(self) -> int:
        """Finest decoder stage of the inference graph: 0, or 1 for the variants that exit early."""
        return 0 if self.full_resolution else 1

    @property
    def inference(self) -> Architecture:
        """The same without decoder stage 0 where only training runs it."""
        kept = {name: self.stages[name] for name in stage_names(self.last_stage)}
        return replace(self, stages=kept, finest_stage=self.last_stage)

    def widths_of(self, stage: str) -> tuple[int, int]:
        """(input, output) channels of a stage of `stages`."""
        widths = {"encoder": self.encoder_widths, "decoder": self.decoder_widths}
        (source, inward), (sink, outward) = channel_groups(stage)
        return widths[source][inward], widths[sink][outward]

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str, where: object = None) -> Architecture:
        """Read what `to_json` wrote.

        Raises:
            TrainingError: It is not such a text.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            values["stages"] = {name: tuple(map(tuple, blocks)) for name, blocks in values["stages"].items()}
            values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as cause:
            raise TrainingError(
                f"holds no architecture that this version understands ({cause})",
                where=where,
                remedy="write the checkpoint again with this version",
            ) from cause


def published_architecture(
    variant: str,
    in_channels: int,
    num_classes: int,
    width: int = 32,
    decoder_width: int | None = 32,
    deep_supervision: bool = False,
    *,
    norm: Norm = "group",
    activation: ActivationName = "gelu",
) -> Architecture:
    """A published size; the arguments are those of `efficient_mednext`.

    Raises:
        RecipeError: There is no such variant.
    """
    if variant not in VARIANTS:
        raise RecipeError(f"no variant {variant!r}", remedy=f"choose one of {', '.join(VARIANTS)}")
    plan = VARIANTS[variant]
    wide = tuple(width * 2**level for level in range(LEVELS))
    narrow = tuple(decoder_width or w for w in wide)
    counts = {f"enc_block_{i}": n for i, n in enumerate(plan.encoder)}
    counts |= {f"dec_block_{i}": n for i, n in enumerate(plan.decoder)}
    counts["bottleneck"] = plan.bottleneck
    return Architecture(
        variant=variant,
        in_channels=in_channels,
        num_classes=num_classes,
        encoder_widths=wide,
        decoder_widths=narrow,
        stages={name: (ALL_BRANCHES,) * counts.get(name, 1) for name in stage_names(0)},
        projected=tuple(w != n for w, n in zip(wide, narrow, strict=True)),
        norm=norm,
        activation=activation,
        deep_supervision=deep_supervision,
    )


def stage_names(finest: int) -> list[str]:
    """Names of all stages from the patch to decoder stage `finest`, in the order in which they run."""
    names = [f"{kind}_{i}" for i in range(4) for kind in ("enc_block", "down")]
    names += ["crrb4", "bottleneck"]
    for i in range(3, finest - 1, -1):
        names += [f"up_{i}", f"crrb{i}", f"dec_block_{i}"]
    return names


def is_single(stage: str) -> bool:
    """Whether a stage is one block that changes the resolution or the width, and so cannot be left out."""
    return stage.startswith(("down_", "crrb", "up_"))


def channel_groups(stage: str) -> tuple[ChannelGroup, ChannelGroup]:
    """What the blocks of a stage read and write."""
    if stage == "bottleneck":
        return ("decoder", 4), ("decoder", 4)
    level = int(stage[-1])
    coarser = min(level + 1, LEVELS - 1)
    ends: dict[str, tuple[ChannelGroup, ChannelGroup]] = {
        "enc_block": (("encoder", level), ("encoder", level)),
        "down": (("encoder", level), ("encoder", coarser)),
        "crrb": (("encoder", level), ("decoder", level)),
        "up": (("decoder", coarser), ("decoder", level)),
        "dec_block": (("decoder", level), ("decoder", level)),
    }
    return ends[stage[:-1].rstrip("_")]
