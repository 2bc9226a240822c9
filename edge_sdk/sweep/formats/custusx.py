"""Ultrasound acquisitions of CustusX (SINTEF): a folder of images, times, tracker positions and a probe definition.

The files share a base name: BASE_0.mhd, BASE_1.mhd … (before version 3.4 one BASE.mhd), BASE.fts (frame times, ms),
BASE.tts (tracker times, ms), BASE.tp (tracker positions: three rows of four numbers each, tool to patient reference,
CustusX's prMt) and BASE.probedata.xml. Layout and conventions are those of CustusX's documentation and of its
`UsReconstructionFileReader`, `ProbeDefinition` and `ProbeSector` (BSD-3-Clause).
"""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.metaimage import MetaImage, read_metaimage
from edge_sdk.errors import FileFormatError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats.custusx_probe import read_probe_definition
from edge_sdk.sweep.formats.frames import FrameStack, check_frames, gray
from edge_sdk.sweep.merging import MAX_GAP_S, with_poses
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform
from edge_sdk.text_bytes import read_text_file

_TRACKED = "ProbeToReference"
_MS = 1000.0


def is_acquisition(path: Path) -> bool:
    """Whether `path` is a folder with frame times, such a file, or an image that has one beside it."""
    if path.is_dir():
        return any(path.glob("*.fts"))
    if path.suffix == ".fts":
        return path.is_file()
    return path.suffix == ".mhd" and _beside(_base(path), ".fts").is_file()


def read_custusx(path: Path) -> Sweep:
    """Read an acquisition, given its folder, its .fts or one of its .mhd files.

    The tracker's positions become ProbeToReference at the frames' times, as CustusX interpolates them, and the probe
    definition with the images' spacing becomes ImageToProbe. The frame times are taken as stored: CustusX has applied
    the probe's temporal calibration when it wrote them. The clip rectangle and the sector of the probe are kept in the
    header under PLUS's names.

    Raises:
        FileFormatError: A file is missing or damaged, or the files disagree.
        GeometryError: The frames would not fit in memory.
    """
    base = _acquisition(path)
    frame_times = _numbers(_beside(base, ".fts"), 1)[:, 0] / _MS
    images, spacing, colored = _images(base, len(frame_times))
    if len(images) != len(frame_times):
        raise FileFormatError(
            f"has {len(frame_times)} times for {len(images)} images",
            where=_beside(base, ".fts"),
            remedy="copy the whole folder again",
        )
    header = {"GreyFrom": "luma (BT.601)" if colored else "as stored"}
    transforms = {}
    probe_path = _beside(base, ".probedata.xml")
    if probe_path.is_file():
        probe = read_probe_definition(probe_path)
        header |= probe.header(images.shape[1:], spacing)
        transforms["ImageToProbe"] = _constant(probe.image_to_tool(spacing), len(images))
    sweep = Sweep(
        images=images,
        timestamps=frame_times,
        transforms=transforms,
        image_status=(OK,) * len(images),
        header=header,
        source=path,
        pixel_spacing=spacing,
        provenance=Provenance(source_format="CustusX"),
    )
    tracking = _tracking(base)
    return sweep if tracking is None else with_poses(sweep, tracking, max_gap=MAX_GAP_S)


def _acquisition(path: Path) -> Path:
    """The base name of the files."""
    if not path.is_dir():
        return _base(path)
    times = sorted(path.glob("*.fts"))
    if len(times) != 1:
        found = ", ".join(file.name for file in times) or "none"
        raise FileFormatError(
            f"holds {len(times)} acquisitions ({found}), expected one", where=path, remedy="give one of the .fts files"
        )
    return _base(times[0])


def _base(path: Path) -> Path:
    """The name that the files share: that of BASE.fts, BASE.mhd or BASE_12.mhd."""
    plain = path.with_suffix("")
    numbered = re.fullmatch(r"(.+)_\d+", plain.name)
    if path.suffix == ".mhd" and numbered and not _beside(plain, ".fts").is_file():
        return plain.with_name(numbered[1])
    return plain


def _beside(base: Path, suffix: str) -> Path:
    return base.with_name(base.name + suffix)


def _numbers(path: Path, columns: int) -> NDArray[np.float64]:
    """A text file of whitespace-separated numbers, (rows, columns)."""
    text = read_text_file(path)
    try:
        values = np.array(text.split(), np.float64)
    except ValueError as error:
        raise FileFormatError(f"holds what is no number ({error})", where=path, remedy="copy it again") from None
    if not len(values) or len(values) % columns or not np.isfinite(values).all():
        raise FileFormatError(
            f"holds {len(values)} numbers, expected finite ones in rows of {columns}",
            where=path,
            remedy="copy it again",
        )
    return values.reshape(-1, columns)


def _images(base: Path, expected: int) -> tuple[NDArray[np.uint8], tuple[float, float], bool]:
    """Gray frames (N, H, W), mm per pixel (x, y), and whether they were colored."""
    together = _beside(base, ".mhd")
    stack, spacing, colored = FrameStack(together), None, False
    paths = [together] if together.is_file() else (_beside(base, f"_{index}.mhd") for index in count())
    for path in paths:
        if not path.is_file() or len(stack) > expected:
            break
        file = read_metaimage(path)
        frames = _frames(file, path, expected)
        own = _spacing(file, path)
        if spacing is not None and not np.allclose(own, spacing, rtol=1e-3):
            raise FileFormatError(
                f"has pixels of {own} mm, the first frame of {spacing} mm",
                where=path,
                remedy="export frames of one depth",
            )
        spacing, colored = spacing or own, colored or frames.ndim == 4
        for frame in frames:
            stack.append(gray(frame))
    if spacing is None:
        raise FileFormatError(
            "is not there, nor is a file with _0 in its name", where=together, remedy="copy the whole folder again"
        )
    return stack.images(), spacing, colored


def _frames(file: MetaImage, path: Path, expected: int) -> NDArray[Any]:
    """(N, H, W) or (N, H, W, 3) frames of one file."""
    pixels, size = file.pixels, file.dimensions
    if (
        pixels is None
        or pixels.dtype != np.uint8
        or len(size) not in {2, 3}
        or pixels.shape[len(size) :] not in {(), (3,)}
    ):
        raise FileFormatError(
            f"has DimSize {file.fields['DimSize']} of {file.fields.get('ElementType')}, expected 8-bit gray or RGB",
            where=path,
            remedy="export it as B-mode",
        )
    frames = pixels if len(size) == 3 else pixels[None]
    check_frames(expected, frames.shape[1], frames.shape[2], path)
    return frames


def _spacing(file: MetaImage, path: Path) -> tuple[float, float]:
    text = file.fields.get("ElementSpacing", "")
    try:
        x, y = (float(number) for number in text.split()[:2])
    except ValueError:
        x = y = 0.0
    if not (np.isfinite([x, y]).all() and min(x, y) > 0):
        raise FileFormatError(f"ElementSpacing is {text!r}, expected mm per pixel", where=path, remedy="correct it")
    return x, y


def _tracking(base: Path) -> Sweep | None:
    """The tracker's positions; None where none were recorded."""
    path = _beside(base, ".tp")
    if not path.is_file() or not path.stat().st_size:
        return None
    rows, times = _numbers(path, 12), _numbers(_beside(base, ".tts"), 1)[:, 0] / _MS
    if len(rows) != len(times):
        raise FileFormatError(
            f"holds {len(rows)} positions, the .tts {len(times)} times",
            where=path,
            remedy="copy the whole folder again",
        )
    matrices = np.tile(np.eye(4), (len(rows), 1, 1))
    matrices[:, :3] = rows.reshape(-1, 3, 4)
    return Sweep(
        images=np.zeros((len(rows), 0, 0), np.uint8),
        timestamps=times,
        transforms={_TRACKED: TrackedTransform(matrices, (OK,) * len(rows))},
        source=path,
    )


def _constant(matrix: NDArray[np.float64], frames: int) -> TrackedTransform:
    return TrackedTransform(np.tile(matrix, (frames, 1, 1)), (OK,) * frames)
