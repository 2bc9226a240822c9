from __future__ import annotations

import bz2

import nrrd
import numpy as np
import pytest
import SimpleITK

from edge_sdk.containers.nrrd import axis_vectors, read_nrrd, write_nrrd
from edge_sdk.errors import FileFormatError

KINDS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_pynrrd_writes(tmp_path, kind, endian, encoding):
    values = (np.arange(24).reshape(2, 3, 4) * 5).astype(kind)
    nrrd.write(
        str(tmp_path / "a.nrrd"),
        values.astype(endian + kind),
        {"encoding": encoding, "my own": "kept"},
        index_order="C",
    )
    read = read_nrrd(tmp_path / "a.nrrd")
    assert read.pixels.dtype == kind
    np.testing.assert_array_equal(read.pixels, values)
    assert read.sizes == (4, 3, 2)
    assert read.values == {"my own": "kept"}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_simpleitk_and_pynrrd_read(tmp_path, kind, name, compressed):
    values = (np.arange(24).reshape(2, 3, 4) * 5).astype(kind)
    fields = {"dimension": "3", "sizes": "4 3 2"}
    write_nrrd(tmp_path / name, fields, {"my own": "kept"}, values, compressed=compressed)
    image = SimpleITK.ReadImage(str(tmp_path / name))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), values)
    np.testing.assert_array_equal(nrrd.read(str(tmp_path / name), index_order="C")[0], values)
    assert nrrd.read_header(str(tmp_path / name))["my own"] == "kept"


def test_comments_other_scripts_and_skips(tmp_path):
    data = b"two\nlines\n" + bytes(range(6))
    path = tmp_path / "a.nrrd"
    path.write_bytes(
        "NRRD0005\r\n#  Wörter \ntype: uchar\ndimension: 1\nsizes: 6\nencoding: raw\nlineskip: 1\nbyte skip: 6\n"
        "größe:= 3 : 4 \n\n".encode()
        + data
    )
    read = read_nrrd(path)
    assert read.comments == ("Wörter",)
    assert read.values == {"größe": "3 : 4"}
    np.testing.assert_array_equal(read.pixels, np.arange(6))


def test_compressed_pixels_that_do_not_end(tmp_path):
    head = b"NRRD0004\ntype: uint8\ndimension: 1\nsizes: %d\nencoding: bzip2\n\n"
    data = bz2.compress(bytes(1000))
    for size, says in ((999, "more pixels"), (1001, "truncated")):
        (tmp_path / "a.nrrd").write_bytes(head % size + data)
        with pytest.raises(FileFormatError, match=says):
            read_nrrd(tmp_path / "a.nrrd")


def test_axis_vectors():
    assert axis_vectors("none (1, 0) (0,-2.5e-1)") == [None, (1.0, 0.0), (0.0, -0.25)]
