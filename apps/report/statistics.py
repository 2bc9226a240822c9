"""Statistics that reports give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from apps.report.html import not_measured

FEWEST_FOR_P99 = 100


def summary_ms(seconds: ArrayLike) -> dict[str, Any]:
    """Statistics in milliseconds, with the raw samples; no p99 under 100 samples."""
    samples = np.asarray(seconds, float) * 1000.0
    if samples.size == 0:
        return not_measured("no samples")
    statistics: dict[str, Any] = {"n": int(samples.size)}
    for percent in (50, 90, 95, 99):
        if percent == 99 and samples.size < FEWEST_FOR_P99:
            statistics["p99"] = not_measured(f"fewer than {FEWEST_FOR_P99} samples")
        else:
            statistics[f"p{percent}"] = round(float(np.percentile(samples, percent)), 3)
    for name, function in (("mean", np.mean), ("std", np.std), ("min", np.min), ("max", np.max)):
        statistics[name] = round(float(function(samples)), 3)
    statistics["samples"] = [round(float(sample), 3) for sample in samples]
    return statistics
