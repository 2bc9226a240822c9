from __future__ import annotations

from starlette.testclient import TestClient

from apps.stream.outlets.viewer.application import application

TOKEN = "a-token-of-24-characters"


def health(board, token=None, **headers):
    page = TestClient(application(board, host="127.0.0.1", port=1, token=token), base_url="http://127.0.0.1:1")
    return page.get("/healthz", headers=headers)


def test_a_stream_that_works_is_ok(board):
    told = health(board)
    assert (told.status_code, told.json()) == (200, {"status": "ok", "phase": "ready", "problem": ""})


def test_a_failed_stream_is_503_and_says_why(board):
    board.shown = {"phase": "failed", "problem": "segmenter: out of memory"}
    told = health(board)
    assert told.status_code == 503
    assert told.json() == {"status": "failed", "phase": "failed", "problem": "segmenter: out of memory"}


def test_without_the_token_only_ok_or_failed_is_told(board):
    board.shown = {"phase": "failed", "problem": "segmenter: out of memory"}
    assert health(board, TOKEN).json() == {"status": "failed"}
    assert health(board, TOKEN, authorization=f"Bearer {TOKEN}").json()["problem"] == "segmenter: out of memory"
