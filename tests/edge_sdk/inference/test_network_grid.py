"""The two grids: their geometry, and which tile owns which voxel of the image."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.tiling import tiles_of
from edge_sdk.volume.grid import Grid

steps = st.floats(0.12, 8.0)
spacings = st.tuples(steps, steps, steps)
sizes = st.integers(1, 16)


def test_one_percent_is_the_same_along_each_axis() -> None:
    grid = Grid((4, 6, 8), (0.5, 0.5, 0.504), (0.0, 0.0, 0.0))
    assert NetworkGrid(grid, (0.5, 0.5, 0.5)).is_image
    assert NetworkGrid(grid, (0.5, 0.5, 0.5)).grid is grid
    network = NetworkGrid(grid, (0.5, 0.52, 0.5))
    assert not network.is_image
    assert network.grid.spacing == (0.5, 0.52, 0.504)
    assert network.shape == (4, 6, 8)


@settings(max_examples=40)
@given(shape=st.tuples(sizes, sizes, sizes), image=spacings, network=spacings)
def test_places_are_the_worlds(
    shape: tuple[int, int, int], image: tuple[float, float, float], network: tuple[float, float, float]
) -> None:
    """The center of every voxel of the image, on the network's grid, by their two affines."""
    direction = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0] * [1, 1, -1]
    grids = NetworkGrid(Grid(shape, image, (3.0, -5.0, 7.0), direction), network)
    to_network = np.linalg.inv(grids.grid.index_to_world) @ grids.image.index_to_world
    (tile,) = tiles_of(grids.shape, grids.shape)
    box = grids.owned(tile)
    assert box.slices == tuple(slice(0, size) for size in shape)
    for axis, places in enumerate(grids.places(box, tile)):
        index = np.zeros((4, shape[axis]))
        index[2 - axis], index[3] = np.arange(shape[axis]), 1
        exact = (to_network @ index)[2 - axis]
        np.testing.assert_allclose(places, np.clip(exact, 0, grids.shape[axis] - 1), atol=1e-5)
        # No voxel of the image is further than a voxel of the coarser grid from where the network reads.
        coarser = max(1.0, grids.axes[axis].step) / grids.axes[axis].step
        assert np.abs(places - exact).max() <= coarser


@settings(max_examples=40)
@given(
    shape=st.tuples(sizes, sizes, sizes),
    network=spacings,
    patch=st.sampled_from([(4, 4, 4), (6, 5, 8)]),
    overlap=st.sampled_from([0.0, 0.25, 0.6]),
)
def test_every_voxel_of_the_image_is_owned_once_and_seen_where_it_is_owned(
    shape: tuple[int, int, int], network: tuple[float, float, float], patch: tuple[int, int, int], overlap: float
) -> None:
    grids = NetworkGrid(Grid(shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), network)
    count = np.zeros(shape, int)
    for tile in tiles_of(grids.shape, patch, overlap):
        owned = grids.owned(tile)
        count[owned.slices] += 1
        if 0 in np.subtract(owned.stop, owned.start):
            continue
        assert grids.seen(tile).holds(owned)
        for places, size in zip(grids.places(owned, tile), patch, strict=True):
            assert places.min() >= -0.5
            assert places.max() <= size - 0.5
    assert (count == 1).all()
