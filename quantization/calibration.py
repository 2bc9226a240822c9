"""INT8 without training: calibrated ranges, the sensitivity of every layer, and the layers that stay float."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from edge_sdk.errors import TrainingError
from edge_sdk.graph import Graph, Quantize
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.packages.manifest import Normalization
from quantization.calibration_state import CalibrationState, calibration_digest
from quantization.compressor import Compressed
from quantization.observers import calibrated_ranges, check_calibration
from quantization.quantizers import with_quantizers
from quantization.recipe import QuantizeRecipe
from quantization.records.int8 import (
    QuantizationReport,
    QuantizationSummary,
    QuantizationTables,
    QuantizedFormRow,
    SensitivityRow,
)
from quantization.sensitivity import Damage, LayerDamage, Sensitivity, fallback

Score = Callable[[nn.Module], float]


class CalibrationStage:
    """Post-training quantization: a `Compressor` that trains nothing.

    Weights symmetric per output channel, activations per tensor; the input of 8-bit voxels and the head's float
    weights are exact. The steps are the layers whose sensitivity is measured, then the choice of float layers.
    """

    name = "calibration"

    def __init__(
        self,
        float_graph: Graph,
        patches: NDArray[np.float32],
        plan: QuantizeRecipe,
        normalization: Normalization,
        *,
        checkpoint: Path,
        score: Score | None = None,
    ) -> None:
        """
        Args:
            float_graph: Deploy form, norms folded.
            patches: (M, C, D, H, W) normalized calibration patches.
            plan: The recipe's section.
            normalization: Normalization of the patches.
            checkpoint: A JSON file beside it keeps what was measured, for an interrupted run.
            score: Validation Dice of a module, for reports and for `plan.maximum_dice_drop`.
        """
        self.float_graph, self.patches, self.plan = float_graph, patches, plan
        self.score, self.normalization = score, normalization
        self.state_file = checkpoint.with_name(f"{checkpoint.stem}-calibration.json")

    def prepare(self) -> PreparedCalibration:
        """Calibrate the ranges, or read what an interrupted run left.

        Raises:
            TrainingError: The patches are not finite or have no contrast, or the folder holds another calibration.
        """
        check_calibration(self.patches, self.float_graph)
        if self.plan.maximum_dice_drop is not None and self.plan.has_float_budget and self.score is None:
            raise TrainingError(
                "quantize.maximum_dice_drop is given, and there are no validation cases",
                remedy="set data.validation_fraction above 0, or leave maximum_dice_drop out",
            )
        digest = calibration_digest(self.float_graph, self.patches, self.plan, self.normalization)
        state = CalibrationState.read(self.state_file, digest)
        if state is None or not state.ranges:
            ranges = calibrated_ranges(self.float_graph, self.patches, self.normalization, self.plan)
            state = CalibrationState(made_from=digest, ranges=ranges, layers=[], float_layers=None, forms=[])
            state.write(self.state_file)
        return PreparedCalibration(self, state)


@dataclass(frozen=True)
class FloatChoice:
    """The layers that stay float, and every form that was measured to choose them.

    Attributes:
        layers: Names of the convolutions.
        forms: The float form, then the INT8 forms with 0, 1, … layers float.
    """

    layers: list[str]
    forms: list[QuantizedFormRow]

    @property
    def chosen_form(self) -> QuantizedFormRow:
        """The INT8 form with these layers float."""
        return self.forms[1 + len(self.layers)]


class PreparedCalibration:
    """A calibration whose ranges are known."""

    def __init__(self, stage: CalibrationStage, state: CalibrationState) -> None:
        """
        Args:
            stage: What is calibrated.
            state: Ranges, and what an interrupted run measured.
        """
        self.stage, self._state = stage, state
        self._ranges: dict[str, Quantize] = state.ranges
        self._layers: list[LayerDamage] = list(state.layers)
        chosen = state.float_layers
        self._choice = None if chosen is None else FloatChoice(chosen, state.forms)
        some = stage.patches[: max(1, stage.plan.measured_patches)]
        self._sensitivity = Sensitivity(stage.float_graph, self._ranges, stage.plan.weight_limit, some)

    @property
    def steps(self) -> int:
        """Layers to measure, and the choice."""
        return (len(self._sensitivity.layers) if self.stage.plan.measured_patches else 0) + 1

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return len(self._layers) + (self._choice is not None)

    def step(self) -> str:
        """Measure the next layer, or choose the float layers after the last one."""
        if self.done < self.steps - 1:
            found = self._sensitivity.measure(self._sensitivity.layers[self.done])
            self._layers.append(found)
            self._save()
            return f"{found.layer} moves the logits by {found.error:.2%}"
        choice = self.choice()
        return f"logits moved by {choice.chosen_form.error:.2%}, {len(choice.layers)} layers float"

    def choice(self) -> FloatChoice:
        """The float layers; they are chosen now where the last step was not taken."""
        if self._choice is None:
            self._choice = self._choose()
            self._save()
        return self._choice

    def graph(self) -> Graph:
        """The calibrated graph with the chosen layers float."""
        return self._with_float(tuple(self.choice().layers))

    def finalize(self) -> Compressed[Graph, QuantizationReport]:
        """The calibrated graph; errors of the forms, and the sensitivity of the layers, the most sensitive first."""
        return Compressed(self.graph(), self.report(), None)

    def report(self) -> QuantizationReport:
        """What was measured and chosen."""
        plan, choice = self.stage.plan, self.choice()
        last, chosen = choice.chosen_form, choice.layers
        kept = sum(each.macs for each in self._layers if each.layer in chosen)
        rows = [
            SensitivityRow(**asdict(each), stays_float="yes" if each.layer in chosen else "no")
            for each in sorted(self._layers, key=lambda each: each.error, reverse=True)
        ]
        notes = [] if not chosen else [f"Float layers: {', '.join(chosen)}."]
        if plan.has_float_budget and not self._enough(choice.forms[0], last):
            notes.append("The target was not met within the budget of float layers.")
        return QuantizationReport(
            name=self.stage.name,
            summary=QuantizationSummary(
                observer=plan.observer,
                weight_limit=plan.weight_limit,
                isa=plan.isa,
                error=last.error,
                class_change=last.class_change,
                float_layers=len(chosen),
                float_macs=kept / self._sensitivity.total_macs,
            ),
            tables=(
                QuantizationTables(forms=choice.forms, layers=rows) if rows else QuantizationTables(forms=choice.forms)
            ),
            notes=notes,
        )

    def measured_form(self, name: str, graph: Graph, found: Damage | None = None) -> QuantizedFormRow:
        """A row of the report: what a graph's rounding does, and its Dice where there is a score."""
        found = found or self._sensitivity.of(graph)
        dice = None if self.stage.score is None else self.stage.score(GraphModule(graph).eval())
        return QuantizedFormRow(form=name, error=found.error, class_change=found.class_change, dice=dice)

    def _with_float(self, layers: tuple[str, ...]) -> Graph:
        return with_quantizers(self.stage.float_graph, self._ranges, self.stage.plan.weight_limit, layers)

    def _choose(self) -> FloatChoice:
        plan = self.stage.plan
        float_form = self.measured_form("float", self.stage.float_graph, Damage(0.0, 0.0))
        forms = [float_form]

        def enough(layers: tuple[str, ...]) -> bool:
            name = f"INT8, {len(layers)} layers float" if layers else "INT8"
            forms.append(self.measured_form(name, self._with_float(layers)))
            return self._enough(float_form, forms[-1])

        chosen = fallback(self._layers, self._sensitivity.total_macs, plan, enough)
        if not plan.has_float_budget:
            enough(chosen)
        if not self._enough(float_form, forms[-1]):
            # A float layer may undo errors that cancelled: keep the best form that was measured.
            errors = [form.error for form in forms[1:]]
            chosen = chosen[: errors.index(min(errors))]
        return FloatChoice(list(chosen), forms)

    def _enough(self, float_form: QuantizedFormRow, form: QuantizedFormRow) -> bool:
        plan = self.stage.plan
        within, drop = form.error <= plan.maximum_error, plan.maximum_dice_drop
        if drop is None or form.dice is None:
            return within
        return within and (float_form.dice or 0.0) - form.dice <= drop

    def _save(self) -> None:
        choice = self._choice
        state = CalibrationState(
            made_from=self._state.made_from,
            ranges=self._ranges,
            layers=self._layers,
            float_layers=None if choice is None else choice.layers,
            forms=[] if choice is None else choice.forms,
        )
        state.write(self.stage.state_file)
