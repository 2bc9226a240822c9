"""A mask lies on its image in every reader: formats × orientations × units × types, by writers of others.

Files are written by SimpleITK and nibabel, read and segmented (here: thresholded) by edge-sdk, and compared by
SimpleITK and nibabel.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from nibabel.eulerangles import euler2mat

from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.seg_nrrd import write_segmentation
from tests.edge_sdk.volume.independent_readers import (
    RAS_TO_LPS,
    by_nibabel,
    by_simpleitk,
    geometry_bytes,
    written_by_simpleitk,
)

FORMATS = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr")
SHAPE, SPACING, ORIGIN = (3, 4, 5), (0.3, 0.7, 2.5), (-31.5, 12.25, 107.0)
TYPES = (np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.float32, np.float64)
OBLIQUE = euler2mat(0.3, -0.2, 0.5)
ORIENTATIONS = [
    np.eye(3)[:, order] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]
"""All 48 ways to lay three axes along the patient's; half of them are left-handed."""


def directions() -> list[Any]:
    straight = [pytest.param(axes, id=f"straight-{index}") for index, axes in enumerate(ORIENTATIONS)]
    return straight + [pytest.param(OBLIQUE @ axes, id=f"oblique-{index}") for index, axes in enumerate(ORIENTATIONS)]


def voxels_of(kind: type) -> np.ndarray:
    return np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(kind)


def place_of(direction: np.ndarray) -> np.ndarray:
    place = np.eye(4)
    place[:3, :3], place[:3, 3] = direction * SPACING, ORIGIN
    return place


def masked(image: Volume) -> Volume:
    return image.with_voxels(image.voxels > 20)


def assert_masks_lie_on(image: Path, folder: Path) -> None:
    """Masks in every format lie where SimpleITK, and for NIfTI nibabel, see the image."""
    volume = read_volume(image)
    _, wanted = by_simpleitk(image)
    for suffix in FORMATS:
        path = folder / f"mask{suffix}"
        write_volume(masked(volume), path)
        voxels, found = by_simpleitk(path)
        np.testing.assert_array_equal(voxels, volume.voxels > 20)
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-5)
    write_segmentation(masked(volume), {1: "lesion"}, folder / "mask.seg.nrrd")
    np.testing.assert_allclose(by_simpleitk(folder / "mask.seg.nrrd")[1], wanted, rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize("direction", directions())
def test_every_orientation_is_read_as_simpleitk_wrote_it(tmp_path: Path, direction: np.ndarray) -> None:
    given, place = voxels_of(np.int16), place_of(direction)
    for suffix in FORMATS:
        path = written_by_simpleitk(tmp_path / f"v{suffix}", given, Grid(SHAPE, SPACING, ORIGIN, direction))
        read = read_volume(path)
        np.testing.assert_array_equal(read.voxels, given)
        np.testing.assert_allclose(read.grid.index_to_world, place, atol=2e-5)
        assert read.grid.nominal_spacing == SPACING
        assert read.located
        assert read.warnings == ()
        assert read.grid.voxel_ml == pytest.approx(0.3 * 0.7 * 2.5 / 1000, rel=1e-5)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("index", range(0, 48, 7))
def test_masks_lie_on_an_image_of_every_format(tmp_path: Path, suffix: str, index: int) -> None:
    grid = Grid(SHAPE, SPACING, ORIGIN, OBLIQUE @ ORIENTATIONS[index])
    assert_masks_lie_on(written_by_simpleitk(tmp_path / f"v{suffix}", voxels_of(np.float32), grid), tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_voxels_is_read_as_simpleitk_wrote_it(tmp_path: Path, suffix: str, kind: type) -> None:
    path = written_by_simpleitk(tmp_path / f"v{suffix}", voxels_of(kind), Grid(SHAPE, SPACING, ORIGIN))
    read = read_volume(path)
    assert read.voxels.dtype == kind
    np.testing.assert_array_equal(read.voxels, voxels_of(kind))


@pytest.mark.parametrize("direction", directions())
def test_a_mask_of_a_nifti_image_has_its_fields(tmp_path: Path, direction: np.ndarray) -> None:
    case = int(np.abs(direction[0] * 1000).sum())  # spreads units, codes and byte orders over the orientations
    for version, units, codes, order in [
        ((nibabel.Nifti1Image, nibabel.Nifti2Image)[(case + n) % 2], n, codes, "<>"[(case + n // 2) % 2])
        for n, codes in enumerate(((1, 1), (0, 1), (1, 0), (2, 4)))
    ]:
        header = version.header_class(endianness=order)
        header.set_data_dtype(np.int16)
        affine = RAS_TO_LPS @ place_of(direction)
        affine[:3] /= {1: 1000.0, 3: 0.001}.get(units, 1.0)
        image = version(voxels_of(np.int16).T, None, header)
        image.header.set_sform(affine, codes[1])
        image.header.set_qform(affine, codes[0])
        image.header["xyzt_units"] = units + 8
        nibabel.save(image, tmp_path / "v.nii.gz")
        read = read_volume(tmp_path / "v.nii.gz")
        np.testing.assert_array_equal(read.voxels, voxels_of(np.int16))
        np.testing.assert_allclose(read.grid.index_to_world, place_of(direction), rtol=2e-6, atol=3e-5)
        write_volume(masked(read), tmp_path / "m.nii.gz")
        assert geometry_bytes(tmp_path / "m.nii.gz") == geometry_bytes(tmp_path / "v.nii.gz")
        labels, place = by_nibabel(tmp_path / "m.nii.gz")
        np.testing.assert_array_equal(labels, voxels_of(np.int16) > 20)
        np.testing.assert_array_equal(place, by_nibabel(tmp_path / "v.nii.gz")[1])
        if units == 1 and version is nibabel.Nifti1Image:  # SimpleITK 2.4 reads no NIfTI-2
            assert_masks_lie_on(tmp_path / "v.nii.gz", tmp_path)


def test_fields_are_dropped_with_the_grid_that_they_give(tmp_path: Path) -> None:
    path = written_by_simpleitk(tmp_path / "v.nii", voxels_of(np.float32), Grid(SHAPE, SPACING, ORIGIN, OBLIQUE))
    read = read_volume(path)
    cropped = Grid((2, 4, 5), SPACING, tuple((read.grid.index_to_world @ (0, 0, 1, 1))[:3]), read.grid.direction)
    turned = Grid(SHAPE, SPACING, ORIGIN, -read.grid.direction)
    for other in (
        replace(read, grid=Grid(SHAPE, (1.0, 1.0, 1.0), ORIGIN, OBLIQUE)),
        replace(read, voxels=read.voxels[1:], grid=cropped),
        replace(read, voxels=read.voxels[::-1], grid=turned),
    ):
        assert other.own_file_geometry is None
        write_volume(other, tmp_path / "m.nii")
        np.testing.assert_allclose(by_simpleitk(tmp_path / "m.nii")[1], other.grid.index_to_world, atol=2e-5)
        np.testing.assert_allclose(by_nibabel(tmp_path / "m.nii")[1], other.grid.index_to_world, atol=2e-5)
    assert read.own_file_geometry is not None
