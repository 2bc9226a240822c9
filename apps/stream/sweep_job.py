"""One sweep of a job: from its start to its saved files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from apps.levels import untaught_levels
from apps.logs import log_event, logger_of
from apps.orientation_warnings import tracker_warnings
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.signals import Interrupts
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.input.sweep_input import PreparedSweep, SweepInput
from apps.stream.outlets.device_log import DeviceLog
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.results.groups import SessionReport
from apps.stream.results.label_comparison import LabelComparison
from apps.stream.results.make_report import stream_report
from apps.stream.results.report import StreamReport
from apps.stream.results.sinks import keep_partial_volume, write_outputs
from apps.stream.stream_job import StreamJob
from apps.stream.work.outcome import FailedSweep, FinishedSweep, StreamOutcome
from apps.stream.work.recorder_stage import RecorderStage
from apps.stream.work.running import RunningStream
from apps.sweep_warnings import warn_of
from edge_sdk.errors import EdgeSdkError
from edge_sdk.gray_range import UINT8_RANGE
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.packages.manifest import Manifest
from edge_sdk.progress import Progress
from edge_sdk.sweep.warning import SweepWarning

_LOGGER = logger_of("stream")
IGTL_COPIES = 7
"""A client that takes nothing is cut off after five seconds, in which five versions can have been sent."""


class SweepJob:
    """What stays the same from sweep to sweep."""

    def __init__(
        self,
        job: StreamJob,
        source: SweepInput,
        segmenter: VolumeSegmenter,
        manifest: Manifest,
        package_digest: str,
        session: SessionReport,
        *,
        control: StreamControl,
        board: RunningBoard,
        clock: Clock,
        interrupts: Interrupts,
        title: str,
        evaluate: Callable[[FinishedSweep], LabelComparison] | None,
        announce: Callable[[str], None],
    ) -> None:
        """
        Args:
            job: What is asked for.
            source: Frames and poses, opened.
            segmenter: Runs the network on tiles.
            manifest, package_digest: Manifest of the package, and the manifest's SHA-256.
            session: Target that runs the network, for reports.
            control, board, clock, interrupts: Commands, state and clock of the stream, and the signals that end it.
            title: Heading of picture and page.
            evaluate: Compares the result with known labels; None where no labels are known.
            announce: Called with lines for the user.
        """
        self._job, self._source, self._segmenter = job, source, segmenter
        self._manifest, self._digest, self._session = manifest, package_digest, session
        self._control, self._board, self._clock = control, board, clock
        self._title, self._evaluate = title, evaluate
        self._interrupts = interrupts
        self._announce = announce
        self._log = DeviceLog()
        self._recorder: RecorderStage | None = None
        self._reported_problem = ""
        self._limit_reported = False

    def watch(self) -> None:
        """Look after devices and phase; called again and again while nothing else happens."""
        self._log.look(self._source.devices())
        running = self._board.running
        ended = running is not None and running.compounding.touched.finished
        if ended and self._control.phase in ("running", "paused"):
            self._control.enter("finishing")
        if self._recorder and (problem := self._recorder.problem) and problem != self._reported_problem:
            self._reported_problem = problem
            self._warn_while_running(problem)
            log_event(_LOGGER, "recording failed", severity="error", why=problem)
        if running is not None and not self._limit_reported and (warning := running.limit_warning()) is not None:
            self._limit_reported = True
            self._warn_while_running(str(warning))
            if self._job.log_file is not None:  # stderr has it already
                log_event(_LOGGER, "memory limit reached", severity="warning", what=str(warning))

    def _warn_while_running(self, text: str) -> None:
        """Show a line on stderr and on the board."""
        warn_of(text)
        self._board.warn([text])

    def run(self, progress: Progress | None) -> StreamReport | None:
        """Stream one sweep and write what it leaves.

        Args:
            progress: Called with (done, total, what).

        Returns:
            The report, or None where the sweep was not started or its result was not kept.

        Raises:
            EdgeSdkError: The sweep cannot start, or a stage failed.
        """
        try:
            with self._interrupts.raising():
                sweep = self._source.prepare()
        except KeyboardInterrupt:
            if self._job.viewer.enabled:
                return None
            raise
        began = datetime.now().astimezone()
        folder = self._job.places.output_folder(began)
        place = self._job.places.recording_place(began)
        recorder = None if place is None else RecorderStage(place, sweep.template)
        self._recorder = recorder
        try:
            outcome = self._streamed(sweep, recorder, progress)
            if isinstance(outcome, FailedSweep):
                raise keep_partial_volume(folder, outcome)
            outcome = replace(outcome, warnings=(*self._doubts(sweep.plan), *outcome.warnings))
            report = stream_report(
                outcome,
                sweep.plan,
                folder=folder,
                source=self._job.input.source.uri,
                pacing=self._source.pacing,
                manifest=self._manifest,
                package_digest=self._digest,
                session=self._session,
                devices=self._source.devices(),
                comparison=self._evaluate(outcome) if self._evaluate else None,
                recording=recorder.result() if recorder else None,
            )
            return report if self._saved(folder, outcome, report, tracked=sweep.plan.provenance.tracked) else None
        finally:
            # After the mask: turning an hour of frames into a file takes minutes, in which a service may be killed.
            if recorder:
                recorder.finish()
                self.watch()

    def _saved(self, folder: Path, outcome: FinishedSweep, report: StreamReport, *, tracked: bool) -> bool:
        """Write the files when the operator asks for it; where that fails, they may make room and ask again.

        Returns:
            Whether they are written: the operator may give them up after a failure.
        """
        self._control.enter("finished")
        while not self._board.saved_in:
            if self._watched:
                self._control.wait_while("finished", "unsaved", stop=self._interrupts.asked, watch=self.watch)
            if self._control.phase == "ready":
                return False
            self._control.enter("saving")
            try:
                write_outputs(
                    folder,
                    outcome,
                    report,
                    self._manifest.labels,
                    self._title,
                    formats=self._job.formats,
                    recording=self._source.recording,
                    tracked=tracked,
                )
            except EdgeSdkError as error:
                if not self._watched:
                    raise
                self._control.enter("unsaved", str(error))
                log_event(_LOGGER, "saving failed", severity="error", why=str(error))
            else:
                self._board.saved_in = str(folder)
        self._control.enter("saved")
        log_event(_LOGGER, "saved", folder=str(folder), frames=outcome.frames.inserted)
        return True

    @property
    def _watched(self) -> bool:
        """Whether an operator looks at the result first; where the program is to end, it is saved at once."""
        return self._job.viewer.enabled and not self._interrupts.asked.is_set()

    def _outlet_voxel_bytes(self, plan: VolumePlan) -> int:
        """What OpenIGTLink's output holds at most: volume and mask, read out, packed, and for clients that lag."""
        return 0 if self._job.igtl.output_port is None else (plan.pixel_type.itemsize + 1) * IGTL_COPIES

    def _doubts(self, plan: VolumePlan) -> list[SweepWarning]:
        """What is doubtful about the levels that the network gets."""
        return untaught_levels(self._manifest.normalization, plan.pixel_type, plan.gray_range)

    def _say_levels(self, plan: VolumePlan) -> None:
        if plan.gray_range is not None and plan.provenance.source_format == "live":
            black, white = plan.gray_range
            self._announce(f"frames: {plan.pixel_type}; black and white for all of this sweep: {black:g} to {white:g}")
        for warning in self._doubts(plan):
            self._warn_while_running(str(warning))

    def _streamed(
        self, sweep: PreparedSweep, recorder: RecorderStage | None, progress: Progress | None
    ) -> StreamOutcome:
        plan, warnings = sweep.plan, [*tracker_warnings(self._manifest), *sweep.plan.warnings]
        self._say_levels(plan)
        frames = sweep.frames(self._control, self._clock, recorder.recorded if recorder else None)
        running = RunningStream(
            plan,
            frames,
            self._segmenter.with_gray_range(plan.gray_range or UINT8_RANGE),
            self._manifest.spacing_mm,
            clock=self._clock,
            orientation=self._manifest.orientation,
            recorder=recorder,
            outlet_voxel_bytes=self._outlet_voxel_bytes(plan),
            max_memory=self._job.max_memory,
        )
        self._board.running, self._limit_reported = running, False
        self._board.warn([str(warning) for warning in warnings])
        self._control.on_finish(frames.stop)
        if self._job.log_file is not None:  # stderr has them already
            for warning in warnings:
                log_event(_LOGGER, "warning", severity="warning", what=str(warning))
        self._announce(f"memory: at most {running.memory_limit_mb:.0f} MB")
        log_event(_LOGGER, "sweep started", memory_limit_mb=round(running.memory_limit_mb))
        outcome = running.run(progress, watch=self.watch, asked=self._interrupts.asked.is_set)
        log_event(_LOGGER, "sweep ended", frames=outcome.frames.inserted, dropped=outcome.frames.dropped)
        for warning in running.lost_warnings() if isinstance(outcome, FinishedSweep) else ():
            self._warn_while_running(str(warning))
        return outcome
