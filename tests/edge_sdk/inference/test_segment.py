"""Masks of whole volumes, with a network whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import FileFormatError, GeometryError, PackageError
from edge_sdk.inference.segment import segment
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.fakes import FakeSession, manifest, tile_labels


def volume(shape: tuple[int, int, int], spacing: float = 1.0) -> Volume:
    """Dark, with a bright ball in the middle."""
    center = (np.array(shape) - 1) / 2
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    radius = np.sqrt((z - center[0]) ** 2 + (y - center[1]) ** 2 + (x - center[2]) ** 2) * spacing
    voxels = np.where(radius < 6.0, 255, 20).astype(np.uint8)
    return Volume(voxels, Grid(shape, (spacing,) * 3, (1.0, 2.0, 3.0)))


def dice(one: np.ndarray, two: np.ndarray) -> float:
    return float(2 * (one & two).sum() / (one.sum() + two.sum()))


@pytest.mark.parametrize("shape", [(16, 16, 16), (40, 33, 20), (7, 30, 50), (9, 9, 9)])
def test_bright_is_found_whatever_the_size(shape: tuple[int, int, int]) -> None:
    scan = volume(shape)
    mask = segment(FakeSession("alpha", 0.0), scan, manifest())
    assert mask.voxels.dtype == np.uint8
    assert mask.grid == scan.grid
    assert dice(mask.voxels > 0, scan.voxels > 128) > 0.85


def test_result_does_not_depend_on_the_order_of_tiles() -> None:
    scan = volume((40, 33, 20))
    session, said = FakeSession("alpha", 0.0), manifest()
    segmenter = VolumeSegmenter(session, said)
    mask = np.full(scan.grid.shape, 9, np.uint8)
    for tile in reversed(segmenter.tiles(scan.grid.shape)):
        mask[tile.owned.slices] = tile_labels(segmenter, scan.voxels, tile)
    np.testing.assert_array_equal(mask, segment(session, scan, said).voxels)


@pytest.mark.parametrize("spacing", [0.5, 1.6])
def test_other_spacings_come_back_on_their_own_grid(spacing: float) -> None:
    scan = volume((round(30 / spacing),) * 3, spacing)
    mask = segment(FakeSession("alpha", 0.0), scan, manifest())
    assert mask.voxels.shape == scan.grid.shape
    assert mask.grid is scan.grid
    assert dice(mask.voxels > 0, scan.voxels > 128) > 0.85


def test_progress_counts_every_tile() -> None:
    seen: list[tuple[int, int]] = []
    segment(FakeSession("alpha", 0.0), volume((32, 32, 32)), manifest(), progress=lambda i, n, _: seen.append((i, n)))
    assert seen == [(i, len(seen)) for i in range(1, len(seen) + 1)]


def test_bad_volumes_are_one_line() -> None:
    session, said = FakeSession("alpha", 0.0), manifest()
    scan = volume((16, 16, 16))
    with pytest.raises(FileFormatError, match="not finite"):
        segment(session, scan.with_voxels(np.full((16, 16, 16), np.nan)), said)
    with pytest.raises(GeometryError, match="expected D×H×W"):
        segment(session, scan.with_voxels(np.zeros((16, 16, 16, 3))), said)
    with pytest.raises(GeometryError, match="2 channels"):
        segment(session, scan, manifest(in_channels=2))
    with pytest.raises(GeometryError, match="the manifest says"):
        segment(session, scan, manifest(labels={0: "a", 1: "b", 2: "c"}))
    with pytest.raises(PackageError, match="no manifest"):
        segment(session, scan)
