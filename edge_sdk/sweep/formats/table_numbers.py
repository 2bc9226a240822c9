"""Cells of a table that hold no number."""

from __future__ import annotations

import re

_NO_NUMBER = re.compile(
    r"[+-]?(nan(\s*\(.*\))?|1\.#(ind|qnan|snan|nan|inf)\w*|inf(inity)?)|n/a|null|none|-", re.IGNORECASE
)


def is_missing(text: str) -> bool:
    """Whether a cell is empty or says in any usual spelling that there is no number: NaN, -nan(ind), -1.#IND, inf …"""
    return not text or _NO_NUMBER.fullmatch(text) is not None
