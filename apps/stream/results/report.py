"""What a stream reports, as report.json holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from apps.report.device_facts import DeviceFacts
from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from apps.stream.pipeline.latency import StageStatistics
from apps.stream.pipeline.monitor import Timeline
from apps.stream.pipeline.queues import QueueStatistics
from apps.stream.results.groups import (
    MemoryReport,
    PackageReport,
    SensorReport,
    SessionReport,
    SourceReport,
    VolumeReport,
)
from apps.stream.results.label_comparison import LabelComparison
from apps.stream.results.latency import LatencyReport
from apps.stream.work.outcome import FrameCounts, TileCounts
from apps.stream.work.recorder_stage import RecordingResult
from edge_sdk.sweep.warning import SweepWarning


class StreamReport(ReportPart):
    """All that is known about a stream that ended well; what could not be had says why."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    status: Literal["ok", "ended early by the user"]
    written_utc: str
    """ISO 8601."""
    sdk_version: str
    folder: Path
    """Where the files of the sweep are."""
    source: SourceReport
    devices: list[SensorReport]
    """Of a live sweep."""
    warnings: list[SweepWarning]
    """What is probably wrong with the sweep."""
    recording: RecordingResult | NotMeasured
    volume: VolumeReport
    package: PackageReport
    session: SessionReport
    device: DeviceFacts
    frames: FrameCounts
    tiles: TileCounts
    latency_ms: LatencyReport
    final_mask_s: float
    """Seconds from the last frame's time stamp to the final mask."""
    stages: list[StageStatistics]
    queues: list[QueueStatistics]
    timeline: Timeline
    memory: MemoryReport
    energy: NotMeasured
    class_ml: dict[str, float]
    """Class name → volume, ml."""
    accuracy: LabelComparison | NotMeasured
