"""What a recording's time stamps say: rate, jitter, gaps, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from edge_sdk.sweep.warning import SweepWarning

_UNITS = ((4.0, "s"), (4e3, "ms"), (4e6, "µs"), (np.inf, "ns"))
"""Largest usual step between frames, as a number, if the stamps are in this unit: no scanner waits 4 s."""
_JITTER = 0.5
"""Share of the usual step from which the jitter is worth a word."""
_GAP = 10.0
"""Usual steps from which a gap is worth a word; at least `_GAP_S`."""
_GAP_S = 0.5


@dataclass(frozen=True)
class TimeReport:
    """Time stamps of a recording.

    Duplicates and decreasing stamps are told of the file's order. Rate, jitter and gaps are told of the times as they
    lie on the axis: sorted, without duplicates and missing ones.

    What becomes of such frames: compounding inserts frames in the file's order and does not look at the stamps.
    Where poses are taken by time (`interpolate`), stamps are sorted, of several poses at one time the first in the
    file counts, and frames of one time get the same pose; a frame without a stamp gets none. A replay shows frames in
    the file's order and does not wait where the time steps back.

    Attributes:
        frames: How many.
        missing: Stamps that are NaN or infinite.
        duplicates: Stamps that an earlier frame has already.
        decreasing: Stamps before that of the frame before.
        first_s: The earliest, in seconds; None where there is none.
        duration_s: From the earliest to the latest.
        step_s: Median step; None for fewer than two times, and so for the next three.
        rate_hz: Frames per second, over the duration.
        jitter_s: Standard deviation of the steps.
        longest_gap_s: Longest step.
        gap_after_s: When it begins, in seconds from the earliest.
        likely_unit: "s", or "ms", "µs", "ns" where the steps are far too long for seconds.
    """

    frames: int
    missing: int
    duplicates: int
    decreasing: int
    first_s: float | None
    duration_s: float
    step_s: float | None
    rate_hz: float | None
    jitter_s: float | None
    longest_gap_s: float | None
    gap_after_s: float | None
    likely_unit: str

    def problems(self) -> list[SweepWarning]:
        """What is probably wrong, for the user to look at; empty for a usual recording."""
        found = []
        if self.missing:
            found.append(
                SweepWarning(
                    f"{self.missing} of {self.frames} frames have no time stamp",
                    "the recorder did not write one",
                    "their own poses are used; poses joined by time leave them out",
                )
            )
        if self.duplicates:
            found.append(
                SweepWarning(
                    f"{self.duplicates} of {self.frames} frames repeat the time stamp of an earlier one",
                    "the recorder was faster than its source and stored frames twice, or the clock is coarse",
                    "they are inserted in the file's order; joined by time, they get one pose",
                )
            )
        if self.decreasing:
            found.append(
                SweepWarning(
                    f"the time steps back {self.decreasing} times in {self.frames} frames",
                    "recordings were joined, the clock was set, or frames were stored out of order",
                    "they are inserted in the file's order; poses joined by time are sorted",
                )
            )
        if self.likely_unit != "s":
            found.append(
                SweepWarning(
                    f"the frames are {self.step_s:g} s apart",
                    f"the time stamps are in {self.likely_unit}, not in seconds",
                    "write them in seconds",
                )
            )
        elif self.step_s and (self.longest_gap_s or 0) > max(_GAP * self.step_s, _GAP_S):
            found.append(
                SweepWarning(
                    f"no frames for {self.longest_gap_s:.2f} s after {self.gap_after_s:.2f} s; "
                    f"{1e3 * self.step_s:.0f} ms are usual",
                    "the recorder or its source stopped",
                    "look whether the probe moved meanwhile; poses joined by time end at such a gap (--max-gap)",
                )
            )
        if self.step_s and (self.jitter_s or 0) > _JITTER * self.step_s:
            found.append(
                SweepWarning(
                    f"the steps between frames vary by {1e3 * (self.jitter_s or 0):.0f} ms; "
                    f"{1e3 * self.step_s:.0f} ms are usual",
                    "frames were dropped, or stamped when they arrived and not when they were taken",
                    "record with the scanner's own time stamps, or with PLUS's filtered ones",
                )
            )
        return found


def examine_times(timestamps: ArrayLike) -> TimeReport:
    """Look at the time stamps (N,) of a recording, in seconds, in the file's order; NaN where a frame has none."""
    stamps = np.asarray(timestamps, np.float64).ravel()
    known = stamps[np.isfinite(stamps)]
    times = np.unique(known)
    steps = np.diff(times)
    some = len(steps) > 0
    longest = int(steps.argmax()) if some else 0
    median = float(np.median(steps)) if some else None
    duration = float(times[-1] - times[0]) if some else 0.0
    return TimeReport(
        frames=len(stamps),
        missing=len(stamps) - len(known),
        duplicates=len(known) - len(times),
        decreasing=int((np.diff(known) < 0).sum()),
        first_s=float(times[0]) if len(times) else None,
        duration_s=duration,
        step_s=median,
        rate_hz=(len(times) - 1) / duration if some else None,
        jitter_s=float(steps.std()) if some else None,
        longest_gap_s=float(steps[longest]) if some else None,
        gap_after_s=float(times[longest] - times[0]) if some else None,
        likely_unit=next(unit for limit, unit in _UNITS if (median or 0.0) < limit),
    )
