"""The limit of memory that is stated, and whether a volume may grow within it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import psutil
import pytest

from apps.stream.core.volume_plan import FixedPlan, GrowingPlan
from apps.stream.pipeline.memory_limit import StreamMemory
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import GeometryError
from edge_sdk.volume.grid import Grid
from edge_sdk.volume.settings import ReconstructionSettings

UNIT = (1.0, 1.0, 1.0)
SETTINGS = ReconstructionSettings(UNIT)  # 13 bytes a voxel
FRAMES: BoundedQueue[Any] = BoundedQueue("frames", 10, "wait")
OTHERS: BoundedQueue[Any] = BoundedQueue("touched boxes", 10**9, "wait")
SLACK = 200_000_000
USABLE = SLACK + 10 * 20 * 30 + 1000 * (13 + 2)


def grid(*shape: int) -> Grid:
    return Grid(shape, UNIT, (0.0, 0.0, 0.0))  # type: ignore[arg-type]


def memory(plan: Any, max_memory: int | None = None) -> StreamMemory:
    return StreamMemory(plan, [FRAMES, OTHERS], lambda grid: 2 * math.prod(grid.shape), max_memory)


@pytest.fixture(autouse=True)
def usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.stream.pipeline.memory_limit.usable_memory", lambda: USABLE)


def growing() -> StreamMemory:
    return memory(GrowingPlan(SETTINGS, np.eye(4), (20, 30)))


def test_of_a_volume_that_grows_what_may_be_used_is_stated_and_kept() -> None:
    has = psutil.Process().memory_info().rss
    limit = growing()
    limit.state(grid(5, 5, 5), 100)
    assert limit.limit_mb == pytest.approx((has + USABLE) / 1e6, abs=20)
    assert limit.fits(grid(10, 10, 10), 0)
    assert not limit.fits(grid(10, 10, 10), 1)
    assert not limit.fits(grid(10, 10, 11), 0)
    assert not limit.fits(grid(400_000, 400_000, 400_000), 10**18)  # an outlier 200 m away


def test_of_a_fixed_volume_what_it_takes_is_stated() -> None:
    has = psutil.Process().memory_info().rss
    limit = memory(FixedPlan(SETTINGS, grid(5, 5, 5), (20, 30)))
    limit.state(grid(5, 5, 5))
    assert limit.limit_mb == pytest.approx((has + SLACK + 10 * 20 * 30 + 125 * 15) / 1e6, abs=20)


@pytest.mark.parametrize(
    "plan", [FixedPlan(SETTINGS, grid(10, 10, 11), (20, 30)), GrowingPlan(SETTINGS, np.eye(4), (20, 30))]
)
def test_what_does_not_fit_at_the_start_is_refused(plan: Any) -> None:
    with pytest.raises(
        GeometryError, match=r"may be used; use a smaller volume \(--around, --box\) or a coarser --spacing$"
    ):
        memory(plan).state(grid(10, 10, 11))
    with pytest.raises(GeometryError, match=r"0\.0 MiB may be used; .*, or give a larger --max-memory"):
        memory(plan, max_memory=10**6).state(grid(5, 5, 5))
    has = psutil.Process().memory_info().rss
    limit = memory(plan, max_memory=has + 10**9)  # more than the device has
    limit.state(grid(5, 5, 5))
    assert limit.limit_mb < (has + 10**9) / 1e6
