"""A long stream minute by minute, and whether its last minute is like its second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.results.report import StreamReport
from apps.stream.work.outcome import FrameCounts

MINUTE_S = 60.0
RSS_GROWTH, LATENCY_GROWTH, QUEUE_GROWTH = 1.05, 1.25, 1.0
"""The last minute at most so many times the second one; of queues, so many items more."""
MINUTES = {
    "minute": "minute",
    "rss_mb": "RSS, MB",
    "threads": "threads",
    "open_files": "open files",
    "latency_ms_p50": "frame to mask p50, ms",
    "latency_ms_p95": "p95, ms",
    "held": "items in all queues, mean",
}
VERDICTS = {"what": "what", "second": "second minute", "last": "last minute", "limit": "limit", "verdict": "verdict"}


def per_minute(
    samples: Sequence[dict[str, float]], streamed: StreamReport, fps: float, count: int
) -> list[dict[str, float]]:
    """A row for every whole minute.

    Args:
        samples: Of `tests.perf.soak_run.watched`.
        streamed: The stream's report.
        fps: Frames per second.
        count: Whole minutes.
    """
    outside = {name: np.array([sample[name] for sample in samples]) for name in samples[0]}
    timeline = streamed.timeline
    moments = np.array(timeline.time_s) - timeline.sweep_from_s
    held = np.sum([np.array(depths) for depths in timeline.queue_depth.values()], axis=0)
    latencies = np.array(streamed.latency_ms.whole_frame_in_mask.samples)
    frame_moments = np.arange(len(latencies)) / fps

    def of(values: NDArray[Any], when: NDArray[Any], minute: int, how: Callable[[NDArray[Any]], Any]) -> float:
        return float(how(values[(when >= minute * MINUTE_S) & (when < (minute + 1) * MINUTE_S)]))

    return [
        {
            "minute": minute + 1,
            **{
                name: of(outside[name], outside["time_s"], minute, np.median)
                for name in ("rss_mb", "threads", "open_files")
            },
            "latency_ms_p50": of(latencies, frame_moments, minute, np.median),
            "latency_ms_p95": of(latencies, frame_moments, minute, lambda found: np.percentile(found, 95)),
            "held": of(held, moments, minute, np.mean),
        }
        for minute in range(count)
    ]


def verdicts(minutes: Sequence[dict[str, float]], sent: int, frames: FrameCounts) -> list[dict[str, Any]]:
    """The second minute, the last one, and whether it is within its limit; of `sent` frames all must be inserted."""
    second, last = minutes[1], minutes[-1]
    limits = {
        "rss_mb": RSS_GROWTH * second["rss_mb"],
        "latency_ms_p50": LATENCY_GROWTH * second["latency_ms_p50"],
        "latency_ms_p95": LATENCY_GROWTH * second["latency_ms_p95"],
        "held": QUEUE_GROWTH + second["held"],
        "threads": second["threads"],
        "open_files": second["open_files"],
    }
    rows = [
        {
            "what": MINUTES[name],
            "second": second[name],
            "last": last[name],
            "limit": limit,
            "within": last[name] <= limit,
        }
        for name, limit in limits.items()
    ]
    lost = sent - frames.inserted
    rows.append({"what": "frames not inserted, in all", "second": "–", "last": lost, "limit": 0, "within": lost == 0})
    return [{**row, "verdict": "holds" if row["within"] else "does not hold"} for row in rows]
