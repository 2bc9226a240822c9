"""Where the labels of a picture end, as polygons: the page draws them crisp at any size of screen."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_FINER = 2
"""Contours are followed on a grid so many times finer, whose corners are rounded by linear interpolation."""
_TOLERANCE = 0.6
"""Pixels of the finer grid by which a polygon may miss the contour."""


def outlines(labels: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Polygons around each label; filled by the even-odd rule they cover the label with its holes left out.

    Args:
        labels: (rows, columns), 0 is the background.

    Returns:
        Per label {"label", "rings"}: each ring is flat, x, y, x, y …, in units of pixels with the center of the first
        pixel at 0, 0.
    """
    found = []
    for label in np.flatnonzero(np.bincount(labels.ravel(), minlength=2)):
        if label > 0 and (rings := _rings(labels == label)):
            found.append({"label": int(label), "rings": rings})
    return found


def _rings(inside: NDArray[np.bool_]) -> list[list[float]]:
    columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    left, top = int(columns[0]), int(rows[0])
    part = np.pad(inside[top : rows[-1] + 1, left : columns[-1] + 1].astype(np.uint8) * 255, 1)
    size = part.shape[1] * _FINER, part.shape[0] * _FINER
    finer = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    contours, _ = cv2.findContours((finer >= 128).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = []
    for contour in contours:
        ring = cv2.approxPolyDP(contour, _TOLERANCE, True)[:, 0]
        if len(ring) >= 3:
            points = (ring + 0.5) / _FINER - 0.5 - 1 + (left, top)
            rings.append([round(float(value), 2) for value in points.ravel()])
    return rings
