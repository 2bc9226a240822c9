"""A sender's clock on the receiver's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.sweep.feeds.clock_map import JUMP_S, ClockMap

EPOCH = 1.7e9
"""What a sender's clock shows, seconds since 1970."""
STEPS = st.lists(
    st.tuples(st.floats(0.001, 0.2), st.floats(0, 0.3)), min_size=1, max_size=80
)  # between stamps, and each one's delay


def stream(steps: list[tuple[float, float]], offset: float = EPOCH) -> list[tuple[float, float]]:
    """(stamp, arrival) of messages that one connection brings in order."""
    sent, arrival, messages = 100.0, 0.0, []
    for step, delay in steps:
        sent += step
        arrival = max(arrival, sent + delay)
        messages.append((sent + offset, arrival))
    return messages


@given(STEPS)
def test_moments_rise_and_are_never_later_than_the_arrival(steps: list[tuple[float, float]]) -> None:
    clock, last = ClockMap(), -np.inf
    for stamp, arrival in stream(steps):
        moment = clock.moment(stamp, arrival)
        assert last <= moment <= arrival
        last = moment
    assert clock.jumps == 0


@given(STEPS, st.floats(-1e9, 2e9))
def test_the_offset_is_that_of_the_least_delay(steps: list[tuple[float, float]], offset: float) -> None:
    messages = stream(steps, offset)
    clock = ClockMap(window_s=1e6)
    for stamp, arrival in messages:
        clock.moment(stamp, arrival)
    least = min(arrival - stamp for stamp, arrival in messages)
    stamp = messages[-1][0] + 10.0
    # It arrives 3 s late, and its moment is still that of its stamp.
    assert clock.moment(stamp, stamp + least + 3.0) == pytest.approx(stamp + least, abs=1e-5)


def test_random_delays_leave_the_least_one() -> None:
    rng = np.random.default_rng(3)
    steps = [(0.02, 0.004 + float(delay)) for delay in rng.exponential(0.02, 500)]
    clock = ClockMap()
    errors = [clock.moment(stamp, arrival) - (stamp - EPOCH) for stamp, arrival in stream(steps)]
    assert np.allclose(errors[250:], 0.004, atol=1e-3)


@given(STEPS, STEPS, st.one_of(st.floats(1.0, 1e6), st.floats(-1e6, -1.0)))
def test_a_clock_that_is_set_is_counted_and_followed(
    before: list[tuple[float, float]], after: list[tuple[float, float]], jump: float
) -> None:
    messages = stream(before + after)
    clock = ClockMap()
    for at, (stamp, arrival) in enumerate(messages):
        set_by = jump if at >= len(before) else 0.0
        moment = clock.moment(stamp + set_by, arrival)
        # As wrong as the delays are, never as wrong as the jump.
        assert stamp - EPOCH - 1e-6 <= moment <= arrival
    assert clock.jumps == 1


def test_a_network_that_stalls_is_no_jump() -> None:
    clock = ClockMap()
    for number in range(100):
        clock.moment(EPOCH + 0.02 * number, 0.02 * number + 0.001)
    for number in range(100, 250):  # all of them arrive when it is over
        moment = clock.moment(EPOCH + 0.02 * number, max(5.0, 0.02 * number + 0.001))
        assert moment == pytest.approx(0.02 * number + 0.001, abs=1e-5)
    assert clock.jumps == 0


def test_slow_drift_is_followed() -> None:
    clock = ClockMap()
    for number in range(6000):  # two minutes in which the sender's clock loses 12 ms
        now = 0.02 * number
        moment = clock.moment(EPOCH + now * (1 - 1e-4), now)
        assert now - 2e-3 < moment <= now
    assert clock.jumps == 0


def test_a_message_of_an_earlier_stamp_keeps_its_place() -> None:
    clock = ClockMap()
    clock.moment(EPOCH + 1.00, 1.00)
    clock.moment(EPOCH + 1.10, 1.10)
    assert clock.moment(EPOCH + 1.04, 1.11) == pytest.approx(1.04, abs=1e-6)  # an image after the poses around it
    assert clock.jumps == 0


def test_without_a_stamp_the_arrival_counts() -> None:
    clock = ClockMap()
    assert clock.moment(0.0, 12.5) == 12.5
    assert clock.moment(EPOCH, 12.6) == pytest.approx(12.6)
    assert clock.moment(0.0, 12.7) == 12.7
    assert clock.jumps == 0


def test_a_step_below_half_a_second_is_no_jump() -> None:
    clock = ClockMap()
    clock.moment(EPOCH, 10.0)
    clock.moment(EPOCH + 0.02 + 0.9 * JUMP_S, 10.02)
    assert clock.jumps == 0
