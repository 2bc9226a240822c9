"""A report of one table, as JSON and Markdown, and the processes that its rows come from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.benchmark.identity import device
from apps.report.markdown import facts, markdown_table
from apps.report.texts import write_texts
from tests.perf.exports import ROOT, last_line, versions


def package_path(name: str) -> Path:
    """A package that this project ships."""
    return ROOT / "models" / f"{name}.edgepkg"


def output_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a process prints; where it fails, this program ends with the line that tells why."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def write_rows(path: Path, what: str, rows: list[dict[str, Any]], headings: Mapping[str, str], **protocol: int) -> None:
    """Write and print a table with how it was made and on which device.

    Args:
        path: Without suffix; .json and .md are written.
        what: Is measured, such as "session overhead".
        rows: Of the table; columns that have no heading are in the JSON only.
        headings: Key to heading.
        protocol: Numbers of rounds, inferences, threads.
    """
    report = {
        "kind": f"edge-sdk {what}",
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        **protocol,
        "rows": rows,
        "device": device().as_json(),
        "versions": versions(),
    }
    title = f"# {what.capitalize()}, {report['written_utc']}"
    text = "\n\n".join([title, markdown_table(rows, headings), facts(device().as_json())])
    write_texts(path, {".json": json.dumps(report, indent=1, allow_nan=False), ".md": text + "\n"})
    print(text)
