"""Damage to files of every format ends in a clear error or a correct read.

Never in another exception, a crash, more than 2 s of processor time or 2 GB of memory. The damages are drawn by
Hypothesis, the same in every run.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import LARGEST
from tests.fuzz.harness import Harness
from tests.fuzz.samples import FORMATS

CASES = 10_000

numbers = st.integers(0, LARGEST)
damages = st.lists(st.tuples(st.integers(0, 1000), numbers, numbers), min_size=1, max_size=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_damage_ends_in_a_clear_error_or_a_correct_read(name, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    with Harness(FORMATS[name](made), tmp_path / "read") as harness:

        @settings(
            max_examples=CASES, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[*HealthCheck],
        )  # fmt: skip
        @given(sample=st.integers(0, 63), file=st.integers(0, 63), done=damages)
        def case(sample, file, done):
            harness.check(sample, file, done)

        case()
        print(f"{name}: {dict(harness.outcomes)}")
        assert harness.outcomes.total() >= CASES
        assert min(harness.outcomes["read"], harness.outcomes["refused"]) > CASES // 100
