"""How much each layer suffers from quantization, and which ones stay float for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_sdk.graph import Conv, Graph, Node, Quantize
from edge_sdk.network.graph_module import GraphModule
from quantization.quantizers import point_behind, quantizable_layers, with_weight_scale
from quantization.recipe import Quantize as Plan
from quantization.size import conv_macs


@dataclass(frozen=True)
class Damage:
    """What rounding does to the logits.

    Attributes:
        error: |rounded - float| / |float|, Euclidean norms over all logits.
        class_change: Share of logit voxels whose class (argmax) differs.
    """

    error: float
    class_change: float


@dataclass(frozen=True)
class LayerDamage(Damage):
    """The same where only one layer computes on integers: its weights and the tensor that it reads.

    Attributes:
        macs: Multiplications of the layer for one patch.
    """

    layer: str
    macs: int


def damage(rounded: Tensor, exact: Tensor) -> Damage:
    """Compare logits (N, K, D, H, W) with those of the float form."""
    distance, size = torch.linalg.vector_norm(rounded - exact), torch.linalg.vector_norm(exact)
    changed = (rounded.argmax(1) != exact.argmax(1)).double().mean()
    return Damage(float(distance / size.clamp_min(1e-12)), float(changed))


class Sensitivity:
    """Quantizes the layers of a float graph one at a time.

    Everything before a layer is computed once for all layers, so a layer costs what comes after it.
    """

    def __init__(
        self, graph: Graph, ranges: Mapping[str, Quantize], weight_limit: int, patches: NDArray[np.float32]
    ) -> None:
        """
        Args:
            ranges: Quantized tensor → its grid (`quantization.observers`).
            patches: (M, C, D, H, W), run as one batch.
        """
        self._graph, self._ranges, self._limit = graph, ranges, weight_limit
        self._module = GraphModule(graph).eval()
        self._patches = torch.from_numpy(np.ascontiguousarray(patches))
        self.layers = quantizable_layers(graph)
        self.macs: dict[str, int] = {}
        self._place = {node.name: index for index, node in enumerate(graph)}
        self._next, self._values = 0, dict[str, Tensor]()
        with torch.no_grad():
            self.exact = self._module.watched(self._patches, self._count)
        self._rewind()

    @property
    def total_macs(self) -> int:
        """Multiplications of the whole graph, the head included, for one patch."""
        return sum(self.macs.values())

    @torch.no_grad()
    def measure(self, layer: str) -> LayerDamage:
        """Quantize this layer alone; layers in their order are the fastest to measure."""
        place, node = self._place[layer], self._graph[layer]
        assert isinstance(node, Conv)
        if place < self._next:
            self._rewind()
        for index in range(self._next, place):
            self._module.advance(index, self._values)
        self._next = place
        values = dict(self._values)
        (source,) = node.inputs
        grid = self._ranges[point_behind(self._graph, source, self._ranges)]
        lone = with_weight_scale(node, self._limit)
        rounded = GraphModule(self._graph.with_nodes([lone]))
        result = rounded.run_node(lone, [self._module.quantize(grid, values[source])])
        self._module.advance(place, values)
        values[layer] = result
        for index in range(place + 1, len(self._graph.nodes)):
            self._module.advance(index, values)
        found = damage(values[self._graph.nodes[-1].name], self.exact)
        return LayerDamage(found.error, found.class_change, layer, self.macs[layer])

    @torch.no_grad()
    def of(self, graph: Graph) -> Damage:
        """The damage of a quantized graph on the same patches."""
        return damage(GraphModule(graph).eval()(self._patches), self.exact)

    def _rewind(self) -> None:
        self._next, self._values = 1, {self._graph.nodes[0].name: self._patches}

    def _count(self, node: Node, value: Tensor) -> None:
        if isinstance(node, Conv):
            self.macs[node.name] = conv_macs(node, value)


def fallback(
    layers: Sequence[LayerDamage], total_macs: int, plan: Plan, enough: Callable[[tuple[str, ...]], bool]
) -> tuple[str, ...]:
    """The layers that stay float: the most sensitive ones, until it is enough or the budget is spent.

    Args:
        total_macs: Of the whole graph, of which `plan.float_macs` is a share.
        enough: Whether the target is met with these layers float; asked after each.
    """
    chosen: tuple[str, ...] = ()
    spent, met = 0, not plan.has_float_budget or enough(())
    for candidate in sorted(layers, key=lambda each: each.error, reverse=True):
        if met or (plan.float_layers and len(chosen) == plan.float_layers):
            break
        if not plan.float_macs or spent + candidate.macs <= plan.float_macs * total_macs:
            chosen += (candidate.layer,)
            spent += candidate.macs
            met = enough(chosen)
    return chosen
