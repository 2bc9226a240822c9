"""Training as a whole: what it leaves, what it goes on from, and what it starts from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from edge_sdk.errors import EdgeSdkError, TrainingError
from edge_sdk.network.efficient_mednext import efficient_mednext
from edge_sdk.network.published import load_published, read_state
from quantization.recipe import Recipe
from quantization.run_folder import CHECKPOINT
from quantization.training import build_network, train


@pytest.fixture
def brief(recipe: Recipe) -> Recipe:
    """Two steps, a measurement after each."""
    fit = recipe.train.model_copy(update={"steps": 2, "validate_every": 1})
    return recipe.model_copy(update={"train": fit})


def published(recipe: Recipe, path: Path, **changes: object) -> Path:
    """A checkpoint of the recipe's network, or of one that differs in something."""
    net = recipe.network
    options = {"variant": net.variant, "num_classes": 2, "width": net.width, "deep_supervision": True, **changes}
    torch.manual_seed(5)
    torch.save(efficient_mednext(in_channels=1, decoder_width=8, **options).state_dict(), path)  # type: ignore[arg-type]
    return path


@pytest.mark.slow
def test_a_run_holds_weights_curves_and_what_it_was_made_with(brief: Recipe, data_folder: Path, tmp_path: Path) -> None:
    run = train(data_folder, brief, tmp_path / "run")
    names = {"run.json", CHECKPOINT, "train.pt", "train-curves.png", "train-losses.csv"}
    assert {path.name for path in run.path.iterdir()} == names
    record = run.record
    assert record.train is not None
    assert record.train.processor == "CPU, float32, 1 process"
    assert record.train.validation_dice is not None
    assert record.train.validation_dice >= 0
    assert record.cases is not None
    assert sum(map(len, record.cases.by_part().values())) == 4
    assert record.versions["torch"] == torch.__version__
    rows = (run.path / "train-losses.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2"]
    load_published(build_network(brief), run.path / CHECKPOINT)

    before = (run.path / CHECKPOINT).read_bytes()
    (run.path / f".part-0123abcd-{CHECKPOINT}").touch()
    assert (train(data_folder, brief, run.path).path / CHECKPOINT).read_bytes() == before
    assert {path.name for path in run.path.iterdir()} == names

    with pytest.raises(TrainingError, match="began with another checkpoint"):
        train(
            data_folder, brief, run.path, start_from=shutil.copy(run.path / CHECKPOINT, tmp_path / "copy.safetensors")
        )
    with pytest.raises(EdgeSdkError, match="is an input, which the output would replace"):
        train(data_folder, brief, run.path, start_from=run.path / CHECKPOINT)
    for kind in ("images", "labels"):
        (data_folder / kind / "case_0.nii.gz").rename(data_folder / kind / "case_9.nii.gz")
    with pytest.raises(TrainingError, match="holds a run on other data; give the same again"):
        train(data_folder, brief, run.path)


@pytest.mark.slow
@pytest.mark.parametrize("deep", [True, False], ids=["heads of deep supervision", "one head for each output"])
def test_fine_tuning_starts_from_the_checkpoint(brief: Recipe, data_folder: Path, tmp_path: Path, deep: bool) -> None:
    still = brief.train.model_copy(update={"steps": 1, "learning_rate": 1e-12, "validate_every": 0})
    plan = brief.model_copy(update={"train": still})
    start = published(plan, tmp_path / "published.pt", deep_supervision=deep)
    run = train(data_folder, plan, tmp_path / "run", start_from=start)
    given, trained = read_state(start), read_state(run.path / CHECKPOINT)
    assert {name.split(".")[0] for name in trained.keys() - given.keys()} == (
        set() if deep else {"out_2", "out_3", "out_4"}
    )
    assert all(torch.allclose(trained[name], value, atol=1e-9) for name, value in given.items())


def test_heads_that_a_network_does_without_are_left_out(brief: Recipe, tmp_path: Path) -> None:
    start = published(brief, tmp_path / "published.pt")
    single = brief.network.model_copy(update={"deep_supervision": False})
    network = load_published(build_network(brief.model_copy(update={"network": single})), start, new_heads=True)
    assert torch.equal(network.state_dict()["out_1.conv_out.weight"], read_state(start)["out_1.conv_out.weight"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_classes": 3}, r"of another shape \(out_0\.conv_out\.bias"),
        ({"deep_supervision": False}, r"6 missing \(out_2\.conv_out\.bias"),
    ],
    ids=["classes", "missing heads"],
)
def test_heads_that_cannot_be_used_are_told(
    brief: Recipe, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    start = published(brief, tmp_path / "published.pt", **changes)
    with pytest.raises(TrainingError, match=message):
        load_published(build_network(brief), start, new_heads="num_classes" in changes)
