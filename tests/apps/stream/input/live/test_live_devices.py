"""What the outside is told of the devices of a live sweep."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.input.live.devices import LiveDevices
from apps.stream.input.uris.motions import parse_motion
from apps.stream.input.uris.sources import CameraUri
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.outlets.viewer.status_message import status_message
from edge_sdk.sweep.feeds.items import TimedImage


class CameraWithErrors:
    """A camera whose clock has jumped once."""

    def __init__(self) -> None:
        self.errors = Counter({"the clock jumped": 1})

    def poll(self) -> list[TimedImage]:
        return [TimedImage(np.zeros((8, 8), np.uint8), 0.0)]

    def silence(self) -> str:
        return ""


class Source:
    """An input that knows its devices only."""

    def __init__(self, devices: LiveDevices) -> None:
        self.devices = devices.states


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveDevices]:
    @contextmanager
    def opened(*_arguments: Any, **_options: Any) -> Iterator[CameraWithErrors]:
        yield CameraWithErrors()

    monkeypatch.setattr("apps.stream.input.live.devices.open_camera", opened)
    with LiveDevices(CameraUri(0, uri="camera:0"), parse_motion("linear:speed=1mm/s"), Clock()) as found:
        found.first_image()
        yield found


def test_errors_of_a_device_reach_the_page(devices: LiveDevices) -> None:
    source: Any = Source(devices)
    board = RunningBoard("title", {0: "background"}, source, StreamControl(Clock()), Clock())
    (told,) = json.loads(status_message(board, board.status()))["devices"]
    assert told["name"] == "camera:0"
    assert told["errors"] == {"the clock jumped": 1}


def test_what_is_told_is_plain(devices: LiveDevices) -> None:
    """Once a Counter silenced the page: `dataclasses.asdict` gives its keys as tuples, which JSON refuses."""
    (state,) = devices.states()
    assert type(state.errors) is dict
