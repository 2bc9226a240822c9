"""From a budget in milliseconds to one in multiplications, by measuring on this device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import RecipeError
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.packages.manifest import Normalization
from quantization.deploy_form import deploy_graph
from quantization.measurement import Measure
from quantization.observers import calibrated_graph
from quantization.pruning.importance import Importance
from quantization.pruning.plan import Pruner
from quantization.pruning.surgery import cut
from quantization.recipe import Quantize

HALVINGS = 6
"""Of the interval between what is too slow and what is fast enough: to within 2 % of its length."""

Milliseconds = Callable[[EfficientMedNeXt], float]


@dataclass(frozen=True)
class Int8Latency:
    """Median latency of a network's INT8 form for one patch; its speed does not depend on how well it is calibrated.

    Attributes:
        patch: (1, C, D, H, W), normalized.
    """

    measure: Measure
    patch: NDArray[np.float32]
    normalization: Normalization
    plan: Quantize

    def __call__(self, network: EfficientMedNeXt) -> float:
        """Milliseconds."""
        quick = self.plan.model_copy(update={"observer": "minmax"})
        graph = calibrated_graph(deploy_graph(network), self.patch, self.normalization, quick)
        return self.measure({"int8": graph}).forms["int8"].median_ms


def macs_within(
    network: EfficientMedNeXt, pruner: Pruner, importance: Importance, latency: Milliseconds, limit_ms: float
) -> int:
    """The most multiplications with which the pruned network keeps to a latency, by bisection.

    Raises:
        RecipeError: Nothing needs to go, or even the smallest network is too slow.
    """
    full, fewest = pruner.macs(), pruner.fewest()
    if (unpruned := latency(network)) <= limit_ms:
        raise RecipeError(
            f"prune.latency_ms = {limit_ms:g} asks for nothing: the unpruned network takes {unpruned:.4g} ms here",
            remedy="leave out prune.latency_ms, or lower it",
        )

    def took(macs: int) -> float:
        return latency(cut(network, pruner.chosen(importance, macs)))

    if (smallest := took(fewest)) > limit_ms:
        raise RecipeError(
            f"prune.latency_ms = {limit_ms:g} cannot be reached: the smallest network takes {smallest:.4g} ms here",
            remedy="raise prune.latency_ms, or lower prune.minimum_width",
        )
    fast, slow = fewest, full
    for _ in range(HALVINGS):
        middle = (fast + slow) // 2
        fast, slow = (middle, slow) if took(middle) <= limit_ms else (fast, middle)
    return fast
