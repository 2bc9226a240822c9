"""Ultrasound DICOM: what pydicom says of the same file is the reference."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from apps.inputs import kind_of
from edge_sdk import read_sweep
from edge_sdk.errors import EdgeSdkError, FileFormatError, GeometryError
from edge_sdk.sweep.formats.dicom_cine import read_dicom_cine

US, US_MULTI, US_VOLUME, CT = (f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("6.1", "3.1", "6.2", "2"))
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def dataset(pixels: np.ndarray, kind: str = "MONOCHROME2", storage: str = US_MULTI, **values: object) -> Dataset:
    """A DICOM object of frames (N, H, W) or (N, H, W, 3)."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = storage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3"
    made.Modality, made.PhotometricInterpretation = "US", kind
    made.PatientName = "Nobody^Known"
    made.NumberOfFrames, made.Rows, made.Columns = pixels.shape[:3]
    made.SamplesPerPixel = pixels.shape[3] if pixels.ndim == 4 else 1
    made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = 8 * pixels.dtype.itemsize
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, 0
    made.PixelData = pixels.tobytes()
    for name, value in values.items():
        if value is None:
            delattr(made, name)
        else:
            setattr(made, name, value)
    return made


def region(corners: tuple[int, int, int, int], delta: tuple[float, float], **values: int) -> Dataset:
    made = Dataset()
    for name, corner in zip(("MinX0", "MinY0", "MaxX1", "MaxY1"), corners, strict=True):
        setattr(made, f"RegionLocation{name}", corner)
    made.PhysicalDeltaX, made.PhysicalDeltaY = delta
    defaults = {
        "RegionSpatialFormat": 1,
        "RegionDataType": 1,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
    }
    for name, value in (defaults | values).items():
        setattr(made, name, value)
    return made


def put(made: Dataset, path: Path) -> Path:
    made.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def gray() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 6, 8), np.uint8)


def test_gray_frames_are_read_as_they_are(tmp_path, gray):
    sweep = read_sweep(put(dataset(gray), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(sweep.images, gray)
    assert sweep.images.dtype == np.uint8
    assert sweep.transforms == {}
    assert sweep.image_status == ("OK",) * 3
    assert sweep.header["GreyFrom"] == "MONOCHROME2: as stored"
    assert "Nobody" not in str(sweep.header)


def test_color_becomes_luma(tmp_path):
    color = np.random.default_rng(2).integers(0, 256, (2, 5, 6, 3), np.uint8)
    sweep = read_sweep(put(dataset(color, "RGB"), tmp_path / "a.dcm"))
    np.testing.assert_allclose(sweep.images, color @ LUMA, atol=0.51)
    assert "luma" in sweep.header["GreyFrom"]


def test_inverted_and_deep_pixels(tmp_path, gray):
    inverted = read_sweep(put(dataset(gray, "MONOCHROME1"), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(inverted.images, 255 - gray)
    gray.flat[:2] = 0, 255  # the range in use is all of it
    deep = gray.astype(np.uint16) * 16 + 7
    sweep = read_sweep(put(dataset(deep, BitsStored=12, HighBit=11), tmp_path / "b.dcm"))
    np.testing.assert_array_equal(sweep.images, gray)
    assert "range in use 7…4087 as 0…255" in sweep.header["GreyFrom"]


def test_run_length_encoding(tmp_path, gray):
    made = dataset(gray)
    made.compress(RLELossless)
    np.testing.assert_array_equal(read_sweep(put(made, tmp_path / "a.dcm")).images, gray)


@pytest.mark.parametrize(
    ("values", "times", "told"),
    [
        ({"FrameTime": 40}, [0, 0.04, 0.08], "FrameTime"),
        ({"FrameTimeVector": [0, 50, 30]}, [0, 0.05, 0.08], "FrameTimeVector"),
        ({"FrameTimeVector": [0, 50], "FrameTime": 10}, [0, 0.01, 0.02], "FrameTime"),
        ({"CineRate": 20}, [0, 0.05, 0.1], "CineRate"),
        ({"RecommendedDisplayFrameRate": 10}, [0, 0.1, 0.2], "RecommendedDisplayFrameRate"),
        ({}, [np.nan] * 3, "nowhere"),
    ],
)
def test_frame_times(tmp_path, gray, values, times, told):
    sweep = read_sweep(put(dataset(gray, **values), tmp_path / "a.dcm"))
    np.testing.assert_allclose(sweep.timestamps, times)
    assert sweep.header["TimesFrom"].startswith(told)


def test_the_b_mode_region_gives_spacing_in_mm_and_the_clip(tmp_path, gray):
    spectrum = region((0, 0, 7, 5), (0.01, 0.2), RegionSpatialFormat=3, PhysicalUnitsXDirection=4)
    small, large = region((0, 0, 2, 2), (0.5, 0.5)), region((2, 1, 99, 5), (0.012, -0.013))
    made = dataset(gray, SequenceOfUltrasoundRegions=[spectrum, small, large], PixelSpacing=[9, 9])
    sweep = read_sweep(put(made, tmp_path / "a.dcm"))
    assert sweep.pixel_spacing == pytest.approx((0.12, 0.13))
    assert sweep.header["ClipRectangleOrigin"] == "2 1"
    assert sweep.header["ClipRectangleSize"] == "5 4"  # to the image's last pixel, which PLUS counts too
    assert sweep.header["BModeRegions"] == "2"


def test_spacing_without_a_calibrated_region(tmp_path, gray):
    uncalibrated = region((1, 1, 5, 4), (0.012, 0.013), PhysicalUnitsXDirection=0)
    made = dataset(gray, SequenceOfUltrasoundRegions=[uncalibrated], PixelSpacing=[0.2, 0.1])
    sweep = read_sweep(put(made, tmp_path / "a.dcm"))
    assert sweep.pixel_spacing == (0.1, 0.2)  # DICOM says row spacing, then column spacing
    assert sweep.header["PixelSpacingFrom"] == "PixelSpacing"
    assert read_sweep(put(dataset(gray), tmp_path / "b.dcm")).pixel_spacing is None


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"storage": CT, "Modality": "CT"}, "CT Image Storage"),
        ({"storage": US_VOLUME}, "three-dimensional"),
        ({"PixelData": None}, "no pixels"),
        ({"PixelRepresentation": 1}, "signed"),
        ({"NumberOfFrames": 4}, "cannot be read as DICOM.*3 whole frames, NumberOfFrames says 4"),
        ({"Rows": 0}, "rows"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "cannot be read as DICOM"),
    ],
)
def test_what_is_no_ultrasound_cine_is_refused_by_name(tmp_path, gray, values, word):
    path = put(dataset(gray, **values), tmp_path / "a.dcm")
    with pytest.raises(FileFormatError, match=rf"a\.dcm.*{word}"):
        read_sweep(path)


def test_frames_that_do_not_fit_in_memory_are_refused_at_once(tmp_path, gray):
    path = put(dataset(gray, NumberOfFrames=2**30, Rows=6_000, Columns=6_000), tmp_path / "a.dcm")
    with pytest.raises(GeometryError, match="GiB"):
        read_sweep(path)
    path = put(dataset(gray, Rows=60_000, Columns=60_000), tmp_path / "a.dcm")
    with pytest.raises(GeometryError, match="60000×60000 pixels are larger"):
        read_sweep(path)


def test_files_without_a_suffix_are_known_by_their_contents(tmp_path, gray):
    path = put(dataset(gray), tmp_path / "IM_0001")
    assert kind_of(path) == "sweep"
    np.testing.assert_array_equal(read_sweep(path).images, gray)
    (tmp_path / "notes").write_text("short")
    with pytest.raises(FileFormatError, match="not a known kind"):
        kind_of(tmp_path / "notes")


@pytest.mark.parametrize("data", [b"", b"text", bytes(200) + b"DICM", bytes(128) + b"DICM" + b"\x02\x00" * 9])
def test_other_files(tmp_path, data):
    (tmp_path / "a.dcm").write_bytes(data)
    with pytest.raises(FileFormatError, match=r"a\.dcm"):
        read_sweep(tmp_path / "a.dcm")
    with pytest.raises(FileFormatError, match=r"none\.dcm"):
        read_sweep(tmp_path / "none.dcm")


def test_without_pydicom_the_extra_is_named(tmp_path, gray, monkeypatch):
    path = put(dataset(gray), tmp_path / "a.dcm")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(FileFormatError, match=r"edge-sdk\[dicom\]"):
        read_dicom_cine(path)


def ultrasound_files() -> list[Path]:
    """The ultrasound files that pydicom and pydicom-data bring."""
    import data_store
    import pydicom.data

    folders = [Path(data_store.__file__).parent / "data", Path(pydicom.data.__file__).parent / "test_files"]
    found = []
    for path in sorted(path for folder in folders for path in folder.glob("*.dcm")):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                modality = pydicom.dcmread(path, stop_before_pixels=True).get("Modality")
        except Exception:  # some are damaged on purpose
            continue
        if modality == "US":
            found.append(path)
    return found


FILES = {path.name: path for path in ultrasound_files()}


def test_there_are_real_files() -> None:
    assert {"US1_J2KI.dcm", "OBXXXX1A_rle_2frame.dcm", "color3d_jpeg_baseline.dcm", "gdcm-US-ALOKA-16.dcm"} < set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_real_files_have_the_pixels_that_pydicom_gives(name):
    sweep = read_sweep(FILES[name])
    reference = pydicom.dcmread(FILES[name])
    frames = int(reference.get("NumberOfFrames") or 1)
    assert sweep.images.shape == (frames, reference.Rows, reference.Columns)
    assert sweep.images.any()
    kind = reference.PhotometricInterpretation
    if "Lossless, Non" not in sweep.header["TransferSyntax"] and kind != "PALETTE COLOR":
        pixels = reference.pixel_array.reshape(frames, reference.Rows, reference.Columns, -1)
        expected = pixels @ LUMA if pixels.shape[-1] == 3 else pixels[..., 0]
        np.testing.assert_allclose(sweep.images, expected, atol=0.51)
    regions = reference.get("SequenceOfUltrasoundRegions")
    if regions:
        assert sweep.pixel_spacing == pytest.approx((10 * regions[0].PhysicalDeltaX, 10 * regions[0].PhysicalDeltaY))


def test_one_picture_in_several_encodings():
    def images(name: str) -> np.ndarray:
        return read_sweep(FILES[name]).images

    np.testing.assert_array_equal(images("US1_J2KR.dcm"), images("US1_UNCR.dcm"))
    np.testing.assert_array_equal(images("OBXXXX1A_expb.dcm"), images("OBXXXX1A.dcm"))
    np.testing.assert_array_equal(images("OBXXXX1A_rle.dcm"), images("OBXXXX1A.dcm"))
    np.testing.assert_array_equal(images("gdcm-US-ALOKA-16_big.dcm"), images("gdcm-US-ALOKA-16.dcm"))
    np.testing.assert_array_equal(images("color-pl.dcm"), images("color-px.dcm"))


def test_palettes_against_their_entries():
    reference = pydicom.dcmread(FILES["OBXXXX1A.dcm"])
    entries = [
        np.frombuffer(getattr(reference, f"{color}PaletteColorLookupTableData"), "<u2") >> 8
        for color in ("Red", "Green", "Blue")
    ]
    expected = np.stack(entries, -1)[reference.pixel_array] @ LUMA
    np.testing.assert_allclose(read_sweep(FILES["OBXXXX1A.dcm"]).images[0], expected, atol=0.51)


def test_lossless_jpeg_against_pillow():
    import io

    from PIL import Image
    from pydicom.encaps import generate_frames

    path = FILES["JPGLosslessP14SV1_1s_1f_8b.dcm"]
    data = next(generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1))
    np.testing.assert_array_equal(read_sweep(path).images[0], np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("name", ["examples_ybr_color.dcm", "OBXXXX1A_rle_2frame.dcm", "US1_J2KI.dcm"])
def test_cut_files_end_in_a_clear_error(tmp_path, name):
    data = FILES[name].read_bytes()
    for share in (0.01, 0.3, 0.9):
        path = tmp_path / "cut.dcm"
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(EdgeSdkError, match=r"cut\.dcm"):
            read_sweep(path)
