"""The whole simulation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

from edge_sdk.errors import RecipeError
from edge_sdk.simulation.dataset import plus_config, random_case, reached, visible_labels
from edge_sdk.simulation.simulate import Simulation, labels_on, simulate
from edge_sdk.sweep.formats import read_sweep, write_sweep
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.reconstruct import reconstruct


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(frames=110, seed=3)


def test_sweep_is_what_was_asked_for(simulation: Simulation) -> None:
    sweep = simulation.sweep
    assert sweep.images.shape[0] == len(sweep) == len(sweep.fields) == len(sweep.image_status) == 110
    assert sweep.images.dtype == np.uint8
    assert np.allclose(np.diff(sweep.timestamps), 1 / 25)
    assert set(sweep.transforms) == {"ProbeToTracker", "ReferenceToTracker", "ImageToProbe"}
    for transform in sweep.transforms.values():
        assert transform.matrices.shape == (110, 4, 4)
        assert set(transform.status) == {"OK"}
    assert simulation.label_names == {0: "background", 1: "vessel", 2: "cyst", 3: "lesion"}


def test_resolved_poses_are_the_true_ones_but_for_jitter(simulation: Simulation) -> None:
    resolved = image_to_world(simulation.sweep).matrices
    configured = image_to_world(simulation.sweep, config=plus_config(simulation)).matrices
    rows, columns = simulation.sweep.images.shape[1:]
    # The pixel in the middle of the first row lies on the probe's surface, near the face's origin.
    pixel = np.array([(columns - 1) / 2, 0, 0, 1])
    face = simulation.motion.face_to_world[:, :3, 3]
    assert np.linalg.norm((resolved @ pixel)[:, :3] - face, axis=1).max() < 4.0
    corner = np.array([columns, rows, 0, 1])
    assert np.abs((resolved - configured) @ corner).max() < 1e-3
    spacing = np.linalg.norm(resolved[:, :3, 0], axis=1)
    assert np.allclose(spacing, 0.27, rtol=1e-6)


def test_every_label_is_there(simulation: Simulation) -> None:
    for label in (1, 2, 3):
        assert (simulation.labels.voxels == label).sum() * simulation.labels.grid.voxel_ml > 0.2


def test_labels_coincide_with_structures_in_the_volume(simulation: Simulation) -> None:
    config = plus_config(simulation)
    volume = reconstruct(simulation.sweep, config=config)
    labels = labels_on(simulation, volume.grid).voxels
    assert config.reconstruction is not None
    hit = reached(simulation, volume.grid, config.reconstruction.clip)
    assert hit.mean() > 0.55
    closed = ndimage.binary_closing(hit, iterations=2)
    assert (closed & ~hit).sum() < 1e-4 * hit.sum()

    def mean(mask: np.ndarray) -> float:
        return float(volume.voxels[mask & hit].mean())

    for label, low, high in ((1, -80, -35), (2, -110, -60), (3, 15, 60)):
        body = labels == label
        near = ndimage.binary_dilation(body, iterations=4) & ~ndimage.binary_dilation(body) & (labels == 0)
        contrast = mean(body) - mean(near)
        assert low < contrast < high
        # Moved by 3 mm, the label fits its structure less well.
        for axis in range(3):
            shifted = np.roll(body, 5, axis=axis)
            assert abs(mean(shifted) - mean(near)) < 0.85 * abs(contrast)


def test_labels_on_its_own_grid_are_its_labels(simulation: Simulation) -> None:
    again = labels_on(simulation, simulation.labels.grid)
    assert np.array_equal(again.voxels, simulation.labels.voxels)


def test_the_seed_decides_everything() -> None:
    first, again, other = (simulate(frames=2, seed=seed, probe="linear") for seed in (4, 4, 5))
    assert np.array_equal(first.sweep.images, again.sweep.images)
    assert np.array_equal(first.labels.voxels, again.labels.voxels)
    for name, transform in first.sweep.transforms.items():
        assert np.array_equal(transform.matrices, again.sweep.transforms[name].matrices)
    assert not np.array_equal(first.sweep.images, other.sweep.images)


def test_progress_is_told() -> None:
    told: list[tuple[int, int, str]] = []
    simulate(frames=3, anatomy="cysts", progress=lambda *args: told.append(args))
    assert [(done, total) for done, total, _ in told] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"anatomy": "heart"}, "vascular"),
        ({"probe": "sector"}, "convex"),
        ({"frames": 1}, "2 frames"),
        ({"frame_rate": 0.0}, "frame rate"),
        ({"dynamic_range_db": float("nan")}, "dynamic range"),
    ],
)
def test_impossible_requests_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        simulate(**wrong)


def test_unseen_voxels_are_background() -> None:
    labels = Volume(np.array([[[1, 2, 3]]], np.uint8), Grid((1, 1, 3), (1, 1, 1), (0, 0, 0)))
    seen = visible_labels(labels, np.array([[[True, False, True]]]))
    assert seen.voxels.tolist() == [[[1, 0, 3]]]
    assert seen.voxels.dtype == np.uint8


def test_a_case_for_training_is_repeatable_and_aligned() -> None:
    volume, labels = random_case(11, 1.5)
    again, _ = random_case(11, 1.5)
    assert volume.voxels.shape == labels.voxels.shape == volume.grid.shape
    assert volume.grid.spacing == (1.5, 1.5, 1.5)
    assert np.array_equal(volume.voxels, again.voxels)
    assert not (labels.voxels[volume.voxels == 0] == 3).any()
    assert (labels.voxels == 3).any()


def test_other_readers_understand_the_written_sweep(simulation: Simulation, tmp_path: Path) -> None:
    path = tmp_path / "simulated.igs.mha"
    write_sweep(simulation.sweep, path)
    again = read_sweep(path)
    assert np.array_equal(again.images, simulation.sweep.images)
    assert np.allclose(again.timestamps, simulation.sweep.timestamps, atol=1e-6)
    poses, expected = image_to_world(again).matrices, image_to_world(simulation.sweep).matrices
    corner = np.array([265.0, 206, 0, 1])
    assert np.abs((poses - expected) @ corner).max() < 1e-3

    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), simulation.sweep.images)
    written = np.array(image.GetMetaData("Seq_Frame0007_ProbeToTrackerTransform").split(), float).reshape(4, 4)
    assert np.allclose(written, simulation.motion.probe_to_tracker[7], atol=1e-4)
    assert image.GetMetaData("Seq_Frame0007_ProbeToTrackerTransformStatus") == "OK"
    assert image.GetMetaData("Seq_Frame0007_FrameNumber").strip() == "7"
    assert image.GetMetaData("UltrasoundImageOrientation").strip() == "MF"
