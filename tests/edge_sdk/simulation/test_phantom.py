"""Labels of a phantom on any grid."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_sdk.errors import RecipeError
from edge_sdk.simulation.anatomy import ANATOMIES, EDGE_MM, SweptRegion, random_phantom
from edge_sdk.simulation.phantom import CYST, LESION, VESSEL, Material, Phantom, Structure
from edge_sdk.simulation.probe import probe_named
from edge_sdk.simulation.shapes import Ellipsoid, covering
from edge_sdk.volume.grid import Grid

LENGTH = 54.0


def ball(label: int, center: tuple[float, float, float], radius: float) -> Structure:
    shape = Ellipsoid(np.array(center), np.full(3, radius), np.eye(3))
    return Structure(Material(label, 0.0, 0.5), (shape,))


@pytest.mark.parametrize("turn", [(0, 0, 0), (0.5, -0.3, 1.1)])
def test_labels_equal_the_analytic_balls_on_any_grid(turn: tuple[float, float, float]) -> None:
    origin = np.array([10.0, -5.0, 30.0])
    phantom = Phantom((ball(VESSEL, (0, 4, 0), 5.0), ball(CYST, (2, 4, 0), 2.0)), origin, 0.0, 0)
    direction = np.asarray(cv2.Rodrigues(np.array(turn, float))[0])
    spacing = (0.7, 0.5, 0.9)
    middle = direction @ (np.array([39, 29, 19]) / 2 * spacing)
    start = origin - middle + np.array([1.0, 3.0, 0.0])
    grid = Grid((20, 30, 40), spacing, (start[0], start[1], start[2]), direction)
    z, y, x = np.indices(grid.shape)
    points = np.stack([x, y, z, np.ones_like(x)], axis=-1) @ grid.index_to_world.T
    inside = [
        ((points[..., :3] - origin - center) ** 2).sum(axis=-1) < r * r
        for center, r in (((0, 4, 0), 5), ((2, 4, 0), 2))
    ]
    expected = np.where(inside[1], CYST, np.where(inside[0], VESSEL, 0))
    assert (expected == CYST).sum() > 50
    assert np.array_equal(phantom.labels(grid), expected)


def test_a_body_outside_the_grid_leaves_no_trace() -> None:
    phantom = Phantom((ball(CYST, (100, 0, 0), 5.0),), np.zeros(3), 0.0, 0)
    assert not phantom.labels(Grid((5, 5, 5), (1, 1, 1), (0, 0, 0))).any()


@pytest.mark.parametrize("probe", ["convex", "linear"])
@pytest.mark.parametrize("anatomy", list(ANATOMIES))
def test_bodies_lie_inside_the_beams_and_do_not_overlap(anatomy: str, probe: str) -> None:
    region = SweptRegion(probe_named(probe), LENGTH)
    grid = Grid((80, 70, 90), (1.0, 1.0, 1.0), (-45.0, -5.0, -40.0))
    for seed in range(8):
        phantom = random_phantom(anatomy, region, np.zeros(3), seed)
        labels = [structure.material.label for structure in phantom.structures]
        wanted = {VESSEL, CYST, LESION} if anatomy == "vascular" else {CYST, LESION}
        assert wanted <= set(labels)
        # The wall holds the lumen; all else is apart.
        bodies = [s for s in phantom.structures if s.material.label != VESSEL]
        count = sum((replace(phantom, structures=(body,)).materials(grid) for body in bodies), np.zeros(grid.shape))
        assert np.max(count) == 1
        for body in phantom.structures:
            if body.material.label in (CYST, LESION):
                assert region.margin(covering(body.shapes)) >= EDGE_MM


def test_the_same_seed_gives_the_same_anatomy() -> None:
    region, grid = SweptRegion(probe_named("convex"), LENGTH), Grid((30, 30, 30), (2, 2, 2), (-30, 0, -30))
    first, again, other = (random_phantom("vascular", region, np.zeros(3), s).labels(grid) for s in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_unknown_anatomy_names_those_that_exist() -> None:
    with pytest.raises(RecipeError, match=r"'heart'.*vascular, cysts"):
        random_phantom("heart", SweptRegion(probe_named("convex"), LENGTH), np.zeros(3), 0)


def test_a_region_too_small_is_refused() -> None:
    with pytest.raises(RecipeError, match="do not fit"):
        random_phantom("cysts", SweptRegion(probe_named("convex"), 10.0), np.zeros(3), 0)
