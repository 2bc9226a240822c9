"""What the table is for: one form against another, beside what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.report.html import is_measured
from tests.perf.engines_table import EXPORTERS


@dataclass(frozen=True)
class Comparison:
    """`form` against `peer` (names of forms): how many times faster, with the least that must be and the aim.

    Where `slower` is set, `form` may be slower than `peer`, and the limits say how many times at most.
    """

    title: str
    form: str
    peer: str
    must: float
    aim: float
    slower: bool = False


def _pruned(share: int) -> tuple[Comparison, ...]:
    """A shipped pruned network against the peers; all of them pass the gate of 99 % of the FP32 Dice."""
    ours = f"ours pruned to {share} %, INT8, OpenVINO"
    form = f"pruned-{share}-openvino-int8"
    return (
        Comparison(f"{ours} / as published FP32, OpenVINO", form, "published-openvino", 6, 10),
        Comparison(f"{ours} / as published, NNCF's default INT8, OpenVINO", form, "published-openvino-ptq", 10, 15),
        Comparison(f"{ours} / nnU-Net FP32, OpenVINO", form, "dynunet-openvino", 5, 8),
    )


COMPARISONS = (
    Comparison(
        "ours INT8, OpenVINO / as published FP32, OpenVINO", "ours-openvino-int8", "published-openvino", 3.5, 5.0
    ),
    *_pruned(45),
    *_pruned(22),
    Comparison(
        "ours INT8, ONNX Runtime / as published FP32, ONNX Runtime",
        *("ours-onnxruntime-int8", "published-onnxruntime", 3.5, 6),
    ),
    Comparison(
        "ours INT8, ExecuTorch / ours INT8, OpenVINO (times slower)",
        *("ours-executorch-int8", "ours-openvino-int8", 2.0, 1.2),
        slower=True,
    ),
)


def compared(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each comparison as the median of the paired ratios of the rounds, with its quartiles and the verdict.

    Of peers with one name before "-torchscript" or "-dynamo" the faster one counts. Rows that were not measured give
    None, with why.
    """
    found = []
    for each in COMPARISONS:
        ours, peer = _row(rows, each.form), _row(rows, each.peer)
        targets = {"comparison": each.title, "must": each.must, "aim": each.aim}
        missing = next((row for row in (ours, peer) if row is None or not is_measured(row["median_ms"])), None)
        if ours is None or peer is None or missing is not None:
            why = "not asked for" if missing is None else missing["status"]["why"]
            found.append({**targets, "times": None, "quartiles": None, "verdict": f"not measured: {why}"})
            continue
        pair = (ours, peer) if each.slower else (peer, ours)
        times = np.array(pair[0]["samples_ms"]) / np.array(pair[1]["samples_ms"])
        middle = float(np.median(times))
        found.append(
            {
                **targets,
                "times": middle,
                "quartiles": [float(value) for value in np.percentile(times, (25, 75))],
                "verdict": _verdict(middle, each),
            }
        )
    return found


def _verdict(times: float, asked: Comparison) -> str:
    for name, limit in (("aim met", asked.aim), ("must met", asked.must)):
        if times <= limit if asked.slower else times >= limit:
            return name
    return "falls short"


def _row(rows: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    found = [row for row in rows if row["name"] == name or (row["name"] in EXPORTERS and row["name"].startswith(name))]
    measured = [row for row in found if is_measured(row["median_ms"])]
    return min(measured, key=lambda row: row["median_ms"]) if measured else next(iter(found), None)
