"""A benchmark report: what lies in report.json."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from apps.benchmark.accuracy_group import AccuracyGroup
from apps.benchmark.operators_group import OperatorsGroup
from apps.benchmark.shared_groups import DeviceGroup, IdentityGroup, ProtocolGroup, WorkloadGroup
from apps.benchmark.target_groups import (
    EndToEndGroup,
    EnergyGroup,
    EngineErrorGroup,
    LatencyGroup,
    MemoryGroup,
    RuntimeGroup,
    StartupGroup,
    ThermalGroup,
    ThroughputGroup,
)
from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured

KIND: Final = "edge-sdk benchmark"
SCHEMA = 1
State = Literal["ok", "skipped", "failed"]


class RunStatus(ReportGroup):
    """What became of a target, or of the whole benchmark.

    Attributes:
        state: "ok", "skipped" (a target that cannot run here) or "failed".
        why: The reason, in one line.
    """

    state: State
    why: str


class TargetGroups(ReportGroup):
    """Everything that is measured of one target, in the order of the report."""

    runtime: RuntimeGroup | NotMeasured
    startup: StartupGroup | NotMeasured
    latency: LatencyGroup | NotMeasured
    energy: EnergyGroup | NotMeasured
    thermal: ThermalGroup | NotMeasured
    engine_error: EngineErrorGroup | NotMeasured
    memory: MemoryGroup | NotMeasured
    end_to_end: EndToEndGroup | NotMeasured
    throughput: ThroughputGroup | NotMeasured
    accuracy: AccuracyGroup | NotMeasured
    operators: OperatorsGroup | NotMeasured

    def groups(self) -> dict[str, ReportGroup | NotMeasured]:
        """The groups by name, in the order of the report."""
        return {name: getattr(self, name) for name in GROUPS}


GROUPS = tuple(TargetGroups.model_fields)
"""Names of the groups that each target has."""


class TargetReport(TargetGroups):
    """One target of the package.

    Attributes:
        target: Its name, such as "openvino" or "openvino:NPU".
        status: What became of it.
        package_bytes: Size of its files in the package.
    """

    target: str
    status: RunStatus
    package_bytes: int | NotMeasured

    @classmethod
    def without_numbers(cls, target: str, status: RunStatus, package_bytes: int) -> TargetReport:
        """The report of a target that was skipped, or whose process crashed."""
        absent = NotMeasured(why=f"{status.state}: {status.why}")
        groups = dict.fromkeys(GROUPS, absent)
        return cls(**groups, target=target, status=status, package_bytes=package_bytes)


class BenchmarkReport(ReportGroup):
    """A benchmark of one package on one device.

    Attributes:
        kind: Tells the file from other JSON.
        schema_version: Version of the report's format; "schema" in the JSON.
        identity: What was measured.
        device: What it was measured on.
        protocol: How latency was measured.
        workload: The volume that every target segmented.
        targets: The targets in the order in which they ran.
        status: "failed" where a target failed or none ran, else "ok".
    """

    kind: Literal["edge-sdk benchmark"] = KIND
    schema_version: int = Field(default=SCHEMA, alias="schema")
    identity: IdentityGroup
    device: DeviceGroup
    protocol: ProtocolGroup
    workload: WorkloadGroup | NotMeasured
    targets: list[TargetReport]
    status: RunStatus
