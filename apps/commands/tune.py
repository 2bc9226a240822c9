"""edge-sdk tune: which layers of a package run in INT8 and which in float on this device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.console import print_json, say
from apps.progress import progress
from apps.tables import show_rows
from edge_sdk.errors import PackageError

if TYPE_CHECKING:
    from apps.tuning.tune import Tuning
    from edge_sdk.packages.package import Package

SHOWN = 8


def command(
    package: Annotated[Path, typer.Argument(metavar="P", help="The .edgepkg to tune; it is not changed.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write a package with the fastest plans, for devices like this one."),
    ] = None,
    target: Annotated[str, typer.Option(help="openvino, onnxruntime, or all of these that run here.")] = "all",
    data: Annotated[
        Path | None,
        typer.Option(help="Labeled volumes (images/, labels/): what was tuned must pass the accuracy gate on them."),
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Of --data, only the cases that the package was judged on.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: the runtime decides.")] = None,
    rounds: Annotated[int, typer.Option(min=4, help="Each plan runs once a round; more tell smaller gains.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure which layers are faster in float than in INT8 here, and remember the fastest plan of each target.

    Plans change where a layer is computed, not its weights or grids. What is chosen passes the package's self-test,
    and is used from then on wherever the package is opened on this device with as many threads.
    """
    from apps.tuning.tune import TUNABLE, tune, write_tuned
    from edge_sdk.files import refuse_overwriting
    from edge_sdk.packages.package import Package

    if held_out and data is None:
        raise typer.BadParameter("needs --data", param_hint="--held-out")
    if output is not None:
        refuse_overwriting(output, [package])
    with Package(package) as opened, progress() as report:
        names = [target] if target != "all" else [name for name in opened.targets if name in TUNABLE]
        runnable = names if target != "all" else [name for name in names if _runs(name)]
        tunings = tune(opened, runnable, threads, rounds, report)
        accuracy = {} if data is None else _gate(opened, tunings, data, threads, report, held_out=held_out)
        if output is not None:
            write_tuned(opened, tunings, output)
    if as_json:
        print_json({"package": str(package), "tuned": [_told(each) for each in tunings], "accuracy": accuracy})
        return
    for each in tunings:
        show_rows(f"{each.target}: plans, those worth it first", _told(each)["plans"][:SHOWN])
        for plan, why in each.refused.items():
            say(f"{each.target}: not {plan}: {why}")
        say(f"{each.target}: {each.chosen.name} from now on")
    for name, found in accuracy.items():
        say(f"{name}: keeps {100 * found['ratio']:.2f} % of the FP32 Dice over {found['cases']} cases")


def _runs(name: str) -> bool:
    from targets.registry import TARGETS

    return TARGETS[name].missing() is None and TARGETS[name].missing_exporter() is None


def _gate(
    package: Package, tunings: list[Tuning], data: Path, threads: int | None, report: Any, *, held_out: bool
) -> dict[str, Any]:
    """Accuracy of what was tuned; what fails is forgotten.

    Raises:
        PackageError: A plan does not keep the accuracy.
    """
    from apps.inspection.accuracy import measure_accuracy
    from edge_sdk.packages.tuned import forget_tuned

    found = {}
    for each in tunings:
        if each.kept is None:
            continue
        measured = measure_accuracy(package, data, None, each.target, threads, report, held_out=held_out)
        if not measured["passes"]:
            forget_tuned(each.kept.folder)
            raise PackageError(
                f"{each.chosen.name} on {each.target} does not keep the accuracy (ratio {measured['ratio']})",
                where=package.source,
                remedy="use the package as it is: the plan was forgotten",
            )
        found[each.target] = measured
    return found


def _told(tuning: Tuning) -> dict[str, Any]:
    rows = [
        {"plan": plan.name, "ms": plan.milliseconds, "gain": plan.gain, "float_layers": len(plan.float_layers)}
        for plan in tuning.plans
    ]
    return {"target": tuning.target, "chosen": tuning.chosen.name, "refused": dict(tuning.refused), "plans": rows}
