from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stream.outlets.viewer.outlines import outlines


def filled(rings, shape, finer=8):
    """Pixels whose center lies inside, by OpenCV's even-odd polygon filling on a finer grid."""
    canvas = np.zeros((shape[0] * finer, shape[1] * finer), np.uint8)
    polygons = [np.rint((np.reshape(ring, (-1, 1, 2)) + 0.5) * finer - 0.5).astype(np.int32) for ring in rings]
    cv2.fillPoly(canvas, polygons, 1)
    return canvas[finer // 2 :: finer, finer // 2 :: finer]


def test_background_has_no_outline():
    assert outlines(np.zeros((5, 7), np.uint8)) == []


def test_a_disc_is_outlined_at_its_radius():
    y, x = np.mgrid[:80, :100]
    (one,) = outlines((np.hypot(x - 60, y - 30) <= 20).astype(np.uint8) * 3)
    assert one.label == 3
    (ring,) = one.rings
    radius = np.hypot(*(np.reshape(ring, (-1, 2)) - (60, 30)).T)
    assert radius.min() > 19
    assert radius.max() < 21


def test_a_hole_stays_open_and_labels_stay_apart():
    labels = np.zeros((40, 40), np.uint8)
    labels[5:35, 5:35] = 1
    labels[15:25, 15:25] = 2
    found = {one.label: filled(one.rings, labels.shape) for one in outlines(labels)}
    assert found[1][20, 20] == 0
    assert found[1][10, 10] == 1
    assert found[2][20, 20] == 1


@given(st.integers(0, 8), st.integers(0, 6))
def test_a_single_pixel_anywhere_is_seen(column, row):
    labels = np.zeros((7, 9), np.uint8)
    labels[row, column] = 1
    (one,) = outlines(labels)
    assert np.reshape(one.rings, (-1, 2)).mean(0) == pytest.approx((column, row), abs=0.01)


@given(st.integers(0, 2**32 - 1))
def test_polygons_cover_what_the_mask_covers(seed):
    noise = np.random.default_rng(seed).normal(size=(48, 64)).astype(np.float32)
    labels = (cv2.GaussianBlur(noise, None, 4) > 0.02).astype(np.uint8)
    drawn = sum((filled(one.rings, labels.shape) for one in outlines(labels)), np.zeros_like(labels))
    assert np.mean(drawn != labels) < 0.06
