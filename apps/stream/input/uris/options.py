"""Options of a URI: `KEY=VALUE` pairs, checked against the keys that the URI's kind takes."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from urllib.parse import unquote

from edge_sdk.errors import EdgeSdkError

_NUMBER = re.compile(r"\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(\S*)\s*", re.IGNORECASE)


class Options:
    """The options of one URI; every value is asked for by its key and its kind."""

    def __init__(
        self,
        uri: str,
        pairs: Sequence[tuple[str, str]],
        known: Sequence[str],
        *,
        repeatable: Sequence[str] = (),
        error: type[EdgeSdkError] = EdgeSdkError,
        remedy: str = "",
    ) -> None:
        """
        Args:
            uri: The URI as it was given, named in errors.
            pairs: Key and value of every option, in their order.
            known: Keys that this kind of URI takes.
            repeatable: Keys of these that may be given more than once.
            error: Type of the errors raised here and by the methods.
            remedy: What such a URI looks like.

        Raises:
            EdgeSdkError: A key is not known (the nearest that is known is named), or given twice.
        """
        self._uri, self._error, self._remedy = uri, error, remedy
        self._values: dict[str, list[str]] = {}
        for key, value in pairs:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
                raise self.wrong(f"option {key!r} is not known" + (f", did you mean {near[0]!r}" if near else ""))
            if key in self._values and key not in repeatable:
                raise self.wrong(f"option {key!r} is given twice")
            self._values.setdefault(key, []).append(value)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def wrong(self, what: str) -> EdgeSdkError:
        """The error to raise for this URI: what was given and what was expected."""
        return self._error(what, where=self._uri, remedy=self._remedy)

    def texts(self, key: str) -> tuple[str, ...]:
        """All values of a key, in their order; empty where it was not given.

        Raises:
            EdgeSdkError: A value is empty.
        """
        values = tuple(self._values.get(key, ()))
        if "" in values:
            raise self.wrong(f"{key}= is empty")
        return values

    def text(self, key: str) -> str | None:
        """The value of a key, or None where it was not given.

        Raises:
            EdgeSdkError: The value is empty.
        """
        return next(iter(self.texts(key)), None)

    def number(self, key: str, unit: str = "") -> float | None:
        """The value as a finite number, with or without its unit, or None where it was not given.

        Raises:
            EdgeSdkError: It is no such number.
        """
        text = self.text(key)
        if text is None:
            return None
        match = _NUMBER.fullmatch(text)
        try:
            value = float(match[1]) if match and match[2] in ("", unit) else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.wrong(f"{key}={text} is not a number" + (f" of {unit}" if unit else ""))
        return value

    def positive(self, key: str) -> float | None:
        """The value as a finite number above 0, or None where it was not given.

        Raises:
            EdgeSdkError: It is no such number.
        """
        value = self.number(key)
        if value is not None and value <= 0:
            raise self.wrong(f"{key}={self.text(key)} is not a number above 0")
        return value

    def whole(self, key: str, default: int) -> int:
        """The value as a whole number above 0, or the default where it was not given.

        Raises:
            EdgeSdkError: It is no such number.
        """
        text = self.text(key)
        if text is None:
            return default
        if not (text.isdecimal() and text.isascii() and int(text)):
            raise self.wrong(f"{key}={text} is not a whole number above 0")
        return int(text)

    def one_of(self, key: str, allowed: Sequence[str]) -> str | None:
        """The value, which must be one of those allowed, or None where it was not given.

        Raises:
            EdgeSdkError: It is another one.
        """
        text = self.text(key)
        if text is not None and text not in allowed:
            raise self.wrong(f"{key}={text} is not one of {', '.join(allowed)}")
        return text


def pairs_of(text: str, separator: str) -> list[tuple[str, str]]:
    """Key and value of each part of `KEY=VALUE` parts; percent escapes of a "?" query are decoded.

    A part without "=" is a key whose value is empty.
    """
    decode = unquote if separator == "&" else str
    parts = (part.partition("=") for part in text.split(separator) if part)
    return [(decode(key.strip()), decode(value)) for key, _, value in parts]
