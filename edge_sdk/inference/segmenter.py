"""A volume's mask, tile by tile, without blending: what a stream can do while the volume still grows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PackageError
from edge_sdk.gray_range import GrayRange
from edge_sdk.inference.network_grid import Places
from edge_sdk.inference.resampling import ReadableVoxels
from edge_sdk.inference.tile_network import TileNetwork
from edge_sdk.inference.tiling import Tile, TileLattice
from edge_sdk.inference.upsampling import labels_of, logits_at
from edge_sdk.packages.manifest import Manifest, Normalization
from edge_sdk.session import Patch, Session


class VolumeSegmenter:
    """Segments voxels on the network's grid; a tile's labels depend on the tile's voxels only."""

    def __init__(
        self,
        session: Session,
        manifest: Manifest,
        *,
        normalization: Normalization | None = None,
        overlap: float | None = None,
    ) -> None:
        """
        Args:
            session: An open target.
            manifest: Says patch size, normalization, stride, overlap and labels.
            normalization: The manifest's, resolved on the volume; only an affine one needs no volume.
            overlap: Least share of a patch, per axis, that the next one covers again; None takes the manifest's.

        Raises:
            GeometryError: The network takes more than one channel.
            PackageError: As `check_tilewise`.
        """
        if normalization is not None:
            manifest = manifest.model_copy(update={"normalization": normalization})
        check_tilewise(manifest)
        self._session, self._overlap = session, overlap
        self._network = TileNetwork(session, manifest, overlap=overlap)

    def with_gray_range(self, gray_range: GrayRange) -> VolumeSegmenter:
        """A segmenter of volumes whose black and white are these levels; see `Normalization.for_range`."""
        manifest = self._network.manifest
        normalization = manifest.normalization.for_range(gray_range)
        return VolumeSegmenter(self._session, manifest, normalization=normalization, overlap=self._overlap)

    def tiles(self, shape: tuple[int, int, int]) -> list[Tile]:
        """The tiles of a volume of shape (D, H, W); the owned boxes cover every voxel exactly once."""
        return self._network.tiles(shape)

    @property
    def lattice(self) -> TileLattice:
        """Shapes of volumes whose tiles stay where they are while the volume grows."""
        return self._network.lattice

    def logits(self, voxels: ReadableVoxels, tile: Tile) -> Patch:
        """Logits (K, D', H', W') of a tile, which depend on the voxels in its `read` box only.

        Args:
            voxels: On the network's grid, (D, H, W), the whole volume.
            tile: One of `tiles(voxels.shape)`.

        Raises:
            GeometryError: The session gives logits of another shape than the manifest says.
        """
        return self._network.logits(voxels, tile)

    def labels(self, logits: Patch, places: Places) -> NDArray[np.uint8]:
        """The labels at places of a tile's patch.

        Args:
            logits: (K, D', H', W') of the tile.
            places: Planes, rows and columns, in voxels of the patch.
        """
        return labels_of(logits, self._network.manifest.output_stride, places)

    def logits_at(self, logits: Patch, places: Places) -> Patch:
        """The logits (K, planes, rows, columns) at places of a tile's patch, see `labels`."""
        return logits_at(logits, self._network.manifest.output_stride, places)


def check_tilewise(manifest: Manifest) -> None:
    """Refuse a package whose tiles cannot be segmented on their own, as a stream does.

    Raises:
        PackageError: Its normalization needs the whole volume, or its patches are blended.
    """
    if manifest.normalization.kind != "affine":
        raise PackageError(
            f"normalizes by {manifest.normalization.kind}, which needs the whole volume before its first tile",
            where=manifest.name,
            remedy="segment finished volumes with it; to stream, train with an affine normalization",
        )
    if manifest.inference.blending != "centre-crop":
        raise PackageError(
            f"blends its patches ({manifest.inference.blending}), so no tile is final before its neighbors",
            where=manifest.name,
            remedy='segment finished volumes with it; to stream, use inference.blending = "centre-crop" in the recipe',
        )
