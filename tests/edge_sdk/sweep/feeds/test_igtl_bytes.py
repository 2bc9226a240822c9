"""Volumes packed in pieces are those that pyigtl packs."""

from __future__ import annotations

import time

import numpy as np
import pyigtl
import pytest

from edge_sdk.sweep.feeds import igtl_bytes
from edge_sdk.sweep.feeds.igtl_bytes import crc64, packed_volume


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_the_published_check_value_of_ecma_182(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(igtl_bytes, "_PIECE", piece)
    assert crc64(b"123456789") == 0x6C40DF5F0B497347
    assert crc64(b"") == 0


@pytest.mark.parametrize("shape", [(3, 700, 800), (1, 2, 3)])
def test_pyigtl_reads_the_volume(shape: tuple[int, int, int]) -> None:
    voxels = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    matrix = np.array([[0, -0.25, 0, 10], [0.5, 0, 0, -20], [0, 0, 2, 30], [0, 0, 0, 1.0]])
    data = bytes(packed_volume("Volume", voxels.transpose(0, 2, 1).copy().transpose(0, 2, 1), matrix))
    header = pyigtl.messages.MessageBase.parse_header(data[:58])
    assert int.from_bytes(data[50:58], "big") == pyigtl.messages.CRC64(data[58:])
    assert header["body_size"] == len(data) - 58
    assert abs(header["timestamp"] - time.time()) < 10
    message = pyigtl.ImageMessage()
    message.unpack(header, data[58:])
    assert (message.device_name, message.world_coordinate_system) == ("Volume", "ras")
    assert (message.image == voxels).all()
    assert message.ijk_to_world_matrix == pytest.approx(matrix, abs=1e-4)
    theirs = pyigtl.ImageMessage(voxels, matrix, "ras", device_name="Volume").pack()
    assert data[:34] + data[58:] == theirs[:34] + theirs[58:]


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int16, np.float32])
def test_pyigtl_reads_voxels_of_every_type(kind: type) -> None:
    voxels = (np.arange(24).reshape(2, 3, 4) * 5 - 7).astype(kind)
    data = bytes(packed_volume("Volume", voxels, np.eye(4)))
    message = pyigtl.ImageMessage()
    message.unpack(pyigtl.messages.MessageBase.parse_header(data[:58]), data[58:])
    assert message.image.dtype == kind
    assert (message.image == voxels).all()
