"""A compounded volume as a DICOM Enhanced US Volume (PS3.3 A.59)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import EnhancedUSVolumeStorage, ExplicitVRLittleEndian, generate_uid

from edge_sdk.gray_range import GrayRange
from edge_sdk.volume.dicom.elements import coded, equipment, item
from edge_sdk.volume.dicom.functional_groups import frame_groups, shared_groups
from edge_sdk.volume.dicom.storable import check_rectangular, stored
from edge_sdk.volume.dicom.study import Study
from edge_sdk.volume.grid import Volume

_UNKNOWN = Code("261665006", "SCT", "Unknown")
_PLANES = Code("125241", "DCM", "Plane scan pattern")
_SOURCE_PURPOSE = Code("121322", "DCM", "Source image for image processing operation")
_WHITEST = np.iinfo(np.uint16).max
_IDENTITY = np.eye(4).ravel().tolist()
_COMMENT = (
    "Positions are in the frame of the tracker, called LPS by convention only: they are not aligned with the patient. "
    "Where the standard wants a number that the recording does not tell, it is 0 (mechanical and thermal indices, "
    "depths, duration), and a code is Unknown."
)


def enhanced_us_volume(volume: Volume, study: Study, *, tracked: bool = True) -> Dataset:
    """The volume as a data set ready to be saved; a frame per z, in a new frame of reference.

    Type 1 attributes that are not known are 0 or coded as unknown, and the image comments say so.

    Args:
        volume: Whole numbers from 0 to 65535, (D, H, W); stored in 8 bits where they fit.
        study: Patient and study that the volume belongs to.
        tracked: Whether a device measured the poses; False for declared ones.

    Raises:
        GeometryError: The voxels are of another kind, or the grid's axes are not at right angles.
    """
    voxels, grid = stored(volume.voxels), volume.grid
    check_rectangular(grid)
    now = datetime.now()
    dataset = Dataset()
    dataset.update(study.attributes)
    _identify(dataset, now)
    _place(dataset, tracked)
    _describe(dataset, study, now, tracked)
    _hold(dataset, voxels, volume.gray_range)
    dataset.SharedFunctionalGroupsSequence = [shared_groups(dataset, grid)]
    dataset.PerFrameFunctionalGroupsSequence = [frame_groups(dataset, grid, index) for index in range(len(voxels))]
    return dataset


def _identify(dataset: Dataset, now: datetime) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = EnhancedUSVolumeStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.Modality = "US"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.SeriesDescription = "Compounded volume"
    dataset.ContentDate, dataset.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S.%f")
    for name, value in equipment().items():
        setattr(dataset, name, value)


def _place(dataset: Dataset, tracked: bool) -> None:
    """Frames of reference: patient, volume and tracker ("table") coincide."""
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.PositionReferenceIndicator = ""
    dataset.VolumeFrameOfReferenceUID = generate_uid()
    dataset.UltrasoundAcquisitionGeometry = "PATIENT"
    dataset.VolumeToTransducerRelationship = "VARIABLE"
    dataset.VolumeToTransducerMappingMatrix = _IDENTITY  # nominal: a sweep has no one transducer position
    dataset.PatientFrameOfReferenceSource = "TABLE" if tracked else "ESTIMATED"
    if tracked:
        dataset.TableFrameOfReferenceUID = generate_uid()
        dataset.VolumeToTableMappingMatrix = _IDENTITY
    dataset.SynchronizationFrameOfReferenceUID = generate_uid()
    dataset.SynchronizationTrigger = "NO TRIGGER"
    dataset.AcquisitionTimeSynchronized = "N"


def _describe(dataset: Dataset, study: Study, now: datetime, tracked: bool) -> None:
    origin = ("ORIGINAL", "NONE") if study.source is None else ("DERIVED", "RESAMPLED")
    dataset.ImageType = [origin[0], "PRIMARY", "VOLUME", origin[1]]
    dataset.AcquisitionDateTime = study.acquired or now.strftime("%Y%m%d%H%M%S")
    dataset.ImageComments = _COMMENT + ("" if study.acquired else " AcquisitionDateTime is when this was written.")
    # In the standard's words RIGID is with a position measuring device and FREEHAND without one.
    dataset.PositionMeasuringDeviceUsed = "RIGID" if tracked else "FREEHAND"
    for name in ("MechanicalIndex", "BoneThermalIndex", "CranialThermalIndex", "SoftTissueThermalIndex"):
        setattr(dataset, name, 0)
    dataset.AcquisitionDuration, dataset.DepthOfScanField, dataset.DepthsOfFocus = 0.0, 0, [0.0]
    dataset.TransducerScanPatternCodeSequence = [coded(_PLANES)]
    for name in ("TransducerGeometry", "TransducerBeamSteering", "TransducerApplication", "View"):
        setattr(dataset, f"{name}CodeSequence", [coded(_UNKNOWN)])
    dataset.AnatomicRegionSequence = [coded(_UNKNOWN)]
    dataset.AcquisitionContextSequence = []
    dataset.PatientOrientation, dataset.Laterality = "", ""
    dataset.BurnedInAnnotation = "NO"
    dataset.update(study.compression)
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.PresentationLUTShape = 0, 1, "IDENTITY"
    if study.source is not None:
        dataset.SourceImageSequence = [_source(study.source)]


def _source(source: tuple[str, str]) -> Dataset:
    sop_class, instance = source
    return item(
        ReferencedSOPClassUID=sop_class,
        ReferencedSOPInstanceUID=instance,
        PurposeOfReferenceCodeSequence=[coded(_SOURCE_PURPOSE)],
    )


def _hold(dataset: Dataset, voxels: NDArray[Any], gray_range: GrayRange | None) -> None:
    bits = 8 * voxels.itemsize
    if gray_range is not None and voxels.max() <= gray_range[1] <= _WHITEST:
        # Viewers without a window take the highest stored level as white.
        bits = int(gray_range[1]).bit_length()
        voxels = voxels if bits <= 8 else voxels.astype("<u2")
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = voxels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored = 8 * voxels.itemsize, bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
    data = voxels.tobytes()
    dataset.PixelData = data + bytes(len(data) % 2)
    dataset["PixelData"].VR = "OB" if voxels.itemsize == 1 else "OW"
    organization, index = Dataset(), Dataset()
    organization.DimensionOrganizationUID = index.DimensionOrganizationUID = generate_uid()
    index.DimensionIndexPointer = Tag("ImagePositionVolume")
    index.FunctionalGroupPointer = Tag("PlanePositionVolumeSequence")
    dataset.DimensionOrganizationType = "3D"
    dataset.DimensionOrganizationSequence, dataset.DimensionIndexSequence = [organization], [index]
