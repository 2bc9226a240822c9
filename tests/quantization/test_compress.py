from __future__ import annotations

from pathlib import Path

import pytest

from edge_sdk.errors import PackageError, TrainingError
from quantization.compress import compress
from quantization.recipe import Recipe
from quantization.run_folder import CHECKPOINT, RunFolder
from quantization.training import train


@pytest.mark.slow
def test_from_data_to_a_package_that_runs(recipe: Recipe, data_folder: Path, tmp_path: Path) -> None:
    from apps.exporting import export_package
    from edge_sdk.package import Package

    trained = train(data_folder, recipe, tmp_path / "train")
    assert trained.description["train"]["steps"] == 4
    run = compress(trained.path / CHECKPOINT, data_folder, recipe, tmp_path / "run")
    described = run.description
    assert described["rewrite_error"] < 1e-4
    assert set(described["metrics"]) == {"published_fp32", "deploy_fp32", "deploy_int8"}
    assert len(described["cases"]["held_out"]) == 1
    assert run.graph("int8").quantized
    assert not run.graph("fp32").quantized

    run.record("gate", {"verdict": "failed", "reason": "too few steps", "numbers": {}})
    with pytest.raises(PackageError, match="--allow-failing"):
        export_package(run, tmp_path / "p.edgepkg", targets=["openvino"], precision="int8")
    assert not (tmp_path / "p.edgepkg").exists()
    export_package(run, tmp_path / "p.edgepkg", targets=["openvino"], precision="int8", allow_failing=True)
    with Package(tmp_path / "p.edgepkg") as package:
        assert package.manifest.gate.verdict == "failed"
        assert package.selftest("openvino").passes


def test_a_run_of_another_recipe_is_not_overwritten(recipe: Recipe, tmp_path: Path) -> None:
    RunFolder.create(tmp_path, recipe)
    RunFolder.create(tmp_path, recipe)
    with pytest.raises(TrainingError, match="another recipe"):
        RunFolder.create(tmp_path, recipe.model_copy(update={"seed": 5}))


def test_a_run_that_was_not_compressed_says_so(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="edge-sdk compress"):
        RunFolder.create(tmp_path, recipe).graph("int8")
