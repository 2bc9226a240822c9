"""What is sent of a frame or a plane: a gray JPEG, the labels' outlines, and what the page needs to place them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import Board, SeenFrame
from apps.stream.outlets.viewer.outlines import outlines
from apps.stream.outlets.viewer.requests import Axis, Kind

_QUALITY = 82
_LONGEST = 960
"""Pixels of a frame's longer side as it is sent: more than any part of the page shows."""
_CUT_LONGEST = 320
"""Samples of the mask's cut along a frame's longer side, at most."""


@dataclass(frozen=True)
class Picture:
    """One message with a picture.

    Attributes:
        kind: "frame", or the axis of a plane.
        moment: On the stream's clock, before the mask was read; names the picture when the page confirms it.
        header: What the page needs to draw it.
        jpeg: Gray levels.
        shows_mask: Whether the mask was read for it, so that its display ends a latency.
    """

    kind: Kind
    moment: float
    header: dict[str, Any]
    jpeg: bytes
    shows_mask: bool

    def packed(self) -> bytes:
        """4 bytes (big-endian) length of the header, the header in JSON, the JPEG."""
        header = json.dumps({"kind": self.kind, "moment": self.moment, **self.header}, allow_nan=False).encode()
        return len(header).to_bytes(4, "big") + header + self.jpeg

    def same_as(self, other: Picture | None) -> bool:
        """Whether a page that shows `other` shows this one already."""
        return other is not None and (self.header, self.jpeg) == (other.header, other.jpeg)


def frame_picture(board: Board, seen: SeenFrame, *, overlay: bool) -> Picture:
    """The newest frame with the mask's cut; outlines are in pixels of the frame."""
    moment = board.now()
    height, width = seen.image.shape
    step = max(1, -(-max(height, width) // _CUT_LONGEST))
    cut = board.labels_on(seen, step) if overlay else None
    header = {
        "index": seen.index,
        "width": width,
        "height": height,
        "reason": seen.reason,
        "outlines": [] if cut is None else _scaled(outlines(cut), step),
    }
    return Picture("frame", moment, header, _jpeg(seen.image), cut is not None)


def plane_picture(board: Board, axis: Axis, asked: int | None, *, overlay: bool) -> Picture | None:
    """A plane of the growing volume; None before there is one.

    Args:
        board: Of the stream.
        axis: Across which the plane lies.
        asked: Its index; None: where the probe is, or the middle before it was anywhere.
        overlay: With the labels' outlines.
    """
    grid = board.grid()
    if grid is None:
        return None
    place = "xyz".index(axis)
    count = grid.shape[::-1][place]
    probe = board.probe()
    index = asked if asked is not None else count // 2 if probe is None else round(probe[place])
    index = min(max(index, 0), count - 1)
    moment = board.now()
    plane = board.slice(axis, index)
    if plane is None:
        return None
    rows, columns = plane.gray.shape
    header = {
        "index": index,
        "count": count,
        "step_mm": grid.spacing[place],
        "follows": asked is None,
        "width": columns,
        "height": rows,
        "column_mm": plane.column_mm,
        "row_mm": plane.row_mm,
        "outlines": outlines(plane.labels) if overlay else [],
    }
    return Picture(axis, moment, header, _jpeg(plane.gray), overlay)


def _scaled(found: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    return [{**one, "rings": [[value * step for value in ring] for ring in one["rings"]]} for one in found]


def _jpeg(gray: NDArray[np.uint8]) -> bytes:
    shrink = _LONGEST / max(gray.shape)
    if shrink < 1:
        gray = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(gray), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return bytes(data)
