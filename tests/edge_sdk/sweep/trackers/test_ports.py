"""Which sensor answers on a port."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge_sdk.simulation.serial_devices.imu import SimulatedImu, bno08x_packet, witmotion_packet
from edge_sdk.simulation.serial_devices.ndi import SimulatedNdi
from edge_sdk.simulation.serial_devices.pseudo_port import PseudoPort
from edge_sdk.sweep.trackers import ndi
from edge_sdk.sweep.trackers.ports import Port, recognized
from tests.apps.commands_fixtures import run_json


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (SimulatedNdi, "ndi"),
        (partial(SimulatedNdi, ports={}), "ndi"),
        (partial(SimulatedImu, witmotion_packet), "witmotion"),
        (partial(SimulatedImu, bno08x_packet), "bno08x"),
    ],
)
def test_each_sensor_is_recognized(make: Callable[[], SimulatedNdi | SimulatedImu], kind: str, tmp_path: Path) -> None:
    with PseudoPort(tmp_path / "tty", make().turn) as port:
        assert recognized(Port(str(port.link), "simulated")).sensor == kind


def test_a_port_of_something_else_and_one_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndi, "REPLY_S", 0.1)
    monkeypatch.setattr(ndi, "PROBE_S", 0.1)
    with PseudoPort(tmp_path / "tty", lambda _: b"$GPGGA,1*00\r\n") as port:
        assert recognized(Port(str(port.link), "")) == Port(str(port.link), "")
    assert "cannot be opened" in recognized(Port(str(tmp_path / "gone"), "")).problem


def test_doctor_asks_only_where_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PseudoPort(tmp_path / "tty", SimulatedImu(bno08x_packet).turn) as port:
        here = Port(str(port.link), "simulated")
        monkeypatch.setattr("edge_sdk.sweep.trackers.ports.ports", lambda: [here])
        row = {"port": here.name, "driver": "simulated"}
        assert run_json("doctor")["serial_ports"] == [{**row, "sensor": "not asked (--sensors)"}]
        assert run_json("doctor", "--sensors")["serial_ports"] == [{**row, "sensor": "bno08x"}]
