"""Where SimpleITK and nibabel place the voxels of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK

from edge_sdk.volume.grid import Grid

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
MM = {1: 1000.0, 3: 0.001}
NIFTI_FIELDS = (
    "pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z",
    "srow_x", "srow_y", "srow_z", "xyzt_units",
)  # fmt: skip


def by_simpleitk(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (D, H, W), and 4×4 of index (x, y, z, 1) to LPS mm."""
    image = SimpleITK.ReadImage(str(path))
    place = np.eye(4)
    place[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    place[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), place


def by_nibabel(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (D, H, W), and 4×4 of index (x, y, z, 1) to LPS mm; nibabel leaves the unit to its users."""
    image: Any = nibabel.load(path)
    place = RAS_TO_LPS @ image.affine
    place[:3] *= MM.get(int(image.header["xyzt_units"]) & 7, 1.0)
    return np.asarray(image.dataobj).T, place


def geometry_bytes(path: Path) -> dict[str, bytes]:
    """Fields of a NIfTI header as they stand in the file."""
    image: Any = nibabel.load(path)
    with image.file_map["image"].get_prepare_fileobj("rb") as stream:
        header = type(image.header).from_fileobj(stream, check=False)
    return {name: header[name].tobytes() for name in NIFTI_FIELDS}


def written_by_simpleitk(path: Path, voxels: np.ndarray, grid: Grid) -> Path:
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetOrigin(grid.origin)
    image.SetSpacing(grid.spacing)
    image.SetDirection(grid.direction.ravel().tolist())
    SimpleITK.WriteImage(image, str(path))
    return path
