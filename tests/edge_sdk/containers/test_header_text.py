"""Where a header begins, and in what encoding."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.containers.header_text import field_line, header_lines
from edge_sdk.containers.metaimage import read_metaimage
from edge_sdk.containers.nrrd import read_nrrd
from edge_sdk.errors import FileFormatError

META = "ObjectType = Image\nNDims = 2\nDimSize = 2 2\nElementType = MET_UCHAR\nName = \u00e9\nElementDataFile = {}\n"
NRRD = "NRRD0004\ntype: uint8\ndimension: 2\nsizes: 2 2\nencoding: raw\nname:=\u00e9\ndata file: {}\n"
UTF16 = ["utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", *UTF16])
@pytest.mark.parametrize(("name", "header"), [("a.mhd", META), ("a.nhdr", NRRD)])
def test_headers_beside_their_pixels(tmp_path: Path, name: str, header: str, encoding: str, line_end: str) -> None:
    (tmp_path / "a.raw").write_bytes(bytes([1, 2, 3, 4]))
    (tmp_path / name).write_bytes(header.format("a.raw").replace("\n", line_end).encode(encoding))
    read = read_metaimage(tmp_path / name) if name.endswith("mhd") else read_nrrd(tmp_path / name)
    np.testing.assert_array_equal(read.pixels, [[1, 2], [3, 4]])
    texts = read.values if hasattr(read, "values") else read.fields
    assert "\u00e9" in texts.values()


def test_a_mark_before_pixels_in_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "a.mha").write_bytes(META.format("LOCAL").encode("utf-8-sig") + bytes([1, 2, 3, 4]))
    np.testing.assert_array_equal(read_metaimage(tmp_path / "a.mha").pixels, [[1, 2], [3, 4]])
    (tmp_path / "a.nrrd").write_bytes(NRRD.replace("data file: {}\n", "\n").encode("utf-8-sig") + bytes([1, 2, 3, 4]))
    np.testing.assert_array_equal(read_nrrd(tmp_path / "a.nrrd").pixels, [[1, 2], [3, 4]])


@pytest.mark.parametrize("encoding", UTF16)
@pytest.mark.parametrize("name", ["a.mha", "a.nrrd"])
def test_no_pixels_can_follow_a_header_in_utf_16(tmp_path: Path, name: str, encoding: str) -> None:
    header = META.format("LOCAL") if name == "a.mha" else NRRD.replace("data file: {}\n", "\n")
    (tmp_path / name).write_bytes(header.encode(encoding) + bytes([1, 2, 3, 4]))
    read = read_metaimage if name == "a.mha" else read_nrrd
    with pytest.raises(FileFormatError, match=rf"{name}: begins as UTF-16"):
        read(tmp_path / name)


def test_bytes_that_are_no_utf_16() -> None:
    with pytest.raises(FileFormatError, match="UTF-16"):
        header_lines(io.BytesIO(b"\xff\xfea"), Path("x"))


def test_colons_in_names_of_frames_fields() -> None:
    key = "Seq_Frame0000_Probe:1ToTrackerTransform"
    assert field_line(key, ":=", "1", Path("x")) == b"Seq_Frame0000_Probe:1ToTrackerTransform:=1\n"
    for bad in ("Seq_Frame0000_a:=b", "Seq_Frame0000_a: b", "a:b"):
        with pytest.raises(FileFormatError, match="which the format cannot hold"):
            field_line(bad, ":=", "1", Path("x"))
