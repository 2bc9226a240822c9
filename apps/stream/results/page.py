"""The report as a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.report.html import not_measured, png_source, render
from apps.report.plots import histogram_svg, line_svg
from edge_sdk.volume.label_colors import label_color


def stream_page(report: Mapping[str, Any], picture: Path, title: str) -> str:
    """One self-contained HTML page.

    Args:
        report: Of `stream_report`.
        picture: The overlay PNG.
        title: Heading.
    """
    latency, timeline = report["latency_ms"]["whole_frame_in_mask"], report["timeline"]
    moments = {"sweep starts": timeline["sweep_from_s"], "sweep ends": timeline["sweep_to_s"]}
    moments["final mask"] = timeline["final_mask_at_s"]
    depths = {name: (timeline["time_s"], depth) for name, depth in timeline["queue_depth"].items()}
    depths["frames dropped (sum)"] = timeline["time_s"], timeline["frames_dropped"]
    dice = report["accuracy"].get("dice", {})
    return render(
        "stream/results/report.html",
        title=title,
        subtitle=f"{report['source']['uri']} → {report['package']['name']} on {report['session']['target']}",
        sdk_version=report["sdk_version"],
        written_utc=report["written_utc"],
        report=report,
        picture=png_source(picture),
        devices=[{**device, "errors": device["errors"] or "nothing"} for device in report["devices"]],
        labels=[
            {"name": name, "color": label_color(label), "ml": amount, "dice": dice.get(name, not_measured("no Dice"))}
            for label, (name, amount) in enumerate(report["class_ml"].items(), start=1)
        ],
        latency_plot=histogram_svg(
            latency["samples"],
            x_label="time stamp of a frame to the mask that contains all of it, ms",
            y_label="frames",
            marks={"p50": latency["p50"], "p95": latency["p95"]},
        ),
        queue_plot=line_svg(depths, x_label="seconds", y_label="items", steps=True, marks=moments),
        memory_plot=line_svg(
            {"resident memory": (timeline["time_s"], timeline["rss_mb"])},
            x_label="seconds",
            y_label="MB",
            marks=moments,
        ),
    )
