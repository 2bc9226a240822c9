"""The network on one tile of a volume: voxels in, logits out, both checked."""

from __future__ import annotations

import numpy as np

from edge_sdk.errors import GeometryError
from edge_sdk.inference.resampling import ReadableVoxels
from edge_sdk.inference.tiling import Tile, TileLattice, tile_lattice, tiles_of
from edge_sdk.packages.manifest import Manifest
from edge_sdk.session import Patch, Session


class TileNetwork:
    """A session that reads its patches out of a volume at the manifest's spacing."""

    def __init__(self, session: Session, manifest: Manifest, *, overlap: float | None = None) -> None:
        """
        Args:
            session: An open target.
            manifest: With an affine normalization (see `Normalization.resolved`).
            overlap: Instead of the manifest's `inference.overlap`.

        Raises:
            GeometryError: The network takes more than one channel.
        """
        if manifest.in_channels != 1:
            raise GeometryError(
                f"the network takes {manifest.in_channels} channels, a volume has one",
                remedy="use a package for one channel",
            )
        self.manifest = manifest
        self._session = session
        self._overlap = manifest.inference.overlap if overlap is None else overlap

    def tiles(self, shape: tuple[int, int, int]) -> list[Tile]:
        """The tiles of a volume of shape (D, H, W)."""
        return tiles_of(shape, self.manifest.patch, self._overlap)

    @property
    def lattice(self) -> TileLattice:
        """Shapes of volumes whose tiles stay where they are while the volume grows."""
        return tile_lattice(self.manifest.patch, self._overlap)

    def logits(self, voxels: ReadableVoxels, tile: Tile) -> Patch:
        """Logits (K, D', H', W') of a tile; voxels beyond the volume are background (0 before normalization).

        Args:
            voxels: On the network's grid, (D, H, W), the whole volume.
            tile: One of `tiles(voxels.shape)`.

        Raises:
            GeometryError: The session gives logits of another shape than the manifest says.
        """
        manifest = self.manifest
        logits: Patch = self._session.infer(self._patch(voxels, tile))[0]
        expected = (len(manifest.labels), *(size // manifest.output_stride for size in manifest.patch))
        if logits.shape != expected:
            raise GeometryError(
                f"logits of shape {logits.shape}, the manifest says {expected}",
                where=self._session.target,
                remedy="export the package again",
            )
        return logits

    def _patch(self, voxels: ReadableVoxels, tile: Tile) -> Patch:
        """Network input (1, 1, D, H, W)."""
        # A reordered volume is a view with strides of its own, which normalizing would keep and runtimes do not take.
        inside = np.ascontiguousarray(voxels[tile.read.slices])
        missing = [(0, size - have) for size, have in zip(self.manifest.patch, inside.shape, strict=True)]
        if any(after for _, after in missing):
            inside = np.pad(inside, missing)
        return self.manifest.normalization.apply(inside)[None, None]
