"""Cells of a table that hold no number."""

from __future__ import annotations

import math
import re

from edge_sdk.containers.numbers import number

_WORDS = {"", "n/a", "null", "none", "-"}
_BEFORE_NOTE = re.compile(r"\s+(?=\()")
"""Blanks that some tables have in "nan (ind)"."""


def is_missing(text: str) -> bool:
    """Whether a cell is empty or says in any usual spelling that there is no number: NaN, -nan(ind), -1.#IND, inf …"""
    if text.lower() in _WORDS:
        return True
    try:
        return not math.isfinite(number(_BEFORE_NOTE.sub("", text)))
    except ValueError:
        return False
