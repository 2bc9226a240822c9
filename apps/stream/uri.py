"""Source URIs: what `--source` understands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import EdgeSdkError

WORKS = "replay:FILE, replay:FILE?rate=1.0 (0 or max: as fast as possible), or replay:FILE?fps=30"


@dataclass(frozen=True)
class Pacing:
    """When the frames of a recording arrive.

    Attributes:
        rate: Multiple of the recorded speed, by the recorded time stamps; 0 means as fast as the pipeline takes
            them, and then none is dropped.
        fps: Frames per second instead of the recorded time stamps, or None.
    """

    rate: float = 1.0
    fps: float | None = None

    @property
    def unpaced(self) -> bool:
        """Whether frames come as fast as the pipeline takes them."""
        return self.fps is None and self.rate == 0

    def offsets(self, timestamps: NDArray[np.float64], *, where: object = None) -> NDArray[np.float64] | None:
        """Seconds from the first frame to each frame's arrival, (N,), never decreasing; None if unpaced.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        if self.fps is not None:
            return np.arange(len(timestamps)) / self.fps
        if self.unpaced:
            return None
        if not np.isfinite(timestamps).all() or (len(timestamps) > 1 and np.ptp(timestamps) == 0):
            raise EdgeSdkError(
                "has no time stamps to replay it by", where=where, remedy="say how fast, such as ?fps=30"
            )
        # A frame cannot arrive before an earlier one, whatever its time stamp says.
        seconds: NDArray[np.float64] = np.maximum.accumulate(timestamps - timestamps[0]) / self.rate
        return seconds

    def described(self) -> str:
        """For reports."""
        if self.fps is not None:
            return f"{self.fps:g} frames/s"
        return "as fast as possible" if self.unpaced else f"{self.rate:g} × recorded speed"


@dataclass(frozen=True)
class ReplayUri:
    """A parsed `replay:` URI."""

    path: Path
    pacing: Pacing


def parse_source(uri: str) -> ReplayUri:
    """Understand a source URI.

    What follows the last "?" are options; the path is taken as it is, without percent decoding.

    Raises:
        EdgeSdkError: Another scheme, an unknown option, or an impossible value.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise EdgeSdkError("is not a source URI", where=uri or "--source", remedy=f"use {WORKS}")
    if scheme != "replay":
        raise EdgeSdkError(
            f"this version replays recorded sweeps, it does not open sources of kind {scheme!r}",
            where=uri,
            remedy=f"use {WORKS}",
        )
    path, question, query = rest.rpartition("?")
    if not question:
        path, query = rest, ""
    if not path:
        raise EdgeSdkError("names no file", where=uri, remedy=f"use {WORKS}")
    options = parse_qsl(query, keep_blank_values=True)
    if len(options) > 1 or (question and not options):
        raise EdgeSdkError("takes one option, rate or fps", where=uri, remedy=f"use {WORKS}")
    return ReplayUri(Path(path), _pacing(uri, *options[0]) if options else Pacing())


def _pacing(uri: str, name: str, value: str) -> Pacing:
    if name not in ("rate", "fps"):
        raise EdgeSdkError(f"option {name!r} is not known", where=uri, remedy=f"use {WORKS}")
    if name == "rate" and value == "max":
        return Pacing(rate=0.0)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    lowest_is_fine = name == "rate" and number == 0
    if not math.isfinite(number) or (number <= 0 and not lowest_is_fine):
        raise EdgeSdkError(f"{name}={value} is not a positive number", where=uri, remedy=f"use {WORKS}")
    return Pacing(fps=number) if name == "fps" else Pacing(rate=number)
