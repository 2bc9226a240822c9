"""Groups of a stream's report: where frames came from, and what they were made into with what."""

from __future__ import annotations

from pydantic import ConfigDict, Field, JsonValue

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from edge_sdk.packages.manifest import TrainingData
from edge_sdk.session import Session

Shape = tuple[int, int, int]
Millimeters = tuple[float, float, float]


class SourceReport(ReportPart):
    """Where the frames came from."""

    uri: str
    replayed: str
    """Speed of the replay, or "live"."""
    frames: int
    """Frames of the recording, or those that a live source gave."""
    frame_size: tuple[int, int]
    """(height, width), pixels."""
    rests_on: dict[str, str]
    """What the result rests on beyond the frames: where poses and calibration come from."""
    seconds: float
    """From the first frame's time stamp to the last's."""
    frames_per_second: float | NotMeasured
    """Inserted frames."""


class SensorReport(ReportPart):
    """How reliable a camera, a tracker or a peer of a live sweep was."""

    name: str
    losses: int
    """How often the connection was lost."""
    errors: dict[str, int]
    """Reason → messages or frames that were received and left out."""


class VolumeReport(ReportPart):
    """The volume that the frames were compounded into."""

    shape_dhw: Shape
    """Voxels (z, y, x)."""
    spacing_mm_xyz: Millimeters
    origin_mm_xyz: Millimeters
    """Middle of the first voxel, in the world of the poses."""
    interpolation: str
    compounding: str
    holes: str
    """Kernels that filled holes, or "left open"."""
    pixel_type: str
    """Type of the frames' pixels and of the voxels."""
    gray_range: tuple[float, float]
    """Levels of black and white, for the network and for pictures."""
    gray_from: str
    """How the gray levels came about, such as by luma; "as the source gives them" where nothing was done."""
    seen_share: float
    """Voxels that received a pixel, 0 to 1."""
    resampling: str
    """Whether the network saw the volume on another grid."""


class PackageReport(ReportPart):
    """The package that segmented the volume."""

    name: str
    manifest_sha256: str
    variant: str
    precision: dict[str, str]
    """Target → "int8" or "fp32"."""
    patch_dhw: Shape
    """Network input, voxels (z, y, x)."""
    spacing_mm_xyz: Millimeters
    """Of the voxels that the network was trained on."""
    training_data: TrainingData
    gate: str
    """Verdict of the check that may refuse to ship."""


class SessionReport(ReportPart):
    """The target that ran the network; runtimes add what they know, such as runtime, device, precision, threads."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    target: str
    open_s: float
    """Seconds that opening the package took."""

    @classmethod
    def of(cls, session: Session, open_s: float) -> SessionReport:
        """Describe an open session.

        Args:
            session: Open session that ran the network.
            open_s: Seconds that opening it took.
        """
        facts = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in session.description.known().items()
        }
        return cls.model_validate({"target": session.target, "open_s": round(open_s, 3), **facts})


class MemoryReport(ReportPart):
    """Resident memory of the process, MB (10⁶ bytes)."""

    peak_rss_mb: float
    """Most that the process ever had."""
    streaming_peak_rss_mb: float
    """Most of the samples while the sweep ran."""
    stated_limit_mb: float
    """Most that was stated before the first frame."""
