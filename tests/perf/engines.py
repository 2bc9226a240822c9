"""The same network in every form and on every engine, interleaved, as medians: `python -m tests.perf.engines -o DIR`.

Each form runs in a process of its own, opened once and asked for one inference a round: thread pools, allocators and
caches of one engine are not in the way of another's, a crash takes only its own row, and the noise of the machine is
spread over all forms alike. Only one process computes at a time.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import edge_sdk
from apps.benchmark.identity import device
from apps.report.html import is_measured, not_measured
from apps.report.texts import write_texts
from tests.perf.comparisons import compared
from tests.perf.engines_summary import summary
from tests.perf.engines_table import markdown
from tests.perf.exports import ROOT, Export, Exporter, versions
from tests.perf.forms import FORMS
from tests.perf.rounds import PAUSE_S, Server, measure_rounds
from tests.perf.settings import Settings

REFERENCES = {"ratio_to_published_openvino": "published-openvino", "ratio_to_dynunet": "dynunet-openvino"}


def main() -> None:
    """Parse, export, measure each patch size and number of threads, write engines.json and engines.md."""
    arguments = _parser().parse_args()
    all_settings = [
        Settings(variant=arguments.variant, width=arguments.width, patch=patch, threads=threads)
        for patch in arguments.patch
        for threads in arguments.threads
    ]
    names = {form.name for form in FORMS if not arguments.only or form.name in arguments.only}
    exports = {settings: _export(settings, arguments.work, names) for settings in all_settings}
    if arguments.prepare:
        return
    report = {
        "kind": "edge-sdk engines",
        "schema": 2,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "sdk_version": edge_sdk.__version__,
        "protocol": {
            "processes": "one per form, opened once; only one computes at a time",
            "rounds": f"{arguments.rounds}, every form once a round, in random order; medians over the rounds, ratios "
            "paired within them; one round before is dropped",
            "inference": f"after {PAUSE_S} s of rest and one inference that does not count",
            "openvino": "latency hint, INFERENCE_PRECISION_HINT f32 in FP32 and INT8 rows alike (else CPUs with "
            "AVX512-BF16 or AMX would compute the float part in bfloat16)",
            "onnxruntime": "sequential, all graph optimizations",
            "denormals": "flushed to zero in every process",
            "output": "logits; half resolution for EfficientMedNeXt, full resolution for DynUNet; labels_ms is what "
            "upsampling and argmax to full-resolution labels take on top",
            "pruned": "the shipped hippocampus networks (gate: at least 99 % of the FP32 Dice), lowered again for this "
            "patch; all other weights are random",
        },
        "versions": versions(),
        "device": device().as_json(),
        "runs": [_run(settings, exports[settings], arguments.rounds) for settings in all_settings],
    }
    text = "\n\n".join([*summary(report["runs"]), markdown(report)])
    write_texts(arguments.output / "engines", {".json": json.dumps(report, indent=1, allow_nan=False), ".md": text})
    print(text)


def _export(settings: Settings, work: Path, names: Collection[str]) -> dict[str, Export]:
    exporter = Exporter(settings, work)
    return {form.name: exporter.export(form) for form in FORMS if form.name in names}


def _run(settings: Settings, exports: dict[str, Export], rounds: int) -> dict[str, Any]:
    print(f"patch {settings.patch}, {settings.threads} threads", flush=True)
    begin = os.getloadavg()
    rows = _measure(exports, settings, rounds)
    return {
        "settings": {**json.loads(settings.to_json()), "rounds": rounds},
        "load_average": {"begin": list(begin), "end": list(os.getloadavg())},
        "comparisons": compared(rows),
        "forms": rows,
    }


def _measure(exports: dict[str, Export], settings: Settings, rounds: int) -> list[dict[str, Any]]:
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        for form in FORMS:
            if form.name in exports and exports[form.name].problem is None:
                servers[form.name] = stack.enter_context(Server(form, settings, exports[form.name].folder))
        measure_rounds(list(servers.values()), rounds, settings.seed)
    rows = [_row(form, exports[form.name], servers.get(form.name)) for form in FORMS if form.name in exports]
    by_name = {row["name"]: row for row in rows}
    for row in rows:
        for key, reference in REFERENCES.items():
            row[key] = _ratio(by_name.get(reference), row, reference)
    return rows


def _row(form: Any, export: Export, server: Server | None) -> dict[str, Any]:
    identity = {name: getattr(form, name) for name in ("name", "network", "engine", "precision")}
    problem = export.problem or (server.problem if server else None)
    if server is None or problem:
        absent = not_measured(f"failed: {problem}")
        keys = ("median_ms", "min_ms", "max_ms", "samples_ms", "labels_ms", "open_s", "denormals")
        return {**identity, "status": {"state": "failed", "why": problem}, **dict.fromkeys(keys, absent)}
    samples = [sample["infer_ms"] for sample in server.samples]
    return {
        **identity,
        "status": {"state": "ok", "why": f"{len(samples)} rounds"},
        "median_ms": float(np.median(samples)),
        "min_ms": min(samples),
        "max_ms": max(samples),
        "samples_ms": samples,
        "labels_ms": float(np.median([sample["labels_ms"] for sample in server.samples])),
        **server.opened,
    }


def _ratio(reference: dict[str, Any] | None, row: dict[str, Any], name: str) -> Any:
    """How many times faster than the reference."""
    if reference is None:
        return not_measured(f"{name} was not asked for")
    for each in (reference, row):
        if not is_measured(each["median_ms"]):
            return not_measured(f"{each['name']} {each['median_ms']['why']}")
    return reference["median_ms"] / row["median_ms"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.perf.engines", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for engines.json and engines.md")
    parser.add_argument("--variant", default="S", choices=["T", "S", "M"])
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--patch", type=int, nargs="+", default=[64])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "perf", help="where exports are kept")
    parser.add_argument("--prepare", action="store_true", help="only export")
    parser.add_argument("--only", nargs="*", metavar="FORM", help=f"of {', '.join(form.name for form in FORMS)}")
    return parser


if __name__ == "__main__":
    main()
