"""Whether a package is whole and right on this device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from apps.sweep_warnings import for_json
from edge_sdk.errors import TargetError
from edge_sdk.session import runtime_of

if TYPE_CHECKING:
    from apps.inspection.accuracy_check import AccuracyCheck
    from apps.inspection.every_target import EveryTargetCheck
    from edge_sdk.data_warning import DataWarning
    from edge_sdk.packages.manifest import Gate
    from edge_sdk.packages.package import Package
    from edge_sdk.progress import Progress


@dataclass(frozen=True)
class TargetSelfTest:
    """The self-test of one target; see `edge_sdk.packages.selftest.SelfTestResult`.

    Attributes:
        target: Its name.
        precision: "int8" or "fp32".
        max_error, mean_error, class_change, bound: Of the self-test; None where the target does not run here.
        verdict: Whether it stays within the bound.
        why: What is wrong with it; None where nothing is.
    """

    target: str
    precision: str | None
    max_error: float | None
    mean_error: float | None
    class_change: float | None
    bound: float | None
    verdict: Literal["passed", "failed", "not run"]
    why: str | None


@dataclass(frozen=True)
class Verification:
    """What `edge-sdk verify` found.

    Attributes:
        source: The package.
        digest: Its identity: SHA-256 of its manifest.
        gate: The gate's verdict when it was made.
        targets: Self-test of each target.
        accuracy: On labeled volumes; None where none were given.
        warnings: What is probably wrong with those volumes.
    """

    source: Path
    digest: str
    gate: Gate
    targets: list[TargetSelfTest]
    accuracy: AccuracyCheck | EveryTargetCheck | None = None
    warnings: tuple[DataWarning, ...] = ()

    def with_accuracy(
        self, accuracy: AccuracyCheck | EveryTargetCheck, warnings: Iterable[DataWarning] = ()
    ) -> Verification:
        """The same with the accuracy on labeled volumes, and what is probably wrong with them."""
        return replace(self, accuracy=accuracy, warnings=tuple(warnings))

    @property
    def passes(self) -> bool | None:
        """Whether no self-test failed and the accuracy, where measured, is kept; None where that is not known."""
        runs_right = all(entry.verdict != "failed" for entry in self.targets)
        return runs_right if self.accuracy is None else runs_right and self.accuracy.passes

    def as_json(self) -> dict[str, object]:
        """As `verify --json` prints it."""
        accuracy = {} if self.accuracy is None else self.accuracy.as_json()
        accuracy.pop("passes", None)
        return {
            "package": str(self.source),
            "integrity": "every hash is right",
            "digest": self.digest,
            "gate": self.gate.model_dump(mode="json", include={"verdict", "reason", "allowed_failing"}),
            "targets": [vars(entry) for entry in self.targets],
            "passes": self.passes,
            "warnings": for_json(self.warnings),
            **accuracy,
        }


def verify(package: Package, target: str | None, threads: int | None, report: Progress) -> Verification:
    """Run the self-test of the named target, or of every installed one.

    Args:
        package: Whose hashes were checked when it was opened.
        target: Name of the target; None for all that the package holds.
        threads: For the runtime; None leaves it to the runtime.
        report: Follows the work.

    Raises:
        TargetError: The named target, or every target, cannot run here.
    """
    names = [target] if target else list(package.targets)
    tests = []
    for done, name in enumerate(names, 1):
        tests.append(_selftest(package, name, threads, named=target is not None))
        report(done, len(names), "self-test")
    if all(entry.verdict == "not run" for entry in tests):
        why = "; ".join(entry.why or "" for entry in tests)
        raise TargetError(f"no target can run here ({why})", where=package.source, remedy="see edge-sdk doctor")
    return Verification(package.source, package.digest, package.manifest.gate, tests)


def _selftest(package: Package, name: str, threads: int | None, *, named: bool) -> TargetSelfTest:
    """The self-test of a target; one that was named must run here."""
    precision = package.manifest.precision.get(runtime_of(name))
    try:
        package.target(name)
    except TargetError as error:
        if named:
            raise
        return TargetSelfTest(name, precision, None, None, None, None, "not run", error.what)
    found = package.selftest(name, threads)
    return TargetSelfTest(
        target=name,
        precision=precision,
        max_error=found.max_error,
        mean_error=found.mean_error,
        class_change=found.class_change,
        bound=found.bound,
        verdict="passed" if found.passes else "failed",
        why=found.problem,
    )
