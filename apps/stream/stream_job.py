"""A job: what its settings come to, with everything that a stream cannot go without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apps.inputs import read_configs
from apps.stream.core.settings import IgtlSettings, StreamSettings, ViewerSettings, memory_bytes
from apps.stream.core.settings_from_options import missing
from apps.stream.input.input_options import InputOptions
from apps.stream.input.uris.poses import PoseFileUri, parse_poses
from apps.stream.input.uris.sources import ReplayUri, parse_source
from apps.stream.results.places import OutputPlaces
from edge_sdk.errors import RecipeError


@dataclass(frozen=True)
class StreamJob:
    """All that a stream is asked to do.

    Attributes:
        input: Where frames and poses come from.
        package: The network: an .edgepkg.
        places: Where results and recordings go.
        target: A target of the package, or "auto".
        threads: CPU threads of the network; None: the runtime's own choice.
        formats: Formats of `apps.outputs.FORMATS` in which the result is written too.
        viewer: The page that shows the stream.
        igtl: The OpenIGTLink server that gives the volume and the mask away.
        log_file: File of the log; None: stderr.
        max_memory: Resident memory that the process may take at most, bytes; None: what the device has.
        reads: Files that the job reads, which none of its results may replace.
    """

    input: InputOptions
    package: Path
    places: OutputPlaces
    target: str = "auto"
    threads: int | None = None
    formats: tuple[str, ...] = ()
    viewer: ViewerSettings = field(default_factory=ViewerSettings)
    igtl: IgtlSettings = field(default_factory=IgtlSettings)
    log_file: Path | None = None
    max_memory: int | None = None
    reads: tuple[Path, ...] = ()


def resolve(settings: StreamSettings) -> StreamJob:
    """The job that settings describe: URIs understood, configurations read.

    Args:
        settings: Settings of a file and of the command line.

    Raises:
        RecipeError: The source, the package or the output folder is missing.
        EdgeSdkError: A URI or a configuration cannot be understood.
    """
    source, package, folder = settings.source.uri, settings.package.path, settings.output.folder
    if source is None or package is None or folder is None:
        raise RecipeError(f"there is no {missing(settings)}", where="settings", remedy="see `edge-sdk stream --help`")
    crop = settings.source.crop
    wanted = InputOptions(
        source=parse_source(source),
        poses=None if settings.poses.uri is None else parse_poses(settings.poses.uri),
        config=read_configs(settings.volume.config, settings.volume.grid),
        grid=settings.volume.grid,
        lag=settings.poses.lag_s,
        max_gap=settings.poses.max_gap_s,
        wait_s=settings.poses.wait_s,
        pixel_spacing=settings.source.pixel_spacing_mm,
        crop=None if crop is None else ((crop[0], crop[1]), (crop[2], crop[3])),
        orientation=settings.source.orientation,
        spacing=settings.volume.spacing_mm,
        box=settings.volume.box_mm,
        around=settings.volume.around_mm,
    )
    return StreamJob(
        wanted,
        package,
        OutputPlaces(folder, settings.recording.path, several=settings.viewer.enabled),
        settings.package.target,
        settings.package.threads,
        settings.output.also,
        settings.viewer,
        settings.igtl,
        settings.log.file,
        None if settings.volume.max_memory is None else memory_bytes(settings.volume.max_memory),
        files_read(wanted, package, settings.volume.config),
    )


def files_read(wanted: InputOptions, package: Path, configs: Sequence[Path]) -> tuple[Path, ...]:
    """Files that a job with these inputs reads."""
    named = [each.path for each in (wanted.source, wanted.poses) if isinstance(each, ReplayUri | PoseFileUri)]
    return (*named, package, *configs)
