"""Where the labels of a picture end, as polygons: the page draws them crisp at any size of screen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_FINER = 2
"""Contours are followed on a grid so many times finer, whose corners are rounded by linear interpolation."""
_TOLERANCE = 0.6
"""Pixels of the finer grid by which a polygon may miss the contour."""


@dataclass(frozen=True)
class Outline:
    """Polygons around one label.

    Attributes:
        label: Number of the class in the mask.
        rings: One flat list for each polygon, x, y, x, y …, in pixels; the center of the first pixel is (0, 0).
    """

    label: int
    rings: list[list[float]]

    def scaled(self, factor: int) -> Outline:
        """The outline with all coordinates multiplied by `factor`."""
        return Outline(self.label, [[value * factor for value in ring] for ring in self.rings])


def outlines(labels: NDArray[np.uint8]) -> list[Outline]:
    """Polygons around each label; filled by the even-odd rule they cover the label with its holes left out.

    Args:
        labels: (rows, columns), 0 is the background.

    Returns:
        One outline for each label that is there, in the order of the labels.
    """
    found = []
    for label in np.flatnonzero(np.bincount(labels.ravel(), minlength=2)):
        if label > 0 and (rings := _rings(labels == label)):
            found.append(Outline(int(label), rings))
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
