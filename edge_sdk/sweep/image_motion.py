"""What moves in the images of a recording: a line's depth, a shift from frame to frame, or how fast they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.sweep import OK, Sweep

LINE_SHARE = 0.8
"""Of the frames must show the line for it to be taken as the signal."""
LINE_RESIDUAL = 0.005
"""How far, as a share of the image's height, the scan lines' peaks may lie off the line (median)."""
_SCAN_LINES, _FEWEST_SCAN_LINES = 40, 8
_PEAK, _DARK = 0.5, 0.25
_FARTHEST_SHIFT = 0.25
_SMALL = 256
_CHANGE_S = 0.08
"""At video rates, less than the noise changes from one frame to the next."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MotionSignal:
    """A signal over time.

    Attributes:
        times: (M,) seconds, increasing.
        values: (M, K) what moves: a position at these times, or a rate between two of them and then at their middle.
        weights: (M,) what each value counts for: 1, or the seconds that a rate stands for.
    """

    times: Floats
    values: Floats
    weights: Floats

    def part(self, start: float, stop: float) -> MotionSignal:
        """What lies between two times, in seconds."""
        inside = (self.times >= start) & (self.times <= stop)
        return MotionSignal(self.times[inside], self.values[inside], self.weights[inside])


def rates(times: Floats, steps: Floats, stride: int = 1) -> MotionSignal:
    """(M - stride, K) steps between each of M times and the one `stride` later, as rates."""
    spans = times[stride:] - times[:-stride]
    return MotionSignal((times[stride:] + times[:-stride]) / 2, steps / spans[:, None], spans)


def usable_frames(sweep: Sweep) -> NDArray[np.intp]:
    """Frames with a time and an image that is OK, in order of time; of several at one time the first in the file."""
    ok = np.isfinite(sweep.timestamps)
    if sweep.image_status:
        ok &= np.array([status == OK for status in sweep.image_status])
    order = np.flatnonzero(ok)
    return order[np.unique(sweep.timestamps[order], return_index=True)[1]]


def line_depth(sweep: Sweep, frames: NDArray[np.intp]) -> MotionSignal | None:
    """Where a bright line crosses the middle column, in pixels, or None where the images do not show one line.

    As PLUS does for the bottom of a water tank (Moult et al. 2011): on each of 40 scan lines the brightest echo,
    which is where the pixels exceed half of the maximum, at its center of gravity; then a line through the echoes.
    Here the line is Theil and Sen's, which half as many stray echoes do not move.
    """
    height, width = sweep.images.shape[1:3]
    columns = np.linspace(0, width - 1, min(_SCAN_LINES, width)).round().astype(int)
    found, residuals = np.full(len(frames), np.nan), np.full(len(frames), np.nan)
    for row, index in enumerate(frames):
        echoes = _echoes(_gray(sweep.images[index])[:, columns])
        seen = np.isfinite(echoes)
        if seen.sum() >= _FEWEST_SCAN_LINES:
            found[row], residuals[row] = _line_at(columns[seen].astype(float), echoes[seen], (width - 1) / 2)
    good = residuals <= max(1.0, LINE_RESIDUAL * height)
    if good.sum() < max(3, LINE_SHARE * len(frames)):
        return None
    return MotionSignal(sweep.timestamps[frames[good]], found[good, None], np.ones(good.sum()))


def shift_rate(sweep: Sweep, frames: NDArray[np.intp]) -> MotionSignal:
    """Shift of the image content between successive frames, x and y in pixels per second.

    Rows and columns are summed to two profiles a frame, less their mean over the recording, which takes out what
    stands still (the fan's edge, annotations); the shift is where the normalized cross-correlation of successive
    profiles over their overlap is highest, to a fraction of a pixel by a parabola.
    """
    profiles = [(gray.mean(0), gray.mean(1)) for gray in (_gray(sweep.images[index]) for index in frames)]
    steps = np.column_stack([_profile_shifts(np.array(each)) for each in zip(*profiles, strict=True)])
    return rates(sweep.timestamps[frames], steps)


def change_rate(sweep: Sweep, frames: NDArray[np.intp]) -> MotionSignal:
    """How fast the images change: the root of 1 - correlation of frames 80 ms apart (or successive ones), per second.

    Speckle decorrelates with the square of a small displacement in any direction, out of the plane too (Chen et al.
    1997), so that the root is a measure of speed where nothing can be followed in the plane.
    """
    import cv2

    shape = sweep.images.shape[1:3]
    scale = min(1.0, _SMALL / max(shape))
    size = (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale)))
    small = np.array(
        [cv2.resize(_gray(sweep.images[i]), size, interpolation=cv2.INTER_AREA) for i in frames], np.float32
    ).reshape(len(frames), -1)
    small -= small.mean(0)
    small -= small.mean(1, keepdims=True)
    length = np.linalg.norm(small, axis=1)
    times = sweep.timestamps[frames]
    stride = int(np.clip(round(_CHANGE_S / np.median(np.diff(times))), 1, len(frames) // 2))
    product = np.einsum("ij,ij->i", small[stride:], small[:-stride], dtype=np.float64)
    both = length[stride:] * length[:-stride]
    correlation = np.divide(product, both, out=np.ones(len(product)), where=both > 0)
    return rates(times, np.sqrt(np.clip(1 - correlation, 0, None))[:, None], stride)


def _gray(image: NDArray[Any]) -> NDArray[np.float32]:
    """(H, W) float32 of a gray or color image."""
    gray = image.mean(-1) if image.ndim == 3 else image
    return np.ascontiguousarray(gray, np.float32)


def _echoes(scan_lines: NDArray[np.float32]) -> Floats:
    """Depth of the strongest echo on each of (H, C) scan lines; NaN where a scan line is dark or bright all over."""
    depths = np.full(scan_lines.shape[1], np.nan)
    highest = scan_lines.max(0)
    for column in np.flatnonzero((highest > 0) & (highest >= _DARK * highest.max(initial=0))):
        values = scan_lines[:, column]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], values > _PEAK * highest[column], [0]])))
        runs = list(zip(edges[::2], edges[1::2], strict=True))
        start, stop = max(runs, key=lambda run: values[run[0] : run[1]].sum())
        if stop - start <= len(values) / 2:
            depths[column] = np.average(np.arange(start, stop), weights=values[start:stop])
    return depths


def _line_at(x: Floats, y: Floats, middle: float) -> tuple[float, float]:
    """Height of the line through points at x = `middle`, and the points' median distance from it."""
    first, second = np.triu_indices(len(x), 1)
    slope = np.median((y[second] - y[first]) / (x[second] - x[first]))
    off = y - slope * x
    return float(np.median(off) + slope * middle), float(np.median(abs(off - np.median(off))))


def _profile_shifts(profiles: Floats) -> Floats:
    """(N - 1,) shifts between successive ones of (N, L) profiles, in samples."""
    profiles = profiles - profiles.mean(0)
    length = profiles.shape[1]
    reach = max(1, int(length * _FARTHEST_SHIFT))
    first, second = profiles[:-1], profiles[1:]
    size = 2 * length
    spectrum = np.fft.rfft(first, size).conj() * np.fft.rfft(second, size)
    shifts = np.arange(-reach, reach + 1)
    cross = np.fft.irfft(spectrum, size)[:, shifts]  # sum of first[i] · second[i + shift]
    overlap = length - abs(shifts)
    begin_first, begin_second = np.maximum(-shifts, 0), np.maximum(shifts, 0)

    def over(values: Floats, begin: NDArray[np.intp]) -> Floats:
        """Sums over the overlap, for each shift."""
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, 1)], 1)
        sums: Floats = total[:, begin + overlap] - total[:, begin]
        return sums

    sum_first, sum_second = over(first, begin_first), over(second, begin_second)
    spread_first = over(first**2, begin_first) - sum_first**2 / overlap
    spread_second = over(second**2, begin_second) - sum_second**2 / overlap
    score = (cross - sum_first * sum_second / overlap) / np.sqrt(np.maximum(spread_first * spread_second, 1e-12))
    best = score.argmax(1)
    inside = np.clip(best, 1, len(shifts) - 2)
    rows = np.arange(len(score))
    before, at, after = (score[rows, inside + offset] for offset in (-1, 0, 1))
    curvature = before - 2 * at + after
    part = np.divide(before - after, 2 * curvature, out=np.zeros(len(score)), where=curvature < 0)
    result: Floats = shifts[best] + np.where(best == inside, part, 0.0)
    return result
