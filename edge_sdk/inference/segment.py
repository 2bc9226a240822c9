"""From a volume to its mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError, PackageError, naming_file
from edge_sdk.inference.blending import blended_planes
from edge_sdk.inference.extreme_levels import without_extremes
from edge_sdk.inference.finite import require_finite
from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.resampling import ReadableVoxels, ResampledVoxels
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.inference.tile_network import TileNetwork
from edge_sdk.packages.manifest import Manifest, Normalization
from edge_sdk.progress import Progress
from edge_sdk.session import Session
from edge_sdk.volume.grid import Box, Volume
from edge_sdk.volume.orientation import AxisOrder, axis_order

Float = NDArray[np.float32]
ProbabilitySink = Callable[[Box, Float], None]
"""Takes the probabilities (K, d, h, w) of the voxels in a box of the volume; called once for every voxel."""


def segment(
    session: Session,
    volume: Volume,
    manifest: Manifest | None = None,
    *,
    progress: Progress | None = None,
    probabilities: ProbabilitySink | None = None,
    where: object = None,
) -> Volume:
    """Segment a volume.

    Its axes are permuted and flipped to the manifest's orientation, by its geometry. Where its spacing differs from the
    manifest's by more than 1 %, the network reads it resampled (linear); the logits are interpolated at the centers of
    the volume's own voxels, and the class of the largest is the label.

    Args:
        session: From `Package.open`, or any other one together with a manifest.
        volume: (D, H, W) voxels in the intensities that the network was trained on, or of any type where its
            normalization has a full scale: the volume's gray range is brought to it. One that is not located is taken
            as it is stored.
        manifest: Of the network; None takes the session's own.
        progress: Called with tiles done, tiles in all, and what is being done.
        probabilities: Takes the softmax of the logits, part by part; None: not wanted.
        where: The volume's file, named in warnings and errors; None where nobody knows it.

    Returns:
        uint8 labels on the volume's grid.

    Warns:
        ExtremeLevelsWarning: As `edge_sdk.inference.extreme_levels.without_extremes`.

    Raises:
        GeometryError: Not a volume of one channel.
        FileFormatError: Voxels that are not finite, or all equal where the normalization needs contrast.
        PackageError: No manifest.
    """
    manifest = manifest or getattr(session, "manifest", None)
    if manifest is None:
        raise PackageError("this session has no manifest", remedy="open it with Package.open, or give one")
    with naming_file(where):
        _check(volume)
        volume = without_extremes(volume, manifest.normalization, where=where)
        order = network_order(volume, manifest)
        grids = NetworkGrid(order.grid(volume.grid), manifest.spacing_mm)
        stored = order.apply(volume.voxels)
        voxels: ReadableVoxels = stored if grids.is_image else ResampledVoxels(stored, grids)
        # The range of levels is that of the stored voxels: resampling makes float32 of any.
        levels = manifest.normalization.for_voxels(volume.voxels, volume.gray_range)
        manifest = manifest.model_copy(update={"normalization": _normalization(levels, volume, voxels)})
    mask = np.zeros(volume.grid.shape, np.uint8)
    labels = order.apply(mask)  # a view: what is written there is in the mask
    if probabilities is None and manifest.inference.blending == "centre-crop":
        for box, part in _tiles(session, manifest, voxels, grids, progress):
            labels[box.slices] = part
        return volume.with_voxels(mask)
    for box, logits in _planes(session, manifest, voxels, grids, progress, divided=probabilities is not None):
        labels[box.slices] = logits.argmax(axis=0)
        if probabilities is not None:
            probabilities(order.inverse.box(box, grids.image.shape), order.inverse.apply(softmax(logits)))
    return volume.with_voxels(mask)


def network_order(volume: Volume, manifest: Manifest) -> AxisOrder:
    """How a volume's axes are reordered for a network; not at all where either does not say how they lie."""
    return axis_order(volume.grid.direction, manifest.orientation if volume.located else None)


def _normalization(normalization: Normalization, volume: Volume, voxels: ReadableVoxels) -> Normalization:
    """The affine normalization of what the network reads.

    Linear interpolation takes contrast away: hippocampi of 4 mm voxels have a Dice of 0.58 where mean and deviation are
    those of the resampled image, and of 0.40 where they are the stored one's.
    """
    if normalization.kind == "affine" or isinstance(voxels, np.ndarray):
        return normalization.resolved(volume.voxels)
    return normalization.resolved(voxels[Box.between((0, 0, 0), voxels.shape).slices])


def softmax(logits: Float) -> Float:
    """Probabilities (K, …) from logits (K, …)."""
    powers = np.exp(logits - logits.max(axis=0))
    total: Float = powers / powers.sum(axis=0)
    return total


def _tiles(
    session: Session, manifest: Manifest, voxels: ReadableVoxels, grids: NetworkGrid, progress: Progress | None
) -> Iterator[tuple[Box, NDArray[np.uint8]]]:
    """Every tile's box of the image, and its labels."""
    segmenter = VolumeSegmenter(session, manifest)
    tiles = segmenter.tiles(grids.shape)
    for done, tile in enumerate(tiles, 1):
        box = grids.owned(tile)
        yield box, segmenter.labels(segmenter.logits(voxels, tile), grids.places(box, tile))
        if progress:
            progress(done, len(tiles), "segment")


def _planes(
    session: Session,
    manifest: Manifest,
    voxels: ReadableVoxels,
    grids: NetworkGrid,
    progress: Progress | None,
    *,
    divided: bool,
) -> Iterator[tuple[Box, Float]]:
    """Boxes of one plane that cover the image, each with its logits (K, 1, h, w)."""
    if manifest.inference.blending == "gaussian":
        _, height, width = grids.image.shape
        network = TileNetwork(session, manifest)
        for index, logits in blended_planes(network, voxels, grids, progress, divided=divided):
            yield Box((index, 0, 0), (index + 1, height, width)), logits[:, None]
        return
    segmenter = VolumeSegmenter(session, manifest)
    tiles = segmenter.tiles(grids.shape)
    for done, tile in enumerate(tiles, 1):
        logits = segmenter.logits(voxels, tile)
        owned = grids.owned(tile)
        for index in range(owned.start[0], owned.stop[0]):
            box = Box((index, *owned.start[1:]), (index + 1, *owned.stop[1:]))
            yield box, segmenter.logits_at(logits, grids.places(box, tile))
        if progress:
            progress(done, len(tiles), "segment")


def _check(volume: Volume) -> None:
    if volume.voxels.ndim != 3 or volume.voxels.dtype.kind not in "buif":
        raise GeometryError(
            f"voxels of shape {volume.voxels.shape} and type {volume.voxels.dtype}, expected D×H×W numbers",
            remedy="give a volume of one channel",
        )
    require_finite(volume.voxels)
