"""Which plan is chosen, on a device whose times are made up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from apps.tuning.groups import layer_groups
from apps.tuning.search import FP32, INT8, PrecisionPlan, search
from edge_sdk.graph import Conv, Graph
from quantization.measurement import Timing, Timings
from quantization.records.forms import LatencyConditions
from tests.targets.graphs import tiny_graph

SHAPE = (8, 8, 8)
ROUNDS = 9


class Device:
    """Takes `cost[0]` for each integer convolution and `cost[1]` for each float one; 1×1×1 ones `dense` instead."""

    def __init__(self, depthwise: tuple[float, float], dense: tuple[float, float], noise: float = 0.0) -> None:
        self.depthwise, self.dense, self.noise = depthwise, dense, noise
        self.asked: list[set[str]] = []

    def __call__(self, forms: Mapping[str, Graph]) -> Timings:
        self.asked.append(set(forms))
        random = np.random.default_rng(len(self.asked))
        times = {}
        for name, graph in forms.items():
            total = sum(
                (self.depthwise if node.groups > 1 else self.dense)[node.weight_scale is None]
                for node in graph
                if isinstance(node, Conv)
            )
            times[name] = Timing(list(total * (1 + self.noise * random.normal(size=ROUNDS))), 0)
        return Timings(times, LatencyConditions())


def chosen(device: Device) -> PrecisionPlan:
    graph = tiny_graph()
    return search(graph, SHAPE, device, lambda *_: None)[0]


def test_layers_that_are_faster_in_float_become_float_together() -> None:
    graph = tiny_graph()
    plan = chosen(Device(depthwise=(3.0, 1.0), dense=(1.0, 2.0)))
    depthwise = {node.name for node in graph if isinstance(node, Conv) and node.groups > 1}
    strided = {node.name for node in graph if isinstance(node, Conv) and max(node.stride) > 1}
    # Strided convolutions of both kinds are one group.
    assert set(plan.float_layers) == depthwise | strided
    floats = {node.name for node in plan.graph if isinstance(node, Conv) and node.weight_scale is None}
    assert set(plan.float_layers) < floats  # the head is float in any case


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (Device((1.0, 3.0), (1.0, 2.0)), INT8),
        (Device((3.0, 1.0), (3.0, 1.0)), FP32),
        (Device((1.0, 0.999), (1.0, 0.999)), INT8),
        (Device((1.0, 1.0), (1.0, 1.0), noise=0.05), INT8),
    ],
    ids=["float is slower", "float is faster everywhere", "faster, but not worth it", "noise"],
)
def test_the_plan_fits_the_device(device: Device, expected: str) -> None:
    assert chosen(device).name == expected


def test_every_integer_layer_is_in_one_group() -> None:
    graph = tiny_graph()
    groups = layer_groups(graph, SHAPE)
    names = [name for layers in groups.values() for name in layers]
    assert sorted(names) == sorted(
        node.name for node in graph if isinstance(node, Conv) and node.weight_scale is not None
    )
    assert "3×3×3 dilated depthwise, level 0" in groups
    assert "phases of an up block, level 1" in groups
