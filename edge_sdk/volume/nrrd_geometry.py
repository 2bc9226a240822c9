"""The geometry of NRRD headers: which axes are of space, and where they lie.

The fields are those of https://teem.sourceforge.net/nrrd/format.html; where it leaves a choice, ITK's reader decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.nrrd import NrrdFile, axis_vectors
from edge_sdk.errors import FileFormatError

_ANATOMICAL = {
    "left-posterior-superior": (1, 1, 1), "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1), "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1), "las": (1, -1, 1),
}  # fmt: skip
_OTHER = ("scanner-xyz", "3d-right-handed", "3d-left-handed")
"""Spaces that say nothing of the patient; their coordinates are taken as they are, as ITK does."""
_DOMAINS = {"domain", "space", "???", "none"}
"""Kinds of axes of space, and of those of which nothing is said."""
_MM = {"mm", "millimeter", "millimeters", "", "???"}


@dataclass(frozen=True)
class NrrdGeometry:
    """Where the voxels of a file lie.

    Attributes:
        dropped: Axes of one sample that are not of space, fastest axis 0.
        place: 4×4, voxel index (x, y, z, 1) to LPS mm.
        located: Whether the file says how the axes lie in the patient.
    """

    dropped: tuple[int, ...]
    place: NDArray[np.float64]
    located: bool


def nrrd_geometry(file: NrrdFile, path: Path) -> NrrdGeometry:
    """Read the geometry of a volume.

    Args:
        file: Header of the volume; its pixels are not looked at.
        path: Named in errors.

    Raises:
        FileFormatError: An unknown space, a unit other than mm, not three axes of space, or fields that contradict.
    """
    fields = file.fields
    signs, known = _space(fields.get("space"), path)
    try:
        vectors = _vectors(file)
        origin = np.array(axis_vectors(fields["space origin"])[0] if "space origin" in fields else [0.0] * 3)
        spatial = _spatial(file, vectors)
        if len(spatial) != 3 or any(file.sizes[axis] != 1 for axis in range(len(file.sizes)) if axis not in spatial):
            raise FileFormatError(
                f"holds an array of sizes {fields['sizes']} (kinds {' '.join(file.kinds)}), expected three axes of "
                "space and no other of more than one sample",
                where=path,
                remedy="give a single gray or label volume",
            )
        _check_units(file, spatial, path)
        place = np.eye(4)
        if vectors is not None:
            place[:3, :3] = np.array([(vectors[axis] or ())[:3] for axis in spatial]).T
            place[:3, 3] = origin[:3]
        else:
            steps, starts = _steps(file, spatial, path)
            place[:3, :3], place[:3, 3] = np.diag(steps), starts if "space origin" not in fields else origin[:3]
    except (ValueError, IndexError):
        raise FileFormatError(
            f"its geometry is not three vectors of three numbers: space directions {fields.get('space directions')}, "
            f"spacings {fields.get('spacings')}, space origin {fields.get('space origin')}",
            where=path,
            remedy="correct the header or export the file again",
        ) from None
    dropped = tuple(axis for axis in range(len(file.sizes)) if axis not in spatial)
    directions = np.diag([*signs, 1.0]) if vectors is not None else np.eye(4)
    place[:3, 3] *= signs
    place[:3, :3] = directions[:3, :3] @ place[:3, :3]
    return NrrdGeometry(dropped, place, located=known and vectors is not None)


def _space(name: str | None, path: Path) -> tuple[tuple[int, int, int], bool]:
    """Signs that bring coordinates (x, y, z) to LPS, and whether the space is one of the patient."""
    short = (name or "").lower().removesuffix("-time")
    if short in ("rast", "last", "lpst"):
        short = short[:-1]
    if name is None or short in _OTHER:
        return (1, 1, 1), False
    if short not in _ANATOMICAL:
        raise FileFormatError(
            f"space {name[:40]!r} is not known",
            where=path,
            remedy=f"use one of {', '.join((*_ANATOMICAL, *_OTHER))}",
        )
    return _ANATOMICAL[short], True


def _vectors(file: NrrdFile) -> list[tuple[float, ...] | None] | None:
    """Direction of each axis in the space, None for an axis of another kind; None where the header gives none."""
    if "space directions" not in file.fields:
        return None
    vectors = axis_vectors(file.fields["space directions"])
    if len(vectors) != len(file.sizes):
        raise ValueError
    for vector in vectors:
        # The fourth component is time: it may be an axis of its own, and no axis may be of both.
        if vector is not None and len(vector) == 4 and vector[3] != 0 and any(vector[:3]):
            raise ValueError
    return [None if vector is None or (len(vector) == 4 and vector[3] != 0) else vector for vector in vectors]


def _spatial(file: NrrdFile, vectors: list[tuple[float, ...] | None] | None) -> list[int]:
    """Axes of space, fastest first; of more than three, the slow ones of one sample are left out."""
    axes = [
        axis
        for axis, kind in enumerate(file.kinds)
        if kind in _DOMAINS and (vectors is None or vectors[axis] is not None)
    ]
    while vectors is None and len(axes) > 3 and file.sizes[axes[-1]] == 1:
        axes.pop()
    return axes


def _check_units(file: NrrdFile, spatial: list[int], path: Path) -> None:
    """Refuse other units than mm: ITK reads their numbers as mm, so no mask could lie right in every reader."""
    for name, wanted in (("space units", range(3)), ("units", spatial)):
        units = re.findall(r'"([^"]*)"', file.fields.get(name, ""))
        if any(units[axis].strip().lower() not in _MM for axis in wanted if axis < len(units)):
            raise FileFormatError(
                f"{name} is {file.fields[name][:60]}, expected mm",
                where=path,
                remedy="give the header's lengths in mm, which is what ITK and 3D Slicer take them for",
            )


def _steps(file: NrrdFile, spatial: list[int], path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spacing and center of the first voxel of each axis of space, of a file without vectors."""
    fields, count = file.fields, len(file.sizes)
    if "spacings" not in fields:
        if "axis mins" in fields or "axis maxs" in fields:
            raise FileFormatError(
                "gives axis mins or axis maxs without spacings, which readers take differently",
                where=path,
                remedy="add the field spacings",
            )
        return np.ones(3), np.zeros(3)
    steps = np.array([float(number) for number in fields["spacings"].split()])
    starts = np.array([float(number) for number in fields.get("axis mins", "nan " * count).split()])
    centers = fields.get("centers", fields.get("centerings", "??? " * count)).lower().split()
    if not len(steps) == len(starts) == len(centers) == count:
        raise ValueError
    half = np.array([0.0 if center == "node" else 0.5 for center in centers])
    first = (starts + half * steps)[spatial]
    return steps[spatial], first if np.isfinite(first).all() else np.zeros(3)
