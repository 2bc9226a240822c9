"""Colors that contradict their label: images made by OpenCV and Pillow, gray by ITU-R BT.601."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from edge_sdk import read_sweep
from edge_sdk.sweep.formats.dicom_color import color_reading
from edge_sdk.sweep.sweep import Sweep
from tests.edge_sdk.sweep.formats.test_dicom_cine import LUMA, dataset, put

RAMP = np.tile(np.linspace(0, 255, 96).round().astype(np.uint8), (64, 1))
GRAY = np.repeat(RAMP[..., None], 3, -1)
SCAN = GRAY.copy()
SCAN[10:30, 20:50] = (200, 40, 10)  # a Doppler box
TEAL = np.full((64, 96, 3), (0, 128, 128), np.uint8)


def as_ybr(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]])


def read(tmp_path: Path, image: np.ndarray, label: str, **values: Any) -> Sweep:
    return read_sweep(put(dataset(image[None], label, **values), tmp_path / "a.dcm"))


@pytest.mark.parametrize("image", [GRAY, SCAN])
@pytest.mark.parametrize("label", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("stored", ["RGB", "YBR_FULL"])
def test_uncompressed_colors(tmp_path: Path, image: np.ndarray, label: str, stored: str) -> None:
    pixels = image if stored == "RGB" else as_ybr(image)
    sweep = read(tmp_path, pixels, label)
    np.testing.assert_allclose(sweep.images[0], image @ LUMA, atol=2)
    told = [remark.what for remark in sweep.remarks]
    assert (told == []) == (label == stored)
    assert all(label in what for what in told)


def test_planes_of_color(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(np.moveaxis(as_ybr(SCAN), -1, 0)).reshape(SCAN.shape)
    sweep = read(tmp_path, planes, "RGB", PlanarConfiguration=1)
    np.testing.assert_allclose(sweep.images[0], SCAN @ LUMA, atol=2)
    assert "YBR" in str(sweep.remarks)


def test_a_background_of_one_color_is_no_sign(tmp_path: Path) -> None:
    sweep = read(tmp_path, TEAL, "RGB")
    np.testing.assert_allclose(sweep.images[0], TEAL @ LUMA, atol=1)
    assert sweep.remarks == ()


def test_partial_range(tmp_path: Path) -> None:
    pixels = np.stack([RAMP * (219 / 255) + 16, np.full(RAMP.shape, 128), np.full(RAMP.shape, 128)], -1)
    sweep = read(tmp_path, pixels.round().astype(np.uint8), "YBR_PARTIAL_422")
    np.testing.assert_allclose(sweep.images[0], RAMP, atol=1)


def jpeg(image: np.ndarray, *, rgb: bool = False, marker: bool = True) -> bytes:
    """A JPEG as Pillow writes it: with JFIF and YCbCr, or with Adobe's marker, component names and RGB."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=98, subsampling=0, keep_rgb=rgb)
    data = stream.getvalue()
    if marker:
        return data
    length = int.from_bytes(data[4:6], "big")
    return data[:2] + data[4 + length :]


def adobe(data: bytes, transform: int) -> bytes:
    """With an Adobe marker instead of the first one."""
    length = int.from_bytes(data[4:6], "big")
    content = b"Adobe" + (100).to_bytes(2, "big") + bytes(4) + bytes([transform])
    return data[:2] + b"\xff\xee" + (len(content) + 2).to_bytes(2, "big") + content + data[4 + length :]


CODESTREAMS = {
    "JFIF": jpeg(SCAN),
    "bare": jpeg(SCAN, marker=False),
    "Adobe YCbCr": adobe(jpeg(SCAN), 1),
    "RGB": jpeg(SCAN, rgb=True),
}


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL_422"])
@pytest.mark.parametrize("name", CODESTREAMS)
def test_jpegs(tmp_path: Path, name: str, label: str) -> None:
    made = dataset(SCAN[None], label)
    made.PixelData = encapsulate([CODESTREAMS[name]])
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    sweep = read_sweep(put(made, tmp_path / "a.dcm"))
    np.testing.assert_allclose(sweep.images[0], SCAN @ LUMA, atol=4)
    right = (name == "RGB") == (label == "RGB")
    assert (sweep.remarks == ()) == right


@given(st.binary(max_size=200))
def test_damaged_markers_are_survived(data: bytes) -> None:
    color_reading("RGB", [GRAY], b"\xff\xd8" + data)
