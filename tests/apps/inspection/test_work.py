"""What kind of work an executed operator does."""

import pytest

from apps.inspection.work import LAYOUT, work_of
from edge_sdk.session import ExecutedOperator


@pytest.mark.parametrize(
    ("operator", "precision", "work"),
    [
        ("GroupConvolution", "int8", "INT8"),
        ("QLinearAdd", "uint8", "INT8"),
        ("Convolution", "float32", "float"),
        ("Convolution", "bfloat16", "float"),
        ("Reorder", "int8", LAYOUT),
        ("StaticSlice", "int8", LAYOUT),
        ("Transpose", "float32", LAYOUT),
        ("Add", "int64", "int64"),
    ],
)
def test_work_of_an_operator(operator: str, precision: str, work: str) -> None:
    assert work_of(ExecutedOperator("a", operator, "", precision, None)) == work
