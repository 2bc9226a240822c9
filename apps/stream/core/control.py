"""Where a sweep is, and who may move it on: the operator's commands and the job's own steps."""

from __future__ import annotations

import threading
from collections.abc import Callable

from apps.stream.core.board import ALLOWED, LEADS_TO, Command, Phase
from apps.stream.core.clock import Clock
from edge_sdk.errors import StreamError

POLL_S = 0.1


class StreamControl:
    """The phase of a sweep; threads share it.

    Attributes:
        problem: Why the sweep failed, or "".
    """

    def __init__(self, clock: Clock, phase: Phase = "ready") -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._phase: Phase = phase
        self._since = clock.now()
        self._ran_s = 0.0
        self._finish: Callable[[], None] | None = None
        self.problem = ""

    @property
    def phase(self) -> Phase:
        """Where the sweep is."""
        return self._phase

    @property
    def running_s(self) -> float:
        """Seconds since the start of the sweep, without pauses."""
        with self._changed:
            return self._ran_s + (self._clock.now() - self._since if self._phase == "running" else 0.0)

    def command(self, name: Command) -> None:
        """What an operator asks for.

        Raises:
            StreamError: The phase does not take it; says which do.
        """
        with self._changed:
            takes = ALLOWED[self._phase]
            if name not in takes:
                raise StreamError(
                    f"a sweep that is {self._phase} takes no {name!r}",
                    remedy=f"possible now: {', '.join(takes)}" if takes else "wait",
                )
            self.problem = ""
            self._enter(LEADS_TO[name])
            finish = self._finish if name == "finish" else None
        if finish:
            finish()

    def enter(self, phase: Phase, problem: str = "") -> None:
        """The job has moved on."""
        with self._changed:
            self.problem = problem
            self._enter(phase)

    def on_finish(self, act: Callable[[], None]) -> None:
        """Call this when the sweep is to end; at once where it is ending already."""
        with self._changed:
            self._finish = act
            late = self._phase == "finishing"
        if late:
            act()

    def wait_while(
        self, *phases: Phase, stop: threading.Event | None = None, watch: Callable[[], None] = lambda: None
    ) -> None:
        """Wait until the phase is another one or `stop` is set.

        Args:
            phases: Phases in which to wait.
            stop: Event that ends the waiting when it is set.
            watch: Called about ten times a second.
        """
        while self._phase in phases and not (stop and stop.is_set()):
            with self._changed:
                self._changed.wait_for(lambda: self._phase not in phases, POLL_S)
            watch()

    def _enter(self, phase: Phase) -> None:
        now = self._clock.now()
        if self._phase == "running":
            self._ran_s += now - self._since
        if phase == "ready":
            self._ran_s = 0.0
        self._since, self._phase = now, phase
        self._changed.notify_all()
