"""Wire formats of pose sensors: known checksums, packets between garbage, poses that come back."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from edge_sdk.errors import TrackerError
from edge_sdk.simulation.serial_devices.imu import bno08x_packet, witmotion_packet
from edge_sdk.simulation.serial_devices.motion import SwingingPose
from edge_sdk.sweep.trackers.bno08x import LOST, Bno08xDecoder, from_angles
from edge_sdk.sweep.trackers.checksums import crc16_arc
from edge_sdk.sweep.trackers.ndi_bytes import reply_text, with_crc
from edge_sdk.sweep.trackers.ndi_replies import binary_length, parse_bx, parse_tx
from edge_sdk.sweep.trackers.packets import CHECKSUM, GARBAGE
from edge_sdk.sweep.trackers.witmotion import WitMotionDecoder, configuration

ANGLES = st.floats(-np.pi, np.pi)
TX = "020A+09659+00000+00000+02588+001000-015025-120050+001230000003100000BE4\n0BMISSING0000003100000BE4\n0000"


@pytest.mark.parametrize(
    ("text", "crc"),
    [("RESET", 0xBE6F), ("OKAY", 0xA896), ("INIT:", 0xE3A5), ("TSTART:", 0x5423), ("TX:0001", 0x031A)],
)
def test_crc_is_that_of_the_manual(text: str, crc: int) -> None:
    assert crc16_arc(text.encode()) == crc
    assert with_crc(text) == f"{text}{crc:04X}\r".encode()
    assert reply_text(with_crc(text)) == text


def test_crc_has_the_check_value_of_its_catalog() -> None:
    assert crc16_arc(b"123456789") == 0xBB3D


@given(st.binary(max_size=60))
def test_a_reply_is_understood_or_refused(line: bytes) -> None:
    with suppress(TrackerError):
        assert line == reply_text(line).encode("latin-1") + line[-5:]


def test_an_error_of_the_device_is_told() -> None:
    with pytest.raises(TrackerError, match="ERROR0C"):
        reply_text(with_crc("ERROR0C"))


def test_tx_gives_poses_and_what_is_missing() -> None:
    probe, reference = parse_tx(TX).readings
    assert (probe.sensor, probe.status, probe.number) == ("0A", "OK", 0xBE4)
    np.testing.assert_allclose(probe.position, (10.0, -150.25, -1200.5))
    turn = Rotation.from_quat(probe.quaternion).as_euler("zyx", degrees=True)
    np.testing.assert_allclose(turn, (0, 0, 0), atol=31)
    np.testing.assert_allclose(Rotation.from_quat(probe.quaternion).magnitude(), np.deg2rad(30), atol=1e-4)
    assert (reference.sensor, reference.status, reference.number) == ("0B", "MISSING", 0xBE4)
    assert np.isnan(reference.position).all()


def test_out_of_the_volume_is_no_usable_pose() -> None:
    (reading,) = parse_tx(
        TX.replace("02", "01", 1).split("0BMISSING")[0].replace("00000031", "00000071") + "0000"
    ).readings
    assert reading.status == "OUT_OF_VOLUME"


@given(st.integers(0, len(TX) - 1))
def test_tx_cut_short_is_refused(length: int) -> None:
    with pytest.raises(TrackerError, match="no TX reply"):
        parse_tx(TX[:length])


@given(st.text(alphabet="0123456789ABCDEF+-MISNG\n", max_size=80))
def test_tx_of_any_text_is_a_reply_or_refused(text: str) -> None:
    with suppress(TrackerError):
        parse_tx(text)


@given(st.binary(max_size=120))
def test_bx_of_any_bytes_is_a_reply_or_refused(payload: bytes) -> None:
    with suppress(TrackerError):
        parse_bx(payload)


def test_a_damaged_head_is_refused() -> None:
    with pytest.raises(TrackerError, match="head of a BX reply"):
        binary_length(b"\xc4\xa5\x10\x00\x00\x00")


@given(yaw=ANGLES, pitch=st.floats(-1.5, 1.5), roll=ANGLES)
def test_angles_are_turned_in_the_order_of_the_datasheet(yaw: float, pitch: float, roll: float) -> None:
    expected = Rotation.from_euler("ZYX", [yaw, pitch, roll]).as_matrix()
    found = Rotation.from_quat(from_angles(yaw, pitch, roll)).as_matrix()
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(cuts=st.lists(st.integers(1, 12), min_size=1, max_size=40), garbage=st.binary(max_size=9))
def test_packets_are_found_in_pieces_and_after_garbage(cuts: list[int], garbage: bytes) -> None:
    pose = SwingingPose(rate=100.0)
    for decoder, packet in ((WitMotionDecoder(), witmotion_packet), (Bno08xDecoder(), bno08x_packet)):
        packets = [packet(pose, number) for number in range(8)]
        # Garbage may look like the beginning of a packet and take others with it, but not the last ones.
        stream = garbage + b"".join(packets)
        readings = []
        at = 0
        for size in [*cuts, len(stream)]:
            readings += decoder.feed(stream[at : at + size])
            at += size
        last = Rotation.from_quat(pose.at(7)[0])
        assert len(readings) >= 6 - len(garbage) // 11
        assert (Rotation.from_quat(readings[-1].quaternion) * last.inv()).magnitude() < 2e-4


def test_a_wrong_checksum_is_counted_and_gives_no_reading() -> None:
    pose = SwingingPose(rate=100.0)
    damaged = bytearray(witmotion_packet(pose, 3))
    damaged[5] ^= 0x10
    decoder = WitMotionDecoder()
    assert decoder.feed(bytes(damaged)) == []
    assert decoder.errors[CHECKSUM] == 1
    assert len(decoder.feed(witmotion_packet(pose, 4))) == 1
    assert decoder.errors[GARBAGE] >= 10 - 1


def test_packets_that_did_not_arrive_are_counted() -> None:
    pose, decoder = SwingingPose(rate=100.0), Bno08xDecoder()
    for number in (254, 255, 0, 4):
        decoder.feed(bno08x_packet(pose, number))
    assert decoder.errors[LOST] == 3


def test_witmotion_is_told_to_send_quaternions() -> None:
    assert configuration(200).hex(" ") == "ff aa 69 88 b5 ff aa 02 00 02 ff aa 03 0b 00"
