from __future__ import annotations

import dataclasses
import gzip

import nrrd
import numpy as np
import pytest
import SimpleITK

from edge_sdk import read_sweep, read_volume, write_sweep, write_volume
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats import is_sweep
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.sweep.formats.examples import example

POSE = "1 0 0 0.5 0 1 0 -2 0 0 1 1e-3 0 0 0 1"


def pixels(kind=np.uint8, shape=(3, 4, 5)):
    return np.random.default_rng(0).integers(0, 120, shape).astype(kind)


def header(**changes):
    """A header as PLUS writes it; None leaves a line out."""
    lines = {
        "dimension": "3", "encoding": "raw", "endian": "little", "kinds": "domain domain                list",
        "sizes": "5 4                   3", "space dimension": "2", "space directions": "(1,0) (0,1) none",
        "space origin": "(0,0)", "type": "uint8",
    } | {key.replace("_", " "): value for key, value in changes.items()}  # fmt: skip
    frames = [
        f"Seq_Frame{i:04d}_{key}:={value}"
        for i in range(3)
        for key, value in {
            "ProbeToTrackerTransform": POSE,
            "ProbeToTrackerTransformStatus": "OK" if i else "INVALID",
            "Timestamp": f"{i / 10:.6f}",
            "Status": "OK" if i < 2 else "INVALID",
        }.items()
    ]
    text = ["NRRD0004", "# Somebody's comment", *(f"{key}: {value}" for key, value in lines.items() if value)]
    return "\n".join([*text, "ultrasound image orientation:=UFA", *frames, "", ""]).encode()


def put(path, *parts):
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("encoding", ["raw", "gz", "gzip"])
def test_what_plus_writes(tmp_path, encoding):
    images = pixels()
    data = images.tobytes() if encoding == "raw" else gzip.compress(images.tobytes())
    sweep = read_sweep(put(tmp_path / "a.igs.nrrd", header(encoding=encoding), data))
    np.testing.assert_array_equal(sweep.images, images[:, :, ::-1])
    np.testing.assert_allclose(sweep.timestamps, [0, 0.1, 0.2])
    assert sweep.transforms["ProbeToTracker"].status == ("INVALID", "OK", "OK")
    np.testing.assert_array_equal(
        sweep.transforms["ProbeToTracker"].matrices[1], np.array(POSE.split(), float).reshape(4, 4)
    )
    assert sweep.image_status == ("OK", "OK", "INVALID")
    assert sweep.header["Comment"] == "Somebody's comment"
    assert sweep.pixel_spacing is None


def test_pixels_beside_the_header(tmp_path):
    (tmp_path / "a.raw").write_bytes(pixels().tobytes())
    path = put(tmp_path / "a.nhdr", header(data_file="a.raw"))
    np.testing.assert_array_equal(read_sweep(path).images, pixels()[:, :, ::-1])
    (tmp_path / "a.raw").unlink()
    with pytest.raises(FileFormatError, match=r"a\.raw"):
        read_sweep(path)


def test_single_frame_as_plus_writes_it(tmp_path):
    """Two sizes and kinds; older files say so in `dimension`, newer ones count the axis of frames."""
    text = b"NRRD0004\ndimension: %d\nencoding: raw\nkinds: domain domain\nsizes: 5 4\ntype: uint8\n"
    image = pixels(shape=(4, 5))
    for dimension in (2, 3):
        path = put(tmp_path / "a.igs.nrrd", text % dimension, b"Seq_Frame0000_Status:=OK\n\n", image.tobytes())
        np.testing.assert_array_equal(read_sweep(path).images, image[np.newaxis])


@pytest.mark.parametrize(("name", "kinds"), [("a.igs.nrrd", "vector domain domain"), ("a.mha", "domain domain domain")])
def test_itk_calls_the_axis_of_frames_something_else(tmp_path, name, kinds):
    sweep = dataclasses.replace(example(), image_status=("OK", "INVALID", "OK"))
    write_sweep(sweep, tmp_path / name)
    path = tmp_path / "itk.nrrd"
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(tmp_path / name)), str(path))
    assert f"kinds: {kinds}".encode() in path.read_bytes()
    read = read_sweep(path)
    np.testing.assert_array_equal(read.images, sweep.images)
    np.testing.assert_array_equal(read.timestamps, sweep.timestamps)
    assert read.image_status == sweep.image_status


def slicer_sequence(path):
    """As its documentation shows, written by pynrrd: frames first, a third axis of space of length one."""
    images = pixels(np.int16)
    nrrd.write(
        str(path),
        images.transpose(0, 2, 1)[..., np.newaxis],
        {
            "space": "right-anterior-superior",
            "kinds": ["list", "domain", "domain", "domain"],
            "labels": ["time", "", "", ""],
            "space directions": [[np.nan] * 3, [0.25, 0, 0], [0, 0.5, 0], [0, 0, 1]],
            "axis 0 index type": "numeric",
            "axis 0 index values": "0.5 1 1.25",
        },
    )
    return images


def test_slicer_s_sequences(tmp_path):
    images = slicer_sequence(tmp_path / "a.seq.nrrd")
    sweep = read_sweep(tmp_path / "a.seq.nrrd")
    np.testing.assert_array_equal(sweep.images, images)
    np.testing.assert_array_equal(sweep.timestamps, [0.5, 1, 1.25])
    assert sweep.pixel_spacing == (0.25, 0.5)
    assert sweep.transforms == {}


def test_a_volume_is_no_sweep_and_a_sweep_no_volume(tmp_path):
    write_volume(Volume(pixels(), Grid((3, 4, 5), (1, 1, 1), (0, 0, 0))), tmp_path / "v.nrrd")
    assert not is_sweep(tmp_path / "v.nrrd")
    with pytest.raises(FileFormatError, match="not a tracked sweep"):
        read_sweep(tmp_path / "v.nrrd")
    put(tmp_path / "s.nrrd", header(), pixels().tobytes())
    assert is_sweep(tmp_path / "s.nrrd")
    with pytest.raises(FileFormatError, match="not a volume"):
        read_volume(tmp_path / "s.nrrd")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sizes": "5 6 2"}, "sizes says 2"),
        ({"sizes": "9 9 3"}, "is truncated"),
        ({"sizes": "5 4 three"}, "sizes=5 4 three"),
        ({"sizes": None}, "sizes=None"),
        ({"sizes": "-5 4 3"}, "sizes=-5"),
        ({"dimension": "4"}, "dimension=4"),
        ({"type": "block"}, "block"),
        ({"type": "int16", "endian": None}, "endian"),
        ({"encoding": "hex"}, "hex"),
        ({"encoding": "gz"}, "damaged"),
        ({"encoding": "gz", "sizes": "50000 40000 3"}, "cannot come from"),
        ({"data_file": "LIST"}, "LIST"),
        ({"byte_skip": "-2"}, "byte skip"),
        ({"kinds": "domain domain domain list", "sizes": "5 2 2 3", "dimension": "4"}, "2D"),
    ],
)
def test_bad_input_is_refused_in_one_line_that_names_the_file(tmp_path, changes, says):
    path = put(tmp_path / "bad.igs.nrrd", header(**changes), pixels().tobytes())
    with pytest.raises(FileFormatError, match=says) as caught:
        read_sweep(path)
    assert str(path) in str(caught.value)
    assert ";" in str(caught.value)
    assert "\n" not in str(caught.value)
