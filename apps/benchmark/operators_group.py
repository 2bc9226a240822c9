"""The group "operators" of a target in a benchmark report."""

from __future__ import annotations

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured


class PrecisionShare(ReportGroup):
    """Share of the operators that computed in one precision.

    Attributes:
        precision: Element type that they computed on.
        operators: How many they are.
        share_of_operators: Part of all operators, 0 to 1.
        ms: Their time.
        share_of_time: Part of the time of all operators, 0 to 1.
    """

    precision: str
    operators: int
    share_of_operators: float | NotMeasured
    ms: float | NotMeasured
    share_of_time: float | NotMeasured


class WorkShare(ReportGroup):
    """Share of the operators that do one kind of work: computing in INT8, in float, or moving values.

    Attributes:
        work: The kind of work.
        operators, share_of_operators, ms, share_of_time: As for `PrecisionShare`.
    """

    work: str
    operators: int
    share_of_operators: float | NotMeasured
    ms: float | NotMeasured
    share_of_time: float | NotMeasured


class DelegatedShare(ReportGroup):
    """What a delegate of the runtime ran.

    Attributes:
        delegate: Its name.
        operators: Share of the operators that it ran.
        not_delegated: Kinds of operators that it did not run, or "none".
    """

    delegate: str
    operators: float
    not_delegated: list[str] | str


class Operator(ReportGroup):
    """One operator as it was executed; see `edge_sdk.session.ExecutedOperator`."""

    name: str
    operator: str
    kernel: str
    precision: str
    milliseconds: float | NotMeasured


class OperatorsGroup(ReportGroup):
    """What one profiled run executed.

    Attributes:
        count: Number of operators.
        profiled_ms: Sum of their times.
        by_precision, by_work: Their shares; what takes most time first.
        delegated_share: What the runtime's delegate ran.
        slowest: The slowest ones, the slowest first.
        executed: Every one, in the runtime's order.
    """

    count: int | NotMeasured
    profiled_ms: float | NotMeasured
    by_precision: list[PrecisionShare]
    by_work: list[WorkShare] | NotMeasured
    delegated_share: DelegatedShare | NotMeasured
    slowest: list[Operator] | NotMeasured
    executed: list[Operator] | NotMeasured
