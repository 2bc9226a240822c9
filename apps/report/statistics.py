"""Statistics that reports give."""

from __future__ import annotations

from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured

FEWEST_FOR_P99 = 100


class Statistics(ReportGroup):
    """Statistics of a duration in milliseconds, each rounded to 1 µs.

    Attributes:
        n: Number of samples.
        p50, p90, p95, p99: Percentiles; no p99 under `FEWEST_FOR_P99` samples.
        mean, std, min, max: Over the samples.
        samples: Every sample, in order of time.
    """

    n: int
    p50: float
    p90: float
    p95: float
    p99: float | NotMeasured
    mean: float
    std: float
    min: float
    max: float
    samples: list[float]


def statistics_ms(seconds: ArrayLike) -> Statistics:
    """Statistics in milliseconds.

    Args:
        seconds: At least one sample, in seconds.
    """
    samples = np.asarray(seconds, float) * 1000.0
    p50, p90, p95, p99 = (_rounded(np.percentile(samples, percent)) for percent in (50, 90, 95, 99))
    return Statistics(
        n=int(samples.size),
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99 if samples.size >= FEWEST_FOR_P99 else NotMeasured(why=f"fewer than {FEWEST_FOR_P99} samples"),
        mean=_rounded(samples.mean()),
        std=_rounded(samples.std()),
        min=_rounded(samples.min()),
        max=_rounded(samples.max()),
        samples=[_rounded(sample) for sample in samples],
    )


def _rounded(milliseconds: SupportsFloat) -> float:
    return round(float(milliseconds), 3)
