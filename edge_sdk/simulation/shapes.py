"""Solid shapes of the phantom: whether a point is inside, and spheres that cover the shape.

Points are (..., 3), x, y, z in mm. Inside-tests are exact, so labels can be had on any grid; the covering
spheres serve placement only (no overlap, inside the swept region).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Spheres:
    """Covering spheres: centers (N, 3) mm and radii (N,) mm."""

    centers: Points
    radii: Points

    def clearance(self, other: Spheres) -> float:
        """Smallest gap between the two sets, mm; negative where they overlap."""
        between = np.linalg.norm(self.centers[:, None] - other.centers[None], axis=-1)
        return float((between - self.radii[:, None] - other.radii[None]).min())


class Shape(Protocol):
    """A solid body."""

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """(...,) bool for points (..., 3)."""
        ...

    def spheres(self) -> Spheres:
        """Spheres that together cover the shape."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """Semi-axes (3,) mm along the columns of `axes` (3, 3)."""

    center: Points
    semi_axes: Points
    axes: Points

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Whether each point is inside."""
        scaled = (points - self.center) @ self.axes / self.semi_axes
        return np.asarray((scaled * scaled).sum(axis=-1) < 1.0)

    def spheres(self) -> Spheres:
        """The bounding sphere."""
        return Spheres(self.center[None], np.array([self.semi_axes.max()]))


@dataclass(frozen=True)
class Cone:
    """A round-ended piece of tube from `start` to `end`, radius changing linearly."""

    start: Points
    end: Points
    start_radius: float
    end_radius: float

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Whether each point is nearer to the axis than the radius there."""
        axis = self.end - self.start
        along = np.clip((points - self.start) @ axis / max(float(axis @ axis), 1e-12), 0.0, 1.0)
        away = points - self.start - along[..., None] * axis
        radius = self.start_radius + along * (self.end_radius - self.start_radius)
        return np.asarray((away * away).sum(axis=-1) < radius * radius)

    def spheres(self) -> Spheres:
        """Spheres at both ends (pieces are short against their radius)."""
        return Spheres(np.stack([self.start, self.end]), np.array([self.start_radius, self.end_radius]))


@dataclass(frozen=True)
class Plate:
    """A thin box; half sizes (3,) mm along the columns of `axes` (3, 3)."""

    center: Points
    half_sizes: Points
    axes: Points

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Whether each point is inside."""
        return np.asarray((np.abs((points - self.center) @ self.axes) < self.half_sizes).all(axis=-1))

    def spheres(self) -> Spheres:
        """The bounding sphere."""
        return Spheres(self.center[None], np.array([float(np.linalg.norm(self.half_sizes))]))


def tube(centerline: Points, radii: Points, *, grow: float = 0.0) -> list[Shape]:
    """A tube along a polyline (N, 3) with radii (N,), both mm; `grow` is added to every radius."""
    wide = radii + grow
    return [Cone(centerline[i], centerline[i + 1], float(wide[i]), float(wide[i + 1])) for i in range(len(wide) - 1)]


def covering(shapes: Sequence[Shape]) -> Spheres:
    """Covering spheres of several shapes together."""
    parts = [shape.spheres() for shape in shapes]
    return Spheres(np.concatenate([p.centers for p in parts]), np.concatenate([p.radii for p in parts]))
