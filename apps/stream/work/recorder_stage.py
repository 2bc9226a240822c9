"""Records what the source gives, beside everything else; a disk that fails ends the recording, not the stream."""

from __future__ import annotations

import threading
from pathlib import Path

from apps.report.part import ReportPart
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import AnyQueue, BoundedQueue
from edge_sdk.errors import EdgeSdkError
from edge_sdk.sweep.recording.recorder import SYNC_S, SweepRecorder
from edge_sdk.sweep.recording.template import RecordingTemplate

CAPACITY = 256
"""Frames that a slow disk may be behind; then the source waits."""
DISK_S = 10.0
"""A disk that has not taken what is left by then is not waited for."""


class RecordingResult(ReportPart):
    """What became of a recording."""

    path: Path
    """The sequence file."""
    frames: int
    """Frames that it holds."""
    frames_lost: int
    """Frames that came after the disk failed."""
    problem: str
    """Why it ended early or could not be finished, or "none"."""
    sync_interval_s: float
    """A power cut costs at most the frames of so many seconds."""


class RecorderStage:
    """Appends frames as they come.

    Attributes:
        recorded: Waits when full: nothing is lost as long as the disk works.
        problem: Why the recording ended early or could not be finished; empty while all is well.
    """

    name = "recorder"

    def __init__(self, path: Path, template: RecordingTemplate) -> None:
        """
        Args:
            path: The sequence file.
            template: Frame shape, pixel type and header of what will be recorded.

        Raises:
            EdgeSdkError: The place cannot be written, or an unfinished recording lies there.
        """
        self._recorder = SweepRecorder(path, template)
        self.recorded: BoundedQueue[Recorded] = BoundedQueue("recorded frames", CAPACITY, "wait")
        self.inputs: tuple[AnyQueue, ...] = (self.recorded,)
        self.outputs: tuple[AnyQueue, ...] = ()
        self.problem = ""
        self._path, self._frames, self._lost = path, 0, 0
        self._ended = threading.Event()
        self._ended.set()  # nothing is being written before `run`

    def run(self) -> None:
        """Append until the frames end; after a failure, count those that are lost."""
        self._ended.clear()
        try:
            for item in self.recorded:
                self._append(item)
        finally:
            self._frames = self._recorder.frames
            self._ended.set()

    def result(self) -> RecordingResult:
        """What became of the recording so far; the frames are counted when `run` has ended."""
        return RecordingResult(
            path=self._path,
            frames=self._frames,
            frames_lost=self._lost,
            problem=self.problem or "none",
            sync_interval_s=SYNC_S,
        )

    def finish(self) -> None:
        """Turn the recording into its sequence file; where that fails, the recording stays and `problem` is set."""
        if not self._ended.wait(DISK_S):
            self.problem = f"the disk has not answered for {DISK_S:g} s; {self._recovery}"
            return
        try:
            if not self.problem:
                self._recorder.finish()
            self._recorder.close()
        except (EdgeSdkError, OSError) as error:
            self.problem = f"{error}; {self._recovery}"

    @property
    def _recovery(self) -> str:
        return f"`edge-sdk recover {self._recorder.folder}` reads what was recorded"

    def _append(self, item: Recorded) -> None:
        if self.problem:
            self._lost += 1
            return
        try:
            self._recorder.add(
                item.image, item.timestamp, item.poses, image_status=item.image_status, fields=item.fields
            )
        except (EdgeSdkError, OSError) as error:
            self.problem, self._lost = str(error), 1
