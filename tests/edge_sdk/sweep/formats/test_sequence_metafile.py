from __future__ import annotations

import dataclasses
import gzip
import zlib

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk import read_sweep, read_volume, write_sweep, write_volume
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.volume.grid import Grid, Volume

POSE = "1 0 0 0.5 0 1 0 -2 0 0 1 1e-3 0 0 0 1"


def pixels(kind=np.uint8, shape=(3, 4, 5)):
    return np.random.default_rng(0).integers(0, 120, shape).astype(kind)


def header(images, *, fields=None, **overrides):
    """A header as PLUS writes it; None leaves a line out."""
    count, height, width = images.shape[:3]
    lines = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "DimSize": f"{width} {height} {count}              ",
        "Kinds": "domain domain list",
        "ElementType": {"u1": "MET_UCHAR", "i2": "MET_SHORT", "f4": "MET_FLOAT"}[images.dtype.str[1:]],
        "UltrasoundImageOrientation": "MFA",
        "MyOwn": "kept",
    }
    if fields is None:
        fields = [
            {
                "ProbeToTrackerTransform": POSE + " ",
                "ProbeToTrackerTransformStatus": "OK" if i else "INVALID",
                "Timestamp": f"{i / 10:.6f}",
                "FrameNumber": str(100 + i),
                "ImageStatus": "OK",
            }
            for i in range(count)
        ]
    lines |= {f"Seq_Frame{i:04d}_{key}": value for i, frame in enumerate(fields) for key, value in frame.items()}
    lines |= overrides
    lines.setdefault("ElementDataFile", "LOCAL")
    return "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None).encode()


def put(path, head, data):
    path.write_bytes(head + data)
    return path


def test_uncompressed(tmp_path):
    images = pixels()
    sweep = read_sweep(put(tmp_path / "a.igs.mha", header(images), images.tobytes()))
    np.testing.assert_array_equal(sweep.images, images)
    np.testing.assert_allclose(sweep.timestamps, [0, 0.1, 0.2])
    probe = sweep.transforms["ProbeToTracker"]
    assert probe.status == ("INVALID", "OK", "OK")
    np.testing.assert_array_equal(probe.matrices[1], np.array(POSE.split(), float).reshape(4, 4))
    assert sweep.image_status == ("OK",) * 3
    assert [frame["FrameNumber"] for frame in sweep.fields] == ["100", "101", "102"]
    assert sweep.header["MyOwn"] == "kept"


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress])
def test_compressed(tmp_path, compress):
    images = pixels()
    data = compress(images.tobytes())
    head = header(images, CompressedData="True", CompressedDataSize=f"{len(data)}      ")
    np.testing.assert_array_equal(read_sweep(put(tmp_path / "a.mha", head, data)).images, images)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("order", ["<", ">"])
def test_element_types_and_byte_orders(tmp_path, kind, order):
    images = pixels(kind)
    head = header(images, BinaryDataByteOrderMSB=str(order == ">"))
    read = read_sweep(put(tmp_path / "a.mha", head, images.astype(images.dtype.newbyteorder(order)).tobytes()))
    assert read.images.dtype == kind
    np.testing.assert_array_equal(read.images, images)


@pytest.mark.parametrize("compressed", [False, True])
def test_header_and_pixels_in_two_files(tmp_path, compressed):
    images = pixels()
    name = "a.zraw" if compressed else "a.raw"
    data = zlib.compress(images.tobytes()) if compressed else images.tobytes()
    head = header(images, CompressedData=str(compressed), CompressedDataSize=str(len(data)), ElementDataFile=name)
    (tmp_path / name).write_bytes(data)
    np.testing.assert_array_equal(read_sweep(put(tmp_path / "a.mhd", head.rstrip(), b"")).images, images)
    (tmp_path / name).unlink()
    with pytest.raises(FileFormatError, match=name):
        read_sweep(tmp_path / "a.mhd")


@pytest.mark.parametrize(
    ("orientation", "flip"),
    [
        ("MF", np.s_[:, :, :]), ("MFA", np.s_[:, :, :]), ("UF", np.s_[:, :, ::-1]), ("UFA", np.s_[:, :, ::-1]),
        ("MN", np.s_[:, ::-1]), ("MNA", np.s_[:, ::-1]), ("UN", np.s_[:, ::-1, ::-1]), ("UNA", np.s_[:, ::-1, ::-1]),
        (None, np.s_[:, :, :]),
    ],
)  # fmt: skip
def test_orientations_are_flipped_to_mf(tmp_path, orientation, flip):
    images = pixels()
    head = header(images, UltrasoundImageOrientation=orientation)
    np.testing.assert_array_equal(read_sweep(put(tmp_path / "a.mha", head, images.tobytes())).images, images[flip])


def test_colors_as_an_axis_of_their_own(tmp_path):
    """As newer versions of PLUS write them: not counted in NDims."""
    images = pixels(shape=(3, 4, 5, 3))
    changes = {"DimSize": "3 5 4     3", "Kinds": "vector domain domain list", "ElementNumberOfChannels": "3"}
    sweep = read_sweep(put(tmp_path / "a.mha", header(images, **changes), images.tobytes()))
    np.testing.assert_array_equal(sweep.images, images)


@pytest.mark.parametrize("ndims", ["2", "3"])
def test_a_single_frame_without_an_axis_of_frames(tmp_path, ndims):
    """As PLUS writes it, counting that axis in NDims all the same."""
    images = pixels(shape=(1, 4, 5))
    head = header(images, DimSize="5     4", Kinds="domain     domain", NDims=ndims)
    np.testing.assert_array_equal(read_sweep(put(tmp_path / "a.mha", head, images.tobytes())).images, images)


def test_size_of_pixels(tmp_path):
    images = pixels()
    path = tmp_path / "a.mha"
    for spacing, known in (("0.3 0.2 1", (0.3, 0.2)), ("1 1 1", None), ("0 -1 1", None), ("nan x", None)):
        assert read_sweep(put(path, header(images, ElementSpacing=spacing), images.tobytes())).pixel_spacing == known
    for known in ((1.0, 1.0), (0.1, 0.30000000000000004)):
        write_sweep(dataclasses.replace(example(images), pixel_spacing=known), path)
        assert read_sweep(path).pixel_spacing == known
    assert SimpleITK.ReadImage(str(path)).GetSpacing() == (0.1, 0.30000000000000004, 1)


def test_far_too_many_frames_for_the_fields(tmp_path):
    """A size that a damaged header could claim for the same pixels."""
    images = pixels(shape=(3, 40, 50))
    head = header(images, DimSize="1 1 6000")
    with pytest.raises(FileFormatError, match="DimSize says 6000"):
        read_sweep(put(tmp_path / "a.mha", head, images.tobytes()))
    head = header(images, DimSize="0 0 99999999999", ElementType="MET_OTHER")
    with pytest.raises(FileFormatError, match="DimSize says 99999999999"):
        read_sweep(put(tmp_path / "a.mha", head, b""))


def test_tracking_only(tmp_path):
    fields = [{"ProbeToTrackerTransform": POSE, "Timestamp": str(i)} for i in range(4)]
    head = header(pixels(), fields=fields, DimSize="0 0  4", ElementType="MET_OTHER", UltrasoundImageOrientation="XX")
    sweep = read_sweep(put(tmp_path / "t.igs.mha", head, b""))
    assert sweep.images.shape == (4, 0, 0)
    assert len(sweep) == 4
    assert sweep.transforms["ProbeToTracker"].status == ("OK",) * 4


def test_a_frame_without_a_transform_is_missing_it(tmp_path):
    images = pixels()
    fields = [{"ProbeToTrackerTransform": POSE}, {"Timestamp": "1"}, {"ProbeToTrackerTransform": POSE}]
    sweep = read_sweep(put(tmp_path / "a.mha", header(images, fields=fields), images.tobytes()))
    assert sweep.transforms["ProbeToTracker"].status == ("OK", "MISSING", "OK")
    assert np.isnan(sweep.transforms["ProbeToTracker"].matrices[1]).all()


def test_frame_numbers_with_gaps_follow_the_pixels(tmp_path):
    images = pixels()
    head = header(images, fields=[{"Timestamp": "0"}]).replace(
        b"Seq_Frame0000_Timestamp = 0\n",
        b"Seq_Frame0000_Timestamp = 0\nSeq_Frame0001_Timestamp = 1\nSeq_Frame0003_Timestamp = 3\n",
    )
    np.testing.assert_array_equal(read_sweep(put(tmp_path / "a.mha", head, images.tobytes())).timestamps, [0, 1, 3])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda *_: (b"\x89PNG\r\n\x1a\n\0\0", b""), "is not a metafile"),
        (lambda *_: (b"", b""), "is not a metafile"),
        (lambda head, _: (head[:200], b""), "ends inside its header"),
        (lambda head, data: (head, data[:-1]), "is truncated"),
        (lambda head, data: (head, data + b"12345"), "more pixels than its header says"),
        (lambda head, data: (head.replace(b"5 4 3", b"9 9 3"), data), "is truncated"),
        (lambda head, data: (head.replace(b"5 4 3", b"x 4 3"), data), "DimSize"),
        (lambda head, data: (head.replace(b"5 4 3", b"5 4 2"), data[:40]), "DimSize says 2"),
        (lambda head, data: (head.replace(b"NDims = 3", b"NDims = 4"), data), "NDims=4"),
        (lambda head, data: (head.replace(b"MET_UCHAR", b"MET_STRING"), data), "MET_STRING"),
        (lambda head, data: (head.replace(b"= MFA", b"= ZZ"), data), "UltrasoundImageOrientation"),
        (lambda head, data: (head.replace(POSE.encode(), b"1 0 0"), data), "16 numbers"),
        (lambda head, data: (head.replace(b"Timestamp = 0.1", b"Timestamp = soon"), data), "Timestamp"),
        (
            lambda head, data: (head.replace(b"CompressedData = False", b"CompressedData = True"), data),
            "damaged",
        ),
        (
            lambda head, data: (head.replace(b"domain domain list", b"list domain domain"), data),
            "volume or picture",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line_that_names_the_file(tmp_path, change, says):
    images = pixels()
    path = put(tmp_path / "bad.igs.mha", *change(header(images), images.tobytes()))
    with pytest.raises(FileFormatError, match=says) as caught:
        read_sweep(path)
    message = str(caught.value)
    assert str(path) in message
    assert ";" in message
    assert "\n" not in message


def test_compressed_pixels_cut_short_or_too_many(tmp_path):
    images = pixels(shape=(3, 40, 50))
    data = zlib.compress(images.tobytes())
    head = header(images, CompressedData="True", CompressedDataSize=str(len(data)))
    with pytest.raises(FileFormatError, match="is truncated"):
        read_sweep(put(tmp_path / "a.mha", head, data[:-20]))
    with pytest.raises(FileFormatError, match="more pixels than its header"):
        read_sweep(put(tmp_path / "a.mha", head.replace(b"50 40 3", b"50 39 3"), data))
    with pytest.raises(FileFormatError, match="cannot come from"):
        read_sweep(put(tmp_path / "a.mha", head.replace(b"50 40 3", b"50000 40000 3"), data))


def test_a_volume_is_no_sweep_and_a_sweep_no_volume(tmp_path):
    write_volume(Volume(pixels(), Grid((3, 4, 5), (1, 1, 1), (0, 0, 0))), tmp_path / "v.mha")
    with pytest.raises(FileFormatError, match="not a tracked sweep"):
        read_sweep(tmp_path / "v.mha")
    images = pixels()
    put(tmp_path / "s.mha", header(images), images.tobytes())
    with pytest.raises(FileFormatError, match="not a volume"):
        read_volume(tmp_path / "s.mha")


def test_unknown_suffix_and_missing_file(tmp_path):
    with pytest.raises(FileFormatError, match=r"\.mha"):
        read_sweep(tmp_path / "a.xyz")
    with pytest.raises(FileFormatError, match=r"none\.mha"):
        read_sweep(tmp_path / "none.mha")


def example(images):
    count = len(images)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, 3] = np.random.default_rng(1).normal(size=(count, 3)) * 100
    return Sweep(
        images=images,
        timestamps=np.arange(count) / 8,
        transforms={"ProbeToTracker": TrackedTransform(matrices, ("INVALID",) + ("OK",) * (count - 1))},
        image_status=("OK",) * count,
        fields=tuple({"FrameNumber": str(i)} for i in range(count)),
        header={"MyOwn": "kept"},
    )


@pytest.mark.parametrize("name", ["s.igs.mha", "s.mhd"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 3), (3, 0, 0)])
def test_what_is_written_reads_back(tmp_path, name, compressed, shape):
    sweep = example(pixels(shape=shape))
    write_sweep(sweep, tmp_path / name, compressed=compressed)
    read = read_sweep(tmp_path / name)
    np.testing.assert_array_equal(read.images, sweep.images)
    np.testing.assert_array_equal(read.timestamps, sweep.timestamps)
    np.testing.assert_array_equal(
        read.transforms["ProbeToTracker"].matrices, sweep.transforms["ProbeToTracker"].matrices
    )
    assert read.transforms["ProbeToTracker"].status == sweep.transforms["ProbeToTracker"].status
    assert read.image_status == sweep.image_status
    assert read.fields == sweep.fields
    assert read.header["MyOwn"] == "kept"


@pytest.mark.parametrize("compressed", [False, True])
def test_simpleitk_reads_what_is_written(tmp_path, compressed):
    sweep = example(pixels())
    path = tmp_path / "s.igs.mha"
    write_sweep(sweep, path, compressed=compressed)
    image = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), sweep.images)
    assert image.GetMetaData("UltrasoundImageOrientation") == "MF"
    assert image.GetMetaData("UltrasoundImageType") == "BRIGHTNESS"
    assert image.GetMetaData("Seq_Frame0000_ProbeToTrackerTransformStatus") == "INVALID"
    matrix = np.array(image.GetMetaData("Seq_Frame0002_ProbeToTrackerTransform").split(), float).reshape(4, 4)
    np.testing.assert_array_equal(matrix, sweep.transforms["ProbeToTracker"].matrices[2])


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 2000), byte=st.integers(0, 255), where=st.integers(0, 2000))
def test_damage_anywhere_never_raises_anything_else(tmp_path_factory, cut, byte, where):
    images = pixels()
    data = zlib.compress(images.tobytes())
    whole = bytearray(header(images, CompressedData="True", CompressedDataSize=str(len(data))) + data)
    whole[where % len(whole)] = byte
    path = tmp_path_factory.mktemp("damage") / "d.mha"
    path.write_bytes(bytes(whole[: len(whole) - cut % len(whole) if cut % 3 else len(whole)]))
    try:
        read_sweep(path)
    except FileFormatError as error:
        assert "d.mha" in str(error)  # noqa: PT017
