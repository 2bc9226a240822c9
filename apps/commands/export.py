"""edge-sdk export: a compressed run into a package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from apps.console import say
from apps.progress import progress
from apps.training import require_training


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of compress.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Package to write: NAME.edgepkg.")],
    target: Annotated[str, typer.Option(help="openvino, onnxruntime, executorch, or all.")] = "all",
    precision: Annotated[str, typer.Option(help="int8 or fp32.")] = "int8",
    allow_failing: Annotated[bool, typer.Option("--allow-failing", help="Write it though the gate failed.")] = False,
) -> None:
    """Export to one target or all, compare each with the reference, and write the package."""
    from apps.exporting import PRECISIONS, PackagePrecision, export_package
    from targets.registry import TARGETS

    if target != "all" and target not in TARGETS:
        raise typer.BadParameter(f"{target!r} is none of {', '.join(TARGETS)}, all", param_hint="--target")
    if precision not in PRECISIONS:
        raise typer.BadParameter(f"{precision!r} is none of {', '.join(PRECISIONS)}", param_hint="--precision")
    require_training("edge-sdk export")
    from edge_sdk.files import refuse_overwriting
    from quantization.run_folder import RunFolder

    if run.is_dir():
        refuse_overwriting(output, run.iterdir())
    names = list(TARGETS) if target == "all" else [target]
    with progress() as report:
        results = export_package(
            RunFolder(run),
            output,
            targets=names,
            precision=cast("PackagePrecision", precision),
            allow_failing=allow_failing,
            progress=report,
        )
    for name, result in results.items():
        say(
            f"{name} {precision}: max error {result.max_error:.3g} (bound {result.bound:.3g}), "
            f"mean {result.mean_error:.2g}, class differs in {100 * (result.class_change or 0):.3f} % of voxels"
        )
    say(f"{output}: {output.stat().st_size / 1e6:.2f} MB")
