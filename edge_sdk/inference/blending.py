"""Overlapping patches blended with Gaussian weights, one slab of the volume in memory at a time.

The weights are those of MONAI's sliding_window_inference (mode "gaussian", sigma 1/8 of the patch), so that a network
evaluated there is evaluated alike here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.resampling import ReadableVoxels
from edge_sdk.inference.tile_network import TileNetwork
from edge_sdk.inference.upsampling import Float, add_upsampled
from edge_sdk.progress import Progress

SIGMA_SHARE = 0.125
"""Standard deviation of the weights, as a share of the patch, per axis."""
LEAST_WEIGHT = 1e-3
"""So that a corner which one patch alone covers does not drown in rounding."""


def gaussian_weights(size: int, places: NDArray[np.float64] | None = None) -> Float:
    """Weights along one axis of a patch; a voxel's weight is the product of three.

    Args:
        size: Voxels of the patch.
        places: Where the weights are wanted, in voxels; None: at every voxel.
    """
    wanted = np.arange(size) if places is None else places
    from_middle = (wanted - (size - 1) / 2).astype(np.float32)
    weights: Float = np.exp(-(from_middle**2) / np.float32(2 * (SIGMA_SHARE * size) ** 2))
    return weights


def blended_planes(
    network: TileNetwork,
    voxels: ReadableVoxels,
    grids: NetworkGrid,
    progress: Progress | None = None,
    *,
    divided: bool = False,
) -> Iterator[tuple[int, Float]]:
    """Every plane's blended logits as soon as no later patch reaches it.

    Patches come in the order of their first plane, so sums are held for one patch depth of planes only: K × patch
    depth × H × W numbers, however deep the image is.

    Args:
        network: Reads patches and gives logits.
        voxels: On the network's grid, (D', H', W').
        grids: The network's grid and the image's.
        progress: Called with tiles done, tiles in all, and what is being done.
        divided: Whether the sums are divided by the sum of the weights, which is the same for all classes and so
            changes no label.

    Yields:
        (index of the image's plane, sums (K, H, W) of weight · logit, valid until the next step).
    """
    _, height, width = grids.image.shape
    classes, least = len(network.manifest.labels), _least_weight(network)
    tiles = network.tiles(grids.shape)
    depth = max(box.stop[0] - box.start[0] for box in map(grids.seen, tiles))
    held = np.zeros((classes + divided, depth, height, width), np.float32)
    finished = 0
    for done, tile in enumerate(tiles, 1):
        box = grids.seen(tile)
        logits = network.logits(voxels, tile)
        if divided:  # the weights' own sum: of logits that are 1 everywhere
            logits = np.concatenate([logits, np.ones_like(logits[:1])])
        places = grids.places(box, tile)
        weights = [gaussian_weights(size, axis) for size, axis in zip(network.manifest.patch, places, strict=True)]
        planes = np.arange(box.start[0], box.stop[0]) % depth
        add_upsampled(
            logits, network.manifest.output_stride, places, weights, least, held, (planes, box.start[1], box.start[2])
        )
        if progress:
            progress(done, len(tiles), "segment")
        reached = grids.seen(tiles[done]).start[0] if done < len(tiles) else grids.image.shape[0]
        for index in range(finished, reached):
            sums = held[:, index % depth]
            yield index, sums[:classes] / sums[classes] if divided else sums
            sums[:] = 0
        finished = reached


def _least_weight(network: TileNetwork) -> float:
    corner = float(np.prod([gaussian_weights(size).min() for size in network.manifest.patch]))
    return max(corner, LEAST_WEIGHT)
