"""What a voxel keeps of the pixels that reach it.

Modes are tuples that differ in their length, which is part of their type: numba then compiles a kernel for each mode,
without the branches of the others.
"""

from __future__ import annotations

MEAN = (0,)
MAXIMUM = (0,) * 2
LATEST = (0,) * 3
IMPORTANCE = (0,) * 4
FULL_HIT = 256
"""Weight of one pixel that hits a voxel fully."""
SATURATED = 65279
"""Above this accumulated weight a voxel is filtered recursively instead of averaged."""
LARGEST = 65535
