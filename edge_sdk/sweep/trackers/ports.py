"""Serial ports that are here, and which sensor answers on them."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from serial.tools import list_ports

from edge_sdk.errors import TrackerError
from edge_sdk.sweep.following import Device
from edge_sdk.sweep.trackers.devices import open_bno08x, open_ndi, open_witmotion
from edge_sdk.sweep.trackers.line import PortUnavailableError
from edge_sdk.sweep.trackers.ndi import NoToolError
from edge_sdk.sweep.trackers.reading import Reading

LISTEN_S = 0.5


@dataclass(frozen=True)
class Port:
    """A serial port.

    Attributes:
        name: To open it by.
        described: What its driver says about it.
        sensor: "ndi", "witmotion" or "bno08x"; "" where none of them answers.
        problem: Why the port cannot be opened, or "".
    """

    name: str
    described: str
    sensor: str = ""
    problem: str = ""


def ports() -> list[Port]:
    """All ports, without opening any."""
    return [Port(port.device, port.description or "") for port in sorted(list_ports.comports())]


def recognized(port: Port) -> Port:
    """The port with the sensor that answers on it; those that send by themselves are listened to first.

    An NDI tracker is initialized by this, and a WitMotion told to send quaternions; a tracker in use by another program
    is not touched, as its port is taken.
    """
    for kind, opener in (("bno08x", open_bno08x), ("witmotion", open_witmotion), ("ndi", open_ndi)):
        try:
            if _answers(opener(port.name)):
                return replace(port, sensor=kind)
        except PortUnavailableError as error:
            return replace(port, problem=error.what)
        except NoToolError as error:
            return replace(port, sensor=kind, problem=error.what)
        except TrackerError:
            continue  # not this one
    return port


def _answers(device: AbstractContextManager[Device[Reading]]) -> bool:
    limit = time.monotonic() + LISTEN_S
    with device as opened:
        while time.monotonic() < limit:
            if opened.poll():
                return True
    return False
