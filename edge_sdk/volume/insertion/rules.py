"""How pixels become voxels: what a `Compounder` is told, checked, and in the terms of the kernels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.insertion import modes
from edge_sdk.volume.pixel_types import UINT8, checked_pixel_type
from edge_sdk.volume.settings import Compounding, Interpolation, Mean, PlusOptimization, keeps_sums

_MODES = {
    "mean": modes.MEAN,
    "maximum": modes.MAXIMUM,
    "latest": modes.LATEST,
    "importance": modes.IMPORTANCE,
}
_PLUS_BITS = 14
_FINE_BITS = 30


@dataclass(frozen=True)
class InsertionRules:
    """See `Compounder` for the attributes.

    Raises:
        GeometryError: The interpolation, compounding, mean or optimization is unknown, or the importance mask is absent
            or no gray image, or pixels of this type are not compounded.
    """

    interpolation: Interpolation = "linear"
    mode: Compounding = "mean"
    mean: Mean = "true"
    plus_optimization: PlusOptimization | None = None
    clip: ClipRegion = field(default_factory=ClipRegion)
    importance: NDArray[np.uint8] | None = None
    darkest: int = 0
    pixel_type: np.dtype[Any] = UINT8

    def __post_init__(self) -> None:
        choices: tuple[tuple[object, Any], ...] = (
            (self.interpolation, Interpolation), (self.mode, Compounding), (self.mean, Mean),
            (self.plus_optimization or "FULL", PlusOptimization),
        )  # fmt: skip
        for given, known in choices:
            if given not in get_args(known):
                choice = ", ".join(get_args(known))
                raise GeometryError(f"compounding does not know {given!r}", remedy=f"use one of {choice}")
        checked_pixel_type(self.pixel_type)
        most = np.inf if self.pixel_type.kind == "f" else np.iinfo(self.pixel_type).max
        if not 0 <= self.darkest <= most:
            raise GeometryError(
                f"pixels below {self.darkest} are to be left out, and gray levels end at {most}",
                remedy=f"give a PixelRejectionThreshold of 0 to {most}",
            )
        if self.mode == "importance" and self.importance is None:
            raise GeometryError(
                "compounding by importance lacks a mask", remedy="give --importance-mask or ImportanceMaskFilename"
            )
        if self.importance is not None and (self.importance.ndim != 2 or self.importance.dtype != np.uint8):
            raise GeometryError(
                f"the importance mask is {self.importance.dtype} of shape {self.importance.shape}",
                remedy="give a gray image of 8 bits with the size of the frames",
            )
        if self.mode == "importance" and self.importance is not None and not self.importance.any():
            raise GeometryError("the importance mask is 0 everywhere, so nothing would count", remedy="give another")

    @property
    def threshold(self) -> Any:
        """`darkest` in the type in which kernels compare it with pixels; 0 keeps pixels below 0 too."""
        if self.pixel_type.kind == "f":
            return np.float32(self.darkest or -np.inf)
        if self.pixel_type == UINT8:
            return np.uint64(self.darkest)
        return np.int64(self.darkest or np.iinfo(self.pixel_type).min)

    @property
    def linear(self) -> bool:
        """Whether a pixel is shared among eight voxels."""
        return self.interpolation == "linear"

    @property
    def summed(self) -> bool:
        """Whether sums are kept instead of gray levels."""
        return keeps_sums(self.mode, self.mean)

    @property
    def in_double(self) -> bool:
        """Whether positions follow PLUS's double precision."""
        return self.plus_optimization in ("PARTIAL", "NONE") and not self.summed

    @property
    def by_rows(self) -> bool:
        """Whether PLUS would step along rows, which leaves a pixel of margin at a fan's edge."""
        return self.plus_optimization != "NONE"

    @property
    def bits(self) -> int:
        """Fractional bits of positions."""
        return _PLUS_BITS if self.plus_optimization == "FULL" and not self.summed else _FINE_BITS

    @property
    def slack(self) -> int:
        """How far outside the grid, fixed point, a linear pixel may lie that belongs on its border; PLUS has none."""
        return 0 if self.bits == _PLUS_BITS else 1 << (self.bits - 10)

    @property
    def kernel_mode(self) -> tuple[int, ...]:
        """One of `modes`."""
        return _MODES[self.mode]
