from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stream.outlets.viewer.requests import CommandRequest, ViewRequest, parse_request
from edge_sdk.errors import StreamError


def test_what_is_right_is_understood():
    assert parse_request('{"type": "command", "name": "pause"}') == CommandRequest(type="command", name="pause")
    assert parse_request('{"type": "view", "z": -7}') == ViewRequest(z=-7)  # the volume has grown toward it
    view = parse_request('{"type": "view", "x": 3, "y": null, "overlay": false}')
    assert view == ViewRequest(x=3, overlay=False)
    assert [view.at(axis) for axis in ("x", "y", "z")] == [3, None, None]


@pytest.mark.parametrize(
    "request_text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"type": "shutdown"}',
        '{"type": "command", "name": "rm"}',
        '{"type": "command", "name": "start", "more": 1}',
        '{"type": "view", "x": -1000001}',
        '{"type": "view", "x": 1e9}',
        '{"type": "view", "x": "3"}',
        '{"type": "calibrate", "first": [0, 0], "second": [1, 1], "distance_mm": 0}',
        '{"type": "calibrate", "first": [0, 0], "second": [1, NaN], "distance_mm": 10}',
        '{"type": "calibrate", "first": [0], "second": [1, 1], "distance_mm": 10}',
        '{"type": "crop", "origin": [0, 0], "size": [0, 5]}',
        '{"type": "crop", "origin": [0, 0], "size": [99999999999999999999, 5]}',
        '{"type": "drawn", "kind": "frame", "moment": Infinity}',
    ],
)
def test_what_is_wrong_is_told_in_one_line(request_text):
    with pytest.raises(StreamError) as error:
        parse_request(request_text)
    assert "\n" not in str(error.value)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
)
def test_no_json_does_more_than_be_refused(content):
    with pytest.raises(StreamError):
        parse_request(json.dumps(content))


@given(st.text())
def test_no_text_does_more_than_be_refused(text):
    with pytest.raises(StreamError):
        parse_request(text)
