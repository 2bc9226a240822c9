"""edge-sdk inspect: what a file holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.console import print_json
from apps.inputs import kind_of, read_configs, with_header
from apps.sweep_warnings import warn
from apps.sweeps import LagOption, MaxGapOption, PixelSpacingOption, PosesOption, SweepOptions, sweep_options
from apps.tables import show, show_rows
from edge_sdk.errors import FileFormatError

if TYPE_CHECKING:
    from edge_sdk.packages.package import Package


def command(
    file: Annotated[Path, typer.Argument(help="A sweep, volume, PLUS configuration, checkpoint, run or package.")],
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PLUS.xml", help="PLUS configuration with the calibration, for the extent of a sweep; repeatable."
        ),
    ] = None,
    executed: Annotated[
        bool, typer.Option("--executed", help="Run a package and show each operator's kernel and precision.")
    ] = False,
    target: Annotated[str | None, typer.Option(help="Of --executed; default: every installed one.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of --executed.")] = None,
    poses: PosesOption = None,
    lag: LagOption = None,
    max_gap: MaxGapOption = None,
    pixel_spacing: PixelSpacingOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what a sweep, volume, PLUS configuration, checkpoint, run or package holds."""
    file = with_header(file)
    kind = kind_of(file)
    if executed and kind != "package":
        raise FileFormatError(f"is a {kind}, and --executed is for packages", where=file, remedy="give an .edgepkg")
    if kind == "package":
        from edge_sdk.packages.package import Package

        with Package(file) as package:
            if executed:
                _executed(package, target, threads, as_json)
                return
            from apps.inspection.packages import describe_package

            values: Mapping[str, object] = describe_package(package).as_json()
    else:
        values = _describe(file, kind, config, sweep_options(poses, lag, max_gap, pixel_spacing))
    if as_json:
        print_json({"file": str(file), **values})
    else:
        show(str(file), {name: value for name, value in values.items() if name != "warnings"})


def _describe(file: Path, kind: str, config: list[Path] | None, options: SweepOptions) -> Mapping[str, object]:
    """What a file holds, as JSON has it; what is probably wrong with a sweep or volume goes to stderr too."""
    if kind == "sweep":
        from apps.inspection.sweeps import describe_sweep

        sweep = describe_sweep(file, read_configs(config), options)
        warn(sweep.coverage.warnings)
        return sweep.as_json()
    if kind == "volume":
        from apps.inspection.volumes import describe_volume

        volume = describe_volume(file)
        warn(volume.warnings)
        return volume.as_json()
    if kind == "configuration":
        from apps.inspection.configurations import describe_configuration

        return describe_configuration(file).as_json()
    from apps.inspection import checkpoints

    return checkpoints.describe_run(file) if kind == "run" else checkpoints.describe_checkpoint(file)


def _executed(package: Package, target: str | None, threads: int | None, as_json: bool) -> None:
    from apps.accelerators import RUNTIME, accelerators
    from apps.inspection.executed import NotRun, executed_operators

    found = executed_operators(package, target, threads)
    if target is None and RUNTIME in package.targets:
        found |= {f"{RUNTIME}:{kind}": NotRun(why) for kind, why in accelerators().items()}
    if as_json:
        executed = {name: entry.as_json() for name, entry in found.items()}
        print_json({"file": str(package.source), "executed": executed})
        return
    for name, entry in found.items():
        if isinstance(entry, NotRun):
            show(name, {"not run": entry.not_run})
        else:
            show_rows(f"{name}: executed operators", entry.operator_rows())
            show_rows(f"{name}: by precision", entry.precision_rows())
            show_rows(f"{name}: by work", entry.work_rows())
            if entry.delegated:
                show(f"{name}: delegated", vars(entry.delegated))
