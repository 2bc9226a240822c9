"""edge-sdk segment: a volume or a sweep into a mask."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.console import print_json
from apps.image_warnings import image_warnings
from apps.inputs import GridChoice, kind_of, read_configs
from apps.levels import say_levels, untaught_levels, volume_levels
from apps.orientation_warnings import orientation_warnings, tracker_warnings
from apps.outputs import MASK_NAMES, Segmented, mask_writer, write_json
from apps.progress import progress
from apps.sweep_warnings import for_json, warn
from apps.sweeps import (
    GridOption,
    LagOption,
    MaxGapOption,
    PixelSpacingOption,
    PosesOption,
    SweepOptions,
    load_sweep,
    sweep_options,
)
from apps.tables import show
from edge_sdk.errors import FileFormatError
from edge_sdk.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_sdk.data_warning import DataWarning
    from edge_sdk.inference.segment import ProbabilitySink
    from edge_sdk.packages.manifest import Manifest
    from edge_sdk.sweep.warning import SweepWarning
    from edge_sdk.volume.grid import Volume


def command(
    source: Annotated[Path, typer.Argument(metavar="VOLUME|SWEEP", help="Volume, or tracked sweep.")],
    package: Annotated[Path, typer.Option("--package", help="The network: an .edgepkg.")],
    output: Annotated[Path, typer.Option("-o", "--output", help=f"Mask: {MASK_NAMES}.")],
    target: Annotated[
        str,
        typer.Option(
            help="openvino, onnxruntime or executorch, with another device than the CPU after a colon (openvino:NPU); "
            "or auto: the fastest that is right here."
        ),
    ] = "auto",
    config: Annotated[
        list[Path] | None, typer.Option(metavar="PLUS.xml", help="PLUS configuration of a sweep; repeatable.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: the runtime decides.")] = None,
    surface: Annotated[
        Path | None,
        typer.Option(metavar="S.stl", help="Also write the surface of each class, S-CLASS.stl (extra mesh)."),
    ] = None,
    measure: Annotated[
        Path | None,
        typer.Option("--measurements", metavar="M.json", help="Also write volume, place and size of each class."),
    ] = None,
    grid: GridOption = None,
    probabilities: Annotated[
        Path | None,
        typer.Option(
            metavar="P.nii.gz",
            help="Also write the probabilities of all classes on the image's grid (x, y, z, class): NIfTI, uint8 with "
            "scl_slope 1/255, so steps of 0.004.",
        ),
    ] = None,
    poses: PosesOption = None,
    lag: LagOption = None,
    max_gap: MaxGapOption = None,
    pixel_spacing: PixelSpacingOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print mask, class_ml, seconds and target as JSON.")] = False,
) -> None:
    """Segment a volume, or the volume of a tracked sweep."""
    from edge_sdk.files import check_place
    from edge_sdk.inference.segment import segment
    from edge_sdk.metrics import class_ml
    from edge_sdk.packages.package import Package
    from edge_sdk.volume.measurements import measurements
    from edge_sdk.volume.probability_file import check_probability_name
    from edge_sdk.volume.surface import check_surface_name, write_surfaces

    options = sweep_options(poses, lag, max_gap, pixel_spacing)
    inputs = [source, package, *(config or ()), options.pose_file]
    writer = mask_writer(output, inputs)
    if surface is not None:
        check_surface_name(surface)
    if probabilities is not None:
        check_probability_name(probabilities)
        if probabilities.absolute() in {place.absolute() for place in (output, measure) if place is not None}:
            raise FileFormatError("is named twice as an output", where=probabilities, remedy="choose another name")
    for place in filter(None, (output, surface, measure, probabilities)):
        check_place(place, inputs=inputs)
    with Package(package) as opened, progress() as report:
        made = _volume(source, options, config, grid, opened.manifest, report)
        writer.check(made.volume)
        warn(made.doubts)
        labels = opened.manifest.labels
        with opened.open(target, threads) as session:
            start = time.perf_counter()
            with (
                image_warnings() as found,
                _probabilities(probabilities, made.volume, len(labels)) as sink,
            ):
                mask = segment(session, made.volume, progress=report, probabilities=sink, where=source)
            seconds = time.perf_counter() - start
        writer.write(Segmented(made.volume, mask, labels, opened.manifest.name, made.recording, made.tracked))
        if measure is not None:
            identity = {"name": opened.manifest.name, "manifest_sha256": opened.digest}
            measured = measurements(mask, labels, package=identity, seen=made.seen)
            write_json(measure, measured.as_json())
        amounts = class_ml(mask.voxels, mask.grid.voxel_ml, labels)
        ran_on = {name: value for name, value in session.description.known().items() if name in ("chosen", "compiled")}
        result = {
            "mask": str(output),
            "class_ml": amounts,
            "seconds": seconds,
            "target": session.target,
            **ran_on,
            **made.reported,
            "warnings": for_json([*made.warnings, *made.doubts, *found]),
            **({} if probabilities is None else _written(probabilities)),
            **({} if measure is None else {"measurements": str(measure)}),
            **({} if surface is None else {"surfaces": _names(write_surfaces(mask, labels, surface))}),
        }
    if as_json:
        print_json(result)
    else:
        show(str(output), {name: value for name, value in result.items() if name != "warnings"})


def _probabilities(path: Path | None, volume: Volume, classes: int) -> AbstractContextManager[ProbabilitySink | None]:
    """What takes the probabilities, and writes them where they are asked for."""
    if path is None:
        return nullcontext()
    from edge_sdk.volume.probability_file import probability_file

    return probability_file(path, volume, classes)


def _written(probabilities: Path) -> dict[str, str]:
    from edge_sdk.volume.probability_file import ENCODING

    return {"probabilities": str(probabilities), "probabilities_encoding": ENCODING}


def _names(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: str(file) for name, file in files.items()}


@dataclass(frozen=True)
class _Input:
    """What is segmented.

    Attributes:
        volume: Gray levels (D, H, W).
        tracked: Whether a device measured the poses of its frames.
        seen: (D, H, W) whether a frame reached the voxel; None where nobody knows.
        recording: The sweep that the volume was made from; None where a volume was given.
        reported: Fields of the output: levels of the input, and facts about a sweep.
        warnings: What is probably wrong with the input.
        doubts: What is doubtful about the levels that the network gets.
    """

    volume: Volume
    tracked: bool
    seen: NDArray[np.bool_] | None = None
    recording: Path | None = None
    reported: Mapping[str, object] = field(default_factory=dict)
    warnings: Sequence[DataWarning] = ()
    doubts: Sequence[SweepWarning] = ()


def _volume(
    source: Path,
    options: SweepOptions,
    config: list[Path] | None,
    grid: GridChoice | None,
    manifest: Manifest,
    report: Progress,
) -> _Input:
    """The volume itself, or the one that `stream` would build from the sweep."""
    kind = kind_of(source)
    if kind == "volume":
        from edge_sdk.inference.finite import require_finite
        from edge_sdk.volume.files import read_volume

        if options != SweepOptions() or grid is not None:
            raise FileFormatError(
                "is a volume, and --poses, --lag, --max-gap, --pixel-spacing and --grid are for sweeps",
                where=source,
                remedy="leave them out",
            )
        given = read_volume(source)
        require_finite(given.voxels, where=source)  # before anything is told of its levels
        volume, levels, doubts = volume_levels(given, manifest.normalization)
        known = [*volume.warnings, *orientation_warnings(volume, manifest)]
        warn(known)
        return _Input(volume, volume.tracked, reported=levels, warnings=known, doubts=doubts)
    if kind != "sweep":
        raise FileFormatError(f"is a {kind}", where=source, remedy="give a volume or a tracked sweep")
    from apps.stream.core.volume_plan import plan_volume
    from edge_sdk.sweep.gray_frames import levels_summary
    from edge_sdk.sweep.outside import lost_frames
    from edge_sdk.volume.grid import Volume
    from edge_sdk.volume.orientation import tracker_spacing
    from edge_sdk.volume.reconstruct import compound, read_out

    plus = read_configs(config, grid)
    spacing = tracker_spacing(manifest.spacing_mm, manifest.orientation)
    plan = plan_volume(load_sweep(source, options, config=plus), plus, spacing)
    doubts = untaught_levels(manifest.normalization, plan.pixel_type, plan.gray_range)
    known = [*tracker_warnings(manifest), *plan.warnings]
    warn(known)
    say_levels(plan.sweep)
    compounder, summary = compound(plan.sweep, config=plus, settings=plan.settings, poses=plan.poses, progress=report)
    voxels, hit = read_out(compounder, plan.settings, progress=report)
    # The mask's file states the counts of frames; the provenance is in the command's output.
    volume = Volume(voxels, compounder.grid, compounding=summary, gray_range=plan.gray_range)
    lost = lost_frames(summary.frames_outside, summary.frames_inserted + summary.frames_outside)
    warn(lost)
    reported = {**summary.frame_counts(), **plan.provenance.summary(), **levels_summary(plan.sweep)}
    seen = hit | (voxels != 0)
    return _Input(volume, plan.provenance.tracked, seen, source, reported, [*known, *lost], doubts)
