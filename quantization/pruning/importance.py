"""How much the loss would change, to first order, without a channel, a branch or a block.

Taylor importance (Molchanov et al. 2019): what is set to zero changes the loss by about the sum of its weights times
their gradients; the square of that, averaged over batches. For channels, branches and blocks it is in one unit, so that
they can be weighed against each other. torch-pruning (1.6.1) scales every group's importances by their own mean, and
they cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_sdk.network.architecture import ChannelGroup, channel_groups
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.fitting import Batch
from quantization.pruning.selection import Place, block_name, output_first

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """Mean squared first-order change of the loss.

    Attributes:
        channels: Group → one score per channel.
        branches: (stage, number of the block, branch) → score.
        blocks: (stage, number of the block) → score, of blocks whose residual is an identity.
    """

    channels: dict[ChannelGroup, Scores]
    branches: dict[tuple[str, int, int], float]
    blocks: dict[Place, float]


def measure_importance(
    network: EfficientMedNeXt,
    loss_of: Callable[[EfficientMedNeXt, Batch], Tensor],
    batches: Callable[[int], Batch],
    count: int,
) -> Importance:
    """Importance of everything that inference runs, from the gradients of `count` batches.

    Args:
        network: With BatchNorm; its running statistics are used and kept. It is left in evaluation mode.
        loss_of: Loss of a batch.
        batches: Batch of a step number.
    """
    # Training mode for the depthwise convolutions that train fast, evaluation mode for the norms.
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.eval()
    device = next(network.parameters()).device
    found = Importance({}, {}, {})
    for step in range(count):
        network.zero_grad(set_to_none=True)
        images, labels = batches(step)
        loss_of(network, (images.to(device), labels.to(device))).backward()  # type: ignore[no-untyped-call]
        _accumulate(found, _changes(network), count)
    network.zero_grad(set_to_none=True)
    network.eval()
    return found


def _accumulate(found: Importance, changes: Importance, count: int) -> None:
    """Add the squares of one batch's changes, of `count`."""
    for group, change in changes.channels.items():
        found.channels[group] = found.channels.get(group, np.zeros(len(change))) + change**2 / count
    for branch, value in changes.branches.items():
        found.branches[branch] = found.branches.get(branch, 0.0) + value**2 / count
    for place, value in changes.blocks.items():
        found.blocks[place] = found.blocks.get(place, 0.0) + value**2 / count


@torch.no_grad()
def _changes(network: EfficientMedNeXt) -> Importance:
    """First-order changes of the loss, not squared, from the gradients that the network holds."""
    architecture = network.architecture.inference
    found = Importance({("encoder", 0): _written(network.stem, "stem").numpy()}, {}, {})
    for stage, blocks in architecture.stages.items():
        source, sink = channel_groups(stage)
        channels = architecture.widths_of(stage)[0]
        for number, kept in enumerate(blocks):
            block: Any = network.get_submodule(block_name((stage, number)))
            mix = output_first(_product(block.conv3.weight), stage)
            for position, branch in enumerate(kept):
                part = mix[:, position * channels : (position + 1) * channels]
                found.branches[stage, number, branch] = float(part.sum())
            written = _written(block.conv3, stage)
            if block.res_conv is not None:
                written = written + _written(block.res_conv, stage)
            elif source == sink:
                found.blocks[stage, number] = float(written.sum())
            found.channels[sink] = found.channels.get(sink, np.zeros(len(written))) + written.numpy()
    return found


def _written(conv: Any, stage: str) -> Tensor:
    """Change of the loss without each output channel of a 1×1×1 convolution, (out,)."""
    return output_first(_product(conv.weight), stage).sum(dim=1) + _product(conv.bias)


def _product(parameter: Tensor) -> Tensor:
    """Weight times gradient as (out, in), or (out,) of a bias; zero where the loss does not depend on it."""
    product = torch.zeros_like(parameter) if parameter.grad is None else parameter * parameter.grad
    product = product.double().cpu()
    # Kernels are 1×1×1.
    return product.flatten(2).sum(2) if product.ndim > 1 else product
