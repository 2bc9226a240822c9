"""The text messages that a page gets: numbers of the moment, the probe's path, and answers to what it asked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from apps.stream.core.board import ALLOWED, Board, Status
from edge_sdk.volume.label_colors import label_color

_MOST_PATH_POINTS = 400
_STATUS = TypeAdapter(Status)
"""Its JSON follows the declared types of the fields: a Counter becomes an object, as any other mapping does."""


def status_message(board: Board, status: Status) -> str:
    """All of `Status`, and the title, the classes with their colors, and the commands that the phase takes."""
    classes = [
        {"label": label, "name": name, "color": label_color(label), "ml": status.class_ml.get(name)}
        for label, name in sorted(board.labels.items())
        if label > 0
    ]
    numbers = _STATUS.dump_python(status, mode="json")
    for device in numbers["devices"]:
        device["word"] = device.pop("condition")  # the name that the page knows
    return _json(
        type="status",
        title=board.title,
        classes=classes,
        allowed=ALLOWED[status.phase],
        adjustable=status.phase == "ready",
        **numbers,
    )


def path_message(board: Board) -> str | None:
    """The probe's path inside the volume's box, both in mm along the grid's axes from its corner; None without."""
    grid = board.grid()
    if grid is None:
        return None
    path = board.path()
    path = path[:: max(1, -(-len(path) // _MOST_PATH_POINTS))]
    inside = (path - grid.origin) @ np.asarray(grid.direction)
    size = [count * step for count, step in zip(grid.shape[::-1], grid.spacing, strict=True)]
    return _json(type="path", size_mm=size, points=np.round(inside, 1).tolist())


def answer_message(text: str, *, ok: bool) -> str:
    """What came of a request, one line."""
    return _json(type="answer", ok=ok, text=text)


def refused_message(text: str) -> str:
    """Why this page is not served; the connection ends."""
    return _json(type="refused", text=text)


def _json(**content: Any) -> str:
    return json.dumps(content, allow_nan=False)
