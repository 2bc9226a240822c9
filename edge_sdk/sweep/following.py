"""A live device that is followed in a thread, and opened again whenever it was lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, Self, TypeVar

from edge_sdk.closing import Closing
from edge_sdk.errors import DeviceError

Item = TypeVar("Item")
DeviceCondition = Literal["opening", "running", "silent", "lost", "closed"]
SILENCE_S = 1.0
RETRY_S = 0.25
CLOSE_S = 10.0


class Device(Protocol[Item]):
    """An opened device: a pose sensor, a camera, an OpenIGTLink peer.

    Attributes:
        errors: What was received and left out, by reason; changed by `poll` only.
    """

    errors: Counter[str]

    def poll(self) -> list[Item]:
        """What is new, after a moment's wait at most.

        Raises:
            DeviceError: The device is gone, or sends what cannot be understood.
        """

    def silence(self) -> str:
        """What it probably means that nothing comes, and the remedy; without the device's name."""


OpenDevice = Callable[[], AbstractContextManager[Device[Item]]]


@dataclass(frozen=True)
class FollowerState:
    """How a device does.

    Attributes:
        condition: "opening", "running", "silent" (open, and nothing valid comes), "lost" or "closed".
        why: One line for a person, empty where all is well.
        losses: How often it was lost so far.
        items: Delivered so far.
        errors: What was received and left out, by reason.
    """

    condition: DeviceCondition
    why: str
    losses: int
    items: int
    errors: Counter[str]


class Follower(Closing, Generic[Item]):
    """Follows a device until it is closed; a context manager."""

    def __init__(
        self,
        name: str,
        open_device: OpenDevice[Item],
        deliver: Callable[[Item, float], None],
        *,
        now: Callable[[], float] = time.perf_counter,
        silence_s: float = SILENCE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        """
        Args:
            name: For messages and the thread.
            open_device: Called for the first start and after every loss.
            deliver: Called in the follower's thread with each item and the moment of its arrival on `now`'s clock.
            silence_s: Without an item for so long, the device is called silent.
            retry_s: Between two attempts to open it.
        """
        self.name = name
        self._open_device, self._deliver, self._now = open_device, deliver, now
        self._silence_s, self._retry_s = silence_s, retry_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._condition: DeviceCondition = "opening"
        self._why, self._losses, self._items = "", 0, 0
        self._past: Counter[str] = Counter()
        self._current: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return super().__enter__()

    def close(self) -> None:
        """Let go of the device.

        Raises:
            DeviceError: Its driver does not come back within `CLOSE_S`.
        """
        self._stop.set()
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            raise DeviceError("does not let go of its port", where=self.name, remedy="unplug it")
        self._report("closed", "")

    @property
    def state(self) -> FollowerState:
        """How it does now."""
        with self._lock:
            return FollowerState(self._condition, self._why, self._losses, self._items, self._past + self._current)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._open_device() as device:
                    self._follow(device)
            except Exception as error:
                # A driver may raise anything; whatever it is, the device is tried again and the reason is shown.
                with self._lock:
                    self._losses += self._condition in ("running", "silent")
                expected = isinstance(error, DeviceError)
                self._report("lost", str(error) if expected else f"{self.name}: {type(error).__name__}: {error}")
            with self._lock:
                self._past, self._current = self._past + self._current, Counter()
            self._stop.wait(self._retry_s)

    def _follow(self, device: Device[Item]) -> None:
        heard = self._now()
        while not self._stop.is_set():
            try:
                items, moment = device.poll(), self._now()
            finally:
                # A copy: the device goes on counting in this thread while `state` is read in another.
                errors = Counter(device.errors)
                with self._lock:
                    self._current = errors
            if items:
                heard = moment
                self._report("running", "")
            elif moment - heard > self._silence_s:
                self._report("silent", f"{self.name}: {device.silence()}")
            for item in items:
                self._deliver(item, moment)
            with self._lock:
                self._items += len(items)

    def _report(self, condition: DeviceCondition, why: str) -> None:
        with self._lock:
            self._condition, self._why = condition, why
