"""Records what the source gives, beside everything else; a disk that fails ends the recording, not the stream."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import EdgeSdkError
from edge_sdk.sweep.recording.recorder import SYNC_S, SweepRecorder
from edge_sdk.sweep.sweep import Sweep

CAPACITY = 256
"""Frames that a slow disk may be behind; then the source waits."""
DISK_S = 10.0
"""A disk that has not taken what is left by then is not waited for."""


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
        self._ended = threading.Event()
        self._ended.set()  # nothing is being written before `run`

    def run(self) -> None:
        """Append until the frames end; after a failure, count those that are lost."""
        self._ended.clear()
        try:
            for item in self.recorded:
                self._append(item)
        finally:
            self.result.frames = self._recorder.frames
            self._ended.set()

    def finish(self) -> Recording:
        """Turn the recording into its sequence file; where that fails, the recording stays and the result says so."""
        if not self._ended.wait(DISK_S):
            self.result.problem = f"the disk has not answered for {DISK_S:g} s; {self._recovery}"
            return self.result
        try:
            if not self.result.problem:
                self._recorder.finish()
            self._recorder.close()
        except (EdgeSdkError, OSError) as error:
            self.result.problem = f"{error}; {self._recovery}"
        return self.result

    @property
    def _recovery(self) -> str:
        return f"`edge-sdk recover {self._recorder.folder}` reads what was recorded"

    def _append(self, item: Recorded) -> None:
        if self.result.problem:
            self.result.lost += 1
            return
        try:
            self._recorder.add(
                item.image, item.timestamp, item.poses, image_status=item.image_status, fields=item.fields
            )
        except (EdgeSdkError, OSError) as error:
            self.result.problem, self.result.lost = str(error), 1
