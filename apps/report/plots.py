"""Plots as inline SVG (matplotlib, without its global state, so threads may use it)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator
from numpy.typing import ArrayLike

from edge_sdk.plot_style import GRID_LINE, INK, PALETTE, SETTINGS


def histogram_svg(
    values: ArrayLike,
    *,
    x_label: str,
    y_label: str = "count",
    bins: int = 30,
    marks: Mapping[str, float] | None = None,
) -> Markup:
    """How often values occur.

    Args:
        values: 1-D, at least one finite number.
        x_label: Quantity and unit, such as "latency, ms".
        marks: Vertical lines with a name, such as {"p50": 12.0}.
    """
    figure, axes = canvas(x_label, y_label)
    axes.hist(np.asarray(values, float), bins=bins, color=PALETTE[0], alpha=0.85, edgecolor="white", linewidth=0.5)
    for color, (name, position) in zip(PALETTE[1:] * 3, (marks or {}).items(), strict=False):
        axes.axvline(position, color=color, linewidth=1.4, label=f"{name} {position:.4g}")
    if marks:
        _legend(axes)
    axes.grid(axis="y", color=GRID_LINE, linewidth=0.8)
    return as_svg(figure)


def bar_svg(
    values: Mapping[str, float],
    *,
    x_label: str,
    errors: Mapping[str, tuple[float, float]] | None = None,
    colors: Mapping[str, str] | None = None,
) -> Markup:
    """Horizontal bars, first at the top, each with its number at the end.

    Args:
        values: Name to length.
        x_label: Quantity and unit.
        errors: Name to (low, high), the ends of an interval around the value, in the same unit.
        colors: Name to color; the others take the first of `PALETTE`.
    """
    figure, axes = canvas(x_label, "", height=0.9 + 0.38 * len(values))
    names, lengths = list(values), [float(value) for value in values.values()]
    interval = None
    if errors:
        lows, highs = np.array([errors.get(name, (value, value)) for name, value in values.items()]).T
        # A median can lie outside the interval of its bootstrap by rounding; bars cannot be negative.
        interval = np.maximum([np.array(lengths) - lows, highs - lengths], 0.0)
    bars = axes.barh(
        names,
        lengths,
        height=0.62,
        color=[(colors or {}).get(name, PALETTE[0]) for name in names],
        xerr=interval,
        ecolor=INK,
        capsize=3 if interval is not None else 0,
    )
    axes.bar_label(bars, labels=[f"{length:.4g}" for length in lengths], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GRID_LINE, linewidth=0.8)
    return as_svg(figure)


def line_svg(
    series: Mapping[str, tuple[Sequence[float] | ArrayLike, Sequence[float] | ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    steps: bool = False,
    marks: Mapping[str, float] | None = None,
) -> Markup:
    """Lines over one x axis.

    Args:
        series: Name to (x, y), each 1-D of one length.
        x_label, y_label: Quantity and unit.
        steps: Hold each value until the next x (counts, queue depths).
        marks: Dotted vertical lines with a name, such as {"sweep ends": 8.1}.
    """
    figure, axes = canvas(x_label, y_label)
    for color, (name, (x, y)) in zip(PALETTE * 4, series.items(), strict=False):
        axes.plot(
            np.asarray(x, float),
            np.asarray(y, float),
            label=name,
            color=color,
            linewidth=1.5,
            drawstyle="steps-post" if steps else "default",
        )
    for name, position in (marks or {}).items():
        axes.axvline(position, color=INK, linewidth=1.0, linestyle=":", label=f"{name} {position:.4g}")
    if steps:
        whole_numbers = AutoLocator()
        whole_numbers.set_params(integer=True)
        axes.yaxis.set_major_locator(whole_numbers)
    if len(series) + len(marks or {}) > 1:
        _legend(axes)
    low, high = min(0.0, axes.get_ylim()[0]), axes.get_ylim()[1]
    axes.set_ylim(low, high + 0.06 * (high - low))
    axes.grid(color=GRID_LINE, linewidth=0.8)
    return as_svg(figure)


def canvas(x_label: str, y_label: str, height: float = 2.6) -> tuple[Figure, Axes]:
    """An empty figure as wide as a page, and its axes."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        axes = figure.subplots()
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
    return figure, axes


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, frameon=False, fontsize=9, borderaxespad=0.2)


def as_svg(figure: Figure) -> Markup:
    """The figure as an SVG element that scales with the page; its ids are its own on the page."""
    buffer = io.StringIO()
    salt = {"svg.hashsalt": str(id(figure))}
    with matplotlib.rc_context(SETTINGS | salt):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r'\1 role="img"', text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return Markup(text)
