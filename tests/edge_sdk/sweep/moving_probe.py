"""Recordings of a probe that moves over something known, with a known lag between images and poses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from edge_sdk.sweep.sweep import Sweep, TrackedTransform

SIZE = (64, 80)
MM_PER_PIXEL = 0.4
TRACKER = Rotation.from_euler("xyz", (0.4, -0.8, 1.3)).as_matrix()
"""How the tracker stands to the probe's first pose."""

Path = Callable[[np.ndarray], np.ndarray]


def hand_motion(seed: int, reach_mm: float = 6.0) -> Path:
    """A path (N, 3) in mm over time as a hand makes it: slow waves of several frequencies below 1.5 Hz."""
    generator = np.random.default_rng(seed)
    frequencies = generator.uniform(0.2, 1.5, (5, 3))
    phases = generator.uniform(0, 2 * np.pi, (5, 3))
    sizes = generator.uniform(0.3, 1, (5, 3)) * reach_mm / 3

    def path(times: np.ndarray) -> np.ndarray:
        angles = 2 * np.pi * frequencies * np.asarray(times)[:, None, None] + phases
        return (sizes * np.sin(angles)).sum(1)

    return path


def along(direction: tuple[float, float, float], path: Path) -> Path:
    """The first coordinate of `path` along one direction."""
    unit = np.array(direction, float) / np.linalg.norm(direction)
    return lambda times: path(times)[:, :1] * unit


def stamps(rate: float, seconds: float, *, seed: int = 0, jitter: float = 0.0, start: float = 100.0) -> np.ndarray:
    """Times when things happen: `jitter` is the standard deviation of each, as a share of the period."""
    count = int(rate * seconds)
    noise = np.random.default_rng(seed).normal(0, jitter, count) if jitter else 0.0
    return np.sort(start + (np.arange(count) + noise) / rate)


def poses(path: Path, times: np.ndarray, *, lag: float, noise_mm: float = 0.0, seed: int = 0) -> Sweep:
    """A tracking-only recording whose stamps come `lag` after the images' of the same instant."""
    places = path(times) + np.random.default_rng(seed).normal(0, noise_mm, (len(times), 3))
    matrices = np.tile(np.eye(4), (len(times), 1, 1))
    matrices[:, :3, :3] = TRACKER
    matrices[:, :3, 3] = places @ TRACKER.T
    transform = TrackedTransform(matrices, ("OK",) * len(times))
    return Sweep(np.zeros((len(times), 0, 0), np.uint8), times + lag, {"ProbeToTracker": transform})


def video(images: np.ndarray, times: np.ndarray) -> Sweep:
    return Sweep(np.clip(images, 0, 255).astype(np.uint8), times, image_status=("OK",) * len(times))


def speckle_video(path: Path, times: np.ndarray, *, noise: float = 4.0, seed: int = 0) -> Sweep:
    """Images of a block of speckle, 5 mm thick as the beam resolves it, cut where the probe is."""
    generator = np.random.default_rng(seed)
    places = path(times) / MM_PER_PIXEL
    low, high = np.floor(places.min(0)) - 2, np.ceil(places.max(0)) + 3
    shape = (int(high[2] - low[2]), SIZE[0] + int(high[1] - low[1]), SIZE[1] + int(high[0] - low[0]))
    field = gaussian_filter(generator.normal(size=(2, *shape)).astype(np.float32), (0, 3, 1.2, 1.8))
    block = np.log1p(8 * np.hypot(*field) / field.std())
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(float)
    images = [
        map_coordinates(
            block, [np.full(SIZE, place[2] - low[2]), y + place[1] - low[1], x + place[0] - low[0]], order=1
        )
        for place in places
    ]
    brightness = 60 * np.array(images) + generator.normal(0, noise, (len(times), *SIZE))
    return video(brightness, times)


def line_video(path: Path, times: np.ndarray, *, slope: float = -0.2, noise: float = 4.0, seed: int = 0) -> Sweep:
    """Images of a bright line, as of the bottom of a water tank, below a probe that moves along y."""
    generator = np.random.default_rng(seed)
    depth = 32 - path(times)[:, 1] / MM_PER_PIXEL
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    away = y - depth[:, None, None] - slope * (x - SIZE[1] / 2)
    texture = generator.uniform(0.5, 1, (len(times), 1, SIZE[1]))
    return video(220 * texture * np.exp(-(away**2) / 4) + generator.normal(0, noise, away.shape), times)
