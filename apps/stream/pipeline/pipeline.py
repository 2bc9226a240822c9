"""Stages as threads, joined by bounded queues; a stage that fails stops the others in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from apps.stream.pipeline.queues import AnyQueue, QueueClosedError
from edge_sdk.errors import EdgeSdkError, StreamError

POLL_S = 0.1
GIVE_UP_S = 2.0


class Stage(Protocol):
    """One thread of the pipeline."""

    @property
    def name(self) -> str:
        """As in reports and errors."""

    @property
    def inputs(self) -> Sequence[AnyQueue]:
        """Queues that only this stage takes from."""

    @property
    def outputs(self) -> Sequence[AnyQueue]:
        """Queues that only this stage puts into."""

    def run(self) -> None:
        """Work until the inputs end."""


class Pipeline:
    """Runs stages to their end.

    When a stage ends, well or not, its outputs are closed, so that what it made still flows to the end; and its
    inputs are abandoned, so that the stages before it stop instead of waiting for ever.

    Attributes:
        failure: The first stage that failed, and its error as one the user can read; None if all went well.
        interrupted: Whether Ctrl-C or SIGTERM ended it.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._failed: list[tuple[str, BaseException]] = []
        self.interrupted = False

    @property
    def queues(self) -> list[AnyQueue]:
        """All queues, in the order of the stages that fill them."""
        return [queue for stage in self._stages for queue in stage.outputs]

    @property
    def failure(self) -> StreamError | None:
        if not self._failed:
            return None
        stage, cause = self._failed[0]
        if isinstance(cause, EdgeSdkError):
            error = StreamError(str(cause), where=f"stage {stage}")
        else:
            error = StreamError(
                f"stopped by {type(cause).__name__}: {cause}",
                where=f"stage {stage}",
                remedy="run again with --debug to see where",
            )
        error.__cause__ = cause
        return error

    def run(
        self,
        *,
        interrupt: Callable[[], None],
        watch: Callable[[], None],
        asked: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start every stage and wait for the last; failures are left in `failure`.

        Args:
            interrupt: Called when the sweep is to end early, which a stage's failure makes it too: the others may wait
                for a frame that does not come. What has arrived is still finished.
            asked: Whether the program was asked to end.
            watch: Called about ten times a second, and once at the end; where it raises an `EdgeSdkError`, that is the
                failure, and stages that do not come back within `GIVE_UP_S` are left behind.
        """
        threads = [
            threading.Thread(target=self._run_stage, args=(stage,), name=stage.name, daemon=True)
            for stage in self._stages
        ]
        for thread in threads:
            thread.start()
        ended = False
        while any(thread.is_alive() for thread in threads):
            try:
                next(thread for thread in threads if thread.is_alive()).join(POLL_S)
                watch()
            except StopIteration:
                break
            except EdgeSdkError as error:
                self._failed.append(("watchdog", error))
                return self._abandon(threads)
            self.interrupted = self.interrupted or asked()
            if (self.interrupted or self._failed) and not ended:
                ended = True
                interrupt()
        watch()
        return None

    def _abandon(self, threads: Sequence[threading.Thread]) -> None:
        for stage in self._stages:
            for queue in (*stage.inputs, *stage.outputs):
                queue.close(failed=True)
                queue.abandon()
        for thread in threads:
            thread.join(GIVE_UP_S / len(threads))

    def _run_stage(self, stage: Stage) -> None:
        well = False
        try:
            stage.run()
            well = not any(queue.failed for queue in stage.inputs)
        except QueueClosedError:
            pass  # The stage behind has ended; its own error says why.
        except BaseException as error:
            self._failed.append((stage.name, error))
        finally:
            for queue in stage.outputs:
                queue.close(failed=not well)
            for queue in stage.inputs:
                queue.abandon()
