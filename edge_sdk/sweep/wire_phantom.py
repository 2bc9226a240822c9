"""Ground truth from a phantom of straight wires, such as fCal's: where the wires lie in the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.transforms import TransformGraph
from edge_sdk.volume.grid import Grid, Volume


@dataclass(frozen=True)
class WireInWorld:
    """A straight wire; end points (3,) in mm in the world."""

    name: str
    front: NDArray[np.float64]
    back: NDArray[np.float64]

    def distance(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance in mm of points (..., 3) from the wire, which ends at its end points."""
        distances: NDArray[np.float64] = np.linalg.norm(self.offset(points), axis=-1)
        return distances

    def offset(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vectors in mm from the closest point of the wire to points (..., 3)."""
        along = self.back - self.front
        share = np.clip((points - self.front) @ along / (along @ along), 0, 1)
        return points - self.front - share[..., None] * along

    def centerline(self, step: float) -> NDArray[np.float64]:
        """Points (M, 3) in mm along the wire, at most `step` mm apart."""
        count = max(2, int(np.ceil(np.linalg.norm(self.back - self.front) / step)) + 1)
        return self.front + np.linspace(0, 1, count)[:, None] * (self.back - self.front)

    def moved(self, shift: NDArray[np.float64]) -> WireInWorld:
        """The wire shifted by (3,) mm."""
        return WireInWorld(self.name, self.front + shift, self.back + shift)


def wires_in_world(config: PlusConfig, *, world: str = "Reference") -> tuple[WireInWorld, ...]:
    """The wires of a configuration's phantom, taken to the world.

    Raises:
        PoseError: The configuration has no wires, or nothing leads from Phantom to the world.
    """
    if not config.wires:
        raise PoseError(
            "has no PhantomDefinition with wires",
            where=config.source,
            remedy="give the phantom's configuration",
        )
    matrix = TransformGraph(config.transforms).resolve("Phantom", world)
    return tuple(
        WireInWorld(
            wire.name,
            matrix[:3, :3] @ np.array(wire.front) + matrix[:3, 3],
            matrix[:3, :3] @ np.array(wire.back) + matrix[:3, 3],
        )
        for wire in config.wires
    )


def rasterize_wires(wires: Sequence[WireInWorld], grid: Grid, radius: float) -> Volume:
    """Label 1 within `radius` mm of a wire's centerline, 0 elsewhere.

    Args:
        wires: Wires in the grid's world.
        grid: Where to rasterize.
        radius: mm.

    Returns:
        (D, H, W) uint8 on `grid`.
    """
    labels = np.zeros(grid.shape, np.uint8)
    world_to_index = np.linalg.inv(grid.index_to_world)
    reach = radius * np.linalg.norm(world_to_index[:3, :3], axis=1)
    last = np.array(grid.shape[::-1]) - 1
    for wire in wires:
        ends = np.array([wire.front, wire.back]) @ world_to_index[:3, :3].T + world_to_index[:3, 3]
        first = np.maximum(np.floor(ends.min(0) - reach), 0).astype(int)
        stop = np.minimum(np.ceil(ends.max(0) + reach), last).astype(int) + 1
        if (first >= stop).any():
            continue
        x, y, z = (np.arange(a, b) for a, b in zip(first, stop, strict=True))
        index = np.stack(np.broadcast_arrays(x, y[:, None], z[:, None, None]), axis=-1)
        points = index @ grid.index_to_world[:3, :3].T + grid.index_to_world[:3, 3]
        part = labels[first[2] : stop[2], first[1] : stop[1], first[0] : stop[0]]
        part[wire.distance(points) <= radius] = 1
    return Volume(labels, grid)
