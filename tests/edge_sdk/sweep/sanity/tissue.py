"""A sweep through known content: random waves in space, sampled at every pixel without a scanner in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge_sdk.sweep.poses import FramePoses, image_to_world
from edge_sdk.sweep.sanity import SweepWarning, check_sweep
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform

SHAPE = (96, 112)
PIXEL_MM = 0.4
FRAMES = 48


def rigid(x: float, y: float, z: float, about_x: float = 0.0, about_y: float = 0.0, about_z: float = 0.0) -> Any:
    """4×4 from a translation (mm) and angles (degrees)."""
    matrix = np.eye(4)
    for axis, angle in enumerate(np.radians((about_x, about_y, about_z))):
        turn, (one, two) = np.eye(4), [other for other in range(3) if other != axis]
        turn[one, one] = turn[two, two] = np.cos(angle)
        turn[one, two], turn[two, one] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    matrix[:3, 3] = x, y, z
    return matrix


IMAGE_TO_PROBE = rigid(12.0, 45.0, -7.0, 20.0, -35.0, 50.0) @ np.diag([PIXEL_MM, PIXEL_MM, PIXEL_MM, 1.0])
TRACKER = rigid(80.0, -150.0, -900.0, 40.0, 25.0, -60.0)


@dataclass(frozen=True)
class Case:
    """A sweep and its calibration."""

    sweep: Sweep
    image_to_probe: Any

    def poses(self) -> FramePoses:
        return image_to_world(self.sweep, config=self.config)

    @property
    def config(self) -> dict[str, Any]:
        return {"ImageToProbe": self.image_to_probe}

    def warnings(self) -> list[SweepWarning]:
        return check_sweep(self.sweep, self.poses(), config=self.config)

    def tracked(self, **matrices: Any) -> Case:
        """With other tracked matrices."""
        new = {name: TrackedTransform(stack, (OK,) * len(stack)) for name, stack in matrices.items()}
        return Case(replace(self.sweep, transforms={**self.sweep.transforms, **new}), self.image_to_probe)

    def matrices(self, name: str) -> Any:
        return self.sweep.transforms[name].matrices

    def inverted(self, *names: str) -> Case:
        """With transforms stored in the other direction."""
        return self.tracked(**{name: np.linalg.inv(self.matrices(name)) for name in names})

    def translated(self, factor: float) -> Case:
        """With tracked translations in another unit."""
        scale = np.ones((4, 4))
        scale[:3, 3] = factor
        return self.tracked(**{name: self.matrices(name) * scale for name in self.sweep.transforms})

    def flipped(self, *axes: int) -> Case:
        """With images flipped along their y (0) or x (1) axis."""
        return replace(self, sweep=replace(self.sweep, images=np.flip(self.sweep.images, [a + 1 for a in axes])))

    def calibrated(self, image_to_probe: Any) -> Case:
        return replace(self, image_to_probe=image_to_probe)


def sweep_through_tissue(*, in_plane_mm: float = 5.0, elevation_mm: float = 6.0, seed: int = 0) -> Case:
    """A slow sweep that wanders within the image's plane while it moves across it.

    Args:
        in_plane_mm: How far the probe wanders within the plane, each way.
        elevation_mm: How far it goes across the plane.
        seed: Of the content.
    """
    time = np.linspace(0.0, 1.0, FRAMES)
    across = in_plane_mm * np.sin(2 * np.pi * 1.3 * time), in_plane_mm * np.sin(2 * np.pi * 0.9 * time + 1.0)
    center = rigid(*(-PIXEL_MM * (size - 1) / 2 for size in SHAPE[::-1]), 0.0)
    pixels = center @ np.diag([PIXEL_MM, PIXEL_MM, PIXEL_MM, 1.0])
    tilt = in_plane_mm * 0.8 * np.sin(2 * np.pi * time)
    faces = np.stack(
        [
            rigid(20 + x, 30 + y, 40 + elevation_mm * t, 0.2 * angle, 0.2 * angle, angle)
            for t, x, y, angle in zip(time, *across, tilt, strict=True)
        ]
    )
    images = np.stack([_image(face @ pixels, seed) for face in faces])
    reference = np.stack([TRACKER @ rigid(3 * t, 2 * t * t, -2 * t, 2 * t, -t, 3 * t) for t in time])
    probe = reference @ faces @ pixels @ np.linalg.inv(IMAGE_TO_PROBE)
    tracked = {
        name: TrackedTransform(stack, (OK,) * FRAMES)
        for name, stack in (("ProbeToTracker", probe), ("ReferenceToTracker", reference))
    }
    return Case(Sweep(images, time * 3.0, tracked, (OK,) * FRAMES), IMAGE_TO_PROBE)


def _image(image_to_world: Any, seed: int) -> Any:
    """Random waves of 4 to 14 mm at every pixel, as gray levels (H, W)."""
    generator = np.random.default_rng(seed)
    count = 40
    directions = generator.standard_normal((count, 3))
    waves = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    waves *= 2 * np.pi / generator.uniform(4.0, 14.0, (count, 1))
    phases = generator.uniform(0, 2 * np.pi, count)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    matrix = image_to_world
    points = columns[..., None] * matrix[:3, 0] + rows[..., None] * matrix[:3, 1] + matrix[:3, 3]
    levels = np.cos(points @ waves.T + phases).sum(-1)
    return np.clip(np.rint(128 + 12 * levels), 0, 255).astype(np.uint8)
