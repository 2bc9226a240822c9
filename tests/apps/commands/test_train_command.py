"""edge-sdk train: a run from tiny volumes, and data that cannot be trained on, told in one line before a run begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.apps.commands_fixtures import TINY_RECIPE, failure, run


@pytest.fixture
def options(tmp_path: Path) -> list[object]:
    """What `train` is called with: four cases of 16×18×20 voxels with a bright box each, and a recipe."""
    draw = np.random.default_rng(0)
    grid = Grid((16, 18, 20), (1.0, 1.0, 1.0), (1.0, 2.0, 3.0))
    label = np.zeros(grid.shape, np.uint8)
    label[4:12, 4:12, 4:12] = 1
    for number in range(4):
        image = (draw.normal(60, 5, grid.shape) + 100 * label).astype(np.float32)
        for kind, voxels in (("images", image), ("labels", label)):
            write_volume(Volume(voxels, grid), path_of(tmp_path, kind, number))
    (tmp_path / "recipe.toml").write_text(TINY_RECIPE)
    return ["train", "--data", tmp_path / "data", "--recipe", tmp_path / "recipe.toml", "-o", tmp_path / "run"]


def path_of(folder: Path, kind: str, number: int) -> Path:
    path = folder / "data" / kind / f"case_{number}.nii.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.slow
def test_one_line_tells_what_was_made_and_where(options: list[object], tmp_path: Path) -> None:
    status, stdout, stderr = run(*options)
    assert (status, stderr) == (0, "")
    assert stdout.startswith(f"{tmp_path}/run/checkpoint.safetensors: 1 steps on CPU, float32, 1 process, final loss ")
    assert stdout.count("\n") == 1


def beyond(label: Volume) -> Volume:
    return label.with_voxels(np.where(label.voxels == 1, 7, 0).astype(np.uint8))


def cropped(label: Volume) -> Volume:
    return Volume(label.voxels[1:], replace(label.grid, shape=(15, 18, 20)))


def turned(label: Volume) -> Volume:
    return Volume(label.voxels, replace(label.grid, direction=np.diag([-1.0, 1.0, 1.0])))


def broken(image: Volume) -> Volume:
    voxels = image.voxels.copy()
    voxels[3, 3, 3:5] = np.nan
    return image.with_voxels(voxels)


def flat(image: Volume) -> Volume:
    return image.with_voxels(np.full_like(image.voxels, 5))


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        ("labels", beyond, "label 7 is none of the network's [0, 1]; give labels of the network's classes"),
        ("labels", cropped, "shape (15, 18, 20) differs from the image's (16, 18, 20)"),
        ("labels", turned, "differs from the image's"),
        ("images", broken, "2 of 5760 voxels are not finite numbers"),
        ("images", flat, "every voxel is 5: there is no image"),
    ],
    ids=["class", "size", "orientation", "NaN", "empty"],
)
@pytest.mark.parametrize("number", range(4))
def test_a_case_that_cannot_be_used_is_told(
    options: list[object], tmp_path: Path, kind: str, change: Callable[[Volume], Volume], told: str, number: int
) -> None:
    path = path_of(tmp_path, kind, number)
    write_volume(change(read_volume(path)), path)
    printed = failure(*options)
    assert f"{path}: " in printed
    assert told in printed
    assert not (tmp_path / "run").exists()


def test_a_class_that_a_part_does_not_show_is_told(options: list[object], tmp_path: Path) -> None:
    for number in range(4):
        path = path_of(tmp_path, "labels", number)
        label = read_volume(path)
        write_volume(label.with_voxels(np.zeros_like(label.voxels)), path)
    assert "class 1 (box) is in none of the 3 training cases; give cases that show it" in failure(*options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"variant": "S"}, "seems to be S of width 8, decoder width 8, 1 input channel, 2 classes"),
        ({"width": 16}, "seems to be T of width 16, decoder width 8"),
        ({"num_classes": 5}, "of another shape (out_0.conv_out.bias 5 and not 2, "),
    ],
    ids=["variant", "width", "classes"],
)
def test_a_checkpoint_of_another_network_is_told(
    options: list[object], tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    import torch

    from edge_sdk.network import efficient_mednext

    network = {"variant": "T", "in_channels": 1, "num_classes": 2, "width": 8, "decoder_width": 8, **changed}
    torch.save(efficient_mednext(**network).state_dict(), tmp_path / "other.pt")
    printed = failure(*options, "--from", tmp_path / "other.pt")
    assert f"{tmp_path / 'other.pt'}: " in printed
    assert told in printed
    assert "which does not fit T of width 8" in printed
    assert "keys that differ: " in printed
    assert not (tmp_path / "run").exists()


def test_what_another_process_says_is_not_said_twice(
    options: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    (tmp_path / "recipe.toml").unlink()
    assert run(*options) == (1, "", "")
    monkeypatch.setenv("RANK", "0")
    assert "recipe.toml: cannot be read" in failure(*options)
