"""The end of a compression: every form measured on the same cases and the same device, and the gate's verdict."""

from __future__ import annotations

from edge_sdk.graph import Graph
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.progress import Progress
from quantization.draft_manifest import draft_manifest
from quantization.evaluation import evaluate
from quantization.forms import forms_of
from quantization.gate import evaluate_gate
from quantization.measurement import Measure
from quantization.records.forms import INT8, PUBLISHED
from quantization.run_folder import RunFolder
from quantization.size import size_of
from quantization.split import DatasetSplit


def evaluate_forms(
    run: RunFolder, split: DatasetSplit, *, measure: Measure | None = None, progress: Progress | None = None
) -> None:
    """Record metrics, sizes, latency, comparison and gate of a run.

    Scores of these cases and latencies that are recorded already are not measured again. The comparison holds every
    form against the published one, as the gate does with INT8.

    Args:
        run: Run whose forms are made.
        split: Its `gate` cases are evaluated.
        measure: Measures latencies; None leaves them out.
        progress: Called after every case.
    """
    recipe, forms = run.recipe, forms_of(run)
    manifest = draft_manifest(recipe, name=run.path.name, precision={"torch": "int8"}, cases=len(split.training))
    identities = {case.identity for case in split.gate}
    for name, form in forms.items():
        known = run.record.metrics.get(name)
        if known is None or set(known.cases) != identities:
            module = GraphModule(form) if isinstance(form, Graph) else form
            found = evaluate(module, split.gate, recipe, manifest, progress=progress, label=f"evaluate {name}")
            with run.update() as record:
                record.metrics = {**record.metrics, name: found}
    with run.update() as record:
        record.sizes = {name: size_of(form, recipe.data.patch) for name, form in forms.items()}
    if measure is not None and run.record.latency is None:
        latency = measure(forms).recorded()
        with run.update() as record:
            record.latency = latency
    with run.update() as record:
        published = record.metrics[PUBLISHED]
        outcomes = {
            name: evaluate_gate(record.metrics[name], published, recipe.gate) for name in forms if name != PUBLISHED
        }
        record.comparison = {name: outcome.comparison for name, outcome in outcomes.items()}
        record.gate = outcomes[INT8].gate
