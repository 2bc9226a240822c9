"""Sequence files as exporters write them: numbers, names and headers; each sweep has one dot at a known place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk import read_sweep, read_volume
from edge_sdk.errors import FileFormatError
from tests.apps.commands_fixtures import failure, run, run_json
from tests.cases.plus_files import DOT_MM, GRID, dot_mm, renamed, write_sweep_file

pytest.importorskip("SimpleITK")

SUFFIXES = [".igs.mha", ".igs.nrrd"]
DOT_01, DOT_04 = (9.0, 3.0, 5.0), (3.0, 4.0, 2.0)


def reconstructed(sweep: Path, folder: Path, *options: object) -> dict[str, object]:
    """What reconstruct prints; the dot must be where it is."""
    printed = run_json("reconstruct", sweep, *options, "-o", folder / "v.mha")
    np.testing.assert_allclose(dot_mm(folder / "v.mha"), DOT_MM, atol=0.01)
    assert {name: printed[name] for name in GRID} == GRID
    return dict(printed)


@pytest.mark.real
@pytest.mark.parametrize("name", ["01-four-digits.igs.mha", "01-ten-digits.igs.mha"])
def test_01_ten_digits_are_read_as_four(real_data: Path, tmp_path: Path, name: str) -> None:
    sweep = real_data / "cases/sweeps" / name
    printed = run_json("reconstruct", sweep, "-o", tmp_path / "v.mha")
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), DOT_01, atol=0.01)
    assert printed["frames_inserted"] == 12
    with pytest.raises(FileFormatError, match="is a tracked sweep, not a volume"):
        read_volume(sweep)


@pytest.mark.real
def test_01_ten_digits_of_tracking_only(real_data: Path) -> None:
    path = real_data / "cases/sweeps/01-ten-digits-tracking.igs.mha"
    assert len(read_sweep(path)) == 30
    with pytest.raises(FileFormatError, match="is a tracked sweep, not a volume"):
        read_volume(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("digits", [1, 6, 10, 25])
def test_01_digits_of_any_number(tmp_path: Path, suffix: str, digits: int) -> None:
    sweep = write_sweep_file(tmp_path / f"s{suffix}", digits=digits)
    assert reconstructed(sweep, tmp_path)["frames_inserted"] == 8
    with pytest.raises(FileFormatError, match="is a tracked sweep, not a volume"):
        read_volume(sweep)


@pytest.mark.real
@pytest.mark.parametrize("name", ["04-nan-plain", "04-nan-ind", "04-nan-1-ind"])
def test_04_an_invalid_pose_of_nan(real_data: Path, tmp_path: Path, name: str) -> None:
    printed = run_json("reconstruct", real_data / f"cases/sweeps/{name}.igs.mha", "-o", tmp_path / "v.mha")
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), DOT_04, atol=0.01)
    assert (printed["frames_inserted"], printed["frames_left_out"]) == (7, 1)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("status", ["OK", "INVALID"])
@pytest.mark.parametrize(
    "text", ["1.#QNAN", "-1.#IND00", "nan(snan)", "+NaN", "-nan", "1.#INF", "inf", "-Infinity", "1.#J"]
)
def test_04_nan_and_infinity_in_any_spelling(tmp_path: Path, suffix: str, status: str, text: str) -> None:
    def change(index: int, fields: dict[str, str]) -> None:
        if index == 1:
            fields["ProbeToReferenceTransform"] = f"{' '.join([text] * 12)} 0 0 0 1"
            fields["ProbeToReferenceTransformStatus"] = status

    printed = reconstructed(write_sweep_file(tmp_path / f"s{suffix}", change=change), tmp_path)
    assert (printed["frames_inserted"], printed["frames_left_out"]) == (7, 1)


def test_04_a_blank_pose_is_left_out(tmp_path: Path) -> None:
    def change(index: int, fields: dict[str, str]) -> None:
        if index == 1:
            fields["ProbeToReferenceTransform"] = " "

    printed = reconstructed(write_sweep_file(tmp_path / "s.igs.mha", change=change), tmp_path)
    assert printed["left_out_because"] == "ProbeToReference is MISSING: 1"


def test_04_a_word_among_numbers_is_refused(tmp_path: Path) -> None:
    def change(index: int, fields: dict[str, str]) -> None:
        if index == 1:
            fields["ProbeToReferenceTransform"] = "1,0 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"

    sweep = write_sweep_file(tmp_path / "s.igs.mha", change=change)
    line = failure("reconstruct", sweep, "-o", tmp_path / "v.mha")
    assert "Seq_Frame0001_ProbeToReferenceTransform is '1,0 0 0" in line
    assert not (tmp_path / "v.mha").exists()


@pytest.mark.real
def test_24_a_byte_order_mark(real_data: Path, tmp_path: Path) -> None:
    run_json("reconstruct", real_data / "cases/sweeps/24-bom.igs.mhd", "-o", tmp_path / "v.mha")
    np.testing.assert_allclose(dot_mm(tmp_path / "v.mha"), DOT_04, atol=0.01)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("suffix", [".igs.mhd", ".nhdr"])
def test_24_headers_that_editors_saved(tmp_path: Path, suffix: str, encoding: str, line_end: str) -> None:
    sweep = write_sweep_file(tmp_path / f"s{suffix}", encoding=encoding, line_end=line_end)
    assert reconstructed(sweep, tmp_path)["frames_inserted"] == 8


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_24_a_mark_before_a_whole_sequence_file(tmp_path: Path, suffix: str) -> None:
    sweep = write_sweep_file(tmp_path / f"s{suffix}", encoding="utf-8-sig", line_end="\r\n")
    assert reconstructed(sweep, tmp_path)["frames_inserted"] == 8


def test_24_a_header_in_utf_16_before_pixels_is_refused(tmp_path: Path) -> None:
    sweep = write_sweep_file(tmp_path / "s.igs.mha", encoding="utf-16")
    assert "s.igs.mha: begins as UTF-16" in failure("reconstruct", sweep, "-o", tmp_path / "v.mha")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "name",
    [
        "Probe-1ToReference",
        "Left ProbeToReference",
        "probeToReference",
        "449:ProbeToReference",
        "Sonde\u00e9ToReference",
    ],
)
def test_names_of_transforms_as_plus_takes_them(tmp_path: Path, suffix: str, name: str) -> None:
    def same_frame(index: int, fields: dict[str, str]) -> None:
        start = name.removesuffix("ToReference")
        renamed("ProbeToReference", name)(index, fields)
        renamed("ImageToProbe", f"ImageTo{start[0].upper()}{start[1:]}")(index, fields)

    sweep = write_sweep_file(tmp_path / f"s{suffix}", change=same_frame)
    assert reconstructed(sweep, tmp_path)["warnings"] == []
    for copy in ("copy.igs.mha", "copy.igs.nrrd"):
        status, _, stderr = run("convert", sweep, "-o", tmp_path / copy)
        assert status == 0, stderr
        assert reconstructed(tmp_path / copy, tmp_path)["frames_inserted"] == 8


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_named_as_a_transform_and_not_used_is_named(tmp_path: Path, suffix: str) -> None:
    def change(_index: int, fields: dict[str, str]) -> None:
        fields["NeedleTotrackerTransform"] = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"

    sweep = write_sweep_file(tmp_path / f"s{suffix}", change=change, header={"CalibrationTransform": "1 0 0 0"})
    (warning,) = reconstructed(sweep, tmp_path)["warnings"]  # type: ignore[misc]
    assert "NeedleTotrackerTransform, CalibrationTransform" in warning["what"]
    assert "warning: not used, although named" in run("reconstruct", sweep, "-o", tmp_path / "w.mha")[2]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["ProbeToReference"], "cannot resolve ImageToReference"),
        (["ProbeToReference", "ImageToProbe"], "holds images without poses"),
    ],
)
def test_an_error_for_want_of_poses_names_what_was_not_understood(tmp_path: Path, names: list[str], says: str) -> None:
    def change(index: int, fields: dict[str, str]) -> None:
        for name in names:
            renamed(name, name.replace("To", "To-ATo"))(index, fields)

    line = failure("reconstruct", write_sweep_file(tmp_path / "s.igs.mha", change=change), "-o", tmp_path / "v.mha")
    assert says in line
    assert "not understood as transforms: ProbeTo-AToReferenceTransform" in line


def test_two_names_of_one_transform_are_refused(tmp_path: Path) -> None:
    def change(_index: int, fields: dict[str, str]) -> None:
        fields["probeToReferenceTransform"] = "1 0 0 9 0 1 0 0 0 0 1 0 0 0 0 1"

    sweep = write_sweep_file(tmp_path / "s.igs.mha", change=change)
    assert "ProbeToReferenceTransform twice" in failure("reconstruct", sweep, "-o", tmp_path / "v.mha")


@pytest.mark.real
def test_37_a_cropped_recording_placed_as_the_whole_image_is_told(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "cases/sweeps"
    arguments = ["reconstruct", folder / "37-cropped.igs.mha", "-o", tmp_path / "v.mha"]
    right = run_json(*arguments, "--config", folder / "37-cropped.xml")
    assert not any("CroppedImage" in warning["what"] for warning in right["warnings"])
    wrong = run_json(*arguments, "--config", folder / "37-image.xml")
    # ImageToProbe has 0.08 mm a pixel, and the crop begins at pixel (335, 285).
    apart = float(np.hypot(335 * 0.08, 285 * 0.08))
    assert f"its pixels are of CroppedImage, and they are placed as those of Image, {apart:.1f} mm away" in " ".join(
        warning["what"] for warning in wrong["warnings"]
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_37_the_default_frame_is_that_of_the_pixels(tmp_path: Path, suffix: str) -> None:
    """Pixel (x, y) of the crop is (x - 5, y + 10) of the image, which is moved to keep the dot where it is."""

    def change(_index: int, fields: dict[str, str]) -> None:
        fields["ImageToCroppedImageTransform"] = "1 0 0 5 0 1 0 -10 0 0 1 0 0 0 0 1"
        fields["ImageToCroppedImageTransformStatus"] = "OK"
        fields["ImageToProbeTransform"] = "0.2 0 0 1 0 0.2 0 -2 0 0 0.2 0 0 0 0 1"

    sweep = write_sweep_file(tmp_path / f"s{suffix}", change=change)
    assert reconstructed(sweep, tmp_path)["warnings"] == []
    run("convert", sweep, "-o", tmp_path / "copy.igs.mha")
    assert reconstructed(tmp_path / "copy.igs.mha", tmp_path)["warnings"] == []


def test_a_sequence_of_one_frame_is_no_volume(tmp_path: Path) -> None:
    path = tmp_path / "one.mha"
    path.write_bytes(
        b"ObjectType = Image\nNDims = 3\nDimSize = 4 4 1\nElementType = MET_UCHAR\nKinds = domain domain list\n"
        b"Seq_Frame0000000000_Timestamp = 1\nElementDataFile = LOCAL\n" + bytes(16)
    )
    with pytest.raises(FileFormatError, match="is a tracked sweep, not a volume"):
        read_volume(path)
