"""A small oblique volume with its mask, written as DICOM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sdk.volume.dicom.files import write_dicom
from edge_sdk.volume.grid import Grid, Volume

LABELS = {0: "background", 1: "vessel", 2: "Cyst", 3: "odd\\name " + 70 * "x"}


def oblique(shape: tuple[int, int, int] = (5, 7, 9), *, mirrored: bool = False) -> Grid:
    direction, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    direction *= np.sign(np.linalg.det(direction)) * (-1 if mirrored else 1)
    return Grid(shape, (0.5, 0.7, 1.1), (1.5, -20.0, 3.25), direction)


@dataclass(frozen=True)
class Written:
    volume: Volume
    mask: Volume
    mask_path: Path
    volume_path: Path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Written]:
    def make(grid: Grid | None = None, kind: Any = np.uint8, **options: Any) -> Written:
        grid = grid or oblique()
        rng = np.random.default_rng(0)
        volume = Volume(rng.integers(0, 200, grid.shape).astype(kind), grid)
        labels = rng.integers(0, 4, grid.shape).astype(np.uint8)
        labels[:1] = labels[-2:] = 0  # frames without anything
        mask = Volume(labels, grid)
        paths = tmp_path / "mask.dcm", tmp_path / "volume.dcm"
        write_dicom(volume, mask, LABELS, *paths, **{"algorithm": "phantom-s-int8", **options})
        return Written(volume, mask, *paths)

    return make
