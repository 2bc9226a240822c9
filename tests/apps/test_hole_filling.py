from __future__ import annotations

import pytest

from apps.hole_filling import parse_hole_filling
from edge_sdk.errors import GeometryError
from edge_sdk.volume.holes.filling import check_kernels
from edge_sdk.volume.settings import HOLE_KERNELS, HoleFilling


def test_every_kernel_works_by_its_name():
    kernels = parse_hole_filling([name.lower() for name in HOLE_KERNELS])
    assert [kernel.kernel for kernel in kernels] == list(HOLE_KERNELS)
    check_kernels(kernels)
    assert parse_hole_filling(["stick"]) == (HoleFilling("STICK", stick_length=9, sticks=1),)
    assert parse_hole_filling(["none"]) == ()


def test_options_and_chains():
    chain = parse_hole_filling(["gaussian:size=3,stdev=0.5,ratio=0.25", "Stick:length=7,sticks=2"])
    assert chain == (
        HoleFilling("GAUSSIAN", size=3, deviation=0.5, minimum_ratio=0.25),
        HoleFilling("STICK", stick_length=7, sticks=2),
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("spline", "'spline'; use one of stick, nearest_neighbor"),
        ("none", "'none'"),
        ("stick:size=5", "'size=5'.*length=NUMBER, sticks=NUMBER"),
        ("stick:length=9.5", "'length=9.5'"),
        ("stick:length=7,length=9", "'length=9'"),
        ("stick:", "''"),
        ("gaussian:stdev=wide", "'stdev=wide'.*size=NUMBER, ratio=NUMBER, stdev=NUMBER"),
    ],
)
def test_what_cannot_be_understood_is_named(text, named):
    with pytest.raises(GeometryError, match=named):
        parse_hole_filling(["stick", text])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("stick:length=0", "--fill-holes stick:length=0 has length 0; give at least 1 and at most"),
        ("stick:sticks=0", "has sticks 0"),
        ("nearest_neighbor:size=-3", "has size -3"),
        ("nearest_neighbor:ratio=2", "has ratio 2; give a share between 0 and 1"),
        ("gaussian:stdev=0", "has stdev 0"),
        ("gaussian:stdev=nan", "has stdev nan"),
    ],
)
def test_an_impossible_value_is_named_as_it_was_given(text, named):
    with pytest.raises(GeometryError, match=named):
        parse_hole_filling([text])
