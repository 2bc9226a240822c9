"""What the outside sees of a stream while it runs: the viewer, the metrics and the network outputs read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.grid import Extent, Grid, Volume

Phase = Literal["ready", "running", "paused", "finishing", "finished", "saving", "unsaved", "saved", "failed"]
"""ready: sources run, nothing is inserted; finishing: the last frame has come, the mask is made exact; unsaved: saving
failed, and may be tried again or given up."""
Command = Literal["start", "pause", "resume", "finish", "save", "new"]
ALLOWED: Mapping[Phase, tuple[Command, ...]] = {
    "ready": ("start",),
    "running": ("pause", "finish"),
    "paused": ("resume", "finish"),
    "finishing": (),
    "finished": ("save",),
    "saving": (),
    "unsaved": ("save", "new"),
    "saved": ("new",),
    "failed": ("new",),
}
"""Commands that each phase takes; "new" begins another sweep."""
LEADS_TO: Mapping[Command, Phase] = {
    "start": "running",
    "pause": "paused",
    "resume": "running",
    "finish": "finishing",
    "save": "saving",
    "new": "ready",
}
"""The phase that a command begins."""


@dataclass(frozen=True)
class QueueFill:
    """How full a queue is, and what it does when it is."""

    name: str
    held: int
    capacity: int
    policy: str
    dropped: int


@dataclass(frozen=True)
class DeviceState:
    """A camera, a tracker or a peer.

    Attributes:
        name: Name of the device, as in its URI.
        condition: "opening", "running", "silent", "lost" or "closed".
        why: One line for a person, empty where all is well.
        losses: Number of times that it was lost so far.
        errors: What was received and left out, by reason.
    """

    name: str
    condition: str
    why: str = ""
    losses: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """Numbers of one moment.

    Attributes:
        phase: Phase of the sweep.
        elapsed_s: Seconds since the start of the insertion, without pauses.
        frames_read, frames_inserted, frames_dropped: Numbers of frames so far.
        left_out: Reason → frames that were not inserted.
        frames_per_second: Rate of inserted frames over the last seconds, in 1/s.
        latency_ms: Time from a frame's time stamp to the mask that contains it, in ms, median of the newest frames;
            None before any.
        displayed_ms: Time from a frame's time stamp until a viewer had drawn it, in ms; None without a viewer.
        queues, devices: Fill of each queue, state of each device.
        warnings: What was found while the stream ran, one line each.
        class_ml: Class name → milliliters in the mask so far.
        rss_mb, memory_limit_mb: Resident memory, and the most that was stated at the start; None before one.
        problem: Why the stream failed, or "".
        saved_in: The output folder once everything is in it, or "".
    """

    phase: Phase
    elapsed_s: float
    frames_read: int
    frames_inserted: int
    frames_dropped: int
    left_out: Mapping[str, int]
    frames_per_second: float
    latency_ms: float | None
    displayed_ms: float | None
    queues: tuple[QueueFill, ...]
    devices: tuple[DeviceState, ...]
    warnings: tuple[str, ...]
    class_ml: Mapping[str, float]
    rss_mb: float
    memory_limit_mb: float | None
    problem: str = ""
    saved_in: str = ""


@dataclass(frozen=True)
class SeenFrame:
    """The newest frame of the source.

    Attributes:
        index: Number of the frame.
        image: (H, W) gray levels of any type; a board gives them as a screen shows them, uint8.
        image_to_world: 4×4, pixel (x, y, 0, 1) to mm; None where it has no usable pose.
        reason: Why it is not inserted, "" where it is.
    """

    index: int
    image: NDArray[Any]
    image_to_world: NDArray[np.float64] | None
    reason: str = ""


@dataclass(frozen=True)
class Slice:
    """One plane of the volume, across axis "x", "y" or "z".

    Attributes:
        gray: (rows, columns) gray levels as a screen shows them.
        labels: (rows, columns) of the mask so far.
        row_mm, column_mm: Height and width of a pixel, in mm.
        index: Index of the plane, in the lattice of `extent`.
        extent: Extent of the volume when the plane was read.
    """

    gray: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    row_mm: float
    column_mm: float
    index: int
    extent: Extent


class Board(Protocol):
    """Reads of a running stream, each cheap and from any thread, and the few things that can be asked of it."""

    @property
    def title(self) -> str:
        """What is streamed, for a heading."""

    @property
    def labels(self) -> Mapping[int, str]:
        """Label to name, 0 is the background."""

    def status(self) -> Status:
        """Numbers of this moment."""

    def frame(self) -> SeenFrame | None:
        """The newest frame; None before the first."""

    def labels_on(self, frame: SeenFrame, step: int) -> NDArray[np.uint8] | None:
        """The mask's cut by a frame: every `step`-th pixel from pixel 0, (⌈H/step⌉, ⌈W/step⌉); None without."""

    def changes(self) -> int:
        """Another number than before where the mask has changed since."""

    def grid(self) -> Grid | None:
        """Where the voxels lie at this moment; None until that is known. It changes while a volume grows."""

    def slice(self, axis: Literal["x", "y", "z"], index: int | None) -> Slice | None:
        """A plane, rows and columns along the later axes of (z, y, x); None without a volume.

        Args:
            axis: Axis that the plane is perpendicular to.
            index: Index of the plane in the volume's lattice, in which a voxel keeps its index while the volume
                grows; the nearest plane that the volume has is given. None: where the probe is, or the middle before it
                was anywhere.
        """

    def path(self) -> NDArray[np.float64]:
        """The probe's path: (N, 3) mm, the middle of the upper edge of inserted frames, thinned out."""

    def volume(self) -> Volume | None:
        """A copy of the gray levels so far, (D, H, W), holes filled as in the result; None without."""

    def mask(self) -> Volume | None:
        """The labels so far, (D, H, W); None without a volume."""

    def command(self, name: Command) -> None:
        """Ask for something.

        Raises:
            StreamError: The phase does not take it; says which do.
        """

    def calibrate(self, first: tuple[float, float], second: tuple[float, float], distance_mm: float) -> float:
        """Take two pixels (x, y) of the frame and their true distance as the size of a pixel; gives mm per pixel.

        Raises:
            StreamError: There is a calibration already, the sweep has started, or the points are one.
        """

    def crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:
        """Take only these pixels (x, y) of the frame as ultrasound, before the start.

        Raises:
            StreamError: The sweep has started, or the rectangle lies outside the frame.
        """

    def now(self) -> float:
        """This moment on the stream's clock, seconds."""

    def displayed(self, moment: float) -> None:
        """A viewer has drawn what `labels_on` or `slice` gave at this moment of the stream's clock."""
