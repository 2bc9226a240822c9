"""Shifts of blocks against shifts made by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_sdk.sweep.sanity.matching import Matcher


def texture(size: int = 160) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(3.0, -4.0), (0.5, 2.25), (-7.0, 0.0)])
def test_a_shifted_image_is_found_where_it_is(shift):
    image = texture()
    moved = cv2.warpAffine(image, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (160, 160), borderMode=2)
    # Frames between that hold other content, so that what stands still is nothing.
    others = [np.roll(image, (31 * k, 17 * k), (0, 1)) for k in range(2, 12)]
    found = Matcher(np.stack([image, moved, *others]), np.ones(12, bool)).matches([(0, 1)])
    assert len(found.at) >= 10
    np.testing.assert_allclose(np.median(found.shift, axis=0), shift, atol=0.25)


def test_an_edge_is_sharp_across_itself_only():
    edge = np.where(np.arange(160)[None] + np.zeros((160, 1)) < 78, 20, 220).astype(np.uint8)
    frames = np.stack([np.roll(edge, 3 * k, axis=1) for k in range(8)])
    found = Matcher(frames, np.ones(8, bool)).matches([(0, 1)])
    assert found.sharp[:, 0].any()
    assert not found.sharp[:, 1].any()


def test_large_frames_are_reduced_and_unusable_ones_skipped():
    image = np.kron(texture(), np.ones((4, 4), np.uint8))
    others = [np.roll(image, (31 * k, 170 * k), (0, 1)) for k in range(1, 25)]
    frames = np.stack([np.zeros_like(image), image, np.roll(image, 8, axis=1), *others])
    matcher = Matcher(frames, np.array([False] + [True] * 26))
    assert matcher.factor == 3  # 640 pixels to about 200
    found = matcher.matches([(0, 1)])
    np.testing.assert_allclose(np.median(found.shift, axis=0), (8 / 3, 0), atol=0.25)


def test_no_blocks_in_black_frames_nor_in_tiny_ones():
    for shape in ((6, 100, 100), (6, 12, 12)):
        assert len(Matcher(np.zeros(shape, np.uint8), np.ones(6, bool)).matches([(0, 1), (2, 5)]).at) == 0
