"""edge-sdk simulate: a tracked sweep of a phantom whose labels are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.console import print_json
from apps.progress import progress
from apps.tables import show
from edge_sdk.errors import FileFormatError

SUFFIXES = (".igs.mha", ".mha")


def command(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="Sweep to write, NAME.igs.mha; NAME.xml and NAME-labels.nii.gz go beside it."
        ),
    ],
    frames: Annotated[int, typer.Option(min=2, help="Number of frames.")] = 120,
    anatomy: Annotated[str, typer.Option(help="vascular (vessel, cyst, lesion, shadow) or cysts.")] = "vascular",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same sweep.")] = 0,
    probe: Annotated[str, typer.Option(help="convex or linear.")] = "convex",
    frame_rate: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Simulate a freehand sweep over a speckle phantom: the sweep, its PLUS configuration, and the true labels."""
    from edge_sdk.files import atomic_path
    from edge_sdk.simulation.simulate import simulate
    from edge_sdk.sweep.formats import write_sweep
    from edge_sdk.volume.files import write_volume

    config, labels = companions(output)
    with progress() as report:
        made = simulate(frames=frames, anatomy=anatomy, seed=seed, probe=probe, frame_rate=frame_rate, progress=report)
    with (
        atomic_path(labels) as labels_part,
        atomic_path(config) as config_part,
        atomic_path(output) as sweep_part,
    ):
        write_volume(made.labels, labels_part)
        config_part.write_text(made.plus_config_xml)
        write_sweep(made.sweep, sweep_part)
    result = {
        "sweep": str(output),
        "config": str(config),
        "labels": str(labels),
        "frames": len(made.sweep),
        "label_names": {str(label): name for label, name in made.label_names.items()},
    }
    if as_json:
        print_json(result)
    else:
        show("simulated", result)


def companions(sweep: Path) -> tuple[Path, Path]:
    """Where the PLUS configuration and the labels of a sweep go.

    Raises:
        FileFormatError: The name does not end as a sweep's.
    """
    for suffix in SUFFIXES:
        if sweep.name.endswith(suffix):
            stem = sweep.name[: -len(suffix)]
            return sweep.with_name(f"{stem}.xml"), sweep.with_name(f"{stem}-labels.nii.gz")
    raise FileFormatError(
        "is not a sweep by its name", where=sweep, remedy=f"use a name that ends with {' or '.join(SUFFIXES)}"
    )
