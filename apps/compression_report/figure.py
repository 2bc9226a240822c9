"""The figure of a compression: accuracy against latency, with the Pareto front of what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from apps.compression_report.pareto import pareto_front
from apps.report.labels import place_labels
from apps.report.plots import canvas
from edge_sdk.plot_style import GRID_LINE, INK, PALETTE

FRONT = "#9aa4af"
SHAPES = {"FP32": "o", "INT8": "s"}


@dataclass(frozen=True)
class Point:
    """A form in the figure.

    Attributes:
        label: Written beside it.
        family: Forms of one network share a color.
        precision: "FP32" or "INT8": its shape.
        interval: Ends of the interval around `dice`; None where there is none.
    """

    label: str
    family: str
    precision: str
    latency_ms: float
    dice: float
    interval: tuple[float, float] | None = None


def accuracy_latency(points: Sequence[Point], thresholds: dict[str, float]) -> Figure:
    """Mean Dice over milliseconds of one patch.

    Args:
        points: At least one.
        thresholds: Name to Dice: dotted lines, such as the gate's.
    """
    figure, axes = canvas("latency of one patch, ms (OpenVINO, median)", "mean Dice", height=4.6)
    colors = {family: PALETTE[i % len(PALETTE)] for i, family in enumerate(dict.fromkeys(p.family for p in points))}
    front = [points[i] for i in pareto_front([p.latency_ms for p in points], [p.dice for p in points])]
    axes.plot(
        [p.latency_ms for p in front],
        [p.dice for p in front],
        color=FRONT,
        linewidth=1.6,
        drawstyle="steps-post",
        zorder=1,
        label="Pareto front",
    )
    for point in points:
        _draw(axes, point, colors[point.family], within=point in front)
    axes.set_xlim(0, 1.12 * max(p.latency_ms for p in points))
    _set_heights(axes, points, thresholds)
    for name, level in thresholds.items():
        axes.axhline(level, color=INK, linewidth=1.0, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(
            name,
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
            color=INK,
        )
    axes.grid(color=GRID_LINE, linewidth=0.8)
    for shape, marker in SHAPES.items():
        axes.plot([], [], marker, color=INK, markersize=7, label=shape)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=9, borderaxespad=0.2)
    lines = [Bbox.from_extents(0, level, axes.get_xlim()[1], level) for level in thresholds.values()]
    lines += [Bbox.from_extents(p.latency_ms, p.interval[0], p.latency_ms, p.interval[1]) for p in points if p.interval]
    place_labels(axes, [(p.latency_ms, p.dice, p.label, colors[p.family]) for p in points], avoid=lines)
    return figure


def _draw(axes: Any, point: Point, color: str, *, within: bool) -> None:
    if point.interval is not None:
        low, high = point.interval
        # Rounding can leave the mean of equal differences outside their interval by one bit.
        below, above = max(0.0, point.dice - low), max(0.0, high - point.dice)
        axes.errorbar(
            point.latency_ms,
            point.dice,
            yerr=[[below], [above]],
            ecolor=color,
            elinewidth=1.3,
            capsize=3,
            fmt="none",
            alpha=0.75,
            zorder=2,
        )
    axes.plot(
        point.latency_ms,
        point.dice,
        SHAPES[point.precision],
        markersize=9,
        markerfacecolor=color if within else "white",
        markeredgecolor=color,
        markeredgewidth=1.8,
        zorder=3,
    )


def _set_heights(axes: Any, points: Sequence[Point], thresholds: dict[str, float]) -> None:
    """Room for every interval and threshold, and never less than one hundredth of Dice: noise must not look large."""
    ends = [end for p in points for end in (p.interval or (p.dice, p.dice))] + [*thresholds.values()]
    low, high = min(ends), max(ends)
    room = max(0.14 * (high - low), (0.01 - (high - low)) / 2, 0.002)
    axes.set_ylim(low - room, high + room)
