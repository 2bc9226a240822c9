"""What is ambiguous in the geometry of a NIfTI header: readers place such a file differently."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from edge_sdk.data_warning import DataWarning
from edge_sdk.volume.nifti_geometry import Matrix, NiftiGeometry

_APART_MM, _APART_VOXELS = 0.1, 0.25
"""Distance of two places of the same voxel from which readers are said to disagree: the smaller of both."""
_AS_RAS = np.diag([-1.0, -1.0, 1.0])
_ELSEWHERE = (
    "a NIfTI mask keeps both; masks and surfaces in other formats lie where SimpleITK and 3D Slicer see the image"
)


def nifti_warnings(geometry: NiftiGeometry, shape: tuple[int, ...]) -> Iterator[DataWarning]:
    """Warnings about the geometry of an image.

    Args:
        geometry: Fields of its header.
        shape: Voxels (D, H, W).
    """
    sform, qform, itk = geometry.sform_place, geometry.qform_place, geometry.itk_place
    ours, used = (sform, "sform") if sform is not None else (qform, "qform")
    if ours is None:
        return
    most = min(_APART_MM, _APART_VOXELS * float(np.linalg.norm(ours[:3, :3], axis=0).min()))
    if sform is not None and qform is not None and (apart := farthest_mm(sform, qform, shape)) > most:
        if geometry.itk_undecided:
            by_whom = "as nibabel does, and either by SimpleITK and 3D Slicer, as one mirrors the other"
        elif itk is not None and _nearer(itk, sform, qform, shape):
            by_whom = "by nibabel, SimpleITK and 3D Slicer"
        else:
            by_whom = "as nibabel does, and the qform by SimpleITK and 3D Slicer"
        yield DataWarning(
            f"qform (code {geometry.qform_code}, axes {_axes(qform)}) and sform (code {geometry.sform_code}, axes "
            f"{_axes(sform)}) place voxels up to {apart:.3g} mm apart: the sform is used here, {by_whom}",
            "a tool that turned, moved or registered the image and changed only one of them",
            f"set both to the right one; {_ELSEWHERE}",
        )
    elif itk is None:
        yield DataWarning(
            "the sform has axes that are not at right angles, and no qform is set: it is used here, as nibabel does; "
            "SimpleITK and 3D Slicer refuse the file",
            "an affine registration written into the header",
            "resample the image on axes at right angles",
        )
    elif (apart := farthest_mm(ours, itk, shape)) > most:
        yield DataWarning(
            f"the {used} and pixdim disagree: voxels of {_sizes(ours)} mm by the {used}, as used here and by "
            f"nibabel, and of {_sizes(itk)} mm in SimpleITK and 3D Slicer, which is up to {apart:.3g} mm apart",
            "a tool that scaled or sheared only one of them",
            f"set both to the right one; {_ELSEWHERE}",
        )


def farthest_mm(one: Matrix, other: Matrix, shape: tuple[int, ...]) -> float:
    """Largest distance, mm, of the places that two 4×4 matrices give a voxel of (D, H, W)."""
    corners = np.array([(*ends, 1) for ends in itertools.product(*((0, count - 1) for count in shape[::-1]))])
    distance = np.linalg.norm((corners @ (one - other).T)[:, :3], axis=1)
    return float(np.where(np.isfinite(distance), distance, np.inf).max())


def _nearer(place: Matrix, one: Matrix, other: Matrix, shape: tuple[int, ...]) -> bool:
    return farthest_mm(place, one, shape) < farthest_mm(place, other, shape)


def _axes(place: Matrix) -> str:
    from nibabel.orientations import aff2axcodes

    ras = np.eye(4)
    ras[:3, :3] = _AS_RAS @ place[:3, :3]
    try:
        return "".join(str(code) for code in aff2axcodes(ras))
    except (ValueError, np.linalg.LinAlgError):
        return "none"


def _sizes(place: Matrix) -> str:
    return " × ".join(f"{length:.6g}" for length in np.linalg.norm(place[:3, :3], axis=0))
