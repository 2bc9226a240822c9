"""What a target really executed, and how far it is from the reference."""

from __future__ import annotations

from apps.benchmark.operators_group import DelegatedShare, Operator, OperatorsGroup, PrecisionShare, WorkShare
from apps.benchmark.target_groups import EngineErrorGroup
from apps.inspection.executed import OperatorShare, delegated, share_by_precision, share_by_work, total_milliseconds
from apps.report.measured import NotMeasured
from apps.report.measured_values import value_or_why
from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import SelfTestResult, run_selftest
from edge_sdk.packages.session import PackageSession
from edge_sdk.session import ExecutedOperator, runtime_of

SLOWEST = 10
_UNTIMED = "the runtime does not time single operators"
_NO_DELEGATE = "this runtime has no delegates: its own kernels run every operator"


def executed(package: Package, target: str, threads: int | None) -> OperatorsGroup | NotMeasured:
    """The group "operators": every operator's kernel, precision and time in one profiled run.

    Args:
        package: What is measured.
        target: Name of the target.
        threads: For the runtime; None leaves it to the runtime.

    Raises:
        EdgeSdkError: The target cannot profile here.
    """
    folder, precision = package.artifact(target, threads)
    operators = package.target(target).inspect(
        folder, package.selftest_vector.patch, precision=precision, threads=threads
    )
    if not operators:
        return NotMeasured(why="the runtime reported no operator")
    total = total_milliseconds(operators)
    slowest = sorted(operators, key=lambda operator: -(operator.milliseconds or 0.0))[:SLOWEST]
    return OperatorsGroup(
        count=len(operators),
        profiled_ms=total or NotMeasured(why=_UNTIMED),
        by_precision=[_precision_share(share) for share in share_by_precision(operators)],
        by_work=[_work_share(share) for share in share_by_work(operators)],
        delegated_share=_delegated_share(operators),
        slowest=[_operator(each) for each in slowest] if total else NotMeasured(why=_UNTIMED),
        executed=[_operator(each) for each in operators],
    )


def engine_error(package: Package, session: PackageSession) -> tuple[EngineErrorGroup | NotMeasured, str | None]:
    """The group "engine_error", and what is wrong if the target fails the package's self-test."""
    found = run_selftest(package.selftest_vector, session, package.manifest.precision[runtime_of(session.target)])
    problem, no_number = _problem(found), "the self-test gave no number"
    if found.max_error is None:
        return NotMeasured(why=problem or no_number), problem
    return EngineErrorGroup(
        against="the package's self-test: logits of the fake-quantized (INT8) or float (FP32) reference",
        max_error=found.max_error,
        mean_error=value_or_why(found.mean_error, no_number),
        class_change_share=value_or_why(found.class_change, no_number),
        bound=found.bound,
        passes=found.passes,
    ), problem


def _problem(found: SelfTestResult) -> str | None:
    if found.passes:
        return None
    return found.problem or f"self-test: largest error {found.max_error:.4g}, at most {found.bound:.4g} allowed"


def _precision_share(share: OperatorShare) -> PrecisionShare:
    return PrecisionShare(
        precision=share.name,
        operators=share.operators,
        share_of_operators=share.share_of_operators,
        ms=value_or_why(share.ms, _UNTIMED),
        share_of_time=value_or_why(share.share_of_time, _UNTIMED),
    )


def _work_share(share: OperatorShare) -> WorkShare:
    return WorkShare(
        work=share.name,
        operators=share.operators,
        share_of_operators=share.share_of_operators,
        ms=value_or_why(share.ms, _UNTIMED),
        share_of_time=value_or_why(share.share_of_time, _UNTIMED),
    )


def _delegated_share(operators: list[ExecutedOperator]) -> DelegatedShare | NotMeasured:
    part = delegated(operators)
    if part is None:
        return NotMeasured(why=_NO_DELEGATE)
    return DelegatedShare(delegate=part.delegate, operators=part.operators, not_delegated=part.not_delegated)


def _operator(operator: ExecutedOperator) -> Operator:
    return Operator(
        name=operator.name,
        operator=operator.operator,
        kernel=operator.kernel,
        precision=operator.precision,
        milliseconds=value_or_why(operator.milliseconds, _UNTIMED),
    )
