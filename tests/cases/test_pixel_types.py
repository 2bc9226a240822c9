"""Sweeps of other pixel types than 8-bit gray: what people record, and what must come of it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
import pytest

from apps.stream.core.volume_plan import plan_volume
from apps.stream.results.overlay import write_overlay
from edge_sdk import read_sweep, read_volume
from edge_sdk.errors import GeometryError
from edge_sdk.gray_range import brought_to, natural_range, range_of, windowed
from edge_sdk.packages.manifest import Normalization
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.gray_frames import gray_frames, levels_summary
from edge_sdk.sweep.sanity.levels import level_warnings
from edge_sdk.sweep.sanity.matching import Matcher
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.volume.files import write_volume
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.reconstruct import reconstruct
from tests.apps.commands_fixtures import run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package

SETTINGS = {"header": {"UltrasoundImageType": "BRIGHTNESS"}}


def sweep_of(images: Any, **more: Any) -> Sweep:
    """Frames of 1 mm pixels, 1 mm apart along z."""
    poses = np.tile(np.eye(4), (len(images), 1, 1))
    poses[:, 2, 3] = np.arange(len(images))
    moved = TrackedTransform(poses, ("OK",) * len(images))
    return Sweep(images, np.arange(len(images)) / 10, {"ImageToReference": moved}, **{**SETTINGS, **more})


@pytest.fixture
def bytes_() -> Any:
    """Frames (8, 9, 10), 8 bits, which use all levels."""
    images = np.random.default_rng(0).integers(0, 256, (8, 9, 10)).astype(np.uint8)
    images[0, 0, :2] = 0, 255
    return images


@pytest.fixture
def make_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Normalization], Path]:
    """Writes a package whose network finds what is brighter than the shift."""
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    fake_targets(monkeypatch, FakeTarget("alpha"))
    return lambda normalization: toy_package(tmp_path / "toy.edgepkg", "alpha", normalization=normalization)


def header_of(lines: dict[str, str], pixels: bytes) -> bytes:
    """A sequence metafile of one tracked frame, written by hand."""
    fields = {"ObjectType": "Image", "NDims": "3", "BinaryData": "True", **lines, "Kinds": "domain domain list"}
    frame = {"Transform": "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1", "TransformStatus": "OK"}
    fields |= {f"Seq_Frame0000_ImageToReference{name}": value for name, value in frame.items()}
    fields |= {"Seq_Frame0000_Timestamp": "0.5", "Seq_Frame0000_ImageStatus": "OK", "ElementDataFile": "LOCAL"}
    return "".join(f"{name} = {value}\n" for name, value in fields.items()).encode() + pixels


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("suffix", [".igs.mha", ".igs.nrrd"])
def test_the_volume_has_the_type_of_its_frames(tmp_path: Path, bytes_: Any, kind: str, suffix: str) -> None:
    images = (bytes_ // 2).astype(kind)
    write_sweep(sweep_of(images), tmp_path / f"s{suffix}")
    read = read_sweep(tmp_path / f"s{suffix}")
    assert read.images.dtype == kind
    printed = run_json("reconstruct", tmp_path / f"s{suffix}", "-o", tmp_path / "v.nii.gz", "--spacing", 1)
    assert printed["pixel_type"] == kind
    there = nibabel.load(tmp_path / "v.nii.gz")
    assert there.get_data_dtype() == kind
    # Pixels of 1 mm at a spacing of 1 mm: each frame is a plane of the volume.
    np.testing.assert_array_equal(np.asanyarray(there.dataobj).T, images)


@pytest.mark.parametrize("compressed", [False, True])
def test_big_endian_pixels(tmp_path: Path, compressed: bool) -> None:
    levels = np.array([[0, 256, 4095], [1, 2, 3]], ">i2")
    data = zlib.compress(levels.tobytes()) if compressed else levels.tobytes()
    lines = {"DimSize": "3 2 1", "ElementType": "MET_SHORT", "BinaryDataByteOrderMSB": "True"}
    if compressed:
        lines |= {"CompressedData": "True", "CompressedDataSize": str(len(data))}
    (tmp_path / "s.igs.mha").write_bytes(header_of(lines, data))
    volume = reconstruct(read_sweep(tmp_path / "s.igs.mha"))
    assert volume.voxels.dtype == np.int16
    assert (volume.voxels.max(), volume.gray_range) == (4095, (0.0, 4095.0))


@pytest.mark.parametrize("kind", ["RF_REAL", "RF_IQ_LINE", "RF_I_LINE_Q_LINE"])
def test_rf_data_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    sweep = sweep_of(np.zeros((2, 3, 4), np.int16), header={"UltrasoundImageType": kind})
    write_sweep(sweep, tmp_path / "s.igs.mha")
    status, _, stderr = run("reconstruct", tmp_path / "s.igs.mha", "-o", tmp_path / "v.mha")
    assert (status, kind in stderr, "B-mode" in stderr) == (1, True, True)
    assert not (tmp_path / "v.mha").exists()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float32])
def test_colors_become_luma_and_that_is_told(tmp_path: Path, channels: int, kind: Any) -> None:
    colors = np.random.default_rng(1).integers(0, 128, (4, 5, 6, channels)).astype(kind)
    write_sweep(sweep_of(colors, header={"UltrasoundImageType": "RGB_COLOR"}), tmp_path / "s.igs.mha")
    printed = run_json("reconstruct", tmp_path / "s.igs.mha", "-o", tmp_path / "v.mha", "--spacing", 1)
    assert "luma" in printed["gray_from"]
    assert "luma" in run("reconstruct", tmp_path / "s.igs.mha", "-o", tmp_path / "w.mha")[2]
    assert "luma" in run_json("inspect", tmp_path / "s.igs.mha")["gray_from"]
    luma = colors[..., :3].astype(float) @ [0.299, 0.587, 0.114]
    bound = 1e-4 if kind is np.float32 else 0.51
    assert abs(read_volume(tmp_path / "v.mha").voxels - luma).max() < bound


def test_integers_of_32_bits_are_taken_where_they_are_exact() -> None:
    images = np.array([[[0, 70_000], [5, 1 << 24]]], np.int32)
    found = gray_frames(sweep_of(images))
    assert found.images.dtype == np.float32
    np.testing.assert_array_equal(found.images, images)
    assert levels_summary(found)["pixel_type_from"] == "int32, each level exact"
    images[0, 0, 0] = (1 << 24) + 1
    with pytest.raises(GeometryError, match="its frames are int32"):
        gray_frames(sweep_of(images))


def test_pixels_that_are_no_numbers_are_left_out_and_told(tmp_path: Path) -> None:
    images = np.full((3, 5, 6), 0.5, np.float32)
    images[1, :, 2] = np.nan
    write_sweep(sweep_of(images), tmp_path / "s.igs.mha")
    printed = run_json("reconstruct", tmp_path / "s.igs.mha", "-o", tmp_path / "v.mha", "--spacing", 1)
    assert "5 pixels in 1 frames are not finite" in printed["warnings"][0]["what"]
    voxels = read_volume(tmp_path / "v.mha").voxels
    assert set(np.unique(voxels)) == {0.0, 0.5}
    assert (voxels == 0).sum() == 5


@pytest.mark.parametrize(
    ("low", "high", "kind", "expected"),
    [
        (0, 200, np.uint8, (0, 255)),
        (0, 3, np.uint8, (0, 255)),
        (0, 255, np.uint16, (0, 255)),
        (0, 256, np.uint16, (0, 1023)),
        (0, 4095, np.uint16, (0, 4095)),
        (0, 4096, np.uint16, (0, 16383)),
        (0, 20_000, np.uint16, (0, 65535)),
        (0, 20_000, np.int16, (0, 32767)),
        (-1, 100, np.int8, (-128, 127)),
        (-2000, 100, np.int16, (-2048, 2047)),
        (0.0, 0.3, np.float32, (0, 1)),
        (0.0, 254.5, np.float32, (0, 255)),
        (-0.2, 0.9, np.float32, (-1, 1)),
        (0.0, 1e6, np.float32, (0, 1e6)),
    ],
)
def test_black_and_white_where_the_recording_does_not_say(low: float, high: float, kind: Any, expected: Any) -> None:
    assert natural_range(low, high, np.dtype(kind)) == expected


@pytest.mark.parametrize("twin", ["times 1", "times 257", "by 255", "float64", "int8"])
def test_twins_give_the_network_the_same_numbers(bytes_: Any, twin: str) -> None:
    voxels = {
        "times 1": bytes_.astype(np.uint16),
        "times 257": bytes_.astype(np.uint16) * np.uint16(257),
        "by 255": bytes_.astype(np.float32) / np.float32(255),
        "float64": bytes_.astype(np.float64),
        "int8": (bytes_.astype(np.int16) - 128).astype(np.int8),
    }[twin]
    normalization = Normalization(shift=96.0, scale=64.0, full_scale=255.0)
    expected = (bytes_.astype(np.float32) - np.float32(96)) * np.float32(1 / 64)
    np.testing.assert_array_equal(normalization.for_voxels(bytes_, None).apply(bytes_), expected)
    np.testing.assert_array_equal(normalization.for_voxels(voxels, None).apply(voxels), expected)
    np.testing.assert_array_equal(windowed(voxels), bytes_)


def test_a_package_without_a_full_scale_takes_voxels_as_they_are(bytes_: Any) -> None:
    voxels = bytes_.astype(np.uint16) * np.uint16(257)
    for normalization in (Normalization(shift=96.0, scale=64.0), Normalization(kind="zscore")):
        assert normalization.for_voxels(voxels, (0.0, 65535.0)) is normalization


def test_a_recordings_own_range_wins_and_clips() -> None:
    sweep = gray_frames(sweep_of(np.array([[[0, 100, 300, 900]]], np.uint16), gray_range=(100.0, 300.0)))
    assert sweep.gray_range == (100.0, 300.0)
    assert levels_summary(sweep)["gray_range"] == "100 to 300 (as the recording says)"
    assert brought_to(sweep.images, (100.0, 300.0), 255.0).ravel().tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("suffix", [".igs.mha", ".igs.nrrd"])
def test_the_range_travels_with_a_recording(tmp_path: Path, suffix: str) -> None:
    write_sweep(sweep_of(np.full((2, 3, 4), 9, np.uint16), gray_range=(0.0, 1023.0)), tmp_path / f"s{suffix}")
    again = read_sweep(tmp_path / f"s{suffix}")
    assert again.gray_range == (0.0, 1023.0)
    assert gray_frames(again) is again


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_the_range_travels_with_the_volumes_file(tmp_path: Path, suffix: str) -> None:
    grid = Grid((2, 3, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    volume = Volume(np.arange(24, dtype=np.uint16).reshape(2, 3, 4), grid, gray_range=(0.0, 4095.0))
    write_volume(volume, tmp_path / f"v{suffix}")
    assert read_volume(tmp_path / f"v{suffix}").gray_range == (0.0, 4095.0)
    assert run_json("inspect", tmp_path / f"v{suffix}")["gray_range"] == [0, 4095]
    write_volume(volume.with_voxels(volume.voxels > 3), tmp_path / f"m{suffix}")
    assert read_volume(tmp_path / f"m{suffix}").gray_range is None


def test_another_programs_window_is_no_range(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(8, dtype=np.int16).reshape(2, 2, 2), np.eye(4))
    image.header["cal_min"], image.header["cal_max"] = -160, 240
    nibabel.save(image, tmp_path / "ct.nii")
    assert read_volume(tmp_path / "ct.nii").gray_range is None


def test_levels_below_0_are_told() -> None:
    sweep = sweep_of(np.array([[[-7, 5]]], np.int16))
    assert "go down to -7" in level_warnings(sweep)[0].what
    assert not level_warnings(sweep_of(np.array([[[7, 5]]], np.int16)))


@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.float32])
def test_pictures_are_neither_black_nor_saturated(tmp_path: Path, kind: Any) -> None:
    images = np.tile(np.linspace(0, 4095, 60).astype(kind), (30, 40, 1))
    plan = plan_volume(sweep_of(images), None, (1.0, 1.0, 1.0))
    assert (plan.pixel_type, plan.gray_range) == (kind, (0.0, 4095.0))
    shown = windowed(plan.sweep.images[0], plan.gray_range)
    assert (shown.min(), shown.max()) == (0, 255)
    assert 120 < shown.mean() < 135
    volume = reconstruct(sweep_of(images))
    mask = volume.with_voxels(np.zeros(volume.grid.shape, np.uint8))
    write_overlay(tmp_path / "o.png", volume, mask, np.ones(volume.grid.shape, bool), {0: "background"}, "t")
    drawn = cv2.imread(str(tmp_path / "o.png"), cv2.IMREAD_GRAYSCALE)
    assert len(np.unique(drawn)) > 200  # the whole ramp is there


def test_a_stream_of_16_bits_gives_what_segment_gives(
    tmp_path: Path, make_package: Callable[[Normalization], Path], bytes_: Any
) -> None:
    images = cv2.GaussianBlur(np.repeat(np.repeat(bytes_, 3, 1), 3, 2).transpose(1, 2, 0), (0, 0), 2).transpose(2, 0, 1)
    twins = {"8": images, "16": images.astype(np.uint16) * np.uint16(257)}
    package = make_package(Normalization(shift=128.0, scale=64.0, full_scale=255.0))
    masks = {}
    for name, frames in twins.items():
        write_sweep(sweep_of(frames), tmp_path / f"{name}.igs.mha")
        folder = tmp_path / f"out{name}"
        source = f"replay:{tmp_path / name}.igs.mha?rate=0"
        status, _, stderr = run("stream", "--source", source, "--package", package, "-o", folder)
        assert status == 0, stderr
        report = json.loads((folder / "report.json").read_text())
        assert report["volume"]["pixel_type"] == str(frames.dtype)
        run_json("segment", folder / "volume.nii.gz", "--package", package, "-o", tmp_path / f"{name}.nii.gz")
        masks[name] = read_volume(folder / "mask.nii.gz").voxels
        np.testing.assert_array_equal(read_volume(tmp_path / f"{name}.nii.gz").voxels, masks[name])
    assert 0 < (masks["8"] != 0).mean() < 1
    assert (masks["8"] == masks["16"]).mean() > 0.99  # 8-bit means are rounded, 16-bit ones hardly


def test_a_package_that_says_no_full_scale_warns(
    tmp_path: Path, make_package: Callable[[Normalization], Path], bytes_: Any
) -> None:
    package = make_package(Normalization(shift=128.0, scale=64.0))
    write_volume(Volume(bytes_.astype(np.uint16), Grid((8, 9, 10), (1.0,) * 3, (0.0,) * 3)), tmp_path / "v.nii")
    write_volume(Volume(bytes_, Grid((8, 9, 10), (1.0,) * 3, (0.0,) * 3)), tmp_path / "v8.nii")
    printed = run_json("segment", tmp_path / "v.nii", "--package", package, "-o", tmp_path / "m.nii")
    assert "levels of uint16 from 0 (black) to 255 (white) as they are" in printed["warnings"][0]["what"]
    status, _, stderr = run("segment", tmp_path / "v.nii", "--package", package, "-o", tmp_path / "m.nii")
    assert (status, "warning: the network gets levels of uint16" in stderr) == (0, True)
    assert run_json("segment", tmp_path / "v8.nii", "--package", package, "-o", tmp_path / "m.nii")["warnings"] == []


@pytest.mark.parametrize(("white", "bits"), [(255, 8), (1023, 10), (4095, 12), (65535, 16)])
def test_dicom_viewers_get_the_levels_of_white(white: int, bits: int) -> None:
    pytest.importorskip("pydicom")
    from edge_sdk.volume.dicom.enhanced_us import enhanced_us_volume
    from edge_sdk.volume.dicom.study import study_of

    grid = Grid((2, 3, 4), (1.0,) * 3, (0.0,) * 3)
    dim = Volume(np.full(grid.shape, 200, np.uint16), grid, gray_range=(0.0, float(white)))
    written = enhanced_us_volume(dim, study_of(None), tracked=False)
    assert (written.BitsStored, written.HighBit, written.BitsAllocated) == (bits, bits - 1, 8 if bits == 8 else 16)
    assert len(written.PixelData) == 24 * written.BitsAllocated // 8


def test_mistakes_show_in_the_images_of_every_type() -> None:
    """Thresholds of the check are in levels of 8 bits: floats up to 1.0 were flat to it."""
    texture = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (200, 260)).astype(np.uint8), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    images = np.stack([np.roll(texture, 2 * index, 1) for index in range(6)])
    pairs = [(0, 1), (2, 4)]
    found = [
        Matcher(each, np.ones(6, bool)).matches(pairs).shift
        for each in (images, images.astype(np.float32) / np.float32(255), images.astype(np.uint16) * np.uint16(257))
    ]
    assert len(found[0]) > 0
    for twin in found[1:]:
        np.testing.assert_allclose(twin, found[0], atol=0.02)


@pytest.mark.real
def test_twins_of_a_real_sweep(real_data: Path) -> None:
    from edge_sdk.sweep.plus_config import read_plus_config

    folder = real_data / "plus_golden"
    sweep = read_sweep(folder / "SpinePhantomFreehand.igs.mha")
    for name in ("SpinePhantom_NN_MEAN", "SpinePhantom_LN_MAXI"):
        config = read_plus_config(next(folder.glob(f"*{name}.xml")))
        found = reconstruct(sweep, config=config)
        same = reconstruct(replace(sweep, images=sweep.images.astype(np.uint16)), config=config)
        np.testing.assert_array_equal(same.voxels, found.voxels)
        assert same.gray_range == range_of(sweep.images)
        share = reconstruct(replace(sweep, images=sweep.images.astype(np.float32) / np.float32(255)), config=config)
        wide = reconstruct(replace(sweep, images=sweep.images.astype(np.uint16) * np.uint16(257)), config=config)
        if name.endswith("MAXI"):
            np.testing.assert_array_equal(wide.voxels, found.voxels.astype(np.uint16) * np.uint16(257))
            np.testing.assert_array_equal(windowed(share.voxels, (0.0, 1.0)), found.voxels)
        else:  # 8 bits truncate at each hit, so they are never above a finer mean by more than its own rounding
            below = wide.voxels / 257 - found.voxels
            assert below.min() > -1
            assert abs(wide.voxels / 257 - share.voxels * 255).max() < 1
