"""From a volume to its mask."""

from __future__ import annotations

import numpy as np

from edge_sdk.errors import GeometryError, PackageError
from edge_sdk.inference.blending import blended_labels
from edge_sdk.inference.extreme_levels import without_extremes
from edge_sdk.inference.finite import require_finite
from edge_sdk.inference.resampling import nearest_on, resample, same_spacing
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.inference.tile_network import TileNetwork
from edge_sdk.packages.manifest import Manifest
from edge_sdk.progress import Progress
from edge_sdk.session import Session
from edge_sdk.volume.grid import Volume


def segment(
    session: Session,
    volume: Volume,
    manifest: Manifest | None = None,
    *,
    progress: Progress | None = None,
) -> Volume:
    """Segment a volume.

    A volume whose spacing differs from the manifest's by more than 1 % is resampled (linear), and its labels are
    brought back to the volume's own grid (nearest).

    Args:
        session: From `Package.open`, or any other one together with a manifest.
        volume: (D, H, W) voxels in the intensities that the network was trained on, or of any type where its
            normalization has a full scale: the volume's gray range is brought to it.
        manifest: Of the network; None takes the session's own.
        progress: Called with tiles done, tiles in all, and what is being done.

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
    _check(volume)
    volume = without_extremes(volume, manifest.normalization)
    # Before resampling, which makes float32 of any voxels.
    levels = manifest.normalization.for_voxels(volume.voxels, volume.gray_range)
    manifest = manifest.model_copy(update={"normalization": levels})
    if not same_spacing(volume.grid, manifest.spacing_mm):
        fine = segment(session, resample(volume, manifest.spacing_mm), manifest, progress=progress)
        return volume.with_voxels(nearest_on(fine, volume.grid))
    manifest = manifest.model_copy(update={"normalization": manifest.normalization.resolved(volume.voxels)})
    if manifest.inference.blending == "gaussian":
        return volume.with_voxels(blended_labels(TileNetwork(session, manifest), volume.voxels, progress))
    segmenter = VolumeSegmenter(session, manifest)
    mask = np.zeros(volume.grid.shape, np.uint8)
    tiles = segmenter.tiles(volume.grid.shape)
    for done, tile in enumerate(tiles, 1):
        mask[tile.owned.slices] = segmenter.segment_tile(volume.voxels, tile)
        if progress:
            progress(done, len(tiles), "segment")
    return volume.with_voxels(mask)


def _check(volume: Volume) -> None:
    if volume.voxels.ndim != 3 or volume.voxels.dtype.kind not in "buif":
        raise GeometryError(
            f"voxels of shape {volume.voxels.shape} and type {volume.voxels.dtype}, expected D×H×W numbers",
            remedy="give a volume of one channel",
        )
    require_finite(volume.voxels)
