"""Structured pruning in rounds: measure what matters, cut, estimate the statistics, and recover by distillation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.fitting import Batch
from quantization.processor import Processor
from quantization.pruning.budget import budget_of
from quantization.pruning.latency import Milliseconds
from quantization.pruning.plan import check_budget
from quantization.pruning.prepared import NAME, PreparedPruning
from quantization.pruning.rounds import Rounds
from quantization.pruning.setup import PruningSetup
from quantization.pruning.surgery import require_prunable
from quantization.recipe import PruneRecipe, StudentRecipe
from quantization.student import imitation_loss


class Pruning:
    """A `Compressor` whose form is the smaller BatchNorm network."""

    name = NAME

    def __init__(
        self,
        network: EfficientMedNeXt,
        teacher: EfficientMedNeXt,
        batches: Callable[[int], Batch],
        plan: PruneRecipe,
        imitation: StudentRecipe,
        patch: tuple[int, int, int],
        *,
        folder: Path,
        latency: Milliseconds | None = None,
        score: Callable[[nn.Module], float] | None = None,
        processor: Processor | None = None,
    ) -> None:
        """
        Args:
            network: Network to be pruned; it stays as it is.
            teacher: The published form, which the pruned network imitates while it recovers.
            batches: Batch of a step number.
            plan: The recipe's section.
            imitation: Weights of the terms of the recovery's loss.
            patch: (D, H, W) that multiplications are counted for.
            folder: Keeps what an interrupted pruning did.
            latency: Milliseconds of a network on this device; needed for a budget in milliseconds.
            score: Validation Dice of a module, reported for every round.
            processor: Where to compute; None is float32 on the CPU.

        Raises:
            RecipeError: GroupNorm, no budget, or one that cannot be reached or measured.
        """
        require_prunable(network)
        check_budget(network.architecture, patch, plan)
        self._folder = folder
        self._setup = PruningSetup(
            network,
            plan,
            budget_of(plan, latency),
            patch,
            batches,
            imitation_loss(teacher.eval(), imitation),
            score,
            processor or Processor(),
        )

    def prepare(self) -> PreparedPruning:
        """Set a budget for every round, or take up an interrupted pruning.

        Raises:
            RecipeError: The latency asks for nothing, or cannot be reached.
            TrainingError: A file of the interrupted pruning is damaged.
        """
        rounds = Rounds.read(self._folder)
        if not rounds.budgets:
            rounds.budgets = self._setup.round_budgets()
            rounds.write()
        return PreparedPruning(self._setup, rounds)
