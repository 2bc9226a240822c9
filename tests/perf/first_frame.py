"""A process of its own that inserts one frame, or a whole sweep, and says when and with how much memory.

`python -m tests.perf.first_frame MODE`, MODE is "frame" or "sweep"; prints JSON. Times are of the system's monotonic
clock, which the process that started this one shares.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from apps.report.memory import peak_rss_mb
from edge_sdk.volume.grid import Grid


def main() -> None:
    """Do what is asked and print what was measured."""
    if sys.argv[1] == "frame":
        print(json.dumps(_first_frame()))
    else:
        print(json.dumps(_whole_sweep()))


def _first_frame() -> dict[str, float]:
    """Monotonic seconds when modules were there, the compounder was ready, and the first frame was in."""
    from edge_sdk.volume.compounding import Compounder

    imported = time.monotonic()
    matrix = np.diag([0.1, 0.1, 0.1, 1.0])
    compounder = Compounder(Grid((8, 130, 170), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0)), interpolation=sys.argv[2])
    ready = time.monotonic()
    compounder.insert(np.full((616, 820), 100, np.uint8), matrix)
    return {"imported": imported, "ready": ready, "inserted": time.monotonic()}


def _whole_sweep() -> dict[str, float]:
    """Peak memory of reading and reconstructing the sweep as the NN_MEAN configuration says, and before."""
    from edge_sdk.volume.extent import memory_needed
    from edge_sdk.volume.holes.filling import fill_holes
    from edge_sdk.volume.reconstruct import make_compounder
    from tests.perf.reconstruction_cases import frames

    given = frames()
    before = peak_rss_mb()
    settings = given.golden
    grid = given.grid(settings.clip)
    compounder = make_compounder(grid, settings)
    compounder.insert_all(given.images, given.poses)
    fill_holes(compounder.voxels(), compounder.hit(), settings.fill_holes)
    return {
        "peak_rss_mb": peak_rss_mb(),
        "before_compounding_mb": before,
        "told_mb": memory_needed(grid, settings.bytes_per_voxel()) / 1e6,
    }


if __name__ == "__main__":
    main()
