"""Small Matroska files, written element by element from RFC 8794 and RFC 9559."""

from __future__ import annotations

from collections.abc import Sequence


def element(kind: int, content: bytes, *, sized: bool = True) -> bytes:
    """An element; without a size it reaches to the end of its parent."""
    identity = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    size = (len(content) | 1 << 56).to_bytes(8, "big") if sized else b"\x01" + b"\xff" * 7
    return identity + size + content


def number(kind: int, value: int) -> bytes:
    return element(kind, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def video_track(size: tuple[int, int], color_space: str = "RV24", codec: str = "V_UNCOMPRESSED") -> bytes:
    picture = number(0xB0, size[0]) + number(0xBA, size[1]) + element(0x2EB524, color_space.encode())
    return element(0xAE, number(0xD7, 1) + number(0x83, 1) + element(0x86, codec.encode()) + element(0xE0, picture))


def text_track(at: int, name: str, codec: str = "S_TEXT/UTF8") -> bytes:
    own = number(0xD7, at) + number(0x83, 17) + element(0x86, codec.encode()) + element(0x536E, name.encode())
    return element(0xAE, own)


def block(track: int, offset: int, content: bytes) -> bytes:
    return element(0xA3, bytes([0x80 | track]) + offset.to_bytes(2, "big", signed=True) + b"\x80" + content)


def group(track: int, offset: int, content: bytes) -> bytes:
    inner = bytes([0x80 | track]) + offset.to_bytes(2, "big", signed=True) + b"\x00" + content
    return element(0xA0, element(0xA1, inner))


def matroska(
    tracks: Sequence[bytes],
    clusters: Sequence[tuple[int, Sequence[bytes]]],
    *,
    muxer: str = "libwebm-0.2.1.0",
    sized: bool = True,
) -> bytes:
    """A file; clusters are (time in ms, blocks)."""
    header = element(0x1A45DFA3, element(0x4282, b"matroska"))
    info = element(0x1549A966, number(0x2AD7B1, 1_000_000) + element(0x4D80, muxer.encode()))
    body = info + element(0x1654AE6B, b"".join(tracks))
    for time, blocks in clusters:
        body += element(0x1F43B675, number(0xE7, time) + b"".join(blocks), sized=sized)
    return header + element(0x18538067, body, sized=sized)
