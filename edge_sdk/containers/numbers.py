"""Numbers in text headers, as C and C++ programs write them."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

_NO_NUMBER = re.compile(r"[+-]?(?:[qs]?nan[qs]?(?:\([^()]*\))?|1\.[#$](?!inf)[a-z]*[0-9]*)", re.IGNORECASE)
"""NaN of glibc ("-nan", "nan(0x1)"), of today's MSVC ("-nan(ind)", "nan(snan)") and of MSVC before 2015 ("-1.#IND",
"1.#QNAN00", and "1.#J" or "1.$" where few digits were asked for)."""
_INFINITE = re.compile(r"[+-]?1\.#inf[0-9]*", re.IGNORECASE)


def number(text: str) -> float:
    """The number that a text says; NaN and the infinities in any spelling.

    Raises:
        ValueError: It is no number.
    """
    if "_" in text:  # Python's own numbers may have underscores, a file's may not
        raise ValueError(f"{text!r} is no number")
    try:
        return float(text)
    except ValueError:
        text = text.strip()
        if _NO_NUMBER.fullmatch(text):
            return math.nan
        if _INFINITE.fullmatch(text):
            return -math.inf if text.startswith("-") else math.inf
        raise


def numbers(text: str) -> NDArray[np.float64]:
    """The numbers of a text, with blanks between them; see `number`.

    Raises:
        ValueError: One is no number.
    """
    words = text.split()
    if "_" not in text:
        try:
            return np.array(words, np.float64)  # fast; a recording has thousands of matrices
        except ValueError:
            pass
    return np.array([number(word) for word in words], np.float64)
