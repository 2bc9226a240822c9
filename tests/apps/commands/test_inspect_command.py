"""edge-sdk inspect: sweeps, volumes, checkpoints, packages, executed operators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.sweep.formats import read_sweep, write_sweep
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from tests.apps.commands_fixtures import bright_half, failure, run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package


def small_sweep(path: Path) -> Path:
    """Four frames of 6×5 pixels of 1 mm, 1 mm apart along z; the last one is not tracked."""
    poses = np.repeat(np.eye(4)[None], 4, 0)
    poses[:, 2, 3] = np.arange(4)
    status = ("OK", "OK", "OK", "INVALID")
    transforms = {
        "ProbeToReference": TrackedTransform(poses, status),
        "ImageToProbe": TrackedTransform(np.repeat(np.eye(4)[None], 4, 0), ("OK",) * 4),
    }
    images = np.arange(4 * 30, dtype=np.uint8).reshape(4, 5, 6)
    write_sweep(Sweep(images, np.arange(4) / 10.0, transforms, ("OK",) * 4), path)
    return path


def test_sweep(tmp_path: Path) -> None:
    printed = run_json("inspect", small_sweep(tmp_path / "s.igs.mha"))
    assert printed["kind"] == "sweep"
    assert (printed["frames"], printed["image_size"], printed["frame_rate"]) == (4, [6, 5], pytest.approx(10.0))
    assert {"transform": "ProbeToReference", "status": {"OK": 3, "INVALID": 1}} in printed["transforms"]
    assert printed["usable_frames"] == 3
    assert printed["left_out"] == {"ProbeToReference is INVALID": 1}
    assert printed["extent"] == {"from_mm": [0.0, 0.0, 0.0], "size_mm": [6, 5, 3]}


def test_volume(tmp_path: Path) -> None:
    printed = run_json("inspect", bright_half(tmp_path / "v.nii.gz", spacing=0.5))
    assert printed["kind"] == "volume"
    assert printed["size_xyz"] == [20, 20, 20]
    assert printed["spacing_mm"] == [0.5, 0.5, 0.5]
    assert printed["origin_mm"] == [1.0, 2.0, 3.0]
    assert printed["voxels_by_value"] == {"0": 4000, "255": 4000}


def test_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", missing="not installed"))
    package = toy_package(tmp_path / "toy.edgepkg")
    printed = run_json("inspect", package)
    assert printed["labels"] == {"0": "background", "1": "bright"}
    assert [row["here"] for row in printed["targets"]] == ["version 1.2.3", "not installed"]
    assert printed["package_bytes"] == package.stat().st_size
    assert "alpha/weights.bin" in run("inspect", package)[1]


def test_executed_operators_and_their_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", missing="not installed"))
    package = toy_package(tmp_path / "toy.edgepkg")
    printed = run_json("inspect", package, "--executed")["executed"]
    assert printed["alpha"]["by_precision"] == [
        {"precision": "int8", "operators": 1, "share_of_operators": 0.5, "ms": 3.0, "share_of_time": 0.75},
        {"precision": "float32", "operators": 1, "share_of_operators": 0.5, "ms": 1.0, "share_of_time": 0.25},
    ]
    assert {row["work"]: row["share_of_time"] for row in printed["alpha"]["by_work"]} == {"INT8": 0.75, "float": 0.25}
    assert [row["share"] for row in printed["alpha"]["operators"]] == [0.25, 0.75]
    assert printed["alpha"]["delegated"] is None
    assert "not installed" in printed["beta"]["not_run"]
    assert "0.75" in run("inspect", package, "--executed")[1]
    assert "not installed" in failure("inspect", package, "--executed", "--target", "beta")


def test_operators_that_the_runtime_does_not_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha", timed=False))
    package = toy_package(tmp_path / "toy.edgepkg", "alpha")
    printed = run_json("inspect", package, "--executed")["executed"]["alpha"]
    assert [row["milliseconds"] for row in printed["operators"]] == [None, None]
    assert {row["precision"]: (row["ms"], row["share_of_time"]) for row in printed["by_precision"]} == {
        "float32": (None, None),
        "int8": (None, None),
    }


def test_published_checkpoint(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = pytest.importorskip("edge_sdk.network")
    model = network.efficient_mednext("T", 2, 3, width=8, decoder_width=8)
    said_by_torch = sum(value.numel() for value in model.parameters())
    torch.save(model.state_dict(), tmp_path / "t.pt")
    from safetensors.torch import save_file

    save_file(model.state_dict(), tmp_path / "t.safetensors")
    for name in ("t.pt", "t.safetensors"):
        printed = run_json("inspect", tmp_path / name)
        assert printed["variant"] == "T"
        assert (printed["in_channels"], printed["classes"], printed["width"], printed["decoder_width"]) == (2, 3, 8, 8)
        assert printed["parameters"] == said_by_torch


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors", "a.npz", "a.mha", "a.nii.gz", "a.nrrd", "a.edgepkg"])
@pytest.mark.parametrize("content", [b"", b"hello", b"ObjectType = Image\nNDims = 3\n", b"\x80\x04\x95" + bytes(50)])
def test_damaged_files_are_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert str(tmp_path / name) in failure("inspect", tmp_path / name)


def test_what_is_not_ours_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert "known are" in failure("inspect", tmp_path / "notes.txt")
    assert "neither a package" in failure("inspect", tmp_path)
    assert "--executed is for packages" in failure("inspect", bright_half(tmp_path / "v.mha"), "--executed")


def test_images_that_cannot_be_compounded_are_told(tmp_path: Path) -> None:
    gray = small_sweep(tmp_path / "gray.igs.mha")
    assert "compounding" not in run_json("inspect", gray)
    sweep, deep = read_sweep(gray), tmp_path / "deep.igs.mha"
    write_sweep(replace(sweep, header={"UltrasoundImageType": "RF_REAL"}), deep)
    assert run_json("inspect", deep)["compounding"].startswith("not possible: its frames are RF data")


def test_levels_of_other_types_are_told(tmp_path: Path) -> None:
    gray = small_sweep(tmp_path / "gray.igs.mha")
    assert "gray_range" not in run_json("inspect", gray)
    sweep, deep = read_sweep(gray), tmp_path / "deep.igs.mha"
    write_sweep(replace(sweep, images=sweep.images.astype("uint16") * 4), deep)
    told = run_json("inspect", deep)
    assert (told["pixel_type"], told["gray_range"].split(" (")[0]) == ("uint16", "0 to 1023")
