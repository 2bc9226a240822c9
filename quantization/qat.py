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
from quantization.calibration import Calibration, Score
from quantization.compressor import Form, Row, StageReport
from quantization.features import feature_loss
from quantization.fitting import Batch, Fitting, History
from quantization.losses import SegmentationLoss, distillation_loss
from quantization.processor import Processor
from quantization.quantizers import quantization_points, shared_ranges, with_weight_scale
from quantization.recipe import Fit
from quantization.recipe import Quantize as Plan

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
        self.limit = int(graph.meta["weight_limit"])
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

    def __init__(
        self,
        float_graph: Graph,
        batches: Callable[[int], Batch],
        patches: NDArray[np.float32],
        plan: Plan,
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
            normalization: Of the patches.
            checkpoint: Of the fit; an interrupted one goes on from there.
            score: Validation Dice of a module, for reports, `plan.validate_every` and `plan.maximum_dice_drop`.
            processor: Where the fit computes, in float32 whatever its precision: coarser floats would hide the grids.

        Raises:
            RecipeError: The plan has no steps.
        """
        if plan.steps == 0:
            raise RecipeError("quantize.steps is 0, at least 1 expected", remedy="calibrate only, or give steps")
        self.calibration = Calibration(float_graph, patches, plan, normalization, checkpoint=checkpoint, score=score)
        self._batches, self._checkpoint = batches, checkpoint
        self._processor = replace(processor or Processor(), precision=torch.float32)
        self._fitting: Fitting | None = None
        self._form: Row | None = None

    name = "quantization-aware training"

    @property
    def steps(self) -> int:
        """Those of the calibration and of the fit."""
        return self.calibration.steps + self.calibration.plan.steps

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return self.calibration.done + (self._fitting.done if self._fitting is not None else 0)

    @property
    def history(self) -> History:
        """Losses and validation of the fit, after the calibration."""
        assert self._fitting is not None
        return self._fitting.history

    def prepare(self) -> None:
        """Calibrate, or read what an interrupted run left.

        Raises:
            TrainingError: As `Calibration.prepare`; or the checkpoint is damaged, or of another network.
        """
        self.calibration.prepare()
        if self.calibration.done == self.calibration.steps:
            self._begin()

    def step(self) -> str:
        """One step of the calibration or of the fit."""
        if self._fitting is not None:
            self._fitting.step()
            return self._fitting.history.told()
        told = self.calibration.step()
        if self.calibration.done == self.calibration.steps:
            self._begin()
        return told

    def finalize(self) -> Form:
        """The quantized graph with its averaged weights."""
        assert self._fitting is not None
        module = self._fitting.averaged()
        assert isinstance(module, QatModule)
        graph = module.finished_graph()
        self._form = self.calibration.measured_form("INT8, fine-tuned", graph)
        return Form(graph=graph)

    def report(self) -> StageReport:
        """The calibration's report, with the fine-tuned form beside the others."""
        calibrated, losses = self.calibration.report(), self.history.losses
        assert self._form is not None, "finalize comes first"
        summary = {
            **calibrated.summary,
            "error": self._form["error"],
            "class_change": self._form["class_change"],
            "ranges": self.calibration.plan.ranges,
            "steps": len(losses),
            "final_loss": sum(losses[-20:]) / len(losses[-20:]),
        }
        tables = {**calibrated.tables, "Forms": [*calibrated.tables["Forms"], self._form]}
        return StageReport(self.name, summary, tables, calibrated.notes)

    def _begin(self) -> None:
        plan = self.calibration.plan
        module = QatModule(self.calibration.graph, self.calibration.float_graph, learn_ranges=plan.ranges == "learned")
        schedule = Fit(
            steps=plan.steps,
            batch=plan.batch,
            learning_rate=plan.learning_rate,
            warmup_steps=min(20, plan.steps // 10),
            weight_decay=0.0,
            ema=0.95,
            validate_every=plan.validate_every,
            save_every=max(1, min(50, plan.steps // 10)),
        )
        self._fitting = Fitting(
            module,
            _loss_of(self.calibration.float_graph, plan),
            self._batches,
            schedule,
            checkpoint=self._checkpoint,
            validate=self.calibration.score,
            processor=self._processor,
        )


def stage_outputs(graph: Graph) -> set[str]:
    """Tensors that the up blocks and the head read: what the bottleneck and each decoder stage gave."""
    first_of_up: dict[str, Node] = {}
    for node in graph:
        if node.name.startswith("up_"):
            first_of_up.setdefault(node.name.split(".")[0], node)
    return {node.inputs[0] for node in (*first_of_up.values(), graph.nodes[-1])}


def _loss_of(float_graph: Graph, plan: Plan) -> Callable[[nn.Module, Batch], Tensor]:
    teacher = GraphModule(float_graph).eval()
    label_loss = SegmentationLoss()
    wanted = stage_outputs(float_graph) if plan.feature_distillation > 0 else set()

    def run(module: GraphModule, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        features: dict[str, Tensor] = {}

        def keep(node: Node, value: Tensor) -> None:
            if node.name in wanted:
                features[node.name] = value

        return module.watched(images, keep), features

    def loss_of(student: nn.Module, batch: Batch) -> Tensor:
        images, labels = batch
        assert isinstance(student, GraphModule)
        logits, ours = run(student, images)
        with torch.no_grad():
            target, theirs = run(teacher.to(images.device), images)
        loss = label_loss(logits, labels) + plan.distillation * distillation_loss(logits, target)
        return loss + plan.feature_distillation * feature_loss(ours, theirs) if wanted else loss

    return loss_of
