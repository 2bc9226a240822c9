"""The report of `tests.perf.reconstruction` as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.report.markdown import facts, markdown_table

INSERTION = {
    "way": "way",
    "ms_1": "1 thread, ms",
    "ms_2": "2 threads, ms",
    "all_ms_1": "all at once, 1",
    "all_ms_2": "all at once, 2",
    "numpy_ms": "numpy, ms",
    "times_faster_1": "numpy / 1 thread",
    "times_faster_2": "numpy / 2 threads",
    "plus_ms_1": "PLUS 1 thread, ms (quoted)",
    "plus_ms_2": "PLUS 2 threads, ms (quoted)",
}
HOLES = {"threads": "threads", "seconds": "seconds", "plus_seconds": "PLUS, seconds (quoted)"}
STARTS = {
    "way": "way",
    "process": "process",
    "imported": "modules there, s",
    "ready": "compounder ready, s",
    "inserted": "frame in, s",
}
AGREEMENT = {"way": "way", "within_1": "voxels within 1 gray level"}


def markdown(report: Mapping[str, Any]) -> str:
    """Tables, protocol and device."""
    settings = report["settings"]
    width, height = settings["frame_size"]
    starts = [
        {"way": row["way"], "process": process, **row[key]}
        for row in report["first_frame"]
        for key, process in (("first_process_s", "first: nothing compiled"), ("later_process_s", "later: median"))
    ]
    parts = [
        f"# Reconstruction: milliseconds per frame of {width}×{height} at 0.5 mm",
        f"Medians of {settings['rounds']} interleaved rounds of {settings['frames']} frames, {report['written_utc']}.",
        _table(report["insertion"], INSERTION),
        "## Hole filling: STICK 9/1 on the NN_MEAN volume",
        _table(report["hole_filling"], HOLES),
        "## From the start of a process to its first inserted frame",
        _table(starts, STARTS),
        "## Memory of a whole reconstruction (NN_MEAN, holes filled)",
        facts({name: round(value, 1) for name, value in report["memory"].items()}),
        "## Agreement with the numpy implementation",
        _table(report["agreement_with_numpy"], AGREEMENT, digits=4),
    ]
    for group in ("protocol", "device"):
        parts += [f"## {group.capitalize()}", facts(report[group])]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[Mapping[str, Any]], headings: Mapping[str, str], digits: int = 3) -> str:
    def shown(value: Any) -> Any:
        return float(f"{value:.{digits}g}") if isinstance(value, float) else value

    return markdown_table([{key: shown(row[key]) for key in headings} for row in rows], headings)
