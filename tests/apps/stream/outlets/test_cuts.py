"""Labels on planes, against scipy's nearest neighbor."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from apps.stream.outlets.cuts import labels_on_plane
from edge_sdk.volume.grid import Grid


@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    shift=st.tuples(*[st.floats(-9, 9)] * 3),
    step=st.integers(1, 4),
)
def test_any_plane_cuts_as_scipy_does(
    angles: tuple[float, float, float], shift: tuple[float, float, float], step: int
) -> None:
    labels = np.random.default_rng(3).integers(1, 5, (7, 9, 11), dtype=np.uint8)
    grid = Grid((7, 9, 11), (0.9, 1.1, 1.3), (-4.0, -5.0, -3.0))
    plane = np.eye(4)
    plane[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * 0.7
    plane[:3, 3] = shift
    found = labels_on_plane(labels, grid, plane, (13, 17), step)
    y, x = np.meshgrid(np.arange(0, 13, step), np.arange(0, 17, step), indexing="ij")
    points = np.stack([x, y, 0 * x, np.ones_like(x)]).reshape(4, -1)
    index = (np.linalg.inv(grid.index_to_world) @ plane @ points)[2::-1]
    clear = (abs(index - np.floor(index) - 0.5) > 1e-6).all(0)  # at a tie both neighbors are right
    expected = map_coordinates(labels, np.floor(index + 0.5), order=0, mode="constant", cval=0)
    assert np.array_equal(found.reshape(-1)[clear], expected[clear])
