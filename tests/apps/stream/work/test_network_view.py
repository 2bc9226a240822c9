"""The network's view of a volume: what a box of the volume influences there, and in which order its axes are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stream.core.stream_volume import FixedVolume
from apps.stream.work.network_view import NetworkView, lattice_in_volume, resampling_summary
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.inference.tiling import TileLattice
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Box, Grid, Volume
from edge_sdk.volume.orientation import tracker_order

SHAPE = (9, 11, 13)
GRID = Grid(SHAPE, (0.5, 0.6, 0.7), (-3.0, 4.0, 5.0))
steps = st.floats(0.25, 2.0)


def shared() -> SharedVolume:
    return SharedVolume(FixedVolume(Compounder(GRID)))


@settings(max_examples=60, deadline=None)
@given(
    spacing=st.tuples(steps, steps, steps),
    at=st.tuples(*(st.integers(0, n - 1) for n in SHAPE)),
    orientation=st.sampled_from([None, "LPS", "RAS", "SLA", "PIR"]),
)
def test_no_change_escapes_the_reached_box(
    spacing: tuple[float, float, float], at: tuple[int, int, int], orientation: str | None
) -> None:
    view = NetworkView(shared(), spacing, tracker_order(orientation))
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[at] = 200
    whole = Box((0, 0, 0), view.grid.shape).slices
    changed = np.argwhere(view.finished(Volume(voxels, GRID))[whole])
    z, y, x = at
    box = view.reached(Box(at, (z + 1, y + 1, x + 1)))
    assert (changed >= box.start).all()
    assert (changed < box.stop).all()


@pytest.mark.parametrize("orientation", [None, "RAS", "SLA"])
@pytest.mark.parametrize("spacing", [GRID.spacing, (1.1, 0.4, 0.7)])
def test_a_box_reads_as_the_same_box_of_the_finished_volume(
    spacing: tuple[float, float, float], orientation: str | None
) -> None:
    volume = shared()
    view = NetworkView(volume, spacing, tracker_order(orientation))
    content = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)
    volume.read = lambda box: (content[box.slices].copy(), 7)  # type: ignore[method-assign]
    finished = view.finished(Volume(content, GRID))
    size = view.grid.shape
    box = Box((1, 2, 0), (size[0] - 1, size[1] + 5, size[2]))  # a patch may reach beyond the volume
    voxels, frames = view.read(box)
    assert frames == 7
    np.testing.assert_array_equal(voxels, finished[box.slices])


def test_the_view_follows_the_rule_of_segment() -> None:
    assert NetworkView(shared(), (0.503, 0.6, 0.7)).grid is not None
    assert NetworkView(shared(), (0.503, 0.6, 0.7)).grid.spacing == GRID.spacing
    assert NetworkView(shared(), (0.6, 0.6, 0.7)).grid.spacing == (0.6, 0.6, 0.7)
    assert resampling_summary(GRID, GRID.spacing).startswith("none")
    assert "0.5 × 0.6 × 0.7 mm resampled to 1 × 1 × 1 mm" in resampling_summary(GRID, (1.0, 1.0, 1.0))


def test_the_lattice_is_counted_in_the_volumes_own_axes() -> None:
    """SLA: the network's x is the patient's superior, the volume's z; its y is left, x; its z is anterior, -y."""
    lattice = TileLattice(patch=(48, 32, 64), step=(36, 24, 48))  # anterior, left, superior
    found = lattice_in_volume(lattice, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), tracker_order("SLA"))
    assert found == TileLattice(patch=(64, 48, 32), step=(48, 36, 24))  # superior, anterior, left: z, y, x
