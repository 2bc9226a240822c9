"""Tracked frames into a volume, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.insertion.frame import FrameFactory, InsertionFrame
from edge_sdk.volume.insertion.rules import InsertionRules
from edge_sdk.volume.insertion.voxels import Voxels, compile_kernels, voxel_kind
from edge_sdk.volume.pixel_types import UINT8, checked_pixel_type
from edge_sdk.volume.settings import Compounding, Interpolation, Mean, PlusOptimization
from edge_sdk.volume.workers import checked_threads, share, usable_threads

_MOST_THREADS = 4
"""A frame takes a millisecond or two: more threads would wait longer than they work."""
_WORTH_A_THREAD = {"nearest": 160_000, "linear": 40_000}
"""Pixels that take about as long as handing work to another thread and waiting for it, 0.2 ms."""


class Compounder:
    """Puts frames into a volume in the order they come.

    The result is the same, bit for bit, on any number of threads and however the frames are split into calls: each
    thread owns a slab of the volume, so voxels get their pixels in one order. The cost of a frame depends on its
    pixels, not on the volume.

    The rules are PLUS's (PlusToolkit/IGSIO vtkIGSIOPasteSliceIntoVolume), and so is the type of the voxels: that of the
    frames. Pixels of float32 that are not finite are not inserted.

    Attributes:
        grid: Grid of the volume's voxels.
        pixel_type: Type of the frames' pixels and of the voxels.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        interpolation: Interpolation = "linear",
        mode: Compounding = "mean",
        mean: Mean = "true",
        plus_optimization: PlusOptimization | None = None,
        clip: ClipRegion | None = None,
        importance: NDArray[np.uint8] | None = None,
        darkest: int = 0,
        pixel_type: DTypeLike = UINT8,
        threads: int | None = None,
    ) -> None:
        """
        Args:
            grid: The volume to fill; check with `extent.grid_for` or `extent.check_memory` that it fits in memory.
            interpolation: "nearest" or "linear".
            mode: What a voxel keeps of the pixels that reach it: "mean", "maximum", "latest", or "importance", the
                mean weighted by `importance`.
            mean: "true" is the mean of all pixels, rounded once, on read-out (sums in float32; beyond 4096 full hits a
                voxel's past counts half); "plus" is PLUS's running mean in 8 bits, which truncates (nearest) or rounds
                (linear) at each pixel and is biased low where it truncates.
            plus_optimization: Compute positions, and a fan's edge, as PLUS does with this Optimization; None: finer.
            clip: Pixels to insert; all if None.
            importance: (H, W) uint8 weight of each pixel.
            darkest: Pixels below are left out (PLUS's PixelRejectionThreshold); 0 keeps all.
            pixel_type: Type of the frames: uint8, int8, uint16, int16 or float32.
            threads: Most threads that insert at once; None: as many as the process may use, up to 4.

        Raises:
            GeometryError: The interpolation, compounding or mean is unknown, the importance mask is absent or of
                another kind, pixels of this type are not compounded, or there is no thread.
        """
        self.grid, self.pixel_type = grid, checked_pixel_type(pixel_type)
        rules = InsertionRules(
            interpolation, mode, mean, plus_optimization, clip or ClipRegion(), importance, darkest, self.pixel_type
        )
        self._threads = min(usable_threads(), _MOST_THREADS) if threads is None else checked_threads(threads)
        self._last = np.array(grid.shape[::-1], np.int64) - 1
        self._frames = FrameFactory(rules, np.asarray(np.linalg.inv(grid.index_to_world), np.float64))
        self._worth_a_thread = _WORTH_A_THREAD[interpolation]
        kind = voxel_kind(rules)
        self._voxels: Voxels = kind(rules, grid.shape, np.zeros(3, np.int64), self._last + 1, self._threads)
        compile_kernels(rules)

    def insert(self, image: NDArray[Any], image_to_world: NDArray[np.float64]) -> Box | None:
        """Add one frame.

        Args:
            image: (H, W) of the pixel type, in MF orientation.
            image_to_world: 4×4, pixel (x, y, 0, 1) to mm.

        Returns:
            A small box that holds every voxel changed, or None where the frame misses the volume.

        Raises:
            GeometryError: The image is not (H, W) of the pixel type.
            PoseError: The matrix is not finite.
        """
        return self.insert_all([image], [image_to_world])[0]

    def insert_all(self, images: Sequence[NDArray[Any]], poses: Sequence[NDArray[np.float64]]) -> list[Box | None]:
        """Add frames in their order, with less waiting of threads for each other than one by one; as `insert`.

        Nothing is inserted where one of them is refused.
        """
        frames = [self._frames.frame(image, pose) for image, pose in zip(images, poses, strict=True)]
        boxes: list[Box | None] = [None] * len(frames)
        reaching = [index for index, frame in enumerate(frames) if not self._misses(frame)]
        if reaching:
            for index, box in zip(reaching, self._insert([frames[index] for index in reaching]), strict=True):
                boxes[index] = box
        return boxes

    def _insert(self, frames: Sequence[InsertionFrame]) -> list[Box | None]:
        slabs = self._slabs(frames)
        touched = np.empty((len(slabs), len(frames), 6), np.int64)
        touched[..., :3], touched[..., 3:] = (*self.grid.shape,), 0

        def insert_into(index: int) -> None:
            for number, frame in enumerate(frames):
                self._voxels.insert(frame, slabs[index], index, touched[index, number])

        share(range(len(slabs)), lambda: insert_into, self._threads)
        starts = np.maximum(touched[..., :3].min(0), 0)
        stops = np.minimum(touched[..., 3:].max(0), self.grid.shape)
        return [
            None if (start >= stop).any() else Box.between(start, stop)
            for start, stop in zip(starts, stops, strict=True)
        ]

    def voxels(self) -> NDArray[Any]:
        """A copy of the volume so far, (D, H, W); 0 where nothing was inserted."""
        return self.voxels_in(self._whole())

    def voxels_in(self, box: Box) -> NDArray[Any]:
        """A copy of the part in `box`."""
        return self.read(box)[0]

    def read(self, box: Box | None = None) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        """What `voxels` and `weights` give, at once; of the part in `box`, if given.

        Raises:
            GeometryError: The box does not lie in the volume.
        """
        box = box or self._whole()
        if not all(0 <= a <= b <= n for a, b, n in zip(box.start, box.stop, self.grid.shape, strict=True)):
            raise GeometryError(f"{box} does not lie in a volume of {self.grid.shape}", remedy="ask for a part of it")
        return self._voxels.read(box)

    def weights(self) -> NDArray[np.uint16]:
        """How much came to each voxel, (D, H, W): 256 for a full hit, at most 65535."""
        return self.read()[1]

    def hit(self) -> NDArray[np.bool_]:
        """Which voxels have received a pixel, (D, H, W)."""
        return self.weights() > 0

    def _whole(self) -> Box:
        return Box((0, 0, 0), self.grid.shape)

    def _misses(self, frame: InsertionFrame) -> bool:
        """Whether the whole frame lies on one side of the volume, or absurdly far away."""
        corners = frame.corners()
        outside = (corners < -1).all(0) | (corners > self._last + 1).all(0)
        return not frame.near or bool(outside.any())

    def _slabs(self, frames: Sequence[InsertionFrame]) -> list[NDArray[np.int64]]:
        """Slabs of the volume, (2, 3) first and last voxel (x, y, z), that about as many pixels reach each."""
        whole = np.stack([np.zeros(3, np.int64), self._last])
        pixels = sum(frame.plan.pixels for frame in frames)
        count = min(self._threads, pixels // self._worth_a_thread)
        if count < 2:
            return [whole]
        positions = np.concatenate([frame.positions(frame.plan.samples) for frame in frames])
        axis = int(np.argmax(np.ptp(positions, axis=0)))
        ranks = np.arange(1, count) * len(positions) // count
        ends = np.clip(np.rint(np.partition(positions[:, axis], ranks)[ranks]).astype(np.int64), 0, self._last[axis])
        slabs = []
        for begin, end in zip([0, *(ends + 1)], [*ends, self._last[axis]], strict=True):
            slab = whole.copy()
            slab[:, axis] = begin, end
            if begin <= end:
                slabs.append(slab)
        return slabs
