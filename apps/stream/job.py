"""The whole of `edge-sdk stream`: from settings to the files of one sweep, or of one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.inputs import read_configs
from apps.logs import log_event, logger_of
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.settings import StreamSettings
from apps.stream.core.signals import Interrupts
from apps.stream.input.open_input import open_input
from apps.stream.input.uri import ReplayUri, parse_source
from apps.stream.outlets.open_outlets import open_outlets
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.pipeline.watchdog import StuckError
from apps.stream.results.places import recording_place
from apps.stream.results.report import Accuracy
from apps.stream.results.sinks import check_folder
from apps.stream.sweep_job import SweepJob
from apps.stream.work.outcome import StreamOutcome
from apps.sweeps import SweepOptions, parse_pixel_spacing
from edge_sdk.errors import EdgeSdkError
from edge_sdk.inference.segmenter import VolumeSegmenter, check_tilewise
from edge_sdk.packages.package import load_package
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress
from edge_sdk.sweep.recording.recorder import check_recording

Judge = Callable[[StreamOutcome, PackageSession], Accuracy]
_LOGGER = logger_of("stream")


def stream_to_folder(
    source: str,
    package: Path,
    folder: Path,
    *,
    options: SweepOptions | None = None,
    config: Sequence[Path] = (),
    target: str = "auto",
    threads: int | None = None,
    record: Path | None = None,
    title: str | None = None,
    judge: Judge | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Stream one sweep and leave volume, mask, picture and reports; see `run_job`.

    Args:
        source: A URI, see `parse_source`.
        package: An .edgepkg.
        folder: Where the files go.
        options: Poses, lag, gap and pixel size.
        config: PLUS configurations.
        target, threads, record: As in the settings.
        title, judge, progress: As of `run_job`.
    """
    options = options or SweepOptions()
    settings = StreamSettings.model_validate(
        {
            "source": {"uri": source, "pixel_spacing_mm": parse_pixel_spacing(options.pixel_spacing)},
            "poses": {"uri": options.poses, "lag_s": options.lag, "max_gap_s": options.max_gap},
            "volume": {"config": config},
            "package": {"path": package, "target": target, "threads": threads},
            "output": {"folder": folder},
            "recording": {"path": record},
        }
    )
    return run_job(settings, title=title, judge=judge, progress=progress)


def run_job(
    settings: StreamSettings,
    *,
    title: str | None = None,
    judge: Judge | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """Stream a sweep; with a viewer as many as its operator starts, until the program is asked to end.

    Ctrl-C or SIGTERM ends the sweep that runs, finishes what has come and saves it; a second one stops at once.

    Args:
        settings: With a source, a package and an output folder.
        title: Heading of picture and page; by default the source's and the package's names.
        judge: Compares the result with known labels, while the session is open.
        progress: Called with (done, total, what).
        announce: Called with a line for the user, such as the viewer's address.

    Returns:
        The report of the last sweep; its summary is what `stream_summary` gives. Empty where none was started.

    Raises:
        EdgeSdkError: An input cannot be used, or the package cannot stream; nothing is written.
        StreamError: A stage failed; what was compounded by then is kept in the folder under a name of its own. With
            a viewer, it says so and another sweep may be started.
    """
    assert settings.source.uri is not None
    assert settings.package.path is not None
    assert settings.output.folder is not None
    uri = parse_source(settings.source.uri)
    recording = uri.path if isinstance(uri, ReplayUri) else None
    pose_file = SweepOptions(settings.poses.uri).pose_file
    inputs = [recording, pose_file, settings.package.path, *settings.volume.config]
    check_folder(settings.output.folder, formats=settings.output.also, inputs=inputs)
    if (place := recording_place(settings, datetime.now().astimezone())) is not None:
        check_recording(place)
    config = read_configs(settings.volume.config)
    clock = Clock()
    with ExitStack() as stack:
        opened = stack.enter_context(load_package(settings.package.path))
        check_tilewise(opened.manifest)
        interrupts = Interrupts()
        stack.enter_context(interrupts.installed())
        with interrupts.raising():
            source = open_input(uri, settings, config, opened.manifest.spacing_mm, clock, stack)
            start = time.perf_counter()
            session = stack.enter_context(opened.open(settings.package.target or "auto", settings.package.threads))
        title = title or f"{source.name} · {opened.manifest.name}"
        about = {
            "target": session.target,
            "open_s": round(time.perf_counter() - start, 3),
            **session.description.known(),
        }
        watched = bool(settings.viewer.enabled)
        control = StreamControl(clock, "ready" if watched else "running")
        board = RunningBoard(title, opened.manifest.labels, source, control, clock)
        for address in open_outlets(settings, board, stack):
            announce(address)
        log_event(_LOGGER, "opened", source=settings.source.uri, package=opened.manifest.name, target=session.target)
        job = SweepJob(
            settings,
            source,
            VolumeSegmenter(session, opened.manifest),
            opened.manifest,
            opened.digest,
            about,
            control=control,
            board=board,
            clock=clock,
            interrupts=interrupts,
            title=title,
            announce=announce,
            judge=None if judge is None else lambda outcome: judge(outcome, session),
        )
        if not watched:
            return job.run(progress)
        return _while_wanted(job, control, board, interrupts, progress)


def _while_wanted(
    job: SweepJob, control: StreamControl, board: RunningBoard, interrupts: Interrupts, progress: Progress | None
) -> dict[str, Any]:
    """One sweep after the other, until someone ends the program; the report of the last one that was saved."""
    report: dict[str, Any] = {}
    asked = interrupts.asked
    while not asked.is_set():
        control.wait_while("ready", stop=asked, watch=job.watch)
        if asked.is_set():
            break
        try:
            report = job.run(progress) or report
        except EdgeSdkError as error:
            if asked.is_set() or isinstance(error.__cause__, StuckError):
                raise
            control.enter("failed", str(error))
            log_event(_LOGGER, "sweep failed", severity="error", why=str(error))
        control.wait_while("saved", "failed", stop=asked, watch=job.watch)
        board.clear()
    return report
