"""Volumes whose headers are not plain: right values are those of other readers."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import nibabel
import numpy as np
import pytest
import SimpleITK
import trimesh
from nibabel.eulerangles import euler2mat

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.files import read_volume
from edge_sdk.volume.grid import Grid
from tests.apps.commands_fixtures import failure, run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package
from tests.edge_sdk.volume.independent_readers import by_nibabel, by_simpleitk, geometry_bytes, written_by_simpleitk

SIZE = 20
OBLIQUE = np.diag([1.0, 1.0, 1.0, 1.0])
OBLIQUE[:3, :3], OBLIQUE[:3, 3] = euler2mat(0.2, -0.4, 0.3), (-40.0, 25.0, 60.0)
SHIFTED = np.diag([1.0, 1.0, 1.0, 1.0])
SHIFTED[:3, 3] = 30, -20, 10
Segmenting = Callable[..., dict[str, Any]]


@pytest.fixture
def segmenting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Segmenting:
    """`segment IMAGE -o MASK` with a network that marks what is bright."""
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", missing="beta is not installed; pip install x"))
    package = toy_package(tmp_path / "toy.edgepkg")

    def segment(image: Path, mask: Path, *options: object) -> dict[str, Any]:
        printed: dict[str, Any] = run_json("segment", image, "--package", package, "-o", mask, *options)
        return printed

    return segment


def bright_half() -> np.ndarray:
    voxels = np.zeros((SIZE, SIZE, SIZE), np.uint8)
    voxels[: SIZE // 2] = 255
    return voxels


def nifti(
    path: Path, qform: np.ndarray, qform_code: int, sform: np.ndarray, sform_code: int, units: int = 2, **fields: Any
) -> Path:
    image = nibabel.Nifti1Image(bright_half().T, None)
    image.header.set_qform(qform, qform_code)
    image.header.set_sform(sform, sform_code)
    image.header["xyzt_units"] = units
    for name, value in fields.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def assert_on_image_in_every_format(image: Path, folder: Path, segmenting: Segmenting) -> None:
    """Masks in all formats lie where SimpleITK sees the image, and those in NIfTI where nibabel does."""
    wanted = by_simpleitk(image)[1]
    for suffix in (".nii.gz", ".mha", ".nrrd", ".seg.nrrd"):
        mask = folder / f"mask{suffix}"
        segmenting(image, mask)
        np.testing.assert_allclose(by_simpleitk(mask)[1], wanted, rtol=2e-6, atol=2e-5)
        if suffix.startswith(".nii"):
            assert geometry_bytes(mask) == geometry_bytes(image)
            np.testing.assert_array_equal(by_nibabel(mask)[1], by_nibabel(image)[1])


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (4, 4)])
def test_nifti_with_qform_unlike_sform(tmp_path: Path, segmenting: Segmenting, codes: tuple[int, int]) -> None:
    image = nifti(tmp_path / "v.nii.gz", SHIFTED, codes[0], OBLIQUE, codes[1])
    assert_on_image_in_every_format(image, tmp_path, segmenting)
    printed = segmenting(image, tmp_path / "m.nii.gz")
    (warning,) = printed["warnings"]
    assert "qform (code" in warning["what"]
    assert "sform (code" in warning["what"]
    status, _, stderr = run("segment", image, "--package", tmp_path / "toy.edgepkg", "-o", tmp_path / "m.nii.gz")
    assert status == 0
    assert stderr.startswith("warning: qform (code")


def test_nifti_with_sform_that_mirrors_the_qform(tmp_path: Path, segmenting: Segmenting) -> None:
    image = nifti(tmp_path / "v.nii.gz", OBLIQUE @ np.diag([-1, 1, 1, 1]), 1, OBLIQUE, 2)
    printed = segmenting(image, tmp_path / "m.nii.gz")
    assert geometry_bytes(tmp_path / "m.nii.gz") == geometry_bytes(image)
    assert "one mirrors the other" in printed["warnings"][0]["what"]


def test_nifti_with_sform_of_another_voxel_size_than_pixdim(tmp_path: Path, segmenting: Segmenting) -> None:
    image = nifti(tmp_path / "v.nii.gz", OBLIQUE, 0, OBLIQUE, 1, pixdim=[1, 1.2, 1, 1, 1, 1, 1, 1])
    assert_on_image_in_every_format(image, tmp_path, segmenting)
    assert "sform and pixdim disagree" in segmenting(image, tmp_path / "m.nii.gz")["warnings"][0]["what"]


def test_nifti_with_both_codes_0(tmp_path: Path, segmenting: Segmenting) -> None:
    image = nifti(tmp_path / "v.nii.gz", OBLIQUE, 0, OBLIQUE, 0)
    assert not read_volume(image).located
    assert_on_image_in_every_format(image, tmp_path, segmenting)
    printed = segmenting(image, tmp_path / "m.nii.gz")
    assert "does not say how the volume's axes lie" in printed["warnings"][0]["what"]


@pytest.mark.parametrize("codes", [(1, 1), (1, 0), (0, 2), (0, 0)])
@pytest.mark.parametrize(("units", "mm"), [(1, 1000.0), (2, 1.0), (3, 0.001), (0, 1.0), (1 + 16, 1000.0)])
def test_nifti_in_meters_and_micrometers(
    tmp_path: Path, segmenting: Segmenting, units: int, mm: float, codes: tuple[int, int]
) -> None:
    stored = OBLIQUE.copy()
    stored[:3] /= mm
    image = nifti(tmp_path / "v.nii.gz", stored, codes[0], stored, codes[1], units)
    assert by_simpleitk(image)[1][:3, :3] == pytest.approx(read_volume(image).grid.index_to_world[:3, :3], abs=1e-6)
    printed = segmenting(image, tmp_path / "mask.nii.gz")
    assert printed["class_ml"] == {"bright": pytest.approx(4.0, rel=0.11)}  # 20 × 20 × 10 voxels of 1 mm³
    assert_on_image_in_every_format(image, tmp_path, segmenting)


def test_nifti_marked_as_meters_by_mistake(tmp_path: Path) -> None:
    image = nifti(tmp_path / "v.nii.gz", OBLIQUE, 1, OBLIQUE, 1, 1)
    (warning,) = run_json("inspect", image)["warnings"]
    assert warning["what"] == "a voxel measures 1000 × 1000 × 1000 mm"
    assert "unit" in warning["likely_cause"]


def test_inspect_tells_codes_units_and_orientation(tmp_path: Path) -> None:
    stored = OBLIQUE.copy()
    stored[:3] /= 1000
    printed = run_json("inspect", nifti(tmp_path / "v.nii.gz", stored, 2, stored, 4, 1))
    assert printed["nifti"] == {"version": 1, "qform_code": 2, "sform_code": 4, "units": "m"}
    assert printed["orientation"] == "RAS"
    assert printed["spacing_mm"] == pytest.approx([1, 1, 1])
    assert printed["warnings"] == []


def test_nifti_with_sheared_sform(tmp_path: Path, segmenting: Segmenting) -> None:
    sheared = OBLIQUE @ np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1.5, 0], [0, 0, 0, 1]])
    image = nifti(tmp_path / "v.nii.gz", OBLIQUE, 0, sheared, 1)
    printed = segmenting(image, tmp_path / "m.nii.gz", "--measurements", tmp_path / "m.json")
    np.testing.assert_array_equal(by_nibabel(tmp_path / "m.nii.gz")[1], by_nibabel(image)[1])
    labels = read_volume(tmp_path / "m.nii.gz").voxels
    assert printed["class_ml"]["bright"] == pytest.approx(labels.sum() * 1.5 / 1000, rel=1e-5)  # determinant, not edges
    assert "not at right angles" in printed["warnings"][0]["what"]
    segmenting(image, tmp_path / "m.mha")
    np.testing.assert_allclose(by_simpleitk(tmp_path / "m.mha")[1], by_nibabel(image)[1], atol=1e-5)
    segmenting(image, tmp_path / "m.nrrd")
    np.testing.assert_allclose(by_simpleitk(tmp_path / "m.nrrd")[1], by_nibabel(image)[1], atol=1e-5)
    status, _, stderr = run("segment", image, "--package", tmp_path / "toy.edgepkg", "-o", tmp_path / "m.dcm")
    assert status == 1
    assert "not at right angles, which DICOM cannot express" in stderr
    assert not (tmp_path / "m.dcm").exists()


def test_sheared_metaimage_as_nifti(tmp_path: Path, segmenting: Segmenting) -> None:
    direction = np.array([[1, 0.6, 0], [0, 0.8, 0], [0, 0, 1.0]])
    grid = Grid((SIZE, SIZE, SIZE), (1.0, 1.0, 1.5), (5.0, 6.0, 7.0), direction)
    image = written_by_simpleitk(tmp_path / "v.mha", bright_half(), grid)
    segmenting(image, tmp_path / "m.nii.gz")
    np.testing.assert_allclose(by_nibabel(tmp_path / "m.nii.gz")[1], by_simpleitk(image)[1], atol=1e-5)
    with pytest.raises(RuntimeError, match="orthonormal"):  # SimpleITK refuses it; no qform says something else
        SimpleITK.ReadImage(str(tmp_path / "m.nii.gz"))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_oblique_and_left_handed_volumes_in_dicom_and_as_surfaces(
    tmp_path: Path, segmenting: Segmenting, suffix: str, mirrored: bool
) -> None:
    direction = OBLIQUE[:3, :3] @ np.diag([1, 1, -1 if mirrored else 1])
    grid = Grid((SIZE, SIZE, SIZE), (1.0, 1.0, 1.5), (5.0, 6.0, 7.0), direction)
    image = written_by_simpleitk(tmp_path / f"v{suffix}", bright_half(), grid)
    printed = segmenting(image, tmp_path / "m.dcm", "--surface", tmp_path / "s.stl")
    segmenting(image, tmp_path / f"m{suffix}")
    labels, place = by_simpleitk(tmp_path / f"m{suffix}")

    volume = highdicom.seg.segread(tmp_path / "m.dcm").get_volume(combine_segments=True)
    assert_same_voxels(volume.array, volume.affine @ np.eye(4)[[2, 1, 0, 3]], labels, place)

    mesh = trimesh.load(printed["surfaces"]["bright"])
    inside = np.argwhere(labels)[:, ::-1]
    corners = inside @ place[:3, :3].T + place[:3, 3]
    np.testing.assert_allclose(mesh.bounds[0], corners.min(0), atol=1.3)  # half a voxel's diagonal
    np.testing.assert_allclose(mesh.bounds[1], corners.max(0), atol=1.3)
    np.testing.assert_allclose(mesh.center_mass, corners.mean(0), atol=0.05)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(labels.sum() * 1.5, rel=0.05)  # positive: normals point outwards


def assert_same_voxels(one: np.ndarray, one_place: np.ndarray, other: np.ndarray, other_place: np.ndarray) -> None:
    """Whether the labeled voxels of two volumes lie at the same places, in whatever order they are stored."""
    found = [
        np.c_[np.argwhere(labels)[:, ::-1] @ place[:3, :3].T + place[:3, 3]].round(2)
        for labels, place in ((one, one_place), (other, other_place))
    ]
    first, second = (points[np.lexsort(points.T)] for points in found)
    np.testing.assert_allclose(first, second, atol=0.02)


def test_the_same_volume_in_every_format(tmp_path: Path, segmenting: Segmenting) -> None:
    """Resampled to the network's 1 mm, with 25 × 0.5 mm: half voxels must not round to either side."""
    voxels = np.random.default_rng(0).integers(0, 255, (25, 27, 31)).astype(np.float32)
    grid = Grid(voxels.shape, (0.3, 0.7, 0.5), (-31.5, 12.25, 107.0), OBLIQUE[:3, :3])
    masks = []
    for suffix in (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr"):
        image = written_by_simpleitk(tmp_path / f"v{suffix}", voxels, grid)
        segmenting(image, tmp_path / "m.mha")
        masks.append(by_simpleitk(tmp_path / "m.mha")[0])
    again = SimpleITK.ReadImage(str(tmp_path / "v.nii"))  # with the spacing as NIfTI rounds it
    SimpleITK.WriteImage(again, str(tmp_path / "again.mha"))
    segmenting(tmp_path / "again.mha", tmp_path / "m.mha")
    masks.append(by_simpleitk(tmp_path / "m.mha")[0])
    assert masks[0].any()
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


def test_nifti_2_and_big_endian(tmp_path: Path, segmenting: Segmenting) -> None:
    for kind, order in ((nibabel.Nifti2Image, "<"), (nibabel.Nifti2Image, ">"), (nibabel.Nifti1Image, ">")):
        header = kind.header_class(endianness=order)
        image = kind(bright_half().T, None, header)
        image.header.set_qform(OBLIQUE, 1)
        image.header.set_sform(OBLIQUE, 1)
        nibabel.save(image, tmp_path / "v.nii")
        segmenting(tmp_path / "v.nii", tmp_path / "m.nii.gz")
        assert geometry_bytes(tmp_path / "m.nii.gz") == geometry_bytes(tmp_path / "v.nii")
        assert type(nibabel.load(tmp_path / "m.nii.gz")) is kind


def test_nifti_of_one_time_point(tmp_path: Path, segmenting: Segmenting) -> None:
    nibabel.save(nibabel.Nifti1Image(bright_half().T[..., None], OBLIQUE), tmp_path / "v.nii.gz")
    segmenting(tmp_path / "v.nii.gz", tmp_path / "m.nii.gz")
    assert nibabel.load(tmp_path / "m.nii.gz").shape == (SIZE, SIZE, SIZE)
    np.testing.assert_array_equal(by_nibabel(tmp_path / "m.nii.gz")[1], by_nibabel(tmp_path / "v.nii.gz")[1])


def test_scaled_gray_levels_are_those_that_nibabel_and_simpleitk_read(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    image.header.set_slope_inter(0.5, -3)
    nibabel.save(image, tmp_path / "v.nii")
    for read in (by_nibabel, by_simpleitk):
        np.testing.assert_array_equal(read_volume(tmp_path / "v.nii").voxels, read(tmp_path / "v.nii")[0])


def several(path: Path, shape: tuple[int, ...], kind: Any = np.uint8) -> Path:
    nibabel.save(nibabel.Nifti1Image(np.zeros(shape, kind), np.eye(4)), path)
    return path


def zipped_under_the_name_of_plain(folder: Path) -> Path:
    several(folder / "v.nii.gz", (2, 3, 4)).rename(folder / "v.nii")
    return folder / "v.nii"


def plain_under_the_name_of_zipped(folder: Path) -> Path:
    shutil.move(several(folder / "v.nii", (2, 3, 4)), folder / "v.nii.gz")
    return folder / "v.nii.gz"


def pair(folder: Path) -> Path:
    nibabel.save(nibabel.Nifti1Pair(np.zeros((2, 3, 4), np.uint8), np.eye(4)), folder / "v.hdr")
    return folder / "v.hdr"


def negative_pixdim(folder: Path) -> Path:
    path = several(folder / "v.nii", (2, 3, 4))
    data = bytearray(path.read_bytes())
    data[80:84] = np.float32(-1).tobytes()
    (folder / "v.nii.gz").write_bytes(gzip.compress(data))
    return folder / "v.nii.gz"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: several(path / "v.nii", (2, 3, 4, 5)), r"shape \(5, 4, 3, 2\)"),
        (lambda path: several(path / "v.nii", (2, 3, 4, 1, 3)), r"shape \(3, 1, 4, 3, 2\)"),
        (lambda path: several(path / "v.nii", (2, 3)), r"shape \(3, 2\)"),
        (lambda path: several(path / "v.nii", (2, 3, 4), np.complex64), "complex64"),
        (lambda path: several(path / "v.nii", (2, 3, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "'R'"),
        (zipped_under_the_name_of_plain, "rename it to v.nii.gz"),
        (plain_under_the_name_of_zipped, "rename it to v.nii"),
        (lambda path: pair(path).rename(path / "v.nii"), "pair of files"),
        (pair, "pair of files"),
        (lambda path: several(path / "v.nii", (2, 3, 4)).rename(path / "v.img"), "pair of files"),
        (negative_pixdim, "negative"),
    ],
)
def test_what_is_no_gray_volume_is_refused_by_name(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    path = make(tmp_path)
    with pytest.raises(FileFormatError, match=says):
        read_volume(path)
    assert path.name in failure("inspect", path)
