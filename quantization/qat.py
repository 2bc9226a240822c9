"""Quantisation-aware fine-tuning of a deploy graph, distilled from its float form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edge_sdk.graph import Conv, Graph, Node
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.progress import Progress
from quantization.fitting import Batch, Fitting, History, fit
from quantization.losses import SegmentationLoss, distillation_loss
from quantization.quantizers import with_weight_scale
from quantization.recipe import Fit, Quantize


class QatModule(GraphModule):
    """A quantised graph whose float weights are trained; activation ranges stay as calibrated.

    Weight scales follow the weights (largest magnitude / limit per output channel), so no weight is ever clipped.
    """

    def __init__(self, graph: Graph, float_graph: Graph) -> None:
        super().__init__(graph)
        self.limit = int(graph.meta["weight_limit"])
        with torch.no_grad():
            for node in float_graph:
                if isinstance(node, Conv):
                    self.parameters_of(node)[0].copy_(torch.from_numpy(node.weight))

    def conv_weight(self, node: Conv) -> Tensor:
        """The weight on its grid, with a straight-through gradient."""
        weight = super().conv_weight(node)
        if node.weight_scale is None:
            return weight
        scale = (weight.detach().abs().amax(dim=(1, 2, 3, 4)) / self.limit).clamp_min(1e-8 / self.limit)
        zeros = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -self.limit, self.limit)

    def finished_graph(self) -> Graph:
        """The graph with the trained weights on their grids."""
        nodes: list[Node] = []
        for node in self.graph:
            if isinstance(node, Conv):
                weight, bias = (np.ascontiguousarray(t.detach().numpy()) for t in self.parameters_of(node))
                trained = replace(node, weight=weight, bias=bias)
                nodes.append(trained if node.weight_scale is None else with_weight_scale(trained, self.limit))
            else:
                nodes.append(node)
        return self.graph.with_nodes(nodes)


def fine_tune(
    graph: Graph,
    float_graph: Graph,
    batches: Callable[[int], Batch],
    plan: Quantize,
    *,
    checkpoint: Path,
    progress: Progress | None = None,
) -> tuple[Graph, History]:
    """Train the quantised graph on labels and on the logits of its float form; (graph, its history)."""
    module = QatModule(graph, float_graph)
    if plan.steps == 0:
        return module.finished_graph(), History()
    teacher = GraphModule(float_graph).eval()
    label_loss = SegmentationLoss()

    def loss_of(student: nn.Module, batch: Batch) -> Tensor:
        images, labels = batch
        logits: Tensor = student(images)
        with torch.no_grad():
            target: Tensor = teacher(images)
        return label_loss(logits, labels) + distillation_loss(logits, target)

    schedule = Fit(
        steps=plan.steps,
        batch=plan.batch,
        learning_rate=plan.learning_rate,
        warmup_steps=min(20, plan.steps // 10),
        weight_decay=0.0,
        ema=0.95,
    )
    result = fit(Fitting(module, loss_of, batches, schedule, checkpoint=checkpoint), progress=progress, label="qat")
    assert isinstance(result.module, QatModule)
    return result.module.finished_graph(), result.history
