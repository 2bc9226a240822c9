"""OpenIGTLink in any pieces, and bytes that are none."""

from __future__ import annotations

import struct
from contextlib import suppress

import numpy as np
import pyigtl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.errors import DeviceError
from edge_sdk.sweep.feeds.igtl_content import UnusableImageError, image_of, pose_of_image, pose_of_transform
from edge_sdk.sweep.feeds.igtl_stream import CRC, MessageStream

NUMBERS = st.floats(-1000, 1000, width=32)


def tagged() -> bytes:
    """An image of header version 2, with metadata."""
    message = pyigtl.ImageMessage(
        np.arange(6, dtype=np.uint8).reshape(1, 2, 3), timestamp=1.5, device_name="Image_Probe"
    )
    message.header_version, message.metadata = 2, {"FrameNumber": "4", "ProbeToTrackerTransformStatus": "OK"}
    return bytes(message.pack())


def read_all(stream: MessageStream, data: bytes) -> None:
    """What a peer does with it."""
    for message in stream.feed(data):
        if message.message_type == "TRANSFORM":
            pose_of_transform(message, 0.0)
        else:
            pose_of_image(message, 0.0, (True, False))
            with suppress(UnusableImageError):
                image_of(message, 0.0, (True, False))


@given(st.lists(st.lists(NUMBERS, min_size=12, max_size=12), max_size=5), st.lists(st.integers(1, 120), min_size=1))
def test_any_pieces_give_the_same_messages(rows: list[list[float]], pieces: list[int]) -> None:
    matrices = [np.vstack([np.reshape(row, (3, 4)), [0, 0, 0, 1]]) for row in rows]
    names = [f"Tool{number}ToTracker" for number in range(len(rows))]
    data = b"".join(
        pyigtl.TransformMessage(matrix, timestamp=7.25, device_name=name).pack()
        for matrix, name in zip(matrices, names, strict=True)
    )
    stream, messages, at = MessageStream("peer"), [], 0
    while at < len(data):
        step = pieces[at % len(pieces)]
        messages += stream.feed(data[at : at + step])
        at += step
    assert [message.device_name for message in messages] == names
    assert all((message.matrix == matrix).all() for message, matrix in zip(messages, matrices, strict=True))
    assert not stream.inside
    assert not stream.errors


@given(st.binary(max_size=400))
def test_bytes_that_are_none(data: bytes) -> None:
    with suppress(DeviceError):
        read_all(MessageStream("peer"), data)


@given(st.integers(0, 57), st.integers(1, 255))
def test_a_header_with_one_wrong_byte(at: int, flip: int) -> None:
    data = bytearray(tagged())
    data[at] ^= flip
    with suppress(DeviceError):
        read_all(MessageStream("peer"), bytes(data))


@given(st.integers(58, len(tagged()) - 1), st.integers(1, 255))
def test_a_body_with_one_wrong_byte_is_never_given(at: int, flip: int) -> None:
    data = bytearray(tagged())
    data[at] ^= flip
    stream = MessageStream("peer")
    assert stream.feed(bytes(data)) == []
    assert dict(stream.errors) == {CRC: 1}


@given(st.sampled_from(["IMAGE", "TRANSFORM"]), st.integers(1, 3), st.binary(max_size=200), st.binary(max_size=20))
def test_a_body_of_anything_under_a_right_crc(kind: str, version: int, body: bytes, name: bytes) -> None:
    crc = pyigtl.messages.CRC64(body)
    header = struct.pack(">H12s20sIIQQ", version, kind.encode(), name, 5, 0, len(body), crc)
    with suppress(DeviceError):
        read_all(MessageStream("peer"), header + body)


@given(st.data())
def test_a_damaged_image_under_a_right_crc(data: st.DataObject) -> None:
    body = bytearray(tagged()[58:])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    crc = pyigtl.messages.CRC64(bytes(body))
    header = struct.pack(">H12s20sIIQQ", 2, b"IMAGE", b"Image_Probe", 5, 0, len(body), crc)
    read_all(MessageStream("peer"), header + bytes(body))


def test_the_fraction_of_a_second_is_in_parts_of_two_to_the_32() -> None:
    body = bytes(48)
    header = struct.pack(">H12s20sIIQQ", 1, b"TRANSFORM", b"X", 9, 3 << 30, 48, pyigtl.messages.CRC64(body))
    (message,) = MessageStream("peer").feed(header + body)
    assert message.timestamp == pytest.approx(9.75, abs=1e-8)
