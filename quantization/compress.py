"""From a published checkpoint to a gated INT8 deploy form: distill → prune → quantize → evaluate → gate."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import torch

from edge_sdk.errors import RecipeError, TrainingError
from edge_sdk.files import refuse_overwriting
from edge_sdk.graph import Graph
from edge_sdk.inference.cases import find_cases
from edge_sdk.network.checkpoints import save_state
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.network.published import load_published, read_state
from edge_sdk.progress import Progress
from quantization.calibration import CalibrationStage
from quantization.compressor import Compressor
from quantization.data import Item, PatchSampler, load_split
from quantization.deploy_form import deploy_graph
from quantization.distillation import Distillation
from quantization.evaluation import dice_on
from quantization.form_evaluation import evaluate_forms
from quantization.measurement import Measure
from quantization.processor import Processor, chosen_processor
from quantization.pruning.compressor import Pruning
from quantization.pruning.latency import Int8Latency
from quantization.pruning.plan import check_budget
from quantization.qat import QuantizationAwareTraining
from quantization.recipe import Recipe
from quantization.records.int8 import QuantizationReport
from quantization.records.stage import DISTILLATION, PRUNING, SWAPS
from quantization.records.swaps import SwapReport
from quantization.run_folder import CHECKPOINT, PRUNED, STUDENT, RunFolder
from quantization.split import DatasetSplit, split_cases
from quantization.stages import Stages
from quantization.student import student_of
from quantization.swaps import swap_study
from quantization.takeover import checkpoint_of, take_over
from quantization.training import build_network
from quantization.versions import library_versions

REWRITE_TOLERANCE = 1e-4


def compress(
    checkpoint: Path,
    data: Path,
    recipe: Recipe,
    out: Path,
    *,
    measure: Measure | None = None,
    progress: Progress | None = None,
) -> RunFolder:
    """Make the deploy form of a published checkpoint, FP32 and INT8, and evaluate it on held-out cases.

    Everything is read and checked before the run folder is made. Every stage is kept there once it is finished, and
    its fits every few steps: an interrupted compression goes on where it was.

    Args:
        checkpoint: Published form (.safetensors, .pt), or a run: of training, or a finished compression, whose
            distilled student is used again where the recipes agree on it.
        data: Folder with images/ and labels/.
        out: Run folder.
        measure: Latency of forms on this device; needed where the recipe prunes to a latency.

    Raises:
        TrainingError: The checkpoint or the data do not fit the recipe, `out` holds another run, or a rewrite is not
            exact.
        RecipeError: The recipe asks for what these data or this network do not allow.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise TrainingError("compress works in one process", remedy="start it without torchrun; train may use several")
    torch.manual_seed(recipe.seed)
    published, source = checkpoint_of(checkpoint)
    for name in (STUDENT, PRUNED):
        refuse_overwriting(out / name, [published])
    teacher = load_published(build_network(recipe), published).eval()
    split = split_cases(find_cases(data), recipe.data, recipe.seed)
    if recipe.student.swaps.steps and not split.validation:
        raise RecipeError(
            "student.swaps compares on validation cases, and data.validation_fraction leaves none",
            remedy="raise data.validation_fraction, or leave out student.swaps",
        )
    if recipe.prune.wanted:
        check_budget(student_of(teacher, recipe.student.activation).architecture, recipe.data.patch, recipe.prune)
    items = load_split(split, recipe, progress)
    run = _run_folder(out, recipe, teacher, split)
    if source is not None and not run.has_stage(DISTILLATION):
        take_over(source, run, split)
    with chosen_processor(recipe.student.fit.precision) as processor:
        return _Compression(run, recipe, teacher, split, items, measure, processor, progress).run_all()


class _Compression:
    """The stages of one compression, in order."""

    def __init__(
        self,
        run: RunFolder,
        recipe: Recipe,
        teacher: EfficientMedNeXt,
        split: DatasetSplit,
        items: list[Item],
        measure: Measure | None,
        processor: Processor,
        progress: Progress | None,
    ) -> None:
        self.run, self.recipe, self.teacher, self.split, self.items = run, recipe, teacher, split, items
        self.measure, self.processor, self.progress = measure, processor, progress
        self.stages = Stages(run, progress)
        self.score = dice_on(split.validation, recipe) if split.validation else None

    def run_all(self) -> RunFolder:
        """Every stage that is not finished yet."""
        student = self._distill()
        self._study_swaps()
        float_graph = self._deploy(self._prune(student))
        self._quantize(float_graph)
        evaluate_forms(self.run, self.split, measure=self.measure, progress=self.progress)
        return self.run

    def _batches(self, batch: int) -> PatchSampler:
        return PatchSampler(self.items, self.recipe, batch=batch)

    def _distill(self) -> EfficientMedNeXt:
        plan = self.recipe.student

        def make() -> Distillation:
            return Distillation(
                self.teacher,
                self._batches(plan.fit.batch),
                plan,
                checkpoint=self.run.path / "student.pt",
                score=self.score,
                processor=self.processor,
            )

        return self.stages.network(DISTILLATION, STUDENT, make)

    def _study_swaps(self) -> None:
        plan, score = self.recipe.student, self.score
        if not plan.swaps.steps or score is None:
            return
        folder = self.run.path / SWAPS

        def make() -> SwapReport:
            return swap_study(
                self.teacher,
                self._batches(plan.fit.batch),
                plan,
                score=score,
                measure=self.measure,
                folder=folder,
                processor=self.processor,
                progress=self.progress,
            )

        self.stages.study_swaps(make)
        shutil.rmtree(folder, ignore_errors=True)

    def _prune(self, student: EfficientMedNeXt) -> EfficientMedNeXt:
        plan, folder = self.recipe.prune, self.run.path / PRUNING
        if not plan.wanted:
            return student

        def make() -> Pruning:
            return Pruning(
                student,
                self.teacher,
                self._batches(plan.recovery.batch),
                plan,
                self.recipe.student,
                self.recipe.data.patch,
                folder=folder,
                latency=self._int8_latency(),
                score=self.score,
                processor=self.processor,
            )

        pruned = self.stages.network(PRUNING, PRUNED, make)
        shutil.rmtree(folder, ignore_errors=True)
        return pruned

    def _int8_latency(self) -> Int8Latency | None:
        if self.measure is None:
            return None
        patch = PatchSampler(self.items, self.recipe, batch=1, augment=False)(0)[0].numpy()
        return Int8Latency(self.measure, patch, self.recipe.data.normalization, self.recipe.quantize)

    def _deploy(self, network: EfficientMedNeXt) -> Graph:
        graph = deploy_graph(network)
        error = rewrite_error(network, graph, self.recipe)
        with self.run.update() as record:
            record.rewrite_error = error
        self.run.save_graph("fp32", graph)
        return graph

    def _quantize(self, float_graph: Graph) -> None:
        plan = self.recipe.quantize
        patches = PatchSampler(self.items, self.recipe, batch=plan.calibration_patches, augment=False)(0)[0].numpy()
        self.run.save_calibration(patches)
        normalization, checkpoint = self.recipe.data.normalization, self.run.path / "qat.pt"

        def make() -> Compressor[Graph, QuantizationReport]:
            if not plan.steps:
                return CalibrationStage(
                    float_graph, patches, plan, normalization, checkpoint=checkpoint, score=self.score
                )
            return QuantizationAwareTraining(
                float_graph,
                self._batches(plan.batch),
                patches,
                plan,
                normalization,
                checkpoint=checkpoint,
                score=self.score,
                processor=self.processor,
            )

        self.stages.graph("int8", make)


def _run_folder(out: Path, recipe: Recipe, teacher: EfficientMedNeXt, split: DatasetSplit) -> RunFolder:
    """A new run that begins with the teacher, or the same one again.

    Raises:
        TrainingError: It holds a run of another recipe, another checkpoint, or other data.
    """
    run = RunFolder.create(out, recipe)
    stored = out / CHECKPOINT
    if stored.is_file():
        state, ours = read_state(stored), teacher.state_dict()
        if state.keys() != ours.keys() or not all(torch.equal(state[name], value) for name, value in ours.items()):
            raise TrainingError(
                "holds a run that began with another checkpoint", where=out, remedy="choose another folder"
            )
    else:
        save_state(teacher, stored)
    run.require_same_cases(split.names(), split.contents())
    with run.update() as record:
        record.versions = library_versions()
    return run


@torch.no_grad()
def rewrite_error(network: EfficientMedNeXt, graph: Graph, recipe: Recipe) -> float:
    """Largest |deploy form - network| over the largest |logit|, on noise.

    Raises:
        TrainingError: Folding and phases did not keep the function.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    patch = torch.randn(1, network.in_channels, *recipe.data.patch, generator=generator)
    expected = network.eval()(patch)
    error = float((GraphModule(graph).eval()(patch) - expected).abs().max() / expected.abs().max())
    if error > REWRITE_TOLERANCE:
        raise TrainingError(
            f"the deploy form differs from the network by {error:.1e}, at most {REWRITE_TOLERANCE:.0e} expected",
            remedy="report this with the recipe",
        )
    return error
