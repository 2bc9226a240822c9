"""Freehand motion: rigid poses, small steps, jitter of the stated size."""

from __future__ import annotations

import numpy as np

from edge_sdk.simulation.motion import JITTER_DEG, JITTER_MM, SWEEP_LENGTH_MM, face_to_probe, freehand

ORIGIN = np.array([3.0, -20.0, 80.0])


def test_all_poses_are_rigid() -> None:
    motion = freehand(40, ORIGIN, np.random.default_rng(0))
    for poses in (motion.face_to_world, motion.probe_to_tracker, motion.reference_to_tracker, face_to_probe()[None]):
        turns = poses[:, :3, :3]
        assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-12)
        assert np.allclose(np.linalg.det(turns), 1)
        assert np.allclose(poses[:, 3], [0, 0, 0, 1])


def test_sweep_covers_its_length_in_steps_below_a_voxel() -> None:
    for seed in range(5):
        motion = freehand(120, ORIGIN, np.random.default_rng(seed))
        track = motion.face_to_world[:, :3, 3]
        assert np.isclose(track[-1, 2] - track[0, 2], SWEEP_LENGTH_MM)
        far = (motion.face_to_world @ np.array([0, 55.0, 0, 1]))[:, :3]
        for path in (track, far):
            assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 0.9
        assert np.abs(track[:, :2] - ORIGIN[:2]).max() < 6


def test_tracker_reports_the_true_pose_but_for_jitter() -> None:
    motion = freehand(2000, ORIGIN, np.random.default_rng(1))
    probe_to_world = np.linalg.inv(motion.reference_to_tracker) @ motion.probe_to_tracker
    true = motion.face_to_world @ np.linalg.inv(face_to_probe())
    error = np.linalg.inv(true) @ probe_to_world
    assert np.isclose(error[:, :3, 3].std(), JITTER_MM, rtol=0.1)
    angle = np.arccos(np.clip((np.trace(error[:, :3, :3], axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert np.isclose(np.rad2deg(np.sqrt((angle**2).mean() / 3)), JITTER_DEG, rtol=0.1)


def test_transforms_are_far_from_identity() -> None:
    """So that a wrong order or direction of transforms cannot pass unnoticed."""
    motion = freehand(5, ORIGIN, np.random.default_rng(2))
    for pose in (motion.probe_to_tracker[0], motion.reference_to_tracker[0], face_to_probe()):
        assert np.abs(pose[:3, :3] - np.eye(3)).max() > 0.3
        assert np.linalg.norm(pose[:3, 3]) > 20
