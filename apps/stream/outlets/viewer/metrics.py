"""A stream's status as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from apps.stream.core.board import Phase, Status
from edge_sdk.sweep.following import DeviceCondition

_PREFIX = "edge_sdk_stream_"


def exposition(status: Status, pages: int) -> bytes:
    """The text exposition format, version 0.0.4.

    Args:
        status: State of the stream at this moment.
        pages: Number of pages that are connected to the viewer.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([*_frames(status), *_times(status), *_queues(status), *_devices(status)]))
    registry.register(_Once([*_whole(status), _gauge("viewer_pages", "Pages connected to the viewer", pages)]))
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _frames(status: Status) -> Iterator[Metric]:
    frames = CounterMetricFamily(_PREFIX + "frames", "Frames of the source by what became of them", labels=["outcome"])
    frames.add_metric(["read"], status.frames_read)
    frames.add_metric(["inserted"], status.frames_inserted)
    frames.add_metric(["dropped"], status.frames_dropped)
    yield frames
    left_out = CounterMetricFamily(_PREFIX + "frames_left_out", "Frames that were not inserted", labels=["reason"])
    for reason, count in status.left_out.items():
        left_out.add_metric([reason], count)
    yield left_out
    yield _gauge("frames_per_second", "Frames inserted over the last seconds", status.frames_per_second)


def _times(status: Status) -> Iterator[Metric]:
    yield _gauge("elapsed_seconds", "Since the start of the insertion, without pauses", status.elapsed_s)
    for name, text, milliseconds in (
        ("latency_seconds", "From a frame's time stamp to the mask that contains it, median", status.latency_ms),
        ("displayed_latency_seconds", "From a frame's time stamp until a page had drawn it", status.displayed_ms),
    ):
        if milliseconds is not None:
            yield _gauge(name, text, milliseconds / 1000)


def _queues(status: Status) -> Iterator[Metric]:
    held = GaugeMetricFamily(_PREFIX + "queue_items", "Items that a queue holds", labels=["queue"])
    capacity = GaugeMetricFamily(_PREFIX + "queue_capacity", "Items that a queue can hold", labels=["queue", "policy"])
    dropped = CounterMetricFamily(_PREFIX + "queue_dropped", "Items that a full queue dropped", labels=["queue"])
    for queue in status.queues:
        held.add_metric([queue.name], queue.held)
        capacity.add_metric([queue.name, queue.policy], queue.capacity)
        dropped.add_metric([queue.name], queue.dropped)
    yield from (held, capacity, dropped)


def _devices(status: Status) -> Iterator[Metric]:
    state = GaugeMetricFamily(_PREFIX + "device_state", "1 for the state of a device", labels=["device", "state"])
    losses = CounterMetricFamily(_PREFIX + "device_losses", "How often a device was lost", labels=["device"])
    errors = CounterMetricFamily(
        _PREFIX + "device_errors", "What was received and left out", labels=["device", "reason"]
    )
    for device in status.devices:
        for condition in dict.fromkeys((*get_args(DeviceCondition), device.condition)):
            state.add_metric([device.name, condition], float(condition == device.condition))
        losses.add_metric([device.name], device.losses)
        for reason, count in device.errors.items():
            errors.add_metric([device.name, reason], count)
    yield from (state, losses, errors)


def _whole(status: Status) -> Iterator[Metric]:
    phase = GaugeMetricFamily(_PREFIX + "phase", "1 for the phase of the sweep", labels=["phase"])
    for name in get_args(Phase):
        phase.add_metric([name], float(name == status.phase))
    yield phase
    volumes = GaugeMetricFamily(_PREFIX + "class_milliliters", "Volume of a class in the mask so far", labels=["class"])
    for name, amount in status.class_ml.items():
        volumes.add_metric([name], amount)
    yield volumes
    yield _gauge("warnings", "Warnings that stand", len(status.warnings))
    yield _gauge("resident_memory_bytes", "Resident memory of the process", status.rss_mb * 1e6)
    if (limit := status.memory_limit_mb) is not None:
        yield _gauge("memory_limit_bytes", "The most memory that was stated at the start", limit * 1e6)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, text, value=value)
