"""The whole of `edge-sdk stream`: from settings to the files of one sweep, or of one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from apps.inputs import read_configs
from apps.logs import log_event, logger_of
from apps.orientation_warnings import tracker_warnings
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.signals import Interrupts
from apps.stream.input.input_options import InputOptions
from apps.stream.input.open_input import open_input
from apps.stream.input.uris.sources import parse_source
from apps.stream.outlets.open_outlets import open_outlets
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.pipeline.watchdog import StuckError
from apps.stream.results.groups import SessionReport
from apps.stream.results.label_comparison import LabelComparison
from apps.stream.results.places import OutputPlaces
from apps.stream.results.report import StreamReport
from apps.stream.results.sinks import check_folder
from apps.stream.stream_job import StreamJob, files_read
from apps.stream.sweep_job import SweepJob
from apps.stream.work.outcome import FinishedSweep
from apps.sweep_warnings import warn
from apps.sweeps import SweepOptions
from edge_sdk.errors import EdgeSdkError
from edge_sdk.inference.segmenter import VolumeSegmenter, check_tilewise
from edge_sdk.packages.package import load_package
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress
from edge_sdk.sweep.recording.recorder import check_recording
from edge_sdk.volume.orientation import tracker_spacing

Evaluate = Callable[[FinishedSweep, PackageSession], LabelComparison]
"""Compares the result of a sweep with known labels, while the session is open."""
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
    evaluate: Evaluate | None = None,
    progress: Progress | None = None,
) -> StreamReport | None:
    """Stream one sweep and leave volume, mask, picture and reports; see `run_job`.

    Args:
        source: URI of the source, see `parse_source`.
        package: The .edgepkg to segment with.
        folder: Folder that the results are written to.
        options: Poses, lag, gap and pixel size.
        config: Files of PLUS configurations; a later file wins.
        target, threads, record: As in the settings.
        title, evaluate, progress: As in `run_job`.

    Returns:
        The report, or None where no sweep was started.

    Raises:
        EdgeSdkError: As in `run_job`.
    """
    options = options or SweepOptions()
    wanted = InputOptions(
        parse_source(source),
        options.poses,
        read_configs(config),
        lag=options.lag,
        max_gap=options.max_gap,
        pixel_spacing=options.pixel_spacing,
    )
    places = OutputPlaces(folder, record)
    reads = files_read(wanted, package, config)
    job = StreamJob(wanted, package, places, target, threads, reads=reads)
    return run_job(job, title=title, evaluate=evaluate, progress=progress)


def run_job(
    job: StreamJob,
    *,
    title: str | None = None,
    evaluate: Evaluate | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] = lambda _text: None,
) -> StreamReport | None:
    """Stream a sweep; with a viewer as many as its operator starts, until the program is asked to end.

    Ctrl-C or SIGTERM ends the sweep that runs, finishes what has come and saves it; a second one stops at once.

    Args:
        job: What is asked for.
        title: Heading of picture and page; by default the source's and the package's names.
        evaluate: Compares the result with known labels; None where no labels are known.
        progress: Called with (done, total, what).
        announce: Called with a line for the user, such as the viewer's address.

    Returns:
        The report of the last sweep that was kept, or None where no sweep was started.

    Raises:
        EdgeSdkError: An input cannot be used, or the package cannot stream; nothing is written.
        StreamError: A stage failed; what was compounded by then is kept in the folder under a name of its own. With
            a viewer, it says so and another sweep may be started.
    """
    check_folder(job.places.folder, formats=job.formats, inputs=job.reads)
    if (place := job.places.recording_place(datetime.now().astimezone())) is not None:
        check_recording(place)
    clock = Clock()
    with ExitStack() as stack:
        opened = stack.enter_context(load_package(job.package))
        check_tilewise(opened.manifest)
        warn(tracker_warnings(opened.manifest))
        spacing = tracker_spacing(opened.manifest.spacing_mm, opened.manifest.orientation)
        interrupts = Interrupts()
        stack.enter_context(interrupts.installed())
        with interrupts.raising():
            source = open_input(job.input, spacing, clock, stack)
            start = time.perf_counter()
            session = stack.enter_context(opened.open(job.target, job.threads))
        title = title or f"{source.name} · {opened.manifest.name}"
        opened_in = time.perf_counter() - start
        watched = job.viewer.enabled
        control = StreamControl(clock, "ready" if watched else "running")
        board = RunningBoard(title, opened.manifest.labels, source, control, clock)
        for address in open_outlets(job.viewer, job.igtl, board, stack):
            announce(address)
        log_event(_LOGGER, "opened", source=job.input.source.uri, package=opened.manifest.name, target=session.target)
        sweeps = SweepJob(
            job,
            source,
            VolumeSegmenter(session, opened.manifest),
            opened.manifest,
            opened.digest,
            SessionReport.of(session, opened_in),
            control=control,
            board=board,
            clock=clock,
            interrupts=interrupts,
            title=title,
            announce=announce,
            evaluate=None if evaluate is None else lambda outcome: evaluate(outcome, session),
        )
        if not watched:
            return sweeps.run(progress)
        return _while_wanted(sweeps, control, board, interrupts, progress)


def _while_wanted(
    sweeps: SweepJob, control: StreamControl, board: RunningBoard, interrupts: Interrupts, progress: Progress | None
) -> StreamReport | None:
    """One sweep after the other, until someone ends the program; the report of the last one that was saved."""
    report: StreamReport | None = None
    asked = interrupts.asked
    while not asked.is_set():
        control.wait_while("ready", stop=asked, watch=sweeps.watch)
        if asked.is_set():
            break
        try:
            report = sweeps.run(progress) or report
        except EdgeSdkError as error:
            if asked.is_set() or isinstance(error.__cause__, StuckError):
                raise
            control.enter("failed", str(error))
            log_event(_LOGGER, "sweep failed", severity="error", why=str(error))
        control.wait_while("saved", "failed", stop=asked, watch=sweeps.watch)
        board.clear()
    return report
