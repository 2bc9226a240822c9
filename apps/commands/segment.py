"""edge-sdk segment: a volume or a sweep into a mask."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.console import print_json
from apps.inputs import kind_of, read_configs
from apps.progress import progress
from apps.sweep_warnings import for_json, frame_counts, warn
from apps.sweeps import LagOption, MaxGapOption, PixelSpacingOption, PosesOption, SweepOptions, load_sweep, told
from apps.tables import show
from edge_sdk.errors import FileFormatError
from edge_sdk.progress import Progress

if TYPE_CHECKING:
    from edge_sdk.manifest import Manifest
    from edge_sdk.volume.grid import Volume


def command(
    source: Annotated[Path, typer.Argument(metavar="VOLUME|SWEEP", help="Volume, or tracked sweep.")],
    package: Annotated[Path, typer.Option("--package", help="The network: an .edgepkg.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Mask: .nii.gz, .mha, .nrrd or .seg.nrrd.")],
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
    from edge_sdk.package import Package
    from edge_sdk.volume.surface import check_surface_name, write_surfaces

    write = mask_writer(output)
    check_place(output)
    if surface is not None:
        check_surface_name(surface)
        check_place(surface)
    options = SweepOptions(poses, lag, max_gap, pixel_spacing)
    with Package(package) as opened, progress() as report:
        volume, rests_on = _volume(source, options, config, opened.manifest, report)
        with opened.open(target, threads) as session:
            start = time.perf_counter()
            mask = segment(session, volume, progress=report)
            seconds = time.perf_counter() - start
        write(mask, opened.manifest)
        amounts = class_ml(mask.voxels, mask.grid.voxel_ml, opened.manifest.labels)
        ran_on = {name: value for name, value in session.description.items() if name in ("chosen", "compiled")}
        result = {
            "mask": str(output),
            "class_ml": amounts,
            "seconds": seconds,
            "target": session.target,
            **ran_on,
            **rests_on,
            **({} if surface is None else {"surfaces": _names(write_surfaces(mask, opened.manifest.labels, surface))}),
        }
    if as_json:
        print_json(result)
    else:
        show(str(output), {name: value for name, value in result.items() if name != "warnings"})


def _names(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: str(file) for name, file in files.items()}


def mask_writer(path: Path) -> Callable[[Volume, Manifest], None]:
    """How to write a mask of this name; refused before the work where it cannot be.

    Raises:
        FileFormatError: No mask format by its name.
    """
    from edge_sdk.volume.files import volume_suffix, write_segmentation, write_volume

    if path.name.lower().endswith(".dcm"):
        raise FileFormatError(
            "DICOM SEG is not written by this version",
            where=path,
            remedy="use a name that ends with .nii.gz, .mha, .nrrd or .seg.nrrd",
        )
    if path.name.lower().endswith(".seg.nrrd"):
        return lambda mask, manifest: write_segmentation(mask, manifest.labels, path)
    volume_suffix(path)
    return lambda mask, _manifest: write_volume(mask, path)


def _volume(
    source: Path, options: SweepOptions, config: list[Path] | None, manifest: Manifest, report: Progress
) -> tuple[Volume, dict[str, Any]]:
    """The volume itself, or the one that `stream` would build from the sweep, and what that rests on."""
    kind = kind_of(source)
    if kind == "volume":
        from edge_sdk.volume.files import read_volume

        if options != SweepOptions():
            raise FileFormatError(
                "is a volume, and --poses, --lag, --max-gap and --pixel-spacing are for sweeps",
                where=source,
                remedy="leave them out",
            )
        return read_volume(source), {}
    if kind != "sweep":
        raise FileFormatError(f"is a {kind}", where=source, remedy="give a volume or a tracked sweep")
    from apps.stream.plan import plan_volume
    from edge_sdk.volume.reconstruct import reconstruct

    said = read_configs(config)
    plan = plan_volume(load_sweep(source, options, config=said), said, manifest.spacing_mm)
    warn(plan.warnings)
    volume = reconstruct(plan.sweep, config=said, settings=plan.settings, poses=plan.poses, progress=report)
    return volume, {**frame_counts(volume), **told(plan.sweep), "warnings": for_json(plan.warnings)}
