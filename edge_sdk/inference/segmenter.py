"""A volume's mask, tile by tile."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError, PackageError
from edge_sdk.inference.tiling import Tile, tiles_of
from edge_sdk.inference.upsampling import labels_of
from edge_sdk.manifest import Manifest, Normalisation
from edge_sdk.session import Session
from edge_sdk.volume.grid import Box


class VolumeSegmenter:
    """Segments voxels at the manifest's spacing; a tile's labels depend on the tile's voxels only."""

    def __init__(
        self, session: Session, manifest: Manifest, *, normalisation: Normalisation | None = None, overlap: float = 0.25
    ) -> None:
        """
        Args:
            session: An open target.
            manifest: Says patch size, normalisation, stride and labels.
            normalisation: The manifest's, resolved on the volume; only an affine one needs no volume.
            overlap: Least share of a patch, per axis, that the next one covers again.

        Raises:
            GeometryError: The network takes more than one channel.
            PackageError: The manifest's normalisation needs a whole volume, and was not resolved on one.
        """
        if manifest.in_channels != 1:
            raise GeometryError(
                f"the network takes {manifest.in_channels} channels, a volume has one",
                remedy="use a package for one channel",
            )
        self._normalisation = normalisation or manifest.normalisation
        if self._normalisation.kind != "affine":
            raise PackageError(
                f"normalises by {self._normalisation.kind}, which needs the whole volume before its first tile",
                where=manifest.name,
                remedy="segment finished volumes with it; to stream, train with an affine normalisation",
            )
        self._session, self._manifest, self._overlap = session, manifest, overlap

    def tiles(self, shape: tuple[int, int, int]) -> list[Tile]:
        """The tiles of a volume of shape (D, H, W); the owned boxes cover every voxel exactly once."""
        return tiles_of(shape, self._manifest.patch, self._overlap)

    def segment_tile(self, voxels: NDArray[Any], tile: Tile) -> NDArray[np.uint8]:
        """The labels of a tile's owned box.

        Args:
            voxels: (D, H, W), the whole volume.
            tile: One of `tiles(voxels.shape)`.

        Raises:
            GeometryError: The session gives logits of another shape than the manifest says.
        """
        manifest = self._manifest
        logits = self._session.infer(self._patch(voxels, tile))[0]
        expected = (len(manifest.labels), *(size // manifest.output_stride for size in manifest.patch))
        if logits.shape != expected:
            raise GeometryError(
                f"logits of shape {logits.shape}, the manifest says {expected}",
                where=self._session.target,
                remedy="export the package again",
            )
        return labels_of(logits, manifest.output_stride, _relative(tile.owned, tile.read))

    def _patch(self, voxels: NDArray[Any], tile: Tile) -> NDArray[np.float32]:
        """Network input (1, 1, D, H, W); voxels beyond the volume are background (0 before normalisation)."""
        inside = voxels[tile.read.slices]
        missing = [(0, size - have) for size, have in zip(self._manifest.patch, inside.shape, strict=True)]
        if any(after for _, after in missing):
            inside = np.pad(inside, missing)
        return self._normalisation.apply(inside)[None, None]


def _relative(box: Box, to: Box) -> Box:
    start = tuple(a - b for a, b in zip(box.start, to.start, strict=True))
    stop = tuple(a - b for a, b in zip(box.stop, to.start, strict=True))
    return Box(start, stop)  # type: ignore[arg-type]
