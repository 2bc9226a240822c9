from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from edge_sdk.network.depthwise import DepthwiseConv3d


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (3, 2)])
def test_compiled_training_path_equals_torch(kernel: int, dilation: int) -> None:
    torch.manual_seed(0)
    conv = DepthwiseConv3d(5, kernel, dilation=dilation).train()
    x = torch.randn(2, 5, 6, 7, 9, requires_grad=True)
    slope = torch.randn(2, 5, 6, 7, 9)
    ours = torch.autograd.grad(conv(x), [x, conv.weight], slope)
    padding = dilation * (kernel - 1) // 2
    plain = F.conv3d(x, conv.weight, padding=padding, dilation=dilation, groups=5)
    for a, b in zip(ours, torch.autograd.grad(plain, [x, conv.weight], slope), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(conv(x), plain, rtol=1e-5, atol=1e-5)


def test_stride_two_halves_the_size() -> None:
    conv = DepthwiseConv3d(4, 3, stride=2, dilation=2).train()
    assert conv(torch.randn(1, 4, 8, 8, 8)).shape == (1, 4, 4, 4, 4)
