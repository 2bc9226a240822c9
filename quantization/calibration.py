"""INT8 without training: calibrated ranges, the sensitivity of every layer, and the layers that stay float."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path
from edge_sdk.graph import Conv, Graph, Quantize
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.packages.manifest import Normalization
from quantization.compressor import Form, Row, StageReport
from quantization.observers import calibrated_ranges, check_calibration
from quantization.quantizers import with_quantizers
from quantization.recipe import Quantize as Plan
from quantization.sensitivity import Damage, LayerDamage, Sensitivity, fallback

Score = Callable[[nn.Module], float]


class Calibration:
    """Post-training quantization: a `Compressor` that trains nothing.

    Weights symmetric per output channel, activations per tensor; the input of 8-bit voxels and the head's float
    weights are exact. The steps are the layers whose sensitivity is measured, then the choice of float layers.
    """

    def __init__(
        self,
        float_graph: Graph,
        patches: NDArray[np.float32],
        plan: Plan,
        normalization: Normalization,
        *,
        checkpoint: Path,
        score: Score | None = None,
    ) -> None:
        """
        Args:
            float_graph: Deploy form, norms folded.
            patches: (M, C, D, H, W) normalized calibration patches.
            normalization: Of the patches.
            checkpoint: A JSON file beside it keeps what was measured, for an interrupted run.
            score: Validation Dice of a module, for reports and for `plan.maximum_dice_drop`.
        """
        self.float_graph, self.patches, self.plan = float_graph, patches, plan
        self.score, self._normalization = score, normalization
        self._state = checkpoint.with_name(f"{checkpoint.stem}-calibration.json")
        self._ranges: dict[str, Quantize] = {}
        self._sensitivity: Sensitivity | None = None
        self._layers: list[LayerDamage] = []
        self._chosen: list[str] | None = None
        self._total_macs = 0
        self.forms: list[Row] = []

    name = "calibration"

    @property
    def steps(self) -> int:
        """Layers to measure, and the choice."""
        return (len(self._measured.layers) if self.plan.measured_patches else 0) + 1

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return len(self._layers) + (self._chosen is not None)

    def prepare(self) -> None:
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
        self._resume()
        if not self._ranges:
            self._ranges = calibrated_ranges(self.float_graph, self.patches, self._normalization, self.plan)
            self._save()
        some = self.patches[: max(1, self.plan.measured_patches)]
        self._sensitivity = Sensitivity(self.float_graph, self._ranges, self.plan.weight_limit, some)

    def step(self) -> str:
        """Measure the next layer, or choose the float layers after the last one."""
        if self.done < self.steps - 1:
            found = self._measured.measure(self._measured.layers[self.done])
            self._layers.append(found)
            self._save()
            return f"{found.layer} moves the logits by {found.error:.2%}"
        self._choose()
        self._save()
        count = len(self._chosen or ())
        return f"logits moved by {self.forms[1 + count]['error']:.2%}, {count} layers float"

    def finalize(self) -> Form:
        """The calibrated graph."""
        return Form(graph=self.graph)

    @property
    def graph(self) -> Graph:
        """The calibrated graph, after the last step."""
        assert self._chosen is not None
        return self._with_float(tuple(self._chosen))

    def report(self) -> StageReport:
        """Errors of the forms, and the sensitivity of the layers, the most sensitive first."""
        chosen = self._chosen or []
        last = self.forms[1 + len(chosen)]
        kept = sum(each.macs for each in self._layers if each.layer in chosen)
        rows: list[Row] = [
            {**asdict(each), "float": "yes" if each.layer in chosen else "no"}
            for each in sorted(self._layers, key=lambda each: each.error, reverse=True)
        ]
        notes = [] if not chosen else [f"Float layers: {', '.join(chosen)}."]
        if self.plan.has_float_budget and not self._enough(last):
            notes.append("The target was not met within the budget of float layers.")
        summary = {
            "observer": self.plan.observer,
            "weight_limit": self.plan.weight_limit,
            "isa": self.plan.isa,
            "error": last["error"],
            "class_change": last["class_change"],
            "float_layers": len(chosen),
            "float_macs": kept / self._measured.total_macs,
        }
        tables = {"Forms": self.forms, **({"Sensitivity of the layers": rows} if rows else {})}
        return StageReport(self.name, summary, tables, notes)

    def measured_form(self, name: str, graph: Graph, found: Damage | None = None) -> Row:
        """A row of the report: what a graph's rounding does, and its Dice where there is a score."""
        found = found or self._measured.of(graph)
        dice = None if self.score is None else self.score(GraphModule(graph).eval())
        return {"form": name, **asdict(found), "dice": dice}

    @property
    def _measured(self) -> Sensitivity:
        assert self._sensitivity is not None, "prepare comes first"
        return self._sensitivity

    def _with_float(self, layers: tuple[str, ...]) -> Graph:
        return with_quantizers(self.float_graph, self._ranges, self.plan.weight_limit, layers)

    def _choose(self) -> None:
        self.forms = [self.measured_form("float", self.float_graph, Damage(0.0, 0.0))]

        def enough(layers: tuple[str, ...]) -> bool:
            name = f"INT8, {len(layers)} layers float" if layers else "INT8"
            self.forms.append(self.measured_form(name, self._with_float(layers)))
            return self._enough(self.forms[-1])

        chosen = fallback(self._layers, self._measured.total_macs, self.plan, enough)
        if not self.plan.has_float_budget:
            enough(chosen)
        if not self._enough(self.forms[-1]):
            # A float layer may undo errors that cancelled: keep the best form that was measured.
            errors = [float(form["error"] or 0) for form in self.forms[1:]]
            chosen = chosen[: errors.index(min(errors))]
        self._chosen = list(chosen)

    def _enough(self, form: Row) -> bool:
        within, drop = float(form["error"] or 0) <= self.plan.maximum_error, self.plan.maximum_dice_drop
        if drop is None or form["dice"] is None:
            return within
        return within and float(self.forms[0]["dice"] or 0) - float(form["dice"]) <= drop

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(self.plan.model_dump_json().encode() + self._normalization.model_dump_json().encode())
        for node in self.float_graph:
            digest.update(f"{type(node).__name__} {node.name} {node.inputs}".encode())
            if isinstance(node, Conv):
                digest.update(node.weight.tobytes() + node.bias.tobytes())
        digest.update(np.ascontiguousarray(self.patches).tobytes())
        return digest.hexdigest()

    def _save(self) -> None:
        state = {
            "made_from": self._digest,
            "ranges": {name: asdict(grid) for name, grid in self._ranges.items()},
            "layers": [asdict(each) for each in self._layers],
            "float_layers": self._chosen,
            "forms": self.forms,
        }
        with atomic_path(self._state) as temporary:
            temporary.write_text(json.dumps(state) + "\n")

    def _resume(self) -> None:
        if not self._state.is_file():
            return
        try:
            state: dict[str, Any] = json.loads(self._state.read_text())
            made_from = state["made_from"]
            ranges = {
                name: Quantize(**{**grid, "inputs": tuple(grid["inputs"])}) for name, grid in state["ranges"].items()
            }
            layers = [LayerDamage(**each) for each in state["layers"]]
            chosen, forms = state["float_layers"], state["forms"]
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise TrainingError(
                f"the interrupted calibration cannot be read ({type(cause).__name__})",
                where=self._state,
                remedy="delete this file to calibrate again",
            ) from cause
        if made_from != self._digest:
            raise TrainingError(
                "holds the calibration of another network, other patches or another recipe",
                where=self._state,
                remedy="delete this file to calibrate again, or use another output folder",
            )
        self._ranges, self._layers, self._chosen, self.forms = ranges, layers, chosen, forms
