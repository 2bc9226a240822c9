"""Ways in which files come damaged: cut, overwritten, mixed up, with headers that lie.

A damage is three whole numbers: what is done, where, and with what. Any three mean something for any file, so that a
generator can draw them freely, and the same three do the same to the same file.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence

Damage = tuple[int, int, int]
LARGEST = 2**32 - 1
"""The numbers of a damage are at most this."""
_CASE = struct.Struct("<3B BII BII BII")
CASE_BYTES = _CASE.size

_NUMBER = re.compile(rb"(?<![A-Za-z0-9_.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![A-Za-z_])")
_LAYOUT = re.compile(
    rb"(?im)^(?!Seq_Frame).*(?:kind|encoding|endian|skip|compressed|channels|binary|orientation|spac|timestamp|transform"
    rb"|angle|origin|extent|radius|clip).*$"
)
_SIZES = re.compile(rb"(?im)^(?!Seq_Frame).*(?:size|dim|type|data ?file|wire|frame|depth|width).*$")
_VALUE = re.compile(rb"(?<=[=:\"> ])[^=:\"<>\n]+(?=[\n\"<])")
_NUMBERS = (
    b"0", b"-1", b"1", b"2", b"3", b"255", b"65536", b"100000", b"2147483647", b"-2147483648", b"4294967296",
    b"99999999999999999999", b"9" * 5000, b"1e30", b"-1e308", b"1e999", b"nan", b"-inf", b"0.5", b"1e-320", b"0x10",
    b"1_0", b"\xd9\xa3", b"", b"one", b"1 1", b"1,5",
)  # fmt: skip
_WORDS = (
    b"", b" ", b"nan", b"True", b"False", b"LOCAL", b"LIST", b".", b"/dev/zero", b"../..", b"\0", b"a\0b", b"\xff\xfe",
    "é\u2028".encode(), b"A" * 3000, b"=", b":=", b"#", b"raw", b"gzip", b"bzip2", b"text", b"hex", b"double", b"float",
    b"int16", b"uint64", b"MET_DOUBLE", b"MET_OTHER", b"MET_LONG_LONG", b"domain domain domain", b"list domain domain",
    b"vector domain domain list", b"little", b"big", b"UNA", b"none", b"(nan,0,0) (0,0,0) none", b"%d %s %n",
)  # fmt: skip
_BINARY = (
    b"\0", b"\xff", b"\x80", b"\x7f", b"\0\0", b"\xff\xff", b"\x7f\xff", b"\xff\x7f", b"\0\x80", b"\xff" * 4,
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0" * 4, b"\0\0\0\x80", b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\xff" * 8,
    b"\0" * 8, b"\x01\0\0\0", b"\0\0\0\x01", b"\0" * 32, b"\xff" * 32,
    b"\xff\x7f" * 3, b"\x7f\xff" * 3,
)  # fmt: skip


def apply(data: bytes, damages: Sequence[Damage], spots: Sequence[int] = ()) -> bytes:
    """`data` with each damage done to it in turn.

    Args:
        data: A file.
        damages: What is done.
        spots: Positions of numbers that say how large something is or what it is, where the file is not text.
    """
    for what, where, how in damages:
        kind = _KINDS[what % len(_KINDS)]
        if kind is _spot and spots:
            data = _overwritten(data, spots[where % len(spots)], _BINARY[how % len(_BINARY)])
        else:
            data = kind(data, where, how)
    return data


def drawn(case: bytes) -> tuple[int, int, list[Damage]]:
    """Two numbers to choose a sample and a file with, and one to three damages, of CASE_BYTES random bytes.

    One draw of bytes costs the generator a quarter of what as many draws of numbers do.
    """
    sample, file, count, *numbers = _CASE.unpack(case)
    damages = [(numbers[i], numbers[i + 1], numbers[i + 2]) for i in (0, 3, 6)]
    return sample, file, damages[: 1 + count % 4 % 3]


def _place(data: bytes, where: int) -> int:
    """A position: every fourth near the start and every eighth near the end, where headers and trailers are."""
    where, region = divmod(where, 8)
    if region < 2:
        return where % 512 % (len(data) + 1)
    if region == 2:
        return max(0, len(data) - where % 64)
    return where % (len(data) + 1)


def _truncate(data: bytes, where: int, _: int) -> bytes:
    return data[: _place(data, where)]


def _remove(data: bytes, where: int, how: int) -> bytes:
    start = _place(data, where)
    return data[:start] + data[start + 1 + how % 64 :]


def _flip(data: bytes, where: int, how: int) -> bytes:
    start = min(_place(data, where), max(0, len(data) - 1))
    return data[:start] + bytes(byte ^ (how % 255 + 1) for byte in data[start : start + 1]) + data[start + 1 :]


def _overwrite(data: bytes, where: int, how: int) -> bytes:
    return _overwritten(data, _place(data, where), _BINARY[how % len(_BINARY)])


def _overwritten(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]


def _insert(data: bytes, where: int, how: int) -> bytes:
    start = _place(data, where)
    return data[:start] + how.to_bytes(4, "little") + data[start:]


def _repeat(data: bytes, where: int, how: int) -> bytes:
    start = _place(data, where)
    return data[:start] + data[start : start + how % 512] * (how // 512 % 16 + 1) + data[start:]


def _move(data: bytes, where: int, how: int) -> bytes:
    first, second = sorted((_place(data, where), _place(data, how)))
    return data[second:] + data[first:second] + data[:first]


def _number(data: bytes, where: int, how: int) -> bytes:
    return _replace_match(data, [*_NUMBER.finditer(data, 0, 20000)], where, _NUMBERS[how % len(_NUMBERS)])


def _layout_number(data: bytes, where: int, how: int) -> bytes:
    line = _layout_line(data, where)
    numbers = [*_NUMBER.finditer(data, *line.span())] if line else []
    return _replace_match(data, numbers, how // len(_NUMBERS), _NUMBERS[how % len(_NUMBERS)])


def _layout_word(data: bytes, where: int, how: int) -> bytes:
    line = _layout_line(data, where)
    values = [*_VALUE.finditer(data, *line.span())] if line else []
    return _replace_match(data, values, how // len(_WORDS), _WORDS[how % len(_WORDS)])


def _word(data: bytes, where: int, how: int) -> bytes:
    return _replace_match(data, [*_VALUE.finditer(data, 0, 20000)], where, _WORDS[how % len(_WORDS)])


def _layout_line(data: bytes, where: int) -> re.Match[bytes] | None:
    """A line that says how the rest is laid out, every other time one about sizes, types and the pixels' file."""
    where, sizes = divmod(where, 2)
    lines = [*(_SIZES if sizes else _LAYOUT).finditer(data, 0, 20000)]
    return lines[where % len(lines)] if lines else None


_spot = _layout_number
"""What is done in text in place of overwriting a number at a known position."""


def _line(data: bytes, where: int, how: int) -> bytes:
    """A line gone, doubled, in another place, or in another case."""
    lines = data.split(b"\n")
    index = where % len(lines)
    line = lines.pop(index)
    other = how // 5 % (len(lines) + 1)
    lines[other:other] = ([], [line, line], [line], [line.swapcase()], [line.replace(b" ", b"")])[how % 5]
    return b"\n".join(lines)


def _replace_match(data: bytes, matches: Sequence[re.Match[bytes]], where: int, new: bytes) -> bytes:
    if not matches:
        return _overwrite(data, where, where)
    match = matches[where % len(matches)]
    return data[: match.start()] + new + data[match.end() :]


_KINDS: tuple[Callable[[bytes, int, int], bytes], ...] = (
    _truncate, _remove, _flip, _overwrite, _insert, _repeat, _move, _number, _word, _line, _layout_word, _spot, _spot,
    _spot,
)  # fmt: skip
