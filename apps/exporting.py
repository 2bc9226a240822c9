"""A compressed run into a package: every target exported, opened, and held against the reference before it counts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edge_sdk.errors import PackageError, TargetError
from edge_sdk.graph import Graph
from edge_sdk.manifest import Gate, Manifest
from edge_sdk.package_writer import write_package
from edge_sdk.selftest import SelfTestResult, SelfTestVector, compact_patch, compare

if TYPE_CHECKING:
    from quantization.run_folder import RunFolder

Precision = Literal["int8", "fp32"]
BOUND_SHARE = {"int8": 0.10, "fp32": 1e-3}
"""Largest |engine - reference| allowed, as a share of the largest |reference logit|."""
LARGEST_CLASS_CHANGE = {"int8": 0.01, "fp32": 1e-4}
"""Largest share of logit voxels whose class may differ from the reference's."""
ISA_NOTES = {
    63: "weights within ±63: cannot saturate on AVX2 without VNNI",
    127: "weights within ±127: may saturate on AVX2 without VNNI; the self-test tells",
}
Progress = Callable[[int, int, str], None]


def export_package(
    run: RunFolder,
    output: Path,
    *,
    targets: Sequence[str],
    precision: Precision,
    allow_failing: bool = False,
    progress: Progress | None = None,
) -> dict[str, SelfTestResult]:
    """Export `run` to `targets` and write the package; nothing is written where one of them fails.

    Returns:
        How each target agrees with the reference.

    Raises:
        PackageError: The gate failed and `allow_failing` is not set.
        TargetError: A target cannot be exported here, or disagrees with the reference.
    """
    gate = Gate.model_validate(run.description.get("gate", Gate(verdict="not run").model_dump()))
    if precision == "int8" and gate.verdict == "failed" and not allow_failing:
        raise PackageError(
            f"the accuracy gate failed: {gate.reason}",
            where=run.path,
            remedy="compress better, or give --allow-failing",
        )
    graph = run.graph(precision)
    calibration = run.calibration
    vector = reference_vector(graph, calibration[:1], targets, precision)
    results: dict[str, SelfTestResult] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for done, name in enumerate(targets):
            if progress is not None:
                progress(done, len(targets), f"export to {name}")
            results[name] = _export_one(name, graph, Path(scratch) / name, vector, calibration, precision)
        files = {str(path.relative_to(scratch)): path for path in sorted(Path(scratch).rglob("*")) if path.is_file()}
        manifest = _manifest(run, graph, output, precision, gate, results)
        write_package(output, manifest=manifest, files=files, selftest=vector)
    return results


def reference_vector(graph: Graph, patch: Any, targets: Sequence[str], precision: Precision) -> SelfTestVector:
    """The self-test: a patch, the fake-quantised (or float) reference's logits for it, and the bounds."""
    from edge_sdk.network.graph_module import run_graph

    stored = compact_patch(patch)
    reference = run_graph(graph, stored)
    bound = BOUND_SHARE[precision] * float(abs(reference).max())
    return SelfTestVector(stored, reference, dict.fromkeys(targets, bound))


def _export_one(
    name: str, graph: Graph, folder: Path, vector: SelfTestVector, calibration: Any, precision: Precision
) -> SelfTestResult:
    from targets.registry import TARGETS

    target = TARGETS[name]
    if problem := target.missing():
        raise TargetError(problem, where=name)
    patch_shape: tuple[int, int, int] = vector.patch.shape[2:]
    target.export(graph, folder, patch_shape, calibration)
    with target.open(folder, precision=precision) as session:
        result = compare(vector, session, precision)
    changed = result.class_change is not None and result.class_change > LARGEST_CLASS_CHANGE[precision]
    if not result.passes or changed:
        raise TargetError(
            result.problem
            or f"differs from the reference by up to {result.max_error:.3g} (bound {result.bound:.3g}), "
            f"{100 * (result.class_change or 0):.2f} % of voxels change class",
            where=name,
            remedy="choose other targets, or weight_limit = 63 in the recipe",
        )
    return result


def _manifest(
    run: RunFolder, graph: Graph, output: Path, precision: Precision, gate: Gate, results: dict[str, SelfTestResult]
) -> Manifest:
    from quantization.draft_manifest import draft_manifest
    from targets.registry import TARGETS

    described = run.description
    metrics = dict(described.get("metrics", {}))
    reference = metrics.get("published_fp32", {}).get("cases", {})
    agreement = {name: {k: v for k, v in asdict(result).items() if v is not None} for name, result in results.items()}
    return draft_manifest(
        run.recipe,
        graph,
        name=output.name.removesuffix(".edgepkg"),
        precision=dict.fromkeys(results, precision),
        cases=len(described.get("cases", {}).get("training", [])),
        metrics={**metrics, "reference_cases": reference, "agreement": agreement},
        gate=gate,
        runtime_minimum={name: _release(TARGETS[name].version()) for name in results},
        isa_notes=ISA_NOTES[graph.meta["weight_limit"]] if precision == "int8" else "",
    )


def _release(version: str) -> str:
    """Major and minor number: the artefacts do not depend on a runtime's patch level."""
    return ".".join(version.split(".")[:2])
