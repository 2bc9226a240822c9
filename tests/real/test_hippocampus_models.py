"""The committed hippocampus models on cases that they have not seen: the README's figures can be had again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"

pytestmark = [pytest.mark.real, pytest.mark.slow]


def verify(package: str, data: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "apps", "verify", str(MODELS / package), "--data", str(data), "--json", *options]
    said: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return said


def test_the_pruned_package_keeps_99_percent_of_the_fp32_dice_on_the_held_out_cases(real_data: Path) -> None:
    found = verify(
        "hippocampus-s-pruned-int8.edgepkg", real_data / "msd_hippocampus", "--held-out", "--target", "openvino"
    )
    assert found["cases"] == 40
    assert found["reference_dice"]["mean"] >= 0.87
    assert found["ratio"] >= 0.99
    assert found["passes"]


def test_every_runtime_has_the_graphs_dice(real_data: Path) -> None:
    found = verify("hippocampus-s-pruned-int8.edgepkg", real_data / "msd_hippocampus", "--every-target")
    assert [row["verdict"] for row in found["accuracy_by_target"]] == ["passed"] * 3
    assert all(abs(row["difference"]) <= 0.002 for row in found["accuracy_by_target"])
