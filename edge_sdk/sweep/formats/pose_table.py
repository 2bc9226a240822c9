"""Poses as a table in a text file; docs/pose-table.md describes the format for users.

A header row names the columns, in any order and case. Required are `timestamp` (seconds) and a pose, either as
`tx, ty, tz` (mm) with `qx, qy, qz, qw` (unit quaternion, scalar last), or as `m00 … m23`: the upper three rows of the
4×4 matrix, row by row, translation in mm. Optional are `transform` (the pose's name, by default ProbeToReference: it
takes points of the probe to the reference) and `status` (by default OK; poses of another status may be left empty).
Other columns are kept as fields. Columns are separated by comma, semicolon or tab; lines that begin with # and empty
lines do not count. Consecutive rows of one time and different transforms are one sample. The text is UTF-8, or UTF-16
as spreadsheets save "Unicode".
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.numbers import number
from edge_sdk.errors import FileFormatError, PoseError
from edge_sdk.files import atomic_path
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats.table_numbers import is_missing
from edge_sdk.sweep.quaternions import to_rotations
from edge_sdk.sweep.sweep import MISSING, OK, Sweep, TrackedTransform
from edge_sdk.sweep.transforms import split_name
from edge_sdk.text_bytes import read_text_file

DEFAULT_TRANSFORM = "ProbeToReference"
UNIT_TOLERANCE = 0.01
"""How far a quaternion's length may be from 1 before it is taken for something else."""
_TRANSLATION = ("tx", "ty", "tz")
_QUATERNION = ("qx", "qy", "qz", "qw")
_MATRIX = tuple(f"m{row}{column}" for row in range(3) for column in range(4))
_KNOWN = {"timestamp", "transform", "status", *_TRANSLATION, *_QUATERNION, *_MATRIX}
_NO_POSE = np.full((4, 4), np.nan)


def read_pose_table(path: Path) -> Sweep:
    """Read a table of poses as a tracking-only sweep; see the module.

    Quaternions are normalized; one whose length is further from 1 than UNIT_TOLERANCE is refused.

    Raises:
        FileFormatError: The file is missing, no such table, or a cell is not what its column says; names the line and
            the column.
    """
    rows = _rows(read_text_file(path), path)
    header = next(rows, None)
    if header is None:
        raise FileFormatError("is empty", where=path, remedy="give a header row and poses, see docs/pose-table.md")
    names = [name.strip().lower() for name in header.cells]
    _check_columns(names, path)
    samples: list[_Sample] = []
    for row in rows:
        if len(row.cells) != len(names):
            raise row.wrong(f"has {len(row.cells)} columns, the header row {len(names)}", "complete the line")
        _add(samples, row, dict(zip(names, (cell.strip() for cell in row.cells), strict=True)))
    if not samples:
        raise FileFormatError("has no poses below its header row", where=path, remedy="check the file")
    return _sweep(samples, path)


def write_pose_table(sweep: Sweep, path: Path) -> None:
    """Write the poses and fields of a sweep as a table in matrix form, which reads back as the same numbers.

    Raises:
        FileFormatError: A pose with status OK is not finite, or its last row is not 0 0 0 1.
    """
    extra = list(dict.fromkeys(name for frame in sweep.fields for name in frame if name.lower() not in _KNOWN))
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["timestamp", "transform", "status", *_MATRIX, *extra])
        for index, time in enumerate(sweep.timestamps):
            own = sweep.fields[index] if sweep.fields else {}
            fields = [" ".join(own.get(name, "").split()) for name in extra]
            for name, transform in sweep.transforms.items():
                status, matrix = transform.status[index], transform.matrices[index]
                plain = np.isfinite(matrix).all() and (matrix[3] == (0, 0, 0, 1)).all()
                if status == OK and not plain:
                    raise FileFormatError(
                        f"{name} of frame {index} is OK, but not a finite matrix with the last row 0 0 0 1", where=path
                    )
                numbers = [repr(float(value)) for value in matrix[:3].ravel()] if plain else [""] * 12
                table.writerow([repr(float(time)), name, status, *numbers, *fields])


@dataclass
class _Row:
    """A line's cells, and where it is."""

    line: int
    cells: Sequence[str]
    path: Path

    def wrong(self, what: str, remedy: str) -> FileFormatError:
        return FileFormatError(f"line {self.line} {what}", where=self.path, remedy=remedy)


@dataclass
class _Sample:
    """Poses of one time."""

    time: float
    poses: dict[str, tuple[NDArray[np.float64], str]]
    fields: dict[str, str]


def _rows(text: str, path: Path) -> Iterator[_Row]:
    separator = ""
    for line_number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        # The header row tells: names of columns contain no separator.
        separator = separator or max(",;\t", key=line.count)
        try:
            cells = next(csv.reader([line], delimiter=separator))
        except csv.Error as error:
            raise FileFormatError(
                f"line {line_number} is no table row ({error})", where=path, remedy="correct it"
            ) from None
        yield _Row(line_number, cells, path)


def _check_columns(names: Sequence[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    forms = [{*_TRANSLATION, *_QUATERNION}, {*_MATRIX}]
    given = [form & {*names} for form in forms]
    if "timestamp" not in names:
        raise FileFormatError(
            f"has no column timestamp (its first line names {', '.join(map(repr, names[:8]))})",
            where=path,
            remedy="begin with a header row, see docs/pose-table.md",
        )
    if twice:
        raise FileFormatError(f"has the column {twice[0]!r} twice", where=path, remedy="name each column once")
    if all(given):
        raise FileFormatError(
            "has columns of a quaternion and of a matrix", where=path, remedy="give one of the two forms"
        )
    wanted = forms[0] if given[0] or not given[1] else forms[1]
    absent = [name for name in (*_TRANSLATION, *_QUATERNION, *_MATRIX) if name in wanted - {*names}]
    if absent:
        raise FileFormatError(
            f"has no column {', '.join(absent)}",
            where=path,
            remedy="give tx, ty, tz (mm) and qx, qy, qz, qw, or m00 to m23",
        )


def _add(samples: list[_Sample], row: _Row, cells: dict[str, str]) -> None:
    """Put a row's pose into the last sample where it is of the same time, else into a new one."""
    time = _number(row, cells, "timestamp")
    status = cells.get("status") or OK
    name = cells.get("transform") or DEFAULT_TRANSFORM
    try:
        split_name(name)
    except PoseError as error:
        raise row.wrong(f"column transform: {error.what}", error.remedy) from None
    pose = _pose(row, cells, status)
    if not samples or samples[-1].time != time or name in samples[-1].poses:
        samples.append(_Sample(time, {}, {key: value for key, value in cells.items() if key not in _KNOWN}))
    samples[-1].poses[name] = (pose, status)


def _pose(row: _Row, cells: dict[str, str], status: str) -> NDArray[np.float64]:
    columns = _MATRIX if _MATRIX[0] in cells else (*_TRANSLATION, *_QUATERNION)
    if status != OK and any(is_missing(cells[name]) for name in columns):
        return _NO_POSE
    values = np.array([_number(row, cells, name) for name in columns])
    matrix = np.eye(4)
    if columns is _MATRIX:
        matrix[:3] = values.reshape(3, 4)
        return matrix
    length = float(np.linalg.norm(values[3:]))
    if abs(length - 1) > UNIT_TOLERANCE:
        raise row.wrong(
            f"columns qx, qy, qz, qw: a quaternion of length {length:.4g}, expected 1",
            "give unit quaternions, the scalar qw last",
        )
    matrix[:3, :3] = to_rotations(values[None, 3:] / length)[0]
    matrix[:3, 3] = values[:3]
    return matrix


def _number(row: _Row, cells: dict[str, str], name: str) -> float:
    try:
        value = number(cells[name])
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise row.wrong(
            f"column {name} is {cells[name][:40]!r}, expected a number",
            "write numbers with a decimal point, and a status other than OK where there is no pose",
        )
    return value


def _sweep(samples: list[_Sample], path: Path) -> Sweep:
    names = dict.fromkeys(name for sample in samples for name in sample.poses)
    transforms = {}
    for name in names:
        poses = [sample.poses.get(name, (_NO_POSE, MISSING)) for sample in samples]
        transforms[name] = TrackedTransform(np.array([pose for pose, _ in poses]), tuple(status for _, status in poses))
    return Sweep(
        images=np.zeros((len(samples), 0, 0), np.uint8),
        timestamps=np.array([sample.time for sample in samples]),
        transforms=transforms,
        image_status=("INVALID",) * len(samples),
        fields=tuple(sample.fields for sample in samples),
        source=path,
        provenance=Provenance(source_format="pose table"),
    )
