"""Settings of the runtimes on a package, interleaved, each against what sessions use.

`python -m tests.perf.session_settings -o DIR [--package P]`. Each setting runs in a process of its own, opened once;
each round asks every one, in random order, for one inference that does not count and a few that do. A round's median
is held against the same round's median of the settings as they are: noise that lasts longer than a round cancels out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from apps.benchmark.denormals import flush_denormals
from apps.benchmark.identity import device
from apps.report.texts import write_texts
from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import read_selftest
from targets.registry import TARGETS
from tests.perf.exports import ROOT
from tests.perf.rounds import Worker, measure_rounds
from tests.perf.session_cases import CASES, open_case

AS_IS = "as sessions are"
EACH_ROUND = 5


def main() -> None:
    """Parse, measure, write session_settings.json and .md."""
    asked = _parser().parse_args()
    report: dict[str, Any] = {
        "kind": "edge-sdk session settings",
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "package": asked.package.name,
        "threads": asked.threads,
        "rounds": asked.rounds,
        "inferences_a_round": EACH_ROUND,
        "device": device(),
    }
    with Package(asked.package) as package:
        for runtime in asked.runtime:
            if runtime in package.targets and TARGETS[runtime].missing() is None:
                report[runtime] = _measure(runtime, package, asked)
    text = _markdown(report)
    write_texts(asked.output / "session_settings", {".json": json.dumps(report, indent=1), ".md": text})
    print(text)


def serve(runtime: str, case: str, folder: str, threads: str) -> None:
    """Open one case, then measure a round for every line on stdin."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    flush_denormals()
    patch = read_selftest(Path(folder) / "selftest.npz", where=folder).patch
    artifact = Path(folder) / runtime / TARGETS[runtime].artifact  # type: ignore[attr-defined]
    start = time.perf_counter()
    infer = open_case(runtime, case, artifact, int(threads))
    opened = time.perf_counter() - start
    answer: dict[str, Any] = {"open_s": opened, "logits": hashlib.sha256(infer(patch).tobytes()).hexdigest()[:12]}
    print(json.dumps(answer), file=answers, flush=True)
    for _ in sys.stdin:
        infer(patch)
        times = []
        for _ in range(EACH_ROUND):
            start = time.perf_counter()
            infer(patch)
            times.append(1000 * (time.perf_counter() - start))
        print(json.dumps({"ms": float(np.median(times))}), file=answers, flush=True)


def _measure(runtime: str, package: Package, asked: argparse.Namespace) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        workers = {
            case: stack.enter_context(
                Worker(__spec__.name, ("serve", runtime, case, str(package.folder), str(asked.threads)), asked.threads)
            )
            for case in CASES[runtime]
        }
        measure_rounds(list(workers.values()), asked.rounds, asked.seed)
    base = np.array([sample["ms"] for sample in workers[AS_IS].samples])
    return [_row(case, worker, base, workers[AS_IS].opened) for case, worker in workers.items()]


def _row(case: str, worker: Worker, base: Any, as_is: dict[str, Any]) -> dict[str, Any]:
    if worker.problem:
        return {"case": case, "problem": worker.problem}
    times = np.array([sample["ms"] for sample in worker.samples])
    ratios = times / base
    return {
        "case": case,
        "median_ms": float(np.median(times)),
        "ratio": float(np.median(ratios)),
        "ratio_quartiles": [float(value) for value in np.percentile(ratios, [25, 75])],
        "faster_rounds": int((ratios < 1).sum()),
        "open_s": worker.opened["open_s"],
        "same_logits": worker.opened["logits"] == as_is["logits"],
    }


def _markdown(report: dict[str, Any]) -> str:
    lines = [f"{report['package']}, {report['threads']} threads, {report['rounds']} rounds, {report['written_utc']}"]
    for runtime in (name for name in CASES if name in report):
        lines += ["", f"| {runtime} | ms | time against it | quartiles | faster rounds | opening, s | same bits |"]
        lines += ["|---|--:|--:|--:|--:|--:|---|"]
        for row in report[runtime]:
            if "problem" in row:
                lines.append(f"| {row['case']} | – {row['problem']} | | | | | |")
                continue
            low, high = row["ratio_quartiles"]
            lines.append(
                f"| {row['case']} | {row['median_ms']:.1f} | {row['ratio']:.3f} | {low:.3f} to {high:.3f} | "
                f"{row['faster_rounds']} | {row['open_s']:.2f} | {'yes' if row['same_logits'] else 'no'} |"
            )
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.perf.session_settings", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the report")
    parser.add_argument("--package", type=Path, default=ROOT / "models" / "phantom-s-int8.edgepkg")
    parser.add_argument("--runtime", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:])
    else:
        main()
