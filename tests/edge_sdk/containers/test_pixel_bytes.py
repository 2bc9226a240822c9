from __future__ import annotations

import bz2
import gzip
import zlib

import numpy as np
import pytest

from edge_sdk.containers.pixel_bytes import as_array, bunzip2, byte_count, check_possible, inflate, pixel_file, read_raw
from edge_sdk.errors import FileFormatError

DATA = bytes(range(256)) * 4
PACKED = {"zlib": (zlib.compress, inflate), "gzip": (gzip.compress, inflate), "bzip2": (bz2.compress, bunzip2)}


def unpack(path, reader, data, expected=1024):
    path.write_bytes(data)
    with path.open("rb") as stream:
        return reader(stream, expected, path, "size 4 of uint8")


@pytest.mark.parametrize("name", PACKED)
def test_no_damage_to_a_compressed_byte_gives_other_pixels(tmp_path, name):
    pack, reader = PACKED[name]
    packed = pack(DATA)
    refused = 0
    for position in range(len(packed)):
        for mask in (1, 128, 255):
            damaged = bytearray(packed)
            damaged[position] ^= mask
            try:
                assert unpack(tmp_path / "a", reader, bytes(damaged)) == DATA
            except FileFormatError:
                refused += 1
    assert refused > 0.9 * 3 * len(packed) or name == "gzip"  # gzip's header has a time and a name that do not matter
    for end in range(len(packed)):
        with pytest.raises(FileFormatError):
            unpack(tmp_path / "a", reader, packed[:end])


@pytest.mark.parametrize("name", PACKED)
def test_other_sizes_are_refused_and_what_follows_is_not_read(tmp_path, name):
    pack, reader = PACKED[name]
    assert unpack(tmp_path / "a", reader, pack(DATA) + b"more") == DATA
    for expected in (len(DATA) - 1, len(DATA) + 1, 0):
        with pytest.raises(FileFormatError):
            unpack(tmp_path / "a", reader, pack(DATA), expected)


def test_what_cannot_come_from_so_few_bytes_is_refused_before_it_is_allocated(tmp_path):
    with pytest.raises(FileFormatError, match="cannot come from"):
        unpack(tmp_path / "a", inflate, zlib.compress(DATA), 10**15)
    (tmp_path / "a").write_bytes(bytes(1000))
    check_possible(1_100_000, tmp_path / "a", "size", packed=True)
    with pytest.raises(FileFormatError, match="needs 1001 bytes, the file has 1000"):
        check_possible(1001, tmp_path / "a", "size", packed=False)


@pytest.mark.parametrize(("skip", "begin"), [(0, 2), (3, 5), (-1, 6)])
def test_raw_bytes_from_here_or_from_the_end(tmp_path, skip, begin):
    path = tmp_path / "a"
    path.write_bytes(DATA[:10])
    with path.open("rb") as stream:
        stream.seek(2)
        assert read_raw(stream, 4 if skip < 0 else 10 - begin, path, "size", skip=skip) == DATA[begin:10]
        stream.seek(2)
        with pytest.raises(FileFormatError):
            read_raw(stream, 10**20, path, "size", skip=skip)


def test_sizes_are_exact_and_arrays_in_the_machines_order():
    assert byte_count((2**40, 2**40), np.dtype("f8")) == 2**83
    np.testing.assert_array_equal(as_array(b"\0\1\0\2", (2, 1), np.dtype(">u2")), [[1], [2]])


@pytest.mark.parametrize("name", ["", "a\0b", "gone.raw", ".", "/dev/zero", "LIST", "x" * 5000])
def test_only_a_file_beside_the_header_is_its_pixels(tmp_path, name):
    (tmp_path / "a.raw").touch()
    assert pixel_file(tmp_path / "a.mhd", "a.raw") == tmp_path / "a.raw"
    with pytest.raises((FileFormatError, OSError)):
        pixel_file(tmp_path / "a.mhd", name)
