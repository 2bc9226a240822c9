from __future__ import annotations

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from apps.report.labels import place_labels
from apps.report.plots import canvas


def test_names_of_close_points_cover_neither_each_other_nor_a_line_and_stay_inside() -> None:
    figure, axes = canvas("x", "y", height=4.0)
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 10)
    points = [(9.8, 5.0), (9.7, 5.2), (0.1, 9.9), (5.0, 5.0)]
    line = Bbox.from_extents(0, 5.6, 10, 5.6)
    place_labels(axes, [(x, y, f"a name {i}", "black") for i, (x, y) in enumerate(points)], avoid=[line])
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    frame = axes.get_window_extent(renderer)
    assert len(boxes) == len(points)
    others = [*boxes, line.transformed(axes.transData).padded(1)]
    for one, other in combinations(others, 2):
        assert Bbox.intersection(one, other) is None
    for box in boxes:
        inside = Bbox.intersection(box, frame)
        assert inside is not None
        assert abs(inside.width * inside.height - box.width * box.height) < 1


def test_where_no_place_is_free_every_name_is_still_written_once() -> None:
    _, axes = canvas("x", "y", height=1.2)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    place_labels(axes, [(0.5, 0.5, f"name {i}", "black") for i in range(20)])
    assert sorted(text.get_text() for text in axes.texts) == sorted(f"name {i}" for i in range(20))
