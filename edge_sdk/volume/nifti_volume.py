"""Volumes in NIfTI files (.nii, .nii.gz): RAS there, LPS here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.pixel_bytes import check_possible
from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path
from edge_sdk.gray_range import GrayRange
from edge_sdk.volume.file_geometry import as_3d, checked_grid
from edge_sdk.volume.grid import Grid, Volume

_GRAY_RANGE = "edge-sdk: cal_min is black, cal_max is white"
"""Description of the files whose window is the volume's gray range."""
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_nifti_volume(path: Path) -> Volume:
    """Read a volume; see `edge_sdk.volume.files.read_volume`."""
    import nibabel

    try:
        image = nibabel.load(path)
        kind = image.get_data_dtype()
        # nibabel allocates what the header says before it reads.
        declared = f"a size of {' '.join(map(str, image.shape))} of {kind}"
        check_possible(math.prod(image.shape) * kind.itemsize, path, declared, packed=path.suffix.lower() == ".gz")
        voxels = as_3d(np.asanyarray(image.dataobj).T, path)
        affine = np.asarray(image.affine, np.float64)
        description = bytes(image.header["descrip"].item()).decode(errors="replace")
        gray_range = _gray_range(image.header, description)
    except FileFormatError:
        raise
    except Exception as error:  # nibabel raises many kinds for a damaged file
        raise FileFormatError(
            f"cannot be read as NIfTI: {error}", where=path, remedy="copy or export the file again"
        ) from error
    grid = checked_grid(_LPS_TO_RAS @ affine, voxels.shape, path)
    return Volume(np.ascontiguousarray(voxels), grid, {"description": description}, gray_range=gray_range)


def _gray_range(header: Any, description: str) -> GrayRange | None:
    """Levels of black and white, where this program wrote them: others write a window of their display there."""
    black, white = float(header["cal_min"]), float(header["cal_max"])
    return (black, white) if description.startswith(_GRAY_RANGE) and black < white else None


def write_nifti_volume(path: Path, grid: Grid, voxels: NDArray[Any], gray_range: GrayRange | None = None) -> None:
    """Write a volume; .nii.gz is compressed.

    Args:
        path: File to write.
        grid: Grid of the voxels, in LPS.
        voxels: Gray levels or labels, (D, H, W).
        gray_range: Levels of black and white, written as cal_min and cal_max; None where they are not known.

    Raises:
        FileFormatError: The voxels are 64-bit integers.
    """
    import nibabel

    if voxels.dtype in (np.int64, np.uint64):
        raise FileFormatError(
            "NIfTI readers do not agree on 64-bit integers",
            where=path,
            remedy="convert the voxels, such as to int32",
        )
    image = nibabel.Nifti1Image(voxels.T, _LPS_TO_RAS @ grid.index_to_world)
    image.set_sform(image.affine, code=1)
    image.set_qform(image.affine, code=1)
    image.header.set_xyzt_units("mm")
    if gray_range is not None:
        image.header["cal_min"], image.header["cal_max"] = gray_range
        image.header["descrip"] = _GRAY_RANGE
    with atomic_path(path) as temporary:
        nibabel.save(image, temporary)
