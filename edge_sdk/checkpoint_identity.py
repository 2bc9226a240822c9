"""Which network a checkpoint holds, by the names and shapes of its tensors alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from edge_sdk.variants import VARIANTS

_BLOCK = re.compile(r"(enc_block_\d|bottleneck|dec_block_\d)\.(\d+)\.")
_ENCODER = tuple(f"enc_block_{i}" for i in range(4))
_DECODER = tuple(f"dec_block_{i}" for i in range(4))
_HEAD = re.compile(r"out_\d\.conv_out\.bias")

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Identity:
    """What the tensors of an EfficientMedNeXt say.

    Attributes:
        variant: Its letter, "T or …" where several fit, or "none of the published ones".
        decoder_widths: Of decoder levels 0 … 4, of those that there are.
        classes: Of the heads; None without any.
        blocks: Stage to number of its blocks.
        norm: "group" or "batch".
    """

    variant: str
    in_channels: int
    width: int
    decoder_widths: tuple[int, ...]
    classes: int | None
    blocks: dict[str, int]
    norm: str

    @property
    def decoder_width(self) -> int | list[int]:
        """One number where all levels have the same width."""
        widths = self.decoder_widths
        return widths[0] if len(set(widths)) == 1 else list(widths)

    def __str__(self) -> str:
        classes = f"{self.classes} classes" if self.classes is not None else "no heads"
        return (
            f"{self.variant} of width {self.width}, decoder width {self.decoder_width}, "
            f"{self.in_channels} input channel{'s' if self.in_channels > 1 else ''}, {classes}, {self.norm} norm"
        )


def identify(shapes: Shapes) -> Identity | None:
    """The network behind tensors of these names and shapes; None if it is no EfficientMedNeXt."""
    if len(shapes.get("stem.weight", ())) != 5:
        return None
    blocks: dict[str, int] = {}
    for name in shapes:
        if match := _BLOCK.match(name):
            blocks[match.group(1)] = max(blocks.get(match.group(1), 0), 1 + int(match.group(2)))
    widths = (shapes.get(f"crrb{i}.conv3.weight", ()) for i in range(5))
    return Identity(
        variant=_variant(blocks),
        in_channels=shapes["stem.weight"][1],
        width=shapes["stem.weight"][0],
        decoder_widths=tuple(width[0] for width in widths if width),
        classes=next((shapes[name][0] for name in shapes if _HEAD.fullmatch(name)), None),
        blocks=dict(sorted(blocks.items())),
        norm="batch" if any(name.endswith("norm.running_mean") for name in shapes) else "group",
    )


def _variant(blocks: Mapping[str, int]) -> str:
    encoder = tuple(blocks.get(stage, 0) for stage in _ENCODER)
    decoder = tuple(blocks.get(stage, 0) for stage in _DECODER)
    found = [
        name
        for name, item in VARIANTS.items()
        # Networks for early exit may come without the stage that only training uses.
        if (item.encoder, item.bottleneck, item.decoder[1:]) == (encoder, blocks.get("bottleneck"), decoder[1:])
        and decoder[0] in (0, item.decoder[0])
    ]
    return " or ".join(found) or "none of the published ones"
