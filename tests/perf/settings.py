"""What is measured, and the random inputs that all forms share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.packages.manifest import Normalization

NORMALIZATION = Normalization(shift=128.0, scale=64.0)


@dataclass(frozen=True)
class Settings:
    """Size of the networks and of the patch; weights and inputs are random, times do not depend on them."""

    variant: str = "S"
    width: int = 32
    patch: int = 64
    classes: int = 4
    seed: int = 0
    threads: int = 2

    @property
    def shape(self) -> tuple[int, int, int]:
        """(D, H, W) of the patch."""
        return self.patch, self.patch, self.patch

    @property
    def export_key(self) -> str:
        """A name for all that an export depends on, as far as these settings go."""
        return f"{self.variant}-w{self.width}-p{self.patch}-k{self.classes}-seed{self.seed}"

    def patches(self, count: int) -> NDArray[np.float32]:
        """(count, 1, D, H, W) of random 8-bit voxels, normalized."""
        voxels = np.random.default_rng(self.seed).integers(0, 256, (count, 1, *self.shape)).astype(np.float32)
        normalized: NDArray[np.float32] = (voxels - np.float32(NORMALIZATION.shift)) / np.float32(NORMALIZATION.scale)
        return normalized

    def to_json(self) -> str:
        """For a worker's command line."""
        return json.dumps(asdict(self))
