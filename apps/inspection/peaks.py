"""What this machine does at most: multiplications in each precision, and bytes copied, with some number of threads."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from apps.form_latency import FormLatency
from edge_sdk.device import usable_processors
from edge_sdk.graph import Conv, Graph, Input, Node, Quantize

CHANNELS, LAYERS, PATCH = 256, 4, (16, 16, 32)
MOVED_BYTES = tuple(1 << power for power in range(18, 29, 2))
"""Read and written by the copies that are timed: from what lies in a core's cache to what lies in no cache."""
ROUNDS = 7


@dataclass(frozen=True)
class Peaks:
    """Measured maxima per second.

    Attributes:
        int8_macs, float_macs: Multiply-accumulates of dense products (1×1×1 convolutions of 256 to 256 channels, which
            are matrix products) in OpenVINO.
        moved_bytes: Bytes that a copy reads and writes → bytes per second of such copies; small ones stay in caches.
        threads: In all of them.
    """

    int8_macs: float
    float_macs: float
    moved_bytes: Mapping[int, float]
    threads: int

    def seconds(self, macs: int, moved_bytes: int, *, integer: bool) -> tuple[float, float]:
        """The least time for multiplying, and for moving as many bytes at the speed of copies of that size."""
        sizes = sorted(self.moved_bytes)
        size = next((size for size in sizes if size >= moved_bytes), sizes[-1])
        return macs / (self.int8_macs if integer else self.float_macs), moved_bytes / self.moved_bytes[size]


def measure_peaks(threads: int | None) -> Peaks:
    """Measure them; a few seconds.

    Raises:
        TargetError: OpenVINO is not installed.
    """
    used = threads or usable_processors() or 1
    graph = products()
    forms = {"int8": graph, "float": graph.without_quantization()}
    timings = FormLatency(PATCH, rounds=ROUNDS, threads=threads)(forms).forms
    macs = LAYERS * CHANNELS**2 * int(np.prod(PATCH))
    seconds = {name: min(timing.samples_ms) / 1000 for name, timing in timings.items()}
    copies = {moved: _copied_per_second(moved, used) for moved in MOVED_BYTES}
    return Peaks(macs / seconds["int8"], macs / seconds["float"], copies, used)


def products() -> Graph:
    """Matrix products in a row, in 8 bits, each on the grid of the one before."""
    random = np.random.default_rng(0)
    nodes: list[Node] = [Input(name="input", channels=1), _grid("input")]
    for number in range(LAYERS + 1):
        inputs = 1 if number == 0 else CHANNELS
        integers = random.integers(-63, 64, (CHANNELS, inputs, 1, 1, 1)).astype(np.float32)
        scale = np.full(CHANNELS, 0.01, np.float32)
        nodes.append(
            Conv(
                name=f"product{number}",
                inputs=(nodes[-1].name,),
                weight=integers * scale[0],
                bias=np.zeros(CHANNELS, np.float32),
                weight_scale=scale,
            )
        )
        nodes.append(_grid(nodes[-1].name))
    # Few values come out, or writing them would be measured.
    weight = np.ones((1, CHANNELS, 1, 1, 1), np.float32)
    nodes.append(Conv(name="sum", inputs=(nodes[-1].name,), weight=weight, bias=np.zeros(1, np.float32)))
    return Graph(tuple(nodes), patch_multiple=1, output_stride=1)


def _grid(source: str) -> Quantize:
    return Quantize(name=f"{source}.q", inputs=(source,), scale=0.02, zero_point=0, low=0, high=255)


def _copied_per_second(moved: int, threads: int) -> float:
    """Bytes read and written by copying half of `moved` bytes again and again, the best of some rounds.

    Every thread copies its own part, often enough that starting it does not count.
    """
    source, target = np.ones(moved // 2, np.uint8), np.zeros(moved // 2, np.uint8)
    parts = [slice(at * len(source) // threads, (at + 1) * len(source) // threads) for at in range(threads)]
    repeats = max(1, MOVED_BYTES[-1] // moved)

    def copy(part: slice) -> None:
        for _ in range(repeats):
            np.copyto(target[part], source[part])

    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            list(pool.map(copy, parts))
            best = min(best, time.perf_counter() - start)
    return repeats * moved / best
