"""A sensor that is followed in a thread, and opened again whenever it was lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

from edge_sdk.closing import Closing
from edge_sdk.errors import TrackerError
from edge_sdk.sweep.trackers.devices import Device, OpenDevice
from edge_sdk.sweep.trackers.reading import Reading

Word = Literal["opening", "running", "silent", "lost", "closed"]
Deliver = Callable[[Reading, float], None]
SILENCE_S = 1.0
RETRY_S = 0.25
CLOSE_S = 10.0


@dataclass(frozen=True)
class SensorState:
    """How a sensor does.

    Attributes:
        word: "opening", "running", "silent" (open, and nothing valid comes), "lost" or "closed".
        why: One line for a person, empty where all is well.
        losses: How often it was lost so far.
        readings: Measurements so far.
        errors: What was received and left out, by reason.
    """

    word: Word
    why: str
    losses: int
    readings: int
    errors: Counter[str]


class Sensor(Closing):
    """Follows a device until it is closed; a context manager."""

    def __init__(
        self,
        name: str,
        open_device: OpenDevice,
        deliver: Deliver,
        *,
        now: Callable[[], float] = time.perf_counter,
        silence_s: float = SILENCE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        """
        Args:
            name: For messages and the thread.
            open_device: Called for the first start and after every loss.
            deliver: Called in the sensor's thread with each measurement and the moment of its arrival on `now`'s clock.
            silence_s: Without a measurement for so long, it is called silent.
            retry_s: Between two attempts to open it.
        """
        self.name = name
        self._open_device, self._deliver, self._now = open_device, deliver, now
        self._silence_s, self._retry_s = silence_s, retry_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._word: Word = "opening"
        self._why, self._losses, self._readings = "", 0, 0
        self._errors: Counter[str] = Counter()
        self._current: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return super().__enter__()

    def close(self) -> None:
        """Let go of the device.

        Raises:
            TrackerError: Its driver does not come back within `CLOSE_S`.
        """
        self._stop.set()
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            raise TrackerError("does not let go of its port", where=self.name, remedy="unplug it")
        self._say("closed", "")

    @property
    def state(self) -> SensorState:
        """How it does now."""
        with self._lock:
            errors = self._errors + self._current
            return SensorState(self._word, self._why, self._losses, self._readings, errors)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._open_device() as device:
                    self._follow(device)
            except TrackerError as error:
                with self._lock:
                    self._losses += self._word in ("running", "silent")
                self._say("lost", str(error))
            with self._lock:
                self._errors, self._current = self._errors + self._current, Counter()
            self._stop.wait(self._retry_s)

    def _follow(self, device: Device) -> None:
        heard = self._now()
        with self._lock:
            self._current = device.errors
        while not self._stop.is_set():
            readings, moment = device.poll(), self._now()
            if readings:
                heard = moment
                self._say("running", "")
            elif moment - heard > self._silence_s:
                self._say("silent", self._silence(device))
            for reading in readings:
                self._deliver(reading, moment)
            with self._lock:
                self._readings += len(readings)

    def _silence(self, device: Device) -> str:
        if garbage := device.errors.total():
            return f"{self.name}: sends {garbage} bytes that are no measurement; check the baud rate"
        return f"{self.name}: is open and sends nothing; check power, cable and baud rate"

    def _say(self, word: Word, why: str) -> None:
        with self._lock:
            self._word, self._why = word, why
