"""Levels that a few pixels alone make white, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.gray_range import few_at_white, range_of


def speckle(kind: str, white: float) -> np.ndarray:
    """1,000 pixels from black to white."""
    return np.linspace(0, white, 1000).astype(kind).reshape(10, 100)


@pytest.mark.parametrize(("kind", "white", "hot"), [("u2", 4095, 65535), ("u2", 1000, 20000), ("f4", 1.0, 100.0)])
def test_one_hot_pixel_is_told(kind: str, white: float, hot: float) -> None:
    pixels = speckle(kind, white)
    assert few_at_white(pixels, range_of(pixels)) is None
    pixels[3, 3] = hot
    assert few_at_white(pixels, range_of(pixels)) == (1, white)


@pytest.mark.parametrize(("kind", "white"), [("u1", 255), ("u2", 255), ("u2", 65535), ("f4", 1.0), ("f4", 255.0)])
def test_an_ordinary_image_is_not(kind: str, white: float) -> None:
    pixels = speckle(kind, white)
    assert few_at_white(pixels, range_of(pixels)) is None


def test_many_bright_pixels_are_the_image() -> None:
    pixels = speckle("u2", 1000)
    pixels[0, :20] = 60000
    assert few_at_white(pixels, range_of(pixels)) is None
