"""A compressed run into a package: every target exported, opened, and compared with the reference before it counts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from pydantic import JsonValue

from apps.artifact_facts import with_artifact_facts
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.graph import Graph
from edge_sdk.packages.manifest import Gate, Manifest
from edge_sdk.packages.selftest import SelfTestResult, SelfTestVector, compact_patch, run_selftest
from edge_sdk.packages.writer import write_package
from edge_sdk.progress import Progress
from edge_sdk.session import Patch
from quantization.records.forms import DEPLOY, INT8, PRUNED_FORM, PUBLISHED, FormAccuracy

if TYPE_CHECKING:
    from quantization.records.run_record import RunRecord
    from quantization.run_folder import RunFolder

PackagePrecision = Literal["int8", "fp32"]
PRECISIONS: tuple[str, ...] = get_args(PackagePrecision)
ROUNDING_FACTOR = 2.0
"""An engine's INT8 logits and the fake-quantized reference's are two roundings of one float network: they may differ by
the sum of what rounding moves each, so by twice what it moves the reference."""
FLOAT_SHARE = 1e-3
"""Largest |engine - reference| of FP32, as a share of the largest |logit|."""
FORMS: dict[PackagePrecision, tuple[str, ...]] = {"int8": (INT8,), "fp32": (PRUNED_FORM, DEPLOY)}
"""Names of a precision's evaluation in run.json, the more compressed one first."""
ISA_NOTES = {
    63: "weights within ±63: cannot saturate on AVX2 without VNNI",
    127: "weights within ±127: may saturate on AVX2 without VNNI; the self-test tells",
}


def export_package(
    run: RunFolder,
    output: Path,
    *,
    targets: Sequence[str],
    precision: PackagePrecision,
    allow_failing: bool = False,
    progress: Progress | None = None,
) -> dict[str, SelfTestResult]:
    """Export a run and write the package; nothing is written where a target fails.

    Args:
        run: Finished compression.
        output: Package to write.
        targets: Names of the targets.
        precision: Precision of the package.
        allow_failing: Whether to write the package of a run whose gate failed.
        progress: Called before every target.

    Returns:
        How each target agrees with the reference.

    Raises:
        PackageError: The gate failed, and `allow_failing` is not set; where it is, the manifest says so.
        TargetError: A target cannot be exported here, or disagrees with the reference.
    """
    from targets.registry import TARGETS

    gate = gate_of(run, precision)
    if gate.verdict == "failed" and not allow_failing:
        raise PackageError(
            f"the accuracy gate failed: {gate.reason}",
            where=run.path,
            remedy="compress better, or give --allow-failing",
        )
    gate = gate.model_copy(update={"allowed_failing": gate.verdict == "failed"})
    graph = run.graph(precision)
    calibration = run.calibration
    reference = reference_of(graph, calibration[:1], targets)
    results: dict[str, SelfTestResult] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for done, name in enumerate(targets):
            if progress is not None:
                progress(done, len(targets), f"export to {name}")
            results[name] = _export_one(name, graph, Path(scratch) / name, reference, calibration, precision)
        files = {str(path.relative_to(scratch)): path for path in sorted(Path(scratch).rglob("*")) if path.is_file()}
        manifest = with_artifact_facts(_manifest(run, graph, output, precision, gate, results), Path(scratch), TARGETS)
        write_package(output, manifest=manifest, files=files, selftest=reference.vector)
    return results


def gate_of(run: RunFolder, precision: PackagePrecision) -> Gate:
    """The verdict on what is exported: INT8's, which compression recorded, or the float graph's from the same cases."""
    record = run.record
    if precision == "int8":
        return record.gate or Gate(verdict="not run")
    from quantization.gate import evaluate_gate

    candidate, reference = _accuracy_of(record, precision), record.metrics.get(PUBLISHED)
    if candidate is None or reference is None:
        return Gate(verdict="not run", reason="the run recorded no accuracy of its FP32 graph")
    return evaluate_gate(candidate, reference, record.recipe.gate).gate


def _accuracy_of(record: RunRecord, precision: PackagePrecision) -> FormAccuracy | None:
    """The recorded accuracy of the graph of a precision: the float graph is the pruned one where there is one."""
    return next((record.metrics[form] for form in FORMS[precision] if form in record.metrics), None)


@dataclass(frozen=True)
class ExportReference:
    """What every target is compared with.

    Attributes:
        vector: The self-test.
        class_change: Largest share of logit voxels that may change their class.
    """

    vector: SelfTestVector
    class_change: float


def reference_of(graph: Graph, patch: Patch, targets: Sequence[str]) -> ExportReference:
    """The fake-quantized (or float) reference's logits for a patch, and what an engine may differ from them."""
    from edge_sdk.network.graph_module import run_graph

    stored = compact_patch(patch)
    logits = run_graph(graph, stored)
    if graph.quantized:
        exact = run_graph(graph.without_quantization(), stored)
        bound = ROUNDING_FACTOR * float(np.abs(logits - exact).max())
        changed = ROUNDING_FACTOR * float((logits.argmax(1) != exact.argmax(1)).mean())
    else:
        bound, changed = FLOAT_SHARE * float(np.abs(logits).max()), 1e-4
    one_voxel = 1 / logits[:, 0].size
    return ExportReference(SelfTestVector(stored, logits, dict.fromkeys(targets, bound)), max(changed, one_voxel))


def _export_one(
    name: str, graph: Graph, folder: Path, reference: ExportReference, calibration: Patch, precision: PackagePrecision
) -> SelfTestResult:
    from targets.registry import TARGETS

    target = TARGETS[name]
    if problem := target.missing():
        raise TargetError(problem, where=name)
    depth, height, width = reference.vector.patch.shape[2:]
    target.export(graph, folder, (depth, height, width), calibration)
    with target.open(folder, precision=precision) as session:
        result = run_selftest(reference.vector, session, precision)
    changed = result.class_change or 0.0
    if not result.passes or changed > reference.class_change:
        raise TargetError(
            result.problem
            or f"differs from the reference by up to {result.max_error:.3g} (at most {result.bound:.3g} allowed), "
            f"and {changed:.2%} of voxels change class (at most {reference.class_change:.2%})",
            where=name,
            remedy="choose other targets, or weight_limit = 63 in the recipe",
        )
    return result


def _manifest(
    run: RunFolder,
    graph: Graph,
    output: Path,
    precision: PackagePrecision,
    gate: Gate,
    results: dict[str, SelfTestResult],
) -> Manifest:
    from quantization.draft_manifest import draft_manifest

    record = run.record
    metrics: dict[str, JsonValue] = {form: accuracy.to_json() for form, accuracy in record.metrics.items()}
    metrics["reference_cases"] = _cases_of(record.metrics.get(PUBLISHED))
    metrics["graph_cases"] = _cases_of(_accuracy_of(record, precision))
    metrics["agreement"] = {
        name: {k: v for k, v in asdict(result).items() if v is not None} for name, result in results.items()
    }
    return draft_manifest(
        record.recipe,
        name=output.name.removesuffix(".edgepkg"),
        precision=dict.fromkeys(results, precision),
        cases=0 if record.cases is None else len(record.cases.training),
        metrics=metrics,
        made_with=record.versions,
        gate=gate,
        isa_notes=ISA_NOTES[graph.weight_limit] if precision == "int8" else "",
    )


def _cases_of(accuracy: FormAccuracy | None) -> JsonValue:
    """Case identity to Dice by class number."""
    return {} if accuracy is None else accuracy.to_json()["cases"]
