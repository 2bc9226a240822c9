"""EfficientMedNeXt, written from a description of the published network, not from its code.

Rahman & Marculescu, "EfficientMedNeXt: Multi-Receptive Dilated Convolutions for Medical Image
Segmentation", MICCAI 2025. Commercial use of the architecture may need a licence from UT Austin.
"""

from __future__ import annotations

from torch import Tensor, nn

from edge_sdk.errors import GeometryError, RecipeError
from edge_sdk.network.blocks import ActivationName, Block, Head, Norm, UpBlock
from edge_sdk.network.variants import PATCH_MULTIPLE, VARIANTS


class EfficientMedNeXt(nn.Module):
    """The network; build it with `efficient_mednext`.

    Attributes:
        stage_outputs: Whether the full-resolution stage 0 and the auxiliary heads exist (deep supervision).
    """

    def __init__(
        self,
        variant: str,
        in_channels: int,
        num_classes: int,
        width: int,
        decoder_width: int | None,
        deep_supervision: bool,
        norm: Norm,
        activation: ActivationName,
    ) -> None:
        super().__init__()
        plan = VARIANTS[variant]
        self.variant, self.in_channels, self.num_classes = variant, in_channels, num_classes
        self.width, self.decoder_width = width, decoder_width
        self.deep_supervision, self.norm_kind, self.activation_kind = deep_supervision, norm, activation
        self.full_resolution = plan.full_resolution
        wide = [width * 2**i for i in range(5)]
        narrow = [decoder_width or w for w in wide]

        def stage(channels: int, count: int) -> nn.Sequential:
            return nn.Sequential(*(Block(channels, channels, norm=norm, activation=activation) for _ in range(count)))

        self.stem = nn.Conv3d(in_channels, width, 1)
        for i in range(4):
            self.add_module(f"enc_block_{i}", stage(wide[i], plan.encoder[i]))
            self.add_module(f"down_{i}", Block(wide[i], wide[i + 1], stride=2, norm=norm, activation=activation))
        for i in range(5):
            self.add_module(f"crrb{i}", Block(wide[i], narrow[i], norm=norm, activation=activation))
        self.bottleneck = stage(narrow[4], plan.bottleneck)
        for i in range(3, -1, -1):
            self.add_module(f"up_{i}", UpBlock(narrow[i + 1], narrow[i], norm=norm, activation=activation))
            self.add_module(f"dec_block_{i}", stage(narrow[i], plan.decoder[i]))
        heads = range(5) if deep_supervision else (0,) if plan.full_resolution else (0, 1)
        for i in heads:
            self.add_module(f"out_{i}", Head(narrow[i], num_classes))

    @property
    def output_stride(self) -> int:
        """Input voxels per logit voxel of the inference graph."""
        return 1 if self.full_resolution else 2

    @property
    def last_stage(self) -> int:
        """Finest decoder stage of the inference graph: 0, or 1 for the variants that exit early."""
        return 0 if self.full_resolution else 1

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """Logits of the inference graph, (N, K, D/s, H/s, W/s); in training with deep supervision the list of all five.

        Raises:
            GeometryError: A patch axis is not a multiple of 16.
        """
        if self.training and self.deep_supervision:
            return self.stages(x, last=0)
        return self.stages(x, last=self.last_stage)[0]

    def stages(self, x: Tensor, last: int) -> list[Tensor]:
        """Logits of decoder stages last … 4 (those that have a head), finest first."""
        if any(size % PATCH_MULTIPLE for size in x.shape[2:]):
            raise GeometryError(
                f"patch of {tuple(x.shape[2:])} voxels, every axis must be a multiple of {PATCH_MULTIPLE}",
                remedy="choose a patch such as 64×64×64",
            )
        x = self.stem(x)
        skips = []
        for i in range(4):
            x = self.get_submodule(f"enc_block_{i}")(x)
            skips.append(x)
            x = self.get_submodule(f"down_{i}")(x)
        x = self.bottleneck(self.get_submodule("crrb4")(x))
        outputs = [self._head(4, x)]
        for i in range(3, last - 1, -1):
            x = self.get_submodule(f"up_{i}")(x) + self.get_submodule(f"crrb{i}")(skips[i])
            x = self.get_submodule(f"dec_block_{i}")(x)
            outputs.insert(0, self._head(i, x))
        return [output for output in outputs if output is not None]

    def _head(self, stage: int, x: Tensor) -> Tensor | None:
        head = getattr(self, f"out_{stage}", None)
        return None if head is None else head(x)

    def inference_parameters(self) -> int:
        """Parameters that the inference graph uses (early exit for T, S, M)."""
        unused: tuple[str, ...] = ("out_1.", "out_2.", "out_3.", "out_4.")
        if not self.full_resolution:
            unused = ("out_0.", "out_2.", "out_3.", "out_4.", "up_0.", "dec_block_0.", "crrb0.")
        return sum(p.numel() for name, p in self.named_parameters() if not name.startswith(unused))


def efficient_mednext(
    variant: str,
    in_channels: int,
    num_classes: int,
    width: int = 32,
    decoder_width: int | None = 32,
    deep_supervision: bool = False,
    *,
    norm: Norm = "group",
    activation: ActivationName = "gelu",
) -> EfficientMedNeXt:
    """Build EfficientMedNeXt.

    Args:
        variant: "T", "S", "M" or "L".
        width: Channels n of the first stage; stage i has n·2^i.
        decoder_width: Uniform channels d of the decoder; None means n·2^i.
        deep_supervision: Auxiliary heads; in training, forward then returns all five logits.
        norm: "group" as published, or "batch", which can be folded into the convolutions.
        activation: "gelu" as published, "relu" or "hardswish".

    Raises:
        RecipeError: There is no such variant.
    """
    if variant not in VARIANTS:
        raise RecipeError(f"no variant {variant!r}", remedy=f"choose one of {', '.join(VARIANTS)}")
    return EfficientMedNeXt(variant, in_channels, num_classes, width, decoder_width, deep_supervision, norm, activation)
