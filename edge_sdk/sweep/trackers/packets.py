"""Packets of one length in a stream of bytes, found again after garbage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from edge_sdk.sweep.trackers.checksums import byte_sum

GARBAGE, CHECKSUM = "bytes that begin no packet", "packets of a wrong checksum"


class PacketReader:
    """Cuts packets out of what arrives in pieces of any size.

    Attributes:
        errors: What was left out, by reason.
    """

    def __init__(self, head: bytes, length: int, covered: Callable[[bytes], bytes]) -> None:
        """
        Args:
            head: Bytes that every packet begins with.
            length: Bytes of a packet; the last one is the checksum.
            covered: The part of a packet that the checksum is the sum of.
        """
        self._head, self._length, self._covered = head, length, covered
        self._held = bytearray()
        self.errors: Counter[str] = Counter()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole packets, in order; where the checksum is wrong, the search goes on one byte later."""
        self._held += data
        while True:
            start = self._held.find(self._head)
            if start < 0:  # the end may be the beginning of a head
                start = max(0, len(self._held) - len(self._head) + 1)
                if not self._head.startswith(self._held[start:]):
                    start = len(self._held)
            if start:
                self.errors[GARBAGE] += start
                del self._held[:start]
            if len(self._held) < self._length:
                return
            packet = bytes(self._held[: self._length])
            if byte_sum(self._covered(packet)) == packet[-1]:
                del self._held[: self._length]
                yield packet
            else:
                self.errors[CHECKSUM] += 1
                del self._held[:1]
