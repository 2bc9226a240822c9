from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume

SUFFIXES = [".mha", ".mhd", ".nrrd", ".nii.gz", ".nii"]


def volume(kind=np.uint8):
    rng = np.random.default_rng(0)
    direction, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    direction *= np.sign(np.linalg.det(direction))
    grid = Grid((4, 5, 6), (0.5, 0.7, 1.1), (1.5, -20.0, 3.25), direction)
    return Volume(rng.integers(0, 200, grid.shape).astype(kind), grid)


def assert_same(given, read):
    assert read.voxels.dtype == given.voxels.dtype
    np.testing.assert_array_equal(read.voxels, given.voxels)
    np.testing.assert_allclose(read.grid.index_to_world, given.grid.index_to_world, atol=1e-5)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float32])
def test_simpleitk_reads_what_is_written(tmp_path, suffix, kind):
    given = volume(kind)
    path = tmp_path / f"v{suffix}"
    write_volume(given, path)
    image = SimpleITK.ReadImage(str(path))
    voxels = SimpleITK.GetArrayFromImage(image)
    assert voxels.dtype == kind
    np.testing.assert_array_equal(voxels, given.voxels)
    np.testing.assert_allclose(image.GetOrigin(), given.grid.origin, atol=1e-6)
    np.testing.assert_allclose(image.GetSpacing(), given.grid.spacing, atol=1e-6)
    np.testing.assert_allclose(np.reshape(image.GetDirection(), (3, 3)), given.grid.direction, atol=1e-6)
    assert_same(given, read_volume(path))


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_simpleitk_writes_is_read(tmp_path, suffix, compressed):
    given = volume()
    image = SimpleITK.GetImageFromArray(given.voxels)
    image.SetOrigin(given.grid.origin)
    image.SetSpacing(given.grid.spacing)
    image.SetDirection(given.grid.direction.ravel())
    path = tmp_path / f"v{suffix}"
    SimpleITK.WriteImage(image, str(path), compressed)
    assert_same(given, read_volume(path))


def test_a_mask_is_written_as_uint8(tmp_path):
    given = volume()
    write_volume(given.with_voxels(given.voxels > 100), tmp_path / "m.nii.gz")
    assert read_volume(tmp_path / "m.nii.gz").voxels.dtype == np.uint8


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_file_is_named(tmp_path, suffix):
    path = tmp_path / f"bad{suffix}"
    write_volume(volume(), path)
    if suffix == ".mhd":
        (tmp_path / "bad.zraw").write_bytes(b"\0" * 10)
    else:
        path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileFormatError, match="bad"):
        read_volume(path)
    path.write_bytes(b"\x89PNG not a volume\n\0\xff")
    with pytest.raises(FileFormatError, match="bad"):
        read_volume(path)


def test_missing_file_and_unknown_suffix(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read_volume(tmp_path / "none.nrrd")
    with pytest.raises(FileFormatError, match=r"\.nii\.gz"):
        write_volume(volume(), tmp_path / "v.png")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_nifti_header_is_believed_only_where_the_file_can_hold_it(tmp_path, suffix):
    write_volume(Volume(np.ones((2, 3, 4), np.uint8), Grid((2, 3, 4), (1, 1, 1), (0, 0, 0))), tmp_path / "v.nii")
    data = bytearray((tmp_path / "v.nii").read_bytes())
    data[42:48] = (32767).to_bytes(2, "little") * 3  # dim[1:4]
    (tmp_path / f"v{suffix}").write_bytes(gzip.compress(data) if suffix == ".nii.gz" else data)
    with pytest.raises(FileFormatError, match="needs 35181150961663 bytes"):
        read_volume(tmp_path / f"v{suffix}")


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("(0.5,0,0)", "(nan,0,0)"),
        ("(0.5,0,0)", "(0,0,0)"),
        ("(0.5,0,0)", "(1e300,0,0)"),
        ("(0.5,0,0)", "(0,0.5,0)"),
        ("(0.5,0,0)", "none"),
        ("(1,2,3)", "(1,2)"),
    ],
)
def test_geometry_that_is_none_is_refused(tmp_path, line, new):
    text = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 3 4\nencoding: raw\nspace: LPS\n"
    text += "space directions: (0.5,0,0) (0,0.5,0) (0,0,2)\nspace origin: (1,2,3)\n\n"
    path = tmp_path / "v.nrrd"
    path.write_bytes(text.encode() + bytes(24))
    assert read_volume(path).grid.spacing == (0.5, 0.5, 2)
    path.write_bytes(text.replace(line, new).encode() + bytes(24))
    with pytest.raises(FileFormatError, match=r"axes|geometry"):
        read_volume(path)


@pytest.mark.parametrize("kind", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_voxels_that_are_not_one_number_are_refused(tmp_path, kind):
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 3, 4), kind), np.eye(4)), tmp_path / "v.nii")
    with pytest.raises(FileFormatError, match="of numbers"):
        read_volume(tmp_path / "v.nii")
