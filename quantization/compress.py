"""From a checkpoint to a gated INT8 deploy form: distil → (prune) → calibrate → fine-tune → gate."""

from __future__ import annotations

from pathlib import Path

import torch

from edge_sdk.errors import TrainingError
from edge_sdk.graph import Graph
from edge_sdk.inference.cases import find_cases
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.network.published import load_published
from edge_sdk.progress import Progress
from quantization.data import PatchSampler, load_items
from quantization.deploy_form import deploy_graph
from quantization.draft_manifest import draft_manifest
from quantization.evaluation import evaluate
from quantization.gate import judge
from quantization.qat import fine_tune
from quantization.quantizers import quantized_graph
from quantization.recipe import Recipe
from quantization.run_folder import STUDENT, RunFolder
from quantization.split import split_cases
from quantization.student import distil, estimate_statistics, student_of
from quantization.training import build_network

STATISTICS_BATCHES = 20
REWRITE_TOLERANCE = 1e-4


def compress(checkpoint: Path, data: Path, recipe: Recipe, out: Path, *, progress: Progress | None = None) -> RunFolder:
    """Make the deploy form of a published checkpoint, FP32 and INT8, and judge it on held-out cases.

    Args:
        checkpoint: Published form (.safetensors, .pt).
        data: Folder with images/ and labels/.
        out: Run folder; an interrupted compression goes on.

    Raises:
        TrainingError: The checkpoint does not fit the recipe, or a rewrite is not exact.
    """
    run = RunFolder.create(out, recipe)
    torch.manual_seed(recipe.seed)
    teacher = load_published(build_network(recipe), checkpoint).eval()
    split = split_cases(find_cases(data), recipe.data, recipe.seed)
    items = load_items(split.training, recipe)
    batches = PatchSampler(items, recipe, batch=recipe.student.fit.batch)

    student = student_of(teacher, recipe.student.activation)
    estimate_statistics(student, batches, STATISTICS_BATCHES)
    student.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    distilled = distil(student, teacher, batches, recipe.student, checkpoint=out / "student.pt", progress=progress)
    run.save_history("student", distilled.history)
    assert isinstance(distilled.module, EfficientMedNeXt)
    run.save_checkpoint(distilled.module, STUDENT)

    float_graph = deploy_graph(distilled.module)
    run.record("rewrite_error", rewrite_error(distilled.module, float_graph, recipe))
    run.save_graph("fp32", float_graph)

    plan = recipe.quantize
    patches = PatchSampler(items, recipe, batch=plan.calibration_patches, augment=False)(0)[0].numpy()
    run.save_calibration(patches)
    calibrated = quantized_graph(float_graph, patches, recipe.data.normalisation, plan.weight_limit)
    batches = PatchSampler(items, recipe, batch=plan.batch)
    graph, history = fine_tune(calibrated, float_graph, batches, plan, checkpoint=out / "qat.pt", progress=progress)
    run.save_history("qat", history)
    run.save_graph("int8", graph)

    manifest = draft_manifest(recipe, name=out.name, precision={"torch": "int8"}, cases=len(split.training))
    forms = {"published_fp32": teacher, "deploy_fp32": GraphModule(float_graph), "deploy_int8": GraphModule(graph)}
    metrics = {
        name: evaluate(module, split.gate, recipe, manifest, progress=progress, label=f"evaluate {name}")
        for name, module in forms.items()
    }
    run.record("metrics", metrics)
    gate = judge(metrics["deploy_int8"], metrics["published_fp32"], recipe.gate)
    run.record("gate", gate.model_dump(mode="json"))
    run.record("cases", split.names())
    return run


@torch.no_grad()
def rewrite_error(student: EfficientMedNeXt, graph: Graph, recipe: Recipe) -> float:
    """Largest |deploy form - student| over the largest |logit|, on noise.

    Raises:
        TrainingError: Folding and phases did not keep the function.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    patch = torch.randn(1, student.in_channels, *recipe.data.patch, generator=generator)
    expected = student.eval()(patch)
    error = float((GraphModule(graph).eval()(patch) - expected).abs().max() / expected.abs().max())
    if error > REWRITE_TOLERANCE:
        raise TrainingError(
            f"the deploy form differs from the student by {error:.1e}, at most {REWRITE_TOLERANCE:.0e} expected",
            remedy="report this with the recipe",
        )
    return error
