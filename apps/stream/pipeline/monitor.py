"""Samples the pipeline while it runs: queue depths, drops, memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from apps.report.part import ReportPart
from apps.stream.core.clock import Clock
from apps.stream.pipeline.queues import AnyQueue

PERIOD_S = 0.05
MOST = 4096
"""Samples kept; when there are as many, every other one goes and the period doubles."""


class Timeline(ReportPart):
    """Samples of the pipeline, and the main moments of the sweep, in seconds since the first sample."""

    time_s: list[float]
    """Moment of each sample."""
    queue_depth: dict[str, list[int]]
    """Queue name → items held, per sample."""
    frames_dropped: list[int]
    """Frames dropped so far, per sample."""
    rss_mb: list[float]
    """Resident memory of the process in MB (10⁶ bytes), per sample."""
    sweep_from_s: float
    """Time stamp of the first frame."""
    sweep_to_s: float
    """End of the sweep."""
    final_mask_at_s: float


class Monitor:
    """A context manager that takes samples in a thread of its own; their number is bounded, however long it runs.

    Attributes:
        times: Seconds since the start.
        depths: Queue name → items held, per sample.
        dropped: Frames dropped so far, per sample.
        rss_mb: Resident memory of the process in MB (10⁶ bytes), per sample.
    """

    def __init__(self, queues: Sequence[AnyQueue], clock: Clock) -> None:
        import psutil

        self._queues, self._clock = queues, clock
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._start = clock.now()
        self.times: list[float] = []
        self.depths: dict[str, list[int]] = {queue.name: [] for queue in queues}
        self.dropped: list[int] = []
        self.rss_mb: list[float] = []

    def __enter__(self) -> Monitor:
        self._start = self._clock.now()
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def timeline(self, *, sweep_from: float, sweep_to: float, final_mask_at: float) -> Timeline:
        """The samples, with the main moments of the sweep.

        Args:
            sweep_from: Time stamp of the first frame, seconds of the clock.
            sweep_to: End of the sweep, seconds of the clock.
            final_mask_at: When the mask was final, seconds of the clock.
        """
        return Timeline(
            time_s=[round(moment, 3) for moment in self.times],
            queue_depth=self.depths,
            frames_dropped=self.dropped,
            rss_mb=[round(size, 1) for size in self.rss_mb],
            sweep_from_s=round(sweep_from - self._start, 3),
            sweep_to_s=round(sweep_to - self._start, 3),
            final_mask_at_s=round(final_mask_at - self._start, 3),
        )

    def _run(self) -> None:
        period = PERIOD_S
        while not self._stop.wait(period):
            self._sample()
            if len(self.times) >= MOST:
                series: list[list[Any]] = [self.times, self.dropped, self.rss_mb, *self.depths.values()]
                for values in series:
                    del values[1::2]
                period *= 2

    def _sample(self) -> None:
        self.times.append(self._clock.now() - self._start)
        for queue in self._queues:
            self.depths[queue.name].append(len(queue))
        self.dropped.append(sum(queue.dropped for queue in self._queues))
        self.rss_mb.append(self._process.memory_info().rss / 1e6)
