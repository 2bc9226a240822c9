"""Quantization-aware fine-tuning of a deploy graph, distilled from its float form."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_sdk.errors import RecipeError
from edge_sdk.graph import Conv, Graph, Node, Quantize
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.packages.manifest import Normalization
from quantization.calibration import CalibrationStage, PreparedCalibration, Score
from quantization.compressor import Compressed
from quantization.features import feature_loss
from quantization.fitting import Batch, Fitting
from quantization.losses import SegmentationLoss, distillation_loss
from quantization.processor import Processor
from quantization.quantizers import quantization_points, shared_ranges, with_weight_scale
from quantization.recipe import FitRecipe, QuantizeRecipe
from quantization.records.int8 import QuantizationReport

REPORT_NAME = "quantization-aware training"
"""Name in run.json, which every version has written so."""
RANGE_RATE = 10.0
"""Learned ranges move so many times as fast as weights: relative to its size, a range needs larger steps."""


class QatModule(GraphModule):
    """A quantized graph whose float weights, and ranges if wanted, are trained.

    Weight scales follow the weights (largest magnitude / limit per output channel), so no weight is ever clipped.
    The gradient of an activation's scale is that of LSQ (Esser et al. 2020), taken in the logarithm of the scale, where
    Adam's steps are relative to its size (Jain et al. 2020). Zero points stay; so does the input's grid, whose voxels
    are what they are. Tensors that shared a scale go on sharing it.
    """

    def __init__(self, graph: Graph, float_graph: Graph, *, learn_ranges: bool = False) -> None:
        """
        Args:
            graph: Calibrated (`quantization.calibration`).
            float_graph: The same before; its weights are those to train.
        """
        super().__init__(graph)
        self.limit = graph.weight_limit
        with torch.no_grad():
            for node in float_graph:
                if isinstance(node, Conv):
                    self.parameters_of(node)[0].copy_(torch.from_numpy(node.weight.copy()))
        groups = shared_ranges(float_graph, quantization_points(float_graph))
        self._range_of: dict[str, str] = {}
        for node in graph:
            if learn_ranges and isinstance(node, Quantize) and node.inputs[0] != graph.nodes[0].name:
                self._range_of[node.name] = groups[node.inputs[0]].replace(".", "_")
        keys = dict.fromkeys(self._range_of.values())
        self.ranges = nn.ParameterDict({key: nn.Parameter(torch.zeros(1)) for key in keys})

    def conv_weight(self, node: Conv) -> Tensor:
        """The weight on its grid, with a straight-through gradient."""
        weight = super().conv_weight(node)
        if node.weight_scale is None:
            return weight
        scale = (weight.detach().abs().amax(dim=(1, 2, 3, 4)) / self.limit).clamp_min(1e-8 / self.limit)
        zeros = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -self.limit, self.limit)

    def quantize(self, node: Quantize, x: Tensor) -> Tensor:
        """Fake quantization with a straight-through gradient, to the scale too where it is learned."""
        if (key := self._range_of.get(node.name)) is None:
            return super().quantize(node, x)
        scale = node.scale * torch.exp(RANGE_RATE * self.ranges[key])
        zero_point = torch.full_like(scale, node.zero_point)
        share = 1 / math.sqrt(x.numel() * (node.high - node.low) / 2)
        return torch._fake_quantize_learnable_per_tensor_affine(x, scale, zero_point, node.low, node.high, share)

    def finished_graph(self) -> Graph:
        """The graph with the trained weights on their grids, and the trained ranges."""
        nodes: list[Node] = []
        for node in self.graph:
            if isinstance(node, Conv):
                weight, bias = (np.ascontiguousarray(t.detach().cpu().numpy()) for t in self.parameters_of(node))
                trained = replace(node, weight=weight, bias=bias)
                nodes.append(trained if node.weight_scale is None else with_weight_scale(trained, self.limit))
            elif isinstance(node, Quantize) and node.name in self._range_of:
                factor = torch.exp(RANGE_RATE * self.ranges[self._range_of[node.name]].detach())
                nodes.append(replace(node, scale=float(node.scale * factor)))
            else:
                nodes.append(node)
        return self.graph.with_nodes(nodes)


class QuantizationAwareTraining:
    """Observers first, then fine-tuning with rounding in the forward pass: a `Compressor`.

    Labels, the float form's logits and, where wanted, its decoder features teach. BatchNorm is folded before, so its
    statistics are frozen from the first step on: what is trained is what the device computes. Layers that the
    calibration left float stay float, and are trained with the others.
    """

    name = "quantization-aware training"

    def __init__(
        self,
        float_graph: Graph,
        batches: Callable[[int], Batch],
        patches: NDArray[np.float32],
        plan: QuantizeRecipe,
        normalization: Normalization,
        *,
        checkpoint: Path,
        score: Score | None = None,
        processor: Processor | None = None,
    ) -> None:
        """
        Args:
            float_graph: Deploy form, norms folded.
            batches: Batch of a step number.
            patches: (M, C, D, H, W) normalized calibration patches.
            plan: The recipe's section.
            normalization: Normalization of the patches.
            checkpoint: File of the fit; an interrupted one goes on from there.
            score: Validation Dice of a module, for reports, `plan.validate_every` and `plan.maximum_dice_drop`.
            processor: Where the fit computes, in float32 whatever its precision: coarser floats would hide the grids.

        Raises:
            RecipeError: The plan has no steps.
        """
        if plan.steps == 0:
            raise RecipeError("quantize.steps is 0, at least 1 expected", remedy="calibrate only, or give steps")
        self.calibration = CalibrationStage(
            float_graph, patches, plan, normalization, checkpoint=checkpoint, score=score
        )
        self._batches, self._checkpoint = batches, checkpoint
        self._processor = replace(processor or Processor(), precision=torch.float32)

    def prepare(self) -> PreparedFineTuning:
        """Calibrate, or read what an interrupted run left.

        Raises:
            TrainingError: As `CalibrationStage.prepare`; or the checkpoint is damaged, or of another network.
        """
        return PreparedFineTuning(self.calibration.prepare(), self.fitting)

    def fitting(self, calibrated: Graph) -> Fitting[QatModule]:
        """The fit of a calibrated graph, or an interrupted one that goes on.

        Raises:
            TrainingError: The checkpoint is damaged, or of another network.
        """
        plan, float_graph = self.calibration.plan, self.calibration.float_graph
        schedule = FitRecipe(
            steps=plan.steps,
            batch=plan.batch,
            learning_rate=plan.learning_rate,
            warmup_steps=min(20, plan.steps // 10),
            weight_decay=0.0,
            ema=0.95,
            validate_every=plan.validate_every,
            save_every=max(1, min(50, plan.steps // 10)),
        )
        return Fitting(
            QatModule(calibrated, float_graph, learn_ranges=plan.ranges == "learned"),
            _loss_of(float_graph, plan),
            self._batches,
            schedule,
            checkpoint=self._checkpoint,
            validate=self.calibration.score,
            processor=self._processor,
        )


class PreparedFineTuning:
    """A calibration, and the fit that begins when it is done."""

    def __init__(self, calibration: PreparedCalibration, begin: Callable[[Graph], Fitting[QatModule]]) -> None:
        """
        Args:
            calibration: The calibration, from its beginning or from where it was interrupted.
            begin: Gives the fit of the calibrated graph.

        Raises:
            TrainingError: The calibration is done, and the file of the fit is damaged or of another network.
        """
        self.calibration, self._begin = calibration, begin
        self._fitting = begin(calibration.graph()) if calibration.done == calibration.steps else None

    @property
    def steps(self) -> int:
        """Steps of the calibration and of the fit."""
        return self.calibration.steps + self.calibration.stage.plan.steps

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return self.calibration.done + (self._fitting.done if self._fitting is not None else 0)

    def step(self) -> str:
        """One step of the calibration or of the fit."""
        if self._fitting is not None:
            self._fitting.step()
            return self._fitting.history.summary()
        text = self.calibration.step()
        if self.calibration.done == self.calibration.steps:
            self._fitting = self._begin(self.calibration.graph())
        return text

    def finalize(self) -> Compressed[Graph, QuantizationReport]:
        """The quantized graph with its averaged weights, and the calibration's report with this form beside the others.

        A fit that has not begun begins here.
        """
        fitting = self._fitting or self._begin(self.calibration.graph())
        graph, history = fitting.averaged().finished_graph(), fitting.history
        form = self.calibration.measured_form("INT8, fine-tuned", graph)
        calibrated = self.calibration.report()
        fine_tuned = {
            "error": form.error,
            "class_change": form.class_change,
            "ranges": self.calibration.stage.plan.ranges,
            "steps": len(history.losses),
            "final_loss": history.recent_loss,
        }
        report = QuantizationReport(
            name=REPORT_NAME,
            summary=calibrated.summary.model_copy(update=fine_tuned),
            tables=calibrated.tables.model_copy(update={"forms": [*calibrated.tables.forms, form]}),
            notes=calibrated.notes,
        )
        return Compressed(graph, report, history)


def stage_outputs(graph: Graph) -> set[str]:
    """Tensors that the up blocks and the head read: what the bottleneck and each decoder stage gave."""
    first_of_up: dict[str, Node] = {}
    for node in graph:
        if node.name.startswith("up_"):
            first_of_up.setdefault(node.name.split(".")[0], node)
    return {node.inputs[0] for node in (*first_of_up.values(), graph.nodes[-1])}


def _loss_of(float_graph: Graph, plan: QuantizeRecipe) -> Callable[[QatModule, Batch], Tensor]:
    teacher = GraphModule(float_graph).eval()
    label_loss = SegmentationLoss()
    wanted = stage_outputs(float_graph) if plan.feature_distillation > 0 else set()

    def run(module: GraphModule, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        features: dict[str, Tensor] = {}

        def keep(node: Node, value: Tensor) -> None:
            if node.name in wanted:
                features[node.name] = value

        return module.watched(images, keep), features

    def loss_of(student: QatModule, batch: Batch) -> Tensor:
        images, labels = batch
        logits, ours = run(student, images)
        with torch.no_grad():
            target, theirs = run(teacher.to(images.device), images)
        loss = label_loss(logits, labels) + plan.distillation * distillation_loss(logits, target)
        return loss + plan.feature_distillation * feature_loss(ours, theirs) if wanted else loss

    return loss_of
