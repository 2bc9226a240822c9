"""Records what the source gives, beside everything else; a disk that fails ends the recording, not the stream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.stream.messages import Recorded
from apps.stream.queues import BoundedQueue
from edge_sdk.errors import EdgeSdkError
from edge_sdk.sweep.recorder import SYNC_S, SweepRecorder
from edge_sdk.sweep.sweep import Sweep

CAPACITY = 256
"""Frames that a slow disk may be behind; then the source waits."""


@dataclass
class Recording:
    """What became of a recording.

    Attributes:
        path: The sequence file.
        frames: That it holds.
        lost: Frames that came after the disk failed.
        problem: Why it ended early or could not be finished, or "".
    """

    path: Path
    frames: int = 0
    lost: int = 0
    problem: str = ""

    def described(self) -> dict[str, Any]:
        """For the report."""
        return {
            "path": str(self.path),
            "frames": self.frames,
            "frames_lost": self.lost,
            "problem": self.problem or "none",
            "sync_interval_s": SYNC_S,
        }


class RecorderStage:
    """Appends frames as they come.

    Attributes:
        recorded: Waits when full: nothing is lost as long as the disk works.
        result: What became of it, complete after `finish`.
    """

    name = "recorder"

    def __init__(self, path: Path, like: Sweep) -> None:
        """
        Args:
            path: The sequence file.
            like: What will be recorded: the size of its frames and its header; its frames are not.

        Raises:
            EdgeSdkError: The place cannot be written, or an unfinished recording lies there.
        """
        self._recorder = SweepRecorder(
            path,
            shape=like.images.shape[1:],
            dtype=like.images.dtype,
            header=like.header,
            pixel_spacing=like.pixel_spacing,
        )
        self.recorded: BoundedQueue[Recorded] = BoundedQueue("recorded frames", CAPACITY, "wait")
        self.inputs: tuple[BoundedQueue[Any], ...] = (self.recorded,)
        self.outputs: tuple[BoundedQueue[Any], ...] = ()
        self.result = Recording(path)

    def run(self) -> None:
        """Append until the frames end; after a failure, count those that are lost."""
        for item in self.recorded:
            if self.result.problem:
                self.result.lost += 1
                continue
            try:
                self._recorder.add(
                    item.image, item.timestamp, item.poses, image_status=item.image_status, fields=item.fields
                )
            except EdgeSdkError as error:
                self.result.problem, self.result.lost = str(error), 1

    def finish(self) -> Recording:
        """Turn the recording into its sequence file; where that fails, the recording stays and the result says so."""
        self.result.frames = self._recorder.frames
        try:
            if not self.result.problem:
                self._recorder.finish()
        except EdgeSdkError as error:
            self.result.problem = f"{error}; `edge-sdk recover {self._recorder.folder}` reads what was recorded"
        self._recorder.close()
        return self.result


def recorded(sweep: Sweep, index: int, *, later: float = 0.0) -> Recorded:
    """A frame of a sweep as it is recorded again, its time stamp so many seconds later."""
    return Recorded(
        image=sweep.images[index],
        timestamp=float(sweep.timestamps[index]) + later,
        poses={name: (each.matrices[index], each.status[index]) for name, each in sweep.transforms.items()},
        image_status=sweep.image_status[index] if sweep.image_status else "OK",
        fields=sweep.fields[index] if sweep.fields else {},
    )
