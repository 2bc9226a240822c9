"""Encodings of text files, made with Python's codecs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.errors import FileFormatError
from edge_sdk.text_bytes import decoded_text, read_text_file

TEXT = "timestamp,tx\n0.0,1.5\n"
PATH = Path("a.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_a_spreadsheet(encoding: str) -> None:
    assert decoded_text(TEXT.encode(encoding), PATH) == TEXT


def test_big_endian_with_its_mark() -> None:
    assert decoded_text(b"\xfe\xff" + TEXT.encode("utf-16-be"), PATH) == TEXT


def test_half_a_character_is_refused_by_encoding() -> None:
    with pytest.raises(FileFormatError, match=r"a\.csv.*UTF-16"):
        decoded_text(TEXT.encode("utf-16")[:-1], PATH)
    with pytest.raises(FileFormatError, match=r"none\.csv.*cannot be read"):
        read_text_file(Path("none.csv"))


@given(st.binary(max_size=100))
def test_other_bytes_are_kept(data: bytes) -> None:
    try:
        text = decoded_text(data, PATH)
    except FileFormatError:
        return
    if 0 not in data and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        assert text.encode("utf-8", "surrogateescape") == data
