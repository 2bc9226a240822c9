"""Plots: well-formed SVG that scales, says its numbers, and does not share ids with its neighbors."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from apps.report.plots import bar_svg, histogram_svg, line_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_histogram_names_its_axes_and_marks() -> None:
    svg = histogram_svg(np.arange(100), x_label="latency, ms", marks={"p50": 49.5})
    assert "latency, ms" in texts(svg)
    assert "p50 49.5" in texts(svg)
    root = ElementTree.fromstring(svg)
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib


def test_bars_write_each_number() -> None:
    found = texts(bar_svg({"ours": 12.5, "theirs": 48.0}, x_label="ms", errors={"ours": (12.0, 13.5)}))
    assert {"ours", "theirs", "12.5", "48", "ms"} <= set(found)


def test_lines_have_a_legend_and_ids_of_their_own() -> None:
    series = {"depth": ([0, 1, 2], [0, 3, 1]), "dropped": ([0, 1, 2], [0, 0, 2])}
    first = line_svg(series, x_label="s", y_label="items", steps=True, marks={"sweep ends": 1.5})
    second = line_svg(series, x_label="s", y_label="items")
    assert {"depth", "dropped", "sweep ends 1.5"} <= set(texts(first))
    clips = [
        {node.attrib["id"] for node in ElementTree.fromstring(svg).iter(f"{SVG}clipPath")} for svg in (first, second)
    ]
    assert clips[0]
    assert not clips[0] & clips[1]
