"""The picture of a fit: the loss of its steps, and the Dice of its validations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from edge_sdk.files import atomic_path
from edge_sdk.plot_style import GRID_LINE, PALETTE, SETTINGS
from quantization.fitting import History

Floats = NDArray[np.float64]

_LOSS, _DICE = PALETTE[0], PALETTE[1]
_SMOOTH, _LEAST = 0.04, 5
"""Share of all steps that the running mean takes in, and at least so many of them."""


def write_curves(path: Path, title: str, history: History) -> None:
    """Write the picture as PNG, 1350 pixels wide; without validation, the panel of the Dice is left out.

    Args:
        title: Of the phase, such as "Training".
        history: Of one step or more.

    Raises:
        EdgeSdkError: The place cannot be written.
    """
    losses = np.asarray(history.losses, float)
    panels = 2 if history.validation else 1
    with matplotlib.rc_context(SETTINGS | {"font.sans-serif": ["DejaVu Sans"]}):
        figure = Figure(figsize=(9.0, 2.2 + 1.9 * panels), dpi=150, layout="constrained")
        axes = figure.subplots(panels, 1, sharex=True, squeeze=False, height_ratios=(1.5, 1)[:panels])[:, 0]
        _draw_loss(axes[0], losses)
        if history.validation:
            _draw_dice(axes[1], *np.asarray(history.validation, float).T)
        axes[-1].set_xlabel("step")
        axes[-1].set_xlim(0, 1.09 * len(losses))  # room for the last values
        axes[-1].xaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True))
        axes[-1].xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes[0].set_title(title, loc="left", fontsize=13, fontweight="bold")
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", facecolor="white")


def running_mean(losses: Floats, window: int) -> Floats:
    """Mean of each loss and its neighbors, (N,): of `window` (odd) losses, of fewer at both ends."""
    sums, steps = np.concatenate([[0.0], np.cumsum(losses)]), np.arange(len(losses))
    reach = np.minimum(steps, window // 2)  # as far as to the left, for at first the loss falls fast
    starts, ends = steps - reach, np.minimum(len(losses), steps + reach + 1)
    means: Floats = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _draw_loss(axes: Any, losses: Floats) -> None:
    window = max(_LEAST, round(_SMOOTH * len(losses))) // 2 * 2 + 1
    steps, means = np.arange(1, len(losses) + 1), running_mean(losses, window)
    axes.plot(steps, losses, color=_LOSS, alpha=0.28, linewidth=0.8, label="every step")
    axes.plot(steps, means, color=_LOSS, linewidth=2.0, label=f"mean of {window} steps")
    _end(axes, steps[-1], means[-1], _LOSS)
    low, high = losses.min(), np.percentile(losses, 99.8)
    if high > low:  # a few outliers must not flatten the rest
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    _finish(axes, "loss")


def _draw_dice(axes: Any, steps: Floats, dice: Floats) -> None:
    best = int(np.nan_to_num(dice).argmax())
    label = f"validation cases, best {dice[best]:.3f} at step {steps[best]:,.0f}"
    axes.plot(steps, dice, "o-", color=_DICE, linewidth=2.0, markersize=4.5, label=label)
    _end(axes, steps[-1], dice[-1], _DICE)
    _finish(axes, "mean Dice")


def _end(axes: Any, step: float, value: float, color: str) -> None:
    axes.plot(step, value, "o", color=color, markersize=4.5)
    axes.annotate(
        f"{value:.3f}",
        (step, value),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        color=color,
        fontweight="bold",
        annotation_clip=False,
    )


def _finish(axes: Any, label: str) -> None:
    axes.set_ylabel(label)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2)
    axes.grid(color=GRID_LINE, linewidth=0.8)
