"""Gaussian blending, against MONAI's sliding_window_inference where both place their patches alike."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from edge_sdk.errors import PackageError
from edge_sdk.inference.blending import blended_planes, gaussian_weights
from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.segment import segment
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.inference.tile_network import TileNetwork
from edge_sdk.packages.manifest import Inference, Manifest
from edge_sdk.session import Patch
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.fakes import FakeSession, manifest

torch = pytest.importorskip("torch")
inferers = pytest.importorskip("monai.inferers")

PATCH = (32, 32, 32)


class NetworkSession(FakeSession):
    """A tiny T with three classes and random weights."""

    def __init__(self) -> None:
        from edge_sdk.network import efficient_mednext

        super().__init__("torch", 0.0)
        torch.manual_seed(0)
        self.network = efficient_mednext("T", 1, 3, 4, 4).eval()

    def infer(self, patch: Patch) -> Patch:
        with torch.inference_mode():
            return np.asarray(self.network(torch.from_numpy(patch)))


def said(blending: str, overlap: float, **changes: object) -> Manifest:
    return manifest(
        labels={0: "background", 1: "one", 2: "two"},
        patch=PATCH,
        inference={"blending": blending, "overlap": overlap},
        **changes,
    )


def noise(shape: tuple[int, int, int]) -> Volume:
    voxels = np.random.default_rng(3).uniform(0, 255, shape).astype(np.float32)
    return Volume(voxels, Grid(shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))


def monais(session: NetworkSession, about: Manifest, volume: Volume, mode: str) -> np.ndarray:
    """Probabilities (K, D, H, W)."""

    def predict(patch: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(
            torch.from_numpy(session.infer(patch.numpy())), size=PATCH, mode="trilinear", align_corners=False
        )

    whole = torch.from_numpy(about.normalization.apply(volume.voxels))[None, None]
    blended = inferers.sliding_window_inference(whole, PATCH, 1, predict, overlap=about.inference.overlap, mode=mode)
    return np.asarray(blended.softmax(1)[0])


# Patches lie alike where the volume is a whole number of steps longer than the patch, or less than one.
@pytest.mark.parametrize(("shape", "overlap"), [((64, 48, 37), 0.5), ((32, 56, 32), 0.25), ((88, 32, 40), 0.125)])
def test_equal_to_monais_gaussian_blending(shape: tuple[int, int, int], overlap: float) -> None:
    session, about, volume = NetworkSession(), said("gaussian", overlap), noise(shape)
    expected = monais(session, about, volume, "gaussian")
    np.testing.assert_array_equal(segment(session, volume, about).voxels, expected.argmax(0))

    network = TileNetwork(session, about)
    grids = NetworkGrid(volume.grid, about.spacing_mm)
    sums = np.stack([plane.copy() for _, plane in blended_planes(network, volume.voxels, grids)], axis=1)
    weights = np.zeros(shape)
    one = np.maximum(np.einsum("i,j,k->ijk", *(gaussian_weights(size) for size in PATCH)), 1e-3)
    for tile in network.tiles(shape):
        weights[tile.read.slices] += one
    blended = torch.from_numpy(sums / weights).softmax(0).numpy()
    np.testing.assert_allclose(blended, expected, atol=1e-5)
    divided = [plane.copy() for _, plane in blended_planes(network, volume.voxels, grids, divided=True)]
    np.testing.assert_allclose(np.stack(divided, axis=1), sums / weights, atol=1e-5)


def test_without_overlap_center_cropping_is_monais_constant_blending() -> None:
    session, about, volume = NetworkSession(), said("centre-crop", 0.0), noise((64, 32, 96))
    expected = monais(session, about, volume, "constant")
    assert len(np.unique(expected.argmax(0))) == 3
    np.testing.assert_array_equal(segment(session, volume, about).voxels, expected.argmax(0))


def test_weights_are_monais() -> None:
    expected = pytest.importorskip("monai.data.utils").compute_importance_map((16, 32, 48), mode="gaussian")
    ours = np.maximum(np.einsum("i,j,k->ijk", *(gaussian_weights(size) for size in (16, 32, 48))), 1e-3)
    np.testing.assert_allclose(ours, np.asarray(expected), rtol=1e-5)


@pytest.mark.parametrize("shape", [(9, 40, 12), (50, 7, 33), (1, 1, 1)])
def test_whatever_the_size_one_patch_is_the_same_either_way(shape: tuple[int, int, int]) -> None:
    session, scan = FakeSession("alpha", 0.0), noise(shape)
    toy = manifest(patch=(64, 64, 64), patch_multiple=16)
    crop, blend = (
        segment(session, scan, toy.model_copy(update={"inference": Inference(blending=kind)})).voxels
        for kind in ("centre-crop", "gaussian")
    )
    np.testing.assert_array_equal(crop, blend)


def test_every_plane_comes_once_and_in_order() -> None:
    network = TileNetwork(FakeSession("alpha", 0.0), manifest(inference={"blending": "gaussian", "overlap": 0.6}))
    scan = noise((53, 20, 17))
    grids = NetworkGrid(scan.grid, network.manifest.spacing_mm)
    planes = [index for index, _ in blended_planes(network, scan.voxels, grids)]
    assert planes == list(range(53))


def test_progress_counts_every_tile() -> None:
    seen: list[tuple[int, int]] = []
    about = manifest(inference={"blending": "gaussian", "overlap": 0.5})
    segment(FakeSession("alpha", 0.0), noise((32, 33, 20)), about, progress=lambda i, n, _: seen.append((i, n)))
    assert seen == [(i, len(seen)) for i in range(1, len(seen) + 1)]


def test_memory_does_not_grow_with_the_depth() -> None:
    about = manifest(inference={"blending": "gaussian", "overlap": 0.5})
    session = FakeSession("alpha", 0.0)

    def peak(depth: int) -> int:
        """Bytes beyond the volume and its mask."""
        scan = noise((depth, 96, 96))
        segment(session, scan, about)
        tracemalloc.start()
        segment(session, scan, about)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # One byte a voxel for the mask, one for the check that all voxels are finite.
        return most - 2 * scan.voxels.size

    full = 2 * 4 * 512 * 96 * 96  # logits of two classes at all voxels
    assert peak(512) < full / 8
    assert peak(512) < 1.2 * peak(64) + 100_000


def test_a_stream_refuses_what_needs_the_whole_volume() -> None:
    session = FakeSession("alpha", 0.0)
    with pytest.raises(PackageError, match=r"toy: blends its patches \(gaussian\).*centre-crop"):
        VolumeSegmenter(session, manifest(inference={"blending": "gaussian"}))
    with pytest.raises(PackageError, match="normalizes by zscore"):
        VolumeSegmenter(session, manifest(normalization={"kind": "zscore"}))
