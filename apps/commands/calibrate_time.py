"""edge-sdk calibrate-time: the constant lag between a recording's images and its poses."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.console import print_json, say
from apps.sweep_warnings import warn
from apps.sweeps import load_sweep
from apps.tables import show

if TYPE_CHECKING:
    from edge_sdk.sweep.sweep import Sweep
    from edge_sdk.sweep.temporal_calibration import LagEstimate

POSE_TABLES = (".csv", ".tsv", ".txt")
JSON_NAME, PLOT_NAME = "temporal_calibration.json", "temporal_calibration.png"


@dataclass(frozen=True)
class TimeCalibration:
    """The lag between a recording's images and its poses.

    Attributes:
        video: Recording of the images.
        tracker: Recording of the poses.
        estimate: The lag, how sure it is, and the signals that show it.
    """

    video: Path
    tracker: Path
    estimate: LagEstimate

    @property
    def lag_s(self) -> float:
        """The lag to 0.1 ms, seconds."""
        return round(self.estimate.lag_s, 4) + 0.0

    @property
    def instructions(self) -> list[str]:
        """What to do with the lag, a line each."""
        return _instructions(self.estimate, self.lag_s)

    def as_json(self) -> dict[str, object]:
        """As `calibrate-time --json` prints it."""
        from edge_sdk.sweep.temporal_calibration import METHODS

        estimate, peak = self.estimate, self.estimate.runner_up
        return {
            "video": str(self.video),
            "tracker": str(self.tracker),
            "lag_s": self.lag_s,
            "standard_error_s": estimate.error_s,
            "correlation": estimate.correlation,
            "width_s": estimate.width_s,
            "next_peak": None if peak is None else {"lag_s": peak[0], "correlation": peak[1]},
            "ambiguous": estimate.ambiguous,
            "lag_by_halves_s": [None if math.isnan(half) else half for half in estimate.halves_s],
            "drifts": estimate.drifts,
            "compared": METHODS[estimate.method],
            "not_taken": {attempt.method: attempt.refused for attempt in estimate.attempts if attempt.refused},
            "transform": estimate.transform,
            "probe_travel_mm": estimate.travel_mm,
            "frames": estimate.frames,
            "plus_local_time_offset_s": {"tracker": -self.lag_s + 0.0, "or_video": self.lag_s},
            "use": self.instructions,
        }


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
    warn([*images.remarks, *(poses.remarks if poses else ())])
    estimate = estimate_lag(images, poses, max_lag=max_lag, transform=transform)
    found = TimeCalibration(video, tracker or video, estimate)
    written = {} if output is None else _write(found, output)
    result = {**found.as_json(), **written}
    if as_json:
        print_json(result)
        return
    show(f"{video}: lag of the poses", {name: value for name, value in result.items() if name != "use"})
    for line in found.instructions:
        say(line)


def _instructions(estimate: LagEstimate, lag: float) -> list[str]:
    """What to do with the number, a line each.

    Args:
        estimate: The estimate.
        lag: The lag as it is printed, seconds.
    """
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


def _write(found: TimeCalibration, folder: Path) -> dict[str, str]:
    """Write the picture and the values; returns where they lie."""
    import numpy as np

    from apps.report.lag_plot import write_lag_plot
    from edge_sdk.files import atomic_path

    plot, values = folder / PLOT_NAME, folder / JSON_NAME
    write_lag_plot(found.estimate, plot)
    alignment = found.estimate.alignment
    curve = {
        "lags_s": alignment.lags.tolist(),
        "correlation": [value if np.isfinite(value) else None for value in alignment.correlation.tolist()],
    }
    text = json.dumps({**found.as_json(), "curve": curve}, indent=2, allow_nan=False)
    with atomic_path(values) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return {"plot": str(plot), "json": str(values)}
