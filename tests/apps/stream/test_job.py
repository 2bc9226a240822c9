"""The files of a stream, and what is left of one that fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import nibabel
import numpy as np
import pytest

from apps.report.html import is_measured
from apps.stream import job
from apps.stream.results.label_comparison import LabelComparison, label_comparison
from apps.stream.results.report import StreamReport
from apps.stream.work.outcome import FinishedSweep
from apps.stream.work.recorder_stage import RecordingResult
from edge_sdk.errors import EdgeSdkError, PackageError, StreamError
from edge_sdk.packages.manifest import Inference, Manifest, Normalization
from edge_sdk.sweep.formats import read_sweep, write_sweep
from edge_sdk.sweep.recording.layout import recording_of
from edge_sdk.sweep.recording.recorder import SweepRecorder
from edge_sdk.sweep.recording.recovery import read_recording
from edge_sdk.sweep.sweep import Sweep, TrackedTransform

pytestmark = pytest.mark.usefixtures("package")
FILES = {
    *("volume.nii.gz", "mask.nii.gz", "measurements.json", "overlay.png"),
    *("report.html", "report.json", "summary.json"),
}
SUMMARY = [
    "frames_inserted",
    "frames_dropped",
    "latency_ms_p50",
    "latency_ms_p95",
    "final_mask_s",
    "peak_rss_mb",
    "class_ml",
    "frames_left_out",
    "warnings",
]


@pytest.fixture
def source(tmp_path: Path, make_sweep: Callable[..., Sweep]) -> str:
    write_sweep(make_sweep(20, bad={7: "INVALID"}), tmp_path / "s.igs.mha")
    return f"replay:{tmp_path / 's.igs.mha'}?rate=max"


def no_blank(value: Any, where: str = "report") -> None:
    """Every field is a value, or says why it is not."""
    if not is_measured(value):
        assert value["why"], where
    elif isinstance(value, dict):
        for name, inner in value.items():
            no_blank(inner, f"{where}.{name}")
    else:
        assert value is not None, where
        assert value != "", where


def test_all_files_are_there_and_readable(source: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    report = job.stream_to_folder(source, tmp_path / "p.edgepkg", out)
    assert {path.name for path in out.iterdir()} == FILES
    volume, mask = nibabel.load(out / "volume.nii.gz"), nibabel.load(out / "mask.nii.gz")
    # x 0…29 and z 0…19 mm; y 0…23 mm and ± 0.25 mm of tremor.
    assert volume.shape == mask.shape == (30, 25, 20)
    assert np.allclose(volume.affine, mask.affine)
    labels = np.asarray(mask.dataobj)
    assert labels.dtype == np.uint8
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary) == SUMMARY
    assert summary["frames_inserted"] == 19
    assert summary["frames_dropped"] == 0
    assert summary["class_ml"] == {
        "dark": pytest.approx((labels == 1).sum() / 1000),
        "bright": pytest.approx((labels == 2).sum() / 1000),
    }
    assert 0 < summary["latency_ms_p50"] <= summary["latency_ms_p95"]
    assert summary["peak_rss_mb"] > 10
    stored = json.loads((out / "report.json").read_text())
    assert report is not None
    assert StreamReport.model_validate(stored) == report
    no_blank(stored)
    assert stored["frames"]["left_out"] == {"ImageToReference is INVALID": 1}
    assert "why" in stored["accuracy"]
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert cv2.imread(str(out / "overlay.png")) is not None


def test_what_is_probably_wrong_is_told_and_reported(
    make_sweep: Callable[..., Sweep], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = make_sweep(12, bad={3: "OUT_OF_VIEW"})
    (name, poses), *_ = sweep.transforms.items()
    mirrored = TrackedTransform(poses.matrices * np.array([-1.0, 1.0, 1.0, 1.0]), poses.status)
    write_sweep(replace(sweep, transforms={name: mirrored}), tmp_path / "m.igs.mha")
    out = tmp_path / "out"
    report = job.stream_to_folder(f"replay:{tmp_path / 'm.igs.mha'}?rate=max", tmp_path / "p.edgepkg", out)
    assert report is not None
    (warning,) = report.warnings
    assert "left-handed" in warning.what
    assert capsys.readouterr().err.startswith(f"warning: {warning.what}; likely cause: ")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["warnings"] == [asdict(warning)]
    assert summary["frames_left_out"] == {"ImageToReference is OUT_OF_VIEW": 1}
    assert warning.what in (out / "report.html").read_text()


def test_known_labels_add_the_dice(source: str, tmp_path: Path) -> None:
    def evaluate(_outcome: FinishedSweep, _session: Any) -> LabelComparison:
        names = {1: "dark", 2: "bright"}
        return label_comparison({1: 0.75, 2: None}, names, against="nothing real", equals_segment=True)

    job.stream_to_folder(source, tmp_path / "p.edgepkg", tmp_path / "out", evaluate=evaluate, title="<Sweep>")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert list(summary) == [*SUMMARY, "mean_dice", "dice"]
    assert summary["mean_dice"] == 0.75
    assert "why" in summary["dice"]["bright"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<title>&lt;Sweep&gt;</title>" in page
    assert "not measured: neither the mask nor the labels hold it" in page


def test_a_failed_stage_keeps_the_volume_under_a_name_of_its_own(source: str, tmp_path: Path, session: Any) -> None:
    def fail(call: int) -> None:
        if call > 1:
            raise RuntimeError("engine lost")

    session.hook = fail
    out = tmp_path / "out"
    with pytest.raises(StreamError, match=r"stage segmenter: .*engine lost.*volume-partial\.nii\.gz") as caught:
        job.stream_to_folder(source, tmp_path / "p.edgepkg", out)
    assert "\n" not in str(caught.value)
    assert {path.name for path in out.iterdir()} == {"volume-partial.nii.gz"}
    assert np.asarray(nibabel.load(out / "volume-partial.nii.gz").dataobj).any()


@pytest.mark.parametrize("bad", ["camera:0", "replay:nothing.igs.mha"])
def test_bad_input_writes_nothing(bad: str, tmp_path: Path) -> None:
    with pytest.raises(EdgeSdkError):
        job.stream_to_folder(bad, tmp_path / "p.edgepkg", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_folders_place_is_refused_first(source: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here first")
    with pytest.raises(EdgeSdkError, match="is a file, and a folder is to be written"):
        job.stream_to_folder(source, tmp_path / "p.edgepkg", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "here first"


def test_a_folder_that_cannot_be_written_is_refused_first(source: str, tmp_path: Path) -> None:
    with pytest.raises(EdgeSdkError, match="/proc/sys"):
        job.stream_to_folder(source, tmp_path / "p.edgepkg", Path("/proc/sys/out"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"normalization": Normalization(kind="zscore")}, "zscore"),
        ({"inference": Inference(blending="gaussian")}, "blends"),
    ],
)
def test_packages_that_need_the_whole_volume_are_refused_before_the_stream_starts(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: Manifest, changes: dict[str, Any], why: str
) -> None:
    def opened(_path: Path) -> Any:
        about = manifest.model_copy(update=changes)
        return nullcontext(SimpleNamespace(manifest=about, open=lambda *_: pytest.fail("a session was opened")))

    monkeypatch.setattr(job, "load_package", opened)
    with pytest.raises(PackageError, match=f"formula: .*{why}.*segment finished volumes"):
        job.stream_to_folder(source, tmp_path / "p.edgepkg", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_recorded_is_the_sweep_again(source: str, tmp_path: Path) -> None:
    report = job.stream_to_folder(source, tmp_path / "p", tmp_path / "out", record=tmp_path / "r" / "R.igs.mha")
    assert report is not None
    assert isinstance(report.recording, RecordingResult)
    assert (report.recording.frames, report.recording.problem) == (20, "none")
    no_blank(report.model_dump())
    played, recorded = read_sweep(tmp_path / "s.igs.mha"), read_sweep(tmp_path / "r" / "R.igs.mha")
    np.testing.assert_array_equal(recorded.images, played.images)
    np.testing.assert_array_equal(recorded.timestamps, played.timestamps)
    assert recorded.transforms["ImageToReference"].status == played.transforms["ImageToReference"].status
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["R.igs.mha"]


def test_a_disk_that_fails_ends_the_recording_and_not_the_stream(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add = SweepRecorder.add

    def full_after_five(self: SweepRecorder, *given: Any, **more: Any) -> None:
        if self.frames == 5:
            raise EdgeSdkError("recording ends after 5 frames (No space left on device)")
        add(self, *given, **more)

    monkeypatch.setattr(SweepRecorder, "add", full_after_five)
    report = job.stream_to_folder(source, tmp_path / "p", tmp_path / "out", record=tmp_path / "R.igs.mha")
    assert report is not None
    assert isinstance(report.recording, RecordingResult)
    assert report.frames.inserted == 19
    assert (report.recording.frames, report.recording.frames_lost) == (5, 15)
    assert "No space left on device" in capsys.readouterr().err
    assert len(read_recording(recording_of(tmp_path / "R.igs.mha"))) == 5
