"""Finished compressions with plausible numbers: run.json as `edge-sdk compress` leaves it, without any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quantization.gate import evaluate_gate
from quantization.recipe import Recipe
from quantization.records.distillation import DistillationReport, DistillationSummary, DistillationTables
from quantization.records.forms import FormAccuracy, FormLatencies, FormSize, FormTiming, LatencyConditions
from quantization.records.int8 import (
    QuantizationReport,
    QuantizationSummary,
    QuantizationTables,
    QuantizedFormRow,
    SensitivityRow,
)
from quantization.records.pruning import PruningReport, PruningSummary, PruningTables
from quantization.records.run_record import CaseNames, StageReports
from quantization.records.swaps import SwapReport, SwapRow, SwapSummary, SwapTables
from quantization.run_folder import CHECKPOINT, RunFolder

MakeRun = Callable[..., RunFolder]
RECIPE = Recipe.model_validate(
    {
        "seed": 4,
        "data": {
            "labels": {"0": "background", "1": "anterior", "2": "posterior"},
            "patch": [32, 48, 32],
            "test_cases": 40,
            "name": "Task04 Hippocampus",
            "license": "CC BY-SA 4.0",
        },
    }
)
# (change of the Dice, parameters, multiplications, ms, bytes)
FORMS = {
    "published_fp32": (0.0, 3_305_986, 1_989_401_728, 60.0, 13_400_000),
    "deploy_fp32": (-0.0012, 3_311_266, 1_977_777_322, 28.4, 13_300_000),
    "pruned_fp32": (-0.0041, 1_400_210, 988_700_864, 17.1, 5_700_000),
    "int8": (-0.0026, 3_311_266, 1_977_777_322, 12.0, 3_600_000),
}
PRUNED_INT8 = (-0.0058, 1_400_210, 988_700_864, 8.0, 1_700_000)


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes a finished run: name, whether it pruned, number of test cases, and the bytes of its checkpoint."""

    def make(
        name: str = "plain", *, pruned: bool = False, cases: int = 40, checkpoint: bytes = b"weights"
    ) -> RunFolder:
        run = RunFolder.create(tmp_path / name, RECIPE)
        (run.path / CHECKPOINT).write_bytes(checkpoint)
        forms = {key: values for key, values in FORMS.items() if pruned or key != "pruned_fp32"}
        if pruned:
            forms["int8"] = PRUNED_INT8
        metrics = {key: _metrics(values[0], cases) for key, values in forms.items()}
        outcomes = {
            key: evaluate_gate(found, metrics["published_fp32"], RECIPE.gate)
            for key, found in metrics.items()
            if key != "published_fp32"
        }
        test = [f"case_{number}" for number in range(cases)]
        with run.update() as record:
            record.cases = CaseNames(training=["a"] * 208, validation=["b"] * 13, test=test)
            record.versions = {"edge-sdk": "0.1.0", "torch": "2.13.0", "openvino": "2026.1"}
            record.stages = _stages(pruned)
            record.metrics = metrics
            record.sizes = {key: FormSize(parameters=values[1], macs=values[2]) for key, values in forms.items()}
            record.latency = FormLatencies(
                conditions=LatencyConditions(
                    runtime="openvino 2026.1", threads=2, patch=(32, 48, 32), cpu="AMD EPYC", rounds=21
                ),
                forms={
                    key: FormTiming(median_ms=values[3], samples_ms=[values[3]] * 3, artifact_bytes=values[4])
                    for key, values in forms.items()
                },
            )
            record.comparison = {key: outcome.comparison for key, outcome in outcomes.items()}
            record.gate = outcomes["int8"].gate
        return run

    return make


def _metrics(change: float, cases: int) -> FormAccuracy:
    """As of `quantization.evaluation.evaluate`, for a form whose Dice differs from the published one's by `change`."""
    truth, noise = np.random.default_rng(1), np.random.default_rng(abs(round(1e6 * change)))
    dice = truth.normal((0.885, 0.867), 0.03, (cases, 2)) + change + noise.normal(0, 0.006, (cases, 2)) * bool(change)
    hd95 = truth.normal((1.4, 1.6), 0.3, (cases, 2)) - 20 * change
    names = ("anterior", "posterior")
    return FormAccuracy(
        dice=dict(zip(names, dice.mean(0).tolist(), strict=True)),
        mean=float(dice.mean()),
        cases={f"case_{i}": {1: float(a), 2: float(b)} for i, (a, b) in enumerate(dice)},
        hd95_mm=dict(zip(names, hd95.mean(0).tolist(), strict=True)),
        hd95_mean_mm=float(hd95.mean()),
        hd95_cases={f"case_{i}": {1: float(a), 2: float(b)} for i, (a, b) in enumerate(hd95)},
    )


def _stages(pruned: bool) -> StageReports:
    swaps = [
        SwapRow(swap="none: GroupNorm, GELU", dice=0.8731, dice_change=0.0, latency_ms=60.1, speedup=1.0),
        SwapRow(swap="both: BatchNorm, ReLU", dice=0.8699, dice_change=-0.0032, latency_ms=None, speedup=None),
    ]
    layers = [
        SensitivityRow(
            layer=f"dec_block_1.{i}.pw", error=0.1 / (i + 1), class_change=0.001, macs=9_437_184, stays_float="no"
        )
        for i in range(20)
    ]
    forms = [
        QuantizedFormRow(form="float", error=0.0, class_change=0.0, dice=0.8722),
        QuantizedFormRow(form="INT8", error=0.0613, class_change=0.0021, dice=0.8690),
    ]
    stages = StageReports(
        distill=DistillationReport(
            name="distil",
            summary=DistillationSummary(norm="group → batch", activation="gelu → relu", steps=1000, final_loss=0.4123),
            tables=DistillationTables(),
            notes=[],
        ),
        swaps=SwapReport(
            name="swaps",
            summary=SwapSummary(steps=200),
            tables=SwapTables(swaps=swaps),
            notes=["Dice on validation cases."],
        ),
        quantize=QuantizationReport(
            name="quantization-aware training",
            summary=QuantizationSummary(
                observer="mse",
                weight_limit=63,
                isa=None,
                error=0.0613,
                class_change=0.0021,
                float_layers=0,
                float_macs=0.0,
            ),
            tables=QuantizationTables(forms=forms, layers=layers),
            notes=["Rounded by least squared error."],
        ),
    )
    return stages.with_report(PRUNED) if pruned else stages


PRUNED = PruningReport(
    name="prune",
    summary=PruningSummary(
        parameters_before=3_305_986,
        parameters=1_400_210,
        macs_before=1_977_777_322,
        macs=988_700_864,
        macs_share=0.4999,
    ),
    tables=PruningTables(stages=[], rounds=[]),
    notes=[],
)
