"""edge-sdk cost: how far a package is from the least time that this machine needs for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.console import print_json, say
from apps.tables import show_rows

if TYPE_CHECKING:
    from apps.inspection.cost import StageCost


def command(
    package: Annotated[Path, typer.Argument(metavar="P", help="The .edgepkg to look at.")],
    target: Annotated[str, typer.Option(help="Whose operators are timed; executorch tells no times.")] = "openvino",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: the runtime decides.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Multiplications and bytes of each stage, the least time that they need here (roofline), and the time they take.

    The machine's peaks are measured first: matrix products in 8 bits and in float32 by OpenVINO, and copies.
    """
    from apps.inspection.cost import cost_of
    from edge_sdk.packages.package import Package

    with Package(package) as opened:
        found = cost_of(opened, target, threads)
    if as_json:
        print_json({"package": str(package), **found.as_json()})
        return
    show_rows(f"{package.name} on {target}, one patch", [_table_row(row) for row in found.stages])
    peaks = found.peaks
    speeds = list(peaks.moved_bytes.values())
    say(
        f"peaks, {peaks.threads} threads: {peaks.int8_macs / 1e9:.0f} GMAC/s in 8 bits, "
        f"{peaks.float_macs / 1e9:.0f} GMAC/s in float32, {speeds[-1] / 1e9:.0f} GB/s read and written in memory, "
        f"{max(speeds) / 1e9:.0f} GB/s in caches"
    )


def _table_row(row: StageCost) -> dict[str, str | float | None]:
    return {
        "stage": row.stage,
        "MMAC": round(row.macs / 1e6, 1),
        "MB moved": round(row.moved_bytes / 1e6, 2),
        "least ms": round(row.least_ms, 3),
        "bound by": row.bound_by,
        "measured ms": None if row.measured_ms is None else round(row.measured_ms, 3),
        "share, %": None if row.share is None else round(100 * row.share),
    }
