"""The files of a compression's report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from pydantic import JsonValue

from apps.compression_report.compressions import Compression, measured_together, read_compressions
from apps.compression_report.content import Content, report_content
from apps.compression_report.markdown import compression_markdown
from apps.compression_report.page import compression_page
from edge_sdk.files import atomic_path
from edge_sdk.plot_style import SETTINGS
from quantization.measurement import Measure

FIGURE = "accuracy-latency.png"
PAGE = "report.html"


def report_run(folder: Path) -> Content:
    """Write the report of a finished compression into its folder.

    Raises:
        TrainingError: It is not finished.
        EdgeSdkError: The folder cannot be written.
    """
    content = report_content(read_compressions([folder]), together=True)
    _write(content, folder)
    return content


def report_runs(folders: Sequence[Path], out: Path, *, measure: Measure | None) -> Content:
    """Write one report of several compressions: report.html, report.md, report.json and the figure.

    Args:
        measure: Times all forms anew, together; None takes what each run recorded.

    Raises:
        TrainingError: One is not finished, or they cannot be compared.
        EdgeSdkError: A form cannot be run, or `out` cannot be written.
    """
    compressions = read_compressions(folders)
    if measure is not None:
        compressions = measured_together(compressions, measure)
    content = report_content(compressions, together=measure is not None)
    _write(content, out)
    with atomic_path(out / "report.json") as temporary:
        temporary.write_text(json.dumps(_described(content, compressions), indent=1, allow_nan=False) + "\n")
    return content


def _latency_of(compression: Compression) -> dict[str, JsonValue] | None:
    return None if compression.latency is None else compression.latency.to_json()


def _described(content: Content, compressions: Sequence[Compression]) -> dict[str, object]:
    """What the runs' own folders do not hold: the joined table, and the latencies."""
    return {
        "forms": content.rows,
        "against_published": content.comparison,
        "runs": {run.name: {"folder": str(run.run.path), "latency": _latency_of(run)} for run in compressions},
    }


def _write(content: Content, folder: Path) -> None:
    if content.figure is not None:
        with atomic_path(folder / FIGURE) as temporary, matplotlib.rc_context(SETTINGS):
            content.figure.savefig(temporary, format="png", dpi=160, facecolor="white")
    for name, text in ((PAGE, compression_page(content)), ("report.md", compression_markdown(content, FIGURE))):
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
