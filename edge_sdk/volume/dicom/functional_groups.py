"""Functional groups of an Enhanced US Volume (PS3.3 A.59.4): of all frames, and of each."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DSfloat

from edge_sdk.volume.dicom.elements import coded, decimals, item
from edge_sdk.volume.grid import Grid

_RESAMPLED = Code("113085", "DCM", "Spatial resampling")


def shared_groups(dataset: Dataset, grid: Grid) -> Dataset:
    """What all frames have in common.

    Args:
        dataset: The object, but for its functional groups.
        grid: Grid of the volume's voxels.
    """
    x, y, z = grid.spacing
    levels = 2**dataset.BitsStored
    group = Dataset()
    group.PixelMeasuresSequence = [
        item(PixelSpacing=decimals([y, x]), SliceThickness=decimals([z])[0], SpacingBetweenSlices=decimals([z])[0])
    ]
    group.PlaneOrientationSequence = [item(ImageOrientationPatient=decimals(_orientation(grid)))]
    group.PlaneOrientationVolumeSequence = [item(ImageOrientationVolume=_orientation(grid))]
    group.FrameVOILUTSequence = [item(WindowCenter=DSfloat(levels / 2), WindowWidth=DSfloat(levels))]
    group.ImageDataTypeSequence = [item(DataType="TISSUE_INTENSITY", AliasedDataType="NO")]
    group.USImageDescriptionSequence = [
        item(FrameType=dataset.ImageType, VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE")
    ]
    if "SourceImageSequence" in dataset:
        group.DerivationImageSequence = [
            item(DerivationCodeSequence=[coded(_RESAMPLED)], SourceImageSequence=dataset.SourceImageSequence)
        ]
    return group


def frame_groups(dataset: Dataset, grid: Grid, index: int) -> Dataset:
    """What is of one frame: its number, its time and its place, in the patient's and in the volume's frame.

    Args:
        dataset: The object, but for its functional groups.
        grid: Grid of the volume's voxels.
        index: Index of the frame along z, 0 first.
    """
    place = _position(grid, index)
    group = Dataset()
    group.FrameContentSequence = [
        item(
            StackID="1",
            InStackPositionNumber=index + 1,
            DimensionIndexValues=[index + 1],
            FrameAcquisitionDateTime=dataset.AcquisitionDateTime,
            FrameReferenceDateTime=dataset.AcquisitionDateTime,
            FrameAcquisitionDuration=0.0,
        )
    ]
    group.PlanePositionSequence = [item(ImagePositionPatient=decimals(place))]
    group.PlanePositionVolumeSequence = [item(ImagePositionVolume=place)]
    return group


def _orientation(grid: Grid) -> list[float]:
    """Direction of increasing columns, then of increasing rows."""
    return [float(value) for value in grid.direction.T[:2].ravel()]


def _position(grid: Grid, frame: int) -> list[float]:
    """Center of the first voxel of a frame, mm (x, y, z)."""
    return [float(value) for value in (grid.index_to_world @ (0, 0, frame, 1))[:3]]
