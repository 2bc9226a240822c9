"""The table of engines as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.report.html import is_measured
from apps.report.markdown import facts, markdown_table

HEADINGS = {
    "network": "network",
    "engine": "engine",
    "precision": "precision",
    "median_ms": "median, ms",
    "min_ms": "min",
    "max_ms": "max",
    "labels_ms": "to labels, ms",
    "ratio_to_published_openvino": "times faster than as published, OpenVINO FP32",
    "ratio_to_dynunet": "times faster than DynUNet, OpenVINO FP32",
}
COMPARED = {"comparison": "comparison", "times": "times", "must": "must", "aim": "aim", "verdict": "verdict"}
EXPORTERS = {"published-onnxruntime-torchscript": "TorchScript", "published-onnxruntime-dynamo": "dynamo"}


def markdown(report: Mapping[str, Any]) -> str:
    """Tables of every run, device, protocol. Of the two ONNX exports of the published form the faster one is shown."""
    parts = [f"# Engines, {report['written_utc']}"]
    for run in report["runs"]:
        settings = run["settings"]
        parts += [
            f"## {settings['variant']}, width {settings['width']}, patch {settings['patch']}³, "
            f"{settings['threads']} threads, {settings['rounds']} rounds",
            markdown_table([_rounded(row) for row in run["comparisons"]], COMPARED),
            markdown_table([_rounded(row) for row in shown_rows(run["forms"])], HEADINGS),
            *(f"- {line}" for line in notes(run["forms"])),
        ]
    for group in ("device", "protocol", "versions"):
        parts += [f"## {group.capitalize()}", facts(report[group])]
    return "\n\n".join(parts) + "\n"


def shown_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without the slower of the two ONNX exports."""
    exports = [row for row in rows if row["name"] in EXPORTERS]
    measured = [row for row in exports if is_measured(row["median_ms"])]
    best = min(measured, key=lambda row: row["median_ms"]) if measured else None
    return [row for row in rows if row not in exports or row is best or (best is None and row is exports[0])]


def notes(rows: list[dict[str, Any]]) -> list[str]:
    """Which exporter the ONNX Runtime row comes from, with both medians."""
    exporters = [
        f"{EXPORTERS[row['name']]} "
        + (f"{row['median_ms']:.1f} ms" if is_measured(row["median_ms"]) else row["median_ms"]["why"])
        for row in rows
        if row["name"] in EXPORTERS
    ]
    return (
        [f"ONNX Runtime as published, the faster of torch's exporters is shown: {', '.join(exporters)}."]
        if exporters
        else []
    )


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}
