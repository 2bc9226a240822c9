"""Whether a recording lost something to compression: what is made of it must say so for ever (PS3.3 C.7.6.1.1.5)."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset

from edge_sdk.volume.dicom.elements import item

_METHODS = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",  # JPEG baseline
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",  # JPEG extended
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",  # JPEG 2000
    "1.2.840.10008.1.2.4.100": "ISO_13818_2",  # MPEG-2
    "1.2.840.10008.1.2.4.101": "ISO_13818_2",
    "1.2.840.10008.1.2.4.102": "ISO_14496_10",  # H.264
    "1.2.840.10008.1.2.4.103": "ISO_14496_10",
}
"""Transfer syntaxes that lose, by name and defined term; JPEG 2000 may, and is taken to."""
_UNTOLD = "UNKNOWN"
_PREFIX = "LossyImageCompression"


def compression_of(recording: Dataset, path: Path | None) -> Dataset:
    """LossyImageCompression, and where it is "01" its ratio and method.

    What a recording does not tell is taken from its transfer syntax and, as an approximation, from its file's size.

    Args:
        recording: Attributes of a DICOM file; none of another recording.
        path: The file.
    """
    syntax = str(recording.file_meta.TransferSyntaxUID) if path is not None else ""
    if recording.get(_PREFIX) != "01" and syntax not in _METHODS:
        return item(LossyImageCompression="00")
    return item(
        LossyImageCompression="01",
        LossyImageCompressionRatio=recording.get(f"{_PREFIX}Ratio") or _ratio(recording, path),
        LossyImageCompressionMethod=recording.get(f"{_PREFIX}Method") or _METHODS.get(syntax, _UNTOLD),
    )


def _ratio(recording: Dataset, path: Path | None) -> str:
    sizes = [int(recording.get(name) or 1) for name in ("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel")]
    rows, columns, frames, samples = sizes
    held = path.stat().st_size if path is not None else 1
    pixels = rows * columns * frames * samples * int(recording.get("BitsAllocated") or 8) // 8
    return f"{max(1.0, pixels / held):.1f}"
