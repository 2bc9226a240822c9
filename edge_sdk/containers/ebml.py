"""EBML (RFC 8794), the binary tree of elements that Matroska and WebM files are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

Bytes = bytes | mmap


@dataclass(frozen=True)
class Element:
    """One element of the tree.

    Attributes:
        kind: Its ID, with the length marker, as the specifications print it.
        at: Its first byte.
        start: First byte of its contents.
        end: Byte after its contents, at most the end of the file.
        sized: Whether the file states its size; else it reaches to the end of its parent.
    """

    kind: int
    at: int
    start: int
    end: int
    sized: bool = True


def children(data: Bytes, start: int, end: int) -> Iterator[Element]:
    """The elements between two bytes, in order; they end where the data is no element or is cut off."""
    at = start
    while at < end:
        kind = _number(data, at, end, most=4, marked=True)
        size = kind and _number(data, at + kind[1], end, most=8, marked=False)
        if not kind or not size:
            return
        first = at + kind[1] + size[1]
        unknown = size[0] == (1 << 7 * size[1]) - 1
        last = end if unknown else min(first + size[0], end)
        yield Element(kind[0], at, first, last, sized=not unknown)
        at = last


def unsigned(data: Bytes, element: Element) -> int:
    """An unsigned number; 0 where the element is empty or longer than 8 bytes."""
    length = element.end - element.start
    return int.from_bytes(data[element.start : element.end], "big") if length <= 8 else 0


def text(data: Bytes, element: Element) -> str:
    """A text, which ends at its first NUL."""
    return data[element.start : element.end].split(b"\0")[0].decode("utf-8", "replace")


def _number(data: Bytes, at: int, end: int, *, most: int, marked: bool) -> tuple[int, int] | None:
    """A number of variable length and how many bytes it has; None where there is none.

    Args:
        data: The file.
        at: First byte of the number.
        end: Byte after the last that it may take.
        most: Largest length in bytes.
        marked: Keep the bit that states the length, as in IDs.
    """
    length = 9 - int(data[at]).bit_length() if at < end else 9
    if length > most or at + length > end:
        return None
    value = int.from_bytes(data[at : at + length], "big")
    return (value if marked else value & ((1 << 7 * length) - 1)), length


def variable_number(data: Bytes, at: int, end: int) -> tuple[int, int] | None:
    """A number of variable length without its length marker, and its length in bytes; None where there is none."""
    return _number(data, at, end, most=8, marked=False)
