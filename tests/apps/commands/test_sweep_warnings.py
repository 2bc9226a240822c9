"""What the commands say of a sweep that is probably wrong, and of the memory that it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.sweep import TrackedTransform
from tests.apps.commands_fixtures import failure, run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package
from tests.edge_sdk.sweep.sanity.tissue import FRAMES, IMAGE_TO_PROBE, Case, sweep_through_tissue

LOST = {5: "OUT_OF_VIEW", 6: "OUT_OF_VIEW", 20: "INVALID"}
REASONS = "ProbeToTracker is OUT_OF_VIEW: 2; ProbeToTracker is INVALID: 1"


@pytest.fixture(scope="module")
def right() -> Case:
    """A sweep without mistakes, whose tracker lost the probe in three frames."""
    case = sweep_through_tissue()
    status = tuple(LOST.get(index, "OK") for index in range(FRAMES))
    probe = TrackedTransform(case.matrices("ProbeToTracker"), status)
    return replace(case, sweep=replace(case.sweep, transforms={**case.sweep.transforms, "ProbeToTracker": probe}))


def written(case: Case, folder: Path) -> tuple[Path, str, Path]:
    """Words of a command: the sweep, and its configuration."""
    sweep, config = folder / "s.igs.mha", folder / "c.xml"
    write_sweep(case.sweep, sweep)
    matrix = " ".join(str(value) for value in case.image_to_probe.ravel())
    config.write_text(
        f'<P><CoordinateDefinitions><Transform From="Image" To="Probe" Matrix="{matrix}"/></CoordinateDefinitions></P>'
    )
    return sweep, "--config", config


def test_nothing_is_said_of_a_right_sweep(right: Case, tmp_path: Path) -> None:
    arguments = written(right, tmp_path)
    assert run("reconstruct", *arguments, "-o", tmp_path / "v.mha")[2] == ""
    assert run_json("reconstruct", *arguments, "-o", tmp_path / "v.mha")["warnings"] == []
    assert run_json("inspect", *arguments)["warnings"] == []


@pytest.mark.parametrize("command", [["reconstruct", "-o", "v.nrrd"], ["inspect"], ["segment", "-o", "m.nrrd"]])
def test_a_warning_is_a_line_on_stderr_and_an_entry_in_json(
    right: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    fake_targets(monkeypatch, FakeTarget("alpha"))
    arguments = [command[0], *written(right.flipped(1), tmp_path), *command[1:]]
    if command[0] == "segment":
        arguments += ["--package", toy_package(tmp_path / "toy.edgepkg", "alpha")]
    status, stdout, stderr = run(*arguments)
    assert status == 0
    assert stderr.startswith("warning: the images do not move as the poses say: ")
    assert stderr.endswith("check UltrasoundImageOrientation and ImageToProbe\n")
    assert stderr.count("\n") == 1
    assert "likely cause" not in stdout
    (warning,) = run_json(*arguments)["warnings"]
    assert set(warning) == {"what", "likely_cause", "remedy"}
    assert "left-right" in warning["likely_cause"]
    status, stdout, stderr = run(*arguments, "--quiet", "--json")
    assert stderr == ""
    assert "left-right" in stdout


@pytest.mark.parametrize("suffix", ["mha", "nrrd"])
def test_files_keep_what_was_left_out_and_what_was_warned_of(right: Case, tmp_path: Path, suffix: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    path = tmp_path / f"v.{suffix}"
    printed = run_json("reconstruct", *written(right.flipped(0), tmp_path), "-o", path)
    assert (printed["frames_inserted"], printed["frames_left_out"], printed["left_out_because"]) == (
        FRAMES - 3,
        3,
        REASONS,
    )
    image = sitk.ReadImage(str(path))
    assert image.GetMetaData("frames_inserted") == str(FRAMES - 3)
    assert image.GetMetaData("frames_left_out") == "3"
    assert image.GetMetaData("left_out_because") == REASONS
    assert image.GetMetaData("warnings") == printed["warnings"][0]["what"]


def test_memory_is_told_before_the_work(right: Case, tmp_path: Path) -> None:
    arguments = written(right, tmp_path)
    printed = run_json("reconstruct", *arguments, "-o", tmp_path / "v.mha")
    assert set(printed["memory"]) == {"needed", "usable"}
    first = run("reconstruct", *arguments, "-o", tmp_path / "v.mha")[1].splitlines()[0]
    assert first.startswith(f"memory: {printed['memory']['needed']} needed, ")
    seen = run_json("inspect", *arguments)
    assert seen["memory_at_0.5_mm"]["needed"] == printed["memory"]["needed"]
    assert seen["left_out"] == {"ProbeToTracker is OUT_OF_VIEW": 2, "ProbeToTracker is INVALID": 1}


def test_a_volume_too_large_names_the_mistake_behind_it(right: Case, tmp_path: Path) -> None:
    micrometers = right.calibrated(IMAGE_TO_PROBE @ np.diag([1e3, 1e3, 1e3, 1.0]))
    line = failure("reconstruct", *written(micrometers, tmp_path), "-o", tmp_path / "v.mha")
    assert "needs" in line
    assert "a pixel of 400 × 400 mm" in line
    assert "micrometers" in line
