"""The first signal asks, the second one ends."""

from __future__ import annotations

import signal
import threading

import pytest

from apps.stream.core.signals import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_only_asks(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    interrupts = Interrupts()
    with interrupts.installed():
        signal.raise_signal(number)
        assert interrupts.asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt), interrupts.raising():
            pytest.fail("nothing begins any more")
    assert signal.getsignal(number) is before


def test_where_nothing_can_be_lost_the_first_signal_ends() -> None:
    interrupts = Interrupts()
    with interrupts.installed():
        with pytest.raises(KeyboardInterrupt), interrupts.raising():
            signal.raise_signal(signal.SIGTERM)
        assert interrupts.asked.is_set()


def test_another_thread_leaves_the_signals_alone() -> None:
    before, found = signal.getsignal(signal.SIGTERM), list[object]()

    def elsewhere() -> None:
        with Interrupts().installed():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [before]
