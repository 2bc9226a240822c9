"""What each swap of the deploy form costs alone: norm, activation, and both, distilled equally long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from edge_sdk.network.architecture import ActivationName, Norm
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.progress import Progress
from quantization.compressor import run_compressor
from quantization.deploy_form import deploy_graph
from quantization.distillation import Distillation
from quantization.fitting import Batch
from quantization.measurement import AnyForm, Measure
from quantization.processor import Processor
from quantization.recipe import StudentRecipe
from quantization.records.swaps import SwapReport, SwapRow, SwapSummary, SwapTables

COMBINATIONS: dict[str, tuple[Norm, ActivationName]] = {
    "norm: BatchNorm, GELU": ("batch", "gelu"),
    "activation: GroupNorm, ReLU": ("group", "relu"),
    "activation: GroupNorm, hard-swish": ("group", "hardswish"),
    "both: BatchNorm, ReLU": ("batch", "relu"),
    "both: BatchNorm, hard-swish": ("batch", "hardswish"),
}
PUBLISHED = "none: GroupNorm, GELU"
NAME = "swaps"
"""In run.json."""


def swap_study(
    teacher: EfficientMedNeXt,
    batches: Callable[[int], Batch],
    plan: StudentRecipe,
    *,
    score: Callable[[nn.Module], float],
    measure: Measure | None,
    folder: Path,
    processor: Processor | None = None,
    progress: Progress | None = None,
) -> SwapReport:
    """Distill every combination for `plan.swaps.steps` steps, and hold it against the teacher.

    Args:
        score: Mean Dice on validation cases; test cases are not looked at.
        measure: None leaves the latency out.
        folder: For interrupted fits.
        processor: Where to compute; None is float32 on the CPU.
    """
    steps = plan.swaps.steps
    fit = plan.fit.model_copy(
        update={"steps": steps, "warmup_steps": min(plan.fit.warmup_steps, steps // 5), "validate_every": 0}
    )
    networks: dict[str, EfficientMedNeXt] = {PUBLISHED: teacher}
    for number, (name, (norm, activation)) in enumerate(COMBINATIONS.items(), 1):
        distillation = Distillation(
            teacher,
            batches,
            plan,
            checkpoint=folder / f"{norm}-{activation}.pt",
            norm=norm,
            activation=activation,
            fit=fit,
            processor=processor,
            name=f"swap {number} of {len(COMBINATIONS)}",
        )
        networks[name] = run_compressor(distillation, progress).form
    scores = {name: score(network) for name, network in networks.items()}
    forms: dict[str, AnyForm] = {
        name: deploy_graph(network) if network.norm_kind == "batch" else network for name, network in networks.items()
    }
    timings = measure(forms).forms if measure is not None else {}
    medians = {name: timing.median_ms for name, timing in timings.items()}
    rows = [
        SwapRow(
            swap=name,
            dice=scores[name],
            dice_change=scores[name] - scores[PUBLISHED],
            latency_ms=medians.get(name),
            speedup=medians[PUBLISHED] / medians[name] if name in medians and PUBLISHED in medians else None,
        )
        for name in networks
    ]
    return SwapReport(
        name=NAME,
        summary=SwapSummary(steps=steps),
        tables=SwapTables(swaps=rows),
        notes=[
            f"Every combination starts from the published weights and is distilled for {steps} steps; the first row is "
            "not trained further. Dice on validation cases. BatchNorm is folded, so its gain in latency is that of the "
            "deploy form: no norm at all, and up blocks in phases."
        ],
    )
