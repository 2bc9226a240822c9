"""The rounds of a pruning, step by step."""

from __future__ import annotations

from copy import deepcopy

import torch

from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.compressor import Compressed
from quantization.fitting import Fitting, History
from quantization.pruning.budget import LatencyBudget
from quantization.pruning.cost import total_macs
from quantization.pruning.cut_report import cuts_by_stage
from quantization.pruning.rounds import Rounds
from quantization.pruning.setup import PruningSetup
from quantization.pruning.surgery import cut
from quantization.records.pruning import PruningReport, PruningSummary, PruningTables, RoundRow
from quantization.student import estimate_statistics

NAME = "prune"
"""In run.json."""
STATISTICS_BATCHES = 20
CUTS = 5
"""Tries in the last round until a latency budget is kept."""


class PreparedPruning:
    """A pruning whose budgets are known.

    Attributes:
        history: Losses and scores of the recovery that finished last.
    """

    def __init__(self, setup: PruningSetup, rounds: Rounds) -> None:
        """
        Args:
            setup: What is pruned, and how.
            rounds: Budgets, and what an interrupted run finished.

        Raises:
            TrainingError: A file of the interrupted run is damaged.
        """
        self._setup, self._rounds, self.history = setup, rounds, History()
        self._network = rounds.recovered_network() or setup.network
        self._before: float | None = None
        self._fitting: Fitting[EfficientMedNeXt] | None = None
        if (smaller := rounds.cut_network()) is not None:
            self._finish_if_done(self._begin(smaller))

    @property
    def steps(self) -> int:
        """A cut and a recovery for every round."""
        return self._setup.steps_of(self._setup.plan.rounds)

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        finished = self._setup.steps_of(self._rounds.current)
        return finished + (0 if self._fitting is None else 1 + self._fitting.done)

    def step(self) -> str:
        """A cut, or a step of the recovery after it."""
        if self._fitting is None:
            smaller = self._cut()
            self._rounds.keep_cut(smaller)
            self._begin(smaller)
            return f"{self._gmac(smaller):.3g} GMAC of {self._gmac(self._setup.network):.3g}"
        self._fitting.step()
        text = f"round {self._rounds.current + 1}, {self._fitting.history.summary()}"
        self._finish_if_done(self._fitting)
        return text

    def finalize(self) -> Compressed[EfficientMedNeXt, PruningReport]:
        """The network of the last round; what went, stage by stage and round by round."""
        before, after = self._setup.network.architecture.inference, self._network.architecture
        macs_before, macs = (total_macs(architecture, self._setup.patch) for architecture in (before, after))
        summary = PruningSummary(
            parameters_before=self._setup.network.inference_parameters(),
            parameters=self._network.inference_parameters(),
            macs_before=macs_before,
            macs=macs,
            macs_share=macs / macs_before,
        )
        notes = ["Multiplications are those of the deploy form for one patch. Dice on validation cases."]
        if isinstance(budget := self._setup.budget, LatencyBudget):
            latency_ms = budget.latency(self._network)
            summary = summary.model_copy(update={"latency_ms": latency_ms, "latency_budget_ms": budget.limit_ms})
            if latency_ms > budget.limit_ms:
                notes.append("Measured again at the end, the latency is above its budget.")
        tables = PruningTables(stages=cuts_by_stage(before, after, self._setup.patch), rounds=self._rounds.rows)
        return Compressed(
            self._network, PruningReport(name=NAME, summary=summary, tables=tables, notes=notes), self.history
        )

    def _gmac(self, network: EfficientMedNeXt) -> float:
        return self._setup.macs(network) / 1e9

    def _cut(self) -> EfficientMedNeXt:
        setup, pruner, budget = self._setup, self._setup.pruner(self._network), self._rounds.current_budget
        if pruner.macs() <= budget:
            # Cuts are coarse: the round before went this far already.
            return deepcopy(self._network)
        importance = setup.importance(self._network)
        smaller = cut(self._network, pruner.chosen(importance, budget))
        if isinstance(setup.budget, LatencyBudget) and self._rounds.current == setup.plan.rounds - 1:
            limit = setup.budget.limit_ms
            for _ in range(CUTS):
                if (took := setup.budget.latency(smaller)) <= limit:
                    break
                budget = int(0.97 * budget * limit / took)
                smaller = cut(self._network, pruner.chosen(importance, budget))
        estimate_statistics(smaller.to(setup.processor.device), setup.batches, STATISTICS_BATCHES)
        return smaller

    def _begin(self, smaller: EfficientMedNeXt) -> Fitting[EfficientMedNeXt]:
        self._before = None if self._setup.score is None else self._setup.score(smaller)
        network = smaller.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self._fitting = self._setup.fitting(network, self._rounds.current, self._rounds.fit_file())
        return self._fitting

    def _finish_if_done(self, fitting: Fitting[EfficientMedNeXt]) -> None:
        """Close the round after the last step of its recovery."""
        if fitting.done < fitting.plan.steps:
            return
        network = fitting.averaged()
        row = RoundRow(
            round=self._rounds.current + 1,
            gmac=self._gmac(network),
            parameters=network.inference_parameters(),
            dice_after_cut=self._before,
            dice_recovered=None if self._setup.score is None else self._setup.score(network),
        )
        self._rounds.finish(network, row)
        self._network, self.history, self._fitting = network, fitting.history, None
