"""PLUS configurations as PLUS uses them; each sweep has one dot at a known place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from apps.stream.core.volume_plan import FixedPlan, GrowingPlan, VolumePlan
from apps.stream.input.live.geometry import ImageGeometry, VolumeRegion, calibrate, live_config, live_plan
from edge_sdk.errors import GeometryError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.plus_config import PlusConfig, read_plus_config
from tests.apps.commands_fixtures import failure, run, run_json
from tests.cases.plus_files import DOT_MM, GRID, dot_mm, write_config, write_sweep_file
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package

SimpleITK = pytest.importorskip("SimpleITK")

FAR = {"OutputOrigin": "500 500 500", "OutputExtent": "0 299 0 299 0 299"}
"""300³ voxels about a point that nobody swept."""
HALF = {"OutputOrigin": "0 0 0", "OutputExtent": "0 16 0 16 0 5"}
"""Frames 0 to 5 of 8, and the dot in frame 4."""
ALL = {"OutputOrigin": "-1 -1 -1", "OutputExtent": "0 20 0 20 0 12"}


def grid_of(printed: dict[str, object]) -> dict[str, object]:
    return {name: printed[name] for name in GRID}


@pytest.mark.real
def test_28_the_grid_is_computed_from_the_frames(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "cases/sweeps"
    sweep, config = folder / "28-saved-grid.igs.mha", folder / "28-saved-grid.xml"
    printed = run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")
    assert grid_of(printed) == GRID
    assert printed["frames_inserted"] == 8
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), (3, 4, 2), atol=0.01)
    assert SimpleITK.ReadImage(str(tmp_path / "v.mha")).GetSize() == (17, 17, 8)


@pytest.mark.parametrize("saved", [FAR, HALF, {"OutputOrigin": "500 0 0"}, {"OutputExtent": "0 0 0 0 0 0"}])
def test_28_whatever_is_saved(tmp_path: Path, saved: dict[str, str]) -> None:
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **saved)
    printed = run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")
    assert (grid_of(printed), printed["frames_inserted"], printed["warnings"]) == (GRID, 8, [])
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), DOT_MM, atol=0.01)


def test_28_the_saved_grid_where_it_is_asked_for(tmp_path: Path) -> None:
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **ALL)
    arguments = ["reconstruct", sweep, "--config", config, "--grid", "saved", "-o", tmp_path / "v.mha"]
    printed = run_json(*arguments)
    assert (printed["size_xyz"], printed["origin_mm"], printed["warnings"]) == ([21, 21, 13], [-1, -1, -1], [])
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), DOT_MM, atol=0.01)
    finer = run_json(*arguments, "--spacing", "0.25")
    # 20 steps of 0.5 mm are 40 of 0.25 mm: the same region.
    assert (finer["size_xyz"], finer["origin_mm"]) == ([41, 41, 25], [-1, -1, -1])


def test_28_frames_that_a_saved_grid_loses_are_told(tmp_path: Path) -> None:
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **HALF)
    arguments = ["reconstruct", sweep, "--config", config, "--grid", "saved", "-o", tmp_path / "v.mha"]
    printed = run_json(*arguments)
    # The last voxels lie at z = 2.5 mm, where frame 5 does; those of 3 and 3.5 mm are beyond.
    assert (printed["frames_inserted"], printed["left_out_because"]) == (6, "outside the volume: 2")
    shown = [warning["what"] for warning in printed["warnings"]]
    assert "2 of 8 frames lie outside the volume and are lost" in shown
    stderr = run(*arguments)[2]
    assert "warning: 2 of 8 frames lie outside the volume and are lost" in stderr
    assert "2 of 8 frames lie outside" in SimpleITK.ReadImage(str(tmp_path / "v.mha")).GetMetaData("warnings")


def test_28_frames_that_a_saved_grid_cuts_are_told(tmp_path: Path) -> None:
    cut = {"OutputOrigin": "0 0 0", "OutputExtent": "0 8 0 16 0 7"}
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **cut)
    printed = run_json("reconstruct", sweep, "--config", config, "--grid", "saved", "-o", tmp_path / "v.mha")
    assert printed["frames_inserted"] == 8
    (warning,) = printed["warnings"]
    assert warning["what"] == "8 of 8 frames reach beyond the volume, and what lies outside is left out"


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        (
            {"OutputOrigin": "500 500 500", "OutputExtent": "0 29 0 29 0 29"},
            "no frame reaches the volume of (30, 30, 30) voxels at (500.0, 500.0, 500.0) mm",
        ),
        ({"OutputOrigin": "0 0 0", "OutputExtent": "0 0 0 0 0 0"}, "is a single voxel"),
        ({"OutputOrigin": "", "OutputExtent": ""}, "OutputOrigin is blank"),
        ({}, "saves no grid"),
    ],
)
def test_28_a_saved_grid_that_holds_nothing_is_an_error(tmp_path: Path, saved: dict[str, str], says: str) -> None:
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **saved)
    status, _, shown = run("reconstruct", sweep, "--config", config, "--grid", "saved", "-o", tmp_path / "v.mha")
    assert (status, says in shown, "leave out --grid saved" in shown) == (1, True, True)
    assert not (tmp_path / "v.mha").exists()


def test_28_a_saved_grid_needs_a_configuration(tmp_path: Path) -> None:
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    assert "--config" in failure("reconstruct", sweep, "--grid", "saved", "-o", tmp_path / "v.mha")


@pytest.mark.parametrize(("options", "size"), [([], (17, 17, 8)), (["--grid", "saved"], (17, 17, 6))])
@pytest.mark.parametrize("command", ["segment", "stream"])
def test_28_segment_and_stream_take_the_same_grid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, options: list[str], size: tuple[int, ...]
) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    package = toy_package(tmp_path / "toy.edgepkg", "alpha")
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **HALF)
    if command == "segment":
        words = ["segment", sweep, "--package", package, "--config", config, *options, "-o", tmp_path / "m.mha"]
        warnings, mask = run_json(*words)["warnings"], tmp_path / "m.mha"
    else:
        words = ["stream", "--source", f"replay:{sweep}?rate=0", "--package", package, "--config", config, *options]
        status, _, stderr = run(*words, "-o", tmp_path / "out")
        assert status == 0, stderr
        report = json.loads((tmp_path / "out/report.json").read_text())
        warnings, mask = report["warnings"], tmp_path / "out/mask.nii.gz"
        assert report["frames"]["inserted"] == (6 if options else 8)
        assert ("2 of 8 frames lie outside the volume" in stderr) == bool(options)
        assert ("2 of 8 frames lie outside" in (tmp_path / "out/report.html").read_text()) == bool(options)
    assert SimpleITK.ReadImage(str(mask)).GetSize() == size
    assert any("2 of 8 frames lie outside the volume" in each["what"] for each in warnings) == bool(options)


def test_28_a_stream_that_loses_every_frame_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    package = toy_package(tmp_path / "toy.edgepkg", "alpha")
    small = {"OutputOrigin": "500 500 500", "OutputExtent": "0 29 0 29 0 29"}
    sweep, config = write_sweep_file(tmp_path / "s.igs.mha"), write_config(tmp_path / "c.xml", **small)
    words = ["stream", "--source", f"replay:{sweep}?rate=0", "--package", package, "--config", config]
    status, _, stderr = run(*words, "--grid", "saved", "-o", tmp_path / "out")
    assert status == 1
    assert "no frame reached the volume: outside the volume, 8 of 8 frames" in stderr
    assert not (tmp_path / "out/volume.nii.gz").exists()


def live(config: PlusConfig, grid: str | None = None, region: VolumeRegion | None = None) -> VolumePlan:
    """The plan of a live sweep, whose frames nobody knows."""
    region = region or VolumeRegion()
    chosen, warnings = live_config(config, grid, region)  # type: ignore[arg-type]
    image = TimedImage(np.zeros((40, 40), np.uint8), 0.0)
    names = ("ImageToProbe", "ProbeToReference")
    found = calibrate(image, names, chosen, ImageGeometry(), (1.0, 1.0, 1.0), Provenance())
    return live_plan(found, region, lambda: np.eye(4), warnings)


@pytest.mark.parametrize(
    ("saved", "fault"),
    [
        ({"OutputOrigin": "0 0 0", "OutputExtent": "0 0 0 0 0 0"}, "single voxel"),
        ({"OutputOrigin": "3 3 3", "OutputExtent": "7 7 7 7 7 7"}, "single voxel"),
        ({"OutputOrigin": "0 0 0", "OutputExtent": ""}, "OutputExtent is blank"),
        ({"OutputOrigin": "", "OutputExtent": ""}, "OutputOrigin is blank"),
        ({"OutputOrigin": "0 0 0", "OutputExtent": "0 -1 0 -1 0 -1"}, "ends before it begins"),
    ],
)
def test_28_live_a_degenerate_grid_is_told_and_the_volume_grows(
    tmp_path: Path, saved: dict[str, str], fault: str
) -> None:
    config = read_plus_config(write_config(tmp_path / "c.xml", **saved))
    plan = live(config)
    assert isinstance(plan, GrowingPlan)
    (warning,) = plan.warnings
    assert fault in warning.what
    assert live(config, region=VolumeRegion(around=(9.0, 9.0, 9.0))).warnings == ()


def test_28_live_the_saved_grid_counts(tmp_path: Path) -> None:
    config = read_plus_config(write_config(tmp_path / "c.xml", **ALL))
    plan = live(config)
    assert isinstance(plan, FixedPlan)
    assert (plan.grid.shape, plan.grid.origin, plan.warnings) == ((13, 21, 21), (-1, -1, -1), ())
    assert isinstance(live(config, "frames"), GrowingPlan)
    assert isinstance(live(config.with_saved_grid(), "saved"), FixedPlan)
    lone = read_plus_config(write_config(tmp_path / "c.xml", OutputOrigin="0 0 0"))
    with pytest.raises(GeometryError, match="OutputOrigin is given without OutputExtent"):
        live(lone)


def test_blank_attributes_are_absent(tmp_path: Path) -> None:
    blank = dict.fromkeys(["ClipRectangleOrigin", "ClipRectangleSize", "FanAnglesDeg", "FillHoles", "Optimization"], "")
    config = write_config(tmp_path / "c.xml", ImageCoordinateFrame="", ReferenceCoordinateFrame=" ", **blank)
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    assert grid_of(run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")) == GRID
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), DOT_MM, atol=0.01)


def test_older_names_of_a_fan_cut_the_same_pixels_and_are_told(tmp_path: Path) -> None:
    """A fan of ±45° about pixel (20, 0), from 0 to 30 pixels: on row 10, columns 11 to 29 at most."""
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    old = {"FanAngles": "-45 45", "FanOrigin": "20 0", "FanDepth": "30"}
    new = {"FanAnglesDeg": "-45 45", "FanOriginPixel": "20 0", "FanRadiusStartPixel": "0", "FanRadiusStopPixel": "30"}
    levels = []
    for name, attributes in (("old", old), ("new", new)):
        config = write_config(tmp_path / f"{name}.xml", **attributes)
        printed = run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")
        shown = " ".join(warning["what"] for warning in printed["warnings"])
        assert ("FanAngles (today FanAnglesDeg), FanOrigin (today FanOriginPixel), FanDepth" in shown) == (
            name == "old"
        )
        levels.append(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "v.mha"))))
    np.testing.assert_array_equal(levels[0], levels[1])
    # Pixel (20, 10) lies at (4, 2) mm, voxel (8, 4); pixel (5, 10) at (1, 2) mm, voxel (2, 4), outside the fan.
    assert levels[0][0, 4, 8] == 20
    assert levels[0][0, 4, 2] == 0


def test_a_fan_of_angles_alone_has_the_defaults_of_plus(tmp_path: Path) -> None:
    """Apex (0, 0), up to 500 pixels: of ±45°, what lies right of the diagonal is cut."""
    config = write_config(tmp_path / "c.xml", FanAngles="-45 45")
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    printed = run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")
    assert "FanOriginPixel (0 0) and FanRadiusStopPixel (500)" in str(printed["warnings"])
    levels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "v.mha")))
    assert (levels[0, 12, 4], levels[0, 4, 12]) == (20, 0)


@pytest.mark.parametrize(
    ("attributes", "mode"),
    [({"CompoundingMode": ""}, "mean"), ({"CompoundingMode": "", "Compounding": "off"}, "latest")],
)
def test_the_compounding_of_older_configurations(tmp_path: Path, attributes: dict[str, str], mode: str) -> None:
    config = write_config(tmp_path / "c.xml", **attributes)
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    printed = run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")
    assert printed["compounding"].startswith(mode)
    assert len(printed["warnings"]) == 1


def test_a_clip_rectangle_of_size_zero_clips_nothing(tmp_path: Path) -> None:
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    for size in ("0 0", "0 30", "-1 5"):
        config = write_config(tmp_path / "c.xml", ClipRectangleOrigin="5 5", ClipRectangleSize=size)
        assert grid_of(run_json("reconstruct", sweep, "--config", config, "-o", tmp_path / "v.mha")) == GRID


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"ClipRectangleOrigin": "50 50", "ClipRectangleSize": "10 10"}, "lies outside images of 40×40"),
        ({"OutputSpacing": "0 0 0"}, "OutputSpacing absent or not positive"),
        ({"OutputSpacing": ""}, "OutputSpacing absent or not positive"),
        ({"OutputSpacing": "0,5 0,5 0,5"}, "decimal point, and blanks between them"),
        ({"FillHoles": "true"}, "FillHoles 'true', expected one of ON, OFF"),
    ],
)
def test_impossible_attributes_are_refused_by_name(tmp_path: Path, attributes: dict[str, str], says: str) -> None:
    config = write_config(tmp_path / "c.xml", **attributes)
    shown = failure(
        "reconstruct", write_sweep_file(tmp_path / "s.igs.mha"), "--config", config, "-o", tmp_path / "v.mha"
    )
    assert says in shown
    assert not (tmp_path / "v.mha").exists()


def test_inspect_tells_the_saved_grid_and_the_notes(tmp_path: Path) -> None:
    printed = run_json("inspect", write_config(tmp_path / "c.xml", FanAngles="-9 9", **ALL))
    assert printed["saved_grid"] == {"origin": [-1, -1, -1], "extent": [0, 20, 0, 20, 0, 12], "fault": ""}
    assert "extent" not in printed["reconstruction"]
    assert len(printed["notes"]) == 2
    sweep = write_sweep_file(tmp_path / "s.igs.mha")
    assert "FanAngles" in str(run_json("inspect", sweep, "--config", tmp_path / "c.xml")["warnings"])
