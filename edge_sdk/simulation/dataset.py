"""Labeled volumes for training and evaluation, made from simulated sweeps."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.simulation.simulate import Simulation, labels_on, simulate
from edge_sdk.sweep.plus_config import PlusConfig, read_plus_config
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.reconstruct import effective_settings, reconstruct

PROBE_ODDS = {"convex": 0.6, "linear": 0.4}
ANATOMY_ODDS = {"vascular": 0.85, "cysts": 0.15}
FRAMES = (100, 150)
FRAME_RATES = (20.0, 25.0, 30.0)
GAIN_DB = (-4.0, 4.0)
DYNAMIC_RANGE_DB = (52.0, 64.0)
# Odds that the volume is made without the configuration's clip region, as users without one do.
UNCLIPPED_ODDS = 0.2


def random_case(seed: int, spacing: float) -> tuple[Volume, Volume]:
    """One case of random probe, anatomy, motion and machine settings.

    The volume is `reconstruct`'s own (linear, mean, no hole filling), so a network meets in training what it will
    meet in use. Voxels that no beam reached are labeled background: a network cannot know them.

    Args:
        seed: Of everything random.
        spacing: mm per voxel.

    Returns:
        Intensities and labels, both (D, H, W) uint8, on the same grid.
    """
    generator = np.random.default_rng([seed, 3])
    simulation = simulate(
        seed=seed,
        probe=_choice(generator, PROBE_ODDS),
        anatomy=_choice(generator, ANATOMY_ODDS),
        frames=int(generator.integers(*FRAMES)),
        frame_rate=float(generator.choice(FRAME_RATES)),
        gain_db=float(generator.uniform(*GAIN_DB)),
        dynamic_range_db=float(generator.uniform(*DYNAMIC_RANGE_DB)),
    )
    config = plus_config(simulation)
    settings = replace(effective_settings(config), spacing=(spacing,) * 3)
    clip = settings.clip
    if generator.random() < UNCLIPPED_ODDS:
        settings = replace(settings, clip=None)
    volume = reconstruct(simulation.sweep, config=config, settings=settings)
    labels = labels_on(simulation, volume.grid)
    return volume, visible_labels(labels, reached(simulation, volume.grid, clip))


def plus_config(simulation: Simulation) -> PlusConfig:
    """The simulation's PLUS configuration as `read_plus_config` understands it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simulation.xml"
        path.write_text(simulation.plus_config_xml, encoding="utf-8")
        return read_plus_config(path)


def reached(simulation: Simulation, grid: Grid, clip: ClipRegion | None) -> NDArray[np.bool_]:
    """Which voxels of a grid receive a pixel inside the clip region, (D, H, W)."""
    compounder = Compounder(grid, clip=clip)
    for image, pose in zip(simulation.sweep.images, image_to_world(simulation.sweep).matrices, strict=True):
        compounder.insert(image, pose)
    return compounder.hit()


def visible_labels(labels: Volume, hit: NDArray[np.bool_]) -> Volume:
    """Labels with background wherever no frame reached (`hit`, (D, H, W), is false)."""
    return labels.with_voxels(np.where(hit, labels.voxels, 0).astype(labels.voxels.dtype))


def _choice(generator: np.random.Generator, odds: dict[str, float]) -> str:
    return str(generator.choice(list(odds), p=list(odds.values())))
