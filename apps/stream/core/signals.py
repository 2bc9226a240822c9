"""Ctrl-C and SIGTERM: the first asks the program to end in order, the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """What was asked for by signals; wherever the main thread is at that moment, nothing is cut in two.

    Attributes:
        asked: Set by the first signal.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._at_once = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Inside, SIGINT and SIGTERM are taken; in another thread than the main one nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Inside, the first signal raises KeyboardInterrupt too: nothing that could be lost is done here."""
        if self.asked.is_set():
            raise KeyboardInterrupt
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        again = self.asked.is_set()
        self.asked.set()
        if again or self._at_once:
            raise KeyboardInterrupt
