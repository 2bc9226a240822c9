"""The figure: all names are there, and small differences do not fill it."""

from __future__ import annotations

from apps.compression_report.figure import Point, accuracy_latency

POINTS = [
    Point("published FP32", "published", "FP32", 60.0, 0.874),
    Point("deploy form FP32", "deploy", "FP32", 28.0, 0.8735, (0.872, 0.875)),
    Point("INT8", "deploy", "INT8", 12.0, 0.8733, (0.871, 0.8745)),
    Point("slower and worse", "other", "INT8", 50.0, 0.873),
]


def texts_of(points: list[Point]) -> list[str]:
    (axes,) = accuracy_latency(points, {"gate: 99 % of published": 0.8653}).axes
    return [text.get_text() for text in axes.texts]


def test_every_form_and_the_gate_are_named() -> None:
    assert set(texts_of(POINTS)) == {point.label for point in POINTS} | {"gate: 99 % of published"}


def test_one_form_is_enough() -> None:
    assert "INT8" in texts_of(POINTS[2:3])


def test_the_axis_spans_at_least_a_hundredth_and_holds_every_interval() -> None:
    (axes,) = accuracy_latency(POINTS, {}).axes
    low, high = axes.get_ylim()
    assert high - low >= 0.01
    assert low < 0.871
    assert high > 0.875


def test_points_off_the_front_are_hollow_and_forms_of_a_network_share_a_color() -> None:
    (axes,) = accuracy_latency(POINTS, {}).axes
    drawn = {
        line.get_xdata()[0]: line for line in axes.lines if len(line.get_xdata()) == 1 and line.get_markersize() == 9
    }
    assert drawn[50.0].get_markerfacecolor() == "white"
    assert drawn[28.0].get_markerfacecolor() == drawn[12.0].get_markerfacecolor() != "white"
    assert (drawn[28.0].get_marker(), drawn[12.0].get_marker()) == ("o", "s")
