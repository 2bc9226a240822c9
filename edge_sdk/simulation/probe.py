"""Probes: where beams run, and how beams become a Cartesian image.

The face frame has its origin at the middle of the probe's surface: x lateral, y depth (away from the probe),
z elevation, mm. Images are in MF orientation, pixel (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import RecipeError

PIXEL_MM = 0.27
BEAM_STEP_MM = 0.20


@dataclass(frozen=True)
class Probe:
    """A one-dimensional array.

    Attributes:
        name: "convex" or "linear".
        radius: Radius of curvature of the surface, mm; 0 for a flat one.
        half_angle: Of the fan, radians; 0 for a flat array.
        half_width: Of the surface, mm (along the surface for a curved one).
        depth: Imaged along each beam, mm.
        beams: Number of scan lines.
        pixel: Image pixel, mm.
    """

    name: str
    radius: float
    half_angle: float
    half_width: float
    depth: float
    beams: int
    pixel: float = PIXEL_MM

    @property
    def samples(self) -> int:
        """Samples along a beam, `BEAM_STEP_MM` apart."""
        return round(self.depth / BEAM_STEP_MM) + 1

    @property
    def top(self) -> float:
        """Depth of the image's upper edge, mm: the ends of a convex surface lie behind its middle."""
        return float(self.radius * (np.cos(self.half_angle) - 1.0))

    @property
    def reach(self) -> float:
        """Largest lateral distance seen, mm."""
        return float((self.radius + self.depth) * np.sin(self.half_angle)) if self.radius else self.half_width

    @property
    def image_shape(self) -> tuple[int, int]:
        """Pixels, (H, W)."""
        return (
            int(np.ceil((self.depth - self.top) / self.pixel)) + 1,
            2 * int(np.ceil(self.reach / self.pixel)) + 1,
        )

    @property
    def image_to_face(self) -> NDArray[np.float64]:
        """4×4 from pixels to mm in the face frame; carries the pixel size."""
        matrix = np.diag([self.pixel, self.pixel, self.pixel, 1.0])
        matrix[0, 3] = -self.pixel * (self.image_shape[1] - 1) / 2
        matrix[1, 3] = self.top
        return matrix

    def beam_rays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Starting points and unit directions of the beams in the face frame, each (beams, 3)."""
        across = np.linspace(-1.0, 1.0, self.beams)
        starts, directions = np.zeros((self.beams, 3)), np.zeros((self.beams, 3))
        if self.radius:
            angle = across * self.half_angle
            directions[:, 0], directions[:, 1] = np.sin(angle), np.cos(angle)
            starts[:] = self.radius * directions - [0.0, self.radius, 0.0]
        else:
            starts[:, 0] = across * self.half_width
            directions[:, 1] = 1.0
        return starts, directions

    def beam_coordinates(self, lateral: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2): position across the array, -1 … 1 inside, and depth along the beam, mm."""
        if not self.radius:
            return np.stack([lateral / self.half_width, depth], axis=-1)
        below = depth + self.radius
        return np.stack([np.arctan2(lateral, below) / self.half_angle, np.hypot(lateral, below) - self.radius], axis=-1)

    def pixel_lookup(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Per pixel (H, W), for scan conversion: sample and beam number, and whether a beam reaches it."""
        rows, columns = self.image_shape
        lateral = np.arange(columns) * self.pixel + self.image_to_face[0, 3]
        depth = np.arange(rows) * self.pixel + self.top
        where = self.beam_coordinates(*np.meshgrid(lateral, depth))
        seen = (np.abs(where[..., 0]) <= 1) & (where[..., 1] >= 0) & (where[..., 1] <= self.depth)
        beam = (where[..., 0] + 1) / 2 * (self.beams - 1)
        return (where[..., 1] / BEAM_STEP_MM).astype(np.float32), beam.astype(np.float32), seen


def _convex() -> Probe:
    radius, half_angle = 60.0, np.deg2rad(18.5)
    return Probe("convex", radius, half_angle, radius * half_angle, depth=52.0, beams=192)


def _linear() -> Probe:
    return Probe("linear", 0.0, 0.0, 31.0, depth=54.0, beams=192)


PROBES = {"convex": _convex, "linear": _linear}


def probe_named(name: str) -> Probe:
    """The probe of that name; RecipeError naming those that exist."""
    if name not in PROBES:
        raise RecipeError(f"there is no probe {name!r}", remedy=f"choose one of {', '.join(PROBES)}")
    return PROBES[name]()
