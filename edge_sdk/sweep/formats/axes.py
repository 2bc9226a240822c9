"""Which axis of a file's pixels is which: frames, rows, columns, colors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError

FRAMES = {"list", "time"}


@dataclass(frozen=True)
class FrameAxes:
    """Axes of a sequence of images, as places in the file's list of sizes (fastest axis first).

    Attributes:
        sizes: Of all axes.
        width, height: The axes of an image.
        frames: None where the file holds a single frame and no axis for it.
        colors: None where pixels are single numbers.
    """

    sizes: tuple[int, ...]
    width: int
    height: int
    frames: int | None
    colors: int | None

    @property
    def count(self) -> int:
        """Number of frames."""
        return 1 if self.frames is None else self.sizes[self.frames]

    @property
    def usual(self) -> bool:
        """Whether they lie as PLUS writes them: colors, width, height, frames."""
        expected = [axis for axis in (self.colors, self.width, self.height, self.frames) if axis is not None]
        return self.frames is not None and expected == list(range(len(self.sizes)))

    def images(self, pixels: NDArray[Any] | None) -> NDArray[Any]:
        """Frames (N, H, W) or (N, H, W, C) of pixels whose slowest axis is first; N×0×0 uint8 without pixels."""
        if pixels is None:
            return np.zeros((self.count, 0, 0), np.uint8)
        kept = [axis for axis in (self.frames, self.height, self.width, self.colors) if axis is not None]
        order = [len(self.sizes) - 1 - axis for axis in kept]
        dropped = [axis for axis in range(pixels.ndim) if axis not in order]
        images = pixels.transpose(dropped + order).reshape([self.sizes[axis] for axis in kept])
        return images[np.newaxis] if self.frames is None else images


def frame_axes(sizes: tuple[int, ...], kinds: tuple[str, ...], path: Path) -> FrameAxes:
    """Tell the axes of a sequence by their kinds; a third axis of space may have length one.

    Args:
        sizes: Fastest axis first.
        kinds: One for each, in lower case: "list" or "time" for frames, "vector" or "…color" for colors, anything else
            is space.
        path: Named in errors.

    Raises:
        FileFormatError: There are not two axes of space, or several of frames or colors.
    """
    frames = [axis for axis, kind in enumerate(kinds) if kind in FRAMES]
    colors = [axis for axis, kind in enumerate(kinds) if kind == "vector" or kind.endswith("color")]
    space = [axis for axis in range(len(sizes)) if axis not in {*frames, *colors}]
    while len(space) > 2 and sizes[space[-1]] == 1:
        space.pop()
    if len(space) != 2 or len(frames) > 1 or len(colors) > 1:
        raise FileFormatError(
            f"has sizes {' '.join(map(str, sizes))} of kinds {' '.join(kinds)}, expected width, height and frames",
            where=path,
            remedy="export it as a 2D + time sequence",
        )
    return FrameAxes(sizes, space[0], space[1], frames[0] if frames else None, colors[0] if colors else None)
