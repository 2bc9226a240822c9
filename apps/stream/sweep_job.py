"""One sweep of a job: from its start to its saved files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.logs import log_event, logger_of
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.settings import StreamSettings
from apps.stream.core.signals import Interrupts
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.input.stream_input import StreamInput
from apps.stream.outlets.device_log import DeviceLog
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.results.places import output_folder, recording_place
from apps.stream.results.report import Accuracy, stream_report
from apps.stream.results.sinks import keep_what_was_compounded, write_outputs
from apps.stream.work.outcome import StreamOutcome
from apps.stream.work.recorder_stage import RecorderStage
from apps.stream.work.running import RunningStream
from apps.stream.work.segmenter import TileSegmenter
from apps.sweep_warnings import warn_of
from edge_sdk.errors import EdgeSdkError
from edge_sdk.packages.manifest import Manifest
from edge_sdk.progress import Progress

_LOGGER = logger_of("stream")
IGTL_COPIES = 7
"""A client that takes nothing is cut off after five seconds, in which five versions can have been sent."""


class SweepJob:
    """What stays the same from sweep to sweep."""

    def __init__(
        self,
        settings: StreamSettings,
        source: StreamInput,
        segmenter: TileSegmenter,
        manifest: Manifest,
        package_digest: str,
        session: Mapping[str, Any],
        *,
        control: StreamControl,
        board: RunningBoard,
        clock: Clock,
        interrupts: Interrupts,
        title: str,
        judge: Callable[[StreamOutcome], Accuracy] | None,
        announce: Callable[[str], None],
    ) -> None:
        """
        Args:
            settings: Of the job.
            source: Opened.
            segmenter: The network on tiles.
            manifest, package_digest: Of the package.
            session: Its target and description, for reports.
            control, board, clock, interrupts: Of the stream.
            title: Heading of picture and page.
            judge: Compares the result with known labels.
            announce: Called with lines for the user.
        """
        self._settings, self._source, self._segmenter = settings, source, segmenter
        self._manifest, self._digest, self._session = manifest, package_digest, session
        self._control, self._board, self._clock = control, board, clock
        self._title, self._judge = title, judge
        self._interrupts = interrupts
        self._announce = announce
        self._log = DeviceLog()
        self._recorder: RecorderStage | None = None
        self._told = ""

    def watch(self) -> None:
        """Look after devices and phase; called again and again while nothing else happens."""
        self._log.look(self._source.devices())
        running = self._board.running
        ended = running is not None and running.compounding.touched.finished
        if ended and self._control.phase in ("running", "paused"):
            self._control.enter("finishing")
        if self._recorder and (problem := self._recorder.result.problem) and problem != self._told:
            self._told = problem
            warn_of(problem)
            self._board.warn([problem])
            log_event(_LOGGER, "recording failed", severity="error", why=problem)

    def run(self, progress: Progress | None) -> dict[str, Any]:
        """Stream one sweep and write what it leaves; the report, empty where nothing was kept.

        Raises:
            EdgeSdkError: The sweep cannot start, or a stage failed.
        """
        try:
            with self._interrupts.raising():
                plan = self._source.plan()
        except KeyboardInterrupt:
            if self._settings.viewer.enabled:
                return {}
            raise
        began = datetime.now().astimezone()
        folder = output_folder(self._settings, began)
        place = recording_place(self._settings, began)
        recorder = None if place is None else RecorderStage(place, self._source.template())
        self._recorder = recorder
        try:
            outcome = self._streamed(plan, recorder, progress)
            if outcome.failure is not None:
                raise keep_what_was_compounded(folder, outcome)
            report = stream_report(
                outcome,
                plan,
                folder=folder,
                source=str(self._settings.source.uri),
                pacing=self._source.pacing,
                manifest=self._manifest,
                package_digest=self._digest,
                session=self._session,
                devices=self._source.devices(),
                accuracy=self._judge(outcome) if self._judge else None,
                recording=recorder.result if recorder else None,
            )
            return report if self._saved(folder, outcome, report, tracked=plan.provenance.tracked) else {}
        finally:
            # After the mask: turning an hour of frames into a file takes minutes, in which a service may be killed.
            if recorder:
                recorder.finish()
                self.watch()

    def _saved(self, folder: Path, outcome: StreamOutcome, report: Mapping[str, Any], *, tracked: bool) -> bool:
        """Write the files when the operator says so; where that fails, they may make room and say it again.

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
                    formats=self._settings.output.also,
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
        log_event(_LOGGER, "saved", folder=str(folder), frames=outcome.frames["inserted"])
        return True

    @property
    def _watched(self) -> bool:
        """Whether an operator looks at the result first; where the program is to end, it is saved at once."""
        return bool(self._settings.viewer.enabled) and not self._interrupts.asked.is_set()

    def _outlet_bytes(self, plan: VolumePlan) -> int:
        """What OpenIGTLink's output holds at most: volume and mask, read out, packed, and for clients that lag."""
        if self._settings.igtl.output_port is None:
            return 0
        return math.prod(plan.grid.shape) * 2 * IGTL_COPIES

    def _streamed(self, plan: VolumePlan, recorder: RecorderStage | None, progress: Progress | None) -> StreamOutcome:
        feed = self._source.feed(plan, self._control, self._clock, recorder.recorded if recorder else None)
        running = RunningStream(
            plan,
            feed,
            self._segmenter,
            self._manifest.spacing_mm,
            clock=self._clock,
            recorder=recorder,
            outlet_bytes=self._outlet_bytes(plan),
        )
        self._board.running = running
        self._board.warn([str(warning) for warning in plan.warnings])
        self._control.on_finish(feed.stop)
        if self._settings.log.file is not None:  # stderr has them already
            for warning in plan.warnings:
                log_event(_LOGGER, "warning", severity="warning", what=str(warning))
        self._announce(f"memory: at most {running.memory_limit_mb:.0f} MB")
        log_event(_LOGGER, "sweep started", memory_limit_mb=round(running.memory_limit_mb))
        outcome = running.run(progress, watch=self.watch, asked=self._interrupts.asked.is_set)
        log_event(_LOGGER, "sweep ended", frames=outcome.frames["inserted"], dropped=outcome.frames["dropped"])
        return outcome
