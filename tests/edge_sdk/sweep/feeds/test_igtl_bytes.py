"""Messages packed in pieces are those that pyigtl packs."""

from __future__ import annotations

import numpy as np
import pyigtl
import pytest

from edge_sdk.sweep.feeds import igtl_bytes
from edge_sdk.sweep.feeds.igtl_bytes import crc64, packed


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_the_published_check_value_of_ecma_182(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(igtl_bytes, "_PIECE", piece)
    assert crc64(b"123456789") == 0x6C40DF5F0B497347
    assert crc64(b"") == 0


def test_messages_are_those_of_pyigtl() -> None:
    voxels = np.random.default_rng(1).integers(0, 255, (3, 700, 800), np.uint8)
    for message in (
        pyigtl.ImageMessage(voxels, np.diag([1, 2, 3, 1]), "ras", timestamp=1.7e9 + 0.625, device_name="Volume"),
        pyigtl.TransformMessage(np.eye(4), timestamp=12.25, device_name="ProbeToReference"),
    ):
        ours, theirs = packed(message), message.pack()
        # pyigtl's fraction of a second goes through whole nanoseconds.
        assert int.from_bytes(ours[38:42], "big") == pytest.approx(int.from_bytes(theirs[38:42], "big"), abs=8)
        assert ours[:38] + ours[42:] == theirs[:38] + theirs[42:]
