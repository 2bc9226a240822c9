"""Numbers as C and C++ programs write them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.containers.numbers import number, numbers

NANS = ["nan", "-nan", "+NaN", "NaN", "nan(snan)", "-nan(ind)", "NAN(0x8000000000000)", "1.#IND", "-1.#IND"]
NANS += ["1.#QNAN", "-1.#QNAN0", "1.#SNAN", "-1.#IND000", "1.#J", "qnan", "sNaN", "nanq", "1.$", "1.#"]
INFINITIES = ["inf", "-inf", "+Infinity", "1.#INF", "-1.#INF", "1.#INF00"]


@pytest.mark.parametrize("text", NANS)
def test_nan_in_any_spelling(text: str) -> None:
    assert math.isnan(number(text))
    assert np.isnan(numbers(f"1 {text} 2")).tolist() == [False, True, False]


@pytest.mark.parametrize("text", INFINITIES)
def test_infinity_in_any_spelling(text: str) -> None:
    assert number(text) == (-math.inf if text.startswith("-") else math.inf)


@pytest.mark.parametrize("text", ["", "1_0", "0,5", "1.#IND 2", "nan(", "a", "1.5.2", "0x10", "--1", "1.0f"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number|could not convert"):
        number(text)


@given(st.lists(st.floats(allow_nan=False)))
def test_numbers_come_back(values: list[float]) -> None:
    np.testing.assert_array_equal(numbers(" ".join(map(repr, values))), values)


@given(st.text())
def test_any_text_is_a_number_or_is_refused(text: str) -> None:
    try:
        value = number(text)
    except ValueError:
        return
    assert isinstance(value, float)
