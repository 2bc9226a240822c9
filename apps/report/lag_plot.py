"""The picture of a temporal calibration: both motions before and after, and the correlation over the lag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter

from edge_sdk.files import atomic_path
from edge_sdk.plot_style import GRID_LINE, INK, PALETTE, SETTINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_sdk.sweep.temporal_calibration import LagEstimate

    Floats = NDArray[np.float64]

EXCERPT_S = 8.0
"""Of a longer recording the liveliest part of this length is shown: in a whole one a lag is not to be seen."""
SIGNALS = {
    "line": ("depth of the line",),
    "shift": ("sideways shift of the image", "shift of the image in depth"),
    "change": ("rate of change of the image",),
}
_IMAGE, _PROBE = PALETTE[0], PALETTE[1]


def write_lag_plot(estimate: LagEstimate, path: Path) -> None:
    """Write the picture as PNG, 1440 × 1260 pixels.

    Raises:
        EdgeSdkError: The place cannot be written.
    """
    alignment = estimate.alignment
    column = best_column(estimate)
    image, after, before = (values[:, column] for values in (alignment.target, alignment.fitted, alignment.unaligned))
    mean, spread = np.nanmean(image), np.nanstd(image)
    image, after, before = ((values - mean) / spread for values in (image, after, before))
    seconds = alignment.times - alignment.times[0]
    shown = _excerpt(seconds, image)
    settings = SETTINGS | {"font.sans-serif": ["DejaVu Sans"]}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(9.6, 8.4), dpi=150, layout="constrained")
        top, middle, bottom = figure.subplots(3, 1, height_ratios=(1, 1, 1.15))
        name = SIGNALS[estimate.method][column]
        for axes, probe, when in ((top, before, "as stamped"), (middle, after, "moved by the lag")):
            axes.plot(seconds[shown], image[shown], color=_IMAGE, linewidth=1.8, label=name)
            axes.plot(seconds[shown], probe[shown], color=_PROBE, linewidth=1.4, label=f"probe, {when}")
            axes.set_ylabel("standard deviations")
            axes.set_xlim(seconds[shown][0], seconds[shown][-1])
            _legend(axes)
        top.sharey(middle)
        top.set_title("Before", loc="left", fontweight="bold")
        middle.set_title("After", loc="left", fontweight="bold")
        middle.set_xlabel("time from the first frame, s")
        _correlation(bottom, estimate)
        figure.suptitle(
            f"Lag {estimate.lag_s:+.4f} s, standard error {estimate.error_s:.4f} s, "
            f"correlation {estimate.correlation:.3f}",
            fontsize=13,
            fontweight="bold",
        )
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", facecolor="white")


def best_column(estimate: LagEstimate) -> int:
    """Which of the images' signals the probe's motion tells best."""
    alignment = estimate.alignment
    rows = np.isfinite(alignment.target).all(1) & np.isfinite(alignment.fitted).all(1)
    target, fitted = alignment.target[rows], alignment.fitted[rows]
    left = ((target - fitted) ** 2).sum(0) / np.maximum(((target - target.mean(0)) ** 2).sum(0), 1e-300)
    return int(left.argmin())


def _correlation(axes: Axes, estimate: LagEstimate) -> None:
    alignment = estimate.alignment
    milliseconds = 1e3 * alignment.lags
    axes.axvspan(
        1e3 * (estimate.lag_s - estimate.error_s),
        1e3 * (estimate.lag_s + estimate.error_s),
        color=PALETTE[2],
        alpha=0.25,
        linewidth=0,
        label="± standard error",
    )
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(milliseconds, alignment.correlation, color=INK, linewidth=1.6)
    axes.plot(
        1e3 * estimate.lag_s,
        estimate.correlation,
        "o",
        color=PALETTE[2],
        markersize=7,
        label=f"lag {1e3 * estimate.lag_s:+.1f} ms",
    )
    if estimate.runner_up is not None:
        lag, height = estimate.runner_up
        axes.plot(1e3 * lag, height, "o", color=PALETTE[4], markersize=6, label=f"next peak {1e3 * lag:+.0f} ms")
    axes.set_title("Correlation over the lag", loc="left", fontweight="bold")
    axes.set_xlabel("lag of the tracker's stamps behind the images', ms")
    axes.set_ylabel("correlation")
    axes.set_xlim(milliseconds[0], milliseconds[-1])
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(FormatStrFormatter("%.1f"))
    _legend(axes)


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=9, borderaxespad=0.2)
    axes.grid(color=GRID_LINE, linewidth=0.8)


def _excerpt(seconds: Floats, signal: Floats) -> slice:
    """The part of `EXCERPT_S` in which the signal varies most."""
    length = int(np.searchsorted(seconds, EXCERPT_S))
    if length >= len(seconds) - 1:
        return slice(None)
    power = np.concatenate([[0.0], np.cumsum(np.nan_to_num(signal) ** 2)])
    start = int((power[length:] - power[:-length]).argmax())
    return slice(start, start + length)
