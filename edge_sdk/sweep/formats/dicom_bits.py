"""Which bits of an uncompressed DICOM pixel hold its value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning

RUN_LENGTH = "1.2.840.10008.1.2.5"
"""Transfer syntax whose pixels have the bits of uncompressed ones."""


def significant(frame: NDArray[Any], dataset: Any) -> NDArray[Any]:
    """The stored values of an uncompressed or run-length coded frame, without the bits beside HighBit's.

    pydicom 3.0 takes HighBit for BitsStored - 1, whatever it is.
    """
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    low = int(dataset.get("HighBit", stored - 1)) + 1 - stored
    if allocated == stored or allocated not in (8, 16, 32) or not 0 <= low <= allocated - stored:
        return frame
    signed = bool(dataset.get("PixelRepresentation", 0))
    # The top bits are shifted out to the left, those below the lowest one to the right, with the sign.
    kind = np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")
    whole = frame.astype(kind) << kind.type(allocated - stored - low)
    return np.asarray(whole >> kind.type(allocated - stored))


def unused_bits(dataset: Any) -> SweepWarning | None:
    """What to say where bits are set that the object says are not used; they are not looked at (PS3.5 8.1.1)."""
    from pydicom.pixels.utils import iter_pixels

    syntax, stored = dataset.file_meta.TransferSyntaxUID, int(dataset.BitsStored)
    if (syntax.is_encapsulated and syntax != RUN_LENGTH) or stored == int(dataset.BitsAllocated):
        return None
    frame = next(iter_pixels(dataset, indices=[0], raw=True, correct_unused_bits=False))
    low = int(dataset.get("HighBit", stored - 1)) + 1 - stored
    kept = significant(frame, dataset).astype(np.int64) << max(low, 0)
    if (kept == frame).all():
        return None
    return SweepWarning(
        f"its pixels have more bits than BitsStored ({stored}, up to bit {dataset.get('HighBit')}), which are left out",
        "they are an overlay, or BitsStored or HighBit is wrong",
        "compare the images with the scanner's screen",
    )
