"""A sender's time stamps on the receiver's clock."""

from __future__ import annotations

import math
from collections import deque

WINDOW_S = 10.0
"""How long a least delay is believed: clocks that drift apart by 100 ppm part by 1 ms in it."""
JUMP_S = 0.5


class ClockMap:
    """Takes the arrival that was delayed least as the one that came at once.

    The offset between the clocks is the running minimum of (arrival − stamp) over a sliding window, so that a message
    that was held up in the network is still given the moment at which it was stamped. What the least delay itself is
    cannot be known from here; it is contained in every moment.

    Attributes:
        jumps: How often the sender's clock was set, by more than `JUMP_S`; the map starts anew then. A clock that is
            set back shows in stamps that go back; one that is set forward, in a delay less than any before. A network
            that holds everything up for seconds is no jump.
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        """
        Args:
            window_s: Arrivals so long ago no longer count.
        """
        self._window_s = window_s
        self.jumps = 0
        self._delays: deque[tuple[float, float]] = deque()  # (arrival, delay), both rising: the first is the least
        self._newest_stamp, self._newest_moment = -math.inf, -math.inf

    def moment(self, stamp: float, arrival: float) -> float:
        """When a message was stamped, on the receiver's clock.

        Never later than its arrival, and never before the moment of a message with an earlier stamp: while the estimate
        of the offset falls by more than the step between two stamps, moments stand still.

        Args:
            stamp: Seconds on the sender's clock; 0 for none, which gives the arrival.
            arrival: Seconds on the receiver's clock, not before the arrival of the last call.
        """
        if stamp == 0:
            return arrival
        delay = arrival - stamp
        if self._delays and (delay < self._delays[0][1] - JUMP_S or stamp < self._newest_stamp - JUMP_S):
            self.jumps += 1
            self._delays.clear()
            self._newest_stamp = -math.inf
        moment = stamp + self._least(delay, arrival)
        # Adding and subtracting large numbers may end a rounding error behind the arrival.
        moment = min(moment, arrival)
        if stamp >= self._newest_stamp:
            self._newest_moment = max(moment, self._newest_moment)
            self._newest_stamp = stamp
            return self._newest_moment
        return min(moment, self._newest_moment)

    def _least(self, delay: float, arrival: float) -> float:
        while self._delays and self._delays[-1][1] >= delay:
            self._delays.pop()
        self._delays.append((arrival, delay))
        while self._delays[0][0] < arrival - self._window_s:
            self._delays.popleft()
        return self._delays[0][1]
