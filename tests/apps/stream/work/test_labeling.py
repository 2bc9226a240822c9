"""Labels that are carried over into a larger volume."""

from __future__ import annotations

import numpy as np
import pytest

from apps.stream.work.labeling import Labeling
from edge_sdk.volume.grid import Grid


@pytest.mark.parametrize("offset", [(0, 0, 0), (2, 1, 0), (2, 1, 3)])
def test_labels_stay_where_they_are_in_the_world(offset: tuple[int, int, int]) -> None:
    grid = Grid((2, 3, 4), (1.0, 1.0, 1.0), (5.0, 6.0, 7.0))
    z, y, x = offset
    larger = Grid((4, 4, 7), (1.0, 1.0, 1.0), (5.0 - x, 6.0 - y, 7.0 - z))
    labels = np.arange(1, 25, dtype=np.uint8).reshape(2, 3, 4)
    before = Labeling(labels, grid)
    now = before.grown(larger, offset)
    assert now.labels.shape == larger.shape
    assert np.array_equal(now.labels[z : z + 2, y : y + 3, x : x + 4], labels)
    assert now.labels.sum() == labels.sum()
    assert now.grid is larger
    assert before.labels is labels  # who reads it goes on reading what it was
