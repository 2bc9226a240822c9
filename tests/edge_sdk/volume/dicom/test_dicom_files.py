"""What others read in the DICOM files: highdicom, SimpleITK (GDCM), dcmqi (DCMTK and ITK)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pytest
import SimpleITK

from edge_sdk.errors import EdgeSdkError, GeometryError
from edge_sdk.volume.dicom import files
from edge_sdk.volume.dicom.files import check_dicom_name, check_dicom_volume, volume_beside, write_dicom
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.volume.dicom.conftest import LABELS, Written, oblique


def xyz(volume: Any) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (D, H, W) and index (x, y, z) to mm of a highdicom volume, its frames in the order of ours."""
    order = np.eye(4)[[2, 1, 0, 3]]
    return volume.array, volume.affine @ order


def assert_same_place(given: Volume, read: Any) -> None:
    """Voxels are equal and lie where they should; highdicom orders frames along or against ours."""
    voxels, affine = xyz(read)
    if np.dot(affine[:3, 2], given.grid.index_to_world[:3, 2]) < 0:
        flip = np.diag([1.0, 1.0, -1.0, 1.0])
        flip[2, 3] = len(voxels) - 1
        voxels, affine = voxels[::-1], affine @ flip
    np.testing.assert_array_equal(voxels, given.voxels)
    np.testing.assert_allclose(affine, given.grid.index_to_world, atol=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
def test_highdicom_reads_every_voxel_where_it_is(write: Callable[..., Written], mirrored: bool) -> None:
    written = write(oblique(mirrored=mirrored))
    mask = highdicom.seg.segread(written.mask_path)
    assert_same_place(written.mask, mask.get_volume(combine_segments=True))
    image = highdicom.imread(written.volume_path)
    assert_same_place(written.volume, image.get_volume())
    assert mask.FrameOfReferenceUID == image.FrameOfReferenceUID
    assert mask.StudyInstanceUID == image.StudyInstanceUID
    assert mask.SeriesInstanceUID != image.SeriesInstanceUID
    (series,) = mask.ReferencedSeriesSequence
    (referenced,) = series.ReferencedInstanceSequence
    assert (series.SeriesInstanceUID, referenced.ReferencedSOPInstanceUID) == (
        image.SeriesInstanceUID,
        image.SOPInstanceUID,
    )


def test_each_mask_frame_refers_to_the_volume_frame_of_its_place(write: Callable[..., Written]) -> None:
    written = write()
    mask, image = highdicom.seg.segread(written.mask_path), highdicom.imread(written.volume_path)
    places = [list(frame.PlanePositionSequence[0].ImagePositionPatient) for frame in frames(image)]
    for frame in frames(mask):
        (derivation,) = frame.DerivationImageSequence
        (source,) = derivation.SourceImageSequence
        assert list(frame.PlanePositionSequence[0].ImagePositionPatient) == places[source.ReferencedFrameNumber - 1]


def frames(image: Any) -> Any:
    return image.PerFrameFunctionalGroupsSequence


def test_simpleitk_reads_the_pixels_of_the_volume(write: Callable[..., Written]) -> None:
    written = write()
    image = SimpleITK.ReadImage(str(written.volume_path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), written.volume.voxels)
    # GDCM does not know the place of frames in this SOP class; docs/outputs.md says so.
    assert image.GetSpacing() == (1.0, 1.0, 1.0)


def test_simpleitk_reads_the_frames_of_the_mask(write: Callable[..., Written]) -> None:
    written = write()
    found = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(written.mask_path))) > 0
    expected = np.array([written.mask.voxels[::-1] == label for label in (1, 2, 3)])
    # One bit a voxel: GDCM misreads those of a last byte that is not full (highdicom and dcmqi do not).
    whole = expected.size // 8 * 8
    np.testing.assert_array_equal(found.ravel()[:whole], expected.ravel()[:whole])


def test_dcmqi_reads_segments_colors_and_geometry(write: Callable[..., Written], tmp_path: Path) -> None:
    pytest.importorskip("dcmqi")
    written = write()
    subprocess.run(
        [Path(sys.executable).with_name("segimage2itkimage"), "--inputDICOM", written.mask_path,
         "--outputDirectory", tmp_path, "--prefix", "s", "--outputType", "nrrd"],
        check=True, capture_output=True,
    )  # fmt: skip
    for label in (1, 2, 3):
        image = SimpleITK.ReadImage(str(tmp_path / f"s-{label}.nrrd"))
        np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image) > 0, written.mask.voxels == label)
        np.testing.assert_allclose(image.GetSpacing(), written.mask.grid.spacing, atol=1e-9)
        np.testing.assert_allclose(image.GetOrigin(), written.mask.grid.origin, atol=1e-9)
        np.testing.assert_allclose(np.reshape(image.GetDirection(), (3, 3)), written.mask.grid.direction, atol=1e-9)
    assert '"recommendedDisplayRGBValue" : [ 242, 95, 92 ]' in (tmp_path / "s-meta.json").read_text()


def test_a_mask_without_any_label_is_written(tmp_path: Path) -> None:
    nothing = Volume(np.zeros((3, 4, 5), np.uint8), oblique((3, 4, 5)))
    write_dicom(nothing, nothing, LABELS, tmp_path / "m.dcm", tmp_path / "v.dcm", algorithm="a")
    assert not highdicom.seg.segread(tmp_path / "m.dcm").get_volume(combine_segments=True).array.any()


def test_deeper_voxels_are_kept_as_they_are(tmp_path: Path) -> None:
    grid = oblique((3, 5, 5))
    deep = Volume(np.arange(75, dtype=np.float32).reshape(grid.shape) * 800, grid)
    mask = Volume(np.ones(grid.shape, np.uint8), grid)
    write_dicom(deep, mask, LABELS, tmp_path / "m.dcm", tmp_path / "v.dcm", algorithm="a")
    assert_same_place(deep, highdicom.imread(tmp_path / "v.dcm").get_volume())


@pytest.mark.parametrize(
    ("voxels", "grid"),
    [
        (np.full((2, 2, 2), -1, np.int16), Grid((2, 2, 2), (1, 1, 1), (0, 0, 0))),
        (np.full((2, 2, 2), 0.5, np.float32), Grid((2, 2, 2), (1, 1, 1), (0, 0, 0))),
        (np.full((2, 2, 2), np.nan, np.float32), Grid((2, 2, 2), (1, 1, 1), (0, 0, 0))),
        (np.full((2, 2, 2), 65536, np.int32), Grid((2, 2, 2), (1, 1, 1), (0, 0, 0))),
        (
            np.zeros((2, 2, 2), np.uint8),
            Grid((2, 2, 2), (1, 1, 1), (0, 0, 0), np.array([[1, 0.1, 0], [0, 0.99, 0], [0, 0, 1]])),
        ),
    ],
)
def test_what_dicom_cannot_hold_is_refused_before_the_work(voxels: np.ndarray, grid: Grid, tmp_path: Path) -> None:
    volume = Volume(voxels, grid)
    with pytest.raises(GeometryError, match=r"DICOM|Enhanced US"):
        check_dicom_volume(volume)
    with pytest.raises(GeometryError):
        write_dicom(volume, volume, LABELS, tmp_path / "m.dcm", tmp_path / "v.dcm", algorithm="a")
    assert not any(tmp_path.iterdir())


def test_names_and_missing_libraries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert volume_beside(Path("a/mask.dcm")) == Path("a/mask-volume.dcm")
    with pytest.raises(EdgeSdkError, match=r"use a name that ends with \.dcm"):
        check_dicom_name(Path("mask.dicom"))
    monkeypatch.setattr(files, "missing_module", lambda *_: "highdicom is not installed: pip install 'edge-sdk[dicom]'")
    with pytest.raises(EdgeSdkError, match=r"mask\.dcm: no DICOM can be written: highdicom is not installed") as caught:
        check_dicom_name(Path("mask.dcm"))
    assert "\n" not in str(caught.value)


def test_a_mask_that_cannot_be_saved_leaves_no_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = files._save

    def full(dataset: Any, path: Path) -> None:
        if "mask" in path.name:
            raise OSError(28, "No space left on device", str(path))
        save(dataset, path)

    monkeypatch.setattr(files, "_save", full)
    nothing = Volume(np.zeros((3, 4, 5), np.uint8), oblique((3, 4, 5)))
    with pytest.raises(EdgeSdkError, match=r"mask\.dcm: cannot be written \(No space left on device\)"):
        write_dicom(nothing, nothing, LABELS, tmp_path / "mask.dcm", tmp_path / "volume.dcm", algorithm="a")
    assert not any(tmp_path.iterdir())
