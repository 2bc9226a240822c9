"""Logs how devices come and go."""

from __future__ import annotations

from collections.abc import Iterable

from apps.logs import log_event, logger_of
from apps.stream.core.board import DeviceState

_LOGGER = logger_of("stream.devices")
_BAD = ("lost", "silent")


class DeviceLog:
    """Remembers the last condition of each device, and logs when it changes."""

    def __init__(self) -> None:
        self._conditions: dict[str, str] = {}

    def look(self, devices: Iterable[DeviceState]) -> None:
        """Log what has changed since the last call."""
        for device in devices:
            if device.condition != self._conditions.get(device.name):
                self._conditions[device.name] = device.condition
                log_event(
                    _LOGGER,
                    f"device {device.condition}",
                    severity="warning" if device.condition in _BAD else "info",
                    device=device.name,
                    why=device.why or None,
                    losses=device.losses,
                )
