"""Recordings that are finished, cut short anywhere, killed, or out of room."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import EdgeSdkError, FileFormatError
from edge_sdk.sweep.formats import read_sweep
from edge_sdk.sweep.recording.layout import FRAMES, PIXELS, recording_of
from edge_sdk.sweep.recording.recorder import SweepRecorder
from edge_sdk.sweep.recording.recovery import read_recording, recover
from edge_sdk.sweep.recording.template import RecordingTemplate

SHAPE = (6, 8)
WRITER = """
import sys, time
import numpy as np
from pathlib import Path
from edge_sdk.sweep.recording.recorder import SweepRecorder
from edge_sdk.sweep.recording.template import RecordingTemplate
recorder = SweepRecorder(Path(sys.argv[1]), RecordingTemplate((60, 80)), sync_s=0.05)
for number in range(100_000):
    image = np.full((60, 80), number % 251, np.uint8)
    recorder.add(image, number / 30, {"ProbeToTracker": (np.eye(4) * 1.0, "OK")})
    print(recorder.synced, recorder.frames, flush=True)
    time.sleep(0.002)
"""


def image_of(number: int) -> np.ndarray:
    """A frame that tells its number."""
    return (np.arange(48).reshape(SHAPE) + 7 * number).astype(np.uint8)


def record(path: Path, frames: int = 5) -> SweepRecorder:
    """A recording with so many frames, one of them without a pose."""
    recorder = SweepRecorder(path, RecordingTemplate(SHAPE, header={"Comment": "test"}, pixel_spacing=(0.1, 0.2)))
    for number in range(frames):
        matrix = np.eye(4)
        matrix[0, 3] = number + 0.1
        pose = (matrix, "OK") if number != 2 else (np.full((4, 4), np.nan), "MISSING")
        recorder.add(image_of(number), 10 + number / 30, {"ProbeToTracker": pose}, fields={"FrameNumber": str(number)})
    return recorder


def test_a_finished_recording_is_a_sweep_that_others_read(tmp_path: Path) -> None:
    path = tmp_path / "S.igs.mha"
    assert record(path).finish() == 5
    assert not recording_of(path).exists()
    sweep = read_sweep(path)
    np.testing.assert_array_equal(sweep.images, [image_of(number) for number in range(5)])
    np.testing.assert_allclose(sweep.timestamps, 10 + np.arange(5) / 30)
    assert sweep.transforms["ProbeToTracker"].status == ("OK", "OK", "MISSING", "OK", "OK")
    assert sweep.transforms["ProbeToTracker"].matrices[3, 0, 3] == 3.1
    assert (sweep.header["Comment"], sweep.pixel_spacing, sweep.fields[4]["FrameNumber"]) == ("test", (0.1, 0.2), "4")
    other = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(other), sweep.images)
    assert other.GetMetaData("Seq_Frame0002_ProbeToTrackerTransformStatus") != "OK"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_recording_cut_anywhere_reads_up_to_the_cut(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    record(folder / "S.igs.mha").close()
    recording = recording_of(folder / "S.igs.mha")
    cut = data.draw(st.sampled_from([PIXELS, FRAMES]))
    content = (recording / cut).read_bytes()
    kept = data.draw(st.integers(0, len(content)))
    (recording / cut).write_bytes(content[:kept])
    whole = kept // 48 if cut == PIXELS else max(0, content[:kept].count(b"\n") - 1)
    try:
        sweep = read_recording(recording)
    except FileFormatError:
        assert whole == 0
    else:
        assert len(sweep) == whole
        np.testing.assert_array_equal(sweep.images, [image_of(number) for number in range(whole)])
    shutil.rmtree(folder)


def test_a_damaged_frame_ends_what_is_read(tmp_path: Path) -> None:
    record(tmp_path / "S.igs.mha").close()
    pixels = recording_of(tmp_path / "S.igs.mha") / PIXELS
    content = bytearray(pixels.read_bytes())
    content[48 * 3 + 5] ^= 1
    pixels.write_bytes(content)
    assert recover(pixels.parent, tmp_path / "R.igs.mha") == 3
    assert len(read_sweep(tmp_path / "R.igs.mha")) == 3


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    record(tmp_path / "S.igs.mha").close()
    with pytest.raises(EdgeSdkError, match=r"not finished.*edge-sdk recover"):
        SweepRecorder(tmp_path / "S.igs.mha", RecordingTemplate(SHAPE))
    (tmp_path / "T.igs.mha").touch()
    with pytest.raises(EdgeSdkError, match="is there already"):
        SweepRecorder(tmp_path / "T.igs.mha", RecordingTemplate(SHAPE))


def test_frames_of_another_size_are_refused_and_the_others_stay(tmp_path: Path) -> None:
    recorder = record(tmp_path / "S.igs.mha")
    with pytest.raises(FileFormatError, match=r"\(6, 9\) uint8 came"):
        recorder.add(np.zeros((6, 9), np.uint8), 0.0, {})
    assert recorder.finish() == 5


def test_a_disk_without_room_ends_the_recording_in_one_line(tmp_path: Path) -> None:
    program = f"""
import resource, signal, sys
from pathlib import Path
import numpy as np
from edge_sdk.errors import EdgeSdkError
from edge_sdk.sweep.recording.recorder import SweepRecorder
from edge_sdk.sweep.recording.template import RecordingTemplate
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
recorder = SweepRecorder(Path({str(tmp_path / "S.igs.mha")!r}), RecordingTemplate((30, 40)))
try:
    while True:
        recorder.add(np.ones((30, 40), np.uint8), 0.0, {{}})
except EdgeSdkError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"recording ends after 8 frames ({os.strerror(errno.EFBIG)})" in done.stdout
    assert len(read_recording(recording_of(tmp_path / "S.igs.mha"))) == 8


@pytest.mark.slow
def test_killed_at_fifty_moments_it_loses_no_synced_frame(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for attempt in range(50):
        path = tmp_path / f"{attempt}.igs.mha"
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(random.uniform(0, 0.3))
        os.kill(writer.pid, signal.SIGKILL)
        # The last line may be cut short by the kill, too: unbuffered output is written word by word.
        lines = (first + writer.stdout.read()).rpartition("\n")[0].splitlines()
        writer.wait()
        synced, written = (int(number) for number in lines[-1].split())
        count = recover(recording_of(path), path)
        assert count >= max(synced, 1)
        # The page cache outlives the process: no more than the frame that was being written is lost.
        assert written <= count <= written + 1
        np.testing.assert_array_equal(read_sweep(path).images[:, 0, 0], np.arange(count) % 251)
