"""Sequences as NRRD: PLUS's (.igs.nrrd), whose header carries fields per frame, and 3D Slicer's (.seq.nrrd).

PLUS's is implemented in IGSIO (PlusToolkit, BSD-3), Slicer's is described in its documentation of sequence files: the
axis of frames comes first there, a third axis of space has length one, and there are no poses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from edge_sdk.containers.nrrd import NrrdFile, axis_vectors, read_nrrd, write_nrrd
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats.axes import FRAMES, FrameAxes, frame_axes
from edge_sdk.sweep.formats.frame_fields import Frames, frame_lines, in_order, split_frames, sweep_of
from edge_sdk.sweep.formats.orientation import to_mf
from edge_sdk.sweep.formats.spacing import PIXEL_SPACING, known_spacing, spacing_text
from edge_sdk.sweep.sweep import Sweep

_STATUS = "Status"
_ORIENTATION = "ultrasound image orientation"
_METAFILE_STATUS, _METAFILE_ORIENTATION = "ImageStatus", "UltrasoundImageOrientation"
"""What ITK leaves where it makes an NRRD of a sequence metafile."""
_NAMES = {"ultrasound image type": "UltrasoundImageType", "kinds": "Kinds"}
"""Fields that metafiles have under other names; a sweep has them under those."""
_STORAGE = {
    "dimension", "sizes", "type", "encoding", "endian", "data file", "line skip", "byte skip", _ORIENTATION,
    _METAFILE_ORIENTATION,
}  # fmt: skip
"""Fields that say how the pixels are stored; they follow the pixels when a sweep is written."""
_GEOMETRY = {"space", "space dimension", "space directions", "space origin", "space units", "measurement frame"}
_AXES = _GEOMETRY | {"spacings", "thicknesses", "axis mins", "axis maxs", "centerings", "labels", "units"}
"""Fields that describe single axes; kept where the axes are."""
_FIELDS = _AXES | {"content", "sample units", "min", "max", "old min", "old max"}
_PLUS_COMMENTS = ("Complete NRRD file format specification at:", "http://teem.sourceforge.net/nrrd/format.html")
_INDEX = re.compile(r"axis ([0-9]{1,2}) index (type|values)")


def is_sequence(path: Path) -> bool:
    """Whether a .nrrd or .nhdr holds a sweep: an axis of frames, or fields of more than one frame.

    Raises:
        FileFormatError: Its header cannot be read.
    """
    file = read_nrrd(path, header_only=True)
    return _is_sequence(file, split_frames({**file.fields, **file.values}))


def read_sequence(path: Path) -> Sweep:
    """Read a sequence from NRRD; see `edge_sdk.sweep.formats.read_sweep`."""
    file = read_nrrd(path)
    frames = split_frames({**file.fields, **file.values})
    if not _is_sequence(file, frames):
        raise FileFormatError(
            "is a volume or picture, not a tracked sweep: it has no frames with fields of their own (Seq_Frame0000_…)",
            where=path,
            remedy="give a recording; segment and read_volume take volumes",
        )
    axes = frame_axes(file.sizes, _kinds(file, frames), path)
    times = _index_values(file, axes)
    fields = in_order(frames.by_number, axes.count, "sizes", path) if frames.by_number else []
    if not fields:
        fields = [{} if times is None else {"Timestamp": times[index]} for index in range(axes.count)]
    images = axes.images(file.pixels)
    if images.size:
        orientation = frames.header.get(_ORIENTATION, frames.header.get(_METAFILE_ORIENTATION, "MF"))
        images = to_mf(images, orientation, path)
    for frame in fields:
        if _STATUS not in frame and _METAFILE_STATUS in frame:
            frame[_STATUS] = frame.pop(_METAFILE_STATUS)
    header = _header(file, frames, axes)
    own_spacing = header.pop(PIXEL_SPACING, None)
    return sweep_of(fields, images, _STATUS, header, path, known_spacing(own_spacing, _spacing(file.fields, axes)))


def write_sequence(sweep: Sweep, path: Path, *, compressed: bool) -> None:
    """Write a sequence as PLUS's NRRD; see `edge_sdk.sweep.formats.write_sweep`."""
    has_images = sweep.images.size > 0
    colors = sweep.images.shape[3:] if has_images else ()
    size = sweep.images.shape[2:0:-1] if has_images else (0, 0)
    header = sweep.provenance.header_fields(sweep.header) | sweep.range_fields
    given = {key: value for key, value in header.items() if key not in _STORAGE}
    frames = "time" if given.pop("Kinds", "").split()[-1:] == ["time"] else "list"
    usual_type = "RGB_COLOR" if colors == (3,) else "BRIGHTNESS" if has_images else "XX"
    comments = given.pop("Comment").split("\n") if "Comment" in given else []
    geometry = {key: given.pop(key) for key in sorted(_GEOMETRY & {*given})}
    axes = FrameAxes((*colors, *size, len(sweep)), len(colors), len(colors) + 1, len(colors) + 2, None)
    if "space directions" not in geometry or known_spacing(None, _spacing(geometry, axes)) != sweep.pixel_spacing:
        x, y = (repr(float(value)).removesuffix(".0") for value in sweep.pixel_spacing or (1, 1))
        directions = [*("none" for _ in colors), f"({x},0)", f"(0,{y})", "none"]
        geometry = {"space dimension": "2", "space directions": " ".join(directions), "space origin": "(0,0)"}
    own = {
        "dimension": str(len(axes.sizes)),
        "kinds": " ".join([*("vector" for _ in colors), "domain", "domain", frames]),
        "sizes": " ".join(map(str, axes.sizes)),
    }
    values = {
        _ORIENTATION: "MF" if has_images else "XX",
        "ultrasound image type": given.pop("UltrasoundImageType", usual_type),
        **{key: value for key, value in given.items() if key not in _FIELDS},
    }
    if sweep.pixel_spacing is not None:
        values[PIXEL_SPACING] = spacing_text(sweep.pixel_spacing)
    values |= frame_lines(sweep, _STATUS, path)
    fields = own | geometry | {key: value for key, value in given.items() if key in _FIELDS}
    write_nrrd(
        path,
        fields,
        values,
        sweep.images if has_images else None,
        compressed=compressed,
        comments=[*_PLUS_COMMENTS, *comments],
    )


def _is_sequence(file: NrrdFile, frames: Frames) -> bool:
    listed = bool(FRAMES & {*file.kinds})
    single = sum(kind == "domain" for kind in file.kinds) == 2
    if frames.by_number:
        # A reconstructed volume has fields of one frame, and three axes of space.
        return listed or single or len(frames.by_number) > 1
    return listed and any(_INDEX.fullmatch(key) for key in file.values)


def _kinds(file: NrrdFile, frames: Frames) -> tuple[str, ...]:
    """Kinds of the axes; ITK keeps PLUS's fields of frames, but calls their axis one of colors or of space."""
    kinds = file.kinds
    if len(frames.by_number) < 2 or FRAMES & {*kinds}:
        return kinds
    if kinds[0] == "vector" and file.sizes[0] == len(frames.by_number):
        return ("list", *kinds[1:])
    return (*kinds[:-1], "list")


def _header(file: NrrdFile, frames: Frames, axes: FrameAxes) -> dict[str, str]:
    """What is not about frames or the storage of pixels, under the names that a sweep has it."""
    left_out = _STORAGE if axes.usual else _STORAGE | _AXES
    header = {_NAMES.get(key, key): value for key, value in frames.header.items() if key not in left_out}
    header["Kinds"] = f"domain domain {file.kinds[axes.frames] if axes.frames is not None and axes.usual else 'list'}"
    if comments := [line for line in file.comments if line not in _PLUS_COMMENTS]:
        header["Comment"] = "\n".join(comments)
    return header


def _index_values(file: NrrdFile, axes: FrameAxes) -> list[str] | None:
    """Times that Slicer gives the frames, in s; None where it does not number them by time."""
    labels = re.findall(r'"([^"]*)"', file.fields.get("labels", ""))
    if axes.frames is None or len(labels) != len(axes.sizes) or labels[axes.frames].lower() != "time":
        return None
    values = file.values.get(f"axis {axes.frames} index values", "").split()
    return values if len(values) == axes.count else None


def _spacing(fields: Mapping[str, str], axes: FrameAxes) -> list[float]:
    """Spacing along width and height, as the format's own fields say; empty where they do not."""
    spacings = fields.get("spacings", "").split()
    try:
        vectors = axis_vectors(fields.get("space directions", ""))
        if len(vectors) == len(axes.sizes):
            return [math.hypot(*(vectors[axis] or ())) for axis in (axes.width, axes.height)]
        if len(spacings) == len(axes.sizes):
            return [float(spacings[axis]) for axis in (axes.width, axes.height)]
    except ValueError:
        pass
    return []
