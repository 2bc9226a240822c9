"""edge-sdk verify: integrity, self-tests, accuracy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sdk.inference.cases import find_cases
from edge_sdk.packages.manifest import Gate
from edge_sdk.volume.files import read_volume, write_volume
from tests.apps.commands_fixtures import bright_half, failure, run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two cases: the truth is what the network says, and half of it."""
    folder = tmp_path / "data"
    for name, planes in (("whole", 8), ("part", 4)):
        for part in ("images", "labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        scan = read_volume(bright_half(folder / "images" / f"{name}.nii.gz", size=16))
        truth = np.zeros_like(scan.voxels)
        truth[:planes] = 1
        write_volume(scan.with_voxels(truth), folder / "labels" / f"{name}.nii.gz")
    return folder


def test_every_installed_target_is_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", missing="not installed"))
    printed = run_json("verify", toy_package(tmp_path / "toy.edgepkg"))
    assert printed["passes"] is True
    assert [(row["target"], row["verdict"]) for row in printed["targets"]] == [("alpha", "passed"), ("beta", "not run")]
    assert "not installed" in printed["targets"][1]["why"]


def test_a_target_that_disagrees_fails_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", error=3.0))
    package = toy_package(tmp_path / "toy.edgepkg")
    assert "fails its self-test on beta" in failure("verify", package)
    status, stdout, _ = run("verify", package, "--json")
    assert status == 1
    assert json.loads(stdout)["passes"] is False
    assert run_json("verify", package, "--target", "alpha")["passes"] is True


def test_no_target_at_all_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha", missing="no"), FakeTarget("beta", missing="no"))
    assert "no target can run here" in failure("verify", toy_package(tmp_path / "toy.edgepkg"))


def test_altered_package_is_refused(tmp_path: Path) -> None:
    package = toy_package(tmp_path / "toy.edgepkg", as_directory=True)
    (package / "alpha" / "weights.bin").write_bytes(b"alphb")
    assert "alpha/weights.bin was altered" in failure("verify", package)


def test_accuracy_against_the_package_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    toy_package(tmp_path / "toy-fp32.edgepkg", "alpha")
    printed = run_json("verify", toy_package(tmp_path / "toy-pruned-int8.edgepkg", "alpha"), "--data", data)
    assert printed["dice"] == {"bright": pytest.approx(5 / 6), "mean": pytest.approx(5 / 6)}
    assert printed["reference_dice"] == printed["dice"]
    assert (printed["ratio"], printed["ci95"], printed["passes"]) == (1.0, None, True)
    assert printed["no_interval"] == "no 95 % interval from 2 cases: at least 6 are needed"
    assert "toy-fp32.edgepkg on alpha" in printed["reference"]


def test_accuracy_lost_against_the_record_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    record = {"reference_cases": {"whole": {"1": 1.0}, "part": {"1": 0.9}}}
    package = toy_package(tmp_path / "toy.edgepkg", "alpha", metrics=record)
    assert "keeps 87.72 % of the FP32 Dice" in failure("verify", package, "--data", data)


def test_accuracy_without_a_reference_is_not_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    package = toy_package(tmp_path / "toy.edgepkg", "alpha")
    status, stdout, stderr = run("verify", package, "--data", data, "--json")
    printed = json.loads(stdout)
    assert status == 1
    assert "cannot be judged" in stderr
    assert printed["dice"]["mean"] == pytest.approx(5 / 6)
    assert printed["reference_dice"] is printed["ratio"] is printed["ci95"] is printed["passes"] is None


def recorded(data: Path, **dice: float) -> dict[str, Any]:
    """Dice of the class by case name, as a manifest records it."""
    identities = {case.name: case.identity for case in find_cases(data)}
    return {identities[name]: {"1": value} for name, value in dice.items()}


def test_every_target_is_held_against_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta"), FakeTarget("gamma", missing="not installed"))
    metrics = {
        "graph_cases": recorded(data, whole=0.999, part=2 / 3),
        "reference_cases": recorded(data, whole=1.0, part=0.7),
    }
    package = toy_package(tmp_path / "toy.edgepkg", "alpha", "beta", "gamma", metrics=metrics)
    printed = run_json("verify", package, "--data", data, "--every-target")
    assert (printed["cases"], printed["bound"], printed["passes"]) == (2, 0.002, True)
    assert printed["graph_dice"]["mean"] == pytest.approx((0.999 + 2 / 3) / 2)
    alpha, beta, gamma = printed["accuracy_by_target"]
    assert alpha["dice"] == {"bright": pytest.approx(5 / 6), "mean": pytest.approx(5 / 6)}
    assert alpha["difference"] == pytest.approx(0.0005)
    assert alpha["case_difference"] == pytest.approx(0.001)
    assert alpha["ratio"] == pytest.approx((5 / 3) / 1.7)
    assert (beta["verdict"], gamma["verdict"], gamma["dice"]) == ("passed", "not run", None)


def test_a_target_whose_dice_strays_from_the_graphs_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    metrics = {"graph_cases": recorded(data, whole=0.99, part=2 / 3)}
    package = toy_package(tmp_path / "toy.edgepkg", "alpha", metrics=metrics)
    assert "differs from its graph's by more than 0.002: alpha +0.0050" in failure(
        "verify", package, "--data", data, "--every-target"
    )


def test_only_the_held_out_cases_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    metrics = {"reference_cases": recorded(data, part=2 / 3)}
    package = toy_package(tmp_path / "toy.edgepkg", "alpha", metrics=metrics)
    printed = run_json("verify", package, "--data", data, "--held-out")
    assert (printed["cases"], printed["ratio"], printed["difference"]) == (1, pytest.approx(1.0), pytest.approx(0.0))
    assert printed["levels"] == {"0.99": {"kept": True, "surely": None}, "0.999": {"kept": True, "surely": None}}
    assert printed["reference"] == "the manifest's record of these very cases"
    assert "recorded 0 cases when it was made" in failure("verify", package, "--data", data, "--every-target")


@pytest.mark.parametrize(
    "options",
    [["--every-target"], ["--held-out"], ["--every-target", "--data", ".", "--target", "alpha"]],
    ids=" ".join,
)
def test_options_that_contradict_each_other_are_usage_errors(tmp_path: Path, options: list[str]) -> None:
    assert run("verify", toy_package(tmp_path / "toy.edgepkg"), *options)[0] == 2


def test_a_package_that_failed_its_gate_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    gate = Gate(verdict="failed", reason="keeps 90 %", allowed_failing=True)
    printed = run_json("verify", toy_package(tmp_path / "toy.edgepkg", "alpha", gate=gate))
    assert printed["gate"] == {"verdict": "failed", "reason": "keeps 90 %", "allowed_failing": True}
