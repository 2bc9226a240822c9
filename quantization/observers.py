"""Calibration: the range of every quantized tensor, from patches of real data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_sdk.errors import TrainingError
from edge_sdk.graph import Activation, Graph, Input, Node, Quantize
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.packages.manifest import Normalization
from edge_sdk.quiet import quiet_imports
from quantization.quantizers import quantization_points, shared_ranges, with_quantizers
from quantization.recipe import Quantize as Plan

UNSIGNED = (0, 255)
SIGNED = (-128, 127)
BINS = 512
PERCENTILE_BINS = 4096
"""A bin is all that a percentile can tell apart."""


def check_calibration(patches: NDArray[np.float32], graph: Graph) -> None:
    """Refuse patches from which no range can be learned.

    Args:
        patches: (M, C, D, H, W) normalized calibration patches.

    Raises:
        TrainingError: Of another shape, not finite, or without contrast.
    """
    if patches.ndim != 5 or not len(patches) or patches.shape[1] != graph.in_channels:
        raise TrainingError(
            f"calibration patches of shape {patches.shape} given, (M, {graph.in_channels}, D, H, W) expected",
            remedy="calibrate with patches of this network's input",
        )
    if not np.isfinite(patches).all():
        bad = int((~np.isfinite(patches)).sum())
        raise TrainingError(
            f"{bad} of {patches.size} calibration values are NaN or infinite, finite numbers expected",
            remedy="repair the training volumes",
        )
    if all(patch.min() == patch.max() for patch in patches):
        raise TrainingError(
            f"calibration data has zero variance: every patch is constant, the first {patches.flat[0]:g} everywhere",
            remedy="give training volumes with an image in them, and a normalization that fits them",
        )


def calibrated_ranges(
    graph: Graph, patches: NDArray[np.float32], normalization: Normalization, plan: Plan
) -> dict[str, Quantize]:
    """Quantized tensor → its grid, from the plan's observer.

    Args:
        graph: Float deploy form.
        patches: (M, C, D, H, W) normalized calibration patches.
        normalization: Of the patches; where the voxels behind them are 8-bit, the input keeps every value exactly.
    """
    groups = shared_ranges(graph, quantization_points(graph))
    observers = _observe(graph, groups, patches, plan)
    ranges = {group: _range(observer, signed) for group, (observer, signed) in observers.items()}
    if (exact := eight_bit_grid(patches, normalization)) is not None:
        ranges[groups[graph.nodes[0].name]] = exact
    return {point: ranges[group] for point, group in groups.items()}


def calibrated_graph(graph: Graph, patches: NDArray[np.float32], normalization: Normalization, plan: Plan) -> Graph:
    """The graph with grids from the plan's observer, every layer on integers; arguments as `calibrated_ranges`."""
    return with_quantizers(graph, calibrated_ranges(graph, patches, normalization, plan), plan.weight_limit)


def eight_bit_grid(patches: NDArray[np.float32], normalization: Normalization) -> Quantize | None:
    """The input grid that holds every 8-bit voxel value exactly; None where the voxels are not of 8 bits."""
    if normalization.kind != "affine":
        return None
    voxels = patches * normalization.scale + normalization.shift
    zero = round(normalization.shift)
    within = 0 <= zero <= 255 and voxels.min() > -0.5 and voxels.max() < 255.5
    if zero != normalization.shift or not within:
        return None
    return Quantize(name="", scale=1 / normalization.scale, zero_point=zero, low=0, high=255)


def _observe(
    graph: Graph, groups: dict[str, str], patches: NDArray[np.float32], plan: Plan
) -> dict[str, tuple[Any, bool]]:
    """Group → (observer that has seen every patch, whether the range is signed)."""
    make = _observer_maker(plan)
    module = GraphModule(graph).eval()
    observers: dict[str, tuple[Any, bool]] = {}

    def watch(node: Node, value: Tensor) -> None:
        if node.name not in groups:
            return
        group = groups[node.name]
        if group not in observers:
            signed = not (isinstance(node, Input) or (isinstance(node, Activation) and node.kind == "relu"))
            symmetric = signed and not isinstance(node, Activation)
            low, high = SIGNED if signed else UNSIGNED
            observer = make(
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


def _observer_maker(plan: Plan) -> Callable[..., Any]:
    with quiet_imports():
        from torchao.quantization.pt2e import HistogramObserver, MinMaxObserver

    if plan.observer == "minmax":
        return MinMaxObserver  # type: ignore[no-any-return]
    if plan.observer == "mse":
        return lambda **kw: HistogramObserver(bins=BINS, **kw)
    share = plan.percentile / 100

    class PercentileObserver(HistogramObserver):  # type: ignore[misc]
        """Its range leaves out the outermost values; the rest of the observer is torchao's."""

        def _non_linear_param_search(self) -> tuple[Tensor, Tensor]:
            below = self.histogram.double().cumsum(0) / self.histogram.double().sum()
            width = (self.max_val - self.min_val) / self.bins
            last = int((below < share).sum()) + 1
            first = int((below <= 1 - share).sum())
            return self.min_val + width * first, self.min_val + width * last

    return lambda **kw: PercentileObserver(bins=PERCENTILE_BINS, **kw)


def _range(observer: Any, signed: bool) -> Quantize:
    scale, zero_point = observer.calculate_qparams()
    low, high = SIGNED if signed else UNSIGNED
    return Quantize(name="", scale=float(scale.item()), zero_point=int(zero_point.item()), low=low, high=high)
