"""Clock, temperature and throttling of the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apps.benchmark.target_groups import DecileDrift, ThermalGroup, ThermalState
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured

CPU_FOLDER = Path("/sys/devices/system/cpu")
FEWEST_FOR_DECILES = 20


def thermal_state() -> ThermalState:
    """Frequency, temperature and throttle count now."""
    import psutil

    frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    readings = [item.current for name in sorted(sensors) for item in sensors[name] if math.isfinite(item.current)]
    return ThermalState(
        frequency_mhz=round(frequency.current, 1)
        if frequency and frequency.current
        else NotMeasured(why="the system does not tell the clock"),
        temperature_c=max(readings) if readings else NotMeasured(why="the system lists no temperature sensor"),
        throttle_count=_throttled(CPU_FOLDER),
    )


def thermal_group(start: ThermalState, end: ThermalState, latency_ms: Sequence[float]) -> ThermalGroup:
    """The states before and after, and whether the last inferences were slower than the first.

    Args:
        start, end: Before and after the counted inferences.
        latency_ms: Latency in ms of each counted inference, in order of time.
    """
    return ThermalGroup(
        start=start,
        end=end,
        throttled_times=if_measured(
            start.throttle_count, lambda before: if_measured(end.throttle_count, lambda after: after - before)
        ),
        deciles=decile_drift(latency_ms),
    )


def decile_drift(latency_ms: Sequence[float]) -> DecileDrift | NotMeasured:
    """Medians of the first and the last tenth of the samples, in order of time, and their ratio."""
    count = len(latency_ms)
    if count < FEWEST_FOR_DECILES:
        return NotMeasured(why=f"fewer than {FEWEST_FOR_DECILES} samples")
    tenth = count // 10
    first, last = (float(np.median(part)) for part in (latency_ms[:tenth], latency_ms[-tenth:]))
    return DecileDrift(first_ms=first, last_ms=last, last_to_first=last / first)


def _throttled(folder: Path) -> int | NotMeasured:
    counters = sorted(folder.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    try:
        counts = [int(counter.read_text()) for counter in counters]
    except (OSError, ValueError) as cause:
        return NotMeasured(why=f"the throttle counters cannot be read ({cause})")
    return sum(counts) if counts else NotMeasured(why="the system has no throttle counters")
