"""The network's grid: what a box of the volume influences there."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stream.core.stream_volume import FixedVolume
from apps.stream.work.network_view import DirectView, ResampledView, network_view, resampling_summary
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.inference.resampling import resample
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Box, Grid, Volume

SHAPE = (9, 11, 13)
GRID = Grid(SHAPE, (0.5, 0.6, 0.7), (-3.0, 4.0, 5.0))
steps = st.floats(0.25, 2.0)


@settings(max_examples=60, deadline=None)
@given(spacing=st.tuples(steps, steps, steps), at=st.tuples(*(st.integers(0, n - 1) for n in SHAPE)))
def test_no_change_escapes_the_reached_box(spacing: tuple[float, float, float], at: tuple[int, int, int]) -> None:
    view = ResampledView(SharedVolume(FixedVolume(Compounder(GRID))), spacing)
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[at] = 200
    changed = np.argwhere(resample(Volume(voxels, GRID), spacing).voxels)
    z, y, x = at
    box = view.reached(Box(at, (z + 1, y + 1, x + 1)))
    assert (changed >= box.start).all()
    assert (changed < box.stop).all()


def test_the_view_follows_the_rule_of_segment() -> None:
    volume = SharedVolume(FixedVolume(Compounder(GRID)))
    assert isinstance(network_view(volume, (0.503, 0.6, 0.7)), DirectView)
    assert isinstance(network_view(volume, (0.6, 0.6, 0.7)), ResampledView)
    assert resampling_summary(GRID, GRID.spacing).startswith("none")
    assert "0.5 × 0.6 × 0.7 mm resampled to 1 × 1 × 1 mm" in resampling_summary(GRID, (1.0, 1.0, 1.0))
