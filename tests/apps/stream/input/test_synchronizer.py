"""Frames and poses are joined by frame number; what is left out is counted by reason."""

from __future__ import annotations

import numpy as np

from apps.stream.input.synchronizer import NO_POSE, SKIPPED, Synchronizer
from apps.stream.pipeline.messages import Frame, Pose
from apps.stream.pipeline.queues import BoundedQueue


def joined(frames: list[int], poses: list[Pose], skip_interval: int = 1) -> tuple[list[int], dict[str, int]]:
    frame_queue: BoundedQueue[Frame] = BoundedQueue("frames", 100, "wait")
    pose_queue: BoundedQueue[Pose] = BoundedQueue("poses", 100, "refuse")
    for pose in poses:
        pose_queue.put(pose)
    for index in frames:
        frame_queue.put(Frame(index, np.full((2, 2), index, np.uint8), float(index)))
    frame_queue.close()
    synchronizer = Synchronizer(frame_queue, pose_queue, skip_interval=skip_interval)
    synchronizer.posed = BoundedQueue("posed frames", 100, "wait")
    synchronizer.run()
    out = synchronizer.posed.drain()
    assert all(posed.image_to_world[0, 3] == posed.frame.index for posed in out)
    return [posed.frame.index for posed in out], dict(synchronizer.left_out)


def pose(index: int, reason: str = "") -> Pose:
    matrix = np.eye(4)
    matrix[0, 3] = index
    return Pose(index, matrix, reason)


def test_a_lost_sensor_pauses_and_resumes() -> None:
    poses = [pose(0), pose(1, "ProbeToTracker is INVALID"), pose(2, "ProbeToTracker is INVALID"), pose(3)]
    assert joined([0, 1, 2, 3], poses) == ([0, 3], {"ProbeToTracker is INVALID": 2})


def test_dropped_frames_do_not_shift_the_poses() -> None:
    assert joined([0, 4, 5], [pose(n) for n in range(6)]) == ([0, 4, 5], {})


def test_a_frame_without_a_pose_is_counted() -> None:
    assert joined([0, 1, 2], [pose(0), pose(2)]) == ([0, 2], {NO_POSE: 1})


def test_skip_interval_passes_every_nth_frame() -> None:
    assert joined(list(range(7)), [pose(n) for n in range(7)], skip_interval=3) == ([0, 3, 6], {SKIPPED: 4})
