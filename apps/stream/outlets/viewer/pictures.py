"""What is sent of a frame or a plane: a gray JPEG, the labels' outlines, and what the page needs to place them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import Board, SeenFrame
from apps.stream.outlets.viewer.outlines import Outline, outlines
from apps.stream.outlets.viewer.requests import Axis, Kind

_QUALITY = 82
_LONGEST = 960
"""Pixels of a frame's longer side as it is sent: more than any part of the page shows."""
_CUT_LONGEST = 320
"""Samples of the mask's cut along a frame's longer side, at most."""


@dataclass(frozen=True)
class FrameHeader:
    """What the page needs to draw a frame; the fields' names are the keys that it reads.

    Attributes:
        index: Number of the frame in the sweep.
        width: Columns of the frame, in pixels.
        height: Rows of the frame, in pixels.
        reason: Why the frame is not inserted into the volume; "" where it is.
        outlines: Outlines of the mask's cut by the frame, in pixels of the frame.
    """

    index: int
    width: int
    height: int
    reason: str
    outlines: list[Outline]


@dataclass(frozen=True)
class PlaneHeader:
    """What the page needs to draw a plane of the volume; the fields' names are the keys that it reads.

    Attributes:
        index: Index of the plane along its axis, in the volume's lattice.
        count: Number of planes that the volume has along the axis.
        first: Axis ("x", "y", "z") → index of the volume's first voxel, in its lattice.
        step_mm: Distance between two planes, in mm.
        follows: Whether the plane follows the probe.
        width: Columns of the plane, in voxels.
        height: Rows of the plane, in voxels.
        column_mm: Width of a voxel, in mm.
        row_mm: Height of a voxel, in mm.
        outlines: Outlines of the mask in the plane, in voxels.
    """

    index: int
    count: int
    first: dict[str, int]
    step_mm: float
    follows: bool
    width: int
    height: int
    column_mm: float
    row_mm: float
    outlines: list[Outline]


@dataclass(frozen=True)
class Picture:
    """One message with a picture.

    Attributes:
        kind: "frame", or the axis of a plane.
        moment: Seconds on the stream's clock, before the mask was read; names the picture when the page confirms it.
        header: What the page needs to draw it.
        jpeg: Gray levels, as the bytes of a JPEG file.
        shows_mask: Whether the mask was read for it, so that its display ends a latency.
    """

    kind: Kind
    moment: float
    header: FrameHeader | PlaneHeader
    jpeg: bytes
    shows_mask: bool

    def packed(self) -> bytes:
        """4 bytes (big-endian) length of the header, the header in JSON, the JPEG."""
        header = json.dumps({"kind": self.kind, "moment": self.moment, **asdict(self.header)}, allow_nan=False).encode()
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
    header = FrameHeader(
        index=seen.index,
        width=width,
        height=height,
        reason=seen.reason,
        outlines=[] if cut is None else [outline.scaled(step) for outline in outlines(cut)],
    )
    return Picture("frame", moment, header, _jpeg(seen.image), cut is not None)


def plane_picture(board: Board, axis: Axis, asked: int | None, *, overlay: bool) -> Picture | None:
    """A plane of the volume; None before there is one.

    Args:
        board: State of the stream that is shown.
        axis: Axis of the volume that the plane is perpendicular to.
        asked: Its index in the volume's lattice; None: where the probe is, or the middle before it was anywhere.
        overlay: Whether the header holds the labels' outlines.
    """
    moment = board.now()
    plane = board.slice(axis, asked)
    if plane is None:
        return None
    place, grid = "xyz".index(axis), plane.extent.grid
    rows, columns = plane.gray.shape
    header = PlaneHeader(
        index=plane.index,
        count=grid.shape[::-1][place],
        first=dict(zip("xyz", plane.extent.start[::-1], strict=True)),
        step_mm=grid.spacing[place],
        follows=asked is None,
        width=columns,
        height=rows,
        column_mm=plane.column_mm,
        row_mm=plane.row_mm,
        outlines=outlines(plane.labels) if overlay else [],
    )
    return Picture(axis, moment, header, _jpeg(plane.gray), overlay)


def _jpeg(gray: NDArray[np.uint8]) -> bytes:
    shrink = _LONGEST / max(gray.shape)
    if shrink < 1:
        gray = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(gray), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return bytes(data)
