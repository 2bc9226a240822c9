"""Clock, temperature and throttling of the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from apps.report.html import is_measured, not_measured

CPU_FOLDER = Path("/sys/devices/system/cpu")
FEWEST_FOR_DECILES = 20


def thermal_state() -> dict[str, Any]:
    """Frequency, temperature and throttle count now."""
    import psutil

    frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    readings = [item.current for name in sorted(sensors) for item in sensors[name] if math.isfinite(item.current)]
    return {
        "frequency_mhz": round(frequency.current, 1)
        if frequency and frequency.current
        else not_measured("the system does not tell the clock"),
        "temperature_c": max(readings) if readings else not_measured("the system lists no temperature sensor"),
        "throttle_count": _throttled(CPU_FOLDER),
    }


def thermal_report(start: dict[str, Any], end: dict[str, Any], latency_ms: Sequence[float]) -> dict[str, Any]:
    """The states before and after, and whether the last inferences were slower than the first."""
    before, after = start["throttle_count"], end["throttle_count"]
    return {
        "start": start,
        "end": end,
        "throttled_times": after - before if is_measured(before) and is_measured(after) else before,
        "deciles": decile_drift(latency_ms),
    }


def decile_drift(latency_ms: Sequence[float]) -> dict[str, Any]:
    """Medians of the first and the last tenth of the samples, in order of time, and their ratio."""
    count = len(latency_ms)
    if count < FEWEST_FOR_DECILES:
        return not_measured(f"fewer than {FEWEST_FOR_DECILES} samples")
    tenth = count // 10
    first, last = (float(np.median(part)) for part in (latency_ms[:tenth], latency_ms[-tenth:]))
    return {"first_ms": first, "last_ms": last, "last_to_first": last / first}


def _throttled(folder: Path) -> Any:
    counters = sorted(folder.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    try:
        counts = [int(counter.read_text()) for counter in counters]
    except (OSError, ValueError) as cause:
        return not_measured(f"the throttle counters cannot be read ({cause})")
    return sum(counts) if counts else not_measured("the system has no throttle counters")
