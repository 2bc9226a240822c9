from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edge_sdk.errors import FileFormatError, PackageError, RecipeError, TrainingError
from edge_sdk.graph import Graph, Input
from edge_sdk.inference.cases import Case
from edge_sdk.packages.manifest import Gate
from quantization.compress import compress
from quantization.recipe import DataRecipe, FitRecipe, PruneRecipe, Recipe
from quantization.run_folder import CALIBRATION, CHECKPOINT, GRAPHS, STUDENT, RunFolder
from quantization.split import split_cases
from quantization.training import build_network, train


@pytest.mark.slow
def test_from_data_to_a_package_that_runs(recipe: Recipe, data_folder: Path, tmp_path: Path) -> None:
    from apps.exporting import export_package
    from edge_sdk.packages.package import Package

    trained = train(data_folder, recipe, tmp_path / "train")
    assert trained.record.train is not None
    assert trained.record.train.steps == 4
    run = compress(trained.path / CHECKPOINT, data_folder, recipe, tmp_path / "run")
    record = run.record
    assert record.rewrite_error is not None
    assert record.rewrite_error < 1e-4
    assert set(record.metrics) == {"published_fp32", "deploy_fp32", "int8"}
    assert record.cases is not None
    assert len(record.cases.validation) == 1
    assert run.graph("int8").quantized
    assert not run.graph("fp32").quantized

    with run.update() as record:
        record.gate = Gate(verdict="failed", reason="too few steps")
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


@pytest.mark.parametrize("content", ["{}", '{"recipe": {"seed": "x"}}'])
def test_a_run_without_a_valid_recipe_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(TrainingError, match="no valid recipe"):
        _ = RunFolder(tmp_path).recipe


def test_damaged_files_of_a_run_are_told(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    run.save_calibration(np.zeros((1, 1, 8, 8, 8), np.float32))
    run.save_graph("int8", Graph((Input(name="input", channels=1),)))
    for name in (CALIBRATION, GRAPHS["int8"]):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-30])
    with pytest.raises(TrainingError, match=r"calibration\.npz"):
        _ = run.calibration
    with pytest.raises(FileFormatError, match=r"graph\.npz: not a deploy graph"):
        run.graph("int8")


def test_holding_out_every_case_is_refused(tmp_path: Path) -> None:
    case = Case("a", tmp_path / "a.nii.gz", tmp_path / "b.nii.gz")
    with pytest.raises(TrainingError, match="none is left to train on"):
        split_cases([case], DataRecipe(labels={"0": "background", "1": "ball"}, validation_fraction=0.9), 0)


def test_a_run_that_was_not_compressed_says_so(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="edge-sdk compress"):
        RunFolder.create(tmp_path, recipe).graph("int8")


@pytest.mark.slow
def test_a_compression_prunes_and_takes_over_the_student_of_another(
    recipe: Recipe, data_folder: Path, tmp_path: Path
) -> None:
    trained = train(data_folder, recipe, tmp_path / "train")
    plain = compress(trained.path, data_folder, recipe, tmp_path / "plain")
    fit = FitRecipe(steps=1, batch=1, warmup_steps=0)
    prune = PruneRecipe(macs=0.6, width_multiple=4, minimum_width=4, rounds=1, importance_batches=1, recovery=fit)
    plan = recipe.model_copy(update={"prune": prune.model_copy(update={"final_steps": 1})})
    pruned = compress(plain.path, data_folder, plan, tmp_path / "pruned")
    before, after = plain.record, pruned.record
    assert set(after.metrics) == {"published_fp32", "deploy_fp32", "pruned_fp32", "int8"}
    assert after.metrics["deploy_fp32"] == before.metrics["deploy_fp32"]
    assert after.stages.distill is not None
    assert any("plain" in note for note in after.stages.distill.notes)
    sizes = {name: size.macs for name, size in after.sizes.items()}
    assert sizes["pruned_fp32"] <= 0.6 * sizes["deploy_fp32"]
    assert sizes["int8"] == sizes["pruned_fp32"]
    assert (pruned.path / STUDENT).read_bytes() == (plain.path / STUDENT).read_bytes()
    assert pruned.graph("fp32").meta["encoder_widths"] != plain.graph("fp32").meta["encoder_widths"]
    assert not (pruned.path / "prune").exists()


def test_more_pruning_than_the_widths_allow_leaves_no_run(recipe: Recipe, data_folder: Path, tmp_path: Path) -> None:
    plan = recipe.model_copy(update={"prune": PruneRecipe(macs=0.3, parts=("encoder",))})
    network = build_network(plan)
    torch.save(network.state_dict(), tmp_path / "c.pt")
    with pytest.raises(RecipeError, match="more pruning than the widths allow"):
        compress(tmp_path / "c.pt", data_folder, plan, tmp_path / "run")
    assert not (tmp_path / "run").exists()
