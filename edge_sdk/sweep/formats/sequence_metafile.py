"""PLUS's sequence metafile: a MetaImage whose header carries fields per frame.

The format is described in PLUS's user manual and implemented in IGSIO (PlusToolkit, BSD-3).
"""

from __future__ import annotations

from pathlib import Path

from edge_sdk.containers.frame_keys import frame_numbers
from edge_sdk.containers.metaimage import NO_PIXELS, MetaImage, element_type, read_metaimage, write_metaimage
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats.axes import FRAMES, frame_axes
from edge_sdk.sweep.formats.frame_fields import frame_lines, in_order, split_frames, sweep_of
from edge_sdk.sweep.formats.orientation import to_mf
from edge_sdk.sweep.formats.spacing import PIXEL_SPACING, known_spacing, spacing_text
from edge_sdk.sweep.sweep import Sweep

_STATUS = "ImageStatus"
_STORAGE = {
    "ObjectType", "NDims", "DimSize", "ElementType", "ElementNumberOfChannels", "BinaryData", "BinaryDataByteOrderMSB",
    "ElementByteOrderMSB", "CompressedData", "CompressedDataSize", "ElementDataFile", "HeaderSize",
    "UltrasoundImageOrientation",
}  # fmt: skip
"""Fields that say how the pixels are stored; they follow the pixels when a sweep is written."""


def is_sequence(path: Path) -> bool:
    """Whether a .mha or .mhd holds a sweep: frames with fields of their own, or none but tracking.

    Raises:
        FileFormatError: Its header cannot be read.
    """
    return _is_sequence(read_metaimage(path, header_only=True))


def read_sequence(path: Path) -> Sweep:
    """Read a sequence metafile; see `edge_sdk.sweep.formats.read_sweep`."""
    file = read_metaimage(path)
    frames = split_frames(file.fields)
    counts = [size for size, kind in zip(file.dimensions, file.kinds, strict=True) if kind in FRAMES]
    if not frames.by_number and 0 in counts:
        raise FileFormatError("is a recording without frames", where=path, remedy="record it again")
    if not frames.by_number or not _is_sequence(file):
        raise FileFormatError(
            "is a volume or picture, not a tracked sweep: it has no frames with fields of their own (Seq_Frame0000_…)",
            where=path,
            remedy="give a recording; segment and read_volume take volumes",
        )
    sizes, kinds = file.dimensions, file.kinds
    if file.pixels is not None and file.pixels.ndim > len(sizes):
        sizes, kinds = (file.pixels.shape[-1], *sizes), ("vector", *kinds)
    axes = frame_axes(sizes, kinds, path)
    fields = in_order(frames.by_number, axes.count, "DimSize", path)
    images = axes.images(file.pixels)
    if images.size:
        images = to_mf(images, file.fields.get("UltrasoundImageOrientation", "MF"), path)
    header = {key: value for key, value in frames.header.items() if key not in _STORAGE}
    if "Kinds" in header:
        header["Kinds"] = " ".join(header["Kinds"].split())
    own_spacing = header.pop(PIXEL_SPACING, None)
    spacing = known_spacing(own_spacing, header.get("ElementSpacing", "").split()[:2])
    return sweep_of(fields, images, _STATUS, header, path, spacing)


def write_sequence(sweep: Sweep, path: Path, *, compressed: bool) -> None:
    """Write a sequence metafile; see `edge_sdk.sweep.formats.write_sweep`."""
    has_images = sweep.images.size > 0
    height, width = sweep.images.shape[1:3] if has_images else (0, 0)
    channels = sweep.images.shape[3] if sweep.images.ndim == 4 else 1
    header = sweep.provenance.header_fields(sweep.header) | sweep.range_fields
    given = {key: value for key, value in header.items() if key not in _STORAGE}
    fields = {
        "AnatomicalOrientation": "RAI",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CenterOfRotation": "0 0 0",
        "CompressedData": "",
        "CompressedDataSize": "",
        "DimSize": f"{width} {height} {len(sweep)}",
        "ElementNumberOfChannels": str(channels),
        "ElementSpacing": "1 1 1",
        "ElementType": element_type(sweep.images.dtype) if has_images else NO_PIXELS,
        "Kinds": "domain domain list",
        "Offset": "0 0 0",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "UltrasoundImageOrientation": "MF" if has_images else "XX",
        "UltrasoundImageType": ("RGB_COLOR" if channels == 3 else "BRIGHTNESS") if has_images else "XX",
        **given,
    }
    if fields["Kinds"].split() != ["domain", "domain", "time"]:
        fields["Kinds"] = "domain domain list"
    if sweep.pixel_spacing is not None:
        fields[PIXEL_SPACING] = spacing_text(sweep.pixel_spacing)
        if known_spacing(None, fields["ElementSpacing"].split()[:2]) != sweep.pixel_spacing:
            fields["ElementSpacing"] = f"{fields[PIXEL_SPACING]} 1"
    # PLUS wants these two first; the others come in alphabetical order, as it writes them.
    lines = {"ObjectType": "Image", "NDims": "3", **dict(sorted(fields.items()))}
    lines |= frame_lines(sweep, _STATUS, path)
    pixels = None
    if has_images:
        pixels = sweep.images.astype(sweep.images.dtype.newbyteorder("<"), copy=False)
    write_metaimage(path, lines, pixels, compressed=compressed)


def _is_sequence(file: MetaImage) -> bool:
    if file.fields.get("ElementType") == NO_PIXELS:
        return True
    tracked = bool(frame_numbers(file.fields))
    # PLUS writes reconstructed volumes with fields of one frame; their last axis is one of space. A single frame has
    # no axis for frames.
    return tracked and (file.kinds[-1:] != ("domain",) or file.kinds == ("domain", "domain"))
