"""Temporal calibration: the constant lag between the images' clock and the tracker's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError
from edge_sdk.sweep.image_motion import Floats, MotionSignal, change_rate, line_depth, shift_rate, usable_frames
from edge_sdk.sweep.probe_motion import ProbeMotion, probe_motion
from edge_sdk.sweep.signal_alignment import ALIKE, Alignment, align
from edge_sdk.sweep.sweep import Sweep

DEFAULT_MAX_LAG_S = 0.5
"""As PLUS."""
LEAST_CORRELATION = 0.7
LEAST_SIGNIFICANCE = 4.0
LARGEST_ERROR_S = 0.05
LEAST_OVERLAP_S = 3.0
LEAST_DRIFT_S = 0.01
LONGEST_STEPS = 300_000
"""Usual steps between frames that a recording may span: a wrong stamp must not become a grid of a billion points."""
_FEWEST_FRAMES, _FEWEST_PIXELS = 10, 8

METHODS: Mapping[str, str] = {
    "line": "depth of a bright line against the probe's place on its principal axis",
    "shift": "shift of the image content against the probe's velocity",
    "change": "rate of change of the images against the probe's speed",
}
"""What is compared with what."""


@dataclass(frozen=True)
class Attempt:
    """What one method found.

    Attributes:
        method: One of `METHODS`.
        lag_s, correlation, error_s: As of `LagEstimate`; NaN where there is none.
        refused: Why it is not taken for a lag, or "".
        alignment: The correlation over the lag and the signals; None where nothing could be compared.
    """

    method: str
    lag_s: float = float("nan")
    correlation: float = float("nan")
    error_s: float = float("nan")
    refused: str = ""
    alignment: Alignment | None = None


@dataclass(frozen=True)
class LagEstimate:
    """The lag, how sure it is, and the signals that show it.

    The sign is PLUS's: the pose for a frame stamped t is the tracker's at t + lag, so that a lag above 0 means that
    the tracker's stamps come later than the images' of the same instant.

    Attributes:
        lag_s: Seconds.
        error_s: Its standard error.
        correlation: At the lag, 0 to 1.
        width_s: Range of lags around it in which the probe's motion explains at least half as much of the images'.
        runner_up: Lag and correlation of the next highest peak, or None.
        halves_s: Lag of the first and of the second half of the recording alone; NaN where a half does not tell.
        method: One of `METHODS`.
        attempts: What each method found, in the order in which they were tried; the last is taken.
        transform: The transform that was followed.
        travel_mm: How far the probe moved along its principal axis.
        frames: Frames used.
        alignment: The correlation over the lag, and the signals before and after.
    """

    lag_s: float
    error_s: float
    correlation: float
    width_s: float
    runner_up: tuple[float, float] | None
    halves_s: tuple[float, float]
    method: str
    attempts: tuple[Attempt, ...]
    transform: str
    travel_mm: float
    frames: int
    alignment: Alignment

    @property
    def tracker_offset_s(self) -> float:
        """LocalTimeOffsetSec to add to the tracker's device in a PLUS configuration."""
        return -self.lag_s

    @property
    def video_offset_s(self) -> float:
        """LocalTimeOffsetSec to add to the imaging device instead."""
        return self.lag_s

    @property
    def drifts(self) -> bool:
        """Whether the lag is not constant: its halves differ by more than they would by chance."""
        first, second = self.halves_s
        return bool(abs(first - second) > max(4 * np.sqrt(2) * self.error_s, LEAST_DRIFT_S))

    @property
    def ambiguous(self) -> bool:
        """Whether another lag explains the motion about as well, as with an evenly repeated motion."""
        return self.runner_up is not None and self.runner_up[1] >= self.correlation - ALIKE


def estimate_lag(
    video: Sweep,
    tracker: Sweep | None = None,
    *,
    max_lag: float = DEFAULT_MAX_LAG_S,
    transform: str | None = None,
) -> LagEstimate:
    """Find the lag from how the images and the probe move.

    Three comparisons (`METHODS`) are tried in this order, and the first whose correlation is high enough is taken.
    Where the images show one bright line, as of the bottom of a water tank, its depth goes with the probe's place
    (PLUS's method). The shift of the image content goes with the probe's velocity along and about its own axes, which
    needs no straight motion. How fast the images change goes with the probe's speed; it shows motion out of the
    plane too, but has no direction. Sign and scale between images and probe are not known: the correlation is that
    of the best linear fit. Of peaks that are alike, the one nearest 0 is taken, as PLUS takes the smaller lag of its
    two signs.

    Args:
        video: Recording with images.
        tracker: Recording with poses; default: `video` itself.
        max_lag: Lags from -max_lag to max_lag seconds are tried.
        transform: Which transform is the probe's; default as `probe_motion`.

    Raises:
        PoseError: There are no images or no poses, nothing moves, the two do not overlap in time by enough, the
            correlation is too low, or the lag lies at the end of the search.
    """
    if not 0 < max_lag < np.inf:
        raise PoseError(f"the largest lag is {max_lag} s, expected above 0", remedy="give for example 0.5")
    tracker = video if tracker is None else tracker
    frames = _frames(video)
    probe = probe_motion(tracker, transform)
    times = video.timestamps[frames]
    _check_overlap(times, probe.times, max_lag, video.source)
    frames = frames[(times >= probe.times[0] - max_lag) & (times <= probe.times[-1] + max_lag)]
    if len(frames) < _FEWEST_FRAMES:
        raise PoseError(
            f"has {len(frames)} frames between {probe.times[0] - max_lag:.3f} and {probe.times[-1] + max_lag:.3f} s, "
            f"where the poses are, expected {_FEWEST_FRAMES} or more",
            where=video.source,
            remedy="give recordings of images and poses of the same time, without a pause",
        )
    times = video.timestamps[frames]
    smoothing = float(max(np.median(np.diff(times)), np.median(np.diff(probe.times))))
    if times[-1] - times[0] > LONGEST_STEPS * smoothing:
        raise PoseError(
            f"its time stamps span {times[-1] - times[0]:.0f} s in steps of {smoothing:.4f} s",
            where=video.source,
            remedy="correct the stamps that are off, or give a shorter part of the recording",
        )
    attempts: list[Attempt] = []
    halves = (float("nan"), float("nan"))
    for method, signal, pose in _signals(video, frames, probe):
        attempts.append(_attempt(method, align(signal, pose, smoothing=smoothing, max_lag=max_lag)))
        if not attempts[-1].refused:
            middle = (signal.times[0] + signal.times[-1]) / 2
            lags = [
                _lag_near(align(half, pose, smoothing=smoothing, max_lag=max_lag), attempts[-1].lag_s)
                for half in (signal.part(-np.inf, middle), signal.part(middle, np.inf))
            ]
            halves = (lags[0], lags[1])
            break
    best = attempts[-1]
    if best.refused or best.alignment is None:
        raise PoseError(
            "no lag found: " + "; ".join(f"by the {METHODS[a.method]}, {a.refused}" for a in attempts),
            where=video.source,
            remedy="record for 10 s or more while the probe moves to and fro unevenly over something that shows it, "
            "or search wider (--max-lag)",
        )
    return LagEstimate(
        lag_s=best.lag_s,
        error_s=best.error_s,
        correlation=best.correlation,
        width_s=_width(best.alignment),
        runner_up=max(best.alignment.peaks[1:], key=lambda peak: peak[1], default=None),
        halves_s=halves,
        method=best.method,
        attempts=tuple(attempts),
        transform=probe.transform,
        travel_mm=probe.travel_mm,
        frames=len(frames),
        alignment=best.alignment,
    )


def _frames(video: Sweep) -> NDArray[np.intp]:
    if min(video.images.shape[1:3]) < _FEWEST_PIXELS:
        raise PoseError("has no images", where=video.source, remedy="give the recording of the images first")
    frames = usable_frames(video)
    if len(frames) < _FEWEST_FRAMES:
        raise PoseError(
            f"has {len(frames)} usable frames with a time, expected {_FEWEST_FRAMES} or more",
            where=video.source,
            remedy="record for at least 10 s",
        )
    return frames


def _check_overlap(images: Floats, poses: Floats, max_lag: float, where: Path | None) -> None:
    overlap = min(images[-1], poses[-1]) - max(images[0], poses[0])
    expected = max(LEAST_OVERLAP_S, 4 * max_lag)
    if overlap < expected:
        raise PoseError(
            f"images from {images[0]:.3f} to {images[-1]:.3f} s and poses from {poses[0]:.3f} to {poses[-1]:.3f} s "
            f"share {max(overlap, 0.0):.2f} s, expected {expected:g} s or more",
            where=where,
            remedy="give longer recordings, of one time and one clock, or a smaller --max-lag",
        )


def _signals(
    video: Sweep, frames: NDArray[np.intp], probe: ProbeMotion
) -> Iterator[tuple[str, MotionSignal, MotionSignal]]:
    """Method, images' motion and probe's motion, in the order in which they are tried."""
    line = line_depth(video, frames)
    if line is not None:
        yield "line", line, probe.position()
    yield "shift", shift_rate(video, frames), probe.velocity()
    yield "change", change_rate(video, frames), probe.speed()


def _attempt(method: str, alignment: Alignment | None) -> Attempt:
    if alignment is None:
        return Attempt(method, refused="nothing moves, or too little overlaps")
    refused = ""
    lag, correlation = alignment.peaks[0]
    if correlation < LEAST_CORRELATION or alignment.significance < LEAST_SIGNIFICANCE:
        refused = f"the correlation is {correlation:.2f}, too low to be more than chance"
    elif not alignment.error <= LARGEST_ERROR_S:
        refused = "the motion is too even to tell a lag"
    elif not alignment.lags[0] < lag < alignment.lags[-1]:
        refused = f"the best lag, {lag:+.3f} s, is at the end of the search"
    return Attempt(method, lag, correlation, alignment.error, refused, alignment)


def _lag_near(alignment: Alignment | None, lag: float) -> float:
    """The peak nearest to a lag."""
    peaks = alignment.peaks if alignment else ()
    return min((peak for peak, _ in peaks), key=lambda peak: abs(peak - lag), default=float("nan"))


def _width(alignment: Alignment) -> float:
    """Range of lags around the best in which at least half as much is explained."""
    lag, peak = alignment.peaks[0]
    above = np.nan_to_num(alignment.correlation) >= peak * np.sqrt(0.5)
    at = int(np.argmin(abs(alignment.lags - lag)))
    below_before, below_after = np.flatnonzero(~above[:at]), np.flatnonzero(~above[at:])
    first = below_before[-1] + 1 if len(below_before) else 0
    last = at + below_after[0] - 1 if len(below_after) else len(above) - 1
    return float(alignment.lags[last] - alignment.lags[first])
