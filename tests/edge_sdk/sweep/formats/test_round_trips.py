"""What is written reads back, to the last bit, and the same through every sequence format."""

from __future__ import annotations

import dataclasses

import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_sdk import read_sweep, write_sweep
from edge_sdk.errors import FileFormatError
from tests.edge_sdk.sweep.formats import plus_reader
from tests.edge_sdk.sweep.formats.examples import assert_equal, example, sweeps

NAMES = ["s.igs.mha", "s.mhd", "s.igs.nrrd", "s.nhdr"]
relaxed = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@relaxed
@given(sweep=sweeps(), name=st.sampled_from(NAMES), compressed=st.booleans())
def test_every_field_comes_back(tmp_path, sweep, name, compressed):
    write_sweep(sweep, tmp_path / name, compressed=compressed)
    assert_equal(read_sweep(tmp_path / name), sweep)


@relaxed
@given(sweep=sweeps(), names=st.permutations(NAMES))
def test_every_field_comes_through_all_formats(tmp_path, sweep, names):
    read = sweep
    for name in names:
        write_sweep(read, tmp_path / name)
        read = read_sweep(tmp_path / name)
    assert_equal(read, sweep)


@pytest.mark.parametrize("name", NAMES)
def test_frame_numbers_past_9999(tmp_path, name):
    count = 10_003
    sweep = example(count, (1, 1))
    write_sweep(sweep, tmp_path / name)
    assert_equal(read_sweep(tmp_path / name), sweep)
    assert b"Seq_Frame10002_ProbeToTrackerTransform" in (tmp_path / name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_file_says_of_its_pixels_follows_the_pixels(tmp_path, name):
    sweep = dataclasses.replace(
        example(), header={"DimSize": "9 9 9", "sizes": "9 9 9", "encoding": "hex", "NDims": "7", "type": "block"}
    )
    write_sweep(sweep, tmp_path / name)
    np.testing.assert_array_equal(read_sweep(tmp_path / name).images, sweep.images)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "field", ["Timestamp", "ProbeToTrackerTransform", "ProbeToTrackerTransformStatus", "a=b:=c", " blank", ""]
)
def test_fields_that_would_not_read_back_are_refused_and_nothing_is_written(tmp_path, name, field):
    sweep = dataclasses.replace(example(), fields=({field: "1"}, {}, {}))
    if field in {" blank", ""}:
        sweep = dataclasses.replace(example(), header={field: "1"})
    with pytest.raises(FileFormatError, match="a field"):
        write_sweep(sweep, tmp_path / name)
    assert not [*tmp_path.glob("*.mh*"), *tmp_path.glob("*.n*")]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_simpleitk_reads_pixels_and_fields(tmp_path, name, shape, kind, compressed):
    sweep = example(shape=shape, kind=kind)
    write_sweep(sweep, tmp_path / name, compressed=compressed)
    image = SimpleITK.ReadImage(str(tmp_path / name))
    pixels = SimpleITK.GetArrayFromImage(image)
    if name.endswith(("nrrd", "nhdr")) and len(shape) == 2:
        pixels = np.moveaxis(pixels, -1, 0)  # it takes the axis of frames for one of colors
    np.testing.assert_array_equal(pixels, sweep.images)
    assert float(image.GetMetaData("Seq_Frame0001_Timestamp")) == sweep.timestamps[1]
    words = image.GetMetaData("Seq_Frame0002_ProbeToTrackerTransform").split()
    np.testing.assert_array_equal(np.array(words, float), sweep.transforms["ProbeToTracker"].matrices[2].ravel())
    assert image.GetMetaData("MyOwn") == "kept"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
@pytest.mark.parametrize("name", ["s.igs.nrrd", "s.nhdr"])
def test_pynrrd_reads_pixels_kinds_and_fields(tmp_path, name, shape, compressed):
    sweep = example(shape=shape)
    write_sweep(sweep, tmp_path / name, compressed=compressed)
    pixels, header = nrrd.read(str(tmp_path / name), index_order="C")
    np.testing.assert_array_equal(pixels, sweep.images)
    assert header["kinds"][-1] == "list"
    assert float(header["Seq_Frame0001_Timestamp"]) == sweep.timestamps[1]
    assert header["Seq_Frame0001_Status"] == "OK"


def test_metafile_lines_are_plus_s(tmp_path):
    """Names, order and number format as PLUS writes and requires them (IGSIO, vtkIGSIOMetaImageSequenceIO)."""
    path = tmp_path / "s.igs.mha"
    write_sweep(example(2), path, compressed=False)
    lines = path.read_bytes().partition(b"LOCAL\n")[0].decode().splitlines()
    keys = [line.partition(" = ")[0] for line in lines]
    assert keys[:2] == ["ObjectType", "NDims"]
    assert keys[-1] == "ElementDataFile"
    header = [key for key in keys[2:-1] if not key.startswith("Seq_")]
    assert header == sorted(header)
    assert keys[keys.index("Seq_Frame0000_FrameNumber") :][:6] == [
        "Seq_Frame0000_FrameNumber",
        "Seq_Frame0000_ProbeToTrackerTransform",
        "Seq_Frame0000_ProbeToTrackerTransformStatus",
        "Seq_Frame0000_Timestamp",
        "Seq_Frame0000_UnfilteredTimestamp",
        "Seq_Frame0000_ImageStatus",
    ]
    assert {"Kinds = domain domain list", "DimSize = 5 4 2", "UltrasoundImageOrientation = MF"} <= {*lines}


def test_nrrd_lines_are_plus_s(tmp_path):
    """As in PLUS's NwirePhantomFreehand.igs.nrrd."""
    path = tmp_path / "s.igs.nrrd"
    write_sweep(example(2), path)
    lines = path.read_bytes().partition(b"\n\n")[0].decode().splitlines()
    assert lines[0] == "NRRD0004"
    assert {
        "dimension: 3", "kinds: domain domain list", "sizes: 5 4 2", "space dimension: 2", "type: uint8",
        "space directions: (1,0) (0,1) none", "space origin: (0,0)", "endian: little", "encoding: gzip",
        "ultrasound image orientation:=MF", "ultrasound image type:=BRIGHTNESS", "Seq_Frame0001_Status:=OK",
    } <= {*lines}  # fmt: skip


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (0, 0)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", NAMES)
def test_plus_s_rules_read_every_field(tmp_path, name, kind, shape, compressed):
    sweep = example(shape=shape, kind=np.uint8 if 0 in shape else kind)
    write_sweep(sweep, tmp_path / name, compressed=compressed)
    nrrd_file = name.endswith(("nrrd", "nhdr"))
    read = (plus_reader.read_nrrd if nrrd_file else plus_reader.read_metafile)(tmp_path / name)
    if 0 in shape:
        assert read.images is None
    else:
        np.testing.assert_array_equal(read.images, sweep.images)
    assert read.header["MyOwn"] == "kept"
    assert sorted(read.frames) == [0, 1, 2]
    for index, frame in read.frames.items():
        assert float(frame.pop("Timestamp")) == sweep.timestamps[index]
        matrix = [float(word) for word in frame.pop("ProbeToTrackerTransform").split()]
        np.testing.assert_array_equal(matrix, sweep.transforms["ProbeToTracker"].matrices[index].ravel())
        assert frame.pop("ProbeToTrackerTransformStatus") == "OK"
        assert frame.pop("Status" if nrrd_file else "ImageStatus") == "OK"
        assert frame == sweep.fields[index]


def test_no_frames(tmp_path):
    head = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nDimSize = 4 4 0\n"
        "ElementType = MET_UCHAR\nKinds = domain domain list\nElementDataFile = LOCAL\n"
    )
    (tmp_path / "none.igs.mha").write_text(head)
    with pytest.raises(FileFormatError, match=r"none\.igs\.mha: is a recording without frames; "):
        read_sweep(tmp_path / "none.igs.mha")
