"""Attributes of an element of a PLUS configuration, converted to numbers, matrices and choices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.numbers import numbers
from edge_sdk.errors import FileFormatError, PoseError
from edge_sdk.sweep.transforms import canonical_name, capitalized

Choice = TypeVar("Choice")
_COMMAS = ": numbers have a decimal point, and blanks between them"


class PlusAttributes:
    """Attributes of one element, converted.

    All methods raise `FileFormatError`, which names file and attribute, where the text is not what they expect.

    Attributes:
        element: The element.
        path: File that the element is from, named in errors.
    """

    def __init__(self, element: ElementTree.Element, path: Path) -> None:
        self.element, self.path = element, path

    def text(self, name: str) -> str | None:
        """The attribute's text without blanks around it; None where it is absent or blank, which PLUS takes alike."""
        return (self.element.get(name) or "").strip() or None

    def numbers(self, name: str, count: int) -> tuple[float, ...] | None:
        """`count` floats, or None where the attribute is absent or blank."""
        text = self.text(name)
        if text is None:
            return None
        try:
            values = tuple(float(number) for number in numbers(text))
        except ValueError:
            values = ()
        if len(values) != count or not np.isfinite(values).all():
            raise FileFormatError(
                f"{self.element.tag} has {name}={' '.join(text.split())[:60]!r}, expected {count} numbers",
                where=self.path,
                remedy="correct the attribute" + _COMMAS * ("," in text),
            )
        return values

    def number(self, name: str) -> float | None:
        """A float, or None where the attribute is absent or blank."""
        values = self.numbers(name, 1)
        return None if values is None else values[0]

    def pair(self, name: str) -> tuple[float, float] | None:
        """Two floats, or None where the attribute is absent or blank."""
        values = self.numbers(name, 2)
        return None if values is None else (values[0], values[1])

    def triple(self, name: str) -> tuple[float, float, float] | None:
        """Three floats, or None where the attribute is absent or blank."""
        values = self.numbers(name, 3)
        return None if values is None else (values[0], values[1], values[2])

    def present(self, *names: str) -> str:
        """The first of these names whose attribute is not blank, or the last; some are deprecated by PLUS."""
        return next((name for name in names if self.text(name) is not None), names[-1])

    def required(self, name: str, count: int) -> tuple[float, ...]:
        """`count` floats of an attribute that must be there."""
        values = self.numbers(name, count)
        if values is None:
            raise self.wrong(name, "absent", f"{count} numbers")
        return values

    def point(self, name: str) -> tuple[float, float, float]:
        """Three floats of an attribute that must be there."""
        x, y, z = self.required(name, 3)
        return x, y, z

    def matrix(self, name: str) -> NDArray[np.float64]:
        """The 4×4 matrix of an attribute that must be there, written row by row."""
        return np.array(self.required(name, 16)).reshape(4, 4)

    def named_transform(self) -> tuple[str, NDArray[np.float64]]:
        """Name, such as "ImageToProbe", and 4×4 matrix of a Transform, which must have an inverse."""
        given = f"{capitalized(self.text('From') or '')}To{capitalized(self.text('To') or '')}"
        try:
            name = canonical_name(given)
        except PoseError as error:
            raise FileFormatError(
                f"a Transform from {self.element.get('From')!r} to {self.element.get('To')!r} has no usable name",
                where=self.path,
                remedy=error.remedy,
            ) from None
        matrix = self.matrix("Matrix")
        if np.linalg.matrix_rank(matrix) < 4:
            raise FileFormatError(
                f"the Matrix of {name} has no inverse",
                where=self.path,
                remedy="calibrate again, or give a calibration result in its place",
            )
        return name, matrix

    def choice(self, name: str, known: Mapping[str, Choice], default: str) -> Choice:
        """What an attribute's text stands for in `known`, in capitals or not; `default` where it is absent or blank."""
        text = self.text(name) or default
        if text.upper() not in known:
            raise self.wrong(name, repr(text), f"one of {', '.join(known)}")
        return known[text.upper()]

    def wrong(self, name: str, given: str, expected: str) -> FileFormatError:
        """The error for an attribute.

        Args:
            name: Name of the attribute.
            given: What the file has, such as "absent".
            expected: What the attribute should be.
        """
        return FileFormatError(
            f"{self.element.tag} has {name} {given}, expected {expected}",
            where=self.path,
            remedy="correct the attribute",
        )
