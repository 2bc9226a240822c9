"""Overlapping patches blended with Gaussian weights, one slab of the volume in memory at a time.

The weights are those of MONAI's sliding_window_inference (mode "gaussian", sigma 1/8 of the patch), so that a network
evaluated there is evaluated alike here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.tile_network import TileNetwork
from edge_sdk.inference.upsampling import Float, add_upsampled
from edge_sdk.progress import Progress
from edge_sdk.volume.grid import Box

SIGMA_SHARE = 0.125
"""Standard deviation of the weights, as a share of the patch, per axis."""
LEAST_WEIGHT = 1e-3
"""So that a corner which one patch alone covers does not drown in rounding."""


def gaussian_weights(size: int) -> Float:
    """Weights along one axis of a patch; a voxel's weight is the product of three."""
    places = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    weights: Float = np.exp(-(places**2) / np.float32(2 * (SIGMA_SHARE * size) ** 2))
    return weights


def blended_labels(network: TileNetwork, voxels: NDArray[Any], progress: Progress | None = None) -> NDArray[np.uint8]:
    """The mask (D, H, W) of blended logits; of equal ones the lower class wins."""
    mask = np.empty(voxels.shape, np.uint8)
    for index, sums in blended_planes(network, voxels, progress):
        mask[index] = sums.argmax(axis=0)
    return mask


def blended_planes(
    network: TileNetwork, voxels: NDArray[Any], progress: Progress | None = None
) -> Iterator[tuple[int, Float]]:
    """Every plane's blended logits as soon as no later patch reaches it.

    Patches come in the order of their first plane, so sums are held for one patch depth of planes only: K × patch
    depth × H × W numbers, however deep the volume is.

    Args:
        network: Reads patches and gives logits.
        voxels: (D, H, W).
        progress: Called with tiles done, tiles in all, and what is being done.

    Yields:
        (index along D, sums (K, H, W) of weight · logit, valid until the next step). The sums are not divided by the
        sum of the weights, which is the same for all classes and so changes no label.
    """
    shape: tuple[int, int, int] = voxels.shape
    manifest = network.manifest
    weights = [gaussian_weights(size) for size in manifest.patch]
    least = max(float(np.prod([axis.min() for axis in weights])), LEAST_WEIGHT)
    depth = min(manifest.patch[0], shape[0])
    held = np.zeros((len(manifest.labels), depth, *shape[1:]), np.float32)
    tiles = network.tiles(shape)
    finished = 0
    for done, tile in enumerate(tiles, 1):
        start = tile.read.start
        inside = Box.between((0, 0, 0), np.minimum(manifest.patch, np.subtract(shape, start)))
        planes = np.arange(start[0], start[0] + inside.stop[0]) % depth
        logits = network.logits(voxels, tile)
        add_upsampled(logits, manifest.output_stride, inside, weights, least, held, (planes, start[1], start[2]))
        if progress:
            progress(done, len(tiles), "segment")
        reached = tiles[done].read.start[0] if done < len(tiles) else shape[0]
        for index in range(finished, reached):
            sums = held[:, index % depth]
            yield index, sums
            sums[:] = 0
        finished = reached
