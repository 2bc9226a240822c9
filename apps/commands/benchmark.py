"""edge-sdk benchmark: how fast, how right and how large a package is on this device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.case_warnings import warn_of_unused_labels
from apps.progress import progress
from apps.tables import show_rows
from edge_sdk.errors import TargetError


def command(
    package: Annotated[Path, typer.Argument(metavar="P", help="The .edgepkg to measure.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for report.json, report.html and report.md.")
    ],
    target: Annotated[str, typer.Option(help="openvino, onnxruntime, executorch, or all that the package holds.")] = (
        "all"
    ),
    data: Annotated[
        Path | None,
        typer.Option(help="Labeled volumes (images/, labels/): work on them and measure the accuracy as well."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: the runtime decides.")] = None,
    warmup: Annotated[int, typer.Option(min=0, help="Inferences before those that count.")] = 5,
    samples: Annotated[int, typer.Option(min=1, help="Least number of inferences that count; p99 needs 100.")] = 100,
    min_seconds: Annotated[float, typer.Option(min=0.0, help="Least duration of the inferences that count.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the random patch and of the simulated sweep.")] = 0,
) -> None:
    """Measure a package on this device, each target in a process of its own, and write a report.

    A target that is not installed is skipped, and the report says so. Where one fails, or none runs, the report is
    written all the same and the exit status is 1.
    """
    from apps.benchmark.job import benchmark
    from apps.benchmark.protocol import MeasurementProtocol
    from apps.benchmark.report_files import write_report
    from apps.benchmark.summary import summary_rows
    from apps.report.html import fields_of, is_measured
    from edge_sdk.files import refuse_overwriting

    protocol = MeasurementProtocol(warmup, samples, min_seconds, seed, threads)
    refuse_overwriting(output / "report.json", [package])
    if data is not None:
        warn_of_unused_labels(data)
    with progress() as report_progress:
        report = benchmark(package, target, protocol, data=data, progress=report_progress)
    write_report(report, output)
    rows = [
        {name: value if is_measured(value) else None for name, value in fields_of(row).items()}
        for row in summary_rows(report)
    ]
    show_rows(str(output), rows)
    if report.status.state != "ok":
        reasons = "; ".join(
            f"{item.target} {item.status.state}: {item.status.why}"
            for item in report.targets
            if item.status.state != "ok"
        )
        raise TargetError(reasons, where=package, remedy=f"see {output / 'report.html'}")
