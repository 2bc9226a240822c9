"""Names of the fields of single frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.containers.frame_keys import FrameKey, frame_field_name, frame_key, frame_numbers


@given(
    number=st.integers(0, 10**9), width=st.integers(1, 40), field=st.text(min_size=1), prefix=st.sampled_from([0, 1])
)
def test_numbers_of_any_width(number: int, width: int, field: str, prefix: int) -> None:
    key = f"{['Seq_Frame', 'SEQ_FRAME'][prefix]}{number:0{width}d}_{field}"
    assert frame_key(key) == FrameKey(number, field)


@given(number=st.integers(0, 10**6), field=st.text(min_size=1))
def test_names_come_back(number: int, field: str) -> None:
    assert frame_key(frame_field_name(number, field)) == FrameKey(number, field)


def test_names_as_plus_writes_them() -> None:
    assert frame_field_name(7, "Timestamp") == "Seq_Frame0007_Timestamp"
    assert frame_field_name(12345, "Timestamp") == "Seq_Frame12345_Timestamp"


@pytest.mark.parametrize("key", ["Seq_Frame_A", "Seq_Frame0000", "Seq_Frame00-1_A", "Seq_Frame0000_", "XSeq_Frame0_A"])
def test_other_names(key: str) -> None:
    assert frame_key(key) is None


def test_frames_with_fields() -> None:
    assert frame_numbers(["DimSize", "Seq_Frame0000000003_A", "Seq_Frame3_B", "Seq_Frame0004_C"]) == {3, 4}
