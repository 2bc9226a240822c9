"""What a pruning works with, and the pieces of each round: importance, cut network, recovery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.fitting import Batch, Fitting
from quantization.processor import Processor
from quantization.pruning.budget import Budget, MacsBudget
from quantization.pruning.cost import total_macs
from quantization.pruning.importance import Importance, measure_importance
from quantization.pruning.latency import macs_within
from quantization.pruning.plan import Pruner
from quantization.recipe import FitRecipe, PruneRecipe


@dataclass(frozen=True)
class PruningSetup:
    """The parts of a pruning that stay the same in all rounds.

    Attributes:
        network: The unpruned network.
        plan: The recipe's section.
        budget: What the last round must keep.
        patch: (D, H, W) that multiplications are counted for.
        batches: Batch of a step number.
        loss_of: Loss of a network on a batch.
        score: Validation Dice of a module; None without validation cases.
        processor: Where to compute.
    """

    network: EfficientMedNeXt
    plan: PruneRecipe
    budget: Budget
    patch: tuple[int, int, int]
    batches: Callable[[int], Batch]
    loss_of: Callable[[EfficientMedNeXt, Batch], Tensor]
    score: Callable[[nn.Module], float] | None
    processor: Processor

    def importance(self, network: EfficientMedNeXt) -> Importance:
        """What matters in a network, from the gradients of some batches."""
        return measure_importance(network, self.loss_of, self.batches, self.plan.importance_batches)

    def pruner(self, network: EfficientMedNeXt) -> Pruner:
        """The cuts that the recipe allows on a network."""
        return Pruner(network.architecture, self.patch, self.plan)

    def macs(self, network: EfficientMedNeXt) -> int:
        """Multiply-accumulates of a network in deploy form for one patch."""
        return total_macs(network.architecture, self.patch)

    def steps_of(self, rounds: int) -> int:
        """Steps of the first rounds: a cut and a recovery each."""
        return sum(1 + self.recovery(number).steps for number in range(rounds))

    def recovery(self, number: int) -> FitRecipe:
        """The fit after the cut of a round, counted from 0."""
        last = number == self.plan.rounds - 1
        return self.plan.recovery.model_copy(update={"steps": self.plan.final_steps}) if last else self.plan.recovery

    def fitting(self, network: EfficientMedNeXt, number: int, checkpoint: Path) -> Fitting[EfficientMedNeXt]:
        """The recovery of a cut network, or an interrupted one that goes on.

        Args:
            network: Network after the cut.
            number: Number of the round, from 0.
            checkpoint: File of the fit.

        Raises:
            TrainingError: The file is damaged, or of another network.
        """
        return Fitting(
            network,
            self.loss_of,
            self.batches,
            self.recovery(number),
            checkpoint=checkpoint,
            validate=self.score,
            processor=self.processor,
        )

    def round_budgets(self) -> list[int]:
        """Multiply-accumulates to stay within after each round.

        Raises:
            RecipeError: The latency asks for nothing, or cannot be reached.
        """
        full = self.macs(self.network)
        if isinstance(self.budget, MacsBudget):
            last = int(self.budget.share * full)
        else:
            importance, pruner = self.importance(self.network), self.pruner(self.network)
            last = macs_within(self.network, pruner, importance, self.budget.latency, self.budget.limit_ms)
        rounds = self.plan.rounds
        return [int(full * (last / full) ** (number / rounds)) for number in range(1, rounds)] + [last]
