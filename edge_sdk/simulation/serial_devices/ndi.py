"""A simulated NDI tracker: the commands that lead to poses, TX and BX."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from edge_sdk.simulation.serial_devices.motion import SwingingPose
from edge_sdk.sweep.trackers.checksums import crc16_arc
from edge_sdk.sweep.trackers.ndi_bytes import END, with_crc
from edge_sdk.sweep.trackers.ndi_replies import BINARY_START

OCCUPIED, INITIALIZED, ENABLED = 0x01, 0x10, 0x20

SEARCHES = {
    "00": (0, 0),
    "01": (0, OCCUPIED),
    "02": (OCCUPIED, INITIALIZED),
    "03": (INITIALIZED, ENABLED),
    "04": (ENABLED, 0),
}
"""Argument of PHSR: bits that a port must have, and bits that it must not have."""


@dataclass
class SimulatedNdi:
    """Answers commands; give `turn` to a `PseudoPort`.

    Attributes:
        ports: Port handle to status bits; those that are wired are there from the start.
        missing: Handles that are tracked and not seen.
        definitions: Tool definitions that were loaded, by handle.
        heard: Commands so far.
    """

    ports: dict[int, int] = field(default_factory=lambda: {0x0A: OCCUPIED, 0x0B: OCCUPIED})
    missing: set[int] = field(default_factory=set)
    pose: SwingingPose = field(default_factory=SwingingPose)
    definitions: dict[int, bytearray] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    _held: bytes = b""
    _tracking: bool = False

    def turn(self, arrived: bytes) -> bytes:
        """Replies to the commands that are whole."""
        self._held += arrived
        replies = b""
        while END in self._held:
            line, _, self._held = self._held.partition(END)
            replies += self._reply(line)
        return replies

    def _reply(self, line: bytes) -> bytes:
        name, colon, rest = line.decode("latin-1").partition(":")
        if colon:
            if with_crc(f"{name}:{rest[:-4]}") != line + END:
                return with_crc("ERROR04")
            arguments = rest[:-4]
        else:
            name, _, arguments = name.partition(" ")
        self.heard.append(name)
        if name == "BX":
            return self._bx() if self._tracking else with_crc("ERROR0C")
        return with_crc(self._text(name, arguments))

    def _text(self, name: str, arguments: str) -> str:
        match name:
            case "INIT" | "RESET":
                self._tracking = False
                self.ports = {handle: bits & OCCUPIED for handle, bits in self.ports.items()}
                return "OKAY" if name == "INIT" else "RESET"
            case "TSTART" | "TSTOP":
                self._tracking = name == "TSTART"
                return "OKAY"
            case "COMM" | "BEEP":
                return "OKAY"
            case "VER" | "APIREV":
                return "G.001.004"
            case "PHSR":
                return self._search(arguments or "00")
            case "PHRQ":
                handle = max(self.ports, default=0) + 1
                self.ports[handle] = OCCUPIED
                return f"{handle:02X}"
            case "PVWR":
                self.definitions.setdefault(int(arguments[:2], 16), bytearray()).extend(bytes.fromhex(arguments[6:]))
                return "OKAY"
            case "PHF" | "PINIT" | "PENA":
                return self._change(name, int(arguments[:2], 16))
            case "PHINF":
                handle = int(arguments[:2], 16)
                return f"02000000{'SIMULATED':<12}1.000000000000{self.ports.get(handle, 0):02X}"
            case "TX":
                return self._tx() if self._tracking else "ERROR0C"
        return "ERROR01"

    def _search(self, kind: str) -> str:
        wanted, unwanted = SEARCHES[kind[:2]]
        found = {handle: bits for handle, bits in self.ports.items() if bits & wanted == wanted and not bits & unwanted}
        return f"{len(found):02X}" + "".join(f"{handle:02X}{bits:03X}" for handle, bits in found.items())

    def _change(self, name: str, handle: int) -> str:
        if handle not in self.ports:
            return "ERROR0A"
        if name == "PHF":
            del self.ports[handle]
        else:
            self.ports[handle] |= INITIALIZED if name == "PINIT" else ENABLED
        return "OKAY"

    def _enabled(self) -> list[int]:
        return [handle for handle, bits in self.ports.items() if bits & ENABLED]

    def _tx(self) -> str:
        number = self.pose.number
        (x, y, z, w), position = self.pose.at(number)
        pose = "".join(f"{round(10_000 * each):+06d}" for each in (w, x, y, z))
        pose += "".join(f"{round(100 * each):+07d}" for each in position) + "+00123"
        handles = self._enabled()
        text = f"{len(handles):02X}"
        for handle in handles:
            reported = "MISSING" if handle in self.missing else pose
            text += f"{handle:02X}{reported}{self.ports[handle]:08X}{number:08X}\n"
        return text + "0000"

    def _bx(self) -> bytes:
        number = self.pose.number
        (x, y, z, w), position = self.pose.at(number)
        handles = self._enabled()
        payload = bytes([len(handles)])
        for handle in handles:
            seen = handle not in self.missing
            payload += bytes([handle, 1 if seen else 2])
            if seen:
                payload += struct.pack("<8f", w, x, y, z, *position, 0.0123)
            payload += struct.pack("<2I", self.ports[handle], number)
        payload += struct.pack("<H", 0)
        head = BINARY_START + struct.pack("<H", len(payload))
        return head + struct.pack("<H", crc16_arc(head)) + payload + struct.pack("<H", crc16_arc(payload))
