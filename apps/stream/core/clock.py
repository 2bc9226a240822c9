"""The clock of a stream, which tests replace."""

from __future__ import annotations

import threading
import time


class Clock:
    """Monotonic seconds; the same clock for time stamps, latencies and stage timings."""

    def now(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.perf_counter()

    def wait_until(self, moment: float, stop: threading.Event) -> None:
        """Sleep until `moment`, or until `stop` is set."""
        remaining = moment - self.now()
        if remaining > 0:
            stop.wait(remaining)
