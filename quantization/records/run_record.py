"""The record of a run, run.json: what it was made of, and what training and compression found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer, ValidationError

from edge_sdk.packages.manifest import Gate
from quantization.recipe import Recipe
from quantization.records.comparison import FormComparison
from quantization.records.distillation import DistillationReport
from quantization.records.forms import FormAccuracy, FormLatencies, FormSize
from quantization.records.int8 import QuantizationReport
from quantization.records.part import RecordPart
from quantization.records.pruning import PruningReport
from quantization.records.stage import StageKey
from quantization.records.stored_recipe import recipe_from_json, recipe_to_json
from quantization.records.swaps import SwapReport

FILE_NAME = "run.json"

AnyStageReport = DistillationReport | SwapReport | PruningReport | QuantizationReport


def _read_recipe(values: object) -> object:
    return recipe_from_json(values) if isinstance(values, dict) else values


def _comparison_to_json(comparison: FormComparison | None) -> dict[str, JsonValue]:
    return {} if comparison is None else comparison.to_json()


def _gate_to_json(gate: Gate | None) -> dict[str, JsonValue] | None:
    return None if gate is None else gate.model_dump(mode="json")


StoredRecipe = Annotated[Recipe, BeforeValidator(_read_recipe), PlainSerializer(recipe_to_json)]
StoredComparison = Annotated[
    FormComparison | None, BeforeValidator(lambda values: values or None), PlainSerializer(_comparison_to_json)
]
"""None, {} in the file, where there was no case to compare on."""
StoredGate = Annotated[Gate | None, PlainSerializer(_gate_to_json)]


class CaseNames(RecordPart):
    """Names of the cases of each part of the data; see `quantization.split.DatasetSplit`."""

    training: list[str]
    validation: list[str]
    test: list[str]

    def by_part(self) -> dict[str, list[str]]:
        """Name of the part to names of its cases."""
        return {"training": self.training, "validation": self.validation, "test": self.test}


class TrainingResult(RecordPart):
    """How a training ended.

    Attributes:
        steps: Steps of the fit.
        final_loss: Mean loss of the last 20 steps.
        validation_dice: Last mean Dice on the validation cases; None where it was not measured.
        processor: Device, precision and number of processes.
    """

    steps: int
    final_loss: float
    validation_dice: float | None
    processor: str


class StageReports(RecordPart):
    """Reports of the stages that are finished."""

    distill: DistillationReport | None = Field(default=None, validation_alias="distil", serialization_alias="distil")
    swaps: SwapReport | None = None
    prune: PruningReport | None = None
    quantize: QuantizationReport | None = Field(
        default=None, validation_alias="quantise", serialization_alias="quantise"
    )

    def by_key(self) -> dict[StageKey, AnyStageReport]:
        """Key of each finished stage to its report, in the order of the stages."""
        reports = (self.distill, self.swaps, self.prune, self.quantize)
        return {report.stage: report for report in reports if report is not None}

    def with_report(self, report: AnyStageReport) -> StageReports:
        """These reports and another one, which replaces an earlier one of its stage."""
        return StageReports.model_validate({**(self.model_extra or {}), **self.by_key(), report.stage: report})


class RunRecord(RecordPart):
    """run.json.

    Attributes:
        recipe: The recipe of the run.
        cases: How the data were split; None until they were read.
        contents: Name of each case to the digest of its labels and image; empty in runs of earlier versions.
        from_sha256: SHA-256 of the checkpoint that a training fine-tunes; None where it began with random weights.
        versions: Library to version.
        train: How training ended; None in other runs.
        stages: What the stages of a compression reported.
        rewrite_error: Largest |deploy form - network| over the largest |logit|; None before the deploy form is made.
        metrics: Name of a form to its accuracy.
        sizes: Name of a form to its size.
        latency: Latencies of the forms; None where they were not measured.
        comparison: Name of a form to its comparison with the published one.
        gate: The verdict on INT8; None until it is known.
    """

    model_config = ConfigDict(frozen=False)

    recipe: StoredRecipe
    cases: CaseNames | None = None
    contents: dict[str, str] = Field(default_factory=dict)
    from_sha256: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    train: TrainingResult | None = None
    stages: StageReports = StageReports()
    rewrite_error: float | None = None
    metrics: dict[str, FormAccuracy] = Field(default_factory=dict)
    sizes: dict[str, FormSize] = Field(default_factory=dict)
    latency: FormLatencies | None = None
    comparison: dict[str, StoredComparison] = Field(default_factory=dict)
    gate: StoredGate = None

    @property
    def has_origin(self) -> bool:
        """Whether `from_sha256` was recorded, which may be None."""
        return "from_sha256" in self.model_fields_set


def first_invalid_field(cause: ValidationError) -> str:
    """The first field of a record that is not valid, and why, such as "recipe.data.labels: Field required"."""
    error = cause.errors()[0]
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


def read_record(folder: Path) -> RunRecord:
    """The record of a run.

    Raises:
        OSError: There is no run.json, or it cannot be read.
        ValueError: It is not JSON.
        ValidationError: It is not the record of a run, or holds no recipe that this version understands.
    """
    return RunRecord.model_validate(json.loads((folder / FILE_NAME).read_text()))
