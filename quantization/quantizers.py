"""Where activations are quantised, and with which ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_sdk.graph import Activation, Add, Concat, Conv, Graph, Input, Interleave, Node, Quantize
from edge_sdk.manifest import Normalisation
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.quiet import quiet_imports

UNSIGNED = (0, 255)
SIGNED = (-128, 127)


def quantized_graph(
    graph: Graph, patches: NDArray[np.float32], normalisation: Normalisation, weight_limit: int
) -> Graph:
    """The graph with calibrated activation quantisers and per-channel weight scales; the head stays float.

    Args:
        graph: Float deploy form.
        patches: (M, C, D, H, W) normalised calibration patches.
        normalisation: Of the patches; where the voxels behind them are 8-bit, the input keeps every value exactly.
        weight_limit: Largest weight integer (63 or 127).
    """
    points = quantization_points(graph)
    groups = shared_ranges(graph, points)
    observers = _observe(graph, points, groups, patches)
    ranges = {group: _range(observer, signed) for group, (observer, signed) in observers.items()}
    if (exact := eight_bit_grid(patches, normalisation)) is not None:
        ranges[groups[graph.nodes[0].name]] = exact
    alias: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph:
        moved = replace(node, inputs=tuple(alias.get(name, name) for name in node.inputs))
        if isinstance(moved, Conv) and node is not graph.nodes[-1]:
            moved = with_weight_scale(moved, weight_limit)
        nodes.append(moved)
        if node.name in points:
            alias[node.name] = f"{node.name}.q"
            nodes.append(replace(ranges[groups[node.name]], name=alias[node.name], inputs=(node.name,)))
    return replace(graph, nodes=tuple(nodes), meta={**graph.meta, "weight_limit": weight_limit})


def eight_bit_grid(patches: NDArray[np.float32], normalisation: Normalisation) -> Quantize | None:
    """The input grid that holds every 8-bit voxel value exactly; None where the voxels are not of 8 bits."""
    if normalisation.kind != "affine":
        return None
    voxels = patches * normalisation.scale + normalisation.shift
    zero = round(normalisation.shift)
    within = 0 <= zero <= 255 and voxels.min() > -0.5 and voxels.max() < 255.5
    if zero != normalisation.shift or not within:
        return None
    return Quantize(name="", scale=1 / normalisation.scale, zero_point=zero, low=0, high=255)


def quantization_points(graph: Graph) -> list[str]:
    """Tensors that are quantised: the input, activations, and everything that a sum reads or gives.

    A convolution followed by an activation is quantised after it; concatenation, padding and interleaving
    keep the scale of their inputs.
    """
    users: dict[str, list[Node]] = {}
    for node in graph:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    points = []
    for node in graph.nodes[:-1]:
        feeds_activation = any(isinstance(user, Activation) for user in users[node.name])
        if isinstance(node, Input | Activation | Add) or (isinstance(node, Conv) and not feeds_activation):
            points.append(node.name)
    return points


def shared_ranges(graph: Graph, points: Iterable[str]) -> dict[str, str]:
    """Point → representative; tensors that are concatenated or interleaved share one range."""
    leader = {name: name for name in points}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    def point_behind(name: str) -> str:
        while name not in leader:
            name = graph[name].inputs[0]
        return name

    for node in graph:
        if isinstance(node, Concat | Interleave):
            first, *others = [find(point_behind(name)) for name in node.inputs]
            for other in others:
                leader[find(other)] = find(first)
    return {name: find(name) for name in leader}


def with_weight_scale(conv: Conv, limit: int) -> Conv:
    """The convolution with its weight on a symmetric grid per output channel: no weight is clipped."""
    largest = np.abs(conv.weight).reshape(len(conv.weight), -1).max(axis=1)
    scale = (np.maximum(largest, 1e-8) / limit).astype(np.float32)
    shaped = scale.reshape(-1, 1, 1, 1, 1)
    return replace(conv, weight=(np.rint(conv.weight / shaped) * shaped).astype(np.float32), weight_scale=scale)


def _observe(
    graph: Graph, points: list[str], groups: dict[str, str], patches: NDArray[np.float32]
) -> dict[str, tuple[Any, bool]]:
    """Group → (observer that has seen every patch, whether the range is signed)."""
    with quiet_imports():
        from torchao.quantization.pt2e import HistogramObserver

    module = GraphModule(graph).eval()
    observers: dict[str, tuple[Any, bool]] = {}
    wanted = set(points)

    def watch(node: Node, value: Tensor) -> None:
        if node.name not in wanted:
            return
        group = groups[node.name]
        if group not in observers:
            signed = not (isinstance(node, Input) or (isinstance(node, Activation) and node.kind == "relu"))
            symmetric = signed and not isinstance(node, Activation)
            low, high = SIGNED if signed else UNSIGNED
            observer = HistogramObserver(
                bins=512,
                dtype=torch.qint8 if signed else torch.quint8,
                qscheme=torch.per_tensor_symmetric if symmetric else torch.per_tensor_affine,
                quant_min=low,
                quant_max=high,
            )
            observers[group] = (observer, signed)
        observers[group][0](value)

    with torch.no_grad():
        for patch in patches:
            module.watched(torch.from_numpy(patch)[None], watch)
    return observers


def _range(observer: Any, signed: bool) -> Quantize:
    scale, zero_point = observer.calculate_qparams()
    low, high = SIGNED if signed else UNSIGNED
    return Quantize(name="", scale=float(scale.item()), zero_point=int(zero_point.item()), low=low, high=high)
