"""Structured pruning in rounds: measure what matters, cut, estimate the statistics, and recover by distillation."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from edge_sdk.errors import RecipeError
from edge_sdk.network.architecture import Architecture, is_single
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.compressor import Form, Row, StageReport
from quantization.fitting import Batch, Fitting, History
from quantization.processor import Processor
from quantization.pruning.cost import stage_macs, total_macs
from quantization.pruning.importance import measure_importance
from quantization.pruning.latency import Milliseconds, macs_within
from quantization.pruning.plan import Pruner, check_budget
from quantization.pruning.rounds import Rounds
from quantization.pruning.surgery import cut, require_prunable
from quantization.recipe import Fit, Prune, Student
from quantization.student import estimate_statistics, imitation_loss

STATISTICS_BATCHES = 20
CUTS = 5
"""Of the last round, until a latency budget is kept."""


class Pruning:
    """A `Compressor` whose form is the smaller BatchNorm network.

    Attributes:
        history: Of the recovery that finished last.
    """

    name = "prune"

    def __init__(
        self,
        network: EfficientMedNeXt,
        teacher: EfficientMedNeXt,
        batches: Callable[[int], Batch],
        plan: Prune,
        imitation: Student,
        patch: tuple[int, int, int],
        *,
        folder: Path,
        latency: Milliseconds | None = None,
        score: Callable[[nn.Module], float] | None = None,
        processor: Processor | None = None,
    ) -> None:
        """
        Args:
            network: To be pruned; it stays as it is.
            teacher: The published form, which the pruned network imitates while it recovers.
            batches: Batch of a step number.
            imitation: Weights of the terms of the recovery's loss.
            patch: (D, H, W) that multiplications are counted for.
            folder: Keeps what an interrupted pruning did.
            latency: Milliseconds of a network on this device; needed for a budget in milliseconds.
            score: Validation Dice of a module, told of every round.
            processor: Where to compute; None is float32 on the CPU.

        Raises:
            RecipeError: GroupNorm, no budget, or one that cannot be reached or measured.
        """
        require_prunable(network)
        check_budget(network.architecture, patch, plan)
        if not plan.wanted:
            raise RecipeError("the recipe states no budget to prune to", remedy="give prune.macs or prune.latency_ms")
        if plan.latency_ms is not None and latency is None:
            raise RecipeError(
                "prune.latency_ms needs OpenVINO to measure with, and it is not installed",
                remedy="pip install 'edge-sdk[openvino]', or give prune.macs",
            )
        self._original, self._batches, self._plan, self._patch = network, batches, plan, patch
        self._loss_of, self._score, self._latency = imitation_loss(teacher.eval(), imitation), score, latency
        self._rounds, self._processor = Rounds(folder), processor or Processor()
        self._network, self.history = network, History()
        self._fitting: Fitting | None = None
        self._before: float | None = None

    @property
    def steps(self) -> int:
        """A cut and a recovery for every round."""
        return self._steps_of(self._plan.rounds)

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return self._steps_of(self._rounds.current) + (0 if self._fitting is None else 1 + self._fitting.done)

    def prepare(self) -> None:
        """Set a budget for every round, or take up an interrupted pruning."""
        self._rounds = Rounds.read(self._rounds.folder)
        if not self._rounds.budgets:
            self._rounds.budgets = self._set_budgets()
            self._rounds.write()
        self._network = self._rounds.recovered_network() or self._original
        if (smaller := self._rounds.cut_network()) is not None:
            self._begin(smaller)
            if self.done == self._end_of_round():
                self._finish()

    def step(self) -> str:
        """A cut, or a step of the recovery after it."""
        if self._fitting is None:
            smaller = self._cut()
            self._rounds.keep_cut(smaller)
            self._begin(smaller)
            return f"{self._gmac(smaller):.3g} GMAC of {self._gmac(self._original):.3g}"
        self._fitting.step()
        told = f"round {self._rounds.current + 1}, {self._fitting.history.told()}"
        if self.done == self._end_of_round():
            self._finish()
        return told

    def finalize(self) -> Form:
        """The network of the last round."""
        assert self._rounds.current == self._plan.rounds, "only after the last step"
        return Form(network=self._network)

    def report(self) -> StageReport:
        """What went, stage by stage and round by round."""
        before, after = self._original.architecture.inference, self._network.architecture
        macs = total_macs(before, self._patch), total_macs(after, self._patch)
        summary: dict[str, Any] = {
            "parameters_before": self._original.inference_parameters(),
            "parameters": self._network.inference_parameters(),
            "macs_before": macs[0],
            "macs": macs[1],
            "macs_share": macs[1] / macs[0],
        }
        if self._latency is not None and self._plan.latency_ms is not None:
            summary |= {"latency_ms": self._latency(self._network), "latency_budget_ms": self._plan.latency_ms}
        notes = ["Multiplications are those of the deploy form for one patch. Dice on validation cases."]
        if summary.get("latency_ms", 0.0) > summary.get("latency_budget_ms", 0.0):
            notes.append("Measured again at the end, the latency is above its budget.")
        return StageReport(
            self.name,
            summary,
            {"Before and after, by stage": _by_stage(before, after, self._patch), "Rounds": self._rounds.rows},
            notes,
        )

    def _steps_of(self, rounds: int) -> int:
        return sum(1 + self._recovery(number).steps for number in range(rounds))

    def _end_of_round(self) -> int:
        return self._steps_of(self._rounds.current + 1)

    def _recovery(self, number: int) -> Fit:
        recovery = self._plan.recovery
        last = number == self._plan.rounds - 1
        return recovery.model_copy(update={"steps": self._plan.final_steps}) if last else recovery

    def _gmac(self, network: EfficientMedNeXt) -> float:
        return total_macs(network.architecture, self._patch) / 1e9

    def _pruner(self) -> Pruner:
        return Pruner(self._network.architecture, self._patch, self._plan)

    def _set_budgets(self) -> list[int]:
        full = total_macs(self._original.architecture, self._patch)
        if self._plan.macs is not None:
            last = int(self._plan.macs * full)
        else:
            assert self._latency is not None
            assert self._plan.latency_ms is not None
            importance = measure_importance(self._original, self._loss_of, self._batches, self._plan.importance_batches)
            last = macs_within(self._original, self._pruner(), importance, self._latency, self._plan.latency_ms)
        rounds = self._plan.rounds
        return [int(full * (last / full) ** (number / rounds)) for number in range(1, rounds)] + [last]

    def _cut(self) -> EfficientMedNeXt:
        pruner, budget = self._pruner(), self._rounds.budgets[self._rounds.current]
        if pruner.macs() <= budget:
            # Cuts are coarse: the round before went this far already.
            return deepcopy(self._network)
        importance = measure_importance(self._network, self._loss_of, self._batches, self._plan.importance_batches)
        smaller = cut(self._network, pruner.chosen(importance, budget))
        limit = self._plan.latency_ms
        if limit is not None and self._latency is not None and self._rounds.current == self._plan.rounds - 1:
            for _ in range(CUTS):
                if (took := self._latency(smaller)) <= limit:
                    break
                budget = int(0.97 * budget * limit / took)
                smaller = cut(self._network, pruner.chosen(importance, budget))
        estimate_statistics(smaller.to(self._processor.device), self._batches, STATISTICS_BATCHES)
        return smaller

    def _begin(self, smaller: EfficientMedNeXt) -> None:
        self._before = None if self._score is None else self._score(smaller)
        self._fitting = Fitting(
            smaller.to(memory_format=torch.channels_last_3d),  # type: ignore[call-overload]
            self._loss_of,
            self._batches,
            self._recovery(self._rounds.current),
            checkpoint=self._rounds.fit_file(),
            validate=self._score,
            processor=self._processor,
        )

    def _finish(self) -> None:
        assert self._fitting is not None
        network = self._fitting.averaged()
        assert isinstance(network, EfficientMedNeXt)
        row: Row = {
            "round": self._rounds.current + 1,
            "gmac": self._gmac(network),
            "parameters": network.inference_parameters(),
            "dice_after_cut": self._before,
            "dice_recovered": None if self._score is None else self._score(network),
        }
        self._rounds.finish(network, row)
        self._network, self.history, self._fitting = network, self._fitting.history, None


def _by_stage(before: Architecture, after: Architecture, patch: tuple[int, int, int]) -> list[Row]:
    """A row per stage: channels, blocks, branches and multiplications."""
    macs = stage_macs(before, patch), stage_macs(after, patch)
    rows: list[Row] = []
    for stage, had in before.stages.items():
        kept = after.stages[stage]
        old, new = before.widths_of(stage), after.widths_of(stage)
        rows.append(
            {
                "stage": stage,
                "channels": _change(_widths(old), _widths(new)),
                "blocks": "1" if is_single(stage) else _change(str(len(had)), str(len(kept))),
                "branches": _change(str(sum(map(len, had))), str(sum(map(len, kept)))),
                "gmac_before": macs[0][stage] / 1e9,
                "gmac": macs[1][stage] / 1e9,
                "share": macs[1][stage] / macs[0][stage],
            }
        )
    return rows


def _widths(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}→{ends[1]}"


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} ⇒ {after}"
