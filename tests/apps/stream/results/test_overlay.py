"""The picture: right slices, right colors, right proportions."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from apps.stream.results.overlay import UNSEEN, telling_slices, write_overlay
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.label_colors import label_color

NAMES = {0: "background", 1: "vessel", 2: "cyst"}


def rgb(color: str) -> NDArray[np.int_]:
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)])


def pixels_like(picture: NDArray[np.uint8], color: str, within: int = 12) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (np.abs(picture[..., ::-1].astype(int) - rgb(color)) <= within).all(axis=-1)
    return found


def test_slices_go_where_the_labels_are() -> None:
    labels = np.zeros((20, 30, 40), np.uint8)
    labels[4:7, 10:15, 20:30] = 1
    labels[5:6, 20:24, 30:36] = 2
    seen = np.ones(labels.shape, bool)
    z, y, x = telling_slices(labels, seen)
    assert z == 5
    assert 10 <= y < 24
    assert 20 <= x < 36
    seen[:] = False
    seen[10:13, 4:7, 30:33] = True
    assert telling_slices(labels, seen) == (11, 5, 31)


def test_the_picture_shows_labels_unseen_places_and_proportions(tmp_path: Path) -> None:
    shape = (20, 30, 40)
    gray = np.full(shape, 120, np.uint8)
    seen = np.ones(shape, bool)
    seen[:, :, :10] = False
    gray[~seen] = 0
    labels = np.zeros(shape, np.uint8)
    labels[5:15, 5:15, 15:35] = 1
    grid = Grid(shape, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    path = tmp_path / "overlay.png"
    write_overlay(path, Volume(gray, grid), Volume(labels, grid), seen, NAMES, "a title")
    picture = cv2.imread(str(path))
    assert picture is not None
    outline = pixels_like(picture, label_color(1))
    assert outline.sum() > 200
    assert pixels_like(picture, UNSEEN, 3).sum() > 1000
    # Rows and columns of the outline in the first plane: 10 mm high, 20 mm wide.
    half = outline[: picture.shape[0] // 2, : picture.shape[1] // 2]
    rows, columns = np.flatnonzero(half.any(1)), np.flatnonzero(half.any(0))
    assert abs(np.ptp(columns) / np.ptp(rows) - 2.0) < 0.1
    assert list(tmp_path.iterdir()) == [path]


def test_a_mask_without_labels_still_makes_a_picture(tmp_path: Path) -> None:
    grid = Grid((3, 50, 4), (0.3, 0.3, 0.3), (0.0, 0.0, 0.0))
    nothing = Volume(np.zeros(grid.shape, np.uint8), grid)
    write_overlay(tmp_path / "o.png", nothing, nothing, np.zeros(grid.shape, bool), NAMES, "nothing seen")
    assert cv2.imread(str(tmp_path / "o.png")) is not None
