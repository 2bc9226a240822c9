"""PLUS's recordings through our readers and writers, and those of others."""

from __future__ import annotations

from pathlib import Path

import nrrd
import numpy as np
import pytest

from edge_sdk import read_sweep, write_sweep
from tests.edge_sdk.sweep.formats import plus_reader
from tests.edge_sdk.sweep.formats.examples import assert_equal

pytestmark = pytest.mark.real

NWIRE = "plus_nwire/NwirePhantomFreehand.igs.nrrd"
RECORDINGS = [
    "plus_nwire/NwirePhantomFreehand.igs.mha", NWIRE, "plus_golden/SpinePhantomFreehand.igs.mha",
    "plus_other/BoneUltrasound_L14.igs.mha", "plus_other/NrrdSample.igs.nrrd", "plus_other/Prostate10_tracker.igs.mha",
    "plus_other/Prostate10_video.igs.mhd", "plus_other/SlidingProbeTrackingData.igs.mha",
    "plus_other/TimestampFilteringTest.igs.mha", "plus_other/USTC_3NWires_ProbeTranslation.igs.mha",
    "plus_other/WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha",
]  # fmt: skip


def test_one_recording_as_nrrd_and_as_metafile(real_data: Path) -> None:
    first, second = (read_sweep((real_data / NWIRE).with_suffix(suffix)) for suffix in (".nrrd", ".mha"))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.timestamps, second.timestamps)
    assert {*first.transforms} == {*second.transforms} == {"ProbeToTracker", "ReferenceToTracker", "StylusToTracker"}
    for name, transform in first.transforms.items():
        np.testing.assert_array_equal(transform.matrices, second.transforms[name].matrices)
        assert transform.status == second.transforms[name].status
    assert (first.image_status, first.fields) == (second.image_status, second.fields)


def test_pixels_of_nrrd_against_pynrrd(real_data: Path) -> None:
    for name in (NWIRE, "plus_other/NrrdSample.igs.nrrd"):
        pixels, _ = nrrd.read(str(real_data / name), index_order="C")
        np.testing.assert_array_equal(read_sweep(real_data / name).images, pixels.reshape(-1, *pixels.shape[-2:]))


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_come_through_both_formats_without_loss(real_data: Path, tmp_path: Path, name: str) -> None:
    sweep = read_sweep(real_data / name)
    for suffix in (".igs.nrrd", ".igs.mha"):
        write_sweep(sweep, tmp_path / f"s{suffix}", compressed=sweep.images.nbytes < 2**22)
        assert_equal(read_sweep(tmp_path / f"s{suffix}"), sweep)


@pytest.mark.parametrize("name", [name for name in RECORDINGS if name.endswith(".mha")])
def test_plus_s_rules_read_the_same_from_its_file_and_from_ours(real_data: Path, tmp_path: Path, name: str) -> None:
    sweep = read_sweep(real_data / name)
    write_sweep(sweep, tmp_path / "s.igs.mha", compressed=False)
    theirs, ours = (_header(path) for path in (real_data / name, tmp_path / "s.igs.mha"))
    assert {*theirs} <= {*ours}
    for key, value in theirs.items():
        if key.endswith(("Transform", "Timestamp")):
            np.testing.assert_array_equal(
                [float(word) for word in ours[key].split()], [float(word) for word in value.split()]
            )
        elif key not in {"CompressedData", "UltrasoundImageOrientation"}:
            assert ours[key].split() == value.split(), key


def _header(path: Path) -> dict[str, str]:
    """All lines of a metafile's header but the size of its compressed pixels."""
    read = plus_reader.Read()
    with path.open("rb") as stream:
        for line in iter(stream.readline, b""):
            name, _, value = line.decode().partition("=")
            read.take(name, value)
            if name.strip() == "ElementDataFile":
                break
    frames = {f"{number}_{key}": value for number, frame in read.frames.items() for key, value in frame.items()}
    return {key: value for key, value in (read.header | frames).items() if key != "CompressedDataSize"}
