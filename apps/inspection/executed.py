"""What a package's targets really execute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from apps.inspection.work import work_of
from edge_sdk.errors import TargetError

if TYPE_CHECKING:
    from edge_sdk.packages.package import Package
    from edge_sdk.session import ExecutedOperator

DELEGATE = "XNNPACK"
Row = dict[str, str | int | float | None]


@dataclass(frozen=True)
class OperatorShare:
    """Share of the operators that are alike in one respect.

    Attributes:
        name: What they have in common: a precision, or a kind of work.
        operators: How many they are.
        share_of_operators: Part of all operators, 0 to 1.
        ms: Their time; None where the runtime does not time single operators.
        share_of_time: Part of the time of all operators, 0 to 1; None where `ms` is.
    """

    name: str
    operators: int
    share_of_operators: float
    ms: float | None
    share_of_time: float | None

    def row(self, title: str) -> Row:
        """A row of a table whose first column has this title."""
        return {title: self.name, **{key: value for key, value in vars(self).items() if key != "name"}}


@dataclass(frozen=True)
class DelegatedOperators:
    """What a delegate of the runtime ran.

    Attributes:
        delegate: Its name.
        operators: Share of the operators that it ran.
        not_delegated: Kinds of operators that it did not run, or "none".
    """

    delegate: str
    operators: float
    not_delegated: list[str] | str


@dataclass(frozen=True)
class ExecutedTarget:
    """What one target executed for the self-test's patch.

    Attributes:
        operators: Every operator, in the runtime's order.
        delegated: What the runtime's delegate ran; None where nothing was delegated.
    """

    operators: list[ExecutedOperator]
    delegated: DelegatedOperators | None

    def operator_rows(self) -> list[Row]:
        """Every operator with its share of the time."""
        total = total_milliseconds(self.operators)
        return [{**asdict(item), "share": _share(item.milliseconds, total)} for item in self.operators]

    def precision_rows(self) -> list[Row]:
        """Shares by precision; see `share_by_precision`."""
        return [share.row("precision") for share in share_by_precision(self.operators)]

    def work_rows(self) -> list[Row]:
        """Shares by kind of work; see `share_by_work`."""
        return [share.row("work") for share in share_by_work(self.operators)]

    def as_json(self) -> dict[str, object]:
        """As `inspect --executed --json` prints it."""
        return {
            "operators": self.operator_rows(),
            "by_precision": self.precision_rows(),
            "by_work": self.work_rows(),
            "delegated": self.delegated and asdict(self.delegated),
        }


@dataclass(frozen=True)
class NotRun:
    """A target that was not run.

    Attributes:
        not_run: Why, in one line.
    """

    not_run: str

    def as_json(self) -> dict[str, object]:
        """As `inspect --executed --json` prints it."""
        return asdict(self)


def executed_operators(package: Package, target: str | None, threads: int | None) -> dict[str, ExecutedTarget | NotRun]:
    """What the named target, or each installed one, executes for the self-test's patch; by target.

    Args:
        package: What is run.
        target: Name of the target; None for all that the package holds.
        threads: For the runtime; None leaves it to the runtime.

    Raises:
        TargetError: The named target cannot run here, or none can.
    """
    found: dict[str, ExecutedTarget | NotRun] = {}
    for name in [target] if target else package.targets:
        try:
            runtime = package.target(name)
        except TargetError as error:
            if target:
                raise
            found[name] = NotRun(error.what)
            continue
        folder, precision = package.artifact(name, threads)
        operators = runtime.inspect(folder, package.selftest_vector.patch, precision=precision, threads=threads)
        found[name] = ExecutedTarget(operators, delegated(operators))
    if all(isinstance(entry, NotRun) for entry in found.values()):
        raise TargetError(
            "none of the package's targets can run here", where=package.source, remedy="see edge-sdk doctor"
        )
    return found


def share_by_precision(operators: list[ExecutedOperator]) -> list[OperatorShare]:
    """Shares of the operators by precision; what takes most time first."""
    return _shares(operators, lambda item: item.precision)


def share_by_work(operators: list[ExecutedOperator]) -> list[OperatorShare]:
    """Shares of the operators by what they do: compute in INT8, in float, or only move values (`work_of`)."""
    return _shares(operators, work_of)


def delegated(operators: list[ExecutedOperator]) -> DelegatedOperators | None:
    """What ExecuTorch's delegate ran; None where nothing was delegated."""
    by_delegate = [item for item in operators if DELEGATE.lower() in item.kernel.lower()]
    if not by_delegate:
        return None
    rest = sorted({item.operator for item in operators if item not in by_delegate})
    return DelegatedOperators(DELEGATE, len(by_delegate) / len(operators), rest or "none")


def total_milliseconds(operators: list[ExecutedOperator]) -> float | None:
    """Sum of the operators' times; None unless the runtime timed every one."""
    times = [item.milliseconds for item in operators if item.milliseconds is not None]
    return sum(times) if len(times) == len(operators) else None


def _shares(operators: list[ExecutedOperator], key: Callable[[ExecutedOperator], str]) -> list[OperatorShare]:
    total = total_milliseconds(operators)
    shares = []
    for name in {key(item) for item in operators}:
        members = [item for item in operators if key(item) == name]
        spent = total_milliseconds(members)
        share = _share(spent, total)
        shares.append(OperatorShare(name, len(members), len(members) / len(operators), spent, share))
    return sorted(shares, key=lambda share: (-(share.ms or 0.0), -share.operators))


def _share(part: float | None, total: float | None) -> float | None:
    return part / total if total and part is not None else None
