"""How a volume was made, in the headers of its files; SimpleITK reads them too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from edge_sdk.provenance import Provenance
from edge_sdk.volume.compounding_summary import CompoundingSummary
from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.notes import header_notes

GRID = Grid((2, 3, 4), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
VOXELS = np.arange(24, dtype=np.uint8).reshape(GRID.shape)
MADE = CompoundingSummary(5, 3, "image is INVALID: 2; outside the volume: 1", ("first", "second"), "linear", "mean")
FACTS = Provenance(poses_from="csv:p.csv", pose_lag_s=0.05, frames_without_pose="2 (none)", source_format="DICOM")
NOTES = {
    "frames_inserted": "5",
    "frames_left_out": "3",
    "left_out_because": "image is INVALID: 2; outside the volume: 1",
    "warnings": "first; second",
    "poses_from": "csv:p.csv",
    "pose_lag_s": "0.05",
}


@pytest.mark.parametrize("name", ["v.mha", "v.nrrd"])
def test_notes_survive_a_file(name: str, tmp_path: Path) -> None:
    write_volume(
        Volume(VOXELS, GRID, {"Comment": "of another file"}, compounding=MADE, provenance=FACTS), tmp_path / name
    )
    image = SimpleITK.ReadImage(str(tmp_path / name))
    found = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys() if key in {*NOTES, "Comment"}}
    assert found == NOTES
    read = read_volume(tmp_path / name)
    assert read.compounding == CompoundingSummary(5, 3, MADE.left_out_because, ("first; second",))
    assert read.provenance == Provenance(poses_from="csv:p.csv", pose_lag_s=0.05)
    assert read.tracked
    assert header_notes(read) == NOTES


def test_only_a_device_tracks() -> None:
    declared = Provenance(poses_declared="linear")
    assert Volume(VOXELS, GRID, compounding=MADE).tracked
    assert not Volume(VOXELS, GRID, compounding=MADE, provenance=declared).tracked
    assert not Volume(VOXELS, GRID).tracked, "nobody knows how it was made"


def test_volumes_of_other_programs_have_no_notes(tmp_path: Path) -> None:
    write_volume(Volume(VOXELS, GRID), tmp_path / "v.mha")
    read = read_volume(tmp_path / "v.mha")
    assert (read.compounding, read.provenance, header_notes(read)) == (None, Provenance(), {})
    assert CompoundingSummary.from_header({"frames_inserted": "many"}) is None


def test_other_voxels_keep_the_notes() -> None:
    volume = Volume(VOXELS, GRID, compounding=MADE, provenance=FACTS)
    assert header_notes(volume.with_voxels(VOXELS > 3)) == NOTES
