"""The groups of a target that were measured so far."""

from __future__ import annotations

from dataclasses import dataclass

from apps.benchmark.accuracy_group import AccuracyGroup
from apps.benchmark.operators_group import OperatorsGroup
from apps.benchmark.report import RunStatus, TargetReport
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
from apps.benchmark.target_job import TargetJob
from apps.report.measured import NotMeasured
from apps.report.measured_values import value_or_why


@dataclass
class MeasuredGroups:
    """The groups of `apps.benchmark.report.TargetGroups`; None for those that were not reached yet."""

    runtime: RuntimeGroup | None = None
    startup: StartupGroup | None = None
    latency: LatencyGroup | None = None
    energy: EnergyGroup | NotMeasured | None = None
    thermal: ThermalGroup | None = None
    engine_error: EngineErrorGroup | NotMeasured | None = None
    memory: MemoryGroup | None = None
    end_to_end: EndToEndGroup | NotMeasured | None = None
    throughput: ThroughputGroup | None = None
    accuracy: AccuracyGroup | NotMeasured | None = None
    operators: OperatorsGroup | NotMeasured | None = None

    def report(self, job: TargetJob, status: RunStatus) -> TargetReport:
        """The target's report; groups that were not reached say so."""
        why = f"not reached: {status.why}"
        return TargetReport(
            runtime=value_or_why(self.runtime, why),
            startup=value_or_why(self.startup, why),
            latency=value_or_why(self.latency, why),
            energy=value_or_why(self.energy, why),
            thermal=value_or_why(self.thermal, why),
            engine_error=value_or_why(self.engine_error, why),
            memory=value_or_why(self.memory, why),
            end_to_end=value_or_why(self.end_to_end, why),
            throughput=value_or_why(self.throughput, why),
            accuracy=value_or_why(self.accuracy, why),
            operators=value_or_why(self.operators, why),
            target=job.target,
            status=status,
            package_bytes=job.package_bytes,
        )
