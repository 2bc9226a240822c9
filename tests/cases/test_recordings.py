"""Recordings as people have them: what a file says of times, units, colors and levels, and what is right.

Situations come from public bug reports; the files of ../shared/data/cases are rebuilt from them. Right values are
those of the formats' specifications, by arithmetic.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom.tag import Tag
from pydicom.uid import RLELossless

from edge_sdk import read_sweep
from tests.apps.commands_fixtures import failure, run, run_json
from tests.edge_sdk.containers.matroska_files import block, group, matroska, text_track, video_track
from tests.edge_sdk.containers.mp4_files import with_edits
from tests.edge_sdk.sweep.formats.test_dicom_cine import dataset, put

FRAMES, RATE = 40, 20.0
HEADER = "timestamp,tx,ty,tz,qx,qy,qz,qw"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 frames at 20 per second."""
    path = tmp_path_factory.mktemp("video") / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (64, 48))
    for index in range(FRAMES):
        writer.write(np.full((48, 64, 3), 40 + 4 * index, np.uint8))
    writer.release()
    return path


@pytest.fixture
def sweeps(real_data: Path) -> Path:
    folder = real_data / "cases" / "sweeps"
    if not folder.is_dir():
        pytest.skip("the files of the cases are not there")
    return folder


def poses(path: Path, *, time: float = 1.0, length: float = 1.0, start: float = 0.0, encoding: str = "utf-8") -> Path:
    """A table of poses each 50 ms, along x at 10 mm/s, times and lengths in other units."""
    rows = [f"{start + time * index * 0.05!r},{length * index * 0.5!r},0,0,0,0,0,1" for index in range(FRAMES + 1)]
    path.write_bytes("\n".join([HEADER, *rows, ""]).encode(encoding))
    return path


def reconstruct(recording: Path, table: Path, output: Path, *more: object) -> Any:
    return run_json("reconstruct", recording, "--poses", f"csv:{table}", "--pixel-spacing", "0.2", "-o", output, *more)


class TestUnitsOfPoses:
    @pytest.mark.parametrize(("unit", "factor"), [("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)])
    def test_times_in_another_unit_are_told(self, video: Path, tmp_path: Path, unit: str, factor: float) -> None:
        result = reconstruct(video, poses(tmp_path / "p.csv", time=factor), tmp_path / "v.mha")
        warning = result["warnings"][0]
        assert "39 of 40 frames" in warning["what"]
        assert unit in warning["likely_cause"]

    def test_poses_at_no_frame_name_the_unit_in_the_error(self, video: Path, tmp_path: Path) -> None:
        table = poses(tmp_path / "p.csv", time=1e3, start=1.01)
        status, _, stderr = run(
            "reconstruct", video, "--poses", f"csv:{table}", "--pixel-spacing", "0.2", "-o", tmp_path / "v.mha"
        )
        note, line = stderr.splitlines()
        assert (status, note) == (1, "note: frames: uint8; gray: luma (BT.601)")
        assert "milliseconds" in line

    def test_times_of_the_clock_on_the_wall_are_refused_with_the_lag(self, video: Path, tmp_path: Path) -> None:
        table = poses(tmp_path / "p.csv", start=1.7e9)
        arguments = ["--poses", f"csv:{table}", "--pixel-spacing", "0.2", "-o", tmp_path / "v.mha"]
        assert "--lag 1700000000.000" in failure("reconstruct", video, *arguments)
        assert reconstruct(video, table, tmp_path / "v.mha", "--lag", "1.7e9")["frames_inserted"] == FRAMES

    def test_lengths_in_meters_are_told(self, video: Path, tmp_path: Path) -> None:
        table = poses(tmp_path / "p.csv", length=1e-3)
        result = reconstruct(video, table, tmp_path / "v.mha")
        assert "meters" in str(result["warnings"])
        assert "meters" in run("inspect", table)[2]
        assert "meters" in run("convert", video, "--poses", f"csv:{table}", "-o", tmp_path / "s.igs.mha")[2]

    def test_seconds_and_millimeters_are_told_nothing(self, video: Path, tmp_path: Path) -> None:
        result = reconstruct(video, poses(tmp_path / "p.csv"), tmp_path / "v.mha")
        assert (result["frames_inserted"], result["warnings"]) == (FRAMES, [])

    @pytest.mark.real
    def test_the_files(self, sweeps: Path, tmp_path: Path) -> None:
        recording, output = sweeps / "13-v.avi", tmp_path / "v.mha"
        assert "milliseconds" in str(reconstruct(recording, sweeps / "13-ms.csv", output)["warnings"])
        assert "meters" in str(reconstruct(recording, sweeps / "13-metres.csv", output)["warnings"])
        for name in ("13-plain.csv", "13-utf16.csv"):
            result = reconstruct(recording, sweeps / name, output)
            assert (result["frames_inserted"], result["warnings"]) == (FRAMES, [])


class TestTables:
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
    def test_a_table_saved_by_a_spreadsheet_as_unicode(self, tmp_path: Path, encoding: str) -> None:
        plain = read_sweep(poses(tmp_path / "plain.csv")).transforms["ProbeToReference"].matrices
        saved = read_sweep(poses(tmp_path / "saved.csv", encoding=encoding)).transforms["ProbeToReference"].matrices
        np.testing.assert_array_equal(saved, plain)

    @pytest.mark.parametrize("nothing", ["nan", "NaN", "-nan(ind)", "-1.#IND", "1.#QNAN", "-nan", "inf", ""])
    def test_a_lost_pose_in_any_spelling(self, tmp_path: Path, nothing: str) -> None:
        path = tmp_path / "p.csv"
        lost = ",".join([nothing] * 7)
        path.write_text(f"{HEADER},status\n0,1,2,3,0,0,0,1,OK\n1,{lost},INVALID\n2,5,2,3,0,0,0,1,OK\n")
        transform = read_sweep(path).transforms["ProbeToReference"]
        assert transform.status == ("OK", "INVALID", "OK")
        assert transform.matrices[2, 0, 3] == 5
        path.write_text(f"{HEADER}\n0,{lost}\n")
        assert "line 2 column tx" in failure("inspect", path)

    def test_decimal_commas_and_digit_groups_are_refused_by_cell(self, tmp_path: Path) -> None:
        path = tmp_path / "p.csv"
        path.write_text(f"{HEADER.replace(',', ';')}\n0;1,5;0;0;0;0;0;1\n")
        assert "'1,5'" in failure("inspect", path)
        path.write_text(f"{HEADER}\n0,1_000,0,0,0,0,0,1\n")
        assert "'1_000'" in failure("inspect", path)
        path.write_text(f"{HEADER}\n00:00:01.5,1,0,0,0,0,0,1\n")
        assert "'00:00:01.5'" in failure("inspect", path)

    def test_rows_out_of_order_are_taken_by_time(self, video: Path, tmp_path: Path) -> None:
        table = poses(tmp_path / "p.csv")
        plain = reconstruct(video, table, tmp_path / "a.mha")
        header, *rows = table.read_text().splitlines()
        table.write_text("\n".join([header, *rows[::-1]]))
        turned = reconstruct(video, table, tmp_path / "b.mha")
        assert turned["origin_mm"] == plain["origin_mm"]
        assert turned["size_xyz"] == plain["size_xyz"]


class TestFrameTimesOfDicom:
    PIXELS = np.random.default_rng(1).integers(0, 256, (5, 8, 8), np.uint8)

    def times(self, tmp_path: Path, **values: Any) -> tuple[list[float], str]:
        path = put(dataset(self.PIXELS, **values), tmp_path / "a.dcm")
        return read_sweep(path).timestamps.tolist(), run("inspect", path)[2]

    def test_the_pointer_decides(self, tmp_path: Path) -> None:
        vector = [0, 125, 124, 124, 126]
        values = {"FrameIncrementPointer": Tag("FrameTime"), "FrameTime": 40, "FrameTimeVector": vector}
        times, stderr = self.times(tmp_path, **values)
        assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
        assert "FrameTimeVector says 124.8 ms" in stderr

    def test_a_vector_of_zeros_is_told_and_not_used(self, tmp_path: Path) -> None:
        times, stderr = self.times(tmp_path, FrameTimeVector=[0] * 5, CineRate=30)
        assert times == pytest.approx([index / 30 for index in range(5)])
        assert "FrameTimeVector is 0 for all frames" in stderr

    @pytest.mark.real
    def test_the_files(self, sweeps: Path) -> None:
        pointer = read_sweep(sweeps / "22-pointer-to-frametime.dcm")
        np.testing.assert_allclose(pointer.timestamps, np.arange(5) * 0.04)
        zero = read_sweep(sweeps / "22-zero-vector.dcm")
        np.testing.assert_allclose(zero.timestamps, np.arange(5) / 30)
        assert "FrameTimeVector is 0" in str(zero.remarks)


class TestCinesShorterThanTheySay:
    PIXELS = TestFrameTimesOfDicom.PIXELS

    def test_uncompressed_pixels_are_refused_with_both_numbers(self, tmp_path: Path) -> None:
        line = failure("inspect", put(dataset(self.PIXELS, NumberOfFrames=9), tmp_path / "a.dcm"))
        assert "5 whole frames, NumberOfFrames says 9" in line

    def test_a_file_cut_off_while_it_was_copied_is_refused_with_both_numbers(self, tmp_path: Path) -> None:
        path = put(dataset(self.PIXELS), tmp_path / "a.dcm")
        path.write_bytes(path.read_bytes()[:-100])
        assert "3 whole frames, NumberOfFrames says 5" in failure("inspect", path)

    @pytest.mark.parametrize("stated", [9, 2])
    def test_compressed_frames_are_read_and_both_numbers_told(self, tmp_path: Path, stated: int) -> None:
        made = dataset(self.PIXELS)
        made.compress(RLELossless)
        made.NumberOfFrames = stated
        path = put(made, tmp_path / "a.dcm")
        assert f"holds 5 frames, NumberOfFrames says {stated}" in run("inspect", path)[2]
        result = run_json("convert", path, "-o", tmp_path / "s.igs.mha")
        assert result["frames"] == 5
        assert result.get("frames_lost", "0") == str(max(0, stated - 5))
        assert str(stated) in str(result["warnings"])

    def test_a_video_cut_off_is_read_and_both_numbers_told(self, video: Path, tmp_path: Path) -> None:
        path = tmp_path / "cut.avi"
        path.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
        count = len(read_sweep(path))
        assert 5 < count < FRAMES
        assert f"holds {count} frames, its header announces {FRAMES}" in run("inspect", path)[2]

    def test_raw_pixels_shorter_than_their_header_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "s.mhd"
        frames = "\n".join(f"Seq_Frame{index:04d}_Timestamp = {index}" for index in range(5))
        header = "ObjectType = Image\nNDims = 3\nDimSize = 8 8 5\nElementType = MET_UCHAR"
        path.write_text(f"{header}\n{frames}\nElementDataFile = s.raw\n")
        (tmp_path / "s.raw").write_bytes(bytes(8 * 8 * 3))
        assert "s.raw" in failure("inspect", path) or "s.mhd" in failure("inspect", path)


class TestColorsAndLevelsOfDicom:
    @pytest.mark.real
    @pytest.mark.parametrize("name", ["bare-ycbcr-said-rgb", "jfif-ycbcr-said-rgb", "rgb-said-rgb", "rgb-said-ybr"])
    def test_a_label_that_the_codestream_contradicts(self, sweeps: Path, name: str) -> None:
        sweep = read_sweep(sweeps / f"06-{name}.dcm")
        assert sweep.images.max() >= 250
        assert sweep.images.min() <= 5
        assert ("PhotometricInterpretation" in str(sweep.remarks)) == (name != "rgb-said-rgb")

    def test_twelve_bits_in_sixteen_are_not_black(self, tmp_path: Path) -> None:
        pixels = (np.arange(2 * 8 * 8, dtype=np.uint16) * 20).reshape(2, 8, 8)
        path = put(dataset(pixels), tmp_path / "a.dcm")
        np.testing.assert_allclose(read_sweep(path).images, pixels / pixels.max() * 255, atol=0.51)
        _, _, stderr = run("inspect", path)
        assert "16-bit levels 0…2540, the range in use, are shown as 0…255" in stderr

    def test_a_palette_that_states_sixteen_bits_and_holds_eight(self, tmp_path: Path) -> None:
        pixels = np.arange(128, dtype=np.uint8).reshape(2, 8, 8)
        entries = np.arange(256, dtype="<u2")
        made = dataset(pixels, "PALETTE COLOR")
        for color in ("Red", "Green", "Blue"):
            setattr(made, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(made, f"{color}PaletteColorLookupTableData", entries.tobytes())
        sweep = read_sweep(put(made, tmp_path / "a.dcm"))
        np.testing.assert_array_equal(sweep.images, pixels)
        assert "palette states 16 bits" in str(sweep.remarks)


class TestStartsOfVideos:
    def test_a_track_that_begins_late_in_mp4(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (64, 48))
        for index in range(20):
            writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
        writer.release()
        path.write_bytes(with_edits(path.read_bytes(), [(500, -1), (800, 0)]))
        sweep = read_sweep(path)
        np.testing.assert_allclose(sweep.timestamps, 0.5 + np.arange(20) / 25)
        assert "--lag -0.500" in run("inspect", path)[2]

    def test_a_track_that_begins_late_in_matroska(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mkv"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (64, 48))
        writer.write(np.full((48, 64, 3), 90, np.uint8))
        writer.write(np.full((48, 64, 3), 99, np.uint8))
        writer.release()
        data = bytearray(path.read_bytes())
        at = data.index(bytes.fromhex("1f43b675")) + 4
        at = data.index(b"\xe7\x81\x00", at)  # the cluster's time, one byte
        data[at + 2] = 250
        path.write_bytes(data)
        np.testing.assert_allclose(read_sweep(path).timestamps, [0.25, 0.29], atol=1e-9)

    def test_a_track_that_begins_late_in_avi(self, video: Path, tmp_path: Path) -> None:
        data = bytearray(video.read_bytes())
        data[data.index(b"strh") + 8 + 28] = 10  # dwStart, in frames
        path = tmp_path / "a.avi"
        path.write_bytes(data)
        np.testing.assert_allclose(read_sweep(path).timestamps, (10 + np.arange(FRAMES)) / RATE, atol=1e-9)

    def test_an_edit_list_that_hides_the_first_frames(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (64, 48))
        for index in range(20):
            writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
        writer.release()
        # A frame at 25/s is 512 ticks of OpenCV's 12800 per second.
        path.write_bytes(with_edits(path.read_bytes(), [(500, -1), (400, 5 * 512)]))
        sweep = read_sweep(path)
        np.testing.assert_allclose(sweep.timestamps, 0.5 + np.arange(10) / 25)
        np.testing.assert_allclose(sweep.images.mean((1, 2)), 50 + 10 * np.arange(10), atol=4)
        assert "holds 10 frames, its header announces 20" in str(sweep.remarks)

    def test_a_phone_that_was_held_upright_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (64, 48))
        writer.write(np.full((48, 64, 3), 90, np.uint8))
        writer.release()
        data = bytearray(path.read_bytes())
        matrix = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
        struct.pack_into(">9i", data, data.index(b"tkhd") + 44, *matrix)
        path.write_bytes(data)
        sweep = read_sweep(path)
        assert sweep.images.shape == (1, 64, 48)
        assert "turned by 90°" in str(sweep.remarks)

    @pytest.mark.real
    def test_the_file(self, sweeps: Path) -> None:
        times = read_sweep(sweeps / "40-late.mp4").timestamps
        np.testing.assert_allclose(times, 0.5 + np.arange(20) / 25, atol=1e-9)


class TestMatroskaOfIgsio:
    RGB = np.random.default_rng(4).integers(0, 256, (3, 6, 8, 3), np.uint8)

    def file(self, tmp_path: Path, **changed: Any) -> Path:
        """Three frames whose fields are in text tracks, as IGSIO writes them."""
        identity = " ".join(str(value) for value in np.eye(4).ravel())
        tracks = [
            video_track((8, 6), changed.get("color_space", "RV24")),
            text_track(2, "ProbeToTrackerTransform"),
            text_track(3, "ProbeToTrackerTransformStatus"),
            text_track(4, "FrameNumber"),
        ]
        clusters = []
        for index, frame in enumerate(changed.get("frames", self.RGB)):
            matrix = identity.replace("0.0", str(index), 1)
            fields = [matrix, "INVALID" if index == 1 else "OK", str(7 + index)]
            texts = [group(2 + at, 0, text.encode() + b"\0") for at, text in enumerate(fields)]
            clusters.append((100 * index + changed.get("start", 0), [block(1, 0, frame.tobytes()), *texts]))
        path = tmp_path / "a.mkv"
        path.write_bytes(matroska(tracks, clusters, muxer=changed.get("muxer", "libwebm-0.2.1.0")))
        return path

    @pytest.mark.parametrize("color_space", ["RV24", "RGB2", "RGB"])
    def test_frames_are_rgb_and_fields_are_read(self, tmp_path: Path, color_space: str) -> None:
        sweep = read_sweep(self.file(tmp_path, color_space=color_space))
        np.testing.assert_allclose(sweep.images, self.RGB @ [0.299, 0.587, 0.114], atol=0.51)
        np.testing.assert_allclose(sweep.timestamps, [0, 0.1, 0.2])
        probe = sweep.transforms["ProbeToTracker"]
        assert probe.status == ("OK", "INVALID", "OK")
        assert probe.matrices[:, 0, 1].tolist() == [0, 1, 2]
        assert [own["FrameNumber"] for own in sweep.fields] == ["7", "8", "9"]
        assert sweep.remarks == ()

    def test_one_byte_per_pixel_is_gray(self, tmp_path: Path) -> None:
        frames = self.RGB[..., 0]
        sweep = read_sweep(self.file(tmp_path, color_space="Y800", frames=frames))
        np.testing.assert_array_equal(sweep.images, frames)

    def test_another_program_may_mean_blue_first_and_that_is_told(self, tmp_path: Path) -> None:
        sweep = read_sweep(self.file(tmp_path, muxer="Lavf62"))
        np.testing.assert_allclose(sweep.images, self.RGB @ [0.114, 0.587, 0.299], atol=1.01)
        assert "RV24" in str(sweep.remarks)
        assert "ProbeToTracker" in sweep.transforms

    def test_times_in_a_text_track_count(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mkv"
        clusters = [
            (100 * index, [block(1, 0, self.RGB[index].tobytes()), group(2, 0, f"{1234.5678 + index}\0".encode())])
            for index in range(3)
        ]
        path.write_bytes(matroska([video_track((8, 6)), text_track(2, "Timestamp")], clusters))
        np.testing.assert_allclose(read_sweep(path).timestamps, [1234.5678, 1235.5678, 1236.5678])

    def test_subtitles_are_told_and_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mkv"
        tracks = [video_track((8, 6)), text_track(2, "English"), text_track(3, "Styled", "S_TEXT/ASS")]
        frames = [block(1, 0, self.RGB[0].tobytes()), group(2, 37, b"Look here"), group(3, 0, b"x")]
        path.write_bytes(matroska(tracks, [(0, frames)]))
        _, _, stderr = run("inspect", path)
        assert "'English' (1 of 1 entries are at no frame's time)" in stderr
        assert "'Styled' (S_TEXT/ASS)" in stderr

    def test_frames_of_another_size_are_refused(self, tmp_path: Path) -> None:
        assert "frame 0 has 100 bytes, expected 144" in failure(
            "inspect", self.file(tmp_path, frames=np.zeros((1, 100), np.uint8))
        )

    @pytest.mark.real
    def test_the_file(self, sweeps: Path) -> None:
        sweep = read_sweep(sweeps / "03-uncompressedRV24.mkv")
        # The file's first bytes are 00 00 00, 19 00 00: black, then 25 of red.
        assert sweep.images[0, 0, :2].tolist() == [0, round(0.299 * 0x19)]
        assert [own["Framenumber"] for own in sweep.fields] == [str(index) for index in range(100)]
