"""The way from the image to the world, composed for all frames at once."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.sweep.sanity.alternatives import links, mirrored, wrong_directions, wrong_units
from tests.edge_sdk.sweep.sanity.tissue import SHAPE, sweep_through_tissue


@pytest.fixture(scope="module")
def case():
    return sweep_through_tissue()


def test_undoing_an_inversion_gives_the_right_poses(case):
    right = case.poses().matrices
    for names in (["ProbeToTracker"], ["ReferenceToTracker"], ["ProbeToTracker", "ReferenceToTracker"]):
        wrong = case.inverted(*names)
        chain = links(wrong.sweep, wrong.config, np.ones(len(right), bool), "Image", "Reference")
        (found,) = [each for each in wrong_directions(chain) if set(each.names) == set(names)]
        np.testing.assert_allclose(found.matrices, right, atol=1e-8)


def test_undoing_a_unit_gives_the_right_poses(case):
    right = case.poses().matrices
    wrong = case.translated(1e-3)
    chain = links(wrong.sweep, wrong.config, np.ones(len(right), bool), "Image", "Reference")
    (found,) = [each for each in wrong_units(chain) if "meters" in each.cause.split()]
    np.testing.assert_allclose(found.matrices, right, atol=1e-8)


def test_a_mirrored_pose_puts_the_last_pixel_where_the_first_was(case):
    right = case.poses().matrices
    last = {"left-right": (SHAPE[1] - 1, 0), "top-down": (0, SHAPE[0] - 1)}
    for each in mirrored(right, SHAPE):
        words = each.cause.split("flipped ")[1].split(" against")[0]
        x, y = last.get(words, (SHAPE[1] - 1, SHAPE[0] - 1))
        np.testing.assert_allclose(each.matrices @ (x, y, 0, 1), right @ (0, 0, 0, 1.0), atol=1e-9)
