"""NDI's protocol against the simulated tracker, which an independent client understands as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ndicapy
import numpy as np
import pytest

from edge_sdk.errors import TrackerError
from edge_sdk.simulation.serial_devices.ndi import SimulatedNdi
from edge_sdk.simulation.serial_devices.pseudo_port import PseudoPort
from edge_sdk.sweep.trackers.line import SerialLine
from edge_sdk.sweep.trackers.ndi import FIRST_BAUD, NdiTracker


@pytest.fixture
def device(tmp_path: Path) -> Iterator[tuple[SimulatedNdi, Path]]:
    simulated = SimulatedNdi()
    with PseudoPort(tmp_path / "ttyNDI", simulated.turn) as port:
        yield simulated, port.link


@pytest.mark.parametrize("binary", [True, False])
def test_poses_are_those_of_the_device(device: tuple[SimulatedNdi, Path], binary: bool) -> None:
    simulated, link = device
    simulated.missing = {0x0B}
    with SerialLine(str(link), FIRST_BAUD) as line:
        tracker = NdiTracker(line, binary=binary)
        assert tracker.handles == ["0A", "0B"]
        probe, reference = tracker.poll()
        tracker.stop()
    assert probe.number is not None
    quaternion, position = simulated.pose.at(probe.number)
    np.testing.assert_allclose(probe.quaternion, quaternion, atol=1e-4)
    np.testing.assert_allclose(probe.position, position, atol=0.006)
    assert (reference.sensor, reference.status) == ("0B", "MISSING")
    assert simulated.heard[-1] == "TSTOP"


def test_a_measurement_is_given_once(device: tuple[SimulatedNdi, Path]) -> None:
    _, link = device
    with SerialLine(str(link), FIRST_BAUD) as line:
        tracker = NdiTracker(line)
        numbers: list[int | None] = []
        while len(numbers) < 5:
            numbers += [each.number for each in tracker.poll() if each.sensor == "0A"]
    assert numbers == sorted(set(numbers))


def test_wireless_tools_get_their_definitions(device: tuple[SimulatedNdi, Path]) -> None:
    simulated, link = device
    definition = bytes(range(100))
    with SerialLine(str(link), FIRST_BAUD) as line:
        assert NdiTracker(line, tools={"probe.rom": definition}).handles == ["0A", "0B", "0C"]
    assert bytes(simulated.definitions[0x0C]) == definition + bytes(28)


def test_no_tool_and_no_answer_are_told(device: tuple[SimulatedNdi, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    simulated, link = device
    simulated.ports = {}
    with SerialLine(str(link), FIRST_BAUD) as line, pytest.raises(TrackerError, match="tracks no tool"):
        NdiTracker(line)
    monkeypatch.setattr("edge_sdk.sweep.trackers.ndi.REPLY_S", 0.2)
    monkeypatch.setattr("edge_sdk.sweep.trackers.ndi.PROBE_S", 0.2)
    monkeypatch.setattr(simulated, "_reply", lambda _: b"")
    with SerialLine(str(link), FIRST_BAUD) as line, pytest.raises(TrackerError, match="does not answer INIT"):
        NdiTracker(line)


def test_a_baud_rate_that_no_tracker_speaks_is_refused(device: tuple[SimulatedNdi, Path]) -> None:
    _, link = device
    with SerialLine(str(link), FIRST_BAUD) as line, pytest.raises(TrackerError, match="12345 baud is not supported"):
        NdiTracker(line, baud=12_345)


def test_a_port_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match=r"cannot be opened \(No such file or directory\)"):
        SerialLine(str(tmp_path / "ttyUSB9"), FIRST_BAUD)


@pytest.mark.parametrize("command", ["TX", "BX"])
def test_an_independent_client_reads_the_same(device: tuple[SimulatedNdi, Path], command: str) -> None:
    simulated, link = device
    simulated.missing = {0x0B}
    client = ndicapy.ndiOpen(str(link))
    assert client
    try:
        for words in ("INIT:", "PHSR:02", "PINIT:0A", "PINIT:0B", "PENA:0AD", "PENA:0BD", "TSTART:", f"{command}:0801"):
            ndicapy.ndiCommand(client, words)
            assert ndicapy.ndiGetError(client) == 0, words
        transform = getattr(ndicapy, f"ndiGet{command}Transform")(client, b"\x0a")
        number = getattr(ndicapy, f"ndiGet{command}Frame")(client, b"\x0a")
        assert getattr(ndicapy, f"ndiGet{command}Transform")(client, b"\x0b") == "MISSING"
    finally:
        ndicapy.ndiClose(client)
    quaternion, position = simulated.pose.at(number)
    np.testing.assert_allclose(transform[:4], np.roll(quaternion, 1), atol=1e-4)
    np.testing.assert_allclose(transform[4:7], position, atol=0.006)
