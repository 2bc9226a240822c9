"""Headers as others write them: what SimpleITK reads is read equally, or refused by name, and never differently."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.eulerangles import euler2mat

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.elsewhere import for_other_formats
from edge_sdk.volume.files import read_volume
from tests.edge_sdk.volume.independent_readers import by_nibabel, by_simpleitk

PIXELS = bytes(range(24))
SPACE = {"space": "LPS", "space directions": "(1,0,0) (0,2,0) (0,0,3)", "space origin": "(5,6,7)"}
FEW = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def nrrd(path: Path, fields: Mapping[str, str | None], pixels: bytes = PIXELS) -> Path:
    """An NRRD file of 2×3×4 bytes; a field of None is left out."""
    lines = {"type": "uint8", "dimension": "3", "sizes": "2 3 4", "encoding": "raw", **fields}
    text = "".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None)
    path.write_bytes(f"NRRD0005\n{text}\n".encode() + pixels)
    return path


def metaimage(path: Path, fields: Mapping[str, str | None], pixels: bytes = PIXELS, data: str = "LOCAL") -> Path:
    """A MetaImage file of 2×3×4 bytes; a field of None is left out."""
    lines = {"ObjectType": "Image", "NDims": "3", "DimSize": "2 3 4", "ElementType": "MET_UCHAR", **fields}
    text = "".join(f"{name} = {value}\n" for name, value in lines.items() if value is not None)
    path.write_bytes(f"{text}ElementDataFile = {data}\n".encode() + pixels)
    return path


def assert_read_equally(path: Path) -> None:
    ours, (voxels, place) = read_volume(path), by_simpleitk(path)
    np.testing.assert_array_equal(ours.voxels, voxels)
    np.testing.assert_allclose(ours.grid.index_to_world, place, atol=1e-6)


def assert_equal_or_refused(path: Path) -> None:
    try:
        ours = read_volume(path)
    except FileFormatError:
        return
    try:
        voxels, place = by_simpleitk(path)
    except (RuntimeError, ValueError):  # SimpleITK refuses, or reads another number of dimensions
        return
    np.testing.assert_array_equal(ours.voxels, voxels)
    np.testing.assert_allclose(ours.grid.index_to_world, place, atol=1e-6)


@pytest.mark.parametrize(
    "space",
    ["RAS", "LAS", "LPS", "right-anterior-superior", "Left-Anterior-Superior", "left-posterior-superior"],
)
def test_spaces_of_the_patient_are_located(tmp_path: Path, space: str) -> None:
    path = nrrd(tmp_path / "v.nrrd", {**SPACE, "space": space})
    assert_read_equally(path)
    assert read_volume(path).located


@pytest.mark.parametrize(
    "fields",
    [
        {**SPACE, "space": "scanner-xyz"},
        {**SPACE, "space": "3D-right-handed"},
        {**SPACE, "space": "3D-left-handed"},
        {"space dimension": "3", "space directions": SPACE["space directions"], "space origin": "(5,6,7)"},
        {"spacings": "1 2 3"},
        {"spacings": "1 -2 3"},
        {"spacings": "1 2 3", "axis mins": "5 6 7"},
        {"spacings": "1 2 3", "axis mins": "5 6 7", "centers": "node cell node"},
        {"space": "RAS"},
        {"thicknesses": "1 2 3"},
    ],
)
def test_spaces_that_say_nothing_of_the_patient_are_read_but_not_located(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    path = nrrd(tmp_path / "v.nrrd", fields)
    assert_read_equally(path)
    volume = read_volume(path)
    assert not volume.located
    assert "does not say how the volume's axes lie" in str(volume.warnings[0])


@pytest.mark.parametrize(
    ("fields", "pixels"),
    [
        ({"encoding": "hex"}, PIXELS.hex().encode()),
        ({"encoding": "hex"}, b"\n".join(PIXELS[i : i + 5].hex().upper().encode() for i in range(0, 24, 5))),
        ({"encoding": "ascii"}, b" ".join(str(value).encode() for value in PIXELS)),
        ({"line skip": "2"}, b"a\nb\n" + PIXELS),
        ({"byte skip": "4"}, b"abcd" + PIXELS),
        ({"byte skip": "-1"}, b"abcd" + PIXELS),
        ({"old min": "-1", "old max": "1"}, PIXELS),
        ({"space units": '"mm" "mm" "mm"'}, PIXELS),
        ({"measurement frame": "(0,1,0) (1,0,0) (0,0,1)"}, PIXELS),
        ({"space directions": "(1,0,0) (0.5,2,0) (0,0,3)"}, PIXELS),
        ({"space directions": "(1,0,0) (0,2,0) (0,0,-3)"}, PIXELS),
        ({"space directions": "(1, 0, 0) (0, 2, 0) (0, 0, 3)"}, PIXELS),
        ({"kinds": "space space space"}, PIXELS),
        ({"type": "uint16", "sizes": "2 3 2", "endian": "big"}, PIXELS),
    ],
)
def test_nrrd_fields_are_read_as_simpleitk_reads_them(tmp_path: Path, fields: dict[str, str], pixels: bytes) -> None:
    assert_read_equally(nrrd(tmp_path / "v.nrrd", {**SPACE, **fields}, pixels))


def test_an_axis_of_one_sample_that_is_not_of_space_is_left_out(tmp_path: Path) -> None:
    vectors = SPACE["space directions"].split()
    for at, sizes in enumerate(["1 2 3 4", "2 1 3 4", "2 3 1 4", "2 3 4 1"]):
        directions = " ".join([*vectors[:at], "none", *vectors[at:]])
        path = nrrd(tmp_path / "v.nrrd", {**SPACE, "dimension": "4", "sizes": sizes, "space directions": directions})
        read = read_volume(path)
        assert read.voxels.shape == (4, 3, 2)
        assert (read.voxels.ravel() == list(PIXELS)).all()
        np.testing.assert_array_equal(
            read.grid.index_to_world, [[1, 0, 0, 5], [0, 2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]]
        )
    timed = "(1,0,0,0) (0,2,0,0) (0,0,3,0) (0,0,0,1)"
    fields = {"space": "left-posterior-superior-time", "space directions": timed, "space origin": "(5,6,7,0)"}
    read = read_volume(nrrd(tmp_path / "v.nrrd", {**fields, "dimension": "4", "sizes": "2 3 4 1"}))
    assert read.grid.spacing == (1, 2, 3)
    assert read.located


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({**SPACE, "space units": '"m" "m" "m"'}, 'space units is "m"'),
        ({**SPACE, "space units": '"um" "um" "um"'}, "expected mm"),
        ({**SPACE, "space units": '"mm" "mm" "m"'}, "expected mm"),
        ({"spacings": "1 2 3", "units": '"cm" "cm" "cm"'}, "units is"),
        ({"axis mins": "5 6 7", "axis maxs": "7 12 19"}, "axis mins"),
        ({"kinds": "complex domain domain"}, "kinds complex"),
        ({"kinds": "domain domain time"}, "three axes of space"),
        (
            {**SPACE, "dimension": "4", "sizes": "3 2 2 2", "space directions": "none (1,0,0) (0,2,0) (0,0,3)"},
            "no other",
        ),
        ({**SPACE, "space directions": "(1,0,0) (0,2,0) none"}, "three axes of space"),
        ({**SPACE, "space directions": "(1,0,0) (0,2,0)"}, "three vectors"),
        ({**SPACE, "space": "right-up"}, "right-up"),
        ({**SPACE, "encoding": "hex"}, "hexadecimal"),
    ],
)
def test_what_has_no_one_meaning_in_nrrd_is_refused_by_name(tmp_path: Path, fields: dict[str, str], says: str) -> None:
    with pytest.raises(FileFormatError, match=says):
        read_volume(nrrd(tmp_path / "v.nrrd", fields))


NUMBERS = st.sampled_from(["0", "1", "-1", "0.5", "-2", "0.3"])
VECTORS = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda numbers: f"({','.join(numbers)})") | st.just("none")


@FEW
@given(st.data())
def test_no_nrrd_header_is_read_otherwise_than_by_simpleitk(tmp_path: Path, data: st.DataObject) -> None:
    sizes = data.draw(st.sampled_from(["2 3 4", "2 3 4 1", "1 2 3 4", "2 1 3 4", "4 3 2"]))
    count = len(sizes.split())
    optional = {
        "space": st.sampled_from(["RAS", "LAS", "LPS", "scanner-xyz", "3D-left-handed", "RAST"]),
        "space directions": st.lists(VECTORS, min_size=count, max_size=count).map(" ".join),
        "space origin": st.just("(5,6,7)"),
        "spacings": st.lists(NUMBERS, min_size=count, max_size=count).map(" ".join),
        "axis mins": st.lists(NUMBERS, min_size=count, max_size=count).map(" ".join),
        "centers": st.lists(st.sampled_from(["node", "cell", "???"]), min_size=count, max_size=count).map(" ".join),
        "kinds": st.lists(
            st.sampled_from(["domain", "space", "list", "time", "vector", "???"]), min_size=count, max_size=count
        ).map(" ".join),
    }
    fields = {"dimension": str(count), "sizes": sizes}
    fields |= {name: data.draw(values) for name, values in optional.items() if data.draw(st.booleans(), name)}
    assert_equal_or_refused(nrrd(tmp_path / "v.nrrd", fields))


@pytest.mark.parametrize(
    ("fields", "pixels"),
    [
        ({}, PIXELS),
        *[
            ({"AnatomicalOrientation": name, "TransformMatrix": "0 1 0 -1 0 0 0 0 1"}, PIXELS)
            for name in ("RAI", "ASL")
        ],
        ({"AnatomicalOrientation": "ASL"}, PIXELS),
        ({"ElementSize": "1 2 3"}, PIXELS),
        ({"ElementSize": "1 2 3", "ElementSpacing": "2 2 2"}, PIXELS),
        *[({name: "5 6 7"}, PIXELS) for name in ("Offset", "Position", "Origin")],
        *[({name: "0 1 0 -1 0 0 0 0 1"}, PIXELS) for name in ("TransformMatrix", "Rotation", "Orientation")],
        ({"TransformMatrix": "1 0 0 0.3 1 0 0 0 1"}, PIXELS),
        ({"TransformMatrix": "2 0 0 0 2 0 0 0 2"}, PIXELS),
        ({"TransformMatrix": "1 0 0 0 1 0 0 0 -1"}, PIXELS),
        ({"ElementSpacing": "1 -2 3", "TransformMatrix": "0 1 0 -1 0 0 0 0 1"}, PIXELS),
        ({"Offset": "5 6 7", "CenterOfRotation": "1 2 3", "TransformMatrix": "0 1 0 -1 0 0 0 0 1"}, PIXELS),
        ({"HeaderSize": "-1"}, b"abcd" + PIXELS),
        ({"DistanceUnits": "mm"}, PIXELS),
        *[
            ({"ElementType": "MET_USHORT", "DimSize": "2 3 2", name: true}, PIXELS)
            for name in ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
            for true in ("True", "TRUE", "T", "t", "1", "False", "F", "0")
        ],
        ({"BinaryData": "T"}, PIXELS),
    ],
)
def test_metaimage_fields_are_read_as_simpleitk_reads_them(
    tmp_path: Path, fields: dict[str, str], pixels: bytes
) -> None:
    assert_read_equally(metaimage(tmp_path / "v.mha", fields, pixels))


@pytest.mark.parametrize(
    ("fields", "data", "says"),
    [
        ({"ElementNumberOfChannels": "3", "DimSize": "2 2 2"}, "LOCAL", "3 channels"),
        ({"DistanceUnits": "m"}, "LOCAL", "DistanceUnits is 'm'"),
        ({"DistanceUnits": "um"}, "LOCAL", "expected mm"),
        ({"Offset": "1 1 1", "Position": "2 2 2"}, "LOCAL", "Offset and Position mean the same"),
        ({"Rotation": "1 0 0 0 1 0 0 0 1", "TransformMatrix": "0 1 0 -1 0 0 0 0 1"}, "LOCAL", "mean the same"),
        ({"ElementSpacing": "1 0 3"}, "LOCAL", "zero"),
        ({"TransformMatrix": "1 0 0 0 1 0 1 1 0"}, "LOCAL", "do not span"),
        ({"BinaryData": "False"}, "LOCAL", "text"),
        ({}, "LIST", "LIST"),
        ({}, "slice%03d.raw 1 4 1", "slice%03d.raw"),
    ],
)
def test_what_has_no_one_meaning_in_metaimage_is_refused_by_name(
    tmp_path: Path, fields: dict[str, str], data: str, says: str
) -> None:
    with pytest.raises(FileFormatError, match=says):
        read_volume(metaimage(tmp_path / "v.mha", fields, data=data))


def test_metaimage_without_a_matrix_is_not_located(tmp_path: Path) -> None:
    assert not read_volume(metaimage(tmp_path / "v.mha", {"ElementSpacing": "1 2 3"})).located
    assert read_volume(metaimage(tmp_path / "v.mha", {"AnatomicalOrientation": "RAI"})).located
    other = read_volume(metaimage(tmp_path / "v.mha", {"AnatomicalOrientation": "ASL"}))
    assert not other.located
    assert "AnatomicalOrientation is ASL" in str(other.warnings[0])


@FEW
@given(st.data())
def test_no_metaimage_header_is_read_otherwise_than_by_simpleitk(tmp_path: Path, data: st.DataObject) -> None:
    optional = {
        name: st.lists(NUMBERS, min_size=count, max_size=count).map(" ".join)
        for name, count in {
            "Offset": 3, "Position": 3, "Origin": 3, "TransformMatrix": 9, "Rotation": 9, "Orientation": 9,
            "ElementSpacing": 3, "ElementSize": 3, "CenterOfRotation": 3,
        }.items()
    }  # fmt: skip
    fields = {name: data.draw(values) for name, values in optional.items() if data.draw(st.booleans(), name)}
    assert_equal_or_refused(metaimage(tmp_path / "v.mha", fields))


@FEW
@given(
    angles=st.tuples(*[st.sampled_from([0.0, 0.00001, 0.3, np.pi / 2, np.pi])] * 3),
    other=st.tuples(*[st.sampled_from([0.0, 0.00001, 0.3, np.pi])] * 3),
    shear=st.sampled_from([0.0, 0.0, 1e-6, 1e-3, 0.3]),
    scale=st.sampled_from([1.0, 1.0, 1.00001, 1.1, -1.0]),
    codes=st.tuples(st.sampled_from([0, 1, 2, 4]), st.sampled_from([0, 1, 2, 4])),
    units=st.integers(0, 7),
    same=st.booleans(),
    pixdim=st.sampled_from([None, 0.0, 3.0]),
)
def test_no_nifti_header_is_placed_otherwise_than_by_nibabel_and_simpleitk(
    tmp_path: Path,
    angles: tuple[float, float, float],
    other: tuple[float, float, float],
    shear: float,
    scale: float,
    codes: tuple[int, int],
    units: int,
    same: bool,
    pixdim: float | None,
) -> None:
    affine, qform = np.diag([0.5, 2.0, 3.0, 1.0]), np.diag([0.5, 2.0, 3.0, 1.0])
    affine[:3, :3] = euler2mat(*angles) @ np.array([[1, shear, 0], [0, 1, 0], [0, 0, scale]]) @ affine[:3, :3]
    affine[:3, 3] = qform[:3, 3] = 10, -20, 30
    qform[:3, :3] = euler2mat(*(angles if same else other)) @ qform[:3, :3]
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), None)
    image.header.set_sform(affine, codes[1])
    image.header.set_qform(qform, codes[0])
    image.header["xyzt_units"] = units
    if pixdim is not None:
        image.header["pixdim"][1] = pixdim
    nibabel.save(image, tmp_path / "v.nii")
    read = read_volume(tmp_path / "v.nii")
    assert read.located == any(codes)
    if any(codes):
        np.testing.assert_allclose(read.grid.index_to_world, by_nibabel(tmp_path / "v.nii")[1], rtol=1e-6)
    try:
        _, place = by_simpleitk(tmp_path / "v.nii")
    except RuntimeError:
        assert read.warnings
        return
    if read.file_geometry is not None and read.file_geometry.itk_undecided:
        assert "one mirrors the other" in str(read.warnings[0])
        return
    np.testing.assert_allclose(for_other_formats(read).grid.index_to_world, place, rtol=1e-4, atol=2e-3)
    apart = np.abs((read.grid.index_to_world - place) @ (1, 2, 3, 1)).max()
    assert apart < 0.2 or read.warnings
