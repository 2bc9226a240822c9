"""edge-sdk calibrate-time: the constant lag between a recording's images and its poses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.console import print_json, say
from apps.sweeps import load_sweep
from apps.tables import show

if TYPE_CHECKING:
    from edge_sdk.sweep.sweep import Sweep
    from edge_sdk.sweep.temporal_calibration import LagEstimate

POSE_TABLES = (".csv", ".tsv", ".txt")
JSON_NAME, PLOT_NAME = "temporal_calibration.json", "temporal_calibration.png"


def command(
    video: Annotated[Path, typer.Argument(help="Recording of the images, of any known format.")],
    tracker: Annotated[
        Path | None,
        typer.Argument(help="Recording of the poses, or a pose table (.csv); default: VIDEO has both."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help=f"Folder for {PLOT_NAME} and {JSON_NAME}."),
    ] = None,
    max_lag: Annotated[float, typer.Option(metavar="SECONDS", help="Lags up to this, both ways, are tried.")] = 0.5,
    transform: Annotated[
        str | None, typer.Option(metavar="NAME", help="The probe's transform; default: ProbeToReference, or alike.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Estimate the lag of the poses behind the images, from how both move.

    Record 10 s or more while the probe moves to and fro, unevenly, over
    something that shows it: best the bottom of a water tank, up and down;
    else any tissue, along the image. The result goes to --lag of the other
    commands, or to LocalTimeOffsetSec of a PLUS configuration.
    """
    from edge_sdk.sweep.temporal_calibration import estimate_lag

    images = load_sweep(video, need_poses=False)
    poses = None if tracker is None else _poses(tracker)
    estimate = estimate_lag(images, poses, max_lag=max_lag, transform=transform)
    result: dict[str, Any] = {"video": str(video), "tracker": str(tracker or video), **described(estimate)}
    if output is not None:
        result |= _write(estimate, result, output)
    if as_json:
        print_json(result)
        return
    show(f"{video}: lag of the poses", {name: value for name, value in result.items() if name != "use"})
    for line in result["use"]:
        say(line)


def described(estimate: LagEstimate) -> dict[str, Any]:
    """The estimate as plain values."""
    from edge_sdk.sweep.temporal_calibration import METHODS

    lag = round(estimate.lag_s, 4) + 0.0
    next_peak = estimate.runner_up and {"lag_s": estimate.runner_up[0], "correlation": estimate.runner_up[1]}
    return {
        "lag_s": lag,
        "standard_error_s": estimate.error_s,
        "correlation": estimate.correlation,
        "width_s": estimate.width_s,
        "next_peak": next_peak,
        "ambiguous": estimate.ambiguous,
        "lag_by_halves_s": [None if math.isnan(half) else half for half in estimate.halves_s],
        "drifts": estimate.drifts,
        "compared": METHODS[estimate.method],
        "not_taken": {attempt.method: attempt.refused for attempt in estimate.attempts if attempt.refused},
        "transform": estimate.transform,
        "probe_travel_mm": estimate.travel_mm,
        "frames": estimate.frames,
        "plus_local_time_offset_s": {"tracker": -lag + 0.0, "or_video": lag},
        "use": _use(estimate, lag),
    }


def _use(estimate: LagEstimate, lag: float) -> list[str]:
    """What to do with the number."""
    lines = [
        f"edge-sdk: --lag {lag:.4f} with reconstruct, segment or stream: a frame at t takes the pose at t {lag:+.4f}",
        f"PLUS: add {-lag + 0.0:+.4f} to LocalTimeOffsetSec of the tracker's device, or {lag:+.4f} to the scanner's",
    ]
    if estimate.ambiguous and estimate.runner_up is not None:
        lines.append(
            f"ambiguous: {estimate.runner_up[0]:+.3f} s is about as likely; record again with an uneven motion"
        )
    if estimate.drifts:
        first, second = estimate.halves_s
        lines.append(f"not constant: {first:+.3f} s in the first half, {second:+.3f} s in the second; check the clocks")
    return lines


def _poses(path: Path) -> Sweep:
    if path.suffix.lower() not in POSE_TABLES:
        return load_sweep(path, need_poses=False)
    from edge_sdk.sweep.formats.pose_table import read_pose_table

    return read_pose_table(path)


def _write(estimate: LagEstimate, result: dict[str, Any], folder: Path) -> dict[str, str]:
    import json

    import numpy as np

    from apps.report.lag_plot import write_lag_plot
    from edge_sdk.files import atomic_path

    plot, values = folder / PLOT_NAME, folder / JSON_NAME
    write_lag_plot(estimate, plot)
    curve = {
        "lags_s": estimate.alignment.lags.tolist(),
        "correlation": [value if np.isfinite(value) else None for value in estimate.alignment.correlation.tolist()],
    }
    with atomic_path(values) as temporary:
        temporary.write_text(json.dumps({**result, "curve": curve}, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return {"plot": str(plot), "json": str(values)}
