"""What one worker of a benchmark measures; it travels to the worker's process as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from apps.benchmark.protocol import MeasurementProtocol
from apps.report.measured import NotMeasured


class VolumeFile(BaseModel):
    """The workload's volume.

    Attributes:
        path: Its file.
        compounding_s: Seconds in which it was made from its sweep; None where it was read.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    compounding_s: float | None


class TargetJob(BaseModel):
    """A target of a package to measure.

    Attributes:
        package: Path of the package.
        package_bytes: Size of the target's files in it.
        target: Name of the target.
        protocol: How latency is measured.
        volume: The workload's volume; `NotMeasured` leaves the group "end_to_end" out.
        data: Folder of labeled volumes; None leaves the group "accuracy" out.
    """

    model_config = ConfigDict(frozen=True)

    package: str
    package_bytes: int
    target: str
    protocol: MeasurementProtocol
    volume: VolumeFile | NotMeasured
    data: str | None = None
