"""A volume for live sweeps whose extent nobody knows: it grows in blocks, and what is there is never copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.extent import size_text, usable_memory
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.insertion.frame import FURTHEST, FrameFactory, InsertionFrame
from edge_sdk.volume.insertion.rules import InsertionRules
from edge_sdk.volume.insertion.voxels import Voxels, compile_kernels, voxel_kind
from edge_sdk.volume.pixel_types import UINT8, checked_pixel_type
from edge_sdk.volume.settings import Compounding, Interpolation, Mean, PlusOptimization
from edge_sdk.volume.workers import checked_threads, share

_EVERYWHERE = Box((-int(FURTHEST),) * 3, (int(FURTHEST),) * 3)
"""Kernels count voxels from the start of the box that may change, here from where no index falls below 0."""
_NOWHERE = np.zeros(3, np.int64)
"""Place of a block before the first frame, which gives it another."""

_MOST_AROUND = 1 << 18
"""Blocks in the box around a frame that are looked at: a frame of 4096 voxels across has no more."""

Block = tuple[int, int, int]
"""Index of a block (z, y, x)."""


class VolumeMemoryError(GeometryError):
    """A growing volume may take no more memory, or got none."""


class GrowingCompounder:
    """As `Compounder`, without a grid given beforehand; the voxels are the same, bit for bit.

    Voxel (0, 0, 0) lies at `origin`; indices may be negative. A frame costs what its pixels cost, and memory is taken
    for the blocks that frames reach only.
    """

    def __init__(
        self,
        spacing: tuple[float, float, float],
        *,
        origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
        interpolation: Interpolation = "linear",
        mode: Compounding = "mean",
        mean: Mean = "true",
        plus_optimization: PlusOptimization | None = None,
        clip: ClipRegion | None = None,
        importance: NDArray[np.uint8] | None = None,
        darkest: int = 0,
        pixel_type: DTypeLike = UINT8,
        threads: int | None = None,
        block: int = 64,
        memory_limit: int | None = None,
    ) -> None:
        """
        Args:
            spacing: mm per voxel (x, y, z).
            origin: Center of voxel (0, 0, 0) in the world, mm (x, y, z).
            interpolation, mode, mean, plus_optimization, clip, importance, darkest, pixel_type, threads: As of
                `Compounder`, but positions are not computed in PLUS's double precision.
            block: Voxels along each edge of a block.
            memory_limit: Bytes that blocks may take in all; what the machine has free now if None.

        Raises:
            GeometryError: As `Compounder`; or PLUS's double precision is asked for, or the spacing is impossible.
        """
        if not (np.isfinite(spacing).all() and min(spacing) > 0):
            raise GeometryError(f"spacing {spacing} must be positive millimeters", remedy="give for example 0.5")
        if block < 1:
            raise GeometryError(f"blocks of {block} voxels cannot be", remedy="give for example 64")
        if plus_optimization in ("PARTIAL", "NONE"):
            raise GeometryError(
                f"a growing volume does not follow PLUS's Optimization {plus_optimization}",
                remedy="use FULL, or a volume of known extent",
            )
        self._rules = InsertionRules(
            interpolation,
            mode,
            mean,
            plus_optimization,
            clip or ClipRegion(),
            importance,
            darkest,
            checked_pixel_type(pixel_type),
        )
        self._lattice = Grid((1, 1, 1), spacing, origin)
        self._frames = FrameFactory(self._rules, np.asarray(np.linalg.inv(self._lattice.index_to_world), np.float64))
        self._edge, self._threads = block, None if threads is None else checked_threads(threads)
        self._kind = voxel_kind(self._rules)
        self._voxel_bytes = self._kind.bytes_of(self._rules.pixel_type)
        self._limit = usable_memory() if memory_limit is None else memory_limit
        self._blocks: dict[Block, Voxels] = {}
        self._reached: Box | None = None
        compile_kernels(self._rules)

    @property
    def bytes(self) -> int:
        """Memory that the blocks take."""
        return len(self._blocks) * self._block_bytes

    @property
    def grid(self) -> Grid:
        """The smallest grid that holds everything inserted.

        Raises:
            GeometryError: Nothing was inserted yet.
        """
        return self.grid_of(self.reached)

    def grid_of(self, box: Box) -> Grid:
        """The grid of the voxels in `box`, which counts from `origin`."""
        x, y, z = (start * step + zero for start, step, zero in self._axes(box.start))
        depth, height, width = (stop - start for start, stop in zip(box.start, box.stop, strict=True))
        return replace(self._lattice, shape=(depth, height, width), origin=(x, y, z))

    def bytes_beside(self, box: Box) -> int:
        """Memory of the voxels beside `box`, which counts from `origin`, in the blocks that hold a part of it."""
        held = math.prod(stop - start for start, stop in zip(box.start, box.stop, strict=True)) * self._voxel_bytes
        return math.prod(len(indices) for indices in self._block_ranges(box)) * self._block_bytes - held

    @property
    def reached(self) -> Box:
        """The box (z, y, x) of everything inserted, in voxels from `origin`.

        Raises:
            GeometryError: Nothing was inserted yet.
        """
        if self._reached is None:
            raise GeometryError("nothing was inserted yet, so the volume has no extent", remedy="insert frames first")
        return self._reached

    def insert(
        self,
        image: NDArray[Any],
        image_to_world: NDArray[np.float64],
        within: Callable[[Box], Box] | None = None,
    ) -> Box | None:
        """Add one frame; see `Compounder.insert`. The box counts from `origin` and may begin below 0.

        Args:
            image: (H, W) of the pixel type, in MF orientation.
            image_to_world: 4×4, pixel (x, y, 0, 1) to mm.
            within: Gets the box that holds every voxel that the frame may reach, and returns the box of the voxels
                that may change: the frame is inserted as a `Compounder` on that box inserts it, and `memory_limit` is
                not looked at. None: all voxels may change.

        Raises:
            GeometryError: The image is not (H, W) of the pixel type.
            VolumeMemoryError: The blocks would take more memory than they may: then nothing of the frame is inserted.
            PoseError: The matrix is not finite.
        """
        frame = self._frames.frame(image, image_to_world)
        if not frame.near or (abs(frame.corners()) > FURTHEST / 2).any() or not len(frame.plan.samples):
            return None
        bounds = None if within is None else within(self._may_reach(frame))
        blocks = self._blocks_near(frame, bounds)
        if not blocks:
            return None
        new = [block for block in blocks if block not in self._blocks]
        if bounds is None:
            self._check_memory(len(new))
        self._add(new)
        touched = self._insert_into(blocks, frame, bounds or _EVERYWHERE)
        self._drop_unreached(blocks, new, touched)
        first, stop = touched[:, :3].min(0), touched[:, 3:].max(0)
        if (first >= stop).any():
            return None
        box = Box.between(first, stop)
        self._reached = box if self._reached is None else _around(self._reached, box)
        return box

    def voxels(self) -> NDArray[Any]:
        """The volume so far, (D, H, W) on `grid`; 0 where nothing was inserted."""
        return self.voxels_in(self.reached)

    def voxels_in(self, box: Box) -> NDArray[Any]:
        """The part in `box`, which counts from `origin`."""
        return self.read(box)[0]

    def weights(self) -> NDArray[np.uint16]:
        """How much came to each voxel of `grid`: 256 for a full hit, at most 65535."""
        return self.weights_in(self.reached)

    def weights_in(self, box: Box) -> NDArray[np.uint16]:
        """The part of `weights` in `box`, which counts from `origin`."""
        return self.read(box)[1]

    def read(self, box: Box) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        """What `voxels_in` and `weights_in` give of `box`, which counts from `origin`, at once."""
        size = tuple(stop - start for start, stop in zip(box.start, box.stop, strict=True))
        gray, weights = np.zeros(size, self._rules.pixel_type), np.zeros(size, np.uint16)
        for block, voxels in self._blocks_in(box):
            first = [index * self._edge for index in block]
            low = [max(a, b) for a, b in zip(first, box.start, strict=True)]
            high = [min(a + self._edge, b) for a, b in zip(first, box.stop, strict=True)]
            common = Box.between(low, high)
            there = common.counted_from(box.start).slices
            gray[there], weights[there] = voxels.read(common.counted_from(first))
        return gray, weights

    def hit(self) -> NDArray[np.bool_]:
        """Which voxels of `grid` have received a pixel."""
        return self.weights() > 0

    @property
    def _block_bytes(self) -> int:
        return self._edge**3 * self._voxel_bytes

    def _axes(self, values: tuple[int, int, int]) -> list[tuple[int, float, float]]:
        return list(zip(values[::-1], self._lattice.spacing, self._lattice.origin, strict=True))

    def _block_ranges(self, box: Box) -> list[range]:
        """Indices (z, y, x) of the blocks that hold a part of `box`."""
        return [
            range(start // self._edge, -(-stop // self._edge)) if start < stop else range(0)
            for start, stop in zip(box.start, box.stop, strict=True)
        ]

    def _insert_into(self, blocks: list[Block], frame: InsertionFrame, bounds: Box) -> NDArray[np.int64]:
        """Insert into all blocks, as into a volume of `bounds`.

        Returns:
            (blocks, 6) start and stop (z, y, x) of what was touched in each block; where the stop is not behind the
            start, nothing was.
        """
        first = np.array(bounds.start[::-1], np.int64)
        size = np.array(bounds.stop[::-1], np.int64) - first
        frame.fixed[:, 2] -= first << self._rules.bits
        touched = np.empty((len(blocks), 6), np.int64)
        touched[:, :3], touched[:, 3:] = size[::-1], 0

        def insert_block(index: int) -> None:
            voxels = self._blocks[blocks[index]]
            base = np.array(blocks[index][::-1], np.int64) * self._edge - first
            owned = np.stack([np.maximum(base, 0), np.minimum(base + self._edge, size) - 1])
            voxels.place(base, size)
            voxels.insert(frame, owned, 0, touched[index])

        share(range(len(blocks)), lambda: insert_block, self._threads)
        touched[:, :3], touched[:, 3:] = np.maximum(touched[:, :3], 0), np.minimum(touched[:, 3:], size[::-1])
        return touched + np.tile(first[::-1], 2)

    def _blocks_near(self, frame: InsertionFrame, bounds: Box | None) -> list[Block]:
        """Blocks that the plane of the inserted pixels may reach, of those that hold a part of `bounds`."""
        corners = frame.positions(frame.plan.corners)
        normal = np.cross(frame.to_index[:3, 0], frame.to_index[:3, 1])
        length = float(np.linalg.norm(normal))
        low, high = (ends // self._edge for ends in self._ends(frame))
        if bounds is None:
            # No plane meets a cube in more than √2 of its face: so many blocks are needed at least.
            area = length * float(np.prod(np.ptp(frame.plan.corners, axis=0)))
            self._check_memory(max(0, int(area / (math.sqrt(2) * self._edge**2)) - len(self._blocks)))
            if np.prod(high - low + 1.0) > _MOST_AROUND:
                raise GeometryError(
                    f"a frame spans {' × '.join(str(count) for count in high - low + 1)} blocks of the growing volume",
                    remedy="use a coarser spacing, or check the unit of the poses",
                )
        else:
            ranges = self._block_ranges(bounds)[::-1]
            low = np.maximum(low, [indices.start for indices in ranges])
            high = np.minimum(high, [indices.stop - 1 for indices in ranges])
        axes = [np.arange(a, b + 1) for a, b in zip(low, high, strict=True)]
        indices = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        if length > 0:
            middles = (indices + 0.5) * self._edge - 0.5
            distances = abs((middles - corners[0]) @ normal) / length
            indices = indices[distances <= math.sqrt(3) * (self._edge / 2 + 1)]
        return [(int(z), int(y), int(x)) for x, y, z in indices]

    def _may_reach(self, frame: InsertionFrame) -> Box:
        """The box that holds every voxel that the frame's pixels may reach."""
        low, high = self._ends(frame)
        return Box.between(low[::-1], high[::-1] + 1)

    def _ends(self, frame: InsertionFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last voxel (x, y, z) that the inserted pixels may reach, exactly as the kernels round."""
        bits = self._rules.bits
        positions = frame.plan.corners.astype(np.int64) @ frame.fixed[:, :2].T + frame.fixed[:, 2]
        low, high = positions.min(0), positions.max(0)
        if self._rules.linear:
            return low >> bits, -(-high >> bits)
        half = 1 << (bits - 1)
        return (low + half) >> bits, (high + half) >> bits

    def _check_memory(self, new: int) -> None:
        needed = self.bytes + new * self._block_bytes
        if needed > self._limit:
            coarser = max(self._lattice.spacing) * (needed / max(self._limit, 1)) ** (1 / 3)
            raise VolumeMemoryError(
                f"the growing volume needs {size_text(needed)} of memory, {size_text(self._limit)} may be used",
                remedy=f"end the sweep here, or use a spacing of at least {math.ceil(coarser * 100) / 100:g} mm",
            )

    def _add(self, new: list[Block]) -> None:
        try:
            for block in new:
                self._blocks[block] = self._kind(self._rules, (self._edge,) * 3, _NOWHERE, _NOWHERE, 1)
        except MemoryError:
            for block in new:
                self._blocks.pop(block, None)
            raise VolumeMemoryError(
                f"the growing volume got no memory beyond {size_text(self.bytes)}",
                remedy="end the sweep here, or use a coarser spacing",
            ) from None

    def _drop_unreached(self, blocks: list[Block], new: list[Block], touched: NDArray[np.int64]) -> None:
        fresh = set(new)
        for block, box in zip(blocks, touched, strict=True):
            if block in fresh and (box[:3] >= box[3:]).any():
                del self._blocks[block]

    def _blocks_in(self, box: Box) -> Iterable[tuple[Block, Voxels]]:
        """Blocks that hold a part of `box`."""
        for z, y, x in product(*self._block_ranges(box)):
            if (voxels := self._blocks.get((z, y, x))) is not None:
                yield (z, y, x), voxels


def _around(a: Box, b: Box) -> Box:
    """The smallest box that holds both."""
    return Box.between(np.minimum(a.start, b.start), np.maximum(a.stop, b.stop))
