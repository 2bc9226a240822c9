"""A stream's result for people, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.console import SWITCHES, console
from apps.report.html import shown


def print_result(report: Mapping[str, Any], folder: Path) -> None:
    """Print the main numbers and where the files are; silent under --quiet."""
    if SWITCHES.quiet:
        return
    from rich.table import Table

    frames, latency = report["frames"], report["latency_ms"]["whole_frame_in_mask"]
    table = Table(show_header=False, title=f"{report['source']['uri']} → {report['session']['target']}")
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    table.add_row("frames read / inserted", f"{frames['read']} / {frames['inserted']}")
    table.add_row("frames dropped", str(frames["dropped"]), style="bold red" if frames["dropped"] else None)
    for reason, count in frames["left_out"].items():
        table.add_row(f"frames left out: {reason}", str(count))
    table.add_row("latency p50 / p95, ms", f"{latency['p50']:.0f} / {latency['p95']:.0f}")
    table.add_row("last frame to final mask, s", f"{report['final_mask_s']:.2f}")
    table.add_row("peak memory, MB", f"{report['memory']['peak_rss_mb']:.0f}")
    dice = report["accuracy"].get("dice", {})
    for name, amount in report["class_ml"].items():
        scored = f"   Dice {shown(dice[name], 3)}" if name in dice else ""
        table.add_row(name, f"{amount:.2f} ml{scored}")
    if dice:
        table.add_row("mean Dice", f"{report['accuracy']['mean_dice']:.3f}", style="bold")
        same = report["accuracy"]["mask_equals_segment_on_final_volume"]
        table.add_row("final mask = segment(final volume)", "yes, voxel for voxel" if same else "NO")
    screen = console()
    screen.print(table)
    screen.print(f"{folder / 'report.html'}", markup=False)
