"""How the images themselves move in their own plane, measured by matching small blocks of one frame in another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.gray_range import brought_to, range_of

LONGER_SIDE = 200
"""Pixels that frames are reduced to, about."""
BLOCK = 20
REACH = 10
"""Pixels of the reduced frame that a block is looked for, each way."""
_BLOCKS_A_PAIR = 16
_LEAST_TEXTURE = 6.0
"""Gray levels, standard deviation within a block."""
_LEAST_LIKENESS = 0.6
_STANDS_OUT = 0.2
"""How much the likeness must fall 3 pixels beside the match, so that edges do not slide along themselves."""
_BACKGROUND_FRAMES = 32


@dataclass(frozen=True)
class Matches:
    """Blocks found again, in pixels of the reduced frames.

    Attributes:
        first, second: (K,) which frames.
        at: (K, 2) center (x, y) in the first frame.
        shift: (K, 2) how far the block lies from there in the second frame.
        sharp: (K, 2) whether the shift along that axis is well defined.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    at: NDArray[np.float64]
    shift: NDArray[np.float64]
    sharp: NDArray[np.bool_]


class Matcher:
    """Matches blocks between frames of a sweep; every frame is reduced once, every pair matched once.

    What stands still over the sweep (the fan's edge, letters, haze under the probe) is taken away first: it would
    match itself whatever the probe does.

    Attributes:
        factor: Pixels of the frames per pixel of the reduced ones.
    """

    def __init__(self, images: NDArray[Any], usable: NDArray[np.bool_]) -> None:
        """
        Args:
            images: (N, H, W) or (N, H, W, 3), of any real type.
            usable: (N,) frames to take; pairs count only these.
        """
        self._images, self._numbers = images, np.flatnonzero(usable)
        self._levels = None if images.dtype == np.uint8 else range_of(images)
        self.factor = max(1, round(max(images.shape[1:3]) / LONGER_SIDE))
        self._reduced: dict[int, NDArray[np.float32]] = {}
        self._known: dict[tuple[int, int], Matches] = {}

    @property
    def comparable(self) -> bool:
        """Whether the reduced frames are at least as large as a block; very flat ones are not."""
        return bool(min(self._images.shape[1:3]) // self.factor >= BLOCK)

    def matches(self, pairs: Sequence[tuple[int, int]]) -> Matches:
        """Blocks of the first frame of every pair that are found in the second."""
        for pair in pairs:
            if pair not in self._known:
                self._known[pair] = self._match(*pair)
        found = [self._known[pair] for pair in pairs]
        if not found:
            return _none(0, 0)
        names = ("first", "second", "at", "shift", "sharp")
        return Matches(*(np.concatenate([getattr(each, name) for each in found]) for name in names))

    def frame(self, index: int) -> NDArray[np.float32]:
        """A reduced frame without what stands still."""
        if index not in self._reduced:
            self._reduced[index] = self._reduce(index)
        return self._reduced[index] - self._background

    def _reduce(self, index: int) -> NDArray[np.float32]:
        import cv2

        image = self._images[self._numbers[index]]
        gray = image if image.ndim == 2 else image.mean(2)
        if self._levels is not None:  # thresholds below are in levels of 8 bits
            gray = brought_to(gray, self._levels, 255.0)
        height, width = (size // self.factor for size in gray.shape)
        whole = np.ascontiguousarray(gray[: height * self.factor, : width * self.factor], _kind(gray))
        return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)

    @cached_property
    def _background(self) -> NDArray[np.float32]:
        chosen = np.unique(np.linspace(0, len(self._numbers) - 1, _BACKGROUND_FRAMES).astype(int))
        self._reduced |= {int(index): self._reduce(int(index)) for index in chosen}
        return np.asarray(np.mean([self._reduced[int(index)] for index in chosen], axis=0), np.float32)

    def _match(self, first: int, second: int) -> Matches:
        import cv2

        one, two = self.frame(first), self.frame(second)
        found = []
        for x, y in _textured(one):
            block = one[y : y + BLOCK, x : x + BLOCK]
            around = two[y - REACH : y + BLOCK + REACH, x - REACH : x + BLOCK + REACH]
            if around.std() < 1:
                continue
            likeness = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
            _, best, _, (column, row) = cv2.minMaxLoc(likeness)
            if best < _LEAST_LIKENESS or not (0 < column < 2 * REACH and 0 < row < 2 * REACH):
                continue
            across, down = likeness[row], likeness[:, column]
            middle = (BLOCK - 1) / 2
            found.append(
                (
                    (x + middle, y + middle),
                    (column + _peak(across, column) - REACH, row + _peak(down, row) - REACH),
                    (_stands_out(across, column), _stands_out(down, row)),
                )
            )
        if not found:
            return _none(first, second)
        at, shift, sharp = (np.array(values) for values in zip(*found, strict=True))
        return Matches(np.full(len(at), first), np.full(len(at), second), at, shift, sharp)


def _none(first: int, second: int) -> Matches:
    empty = np.zeros((0, 2))
    return Matches(np.full(0, first), np.full(0, second), empty, empty, empty.astype(bool))


def _kind(gray: NDArray[Any]) -> Any:
    return gray.dtype if gray.dtype in (np.uint8, np.uint16, np.int16, np.float32) else np.float32


def _textured(image: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Upper left corners (x, y) of the blocks with most texture, on a raster that leaves room for the search."""
    rows, columns = ((size - 2 * REACH) // BLOCK for size in image.shape)
    if rows < 1 or columns < 1:
        return []
    inner = image[REACH : REACH + rows * BLOCK, REACH : REACH + columns * BLOCK]
    texture = inner.reshape(rows, BLOCK, columns, BLOCK).std((1, 3))
    order = np.argsort(-texture, axis=None, kind="stable")[:_BLOCKS_A_PAIR]
    chosen = [divmod(int(index), columns) for index in order if texture.flat[index] >= _LEAST_TEXTURE]
    return [(REACH + column * BLOCK, REACH + row * BLOCK) for row, column in chosen]


def _peak(values: NDArray[np.float32], at: int) -> float:
    """Where between samples the parabola through three of them is highest."""
    before, here, after = (float(value) for value in values[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if bend else 0.0


def _stands_out(values: NDArray[np.float32], at: int) -> bool:
    beside = max(float(values[max(at - 3, 0)]), float(values[min(at + 3, len(values) - 1)]))
    return float(values[at]) - beside > _STANDS_OUT
