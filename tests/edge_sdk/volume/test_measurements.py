"""Measurements against analytic values and against ITK's label statistics."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.measurements import ClassMeasurements, measurements

PACKAGE = {"name": "toy"}
LABELS = {0: "background", 1: "vessel", 2: "cyst"}


def measured(mask: Volume, seen: np.ndarray | None = None) -> dict[str, ClassMeasurements]:
    return measurements(mask, LABELS, package=PACKAGE, seen=seen).classes


def cuboid() -> Volume:
    labels = np.zeros((10, 12, 14), np.uint8)
    labels[2:5, 3:7, 4:9] = 1
    return Volume(labels, Grid(labels.shape, (0.5, 1.0, 2.0), (10.0, 20.0, 30.0)))


def test_a_cuboid_by_hand() -> None:
    vessel = measured(cuboid())["vessel"]
    assert vessel.voxels == 60
    assert vessel.volume_ml == pytest.approx(0.06)
    assert vessel.centroid_mm == [10 + 6 * 0.5, 20 + 4.5, 30 + 3 * 2.0]
    assert vessel.extent_mm == [2.5, 4.0, 6.0]
    assert vessel.box_mm == [[11.75, 22.5, 33.0], [14.25, 26.5, 39.0]]
    assert vessel.equivalent_sphere_diameter_mm == pytest.approx(2 * (60 * 3 / (4 * np.pi)) ** (1 / 3), abs=1e-4)
    assert (vessel.unseen_voxels, vessel.faces_on_unseen_share, vessel.cut_off) == (0, 0.0, False)


def test_what_reaches_the_unseen_is_cut_off() -> None:
    mask, seen = cuboid(), np.ones((10, 12, 14), bool)
    seen[:, :, 9:] = False  # right behind the cuboid, on one of its sides of 3 × 4 voxels
    vessel = measured(mask, seen)["vessel"]
    assert vessel.faces_on_unseen_share == pytest.approx(12 / (2 * (12 + 15 + 20)), abs=1e-4)
    assert (vessel.unseen_voxels, vessel.cut_off) == (0, True)
    seen[:, :, 8:] = False
    assert measured(mask, seen)["vessel"].unseen_voxels == 12
    far = np.ones_like(seen)
    far[0] = False
    assert not measured(mask, far)["vessel"].cut_off


def test_what_reaches_the_grids_border_is_cut_off() -> None:
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[0, 1, 1] = 1
    labels[2, 2, 2] = 2
    classes = measured(Volume(labels, Grid(labels.shape, (1, 1, 1), (0, 0, 0))))
    assert classes["vessel"].faces_on_unseen_share == pytest.approx(1 / 6, abs=1e-4)
    assert classes["vessel"].cut_off
    assert not classes["cyst"].cut_off


def test_an_absent_class_has_no_place_and_the_whole_is_json() -> None:
    content = measurements(cuboid(), LABELS, package=PACKAGE).as_json()
    assert list(content["classes"]) == ["vessel", "cyst"]
    cyst = content["classes"]["cyst"]
    assert (cyst["label"], cyst["voxels"], cyst["volume_ml"], cyst["centroid_mm"], cyst["cut_off"]) == (
        2, 0, 0.0, None, None,
    )  # fmt: skip
    assert cyst.keys() == content["classes"]["vessel"].keys()
    assert content["schema"] == 1
    assert content["units"]["length"] == "mm"
    assert content["package"] == PACKAGE
    assert json.loads(json.dumps(content, allow_nan=False)) == content


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    shape=st.tuples(*3 * [st.integers(1, 6)]),
    spacing=st.tuples(*3 * [st.floats(0.1, 5)]),
    mirrored=st.booleans(),
)
def test_volume_centroid_and_size_are_those_of_itk(
    seed: int, shape: tuple[int, int, int], spacing: tuple[float, float, float], mirrored: bool
) -> None:
    rng = np.random.default_rng(seed)
    direction, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    direction *= np.sign(np.linalg.det(direction)) * (-1 if mirrored else 1)
    grid = Grid(shape, spacing, tuple(rng.uniform(-100, 100, 3)), direction)
    labels = rng.integers(0, 3, shape).astype(np.uint8)
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing(spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(direction.ravel())
    shapes = SimpleITK.LabelShapeStatisticsImageFilter()
    shapes.Execute(image)
    for name, found in measured(Volume(labels, grid)).items():
        label = found.label
        if not shapes.HasLabel(label):
            assert found.voxels == 0, name
            continue
        assert found.voxels == shapes.GetNumberOfPixels(label)
        assert found.volume_ml == pytest.approx(shapes.GetPhysicalSize(label) / 1000, abs=1e-6)
        assert found.centroid_mm == pytest.approx(shapes.GetCentroid(label), abs=1e-3)
        diameter = 2 * shapes.GetEquivalentSphericalRadius(label)
        assert found.equivalent_sphere_diameter_mm == pytest.approx(diameter, abs=1e-3)
        assert found.box_mm == pytest.approx(corners_of(labels == label, grid), abs=1e-3)


def corners_of(inside: np.ndarray, grid: Grid) -> np.ndarray:
    """Lower and upper corner of all eight corners of all voxels."""
    z, y, x = np.nonzero(inside)
    centers = np.stack([x, y, z], 1)
    corners = np.concatenate([centers + np.array(step) - 0.5 for step in np.ndindex(2, 2, 2)])
    world = corners @ grid.index_to_world[:3, :3].T + grid.index_to_world[:3, 3]
    return np.array([world.min(0), world.max(0)])
