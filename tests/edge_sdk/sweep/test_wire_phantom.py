from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import PlusConfig, Wire
from edge_sdk.sweep.wire_phantom import WireInWorld, rasterize_wires, wires_in_world
from edge_sdk.volume.grid import Grid


def wire(front, back):
    return WireInWorld("w", np.array(front, float), np.array(back, float))


def test_distance_and_offset_end_at_the_end_points():
    given = wire((0, 0, 0), (10, 0, 0))
    points = np.array([[5, 3, 4], [-3, 0, 4], [12, 0, 0]])
    np.testing.assert_allclose(given.distance(points), [5, 5, 2])
    np.testing.assert_allclose(given.offset(points), [[0, 3, 4], [-3, 0, 4], [2, 0, 0]])
    np.testing.assert_allclose(given.moved(np.array([0, 3, 4])).distance(points), [0, np.sqrt(18), np.sqrt(29)])


def test_centerline_is_dense_and_reaches_both_ends():
    points = wire((1, 2, 3), (1, 2, 13)).centerline(0.3)
    np.testing.assert_allclose(points[[0, -1]], [[1, 2, 3], [1, 2, 13]])
    assert (np.linalg.norm(np.diff(points, axis=0), axis=1) <= 0.3).all()


def test_a_rasterized_wire_has_the_volume_of_a_capsule_and_lies_where_it_should():
    direction, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    grid = Grid((70, 80, 90), (0.2, 0.25, 0.3), (-3.0, 4.0, 5.0), direction)
    center = np.array(grid.origin) + direction @ (np.array(grid.spacing) * (45, 40, 35))
    along = np.array([1.0, 2.0, -0.5])
    along *= 6 / np.linalg.norm(along)
    given = WireInWorld("w", center - along / 2, center + along / 2)
    labels = rasterize_wires([given], grid, 1.5)
    capsule = np.pi * 1.5**2 * 6 + 4 / 3 * np.pi * 1.5**3
    assert labels.voxels.sum() * grid.voxel_ml * 1000 == pytest.approx(capsule, rel=0.02)
    index = np.argwhere(labels.voxels)[:, ::-1]
    points = index @ grid.index_to_world[:3, :3].T + grid.origin
    assert given.distance(points).max() <= 1.5
    np.testing.assert_allclose(points.mean(0), center, atol=0.05)


def test_wires_outside_the_grid_leave_it_empty():
    labels = rasterize_wires([wire((100, 100, 100), (200, 0, 0))], Grid((4, 5, 6), (1, 1, 1), (0, 0, 0)), 1)
    assert labels.voxels.shape == (4, 5, 6)
    assert not labels.voxels.any()


def test_wires_are_taken_through_the_transforms():
    to_reference = np.array([[0, -1, 0, 10], [1, 0, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1.0]])
    config = PlusConfig({"PhantomToReference": to_reference}, wires=(Wire("a", (1, 0, 0), (0, 2, 0)),))
    (given,) = wires_in_world(config)
    np.testing.assert_allclose([given.front, given.back], [[10, 21, 30], [8, 20, 30]])
    with pytest.raises(PoseError, match="PhantomDefinition"):
        wires_in_world(PlusConfig())
