from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion, Fan


def mask(segments, width):
    columns = np.arange(width)
    return np.array([((a <= columns) & (columns < b)) | ((c <= columns) & (columns < d)) for a, b, c, d in segments])


def test_whole_image_without_region():
    assert mask(ClipRegion().segments((3, 5)), 5).all()


def test_rectangle_includes_the_pixel_at_origin_plus_size():
    kept = mask(ClipRegion((2, 1), (3, 2)).segments((6, 8)), 8)
    rows, columns = np.nonzero(kept)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1, 3, 2, 5)


def test_rectangle_outside_the_image_is_refused():
    with pytest.raises(GeometryError, match="ClipRectangleOrigin"):
        ClipRegion((100, 0), (10, 10)).segments((20, 20))


def test_fan_lies_inside_its_analytic_sector_and_misses_only_its_rim():
    fan = Fan((-40, 35), (100.0, 10.0), (30, 150))
    kept = mask(ClipRegion(fan=fan).segments((180, 220)), 220)
    y, x = np.mgrid[:180, :220]
    radius = np.hypot(x - 100, y - 10)
    angle = np.degrees(np.arctan2(x - 100, y - 10))
    sector = (angle >= -40) & (angle <= 35) & (radius >= 30) & (radius <= 150)
    rim = 2.0
    near_rim = (abs(radius - 30) < rim) | (abs(radius - 150) < rim)
    for limit in (-40, 35):
        near_rim |= abs(radius * np.sin(np.radians(angle - limit))) < rim
    assert not (kept & ~sector & ~near_rim).any()
    assert not (sector & ~kept & ~near_rim).any()
    assert kept.sum() > 0.9 * sector.sum()


def test_edge_at_45_degrees_does_not_hang_on_the_last_bit():
    rows = ClipRegion(fan=Fan((-45, 45), (380.0, 20.0), (0, 1000))).segments((300, 820))
    depth = np.arange(21, 300) - 20
    np.testing.assert_array_equal(rows[21:, 0], 381 - depth)
    np.testing.assert_array_equal(rows[21:, 1], np.maximum(380 + depth, 381 - depth))
