"""The budget to which a network is pruned."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sdk.errors import RecipeError
from quantization.pruning.latency import Milliseconds
from quantization.recipe import PruneRecipe


@dataclass(frozen=True)
class MacsBudget:
    """A share of the unpruned network's multiplications.

    Attributes:
        share: Largest share that may stay, 0 … 1.
    """

    share: float


@dataclass(frozen=True)
class LatencyBudget:
    """A latency on this device.

    Attributes:
        limit_ms: Largest latency of one patch, ms.
        latency: Measures a network.
    """

    limit_ms: float
    latency: Milliseconds


Budget = MacsBudget | LatencyBudget


def budget_of(plan: PruneRecipe, latency: Milliseconds | None) -> Budget:
    """The budget that a recipe states.

    Args:
        plan: The recipe's section.
        latency: Measures a network on this device; None where that is not possible.

    Raises:
        RecipeError: The recipe states none, or one that cannot be measured here.
    """
    if plan.macs is not None:
        return MacsBudget(plan.macs)
    if plan.latency_ms is None:
        raise RecipeError("the recipe states no budget to prune to", remedy="give prune.macs or prune.latency_ms")
    if latency is None:
        raise RecipeError(
            "prune.latency_ms needs OpenVINO to measure with, and it is not installed",
            remedy="pip install 'edge-sdk[openvino]', or give prune.macs",
        )
    return LatencyBudget(plan.latency_ms, latency)
