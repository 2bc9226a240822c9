"""Features of the decoder stages, for distillation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from edge_sdk.network.efficient_mednext import EfficientMedNeXt


@contextmanager
def decoder_features(network: EfficientMedNeXt) -> Iterator[dict[str, Tensor]]:
    """Collect what the bottleneck and the decoder stages of the inference graph give, by stage name, (N, C, D, H, W).

    The hooks live as long as the block, so that copies of the network (averaged weights) carry none.
    """
    found: dict[str, Tensor] = {}
    stages = ["bottleneck", *(f"dec_block_{i}" for i in range(3, network.last_stage - 1, -1))]

    def keeper(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            found[name] = output

        return keep

    handles = [network.get_submodule(name).register_forward_hook(keeper(name)) for name in stages]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def feature_loss(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> Tensor:
    """Mean squared distance over the teacher's mean square, averaged over the stages: 0 equal, about 1 unrelated.

    Stages whose width differs from the teacher's (of a pruned network) are left out.
    """
    ratios = [
        (ours[name] - target).square().mean() / target.square().mean().clamp_min(1e-12)
        for name, target in theirs.items()
        if ours[name].shape == target.shape
    ]
    return torch.stack(ratios).mean() if ratios else torch.zeros(())
