from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edge_sdk.network import EfficientMedNeXt
from quantization.pruning.importance import measure_importance

SIZE = (32, 32, 32)


def batch(step: int) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(step)
    return torch.randn(1, 1, *SIZE, generator=draw), torch.zeros(1, 1, *SIZE, dtype=torch.int64)


def loss_of(network: nn.Module, given: tuple[Tensor, Tensor]) -> Tensor:
    assert isinstance(network, EfficientMedNeXt)
    logits = network.stages(given[0], network.last_stage)[0]
    return logits.square().mean() + logits[:, 0].mean()


@torch.no_grad()
def slope(network: EfficientMedNeXt, scale: list[tuple[Tensor, Any]], step: float = 1e-2) -> float:
    """Change of the loss per share of the given weights, by central differences."""
    values = []
    for sign in (1, -1):
        kept = [tensor[index].clone() for tensor, index in scale]
        for tensor, index in scale:
            tensor[index] = tensor[index] * (1 + sign * step)
        values.append(float(loss_of(network.double().eval(), (batch(0)[0].double(), batch(0)[1]))))
        for (tensor, index), value in zip(scale, kept, strict=True):
            tensor[index] = value
    return (values[0] - values[1]) / (2 * step)


@pytest.mark.slow
def test_scores_are_the_squared_slopes_of_the_loss(network: EfficientMedNeXt) -> None:
    found = measure_importance(network, loss_of, batch, 1)
    network.double()
    state = network.state_dict(keep_vars=False)
    block = "enc_block_1.1.conv3"
    branch = [(state[f"{block}.weight"], (slice(None), slice(32, 64)))]
    assert found.branches["enc_block_1", 1, 1] == pytest.approx(slope(network, branch) ** 2, rel=2e-2)
    whole = [(state[f"{block}.weight"], ...), (state[f"{block}.bias"], ...)]
    assert found.blocks["enc_block_1", 1] == pytest.approx(slope(network, whole) ** 2, rel=2e-2)
    channel = [
        (state[f"{name}.{kind}"], 3)
        for name in ("down_0.conv3", "down_0.res_conv", "enc_block_1.0.conv3", block)
        for kind in ("weight", "bias")
    ]
    assert found.channels["encoder", 1][3] == pytest.approx(slope(network, channel) ** 2, rel=2e-2)
    up = [(state[f"up_1.{conv}.weight"], (slice(None), 5)) for conv in ("conv3", "res_conv")]
    up += [(state[f"up_1.{conv}.bias"], 5) for conv in ("conv3", "res_conv")]
    others = [
        (state[f"{name}.{kind}"], 5)
        for name in ("crrb1.conv3", "crrb1.res_conv", "dec_block_1.0.conv3", "dec_block_1.1.conv3")
        for kind in ("weight", "bias")
    ]
    assert found.channels["decoder", 1][5] == pytest.approx(slope(network, up + others) ** 2, rel=2e-2)


def test_statistics_are_not_touched(network: EfficientMedNeXt) -> None:
    before = {name: value.clone() for name, value in network.named_buffers()}
    measure_importance(network, loss_of, batch, 1)
    assert all(torch.equal(before[name], value) for name, value in network.named_buffers())
    assert not network.training
