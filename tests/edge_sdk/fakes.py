"""A package whose network is easy to know: logits are sums over 2×2×2 voxels, times a weight per class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_sdk.closing import Closing
from edge_sdk.errors import TargetError
from edge_sdk.graph import Graph
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.inference.tiling import Tile
from edge_sdk.packages.manifest import Manifest, TrainingData
from edge_sdk.packages.selftest import SelfTestVector, read_selftest, run_selftest
from edge_sdk.packages.writer import write_package
from edge_sdk.session import ExecutedOperator, Patch, SessionDescription

WEIGHTS = np.array([0.0, 1.0], np.float32)
SIZE = 16


def network(patch: Patch, weights: Patch = WEIGHTS) -> Patch:
    n, _, d, h, w = patch.shape
    pooled = patch[:, 0].reshape(n, d // 2, 2, h // 2, 2, w // 2, 2).sum((2, 4, 6))
    return (pooled[:, None] * weights[None, :, None, None, None]).astype(np.float32)


def tile_labels(segmenter: VolumeSegmenter, voxels: NDArray[Any], tile: Tile) -> NDArray[np.uint8]:
    """Labels of the voxels that a tile owns, in a volume at the network's spacing."""
    z, y, x = (
        np.arange(a - first, b - first, dtype=np.float64)
        for a, b, first in zip(tile.owned.start, tile.owned.stop, tile.read.start, strict=True)
    )
    return segmenter.labels(segmenter.logits(voxels, tile), (z, y, x))


class FakeSession(Closing):
    def __init__(self, target: str, error: float) -> None:
        self.target, self.error, self.closed = target, error, False

    @property
    def description(self) -> SessionDescription:
        return SessionDescription("fake")

    def infer(self, patch: Patch) -> Patch:
        return network(patch) + np.float32(self.error)

    def close(self) -> None:
        self.closed = True


class FakeTarget:
    def __init__(self, name: str, *, error: float = 0.0, missing: str | None = None, timed: bool = True) -> None:
        self.name, self.extra, self.error, self.reason = name, name, error, missing
        self.opened, self.timed, self.probed = 0, timed, 0
        self.crash: str | None = None
        self.apart_is_impossible = False

    def missing(self) -> str | None:
        return self.reason

    def version(self) -> str:
        return "1.2.3"

    def devices(self) -> Mapping[str, str]:
        return {"CPU": "a fake"}

    def on(self, device: str) -> FakeTarget:
        if device != "CPU":
            raise TargetError(f"{self.name} has no device {device!r}", remedy=f"choose one of {self.name}:CPU")
        return self

    def probe(self, folder: Path, selftest: Path, *, precision: str, threads: int | None = None) -> float | None:
        assert (folder / "weights.bin").is_file()
        assert (precision, threads) in {("int8", None), ("int8", 1), ("int8", 2)}
        self.probed += 1
        if self.crash:
            raise TargetError(self.crash, where=self.name)
        if self.apart_is_impossible:
            return None
        vector = read_selftest(selftest, where=selftest)
        return run_selftest(vector, FakeSession(self.name, self.error), precision).max_error

    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> FakeSession:
        assert (folder / "weights.bin").read_bytes() == self.name.encode()
        assert precision == "int8"
        assert threads in (None, 1, 2)
        self.opened += 1
        return FakeSession(self.name, self.error)

    def inspect(
        self, folder: Path, patch: Patch, *, precision: str, threads: int | None = None
    ) -> list[ExecutedOperator]:
        with self.open(folder, precision=precision, threads=threads) as session:
            session.infer(patch)
        return [
            ExecutedOperator("head", "Convolution", "fake", "float32", 1.0 if self.timed else None),
            ExecutedOperator("body", "Convolution", "fake", "int8", 3.0 if self.timed else None),
        ]

    def oldest_runtime(self, folder: Path) -> str:
        assert (folder / "weights.bin").is_file()
        return "1.0"

    def describe(self, folder: Path, fields: Mapping[str, str]) -> None:
        raise NotImplementedError

    def export(self, graph: Graph, folder: Path, patch_shape: tuple[int, int, int], calibration: Patch) -> None:
        raise NotImplementedError


def fake_targets(monkeypatch: pytest.MonkeyPatch, *targets: FakeTarget) -> dict[str, FakeTarget]:
    """Let these be the known targets."""
    table = {target.name: target for target in targets}
    monkeypatch.setattr("edge_sdk.packages.target_choice.known_targets", lambda: table)
    return table


def manifest(*targets: str, **changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "name": "toy",
        "variant": "S",
        "labels": {0: "background", 1: "bright"},
        "patch": (SIZE, SIZE, SIZE),
        "spacing_mm": (1.0, 1.0, 1.0),
        "normalization": {"kind": "affine", "shift": 128.0, "scale": 64.0},
        "precision": dict.fromkeys(targets or ("alpha", "beta"), "int8"),
        "training_data": TrainingData(name="none", license="none", cases=0),
    }
    return Manifest(**{**values, **changes})


def toy_package(path: Path, *targets: str, as_directory: bool = False, bound: float = 0.5, **changes: Any) -> Path:
    """Write a package for the fake targets."""
    names = targets or ("alpha", "beta")
    weights = path.parent / f"{path.name}-weights"
    weights.mkdir()
    files = {}
    for name in names:
        (weights / name).write_bytes(name.encode())
        files[f"{name}/weights.bin"] = weights / name
    patch = np.random.default_rng(0).normal(size=(1, 1, SIZE, SIZE, SIZE)).astype(np.float16).astype(np.float32)
    vector = SelfTestVector(patch, network(patch), dict.fromkeys(names, bound))
    said = manifest(*names, **changes)
    return write_package(path, manifest=said, files=files, selftest=vector, as_directory=as_directory)
