"""Finished compressions with plausible numbers: run.json as `edge-sdk compress` leaves it, without any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantization.gate import judge
from quantization.recipe import Recipe
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
            "licence": "CC BY-SA 4.0",
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
        gates = {
            key: judge(found, metrics["published_fp32"], RECIPE.gate).model_dump(mode="json")
            for key, found in metrics.items()
            if key != "published_fp32"
        }
        test = [f"case_{number}" for number in range(cases)]
        described = {
            "cases": {"training": ["a"] * 208, "validation": ["b"] * 13, "test": test},
            "versions": {"edge-sdk": "0.1.0", "torch": "2.13.0", "openvino": "2026.1"},
            "stages": _stages(pruned),
            "metrics": metrics,
            "sizes": {key: {"parameters": values[1], "macs": values[2]} for key, values in forms.items()},
            "latency": {
                "conditions": {
                    "runtime": "openvino 2026.1",
                    "threads": 2,
                    "patch": [32, 48, 32],
                    "cpu": "AMD EPYC",
                    "rounds": 21,
                },
                "forms": {
                    key: {"median_ms": values[3], "samples_ms": [values[3]] * 3, "artifact_bytes": values[4]}
                    for key, values in forms.items()
                },
            },
            "comparison": {key: gate["numbers"] for key, gate in gates.items()},
            "gate": gates["int8"],
        }
        for key, value in described.items():
            run.record(key, value)
        return run

    return make


def _metrics(change: float, cases: int) -> dict[str, Any]:
    """As of `quantization.evaluation.evaluate`, for a form whose Dice differs from the published one's by `change`."""
    truth, noise = np.random.default_rng(1), np.random.default_rng(abs(round(1e6 * change)))
    dice = truth.normal((0.885, 0.867), 0.03, (cases, 2)) + change + noise.normal(0, 0.006, (cases, 2)) * bool(change)
    hd95 = truth.normal((1.4, 1.6), 0.3, (cases, 2)) - 20 * change
    names = ("anterior", "posterior")
    return {
        "dice": dict(zip(names, dice.mean(0).tolist(), strict=True)),
        "mean": float(dice.mean()),
        "cases": {f"case_{i}": {"1": float(a), "2": float(b)} for i, (a, b) in enumerate(dice)},
        "hd95_mm": dict(zip(names, hd95.mean(0).tolist(), strict=True)),
        "hd95_mean_mm": float(hd95.mean()),
        "hd95_cases": {f"case_{i}": {"1": float(a), "2": float(b)} for i, (a, b) in enumerate(hd95)},
    }


def _stages(pruned: bool) -> dict[str, Any]:
    swaps = [
        {"swap": "none: GroupNorm, GELU", "dice": 0.8731, "dice_change": 0.0, "latency_ms": 60.1, "speedup": 1.0},
        {"swap": "both: BatchNorm, ReLU", "dice": 0.8699, "dice_change": -0.0032, "latency_ms": None, "speedup": None},
    ]
    layers = [
        {
            "layer": f"dec_block_1.{i}.pw",
            "error": 0.1 / (i + 1),
            "class_change": 0.001,
            "macs": 9_437_184,
            "float": "no",
        }
        for i in range(20)
    ]
    forms = [
        {"form": "float", "error": 0.0, "class_change": 0.0, "dice": 0.8722},
        {"form": "INT8", "error": 0.0613, "class_change": 0.0021, "dice": 0.8690},
    ]
    distilled = {"norm": "group → batch", "activation": "gelu → relu", "steps": 1000, "final_loss": 0.4123}
    reports = {
        "distil": ("distil", distilled, {}, []),
        "swaps": ("swaps", {"steps": 200}, {"What each swap costs and gains": swaps}, ["Dice on validation cases."]),
        **({"prune": ("pruning", {"multiplications": "half"}, {}, [])} if pruned else {}),
        "quantize": (
            "qat",
            {"observer": "mse", "isa": None, "error": 0.0613, "float_layers": 0},
            {"Forms": forms, "Sensitivity of the layers": layers},
            ["Rounded by least squared error."],
        ),
    }
    return {
        key: {"name": name, "summary": summary, "tables": tables, "notes": notes}
        for key, (name, summary, tables, notes) in reports.items()
    }
