"""A device that comes and goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from edge_sdk.simulation.serial_devices.imu import SimulatedImu, bno08x_packet, witmotion_packet
from edge_sdk.simulation.serial_devices.ndi import SimulatedNdi
from edge_sdk.simulation.serial_devices.pseudo_port import PseudoPort
from edge_sdk.sweep.following import Device, Follower
from edge_sdk.sweep.trackers.devices import open_bno08x, open_ndi, open_witmotion
from edge_sdk.sweep.trackers.reading import Reading

Simulated = SimulatedNdi | SimulatedImu
CASES = {
    "ndi": (SimulatedNdi, open_ndi),
    "witmotion": (partial(SimulatedImu, witmotion_packet), open_witmotion),
    "bno08x": (partial(SimulatedImu, bno08x_packet), open_bno08x),
}


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it holds, and fail where it does not."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.005)


def sensor_at(
    link: Path, opener: Callable[[str], AbstractContextManager[Device[Reading]]], got: list[Reading]
) -> Follower[Reading]:
    """A sensor on a port that puts its measurements into a list."""
    return Follower(
        "probe", partial(opener, str(link)), lambda reading, _: got.append(reading), retry_s=0.02, silence_s=0.3
    )


@pytest.mark.parametrize("kind", CASES)
def test_measurements_go_on_after_every_loss(kind: str, tmp_path: Path) -> None:
    make, opener = CASES[kind]
    got: list[Reading] = []
    threads = set(threading.enumerate())
    with PseudoPort(tmp_path / "tty", make().turn) as port, sensor_at(port.link, opener, got) as sensor:
        for cycle in range(3):
            wait_for(lambda: sensor.state.condition == "running" and bool(got))
            port.unplug()
            wait_for(lambda: sensor.state.condition == "lost")
            assert "\n" not in sensor.state.why
            got.clear()
            assert sensor.state.losses == cycle + 1
            port.plug()
        wait_for(lambda: bool(got))
    assert sensor.state.condition == "closed"
    assert set(threading.enumerate()) <= threads


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_a_hundred_losses_leave_no_thread_and_no_open_file(kind: str, tmp_path: Path) -> None:
    make, opener = CASES[kind]
    got: list[Reading] = []
    threads, files = set(threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))
    with PseudoPort(tmp_path / "tty", make().turn) as port, sensor_at(port.link, opener, got) as sensor:
        for _ in range(100):
            wait_for(lambda: bool(got))
            port.unplug()
            wait_for(lambda: sensor.state.condition == "lost")
            got.clear()
            port.plug()
        wait_for(lambda: bool(got))
        assert sensor.state.losses == 100
    # Another test's thread may end meanwhile: none may be new.
    assert set(threading.enumerate()) <= threads
    assert len(list(Path("/proc/self/fd").iterdir())) <= files


def test_a_wrong_baud_rate_is_told_by_what_comes(tmp_path: Path) -> None:
    with PseudoPort(tmp_path / "tty", lambda _: b"\xaa\x00\xf0") as port:
        got: list[Reading] = []
        with sensor_at(port.link, open_bno08x, got) as sensor:
            wait_for(lambda: sensor.state.condition == "silent")
            assert "check the baud rate" in sensor.state.why
    assert not got


def test_a_sensor_that_says_nothing_is_told(tmp_path: Path) -> None:
    with PseudoPort(tmp_path / "tty", lambda _: b"") as port, sensor_at(port.link, open_bno08x, []) as sensor:
        wait_for(lambda: sensor.state.condition == "silent")
        assert "sends nothing" in sensor.state.why


def test_damaged_replies_are_counted_and_never_delivered(tmp_path: Path) -> None:
    simulated = SimulatedNdi()
    count = 0

    def damaging(arrived: bytes) -> bytes:
        nonlocal count
        answer = simulated.turn(arrived)
        if answer[:2] == b"\xc4\xa5":
            count += 1
            if count % 4 == 0:
                return answer[:20] + bytes([answer[20] ^ 1]) + answer[21:]
        return answer

    got: list[Reading] = []
    with PseudoPort(tmp_path / "tty", damaging) as port, sensor_at(port.link, open_ndi, got) as sensor:
        wait_for(lambda: sensor.state.errors.total() >= 3 and len(got) > 20)
        assert sensor.state.losses == 0
    for reading in got:
        expected = simulated.pose.at(reading.number or 0)[1]
        assert abs(reading.position - expected).max() < 0.01
