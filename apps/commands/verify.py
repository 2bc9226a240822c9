"""edge-sdk verify: is a package whole, right on this device, and as accurate as its reference?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.case_warnings import warn_of_unused_labels
from apps.console import print_json
from apps.image_warnings import image_warnings
from apps.progress import progress
from apps.sweep_warnings import warn
from apps.tables import show, show_rows
from edge_sdk.errors import PackageError

if TYPE_CHECKING:
    from apps.inspection.accuracy_check import AccuracyCheck
    from apps.inspection.every_target import EveryTargetCheck
    from apps.inspection.verification import Verification
    from edge_sdk.packages.package import Package
    from edge_sdk.progress import Progress


def command(
    package: Annotated[Path, typer.Argument(help="The .edgepkg to check.")],
    data: Annotated[
        Path | None, typer.Option(help="Labeled volumes (images/, labels/) to measure the accuracy on.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="FP32 package to compare with; default: the one beside it, else the manifest's record."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Check this target only; default: every installed one, accuracy on the fastest.")
    ] = None,
    held_out: Annotated[
        bool,
        typer.Option("--held-out", help="Of --data, only the cases that the package was judged on when it was made."),
    ] = False,
    every_target: Annotated[
        bool,
        typer.Option(
            "--every-target",
            help="Accuracy on every installed target, beside that of the graph that they were exported from, on the "
            "held-out cases of --data.",
        ),
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: the runtime decides.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Check a package's hashes, its targets against the reference output, and with --data its accuracy."""
    from apps.inspection.verification import verify
    from apps.orientation_warnings import case_warnings
    from edge_sdk.inference.cases import find_cases
    from edge_sdk.packages.package import Package

    _check_options(data, target, reference, held_out=held_out, every_target=every_target)
    if data is not None:
        warn_of_unused_labels(data)
    with Package(package) as opened, progress() as report, image_warnings() as image_doubts:
        found = verify(opened, target, threads, report)
        if data is not None:
            case_doubts = case_warnings(find_cases(data), opened.manifest)
            warn(case_doubts)
            accuracy = (
                _every_target(opened, data, threads, report)
                if every_target
                else _accuracy(opened, data, reference, target or "auto", threads, report, held_out=held_out)
            )
            found = found.with_accuracy(accuracy, [*case_doubts, *image_doubts])
    result = found.as_json()
    if as_json:
        print_json(result)
    else:
        show_rows("self-test on this device", [vars(entry) for entry in found.targets])
        show(str(package), {name: value for name, value in result.items() if name not in ("targets", "warnings")})
    _raise_unless_passed(package, found)


def _accuracy(
    package: Package,
    data: Path,
    reference: Path | None,
    target: str,
    threads: int | None,
    report: Progress,
    *,
    held_out: bool,
) -> AccuracyCheck:
    from apps.inspection.accuracy_check import check_accuracy

    return check_accuracy(package, data, reference, target, threads, report, held_out=held_out)


def _every_target(package: Package, data: Path, threads: int | None, report: Progress) -> EveryTargetCheck:
    from apps.inspection.every_target import check_every_target

    return check_every_target(package, data, threads, report)


def _check_options(
    data: Path | None, target: str | None, reference: Path | None, *, held_out: bool, every_target: bool
) -> None:
    """Refuse options that contradict each other, as usage errors."""
    if data is None and (held_out or every_target):
        raise typer.BadParameter("needs --data", param_hint="--every-target" if every_target else "--held-out")
    if every_target and (target is not None or reference is not None):
        raise typer.BadParameter(
            "compares all targets with the package's own record: leave out --target and --reference",
            param_hint="--every-target",
        )


def _raise_unless_passed(package: Path, found: Verification) -> None:
    failed = [entry.target for entry in found.targets if entry.verdict == "failed"]
    if failed:
        raise PackageError(
            f"fails its self-test on {', '.join(failed)}", where=package, remedy="do not use it there; export it again"
        )
    if found.accuracy is not None and not found.accuracy.passes:
        raise found.accuracy.failure(package)
