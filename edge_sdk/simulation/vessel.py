"""A vessel that branches: a smooth trunk and two daughters whose radii obey Murray's law (1926)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge_sdk.simulation.shapes import Points, Shape, tube

TRUNK_RADIUS_MM = (3.4, 4.2)
# Share of the trunk's flow that the first daughter takes; Murray: flow goes with the cube of the radius.
FLOW_SHARE = (0.4, 0.6)
BRANCH_ANGLE_DEG = (18.0, 35.0)
# Odds that the trunk runs across the image and not along the sweep.
ACROSS_ODDS = 0.3
_STEP_MM = 1.0
_CURVATURE_DEG_PER_MM = 0.7


@dataclass(frozen=True)
class Vessel:
    """Centerlines (N, 3) mm with a radius (N,) mm at each point: the trunk, then the daughters."""

    centerlines: tuple[Points, ...]
    radii: tuple[Points, ...]

    def shapes(self, *, grow: float = 0.0) -> list[Shape]:
        """The lumen, or with `grow` (mm) lumen and wall."""
        return [
            shape
            for line, radius in zip(self.centerlines, self.radii, strict=True)
            for shape in tube(line, radius, grow=grow)
        ]


def branching_vessel(generator: np.random.Generator, *, depth: float, reach: float, length: float) -> Vessel:
    """A random vessel that branches near the middle of a region of `depth`, ±`reach`, ±`length`/2 (mm)."""
    fork = np.array(
        [
            generator.uniform(-0.2, 0.2) * reach,
            generator.uniform(0.35, 0.6) * depth,
            generator.uniform(-0.2, 0.2) * length,
        ]
    )
    azimuth = np.deg2rad(generator.uniform(-30, 30)) + (np.pi / 2 if generator.random() < ACROSS_ODDS else 0.0)
    tilt = np.deg2rad(generator.uniform(-10, 10))
    forward = np.array([np.sin(azimuth) * np.cos(tilt), np.sin(tilt), np.cos(azimuth) * np.cos(tilt)])
    forward *= generator.choice([-1.0, 1.0])
    radius = generator.uniform(*TRUNK_RADIUS_MM)
    share = generator.uniform(*FLOW_SHARE)

    # The plane of the fork: any, about the trunk's axis.
    normal = np.cross(forward, generator.standard_normal(3))
    normal /= np.linalg.norm(normal)
    far = 0.5 * length + reach
    lines, radii = [], []
    for turn, flow in ((180.0, 1.0), (_angle(generator), share), (-_angle(generator), 1.0 - share)):
        start = _rotate(forward, normal, turn)
        line = _curve(generator, fork, start, far)
        lines.append(line)
        grown = radius * flow ** (1 / 3)
        # Daughters start as wide as the trunk lets them, and reach their own radius within a trunk's width.
        away = np.linalg.norm(line - fork, axis=1)
        blend = np.clip(away / (2 * radius), 0, 1)
        radii.append(grown + (radius * 0.95 - grown) * (1 - blend))
    return Vessel(tuple(lines), tuple(radii))


def _angle(generator: np.random.Generator) -> float:
    return float(generator.uniform(*BRANCH_ANGLE_DEG))


def _rotate(vector: Points, axis: Points, degrees: float) -> Points:
    return np.asarray(cv2.Rodrigues(axis * np.deg2rad(degrees))[0] @ vector)


def _curve(generator: np.random.Generator, start: Points, direction: Points, length: float) -> Points:
    """A line whose direction drifts smoothly."""
    bend_axis = np.cross(direction, generator.standard_normal(3))
    bend_axis /= np.linalg.norm(bend_axis)
    phase = generator.uniform(0, 2 * np.pi)
    points, heading = [start], direction
    for step in np.arange(0.0, length, _STEP_MM):
        bend = _CURVATURE_DEG_PER_MM * _STEP_MM * np.sin(2 * np.pi * step / 50.0 + phase)
        heading = _rotate(heading, bend_axis, bend)
        points.append(points[-1] + _STEP_MM * heading)
    return np.array(points)
