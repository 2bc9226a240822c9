"""A stream's result for people, on the terminal."""

from __future__ import annotations

from pathlib import Path

from apps.report.html import shown
from apps.report.measured import NotMeasured
from apps.stream.results.report import StreamReport
from apps.tables import show


def print_result(report: StreamReport, folder: Path) -> None:
    """Print the main numbers and where the files are; silent under --quiet."""
    frames, latency, accuracy = report.frames, report.latency_ms.whole_frame_in_mask, report.accuracy
    dice = {} if isinstance(accuracy, NotMeasured) else accuracy.dice
    numbers: dict[str, object] = {
        "frames read, inserted, dropped": [frames.read, frames.inserted, frames.dropped],
        **{name.replace("_", " "): text for name, text in report.source.rests_on.items()},
        **{f"frames left out, {reason}": count for reason, count in frames.left_out.items()},
        "latency p50, p95": f"{latency.p50:.0f} ms, {latency.p95:.0f} ms",
        "last frame to final mask": f"{report.final_mask_s:.2f} s",
        "peak memory": f"{report.memory.peak_rss_mb:.0f} MB",
    }
    for name, amount in report.class_ml.items():
        numbers[name] = f"{amount:.2f} ml" + (f", Dice {shown(dice[name], 3)}" if name in dice else "")
    if not isinstance(accuracy, NotMeasured):
        mean = accuracy.mean_dice
        numbers["mean Dice"] = shown(mean) if isinstance(mean, NotMeasured) else f"{mean:.3f}"
        numbers["final mask is segment's"] = accuracy.mask_equals_segment_on_final_volume
    numbers["report"] = str(folder / "report.html")
    show(f"{report.source.uri} on {report.session.target}", numbers)
