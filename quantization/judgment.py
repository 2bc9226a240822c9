"""The end of a compression: every form measured on the same cases and the same device, and the gate's verdict."""

from __future__ import annotations

from dataclasses import asdict

from edge_sdk.graph import Graph
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.progress import Progress
from quantization.draft_manifest import draft_manifest
from quantization.evaluation import evaluate
from quantization.forms import INT8, PUBLISHED, forms_of
from quantization.gate import judge
from quantization.measurement import Measure
from quantization.run_folder import RunFolder
from quantization.size import size_of
from quantization.split import Split


def judge_forms(
    run: RunFolder, split: Split, *, measure: Measure | None = None, progress: Progress | None = None
) -> None:
    """Record "metrics", "sizes", "latency", "comparison" and "gate" of a run.

    Scores and latencies that are recorded already are not measured again. The comparison holds every form against the
    published one, as the gate does with INT8.

    Args:
        split: Its `gate` cases are judged on.
        measure: None leaves the latency out.
    """
    recipe, forms = run.recipe, forms_of(run)
    manifest = draft_manifest(recipe, name=run.path.name, precision={"torch": "int8"}, cases=len(split.training))
    for name, form in forms.items():
        metrics = run.description.get("metrics", {})
        if name not in metrics:
            module = GraphModule(form) if isinstance(form, Graph) else form
            found = evaluate(module, split.gate, recipe, manifest, progress=progress, label=f"evaluate {name}")
            run.record("metrics", {**metrics, name: found})
    run.record("sizes", {name: asdict(size_of(form, recipe.data.patch)) for name, form in forms.items()})
    if measure is not None and "latency" not in run.description:
        run.record("latency", measure(forms).described())
    metrics = run.description["metrics"]
    gates = {
        name: judge(metrics[name], metrics[PUBLISHED], recipe.gate).model_dump(mode="json")
        for name in forms
        if name != PUBLISHED
    }
    run.record("comparison", {name: gate["numbers"] for name, gate in gates.items()})
    run.record("gate", gates[INT8])
