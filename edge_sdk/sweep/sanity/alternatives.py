"""The poses that a sweep would have had, had one usual mistake not been made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.sweep import OK, Sweep
from edge_sdk.sweep.transforms import TransformGraph, carries_pixels, split_name
from edge_sdk.sweep.warning import SweepWarning

Kind = Literal["direction", "unit", "mirror"]
_FURTHEST_MM = 5000.0
"""No tracker sees further."""
_CLOSEST_MM, _SHORTEST_MM = 5.0, 1.0
_UNITS = {"centimeters": 10.0, "meters": 1000.0}


@dataclass(frozen=True)
class Alternative:
    """Poses as they would be without a mistake.

    Attributes:
        kind: Of the mistake.
        cause: Description of the mistake.
        remedy: How to undo it.
        matrices: (N, 4, 4) pixel to mm, of the usable frames.
        axes: Image axes (0 x, 1 y) that tell it from the given poses; empty for all.
        names: Transforms that are changed.
    """

    kind: Kind
    cause: str
    remedy: str
    matrices: NDArray[np.float64]
    axes: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """One transform on the way from the image to the world.

    Attributes:
        name: Such as "ProbeToTracker".
        backwards: Whether the way uses its inverse.
        matrices: (N, 4, 4) as stored; equal ones where it is fixed.
        tracked: Whether it comes from the recording and is rigid, so that it may be in another direction or unit.
    """

    name: str
    backwards: bool
    matrices: NDArray[np.float64]
    tracked: bool


def links(
    sweep: Sweep, fixed: Mapping[str, NDArray[np.float64]], usable: NDArray[np.bool_], image: str, world: str
) -> list[Link]:
    """The transforms from `image` to `world`, of the usable frames; as `poses.image_to_world` finds them."""
    tracked = {name: transform.matrices[usable] for name, transform in sweep.transforms.items() if name not in fixed}
    graph = TransformGraph(dict.fromkeys((*fixed, *tracked), np.eye(4)))
    count = int(usable.sum())
    chain = []
    for name, backwards in graph.path(image, world):
        moving = tracked.get(name)
        stack = np.broadcast_to(np.asarray(fixed[name], np.float64), (count, 4, 4)) if moving is None else moving
        chain.append(Link(name, backwards, stack, moving is not None and not carries_pixels(name, image)))
    return chain


def wrong_directions(chain: list[Link]) -> Iterator[Alternative]:
    """With one tracked transform inverted, or any more of them."""
    candidates = [link for link in chain if link.tracked and not np.allclose(link.matrices, np.eye(4), atol=1e-9)]
    for count in range(1, len(candidates) + 1):
        for chosen in combinations([link.name for link in candidates], count):
            inverses: dict[str, NDArray[np.float64]] = {
                link.name: _inverse(link.matrices) for link in candidates if link.name in chosen
            }
            matrices = _compose(chain, inverses)
            names = " and ".join(chosen)
            inverse = " and ".join("{1}To{0}".format(*split_name(name)) for name in chosen)
            verb = "is" if count == 1 else "are"
            cause = f"{names} {verb} stored in the other direction, as {inverse}"
            remedy = f"rename {names} to {inverse}, or invert the matrices"
            yield Alternative("direction", cause, remedy, matrices, names=chosen)


def wrong_units(chain: list[Link]) -> Iterator[Alternative]:
    """With the translations of all tracked transforms in another unit than mm."""
    tracked = [link for link in chain if link.tracked]
    if not tracked:
        return
    furthest = max(float(np.linalg.norm(link.matrices[:, :3, 3], axis=1).max()) for link in tracked)
    for unit, factor in _UNITS.items():
        if furthest * factor <= _FURTHEST_MM:
            scale = np.ones((4, 4))
            scale[:3, 3] = factor
            scaled: dict[str, NDArray[np.float64]] = {link.name: link.matrices * scale for link in tracked}
            matrices = _compose(chain, scaled)
            cause = f"the tracked translations are in {unit} instead of mm"
            yield Alternative("unit", cause, "convert them to mm", matrices)


def in_meters(chain: list[Link]) -> SweepWarning | None:
    """Where tracked translations are so small that they can only be meters.

    The tracker would be closer to the probe than 5 mm, and the sweep shorter than 1 mm.
    """
    translations = [link.matrices[:, :3, 3] for link in chain if link.tracked]
    if not translations or not any(np.ptp(each, axis=0).any() for each in translations):
        return None
    furthest = max(float(np.linalg.norm(each, axis=1).max()) for each in translations)
    travel = max(float(np.linalg.norm(np.ptp(each, axis=0))) for each in translations)
    if furthest > _CLOSEST_MM or travel > _SHORTEST_MM:
        return None
    return SweepWarning(
        f"the tracked translations are at most {furthest:.2g} mm and change by {travel:.2g} mm",
        "they are in meters instead of mm",
        "convert them to mm",
    )


def poses_in_meters(sweep: Sweep) -> SweepWarning | None:
    """As `in_meters`, of all tracked transforms of a recording, for one whose calibration is not known."""
    if not sweep.provenance.tracked:
        return None
    tracked = []
    for name, transform in sweep.transforms.items():
        good = np.array([status == OK for status in transform.status], np.bool_)
        good &= np.isfinite(transform.matrices).all((1, 2))
        if not carries_pixels(name, "Image") and good.any():
            tracked.append(Link(name, backwards=False, matrices=transform.matrices[good], tracked=True))
    return in_meters(tracked)


def mirrored(matrices: NDArray[np.float64], image_shape: tuple[int, int]) -> Iterator[Alternative]:
    """With images flipped left-right, top-down, and both ways."""
    height, width = image_shape
    flips = {"left-right": (-1, 1), "top-down": (1, -1), "left-right and top-down": (-1, -1)}
    for directions, (x, y) in flips.items():
        flip = np.diag([x, y, 1.0, 1.0])
        flip[0, 3], flip[1, 3] = (width - 1.0) * (x < 0), (height - 1.0) * (y < 0)
        cause = f"the images are flipped {directions} against the calibration"
        remedy = "check UltrasoundImageOrientation and ImageToProbe"
        yield Alternative(
            "mirror", cause, remedy, matrices @ flip, tuple(np.flatnonzero(np.array([x, y]) < 0).tolist())
        )


def _compose(chain: list[Link], changed: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """(N, 4, 4) from the image to the world, with other matrices for some links."""
    result = np.broadcast_to(np.eye(4), chain[0].matrices.shape)
    for link in chain:
        matrices = changed.get(link.name, link.matrices)
        result = (_inverse(matrices) if link.backwards else matrices) @ result
    return np.asarray(result)


def _inverse(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrices), np.float64)
