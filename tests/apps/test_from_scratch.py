"""The demo's own package, made with few steps on small volumes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from apps import cli, from_scratch
from edge_sdk.errors import TargetError
from edge_sdk.packages.package import Package
from edge_sdk.packages.target_choice import known_targets
from edge_sdk.simulation.phantom import LABEL_NAMES
from edge_sdk.volume.grid import Grid, Volume
from targets.registry import TARGETS


def boxes(seed: int, spacing: float) -> tuple[Volume, Volume]:
    """Noise with a slab of each label, instead of a simulated sweep."""
    labels = np.zeros((32, 36, 34), np.uint8)
    for value in range(1, len(LABEL_NAMES)):
        labels[8 * value : 8 * value + 6, 8:28, 8:26] = value
    image = np.random.default_rng(seed).normal(60 + 50.0 * labels, 5).clip(0, 255).astype(np.uint8)
    grid = Grid((32, 36, 34), (spacing,) * 3, (0.0, 0.0, 0.0))
    return Volume(image, grid), Volume(labels, grid)


@pytest.fixture(autouse=True)
def _targets_are_looked_up_again() -> Iterator[None]:
    """What this module's smaller table of targets left in the cache must not reach other tests."""
    known_targets.cache_clear()
    yield
    known_targets.cache_clear()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = from_scratch._recipe()
    few = {"steps": 2, "batch": 1, "warmup_steps": 0}
    changed: dict[str, Any] = {
        "data": whole.data.model_copy(update={"patch": (32, 32, 32)}),
        "train": whole.train.model_copy(update=few),
        "student": whole.student.model_copy(update={"fit": whole.student.fit.model_copy(update=few)}),
        "quantize": whole.quantize.model_copy(update={"steps": 0, "calibration_patches": 1}),
    }
    monkeypatch.setattr(from_scratch, "_recipe", lambda: whole.model_copy(update=changed))
    monkeypatch.setattr(from_scratch, "CASES", 3)
    monkeypatch.setattr("edge_sdk.simulation.dataset.random_case", boxes)
    monkeypatch.setattr("targets.registry.TARGETS", {"onnxruntime": TARGETS["onnxruntime"]})


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_package_that_runs_and_a_second_one_like_it(tmp_path: Path) -> None:
    told: list[str] = []
    path = from_scratch.build_package(tmp_path, lambda _done, _total, text: told.append(text.split(":")[0]))
    with Package(path) as package:
        assert package.targets == ("onnxruntime",)
        assert package.manifest.labels == LABEL_NAMES
        assert package.manifest.precision == {"onnxruntime": "int8"}
        assert package.selftest("onnxruntime", 1).passes
    assert {"simulate", "train", "distil", "export to onnxruntime"} <= set(told)
    before = path.read_bytes()
    assert from_scratch.build_package(tmp_path).read_bytes() == before


@pytest.mark.usefixtures("small")
def test_without_any_runtime_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("targets.registry.TARGETS", {})
    with pytest.raises(TargetError, match=r"no runtime is installed; pip install 'edge-sdk\[openvino\]'"):
        from_scratch.build_package(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "who"),
    [
        (["demo", "--from-scratch", "--out", "out"], "--from-scratch"),
        (["train", "--data", "data", "-o", "out"], "edge-sdk train"),
        (["compress", "x.pt", "--data", "data", "-o", "out"], "edge-sdk compress"),
        (["export", "run", "-o", "out"], "edge-sdk export"),
    ],
)
@pytest.mark.parametrize("module", ["torch", "monai"])
def test_without_the_training_extra_one_line_tells_the_remedy(
    words: list[str], who: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == module else found(name, *rest))
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(cli.app, words)
    assert told.exit_code == 1
    assert told.stderr == f"edge-sdk: {who}: {module} is not installed: pip install 'edge-sdk[train]'\n"
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
