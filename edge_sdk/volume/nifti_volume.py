"""Volumes in NIfTI files (.nii, .nii.gz): RAS there, LPS here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.pixel_bytes import check_possible
from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path
from edge_sdk.volume.file_geometry import as_3d, checked_grid
from edge_sdk.volume.grid import Grid, Volume

if TYPE_CHECKING:
    from nibabel import Nifti1Image

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
    except FileFormatError:
        raise
    except Exception as error:  # nibabel raises many kinds for a damaged file
        raise FileFormatError(
            f"cannot be read as NIfTI: {error}", where=path, remedy="copy or export the file again"
        ) from error
    grid = checked_grid(_LPS_TO_RAS @ affine, voxels.shape, path)
    return Volume(np.ascontiguousarray(voxels), grid, {"description": description})


def write_nifti_volume(path: Path, grid: Grid, voxels: NDArray[Any], description: str = "") -> None:
    """Write a volume; .nii.gz is compressed.

    Args:
        path: File to write.
        grid: Grid of the voxels.
        voxels: (D, H, W).
        description: For the header, at most 79 bytes.

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
    with atomic_path(path) as temporary:
        image = nifti_image(grid, voxels)
        image.header["descrip"] = description.encode()
        nibabel.save(image, temporary)


def nifti_image(grid: Grid, voxels: NDArray[Any]) -> Nifti1Image:
    """nibabel's image of voxels (D, H, W) on a grid, with its header."""
    import nibabel

    image = nibabel.Nifti1Image(voxels.T, _LPS_TO_RAS @ grid.index_to_world)
    image.set_sform(image.affine, code=1)
    image.set_qform(image.affine, code=1)
    image.header.set_xyzt_units("mm")
    return image
