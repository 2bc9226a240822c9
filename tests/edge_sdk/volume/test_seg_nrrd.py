"""What pynrrd and SimpleITK read in a .seg.nrrd, by the field list of 3D Slicer's developer guide."""

from __future__ import annotations

from pathlib import Path

import nrrd
import numpy as np
import pytest
import SimpleITK

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.seg_nrrd import write_segmentation

GRID = Grid((6, 7, 8), (0.5, 0.7, 1.1), (1.5, -20.0, 3.25))
NAMES = {0: "background", 1: "vessel", 2: "cyst"}


def mask() -> Volume:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:3, 2:4, 3:6] = 1
    labels[4, 5, 1] = 2
    return Volume(labels, GRID)


def test_segments_carry_names_labels_colors_and_codes(tmp_path: Path) -> None:
    given = mask()
    write_segmentation(given, NAMES, tmp_path / "m.seg.nrrd")
    voxels, header = nrrd.read(str(tmp_path / "m.seg.nrrd"), index_order="C")
    np.testing.assert_array_equal(voxels, given.voxels)
    assert (header["Segment0_Name"], header["Segment0_LabelValue"]) == ("vessel", "1")
    assert (header["Segment1_Name"], header["Segment1_LabelValue"]) == ("cyst", "2")
    assert "Segment2_Name" not in header
    red, green, blue = (float(word) for word in header["Segment0_Color"].split())
    assert (red, green, blue) == pytest.approx((0xF2 / 255, 0x5F / 255, 0x5C / 255), abs=1e-5)
    key, _, entry = header["Segment1_Tags"].rstrip("|").partition(":")
    parts = entry.split("~")
    assert key == "TerminologyEntry"
    assert len(parts) == 7
    assert parts[1:3] == ["SCT^49755003^Morphologically Abnormal Structure", "SCT^367643001^Cyst"]
    assert [header[f"Segmentation_{name}Representation"] for name in ("Source", "Master")] == 2 * ["Binary labelmap"]


def test_the_extent_is_that_of_all_labels_so_that_slicer_crops_none(tmp_path: Path) -> None:
    write_segmentation(mask(), NAMES, tmp_path / "m.seg.nrrd")
    header = nrrd.read_header(str(tmp_path / "m.seg.nrrd"))
    assert header["Segment0_Extent"] == header["Segment1_Extent"] == "1 5 2 5 1 4"
    nothing = Volume(np.zeros(GRID.shape, np.uint8), GRID)
    write_segmentation(nothing, NAMES, tmp_path / "n.seg.nrrd")
    assert nrrd.read_header(str(tmp_path / "n.seg.nrrd"))["Segment0_Extent"] == "0 -1 0 -1 0 -1"


def test_simpleitk_reads_labels_where_they_are(tmp_path: Path) -> None:
    given = mask()
    write_segmentation(given, NAMES, tmp_path / "m.seg.nrrd")
    image = SimpleITK.ReadImage(str(tmp_path / "m.seg.nrrd"))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), given.voxels)
    assert image.GetOrigin() == pytest.approx(GRID.origin)
    assert image.GetSpacing() == pytest.approx(GRID.spacing)
    assert image.GetMetaData("Segment0_Name") == "vessel"


def test_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"\.seg\.nrrd"):
        write_segmentation(mask(), {}, tmp_path / "m.mha")
    assert not any(tmp_path.iterdir())
