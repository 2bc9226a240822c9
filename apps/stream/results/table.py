"""A stream's result for people, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.report.html import shown
from apps.tables import show


def print_result(report: Mapping[str, Any], folder: Path) -> None:
    """Print the main numbers and where the files are; silent under --quiet."""
    frames, latency = report["frames"], report["latency_ms"]["whole_frame_in_mask"]
    dice = report["accuracy"].get("dice", {})
    numbers = {
        "frames read, inserted, dropped": [frames["read"], frames["inserted"], frames["dropped"]],
        **{name.replace("_", " "): text for name, text in report["source"]["rests_on"].items()},
        **{f"frames left out, {reason}": count for reason, count in frames["left_out"].items()},
        "latency p50, p95": f"{latency['p50']:.0f} ms, {latency['p95']:.0f} ms",
        "last frame to final mask": f"{report['final_mask_s']:.2f} s",
        "peak memory": f"{report['memory']['peak_rss_mb']:.0f} MB",
    }
    for name, amount in report["class_ml"].items():
        numbers[name] = f"{amount:.2f} ml" + (f", Dice {shown(dice[name], 3)}" if name in dice else "")
    if dice:
        numbers["mean Dice"] = f"{report['accuracy']['mean_dice']:.3f}"
        numbers["final mask is segment's"] = report["accuracy"]["mask_equals_segment_on_final_volume"]
    numbers["report"] = str(folder / "report.html")
    show(f"{report['source']['uri']} on {report['session']['target']}", numbers)
