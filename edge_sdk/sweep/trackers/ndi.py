"""An NDI tracker (Polaris, Aurora) on a serial port: from its reset to poses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from edge_sdk.errors import TrackerError
from edge_sdk.sweep.trackers.checksums import crc16_arc
from edge_sdk.sweep.trackers.line import SerialLine
from edge_sdk.sweep.trackers.ndi_bytes import BAUD_CODES, END, DamagedReplyError, reply_text, with_crc
from edge_sdk.sweep.trackers.ndi_replies import BINARY_HEADER, BINARY_START, Reply, binary_length, parse_bx, parse_tx
from edge_sdk.sweep.trackers.reading import Reading

FIRST_BAUD = 9600
REPLY_S = 5.0
"""Some commands, such as loading a tool, take seconds."""
PROBE_S = 1.0
SETTLE_S = 0.2
_FREE, _INITIALIZE, _ENABLE = "01", "02", "03"
DAMAGED = "replies that were damaged"
_PATIENCE = 20
_CHUNK = 64
_RESET = b"RESETBE6F" + END


class NoToolError(TrackerError):
    """An NDI tracker answers and has nothing to track."""


class NdiTracker:
    """Asks an NDI tracker for the poses of its tools.

    Attributes:
        handles: Port handles that are tracked, two hexadecimal digits each.
        errors: Replies that were left out, by reason.
    """

    def __init__(
        self, line: SerialLine, *, baud: int = 115_200, tools: Mapping[str, bytes] | None = None, binary: bool = True
    ) -> None:
        """
        Args:
            line: Opened with 9600 baud.
            baud: To go on with.
            tools: Tool definitions (the content of .rom files) of wireless tools, by name for messages.
            binary: Ask with BX instead of TX.

        Raises:
            TrackerError: It has no such baud rate, does not answer, refuses a tool, or tracks none.
        """
        if baud not in BAUD_CODES:
            raise TrackerError(
                f"{baud} baud is not supported", where=line.port, remedy=f"use one of {', '.join(map(str, BAUD_CODES))}"
            )
        self._line, self._binary = line, binary
        self._numbers: dict[str, int | None] = {}
        self.errors: Counter[str] = Counter()
        self._damaged = 0
        self._initialize()
        if baud != FIRST_BAUD:
            self._ask(f"COMM:{BAUD_CODES[baud]}0000")
            line.set_baud(baud)
        for handle in self._search(_FREE):
            self._ask(f"PHF:{handle}")
        for name, definition in (tools or {}).items():
            self._load(name, definition)
        for handle in self._search(_INITIALIZE):
            self._ask(f"PINIT:{handle}")
        self.handles = self._search(_ENABLE)
        if not self.handles:
            raise NoToolError(
                "tracks no tool", where=line.port, remedy="plug a tool in, or give the .rom files of wireless ones"
            )
        for handle in self.handles:
            self._ask(f"PENA:{handle}D")
        self._ask("TSTART:")

    def poll(self) -> list[Reading]:
        """Measurements that are newer than those of the last call; those out of the volume have that as status.

        A damaged reply is counted and left out; after `_PATIENCE` of them the device counts as lost.

        Raises:
            TrackerError: The device is gone, silent, or sends nothing but what cannot be understood.
        """
        try:
            reply = self._poses()
        except DamagedReplyError:
            self.errors[DAMAGED] += 1
            self._damaged += 1
            if self._damaged > _PATIENCE:
                raise
            return []
        self._damaged = 0
        new = [each for each in reply.readings if each.number is None or each.number != self._numbers.get(each.sensor)]
        self._numbers |= {each.sensor: each.number for each in new}
        return new

    def silence(self) -> str:
        """What it means that no measurement is new: it answers, else `poll` would have said."""
        return "answers and measures nothing new; check that it is not paused and that nothing blocks its view"

    def stop(self) -> None:
        """End tracking, as far as the device still answers."""
        self._ask("TSTOP:")

    def _initialize(self) -> None:
        # Ends what another program may have left half said; a tracker that it makes complain is not listened to.
        self._line.write(END)
        self._line.read_until(END, SETTLE_S)
        try:
            self._ask("INIT:", PROBE_S)
        except TrackerError:
            # It may be at another baud rate since an earlier session: a break sets it back.
            self._line.send_break()
            self._line.set_baud(FIRST_BAUD)
            if not self._line.read_until(_RESET, REPLY_S).endswith(_RESET):
                raise
            self._ask("INIT:")

    def _search(self, kind: str) -> list[str]:
        """Port handles to free, to initialize or to enable."""
        text = self._ask(f"PHSR:{kind}")
        try:
            count = int(text[:2], 16)
            if len(text) != 2 + 5 * count:
                raise ValueError
        except ValueError:
            raise self._strange(f"PHSR:{kind}", text) from None
        return [text[at : at + 2] for at in range(2, len(text), 5)]

    def _load(self, name: str, definition: bytes) -> None:
        handle = self._ask("PHRQ:*********1****")
        if len(handle) != 2:
            raise self._strange("PHRQ", handle)
        padded = definition + bytes(-len(definition) % _CHUNK)
        for start in range(0, len(padded), _CHUNK):
            chunk = padded[start : start + _CHUNK].hex().upper()
            try:
                self._ask(f"PVWR:{handle}{start:04X}{chunk}")
            except TrackerError as error:
                raise TrackerError(f"refuses the tool {name} ({error.what})", where=self._line.port) from error

    def _ask(self, command: str, seconds: float = REPLY_S) -> str:
        self._send(command)
        return self._understood(command, self._line.read_until(END, seconds))

    def _send(self, command: str) -> None:
        self._line.forget_input()
        self._line.write(with_crc(command))

    def _understood(self, command: str, line: bytes) -> str:
        if not line:
            raise TrackerError(
                f"does not answer {command.partition(':')[0]}",
                where=self._line.port,
                remedy="check baud rate and power",
            )
        try:
            return reply_text(line)
        except TrackerError as error:
            raise type(error)(error.what, where=self._line.port, remedy=error.remedy) from error

    def _poses(self) -> Reply:
        if not self._binary:
            return parse_tx(self._ask("TX:0801"))
        self._send("BX:0801")
        head = self._line.read_exactly(BINARY_HEADER, REPLY_S)
        if not head.startswith(BINARY_START):  # an error comes as text
            self._understood("BX:0801", head + self._line.read_until(END, PROBE_S))
            raise self._strange("BX:0801", head.hex(" "))
        length = binary_length(head)
        rest = self._line.read_exactly(length + 2, REPLY_S)
        if len(rest) < length + 2 or crc16_arc(rest[:-2]) != int.from_bytes(rest[-2:], "little"):
            raise DamagedReplyError(
                "sent a BX reply whose CRC is wrong", where=self._line.port, remedy="check the cable"
            )
        return parse_bx(rest[:-2])

    def _strange(self, command: str, text: str) -> TrackerError:
        return TrackerError(
            f"answered {command} by {text[:40]!r}", where=self._line.port, remedy="check that it is an NDI tracker"
        )
