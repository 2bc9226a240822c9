"""Checksums of serial protocols."""

from __future__ import annotations


def crc16_arc(data: bytes) -> int:
    """CRC-16/ARC, as NDI's trackers use it: x¹⁶+x¹⁵+x²+1, reflected, beginning with 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def byte_sum(data: bytes) -> int:
    """Sum of the bytes, modulo 256."""
    return sum(data) & 0xFF
