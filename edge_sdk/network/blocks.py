"""The dilated multi-receptive-field block of EfficientMedNeXt, in its plain, down and up forms.

Parameter names are those of published checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_sdk.network.architecture import ALL_BRANCHES, ActivationName, Norm
from edge_sdk.network.depthwise import DepthwiseConv3d

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU, "hardswish": nn.Hardswish}
BRANCHES = ((1, 1), (3, 1), (3, 2))
"""(kernel, dilation) of the three depthwise branches."""


class MultiReceptiveConv(nn.Module):
    """Depthwise convolutions side by side: (N, C, …) → (N, B·C, …), where B of the three branches are kept."""

    def __init__(self, channels: int, stride: int, transposed: bool, kept: Sequence[int] = ALL_BRANCHES) -> None:
        super().__init__()
        branches: dict[str, nn.Module] = {}
        for index in kept:
            kernel, dilation = BRANCHES[index]
            padding = dilation * (kernel - 1) // 2
            conv: nn.Module
            if transposed:
                conv = nn.ConvTranspose3d(
                    channels,
                    channels,
                    kernel,
                    stride,
                    padding,
                    groups=channels,
                    bias=False,
                    dilation=dilation,
                )
            else:
                conv = DepthwiseConv3d(channels, kernel, stride=stride, dilation=dilation)
            branches[str(index)] = nn.Sequential(conv)
        # Keyed by the published index, so that pruned networks keep the names of checkpoints.
        self.dwconvs = nn.ModuleDict(branches)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) → (N, B·C, D', H', W'), branch after branch."""
        return torch.cat([branch(x) for branch in self.dwconvs.values()], dim=1)


class Block(nn.Module):
    """Dilated multi-receptive-field block: depthwise branches, norm, activation, 1×1×1, residual.

    Args:
        channels: C of the input.
        out_channels: C' of the output.
        stride: 2 halves the resolution (down block).
        norm: "group" is the published GroupNorm of C groups; "batch" can be folded away.
        activation: "gelu" (exact) is the published one.
        branches: Which of the three are kept.
        projected: Whether the residual is a convolution at stride 1; it always is at stride 2.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        norm: Norm = "group",
        activation: ActivationName = "gelu",
        branches: Sequence[int] = ALL_BRANCHES,
        projected: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = MultiReceptiveConv(channels, stride, transposed=False, kept=branches)
        self.norm = _norm(norm, channels, len(branches))
        self.activation = ACTIVATIONS[activation]()
        self.conv3 = nn.Conv3d(len(branches) * channels, out_channels, 1)
        self.res_conv: nn.Module | None = None
        if stride != 1 or projected:
            self.res_conv = nn.Conv3d(channels, out_channels, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) → (N, C', D', H', W'), each axis halved by a stride of 2."""
        residual = x if self.res_conv is None else self.res_conv(x)
        out: Tensor = self.conv3(self.activation(self.norm(self.conv1(x)))) + residual
        return out


class UpBlock(nn.Module):
    """The block with transposed convolutions: (N, C, D, H, W) → (N, C', 2D, 2H, 2W).

    The transposed branches give 2n − 1 voxels per axis; one plane of zeros is put before each axis.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        *,
        norm: Norm = "group",
        activation: ActivationName = "gelu",
        branches: Sequence[int] = ALL_BRANCHES,
    ) -> None:
        super().__init__()
        self.conv1 = MultiReceptiveConv(channels, 2, transposed=True, kept=branches)
        self.norm = _norm(norm, channels, len(branches))
        self.activation = ACTIVATIONS[activation]()
        self.conv3 = nn.ConvTranspose3d(len(branches) * channels, out_channels, 1)
        self.res_conv = nn.ConvTranspose3d(channels, out_channels, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) → (N, C', 2D, 2H, 2W)."""
        out = self.conv3(self.activation(self.norm(self.conv1(x)))) + self.res_conv(x)
        return F.pad(out, (1, 0, 1, 0, 1, 0))


class Head(nn.Module):
    """1×1×1 transposed convolution to class logits."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv_out = nn.ConvTranspose3d(channels, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) → (N, K, D, H, W)."""
        logits: Tensor = self.conv_out(x)
        return logits


def _norm(kind: Norm, channels: int, branches: int) -> nn.Module:
    if kind == "group":
        return nn.GroupNorm(channels, branches * channels)
    return nn.BatchNorm3d(branches * channels)
