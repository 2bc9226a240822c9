"""Sequence files and configurations written by hand, and volumes read by SimpleITK: none of it by our own code."""

from __future__ import annotations

import xml.sax.saxutils
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

COUNT, SIZE, PIXEL_MM, STEP_MM = 8, 40, 0.2, 0.5
DOT_MM = (3.0, 4.0, 2.0)
"""Pixel (15, 20) of frame 4."""
GRID = {"size_xyz": [17, 17, 8], "spacing_mm": [0.5] * 3, "origin_mm": [0.0, 0.0, 0.0]}
"""39 pixels of 0.2 mm are 15.6 steps of 0.5 mm, so 17 voxels; 8 frames lie one step apart."""
Fields = list[tuple[str, str]]


def dot_images() -> NDArray[np.uint8]:
    """Frames (8, 40, 40) of gray level 20 with one dot of 5×5 pixels at 250."""
    images = np.full((COUNT, SIZE, SIZE), 20, np.uint8)
    images[4, 18:23, 13:18] = 250
    return images


def frame_fields(index: int) -> dict[str, str]:
    """Fields of a frame, by their names in PLUS."""
    return {
        "ProbeToReferenceTransform": f"1 0 0 0 0 1 0 0 0 0 1 {index * STEP_MM} 0 0 0 1",
        "ProbeToReferenceTransformStatus": "OK",
        "ImageToProbeTransform": f"{PIXEL_MM} 0 0 0 0 {PIXEL_MM} 0 0 0 0 {PIXEL_MM} 0 0 0 0 1",
        "ImageToProbeTransformStatus": "OK",
        "Timestamp": f"{index / 20}",
        "ImageStatus": "OK",
    }


def write_sweep_file(
    path: Path,
    *,
    change: Callable[[int, dict[str, str]], None] = lambda _index, _fields: None,
    digits: int = 4,
    header: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    line_end: str = "\n",
) -> Path:
    """Write the sweep with a dot as a metafile or NRRD, by the name.

    Args:
        path: .mha, .mhd, .nrrd or .nhdr; the pixels of .mhd and .nhdr go to px.raw beside it.
        change: Called with each frame's number and fields, to change them.
        digits: Digits of the frames' numbers.
        header: Further fields of the header.
        encoding: Encoding of the header.
        line_end: End of its lines.
    """
    images, beside, nrrd = dot_images(), path.suffix in {".mhd", ".nhdr"}, path.suffix in {".nrrd", ".nhdr"}
    size = f"{SIZE} {SIZE} {COUNT}"
    if nrrd:
        lines = ["NRRD0004", "type: uchar", "dimension: 3", f"sizes: {size}", "kinds: domain domain list"]
        lines += ["encoding: raw", "endian: little", *(["data file: px.raw"] if beside else [])]
        equals = ":="
    else:
        lines = ["ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False"]
        lines += [
            "CompressedData = False",
            f"DimSize = {size}",
            "ElementType = MET_UCHAR",
            "Kinds = domain domain list",
        ]
        equals = " = "
    lines += [f"{key}{equals}{value}" for key, value in (header or {}).items()]
    for index in range(COUNT):
        fields = frame_fields(index)
        change(index, fields)
        if nrrd and "ImageStatus" in fields:
            fields["Status"] = fields.pop("ImageStatus")
        lines += [f"Seq_Frame{index:0{digits}d}_{key}{equals}{value}" for key, value in fields.items()]
    if not nrrd:
        lines.append(f"ElementDataFile = {'px.raw' if beside else 'LOCAL'}")
    elif not beside:
        lines.append("")
    text = "".join(f"{line}{line_end}" for line in lines).encode(encoding)
    path.write_bytes(text if beside else text + images.tobytes())
    if beside:
        (path.parent / "px.raw").write_bytes(images.tobytes())
    return path


def renamed(name: str, new: str) -> Callable[[int, dict[str, str]], None]:
    """A change that gives a transform another name, with its status."""

    def change(_index: int, fields: dict[str, str]) -> None:
        for end in ("Transform", "TransformStatus"):
            fields[f"{new}{end}"] = fields.pop(f"{name}{end}")

    return change


def write_config(path: Path, *, inside: str = "", **attributes: str) -> Path:
    """Write a configuration whose VolumeReconstruction has these attributes, with PLUS's voxels of 0.5 mm."""
    given = {
        "OutputSpacing": "0.5 0.5 0.5",
        "CompoundingMode": "MEAN",
        "Interpolation": "NEAREST_NEIGHBOR",
    } | attributes
    text = " ".join(f"{name}={xml.sax.saxutils.quoteattr(value)}" for name, value in given.items())
    element = f"<VolumeReconstruction {text}>{inside}</VolumeReconstruction>"
    path.write_text(f'<PlusConfiguration version="2.1">{element}</PlusConfiguration>')
    return path


def dot_mm(volume: Path) -> NDArray[np.float64]:
    """Middle of the bright voxels of a volume, mm (x, y, z), as ITK takes its geometry."""
    import SimpleITK

    image: Any = SimpleITK.ReadImage(str(volume))
    levels = SimpleITK.GetArrayFromImage(image).astype(float)
    bright = np.argwhere(levels > levels.max() / 2)
    places = [image.TransformIndexToPhysicalPoint([int(index) for index in each[::-1]]) for each in bright]
    return np.asarray(np.average(places, 0, levels[tuple(bright.T)]))
