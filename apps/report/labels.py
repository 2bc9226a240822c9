"""Names beside the points of a plot, where they do not cover each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

# Where a name may stand, in points from its point: the nearest places first.
_PLACES = [
    ((10, 7), "left", "bottom"),
    ((10, -7), "left", "top"),
    ((-10, 7), "right", "bottom"),
    ((-10, -7), "right", "top"),
    *[((10, sign * far), "left", "center") for far in (22, 36, 50) for sign in (1, -1)],
    *[((-10, sign * far), "right", "center") for far in (22, 36, 50) for sign in (1, -1)],
]
_HALF_MARKER = 7.0
"""Half the side of the square that a point covers, in points."""
_LINE_POINTS = 2.0
"""Half the room of a line."""
_NOTHING = 1e-6
"""Covered area that counts as none, pixels²."""


@dataclass(frozen=True)
class _Label:
    """A name as it is written, the box that it fills, and how much of other things that box covers, pixels²."""

    text: Annotation
    box: Bbox
    covered: float


def place_labels(axes: Axes, points: Sequence[tuple[float, float, str, str]], *, avoid: Sequence[Bbox] = ()) -> None:
    """Write a name beside every point, at the first place where it lies inside the axes and covers nothing.

    Where no place is free, the one that covers least is taken. Call it last: limits that change later move points, not
    names.

    Args:
        axes: What is drawn on.
        points: (x, y, name, color), x and y in the axes' data coordinates.
        avoid: What else names should not cover, in data coordinates, such as lines: (x0, y0, x1, y1) of no height.
    """
    figure = axes.figure.figure  # a subfigure is drawn by the whole one
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    frame = axes.get_window_extent(renderer)
    half = _HALF_MARKER * figure.dpi / 72
    taken = [_around(axes.transData.transform((x, y)), half) for x, y, _, _ in points]
    taken += [box.transformed(axes.transData).padded(_LINE_POINTS * figure.dpi / 72) for box in avoid]
    for x, y, name, color in points:
        labels = (
            _Label(text, box, sum(_overlap(box, other) for other in taken) + _area(box) - _overlap(box, frame))
            for text, box in _candidates(axes, (x, y), name, color, renderer)
        )
        taken.append(_first_free(labels).box)


def _candidates(
    axes: Axes, point: tuple[float, float], name: str, color: str, renderer: RendererBase
) -> Iterator[tuple[Annotation, Bbox]]:
    """The name written at each place in turn, and the box that it fills."""
    for offset, across, along in _PLACES:
        text = axes.annotate(
            name,
            point,
            xytext=offset,
            textcoords="offset points",
            ha=across,
            va=along,
            fontsize=9,
            color=color,
            zorder=4,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
        yield text, text.get_window_extent(renderer)


def _first_free(labels: Iterator[_Label]) -> _Label:
    """The first label that covers nothing, else the one that covers least; the others are removed from the plot."""
    best = next(labels)
    while best.covered > _NOTHING and (other := next(labels, None)) is not None:
        best, dropped = (other, best) if other.covered < best.covered else (best, other)
        dropped.text.remove()
    return best


def _around(center: NDArray[np.float64], half: float) -> Bbox:
    x, y = center
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _area(box: Bbox) -> float:
    return float(box.width * box.height)


def _overlap(one: Bbox, other: Bbox) -> float:
    shared = Bbox.intersection(one, other)
    return 0.0 if shared is None else _area(shared)
