"""Freehand motion: a sweep along elevation with slow wobble, and a tracker that reports it with jitter."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Matrices = NDArray[np.float64]

SWEEP_LENGTH_MM = 54.0
# Root mean square of the hand's wobble: lateral, depth (mm), and about x, y, z (degrees).
WOBBLE_SHIFT_MM = (1.0, 0.4)
WOBBLE_ANGLE_DEG = (1.3, 1.3, 1.3)
# Cycles of wobble over a whole sweep, slowest and fastest.
WOBBLE_CYCLES = (0.4, 1.6)
SPEED_VARIATION = 0.12
JITTER_MM = 0.05
JITTER_DEG = 0.05
_HARMONICS = 3

# Calibration of the tracked probe: rotation (radians) and shift (mm) of the marker against the face.
_FACE_TO_PROBE_ROTATION = (1.15, -0.95, 1.30)
_FACE_TO_PROBE_SHIFT = (15.4, 49.6, -8.6)


@dataclass(frozen=True)
class FreehandMotion:
    """Poses of a sweep, each (N, 4, 4), mm.

    Attributes:
        face_to_world: True poses of the probe's face in the Reference frame, as imaged.
        probe_to_tracker: As the tracker reports them, with jitter.
        reference_to_tracker: As the tracker reports them; the patient moves a little during the sweep.
    """

    face_to_world: Matrices
    probe_to_tracker: Matrices
    reference_to_tracker: Matrices


def rigid(rotation_vector: NDArray[np.float64], shift: NDArray[np.float64]) -> Matrices:
    """4×4 from a rotation vector (radians) and a translation (mm)."""
    matrix = np.eye(4)
    matrix[:3, :3] = cv2.Rodrigues(np.asarray(rotation_vector, float))[0]
    matrix[:3, 3] = shift
    return matrix


def face_to_probe() -> Matrices:
    """4×4, the probe's fixed calibration."""
    return rigid(np.array(_FACE_TO_PROBE_ROTATION), np.array(_FACE_TO_PROBE_SHIFT))


def freehand(frames: int, origin: NDArray[np.float64], generator: np.random.Generator) -> FreehandMotion:
    """A sweep of `SWEEP_LENGTH_MM` along z, centered on `origin` (world, mm), in `frames` frames."""
    progress = np.linspace(0.0, 1.0, frames)
    phase = generator.uniform(0, 2 * np.pi)
    uneven = SPEED_VARIATION * (np.sin(2 * np.pi * progress + phase) - np.sin(phase)) / (2 * np.pi)
    z = SWEEP_LENGTH_MM * (progress + uneven - 0.5)
    x, y = (rms * _wobble(progress, generator) for rms in WOBBLE_SHIFT_MM)
    angles = np.stack([np.deg2rad(rms) * _wobble(progress, generator) for rms in WOBBLE_ANGLE_DEG], axis=1)
    face_to_world = np.stack([rigid(a, origin + s) for a, s in zip(angles, np.stack([x, y, z], axis=1), strict=True)])

    direction = generator.standard_normal(3)
    tracker_pose = rigid(
        direction / np.linalg.norm(direction) * generator.uniform(0.6, 2.4),
        np.array([60.0, -90.0, -1100.0]) + generator.uniform(-80, 80, 3),
    )
    breath = np.stack([1.5 * _wobble(progress, generator) for _ in range(3)], axis=1)
    reference_to_tracker = np.stack([tracker_pose @ rigid(np.deg2rad(b) * 0.2, b) for b in breath])
    to_face = np.linalg.inv(face_to_probe())
    jitter = np.stack([_jitter(generator) for _ in range(frames)])
    return FreehandMotion(face_to_world, reference_to_tracker @ face_to_world @ to_face @ jitter, reference_to_tracker)


def _wobble(progress: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Sum of slow sinusoids, expected root mean square 1."""
    cycles = generator.uniform(*WOBBLE_CYCLES, _HARMONICS)
    phases = generator.uniform(0, 2 * np.pi, _HARMONICS)
    waves = np.sin(2 * np.pi * np.outer(progress, cycles) + phases)
    return np.asarray(waves.sum(axis=1) * np.sqrt(2.0 / _HARMONICS))


def _jitter(generator: np.random.Generator) -> Matrices:
    return rigid(np.deg2rad(JITTER_DEG) * generator.standard_normal(3), JITTER_MM * generator.standard_normal(3))
