"""EfficientMedNeXt, written from a description of the published network, not from its code.

Rahman & Marculescu, "EfficientMedNeXt: Multi-Receptive Dilated Convolutions for Medical Image
Segmentation", MICCAI 2025. Commercial use of the architecture may need a license from UT Austin.
"""

from __future__ import annotations

from torch import Tensor, nn

from edge_sdk.errors import GeometryError
from edge_sdk.network.architecture import ActivationName, Architecture, Norm, published_architecture
from edge_sdk.network.blocks import Block, Head, UpBlock
from edge_sdk.network.variants import PATCH_MULTIPLE


class EfficientMedNeXt(nn.Module):
    """The network of an architecture; `efficient_mednext` builds the published ones.

    Attributes:
        architecture: What it is made of.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = plan = architecture
        self.variant, self.in_channels, self.num_classes = plan.variant, plan.in_channels, plan.num_classes
        self.deep_supervision, self.norm_kind, self.activation_kind = (
            plan.deep_supervision,
            plan.norm,
            plan.activation,
        )
        self.full_resolution = plan.full_resolution
        self.stem = nn.Conv3d(plan.in_channels, plan.encoder_widths[0], 1)
        for i in range(4):
            self.add_module(f"enc_block_{i}", self._stage(f"enc_block_{i}"))
            self.add_module(f"down_{i}", self._single(f"down_{i}", stride=2))
        for i in range(plan.finest_stage, 5):
            self.add_module(f"crrb{i}", self._single(f"crrb{i}", projected=plan.projected[i]))
        self.bottleneck = self._stage("bottleneck")
        for i in range(3, plan.finest_stage - 1, -1):
            up = UpBlock(
                *plan.widths_of(f"up_{i}"),
                norm=plan.norm,
                activation=plan.activation,
                branches=plan.stages[f"up_{i}"][0],
            )
            self.add_module(f"up_{i}", up)
            self.add_module(f"dec_block_{i}", self._stage(f"dec_block_{i}"))
        heads = range(5) if plan.deep_supervision else range(plan.last_stage + 1)
        for i in heads[plan.finest_stage :]:
            self.add_module(f"out_{i}", Head(plan.decoder_widths[i], plan.num_classes))

    def _stage(self, name: str) -> nn.Sequential:
        plan = self.architecture
        widths = plan.widths_of(name)
        return nn.Sequential(
            *(Block(*widths, norm=plan.norm, activation=plan.activation, branches=kept) for kept in plan.stages[name])
        )

    def _single(self, name: str, *, stride: int = 1, projected: bool = False) -> Block:
        plan = self.architecture
        return Block(
            *plan.widths_of(name),
            stride=stride,
            norm=plan.norm,
            activation=plan.activation,
            branches=plan.stages[name][0],
            projected=projected,
        )

    @property
    def width(self) -> int:
        """Channels of the first stage."""
        return self.architecture.encoder_widths[0]

    @property
    def decoder_width(self) -> int | None:
        """Channels of the decoder; None where they differ from level to level."""
        widths = set(self.architecture.decoder_widths)
        return widths.pop() if len(widths) == 1 else None

    @property
    def output_stride(self) -> int:
        """Input voxels per logit voxel of the inference graph."""
        return 1 if self.full_resolution else 2

    @property
    def last_stage(self) -> int:
        """Finest decoder stage of the inference graph: 0, or 1 for the variants that exit early."""
        return self.architecture.last_stage

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """Logits of the inference graph, (N, K, D/s, H/s, W/s); in training with deep supervision the list of all
        stages'.

        Raises:
            GeometryError: A patch axis is not a multiple of 16.
        """
        if self.training and self.deep_supervision:
            return self.stages(x, last=self.architecture.finest_stage)
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
    return EfficientMedNeXt(
        published_architecture(
            variant,
            in_channels,
            num_classes,
            width,
            decoder_width,
            deep_supervision,
            norm=norm,
            activation=activation,
        )
    )
