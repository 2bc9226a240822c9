"""Names beside the points of a plot, where they do not cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

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


def place_labels(axes: Any, points: Sequence[tuple[float, float, str, str]], *, avoid: Sequence[Bbox] = ()) -> None:
    """Write a name beside every point, at the first place where it lies inside the axes and covers nothing.

    Where no place is free, the one that covers least is taken. Call it last: limits that change later move points, not
    names.

    Args:
        points: (x, y, name, color), x and y in the axes' data coordinates.
        avoid: What else names should not cover, in data coordinates, such as lines: (x0, y0, x1, y1) of no height.
    """
    figure = axes.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    frame = axes.get_window_extent(renderer)
    half = _HALF_MARKER * figure.dpi / 72
    taken = [_around(axes.transData.transform((x, y)), half) for x, y, _, _ in points]
    taken += [box.transformed(axes.transData).padded(_LINE_POINTS * figure.dpi / 72) for box in avoid]
    for x, y, name, color in points:
        best: tuple[float, Any, Bbox] | None = None
        for offset, across, along in _PLACES:
            text = axes.annotate(
                name,
                (x, y),
                xytext=offset,
                textcoords="offset points",
                ha=across,
                va=along,
                fontsize=9,
                color=color,
                zorder=4,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )
            box = text.get_window_extent(renderer)
            covered = sum(_overlap(box, other) for other in taken) + _area(box) - _overlap(box, frame)
            if best is None or covered < best[0]:
                if best is not None:
                    best[1].remove()
                best = covered, text, box
            else:
                text.remove()
            if covered <= 1e-6:
                break
        assert best is not None
        taken.append(best[2])


def _around(center: Any, half: float) -> Bbox:
    x, y = center
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _area(box: Bbox) -> float:
    return float(box.width * box.height)


def _overlap(one: Bbox, other: Bbox) -> float:
    shared = Bbox.intersection(one, other)
    return 0.0 if shared is None else _area(shared)
