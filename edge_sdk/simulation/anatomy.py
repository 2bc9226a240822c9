"""Random anatomies inside the region that a probe sweeps.

Coordinates are the phantom's: the nominal probe face moves along z through x = y = 0; y is depth, mm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge_sdk.errors import RecipeError
from edge_sdk.simulation.phantom import BACKGROUND, CYST, LESION, VESSEL, Material, Phantom, Structure
from edge_sdk.simulation.probe import Probe
from edge_sdk.simulation.shapes import Ellipsoid, Plate, Points, Shape, Spheres, covering
from edge_sdk.simulation.vessel import branching_vessel

BLOOD = Material(VESSEL, -18.0, 0.15)
WALL = Material(BACKGROUND, 4.0, 0.55)
FLUID = Material(CYST, -48.0, 0.02)
CALCIFICATION = Material(BACKGROUND, 24.0, 22.0)
LESION_ATTENUATION = 0.55

WALL_MM = 0.7
CYST_RADIUS_MM = (4.5, 8.0)
LESION_RADIUS_MM = (4.5, 7.0)
LESION_ECHO_DB = (7.0, 9.0)
PLATE_HALF_WIDTH_MM = (2.2, 3.6)
GAP_MM = 1.5
EDGE_MM = 2.0
VARIATION_DB = 1.2
_TRIES_PER_BODY = 300
_RESTARTS = 60


@dataclass(frozen=True)
class SweptRegion:
    """What a probe sees when it moves straight along z, centered on 0, for `length` mm."""

    probe: Probe
    length: float

    def margin(self, spheres: Spheres) -> float:
        """How far the spheres stay inside, mm; negative where one sticks out."""
        x, y, z = spheres.centers.T
        across, down = self.probe.beam_coordinates(x, y).T
        # For a curved array the width per unit of `across` grows with depth.
        width = self.probe.half_width * (1 + down / self.probe.radius if self.probe.radius else 1.0)
        gaps = np.stack([(1 - np.abs(across)) * width, down, self.probe.depth - down, self.length / 2 - np.abs(z)])
        return float((gaps.min(axis=0) - spheres.radii).min())


class _Placer:
    """Keeps count of what is taken, and draws random bodies until one fits."""

    def __init__(self, region: SweptRegion, generator: np.random.Generator) -> None:
        self.region, self.generator = region, generator
        self.taken: list[Spheres] = []

    def fits(self, spheres: Spheres, gap: float = GAP_MM) -> bool:
        return all(spheres.clearance(other) >= gap for other in self.taken)

    def place(self, body: list[Ellipsoid], low: Points, high: Points) -> tuple[Shape, ...] | None:
        """The body (drawn around 0) at a random place between the corners, inside and clear of the rest.

        The size is drawn first, so that large bodies are as frequent as asked for though they fit less often.
        """
        at_zero = covering(body)
        for _ in range(_TRIES_PER_BODY):
            center = self.generator.uniform(low, high)
            cover = Spheres(at_zero.centers + center, at_zero.radii)
            if self.region.margin(cover) >= EDGE_MM and self.fits(cover):
                self.taken.append(cover)
                return tuple(replace(shape, center=shape.center + center) for shape in body)
        return None


def _random_axes(generator: np.random.Generator) -> Points:
    return np.asarray(cv2.Rodrigues(generator.uniform(-np.pi / 2, np.pi / 2, 3))[0])


def _cyst(generator: np.random.Generator) -> list[Ellipsoid]:
    """An ellipsoid around 0."""
    return [Ellipsoid(np.zeros(3), generator.uniform(*CYST_RADIUS_MM, 3), _random_axes(generator))]


def _lesion(generator: np.random.Generator) -> list[Ellipsoid]:
    """An ellipsoid around 0 with up to three lobes."""
    semi_axes = generator.uniform(*LESION_RADIUS_MM, 3)
    shapes = [Ellipsoid(np.zeros(3), semi_axes, _random_axes(generator))]
    for _ in range(generator.integers(0, 4)):
        toward = generator.standard_normal(3)
        toward /= np.linalg.norm(toward)
        shift = toward * semi_axes.min() * generator.uniform(0.6, 0.9)
        size = semi_axes.min() * generator.uniform(0.5, 0.75, 3)
        shapes.append(Ellipsoid(shift, size, _random_axes(generator)))
    return shapes


def _plate(generator: np.random.Generator, center: Points) -> list[Shape]:
    """A calcified plate facing the probe, a little tilted."""
    half = np.array([generator.uniform(*PLATE_HALF_WIDTH_MM), 0.6, generator.uniform(*PLATE_HALF_WIDTH_MM)])
    return [Plate(center, half, np.asarray(cv2.Rodrigues(np.deg2rad(generator.uniform(-15, 15, 3)))[0]))]


def _shadow(probe: Probe, plate: Shape) -> Spheres:
    """Spheres over the shadow behind a plate."""
    cover = plate.spheres()
    center, radius = cover.centers[0], float(cover.radii[0])
    apex = np.array([0.0, -probe.radius, center[2]]) if probe.radius else center - [0.0, 1.0, 0.0]
    beam = (center - apex) / np.linalg.norm(center - apex)
    steps = np.arange(0.0, probe.depth - center[1], radius)
    return Spheres(center + steps[:, None] * beam, np.full(len(steps), radius))


def _material(label: int, generator: np.random.Generator) -> Material:
    if label == CYST:
        return FLUID
    return Material(LESION, float(generator.uniform(*LESION_ECHO_DB)), LESION_ATTENUATION)


def _fill(placer: _Placer, bodies: list[int]) -> list[Structure] | None:
    """Cysts and lesions at random places, or None when one found no room."""
    probe, length = placer.region.probe, placer.region.length
    high = np.array([probe.reach, probe.depth, length / 2])
    low = np.array([-probe.reach, 0.0, -length / 2])
    structures = []
    for label in bodies:
        body = _cyst(placer.generator) if label == CYST else _lesion(placer.generator)
        shapes = placer.place(body, low, high)
        if shapes is None:
            return None
        structures.append(Structure(_material(label, placer.generator), shapes))
    return structures


def _reflector(placer: _Placer) -> list[Structure] | None:
    """A plate to a side, whose shadow is kept free too."""
    probe, length = placer.region.probe, placer.region.length
    for _ in range(_TRIES_PER_BODY):
        side = placer.generator.choice([-1.0, 1.0])
        center = np.array(
            [
                side * placer.generator.uniform(0.3, 0.85) * probe.reach,
                placer.generator.uniform(0.3, 0.75) * probe.depth,
                placer.generator.uniform(-0.38, 0.38) * length,
            ]
        )
        shapes = _plate(placer.generator, center)
        shadow = _shadow(probe, shapes[0])
        if placer.region.margin(covering(shapes)) >= EDGE_MM and placer.fits(shadow, gap=0.0):
            placer.taken.append(shadow)
            return [Structure(CALCIFICATION, tuple(shapes))]
    return None


def _vascular(placer: _Placer) -> list[Structure] | None:
    """A branching vessel, a calcified plate with its shadow, a cyst and a lesion."""
    probe, length = placer.region.probe, placer.region.length
    vessel = branching_vessel(placer.generator, depth=probe.depth, reach=probe.reach, length=length)
    placer.taken.append(covering(vessel.shapes(grow=WALL_MM)))
    reflector = _reflector(placer)
    bodies = _fill(placer, [CYST, LESION]) if reflector else None
    if not reflector or not bodies:
        return None
    wall = Structure(WALL, tuple(vessel.shapes(grow=WALL_MM)))
    return [*reflector, wall, Structure(BLOOD, tuple(vessel.shapes())), *bodies]


def _cysts(placer: _Placer) -> list[Structure] | None:
    """Two cysts and two lesions, no vessel and no shadow."""
    return _fill(placer, [CYST, LESION, CYST, LESION])


ANATOMIES: dict[str, Callable[[_Placer], list[Structure] | None]] = {"vascular": _vascular, "cysts": _cysts}


def random_phantom(anatomy: str, region: SweptRegion, origin: Points, seed: int) -> Phantom:
    """A phantom of the named anatomy, the same for the same seed.

    Args:
        anatomy: One of `ANATOMIES`.
        region: Where bodies may lie.
        origin: Of the phantom in the world frame, mm (3,).
        seed: Of the anatomy, its variation and its scatterers.

    Raises:
        RecipeError: There is no such anatomy, or the region is too small for it.
    """
    if anatomy not in ANATOMIES:
        raise RecipeError(f"there is no anatomy {anatomy!r}", remedy=f"choose one of {', '.join(ANATOMIES)}")
    generator = np.random.default_rng([seed, 1])
    for _ in range(_RESTARTS):
        structures = ANATOMIES[anatomy](_Placer(region, generator))
        if structures:
            return Phantom(tuple(structures), origin, VARIATION_DB, seed)
    raise RecipeError(f"the bodies of anatomy {anatomy!r} do not fit into the swept region")
