"""A package tuned to this device: the fastest precision plan of each target, checked, remembered, written."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from apps.artifact_facts import copied, with_artifact_facts
from apps.form_latency import FormLatency
from apps.package_graph import graph_of
from apps.tuning.search import FP32, INT8, PrecisionPlan, search
from edge_sdk.device import fingerprint
from edge_sdk.errors import TargetError
from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import run_selftest
from edge_sdk.packages.target_choice import known_targets
from edge_sdk.packages.tuned import Tuned, forget_tuned, keep_tuned, tuned_place
from edge_sdk.packages.writer import with_artifact, write_package
from edge_sdk.progress import Progress

TUNABLE = ("openvino", "onnxruntime")
"""ExecuTorch is not: its lowering needs calibration patches, which a package does not hold."""


@dataclass(frozen=True)
class Tuning:
    """How a target was tuned.

    Attributes:
        target: Its name.
        chosen: The fastest plan that passes the self-test.
        plans: Every plan that was measured, those worth it first.
        refused: Faster plan than the chosen one → why it is not.
        kept: Where the artifact of the chosen plan is kept; None for all INT8, the package's own.
    """

    target: str
    chosen: PrecisionPlan
    plans: list[PrecisionPlan]
    refused: Mapping[str, str]
    kept: Tuned | None

    def plan_rows(self) -> list[dict[str, str | float]]:
        """A row for each plan, as tables and JSON have it."""
        return [
            {"plan": plan.name, "ms": plan.milliseconds, "gain": plan.gain, "float_layers": len(plan.float_layers)}
            for plan in self.plans
        ]

    def as_json(self) -> dict[str, object]:
        """As `tune --json` prints it."""
        return {
            "target": self.target,
            "chosen": self.chosen.name,
            "refused": dict(self.refused),
            "plans": self.plan_rows(),
        }


def tune(package: Package, targets: Sequence[str], threads: int | None, rounds: int, report: Progress) -> list[Tuning]:
    """Find, check and remember the fastest plan of each target.

    Where all INT8 is the fastest, the package's own artifact stays in use.

    Args:
        package: What is tuned.
        targets: Names of the targets.
        threads: For the runtimes; None leaves it to them.
        rounds: Each plan runs once in each.
        report: Follows the work.

    Raises:
        TargetError: A target cannot run or be exported here, or the package has nothing to choose from.
    """
    graph = graph_of(package)
    found = []
    for name in targets:
        if name not in TUNABLE:
            raise TargetError(
                f"{name} cannot be tuned from a package, {' and '.join(TUNABLE)} can",
                where=package.source,
                remedy="leave --target out",
            )
        target = package.target(name)
        if package.manifest.precision[name] != "int8":
            raise TargetError(
                f"the package is {package.manifest.precision[name]} on {name}: there is no precision to choose",
                where=package.source,
                remedy="give a package in INT8",
            )
        place = tuned_place(package.digest, name, target.version(), threads)
        forget_tuned(place)
        measure = FormLatency(package.manifest.patch, rounds=rounds, threads=threads, target=name)
        plans = search(graph, package.manifest.patch, measure, report)
        refused: dict[str, str] = {}
        for plan in plans:
            if plan.name == INT8:
                found.append(Tuning(name, plan, plans, refused, None))
                break
            try:
                kept = _keep(package, name, plan, measure, place, threads)
            except TargetError as error:
                refused[plan.name] = error.what
                continue
            found.append(Tuning(name, plan, plans, refused, kept))
            break
    return found


def _keep(
    package: Package, name: str, plan: PrecisionPlan, measure: FormLatency, place: Path, threads: int | None
) -> Tuned:
    """Export a plan, hold it against the reference, and keep it."""
    precision = "fp32" if plan.name == FP32 else "int8"
    with tempfile.TemporaryDirectory() as scratch:
        measure.export(plan.graph, Path(scratch) / name)
        with package.target(name).open(Path(scratch) / name, precision=precision, threads=threads) as session:
            result = run_selftest(package.selftest_vector, session, precision)
        if not result.passes:
            raise TargetError(result.failure, where=name, remedy="use the package as it is")
        provenance: dict[str, JsonValue] = {
            "plan": plan.name,
            "milliseconds": plan.milliseconds,
            "gain": plan.gain,
            "float_layers": list(plan.float_layers),
        }
        return keep_tuned(place, Path(scratch) / name, f"{precision} (tuned: {plan.name})", provenance)


def write_tuned(package: Package, tunings: Sequence[Tuning], output: Path) -> None:
    """A package like this one with the tuned artifacts in place of its own; its manifest tells the plans.

    Raises:
        EdgeSdkError: It cannot be written.
    """
    manifest = package.manifest
    files = package.artifact_files()
    precision, plans = dict(manifest.precision), dict(manifest.plans)
    for tuning in tunings:
        chosen = tuning.chosen
        plans[tuning.target] = _manifest_record(chosen)
        if tuning.kept is None:
            continue
        files = with_artifact(files, tuning.target, tuning.kept.artifacts)
        precision[tuning.target] = "fp32" if chosen.name == FP32 else "int8"
    changed = manifest.model_copy(update={"precision": precision, "plans": plans})
    with tempfile.TemporaryDirectory() as scratch:
        copies = copied(files, Path(scratch))
        changed = with_artifact_facts(changed, Path(scratch), known_targets())
        write_package(output, manifest=changed, files=copies, selftest=package.selftest_vector)


def _manifest_record(plan: PrecisionPlan) -> dict[str, JsonValue]:
    """What the manifest records about a plan."""
    return {
        "plan": plan.name,
        "device": fingerprint(),
        "float_layers": list(plan.float_layers),
        "milliseconds": plan.milliseconds,
        "gain": plan.gain,
    }
