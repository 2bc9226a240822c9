"""One small network, packaged for the real runtimes, through verify, inspect and segment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk.packages.package import Package
from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.apps.commands_fixtures import run_json
from tests.targets.tiny_package import tiny_package

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from targets.registry import TARGETS

    names = [name for name in TARGETS if TARGETS[name].missing() is None]
    if not names:
        pytest.skip("no runtime is installed")
    return tiny_package(tmp_path_factory.mktemp("export"), *names)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_every_target_passes_its_selftest(package: Path) -> None:
    printed = run_json("verify", package)
    assert {row["verdict"] for row in printed["targets"]} == {"passed"}
    assert printed["passes"] is True


@pytest.mark.slow
def test_executed_operators_are_told_for_every_target(package: Path) -> None:
    printed = run_json("inspect", package, "--executed")["executed"]
    for name in ("openvino", "onnxruntime", "executorch"):
        entry = printed[name]
        shares = [row["share_of_operators"] for row in entry["by_precision"]]
        assert sum(shares) == pytest.approx(1.0), name
        timed = [row["share_of_time"] for row in entry["by_precision"]]
        # ExecuTorch's wheel is built without event tracing.
        assert timed == [None] * len(timed) if name == "executorch" else sum(timed) == pytest.approx(1.0)
        assert any("int8" in row["precision"] for row in entry["by_precision"]), name
        assert {row["work"] for row in entry["by_work"]} == {"INT8", "float", "layout and copies"}, name
    # Everything but entry and exit, which ExecuTorch's own kernels may convert.
    assert printed["executorch"]["delegated"]["operators"] > 0.99


@pytest.mark.slow
def test_masks_of_all_targets_agree(package: Path, tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).normal(size=(13, 10, 9)).astype(np.float32)
    write_volume(Volume(voxels, Grid((13, 10, 9), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))), tmp_path / "scan.mha")
    with Package(package) as opened:
        names = opened.targets
    masks = []
    for name in (*names, "auto"):
        run_json(
            "segment", tmp_path / "scan.mha", "--package", package, "--target", name, "-o", tmp_path / f"{name}.mha"
        )
        masks.append(read_volume(tmp_path / f"{name}.mha").voxels)
    assert len(np.unique(masks[0])) > 1
    for mask in masks[1:]:
        assert (mask == masks[0]).mean() > 0.9
