"""Volumes in NIfTI files (.nii, .nii.gz), versions 1 and 2: RAS there, LPS here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.pixel_bytes import check_possible
from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path
from edge_sdk.gray_range import GrayRange
from edge_sdk.volume.file_geometry import as_3d, checked_grid
from edge_sdk.volume.geometry_warnings import skew_of
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.nifti_geometry import Matrix, NiftiGeometry
from edge_sdk.volume.nifti_warnings import nifti_warnings
from edge_sdk.volume.notes import COMPOUNDED, is_compounded

if TYPE_CHECKING:
    from nibabel import Nifti1Header, Nifti1Image

_GRAY_RANGE = "edge-sdk: cal_min is black, cal_max is white"
"""Description of the files whose window is the volume's gray range."""
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_GZIP = b"\x1f\x8b"
_SINGLE_FILE = (b"n+1\0", b"n+2\0")
_AT_RIGHT_ANGLES = 1e-5


def read_nifti_volume(path: Path) -> Volume:
    """Read a volume; see `edge_sdk.volume.files.read_volume`."""
    import nibabel

    _check_compression(path)
    try:
        image = nibabel.load(path)
        version, stored = _stored_header(image, path)
        kind = image.get_data_dtype()
        # nibabel allocates what the header says before it reads.
        declared = f"a size of {' '.join(map(str, image.shape))} of {kind}"
        check_possible(math.prod(image.shape) * kind.itemsize, path, declared, packed=path.suffix.lower() == ".gz")
        voxels = as_3d(np.asanyarray(image.dataobj).T, path)
        geometry = NiftiGeometry.of_header(stored, version, _qform(image.header))
        description = bytes(image.header["descrip"].item()).decode(errors="replace")
        gray_range = _gray_range(image.header, description)
    except FileFormatError:
        raise
    except Exception as error:  # nibabel raises many kinds for a damaged file
        raise FileFormatError(
            f"cannot be read as NIfTI: {error}", where=path, remedy="copy or export the file again"
        ) from error
    return Volume(
        np.ascontiguousarray(voxels),
        _grid(geometry, voxels.shape, path),
        {"description": description},
        located=geometry.located,
        gray_range=gray_range,
        file_geometry=geometry,
        warnings=tuple(nifti_warnings(geometry, voxels.shape)),
    )


def _gray_range(header: Nifti1Header, description: str) -> GrayRange | None:
    """Levels of black and white, where this program wrote them: others write a window of their display there."""
    black, white = float(header["cal_min"]), float(header["cal_max"])
    return (black, white) if description.startswith(_GRAY_RANGE) and black < white else None


def write_nifti_volume(path: Path, volume: Volume, voxels: NDArray[Any]) -> None:
    """Write a volume; .nii.gz is compressed. Levels of black and white become cal_min and cal_max.

    On the grid of a NIfTI image that was read, the file gets the geometry fields of that image as they are.

    Args:
        path: File to write, .nii or .nii.gz.
        volume: The volume, for its grid and its gray range.
        voxels: Its voxels as they are to be written, (D, H, W).

    Raises:
        FileFormatError: The voxels are 64-bit integers, or more than NIfTI-1 can count along an axis.
    """
    import nibabel

    if voxels.dtype in (np.int64, np.uint64):
        raise FileFormatError(
            "NIfTI readers do not agree on 64-bit integers",
            where=path,
            remedy="convert the voxels, such as to int32",
        )
    with atomic_path(path) as temporary:
        nibabel.save(nifti_image(volume, voxels), temporary)


def nifti_image(volume: Volume, voxels: NDArray[Any]) -> Nifti1Image:
    """nibabel's image of voxels (D, H, W) on a volume's grid, with the geometry fields of the file that it came from.

    Raises:
        FileFormatError: The volume has more voxels than NIfTI-1 can count along an axis.
    """
    geometry = volume.own_file_geometry
    if geometry is None or geometry.version == 1:
        _check_size(voxels.shape)
    image = _new_image(volume.grid, voxels) if geometry is None else _image_like(geometry, voxels)
    if volume.gray_range is not None:
        image.header["cal_min"], image.header["cal_max"] = volume.gray_range
    # At most 79 bytes together.
    notes = (volume.gray_range is not None, _GRAY_RANGE), (is_compounded(volume), COMPOUNDED)
    image.header["descrip"] = "; ".join(text for applies, text in notes if applies)
    return image


def _check_size(shape: tuple[int, ...]) -> None:
    most = np.iinfo(np.int16).max
    if max(shape) > most:
        raise FileFormatError(
            f"NIfTI-1 holds at most {most} voxels along an axis, the volume has {max(shape)}",
            remedy="use .nrrd or .mha",
        )


def _new_image(grid: Grid, voxels: NDArray[Any]) -> Nifti1Image:
    import nibabel

    image = nibabel.Nifti1Image(voxels.T, _LPS_TO_RAS @ grid.index_to_world)
    image.set_sform(image.affine, code=1)
    # A quaternion cannot hold skewed axes: nibabel would write the nearest ones at right angles beside the sform.
    image.set_qform(image.affine, code=1 if skew_of(grid) < _AT_RIGHT_ANGLES else 0)
    image.header.set_xyzt_units("mm")
    return image


def _image_like(geometry: NiftiGeometry, voxels: NDArray[Any]) -> Nifti1Image:
    import nibabel

    kind = nibabel.Nifti2Image if geometry.version == 2 else nibabel.Nifti1Image
    header = kind.header_class(endianness=geometry.byte_order)
    header.set_data_dtype(voxels.dtype)
    image = kind(voxels.T, None, header)
    geometry.write_to(image.header)
    return image


def _check_compression(path: Path) -> None:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    if packed != (path.suffix.lower() == ".gz"):
        right = path.with_name(f"{path.name}.gz") if packed else path.with_name(path.name[: -len(".gz")])
        raise FileFormatError(
            f"is {'' if packed else 'not '}compressed by gzip, unlike its name says",
            where=path,
            remedy=f"rename it to {right.name}, or copy it again",
        )


def _stored_header(image: Any, path: Path) -> tuple[Literal[1, 2], Nifti1Header]:
    """Version and header of a NIfTI file, with its fields as they stand there.

    Raises:
        FileFormatError: It is another format, the header of a pair, or has negative sizes of voxels.
    """
    import nibabel

    if not isinstance(image, nibabel.Nifti1Pair):
        raise FileFormatError(
            f"holds {type(image).__name__}, not NIfTI", where=path, remedy="convert it to .nii.gz with its orientation"
        )
    with image.file_map["image"].get_prepare_fileobj("rb") as stream:
        stored = type(image.header).from_fileobj(stream, check=False)
    # numpy drops the null at the end of a text.
    if bytes(stored["magic"].item()).ljust(4, b"\0")[:4] not in _SINGLE_FILE:
        raise FileFormatError(
            "is the header of a pair of files (.hdr and .img)", where=path, remedy="convert the pair to .nii.gz"
        )
    if (stored["pixdim"][1:4] < 0).any():
        raise FileFormatError(
            f"pixdim gives voxels of {' × '.join(f'{size:g}' for size in stored['pixdim'][1:4])}, and readers do not "
            "agree on negative sizes",
            where=path,
            remedy="correct the header: qfac (pixdim[0]) and the quaternion give the directions",
        )
    return (2 if isinstance(stored, nibabel.Nifti2Header) else 1), stored


def _qform(header: Nifti1Header) -> Matrix | None:
    """Voxel index to RAS in the file's unit by the quaternion; None where it is longer than one."""
    try:
        return np.asarray(header.get_qform(), np.float64)
    except ValueError:
        return None


def _grid(geometry: NiftiGeometry, shape: tuple[int, ...], path: Path) -> Grid:
    place = geometry.place
    if place is None:
        raise FileFormatError(
            f"its quaternion {geometry.quaternion} is longer than one", where=path, remedy="export the file again"
        )
    return checked_grid(place, shape, path)
