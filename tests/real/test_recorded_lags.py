"""Lags of real recordings, against PLUS's own result and against the wires of fCal's phantom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_sdk.sweep.formats import read_sweep
from edge_sdk.sweep.interpolation import interpolate
from edge_sdk.sweep.plus_config import read_plus_config, read_xml
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sweep import OK, TrackedTransform
from edge_sdk.sweep.temporal_calibration import estimate_lag
from edge_sdk.sweep.timing import examine_times
from edge_sdk.sweep.wire_phantom import wires_in_world

pytestmark = pytest.mark.real
PLUS_LAG_S = -0.0648


def test_the_water_tank_as_plus(real_data) -> None:
    folder = real_data / "plus_other"
    video = read_sweep(folder / "WaterTankBottomTranslationVideoBuffer.igs.mha")
    tracker = read_sweep(folder / "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha")
    found = estimate_lag(video, tracker)
    print(f"lag {found.lag_s:.4f} s, standard error {found.error_s:.4f} s, correlation {found.correlation:.3f}")
    assert found.lag_s == pytest.approx(PLUS_LAG_S, abs=0.005)
    assert found.method == "line"
    assert found.correlation > 0.97
    assert not found.ambiguous
    assert found.transform == "ProbeToReference"


def test_every_other_frame_of_the_water_tank(real_data) -> None:
    """Half of the frames, either half, and half of the poses: the lag is not an accident of the sampling."""
    folder = real_data / "plus_other"
    video = read_sweep(folder / "WaterTankBottomTranslationVideoBuffer.igs.mha")
    tracker = read_sweep(folder / "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha")
    for start in (0, 1):
        half = replace(
            video,
            images=video.images[start::2],
            timestamps=video.timestamps[start::2],
            image_status=video.image_status[start::2],
        )
        poses = {
            name: TrackedTransform(transform.matrices[start::2], transform.status[start::2])
            for name, transform in tracker.transforms.items()
        }
        fewer = replace(
            tracker, images=tracker.images[start::2], timestamps=tracker.timestamps[start::2], transforms=poses
        )
        found = estimate_lag(half, replace(fewer, image_status=()))
        assert abs(found.lag_s - PLUS_LAG_S) < max(0.005, 2 * found.error_s)


@pytest.mark.parametrize(
    ("sweep", "config", "result", "part"),
    [
        ("fCal_Test_Calibration_3NWires", "_1.2", "", "CalibrationData"),
        ("fCal_Test_Validation_3NWires", "_1.2", "", "ValidationData"),
        ("fCal_Test_Calibration_3NWires_fCal2.0", "_2.0", "_fCal2.0", "CalibrationData"),
    ],
)
def test_the_lag_brings_the_wires_together(real_data, sweep, config, result, part) -> None:
    """fCal segmented the wires; with ImageToProbe refitted at each lag, their points lie closest at the true one."""
    folder = real_data / "plus_nwire"
    recording = read_sweep(folder / f"{sweep}.igs.mha")
    device_set = read_plus_config(folder / f"PlusDeviceSet_fCal_Sim_SpatialCalibration{config}.xml")
    found = estimate_lag(recording, max_lag=0.8)
    assert found.method == "shift"

    outcome = folder / f"FreehandCalibration3NWires{result}.results.xml"
    distance = _distance_over_lag(recording, device_set, outcome, part)
    lags = np.arange(-0.2, 0.7, 0.02)
    best = lags[np.argmin([distance(lag) for lag in lags])]
    print(
        f"{sweep}: lag by images {found.lag_s:.3f} ± {found.error_s:.3f} s, by wires {best:.2f} s; points from wires "
        f"{distance(0.0):.3f} mm as stamped, {distance(found.lag_s):.3f} mm at the lag"
    )
    assert found.lag_s == pytest.approx(best, abs=0.03)
    assert distance(found.lag_s) < distance(0.0)


def test_recordings_that_cannot_tell_are_refused(real_data) -> None:
    from edge_sdk.errors import PoseError

    for name, says in (
        ("BoneUltrasound_L14", "share 1.72 s, expected 3 s"),
        ("USTC_3NWires_ProbeTranslation", "no lag found"),
        ("SlidingProbeTrackingData", "has no images"),
    ):
        with pytest.raises(PoseError, match=says):
            estimate_lag(read_sweep(real_data / "plus_other" / f"{name}.igs.mha"))


def test_filtered_stamps_against_unfiltered_ones(real_data) -> None:
    """The recording on which PLUS tests its filter: frames were skipped, so both are uneven, and neither goes back."""
    sweep = read_sweep(real_data / "plus_other" / "TimestampFilteringTest.igs.mha")
    unfiltered = np.array([float(fields["UnfilteredTimestamp"]) for fields in sweep.fields])
    for stamps in (sweep.timestamps, unfiltered):
        report = examine_times(stamps)
        assert (report.frames, report.missing, report.duplicates, report.decreasing) == (500, 0, 0, 0)
        assert report.jitter_s == pytest.approx(np.diff(stamps).std())
        assert [problem.what.split(" by ")[0] for problem in report.problems()] == ["the steps between frames vary"]


def _distance_over_lag(recording, device_set, outcome, part):
    """Root mean square distance in mm of segmented points from their wires, as a function of the lag."""
    wires = {wire.name: wire for wire in wires_in_world(device_set)}
    points = [
        (int(frame.get("Index")), point.get("WireName"), [float(word) for word in point.get("Position").split()[:2]])
        for frame in read_xml(outcome).iterfind(f".//{part}/Frame")
        for point in frame.iterfind("SegmentedPoints/Point")
        if point.get("WireName")
    ]
    frames = np.array([index for index, _, _ in points])
    pixels = np.array([place for _, _, place in points])
    fronts = np.array([wires[name].front for _, name, _ in points])
    along = np.array([wires[name].back - wires[name].front for _, name, _ in points])
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.eye(3) - along[:, :, None] * along[:, None, :]
    probe = image_to_world(replace(recording, image_status=()), image="Probe")
    tracked = TrackedTransform(probe.matrices, tuple(np.where(probe.usable, OK, "INVALID").tolist()))

    def distance(lag: float) -> float:
        poses = interpolate(tracked, recording.timestamps, recording.timestamps + lag, max_gap=0.5).matrices[frames]
        known = np.isfinite(poses).all((1, 2))
        turned = across[known] @ poses[known, :3, :3]
        # Linear in ImageToProbe's columns x, y and its translation.
        design = np.concatenate(
            [turned * pixels[known, 0, None, None], turned * pixels[known, 1, None, None], turned], axis=2
        )
        wanted = (across[known] @ (fronts[known] - poses[known, :3, 3])[:, :, None]).reshape(-1)
        design = design.reshape(-1, 9)
        off = (design @ np.linalg.lstsq(design, wanted, rcond=None)[0] - wanted).reshape(-1, 3)
        return float(np.sqrt((off**2).sum(1).mean()))

    return distance
