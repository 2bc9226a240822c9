"""A deploy graph as an ExecuTorch program that XNNPACK runs from end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.graph import Graph, Triple
from targets.executorch.emit import emit
from targets.executorch.program import program_bytes
from targets.executorch.xnnpack import planes_last
from targets.lowering.absorb import absorb_relu
from targets.lowering.hoist import hoist_elementwise
from targets.lowering.local_grids import with_local_grids
from targets.lowering.planar import planar
from targets.lowering.shapes import tensor_shapes
from targets.probe import require_running

CALIBRATION_PATCHES = 8
"""Enough for the largest value of a sum; each costs a run of the graph in torch."""


def export(graph: Graph, artifact: Path, patch_shape: Triple, calibration: NDArray[np.float32]) -> None:
    """Write model.pte (`artifact`) for patches of `patch_shape` (D, H, W).

    The sums that splitting 3D convolutions makes get int8 grids from the first `calibration` patches (M, C, D, H, W).

    Raises:
        TargetError: The runtime does not run the program.
    """
    lowered = planar(absorb_relu(hoist_elementwise(graph)), patch_shape)
    if graph.quantized:
        lowered = with_local_grids(lowered, calibration[:CALIBRATION_PATCHES])
    shapes = tensor_shapes(graph, patch_shape)
    first, last = (planes_last(shapes[graph.nodes[at].name]) for at in (0, -1))
    artifact.write_bytes(program_bytes(emit(lowered, patch_shape), first, last))
    require_running("executorch", artifact.parent, precision="int8" if graph.quantized else "fp32")
