"""What a page may ask for: JSON text messages, checked before anything is done.

| type | fields | asks |
|---|---|---|
| `command` | name | start, pause, resume, finish, save or new |
| `view` | x, y, z, overlay | the planes to show (null follows the probe), and whether labels are wanted |
| `drawn` | kind, moment | nothing: this picture is on the screen, the next may come |
| `calibrate` | first, second, distance_mm | the size of a pixel from two pixels (x, y) and their distance |
| `crop` | origin, size | to take only these pixels (x, y) |
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from apps.stream.core.board import Command
from edge_sdk.errors import StreamError

Axis = Literal["x", "y", "z"]
AXES: tuple[Axis, ...] = ("x", "y", "z")
Kind = Literal["frame", "x", "y", "z"]
MOST_BYTES = 64 * 1024
_FURTHEST = 1_000_000
"""Of a pixel or voxel index: far beyond any frame, and small enough for any integer type behind it."""
_Index = Annotated[int, Field(ge=0, le=_FURTHEST)]
_Plane = Annotated[int, Field(ge=-_FURTHEST, le=_FURTHEST)]
_Place = Annotated[float, Field(ge=-_FURTHEST, le=_FURTHEST)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class CommandRequest(_Request):
    """One of the big buttons."""

    type: Literal["command"]
    name: Command


class ViewRequest(_Request):
    """What one page shows; planes by their index in the volume's lattice, which may fall below 0."""

    type: Literal["view"] = "view"
    x: _Plane | None = None
    y: _Plane | None = None
    z: _Plane | None = None
    overlay: bool = True

    def at(self, axis: Axis) -> int | None:
        """Index of the plane across an axis."""
        return {"x": self.x, "y": self.y, "z": self.z}[axis]


class DrawnRequest(_Request):
    """A picture is on the screen."""

    type: Literal["drawn"]
    kind: Kind
    moment: float


class CalibrateRequest(_Request):
    """Two pixels and their distance."""

    type: Literal["calibrate"]
    first: Annotated[list[_Place], Field(min_length=2, max_length=2)]
    second: Annotated[list[_Place], Field(min_length=2, max_length=2)]
    distance_mm: Annotated[float, Field(gt=0, le=1000)]


class CropRequest(_Request):
    """A rectangle of the frame."""

    type: Literal["crop"]
    origin: Annotated[list[_Index], Field(min_length=2, max_length=2)]
    size: Annotated[list[Annotated[int, Field(ge=1, le=_FURTHEST)]], Field(min_length=2, max_length=2)]


Request = CommandRequest | ViewRequest | DrawnRequest | CalibrateRequest | CropRequest
_ADAPTER: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])


def parse_request(text: str) -> Request:
    """Understand a message of a page.

    Raises:
        StreamError: It is not JSON, of an unknown type, or holds an impossible value.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StreamError(
            f"the request cannot be understood{f' at {place}' if place else ''}: {first['msg']}",
            remedy="reload the page, it may be of another version",
        ) from error
