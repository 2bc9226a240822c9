"""A comparison of two benchmark reports: what lies in compare.json."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured

KIND: Final = "edge-sdk benchmark comparison"
SCHEMA = 1


class ReportHead(ReportGroup):
    """Which report one side of a comparison is; see `apps.benchmark.shared_groups`."""

    package_name: str
    written_utc: str
    sdk_version: str
    cpu: str | NotMeasured


class TargetComparison(ReportGroup):
    """A target in both reports.

    Attributes:
        target: Its name.
        status_a, status_b: State and reason.
        median_ms_a, median_ms_b: Latency of one patch, ms.
        speedup, speedup_ci95: Median of A divided by that of B, with its 95 % interval.
        volume_speedup: The same for the time of a whole volume.
        memory_ratio: Peak memory of inference above the baseline, B divided by A.
        bytes_ratio: Size of the target's files, B divided by A.
        dice_difference: Mean Dice, B minus A.
    """

    target: str
    status_a: str | NotMeasured
    status_b: str | NotMeasured
    median_ms_a: float | NotMeasured
    median_ms_b: float | NotMeasured
    speedup: float | NotMeasured
    speedup_ci95: list[float] | NotMeasured
    volume_speedup: float | NotMeasured
    memory_ratio: float | NotMeasured
    bytes_ratio: float | NotMeasured
    dice_difference: float | NotMeasured


class Comparison(ReportGroup):
    """Report B held against report A.

    Attributes:
        kind: Tells the file from other JSON.
        schema_version: Version of the comparison's format; "schema" in the JSON.
        a, b: Which reports they are.
        warnings: One line for each circumstance that differs.
        targets: Every target of either report.
    """

    kind: Literal["edge-sdk benchmark comparison"] = KIND
    schema_version: int = Field(default=SCHEMA, alias="schema")
    a: ReportHead
    b: ReportHead
    warnings: list[str]
    targets: list[TargetComparison]
