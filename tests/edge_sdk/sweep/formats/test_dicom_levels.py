"""Levels of more than 8 bits, by the formulas of PS3.3 C.11.2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from edge_sdk import read_sweep
from edge_sdk.sweep.sweep import Sweep
from tests.edge_sdk.sweep.formats.test_dicom_cine import dataset, put

STORED = np.linspace(0, 4000, 3 * 6 * 8).round().astype(np.uint16).reshape(3, 6, 8)


def read(tmp_path: Path, pixels: np.ndarray, kind: str = "MONOCHROME2", **values: Any) -> Sweep:
    return read_sweep(put(dataset(pixels, kind, **{"BitsStored": 12, "HighBit": 11, **values}), tmp_path / "a.dcm"))


def spread(levels: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((levels.astype(float) - low) / (high - low), 0, 1) * 255


def table(values: np.ndarray, bits: int, first: int = 0) -> Dataset:
    made = Dataset()
    made.LUTDescriptor = [len(values), first, bits]
    made.LUTData = values.tolist()
    made["LUTData"].VR = "US"
    return made


def test_without_a_window_the_range_in_use_is_shown(tmp_path: Path) -> None:
    sweep = read(tmp_path, STORED // 4 + 100)
    np.testing.assert_allclose(sweep.images, spread(STORED // 4 + 100, 100, 1100), atol=0.51)
    assert "12-bit levels 100…1100, the range in use, are shown as 0…255" in str(sweep.remarks)


@pytest.mark.parametrize("stored", [10, 12, 16])
def test_the_same_levels_look_the_same_whatever_bits_are_stored(tmp_path: Path, stored: int) -> None:
    sweep = read(tmp_path, STORED // 4, BitsStored=stored, HighBit=stored - 1)
    np.testing.assert_allclose(sweep.images, spread(STORED // 4, 0, 1000), atol=0.51)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        # LINEAR is from center - 0.5 - (width - 1) / 2 on, LINEAR_EXACT from center - width / 2.
        ({"WindowCenter": 1000, "WindowWidth": 501}, 749.5, 1249.5),
        ({"WindowCenter": 1000, "WindowWidth": 500, "VOILUTFunction": "LINEAR_EXACT"}, 750, 1250),
        ({"WindowCenter": [1000, 7], "WindowWidth": [501, 9]}, 749.5, 1249.5),
        ({"WindowCenter": 2000, "WindowWidth": 1001, "RescaleSlope": 2, "RescaleIntercept": 10}, 744.75, 1244.75),
    ],
)
def test_a_window_shows_its_levels(tmp_path: Path, values: dict[str, Any], low: float, high: float) -> None:
    np.testing.assert_allclose(read(tmp_path, STORED, **values).images, spread(STORED, low, high), atol=0.51)


def test_a_sigmoid_window(tmp_path: Path) -> None:
    sweep = read(tmp_path, STORED, WindowCenter=2000, WindowWidth=1000, VOILUTFunction="SIGMOID")
    expected = 255 / (1 + np.exp(-4 * (STORED.astype(float) - 2000) / 1000))
    np.testing.assert_allclose(sweep.images, expected, atol=0.51)


def test_a_table_of_levels(tmp_path: Path) -> None:
    # A table that shows the square of the level, in 10 bits.
    values = (np.arange(4096) ** 2 / 4095**2 * 1023).astype(np.uint16)
    sweep = read(tmp_path, STORED, VOILUTSequence=[table(values, 10)], WindowCenter=5, WindowWidth=5)
    np.testing.assert_allclose(sweep.images, values[STORED] / 1023 * 255, atol=0.51)


def test_a_table_that_states_sixteen_bits_and_holds_eight(tmp_path: Path) -> None:
    values = (np.arange(4096) // 16).astype(np.uint16)
    sweep = read(tmp_path, STORED, VOILUTSequence=[table(values, 16)])
    np.testing.assert_array_equal(sweep.images, values[STORED])


def test_a_window_of_each_frame(tmp_path: Path) -> None:
    groups = []
    for center in (500, 1500, 2500):
        window, group = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = center, 401
        group.FrameVOILUTSequence = [window]
        groups.append(group)
    sweep = read(tmp_path, STORED, PerFrameFunctionalGroupsSequence=groups)
    for index, center in enumerate((500, 1500, 2500)):
        low = center - 0.5 - 200
        np.testing.assert_allclose(sweep.images[index], spread(STORED[index], low, low + 400), atol=0.51)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"WindowCenter": 40, "WindowWidth": 0}, "center 40 and the width 0"),
        ({"WindowCenter": 9000, "WindowWidth": 100}, "holds none of the levels in use"),
        ({"WindowCenter": 40}, "width nan"),
    ],
)
def test_an_unusable_window_is_told(tmp_path: Path, values: dict[str, Any], told: str) -> None:
    sweep = read(tmp_path, STORED, **values)
    np.testing.assert_allclose(sweep.images, spread(STORED, 0, 4000), atol=0.51)
    assert told in str(sweep.remarks)


def test_bits_that_lie_high_and_signed_levels(tmp_path: Path) -> None:
    high = read(tmp_path, STORED << 4, HighBit=15)
    np.testing.assert_allclose(high.images, spread(STORED, 0, 4000), atol=0.51)
    signed = (STORED.astype(np.int16) - 2000).astype(np.int16)
    whole = read(tmp_path, signed, BitsStored=16, HighBit=15, PixelRepresentation=1)
    np.testing.assert_allclose(whole.images, spread(STORED, 0, 4000), atol=0.51)
    twelve = (signed // 2).view(np.uint16) & 0xFFF
    part = read(tmp_path, twelve, PixelRepresentation=1)
    np.testing.assert_allclose(part.images, spread(signed // 2, -1000, 1000), atol=0.51)


def test_bits_beside_the_stored_ones_are_told(tmp_path: Path) -> None:
    sweep = read(tmp_path, STORED | 0x8000)
    np.testing.assert_allclose(sweep.images, spread(STORED, 0, 4000), atol=0.51)
    assert "more bits than BitsStored (12, up to bit 11)" in str(sweep.remarks)


def test_inverted_levels(tmp_path: Path) -> None:
    sweep = read(tmp_path, STORED, "MONOCHROME1", WindowCenter=1000, WindowWidth=501)
    np.testing.assert_allclose(sweep.images, 255 - spread(STORED, 749.5, 1249.5), atol=0.51)


def test_eight_bits_stay_and_an_unusual_window_is_told(tmp_path: Path) -> None:
    pixels = np.arange(3 * 6 * 8, dtype=np.uint8).reshape(3, 6, 8)
    usual = read(tmp_path, pixels, BitsStored=8, HighBit=7, WindowCenter=128, WindowWidth=256)
    unusual = read(tmp_path, pixels, BitsStored=8, HighBit=7, WindowCenter=60, WindowWidth=41)
    np.testing.assert_array_equal(usual.images, pixels)
    np.testing.assert_array_equal(unusual.images, pixels)
    assert usual.remarks == ()
    assert "VOI window 39.5…79.5 is not applied" in str(unusual.remarks)


def test_an_inverting_rescale_of_eight_bits_is_told(tmp_path: Path) -> None:
    pixels = np.arange(3 * 6 * 8, dtype=np.uint8).reshape(3, 6, 8)
    sweep = read(tmp_path, pixels, BitsStored=8, HighBit=7, RescaleSlope=-1, RescaleIntercept=255)
    assert "rescale slope -1 is not applied" in str(sweep.remarks)


def test_colors_of_sixteen_bits_have_no_window(tmp_path: Path) -> None:
    colors = np.repeat(STORED[..., None], 3, -1)
    sweep = read(tmp_path, colors, "RGB", BitsStored=16, HighBit=15, WindowCenter=1000, WindowWidth=500)
    np.testing.assert_allclose(sweep.images, spread(STORED, 0, 4000), atol=0.51)
