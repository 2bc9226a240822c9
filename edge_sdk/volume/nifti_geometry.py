"""The geometry fields of a NIfTI header, kept as the file has them, so that a mask gets the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nibabel import Nifti1Header

Matrix = NDArray[np.float64]
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM = {1: 1000.0, 3: 0.001}
"""mm per unit of length, by the lowest three bits of xyzt_units: meters and micrometers; any other code means mm."""
_UNIT_NAMES = {0: "unknown, taken as mm", 1: "m", 2: "mm", 3: "um"}
_AT_RIGHT_ANGLES = 1e-4
"""Largest deviation of products of unit axes from 0 and 1 with which ITK uses an sform (`NiftiImageIO`)."""
_SCANNER = 1
"""The code of "scanner anatomical": ITK prefers an sform that has it to the qform."""


@dataclass(frozen=True)
class NiftiGeometry:
    """The geometry fields of a NIfTI header.

    Attributes:
        version: 1, or 2 with 64-bit fields.
        byte_order: "<" or ">".
        pixdim: All eight numbers; the first is qfac, the next three are the voxel size (x, y, z).
        qform_code, sform_code: What each matrix refers to; 0 where it is not set.
        quaternion: quatern_b, quatern_c and quatern_d.
        qoffset: qoffset_x, qoffset_y and qoffset_z.
        srow: srow_x, srow_y and srow_z, four numbers each.
        xyzt_units: Units of length and time.
        qform: Rows of the 4×4 matrix of the quaternion, voxel index to RAS in the file's unit; None where the
            quaternion is none.
    """

    version: Literal[1, 2]
    byte_order: str
    pixdim: tuple[float, ...]
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    qoffset: tuple[float, ...]
    srow: tuple[tuple[float, ...], ...]
    xyzt_units: int
    qform: tuple[tuple[float, ...], ...] | None

    @classmethod
    def of_header(cls, stored: Nifti1Header, version: Literal[1, 2], qform: Matrix | None) -> NiftiGeometry:
        """Take the fields from a header.

        Args:
            stored: The header as it stands in the file; nibabel corrects fields when it loads an image.
            version: 1 or 2.
            qform: nibabel's 4×4 matrix of the quaternion, or None.
        """
        return cls(
            version=version,
            byte_order=stored.endianness,
            pixdim=_numbers(stored["pixdim"]),
            qform_code=int(stored["qform_code"]),
            sform_code=int(stored["sform_code"]),
            quaternion=tuple(float(stored[f"quatern_{name}"]) for name in "bcd"),
            qoffset=tuple(float(stored[f"qoffset_{name}"]) for name in "xyz"),
            srow=tuple(_numbers(stored[f"srow_{name}"]) for name in "xyz"),
            xyzt_units=int(stored["xyzt_units"]),
            qform=None if qform is None else tuple(map(_numbers, qform)),
        )

    def write_to(self, header: Nifti1Header) -> None:
        """Put the fields into the header of another image with the same voxels."""
        header["pixdim"] = self.pixdim
        header["qform_code"], header["sform_code"] = self.qform_code, self.sform_code
        for name, value in zip("bcd", self.quaternion, strict=True):
            header[f"quatern_{name}"] = value
        for name, value, row in zip("xyz", self.qoffset, self.srow, strict=True):
            header[f"qoffset_{name}"], header[f"srow_{name}"] = value, row
        header["xyzt_units"] = self.xyzt_units

    @property
    def unit(self) -> str:
        """Name of the unit of length."""
        code = self.xyzt_units & 7
        return _UNIT_NAMES.get(code, f"code {code}, which is none, taken as mm")

    @property
    def located(self) -> bool:
        """Whether the file says how the axes lie: at least one of both codes is set."""
        return self.qform_code > 0 or self.sform_code > 0

    @property
    def sform_place(self) -> Matrix | None:
        """4×4, voxel index (x, y, z, 1) to LPS mm by the sform; None where its code is 0."""
        return self._in_lps_mm(np.array([*self.srow, (0.0, 0.0, 0.0, 1.0)])) if self.sform_code > 0 else None

    @property
    def qform_place(self) -> Matrix | None:
        """4×4, voxel index (x, y, z, 1) to LPS mm by the qform; None where its code is 0 or its quaternion is none."""
        return self._in_lps_mm(np.array(self.qform)) if self.qform_code > 0 and self.qform is not None else None

    @property
    def bare_place(self) -> Matrix:
        """4×4, voxel index (x, y, z, 1) to mm where no code is set: ITK puts the first voxel at 0, along LPS."""
        return np.diag([*self._voxel_size, 1.0])

    @property
    def place(self) -> Matrix | None:
        """4×4, voxel index to LPS mm: the sform before the qform, as nibabel has it; None where the one set is none."""
        if self.sform_code > 0:
            return self.sform_place
        return self.qform_place if self.qform_code > 0 else self.bare_place

    @property
    def itk_place(self) -> Matrix | None:
        """4×4, voxel index to LPS mm as ITK 5 has it, and with it SimpleITK and 3D Slicer; None where ITK refuses.

        ITK takes the sform where it is the only one, of code 1, or the same as the qform, and its axes are at right
        angles; else the qform. The size of a voxel always is that of pixdim.
        """
        if not self.located:
            return self.bare_place
        sform, qform = self.sform_place, self.qform_place
        chosen = qform
        if sform is not None and _at_right_angles(sform):
            agreeing = qform is not None and np.allclose(sform, qform, rtol=0, atol=_AT_RIGHT_ANGLES)
            if self.qform_code <= 0 or self.sform_code == _SCANNER or agreeing or self.itk_undecided:
                chosen = sform
        if chosen is None:
            return None
        place = chosen.copy()
        place[:3, :3] *= self._voxel_size / np.linalg.norm(place[:3, :3], axis=0)
        return place

    @property
    def itk_undecided(self) -> bool:
        """Whether ITK may take either, as qform and sform are of different handedness and the sform is not of code 1.

        It compares them by singular vectors, whose signs a mirrored axis leaves open; `itk_place` is the sform's.
        """
        sform, qform = self.sform_place, self.qform_place
        if sform is None or qform is None or self.sform_code == _SCANNER:
            return False
        return bool(np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0)

    def gives(self, index_to_world: Matrix) -> bool:
        """Whether these fields give this 4×4 matrix, LPS mm; they do not give that of a resampled or turned volume."""
        place = self.place
        return place is not None and bool(np.allclose(index_to_world, place, rtol=1e-9, atol=1e-9))

    @property
    def _voxel_size(self) -> Matrix:
        """mm (x, y, z); 1 in the file's unit where pixdim has none."""
        size = np.array(self.pixdim[1:4])
        return np.where(np.isfinite(size) & (size != 0), size, 1.0) * self._mm

    @property
    def _mm(self) -> float:
        return _MM.get(self.xyzt_units & 7, 1.0)

    def _in_lps_mm(self, ras: Matrix) -> Matrix:
        place: Matrix = _LPS_FROM_RAS @ ras
        place[:3] *= self._mm
        return place


def _numbers(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _at_right_angles(place: Matrix) -> bool:
    lengths = np.linalg.norm(place[:3, :3], axis=0)
    if not np.isfinite(place).all() or not lengths.all():
        return False
    axes = place[:3, :3] / lengths
    return bool(np.abs(axes @ axes.T - np.eye(3)).max() <= _AT_RIGHT_ANGLES)
