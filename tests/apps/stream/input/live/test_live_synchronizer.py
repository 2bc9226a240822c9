"""Live frames and their poses: joined by time, left out by reason, recorded all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from apps.stream.input.live.poses import TrackedPoses
from apps.stream.input.live.synchronizer import REPEATED, LiveSynchronizer
from apps.stream.input.synchronizer import SKIPPED
from apps.stream.pipeline.messages import Frame, PosedFrame, Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.sweep.declared import PROBE_TO_REFERENCE as PROBE
from edge_sdk.sweep.feeds.items import NamedPose
from edge_sdk.sweep.pose_timeline import PoseTimeline
from edge_sdk.sweep.poses import ImagePlacement

SCALE = np.diag([0.5, 0.5, 1.0, 1.0])


def timeline_of(moments: Mapping[float, float | str]) -> PoseTimeline:
    """Poses at moments: where they are along z, mm, or the status of those that are not."""
    timeline = PoseTimeline()
    for moment, said in moments.items():
        matrix = np.eye(4)
        matrix[2, 3] = said if isinstance(said, float) else np.nan
        timeline.add(NamedPose(PROBE, matrix, "OK" if isinstance(said, float) else said, moment))
    return timeline


def run(
    clock: Any, timeline: PoseTimeline, frames: list[Frame], **options: Any
) -> tuple[list[PosedFrame], LiveSynchronizer, list[Recorded]]:
    queue: BoundedQueue[Frame] = BoundedQueue("frames", 500, "drop oldest")
    for frame in frames:
        queue.put(frame)
    queue.close()
    record_to: BoundedQueue[Recorded] = BoundedQueue("recorded frames", 500, "wait")
    placement = ImagePlacement([PROBE], {"ImageToProbe": SCALE})
    synchronizer = LiveSynchronizer(
        queue, TrackedPoses(timeline), placement, clock, shape=(4, 6), record_to=record_to, **options
    )
    synchronizer.posed = BoundedQueue("posed frames", 500, "drop oldest")
    synchronizer.run()
    return synchronizer.posed.drain(), synchronizer, record_to.drain()


def frame(index: int, due: float, shape: tuple[int, int] = (4, 6)) -> Frame:
    return Frame(index, np.full(shape, index, np.uint8), due)


def test_the_pose_of_a_frame_is_that_of_its_moment(clock: Any) -> None:
    timeline = timeline_of({99.0: 0.0, 99.1: 10.0, 99.2: 20.0})
    posed, _, recorded = run(clock, timeline, [frame(0, 99.05), frame(1, 99.13)])
    assert [each.image_to_world[2, 3] for each in posed] == pytest.approx([5.0, 13.0])
    assert posed[0].image_to_world[:2, :2] == pytest.approx(np.diag([0.5, 0.5]))
    assert [each.poses[PROBE][0][2, 3] for each in recorded] == pytest.approx([5.0, 13.0])


def test_a_lag_shifts_the_pose(clock: Any) -> None:
    timeline = timeline_of({99.0: 0.0, 99.1: 10.0, 99.2: 20.0})
    posed, _, _ = run(clock, timeline, [frame(0, 99.05)], lag=0.1)
    assert posed[0].image_to_world[2, 3] == pytest.approx(15.0)


def test_the_wait_begins_when_the_pose_is_due(clock: Any) -> None:
    asked: list[float] = []

    class Slow(TrackedPoses):
        def wait(self, _names: tuple[str, ...], _moment: float, seconds: float) -> bool:
            asked.append(seconds)
            return False

    placement = ImagePlacement([PROBE], {"ImageToProbe": SCALE})
    for lag in (0.3, -0.3):
        queue: BoundedQueue[Frame] = BoundedQueue("frames", 5, "drop oldest")
        queue.put(frame(0, 100.0))
        queue.close()
        LiveSynchronizer(queue, Slow(PoseTimeline()), placement, clock, shape=(4, 6), lag=lag).run()
    assert asked == pytest.approx([0.5, 0.2])


def test_every_frame_is_accounted_for_by_its_reason(clock: Any) -> None:
    moments: dict[float, float | str] = {90.0: 0.0, 90.1: 1.0}
    moments |= {91.0 + n / 10: "OUT_OF_VOLUME" for n in range(6)} | {92.0: 2.0, 92.1: 3.0}
    frames = [
        frame(0, 90.05),
        frame(1, 90.5),
        frame(2, 91.25),
        frame(3, 92.05),
        frame(4, 92.06, (5, 5)),
        frame(5, 99.0),
    ]
    posed, synchronizer, recorded = run(clock, timeline_of(moments), frames)
    assert [each.frame.index for each in posed] == [0, 3]
    assert synchronizer.left_out == {
        f"{PROBE} is MISSING": 2,
        f"{PROBE} is OUT_OF_VOLUME": 1,
        "frame of another size than 6×4 pixels": 1,
    }
    assert [each.image[0, 0] for each in recorded] == [0, 1, 2, 3, 5]
    assert [each.poses[PROBE][1] for each in recorded] == ["OK", "MISSING", "OUT_OF_VOLUME", "OK", "MISSING"]
    assert synchronizer.newest is not None
    assert synchronizer.newest.image_to_world is None


def test_a_lost_sensor_is_named(clock: Any) -> None:
    _, synchronizer, _ = run(
        clock, PoseTimeline(), [frame(0, 99.0)], sensor_fails=lambda: "the pose sensor is lost", wait_s=0.0
    )
    assert synchronizer.left_out == {"the pose sensor is lost": 1}


def test_a_sensor_that_repeats_one_pose_is_not_believed(clock: Any) -> None:
    moments: dict[float, float | str] = {50 + n / 20: 7.0 for n in range(100)}
    timeline = PoseTimeline(kept_s=60)
    for moment in moments:
        timeline.add(NamedPose(PROBE, timeline_of({0.0: 7.0})._poses[PROBE][0].matrix, "OK", moment))
    posed, synchronizer, _ = run(clock, timeline, [frame(n, 50 + n / 20) for n in range(100)])
    assert [each.frame.index for each in posed] == list(range(41))  # two seconds
    assert synchronizer.left_out == {REPEATED: 59}


def test_every_nth_frame(clock: Any) -> None:
    timeline = timeline_of({99.0: 0.0, 99.1: 10.0})
    posed, synchronizer, recorded = run(clock, timeline, [frame(n, 99.0 + n / 100) for n in range(7)], skip_interval=3)
    assert [each.frame.index for each in posed] == [0, 3, 6]
    assert synchronizer.left_out == {SKIPPED: 4}
    assert len(recorded) == 7


def test_what_is_fixed_is_recorded_too(clock: Any) -> None:
    _, _, (recorded,) = run(clock, timeline_of({99.0: 0.0}), [frame(0, 99.0)], fixed={"ImageToProbe": SCALE})
    assert recorded.poses["ImageToProbe"][0] == pytest.approx(SCALE)
