"""Damage to files of every format ends in a clear error or a correct read.

Never in another exception, a crash, more than 2 s of processor time or 2 GB of memory. The damages are drawn by
Hypothesis, the same in every run.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import CASE_BYTES, drawn
from tests.fuzz.harness import Harness
from tests.fuzz.samples import FORMATS

CASES = 10_000
AT_ONCE = 20
"""Cases in one example of Hypothesis, whose own work would otherwise take a third of the time."""


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_damage_ends_in_a_clear_error_or_a_correct_read(name, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    with Harness(FORMATS[name](made), tmp_path / "read") as harness:

        @settings(
            max_examples=CASES // AT_ONCE,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(cases=st.binary(min_size=AT_ONCE * CASE_BYTES, max_size=AT_ONCE * CASE_BYTES))
        def read_damaged(cases):
            for start in range(0, len(cases), CASE_BYTES):
                harness.check(*drawn(cases[start : start + CASE_BYTES]))

        read_damaged()
        print(f"{name}: {dict(harness.outcomes)}")
        assert harness.outcomes.total() >= CASES
        assert min(harness.outcomes["read"], harness.outcomes["refused"]) > CASES // 100
