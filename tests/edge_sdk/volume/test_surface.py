"""Surfaces hold the volume that the mask holds, where the mask has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from edge_sdk.errors import EdgeSdkError
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.surface import write_surfaces

GRID = Grid((40, 36, 30), (0.5, 0.5, 0.8), (10.0, -20.0, 5.0))


def ball(radius_mm: float) -> tuple[Volume, np.ndarray]:
    """A ball of label 2 in the middle of the grid, and its center."""
    d, h, w = np.indices(GRID.shape)
    points = np.stack([w, h, d, np.ones_like(d)]).reshape(4, -1)
    world = (GRID.index_to_world @ points)[:3].T
    center = world.mean(0)
    inside = np.linalg.norm(world - center, axis=1) <= radius_mm
    return Volume((2 * inside).astype(np.uint8).reshape(GRID.shape), GRID), center


def test_a_ball_has_its_volume_place_and_a_closed_surface(tmp_path: Path) -> None:
    mask, center = ball(6.0)
    written = write_surfaces(mask, {0: "background", 1: "cyst", 2: "Left vessel (wall)"}, tmp_path / "s.stl")
    assert written == {"Left vessel (wall)": tmp_path / "s-left-vessel-wall.stl"}
    mesh = trimesh.load_mesh(written["Left vessel (wall)"])
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.03)
    assert mesh.area == pytest.approx(4 * np.pi * 6**2, rel=0.06)
    np.testing.assert_allclose(mesh.center_mass, center, atol=0.05)


def test_what_reaches_the_border_is_closed(tmp_path: Path) -> None:
    mask = Volume(np.ones(GRID.shape, np.uint8), GRID)
    mesh = trimesh.load_mesh(write_surfaces(mask, {1: "all"}, tmp_path / "s.stl")["all"])
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(mask.voxels.size * 0.5 * 0.5 * 0.8, rel=0.03)


def test_a_mirrored_grid_keeps_its_outside_outside(tmp_path: Path) -> None:
    mirrored = Grid(GRID.shape, GRID.spacing, GRID.origin, np.diag([-1.0, 1.0, 1.0]))
    mask, _ = ball(5.0)
    mesh = trimesh.load_mesh(write_surfaces(Volume(mask.voxels, mirrored), {2: "b"}, tmp_path / "s.stl")["b"])
    assert mesh.volume > 0


def test_the_header_says_in_which_frame_it_is(tmp_path: Path) -> None:
    mask, center = ball(5.0)
    content = write_surfaces(mask, {2: "b"}, tmp_path / "s.stl")["b"].read_bytes()
    assert b"SPACE=LPS" in content[:80]
    assert not content.startswith(b"solid"), "readers would take it for text"
    assert len(content) == 84 + 50 * int.from_bytes(content[80:84], "little")
    # LPS as it is in the grid: neither x nor y is turned.
    assert trimesh.load_mesh(tmp_path / "s-b.stl").center_mass == pytest.approx(center, abs=0.05)


def test_each_class_has_a_file_of_its_own_whatever_its_name(tmp_path: Path) -> None:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[5:9], labels[12:16], labels[20:24] = 1, 2, 3
    written = write_surfaces(Volume(labels, GRID), {1: "a b", 2: "A-B", 3: "肝"}, tmp_path / "s.stl")
    assert [path.name for path in written.values()] == ["s-a-b-1.stl", "s-a-b-2.stl", "s-3.stl"]
    assert len({trimesh.load_mesh(path).center_mass[2].round() for path in written.values()}) == 3


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgeSdkError, match="is not a name of a surface"):
        write_surfaces(ball(3.0)[0], {2: "b"}, tmp_path / "s.obj")
