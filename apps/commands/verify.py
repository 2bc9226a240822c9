"""edge-sdk verify: is a package whole, right on this device, and as accurate as its reference?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.console import print_json
from apps.progress import progress
from apps.tables import show, show_rows
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.session import runtime_of

if TYPE_CHECKING:
    from edge_sdk.packages.package import Package


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
    from edge_sdk.packages.package import Package

    _check_options(data, target, reference, held_out=held_out, every_target=every_target)
    with Package(package) as opened, progress() as report:
        tests = _selftests(opened, target, threads, report)
        result: dict[str, Any] = {
            "package": str(package),
            "integrity": "every hash is right",
            "digest": opened.digest,
            "gate": opened.manifest.gate.model_dump(mode="json", include={"verdict", "reason", "allowed_failing"}),
            "targets": tests,
            "passes": all(entry["verdict"] != "failed" for entry in tests),
        }
        if data is not None:
            if every_target:
                from apps.inspection.every_target import measure_every_target

                accuracy = measure_every_target(opened, data, threads, report)
            else:
                from apps.inspection.accuracy import measure_accuracy

                accuracy = measure_accuracy(
                    opened, data, reference, target or "auto", threads, report, held_out=held_out
                )
            kept = accuracy.pop("passes")
            result |= {**accuracy, "passes": result["passes"] and kept}
    if as_json:
        print_json(result)
    else:
        show_rows("self-test on this device", tests)
        show(str(package), {name: value for name, value in result.items() if name != "targets"})
    _raise_unless_passed(package, result)


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


def _selftests(package: Package, target: str | None, threads: int | None, report: Any) -> list[dict[str, Any]]:
    """Every target's self-test; those that are not installed are told, not tried.

    Raises:
        TargetError: The named target, or every target, cannot run here.
    """
    names = [target] if target else list(package.targets)
    rows: list[dict[str, Any]] = []
    for done, name in enumerate(names, 1):
        row: dict[str, Any] = {"target": name, "precision": package.manifest.precision.get(runtime_of(name))}
        try:
            package.target(name)
        except TargetError as error:
            if target:
                raise
            row |= dict.fromkeys(("max_error", "mean_error", "class_change", "bound"))
            rows.append({**row, "verdict": "not run", "why": error.what})
            continue
        found = package.selftest(name, threads)
        row |= {key: getattr(found, key) for key in ("max_error", "mean_error", "class_change", "bound")}
        rows.append({**row, "verdict": "passed" if found.passes else "failed", "why": found.problem})
        report(done, len(names), "self-test")
    if all(row["verdict"] == "not run" for row in rows):
        why = "; ".join(row["why"] for row in rows)
        raise TargetError(f"no target can run here ({why})", where=package.source, remedy="see edge-sdk doctor")
    return rows


def _raise_unless_passed(package: Path, result: dict[str, Any]) -> None:
    failed = [row["target"] for row in result["targets"] if row["verdict"] == "failed"]
    if failed:
        raise PackageError(
            f"fails its self-test on {', '.join(failed)}", where=package, remedy="do not use it there; export it again"
        )
    if result["passes"]:
        return
    if "accuracy_by_target" in result:
        wrong = [row for row in result["accuracy_by_target"] if row["verdict"] == "failed"]
        told = ", ".join(f"{row['target']} {row['difference']:+.4f}" for row in wrong)
        raise PackageError(
            f"its mean Dice differs from its graph's by more than {result['bound']:g}: {told}",
            where=package,
            remedy="do not use it there, or compress with weight_limit = 63",
        )
    if result["ratio"] is None:
        raise PackageError(
            f"its accuracy cannot be judged: {result['reference']}",
            where=package,
            remedy="give the FP32 package with --reference",
        )
    raise PackageError(
        f"keeps {100 * result['ratio']:.2f} % of the FP32 Dice, at least {100 * result['threshold']:.0f} % expected",
        where=package,
        remedy="compress it again with more training, or ship FP32",
    )
