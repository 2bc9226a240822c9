"""Depthwise 3D convolution that trains at a bearable speed on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthwiseConv3d(nn.Module):
    """Depthwise convolution without bias, zero padding that keeps the size at stride 1.

    Args:
        channels: C.
        kernel: 1 or 3, cubic.
    """

    def __init__(self, channels: int, kernel: int, *, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.channels, self.kernel, self.stride, self.dilation = channels, kernel, stride, dilation
        self.padding = dilation * (kernel - 1) // 2
        self.weight = nn.Parameter(torch.empty(channels, 1, kernel, kernel, kernel))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) → (N, C, D', H', W'), each axis divided by the stride."""
        if self.stride == 1 and compiled_is_faster(x, self.dilation, training=self.training):
            return cpu_depthwise(x, self.weight, self.dilation)
        return F.conv3d(
            x,
            self.weight,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.channels,
        )


def compiled_is_faster(x: Tensor, dilation: int, *, training: bool) -> bool:
    """Whether `cpu_depthwise` is the faster way to convolve `x`: in training, and where torch goes channel by channel.

    Not while a network is recorded for export, which must find torch's operators.
    """
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return False
    if training and torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu"):
        return True
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return dilation > 1 and not tracing and not torch.compiler.is_compiling()


def cpu_depthwise(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """Stride-1 depthwise convolution of (N, C, D, H, W), size kept; weight (C, 1, k, k, k) with k 1 or 3."""
    if weight.shape[-1] == 1:
        return x * weight.view(1, -1, 1, 1, 1)
    result: Tensor = _CpuDepthwise.apply(x, weight, dilation)  # type: ignore[no-untyped-call]
    return result


class _CpuDepthwise(torch.autograd.Function):
    """Stride-1 3×3×3 depthwise convolution, channels last, with compiled gradients.

    torch's own weight gradient and its dilated forward take 5 to 10 times longer on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return _convolve(x, weight, dilation)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        from edge_sdk.network.depthwise_kernels import weight_gradient

        x, weight = ctx.saved_tensors
        (gradient,) = gradients
        grad_x = _convolve(gradient, weight.flip(2, 3, 4), ctx.dilation)
        taps = weight_gradient(_channels_last(x), _channels_last(gradient), ctx.dilation)
        grad_weight = torch.from_numpy(taps).permute(3, 0, 1, 2).reshape(weight.shape)
        return grad_x, grad_weight, None


def _convolve(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    if dilation == 1:
        x = x.contiguous(memory_format=torch.channels_last_3d)
        return F.conv3d(x, weight, padding=1, groups=len(weight))
    from edge_sdk.network.depthwise_kernels import convolve

    taps = weight[:, 0].permute(1, 2, 3, 0).contiguous().numpy()
    return torch.from_numpy(convolve(_channels_last(x), taps, dilation)).permute(0, 4, 1, 2, 3)


def _channels_last(x: Tensor) -> Any:
    return x.detach().permute(0, 2, 3, 4, 1).contiguous().numpy()
