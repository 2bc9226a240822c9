"""The fastest precision plan of a network on this device, by measuring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from apps.tuning.groups import layer_groups
from edge_sdk.graph import Graph, Triple
from edge_sdk.progress import Progress
from quantization.measurement import Timings
from targets.lowering.float_layers import with_float_layers

INT8, FP32 = "all INT8", "all FP32"
WORTH = 0.02
"""A plan must be faster than all INT8 by this share in the median of the paired rounds, and in three of four rounds
at all: less is noise."""
Measure = Callable[[Mapping[str, Graph]], Timings]


@dataclass(frozen=True)
class Plan:
    """One plan as it was measured.

    Attributes:
        name: For the table.
        graph: What it runs.
        float_layers: Convolutions in float; every one for the FP32 form.
        milliseconds: Median of one patch.
        gain: Median over the rounds of the share of time that it saves against all INT8 in the same round.
        sure: Whether it is faster in three of four rounds.
    """

    name: str
    graph: Graph
    float_layers: tuple[str, ...]
    milliseconds: float
    gain: float
    sure: bool


def search(graph: Graph, patch: Triple, measure: Measure, progress: Progress) -> list[Plan]:
    """Every plan that was tried: those worth it, the best one first, then all INT8, then the others.

    Each group of layers is tried in float alone, then the groups that gained are joined one by one, the largest gain
    first. `measure` is called twice, each time with all INT8 among the forms.

    Args:
        graph: Quantized deploy form.
        patch: (D, H, W) of its input.
    """
    groups = layer_groups(graph, patch)
    everything = tuple(name for layers in groups.values() for name in layers)
    progress(0, 2, "each group of layers in float")
    alone = _measured(graph, groups, everything, measure)
    gaining = [plan for plan in alone if plan.name in groups and plan.gain > 0 and plan.sure]
    gaining.sort(key=lambda plan: -plan.gain)
    joined: dict[str, tuple[str, ...]] = {}
    for count in range(2, len(gaining) + 1):
        some = gaining[:count]
        joined[" + ".join(plan.name for plan in some)] = tuple(name for plan in some for name in plan.float_layers)
    progress(1, 2, "the gaining groups together")
    best_alone = {gaining[0].name: gaining[0].float_layers} if gaining else {}
    again = _measured(graph, {**best_alone, **joined}, everything, measure)
    progress(2, 2, "done")
    # Only what was measured again is chosen from: the largest of many first gains is partly luck.
    worth = sorted((plan for plan in again if plan.sure and plan.gain >= WORTH), key=lambda plan: -plan.gain)
    ranked = [*worth, next(plan for plan in again if plan.name == INT8)]
    names = {plan.name for plan in ranked}
    others = {plan.name: plan for plan in (*alone, *again) if plan.name not in names}
    return [*ranked, *sorted(others.values(), key=lambda plan: plan.milliseconds)]


def _measured(
    graph: Graph, plans: Mapping[str, tuple[str, ...]], everything: tuple[str, ...], measure: Measure
) -> list[Plan]:
    layers = {INT8: (), FP32: everything, **plans}
    graphs = {name: with_float_layers(graph, names) for name, names in plans.items()}
    forms = {INT8: graph, FP32: graph.without_quantization(), **graphs}
    timings = measure(forms).forms
    base = np.array(timings[INT8].samples_ms)
    found = []
    for name, form in forms.items():
        saved = 1 - np.array(timings[name].samples_ms) / base
        gain, sure = float(np.median(saved)), bool(np.percentile(saved, 25) > 0)
        found.append(Plan(name, form, layers[name], timings[name].median_ms, gain, sure))
    return found
