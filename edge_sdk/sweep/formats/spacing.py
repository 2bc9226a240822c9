"""The size of pixels in sequence files.

PLUS calibrates pixels by ImageToProbe and writes a spacing of 1 whatever they are, so 1 means unknown; a field of our
own says that it is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PIXEL_SPACING = "PixelSpacing"


def known_spacing(own: str | None, spacing: Sequence[str] | Sequence[float]) -> tuple[float, float] | None:
    """mm per pixel (x, y), or None where the file does not say.

    Args:
        own: The text of our own field, where the file has it.
        spacing: The format's two values for x and y, where it has them.
    """
    for values in ([] if own is None else own.split(), spacing):
        try:
            x, y = (float(value) for value in values)
        except ValueError:
            continue
        if np.isfinite([x, y]).all() and min(x, y) > 0 and (values is not spacing or (x, y) != (1, 1)):
            return x, y
    return None


def spacing_text(spacing: tuple[float, float]) -> str:
    """mm (x, y) as text that reads back as the same numbers."""
    return " ".join(repr(float(value)) for value in spacing)
