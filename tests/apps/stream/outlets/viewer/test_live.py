from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from viewer_pages import answer_to, live, received, until
from websockets.exceptions import ConnectionClosed

from apps.stream.outlets.viewer.publisher import MOST_CLIENTS
from apps.stream.outlets.viewer.server import ViewerServer


def gray(picture):
    return cv2.imdecode(np.frombuffer(picture["jpeg"], np.uint8), cv2.IMREAD_UNCHANGED)


def test_the_frame_comes_as_it_is_with_the_masks_cut(board, server):
    board.command("start")
    with live(server) as page:
        picture = until(page, lambda message: message.get("kind") == "frame" and message["outlines"])
        assert gray(picture).shape == (picture["height"], picture["width"]) == board.frame().image.shape
        assert picture["index"] <= board.frame().index


def test_a_plane_is_the_one_that_was_asked_for(board, server):
    board.command("start")
    with live(server) as page:
        until(page, lambda message: message.get("kind") == "z" and message["outlines"])
        board.command("pause")
        page.send('{"type": "view", "z": 30, "overlay": false}')
        picture = until(page, lambda message: message.get("kind") == "z" and message["index"] == 30)
        assert picture["outlines"] == []
        assert not picture["follows"]
        difference = gray(picture).astype(int) - board.slice("z", 30).gray
        assert np.abs(difference).mean() < 6  # What JPEG leaves out.


def test_a_frame_that_stands_still_is_shown_again_when_the_mask_changes(board, server):
    board.command("start")
    with live(server) as page:
        shown = until(page, lambda message: message.get("kind") == "frame" and message["outlines"])
        board.command("pause")
        still = board.frame()
        # Frames go on, without being inserted.
        while still.index <= shown["index"] + 30 or not board.labels_on(still, 4).any():
            still = board.frame()
        board.frame = lambda: still
        until(page, lambda message: message.get("kind") == "frame" and message["index"] == still.index)
        board.forget_labels()
        again = until(page, lambda message: message.get("kind") == "frame" and not message["outlines"])
        assert again["index"] == still.index


def test_what_was_drawn_is_told_to_the_stream_once(board, server):
    board.command("start")
    with live(server) as page:
        picture = until(page, lambda message: message.get("kind") == "z")
        again = f'{{"type": "drawn", "kind": "z", "moment": {picture["moment"]}}}'
        page.send(again)
        page.send('{"type": "drawn", "kind": "x", "moment": 1.0}')
        answer_to(page, "after this all was read")
    assert board.displayed_moments.count(picture["moment"]) == 1
    assert 1.0 not in board.displayed_moments


def test_commands_reach_the_stream_and_impossible_ones_are_answered(server):
    with live(server) as page:
        page.send('{"type": "command", "name": "start"}')
        status = until(page, lambda message: message.get("phase") == "running")
        assert status["allowed"] == ["pause", "finish"]
        told = answer_to(page, {"type": "command", "name": "save"})
        assert not told["ok"]
        assert "save is not possible while running" in told["text"]


def test_calibration_and_crop_are_passed_on_and_answered(board, server):
    with live(server) as page:
        asked = {"type": "calibrate", "first": [10, 20.5], "second": [40, 60.5], "distance_mm": 25}
        assert answer_to(page, asked) == {"type": "answer", "ok": True, "text": "A pixel is 0.5 mm"}
        assert answer_to(page, {"type": "crop", "origin": [5, 6], "size": [100, 90]})["ok"]
        board.command("start")
        assert not answer_to(page, {"type": "crop", "origin": [5, 6], "size": [100, 90]})["ok"]
    assert board.asked == [("calibrate", (10, 20.5), (40, 60.5), 25), ("crop", (5, 6), (100, 90))]


@pytest.mark.parametrize("message", ["", "{}", "nonsense", b"\x00\x01", '{"type": "command", "name": "explode"}'])
def test_a_message_that_makes_no_sense_is_answered_and_the_page_goes_on(server, message):
    with live(server) as page:
        assert not answer_to(page, message)["ok"]
        assert until(page, lambda told: told.get("type") == "status")


def test_a_message_that_is_too_long_ends_the_connection_and_nothing_else(server):
    with live(server) as page, live(server) as other:
        page.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as end:
            until(page, lambda _: False)
        assert end.value.rcvd.code == 1009
        assert until(other, lambda told: told.get("type") == "status")


def test_one_page_too_many_is_told_so_and_gets_in_when_another_leaves(server):
    pages = [live(server) for _ in range(MOST_CLIENTS)]
    for page in pages:
        until(page, lambda told: told.get("type") == "status")
    with live(server) as late:
        assert received(late)["type"] == "refused"
        with pytest.raises(ConnectionClosed) as end:
            received(late)
        assert end.value.rcvd.code == 1013
    pages.pop().close()
    time.sleep(0.2)
    with live(server) as next_one:
        assert until(next_one, lambda told: told.get("type") == "status")
    for page in pages:
        page.close()


def test_a_page_that_confirms_nothing_gets_one_picture_of_a_kind_while_another_gets_them_all(server):
    with live(server) as slow, live(server) as quick:
        frames = [until(quick, lambda told: told.get("kind") == "frame")["index"] for _ in range(10)]
        assert sorted(set(frames)) == frames
        end = time.monotonic() + 0.5
        kinds = []
        while time.monotonic() < end:
            kinds.append(received(slow, confirm=False).get("kind"))
        assert [kinds.count(kind) for kind in ("frame", "x", "y", "z")] == [1, 1, 1, 1]


def test_a_page_that_takes_nothing_is_closed_and_does_not_hold_up_the_other(board):
    with ViewerServer(board, port=0, patience_s=1.0) as server, live(server) as quick:
        stuck = live(server, max_queue=1, ping_interval=None)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            received(quick)
        with pytest.raises(ConnectionClosed) as end:
            until(stuck, lambda _: False, confirm=False)
        assert end.value.rcvd.code == 1008
        assert until(quick, lambda told: told.get("kind") == "frame")


def test_nothing_is_rendered_or_read_while_no_page_is_there(board, server):
    with live(server) as page:
        until(page, lambda told: told.get("kind") == "x")
    time.sleep(0.5)
    board.calls.clear()
    time.sleep(0.6)
    assert not board.calls


def test_the_stream_is_read_no_more_often_than_the_rates_say(board, server):
    board.command("start")
    with live(server) as one, live(server) as two:
        until(one, lambda told: told.get("kind") == "frame")
        board.calls.clear()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            received(one)
            received(two)
    assert board.calls["labels_on"] <= 2 * 15 + 3
    assert board.calls["status"] <= 2 * 4 + 3
    assert board.calls["slice"] <= 3 * (2 * 4 + 3)


def test_a_stream_that_cannot_be_read_is_told_and_read_again(board, server):
    with live(server) as page:
        until(page, lambda told: told.get("type") == "status")
        board.shown = {"no such field": 1}
        told = until(page, lambda told: told.get("type") == "answer")
        assert "could not read the stream" in told["text"]
        board.shown = {}
        assert until(page, lambda told: told.get("type") == "status")
