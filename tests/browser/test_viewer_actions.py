"""A sweep from start to saved in a real browser, by clicks, by keys and by touch."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from apps.stream.outlets.viewer.server import ViewerServer
from edge_sdk.errors import StreamError
from tests.browser.conftest import wait_until

pytestmark = pytest.mark.browser


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def phase(page, name):
    expect(page.locator("#phase")).to_have_text(name)


def frame_box(page):
    """Where the live frame is, once it is there: its first picture gives it its size."""
    expect(page.locator("#frame-empty")).to_be_hidden()
    return page.locator("#frame").bounding_box()


def expect_only(page, *enabled):
    assert page.locator("#start").is_enabled() == bool({"Start", "New sweep"} & set(enabled))
    for name in ("Finish", "Save"):
        assert button(page, name).is_enabled() == (name in enabled), name
    assert page.locator("#pause").is_enabled() == bool({"Pause", "Resume"} & set(enabled))


def test_a_sweep_by_clicks(board, server, opened):
    page = opened(server)
    phase(page, "Ready")
    expect_only(page, "Start")
    button(page, "Start").click()
    phase(page, "Running")
    expect_only(page, "Pause", "Finish")
    button(page, "Pause").click()
    phase(page, "Paused")
    button(page, "Resume").click()
    phase(page, "Running")
    wait_until(page, lambda: int(page.locator("#inserted").inner_text()) > 10)
    board.save_s = 0.6
    button(page, "Finish").click()
    phase(page, "Running")
    button(page, "Tap again").click()
    phase(page, "Finishing")
    expect_only(page)
    phase(page, "Finished")
    expect_only(page, "Save")
    button(page, "Save").click()
    phase(page, "Saved")
    expect(page.get_by_text("Saved in /data/sweeps/2026-11-28-101500")).to_be_visible()
    expect_only(page, "New sweep")
    button(page, "New sweep").click()
    phase(page, "Ready")
    expect(page.locator("#inserted")).to_have_text("0")
    expect_only(page, "Start")
    page.keyboard.press("z")
    expect(page.get_by_role("slider", name="Position of the z plane")).to_be_enabled()


def test_finish_wants_its_second_tap_within_three_seconds(board, server, opened):
    board.command("start")
    page = opened(server)
    button(page, "Finish").click()
    expect(button(page, "Tap again")).to_be_visible()
    expect(button(page, "Finish")).to_be_visible(timeout=4000)
    assert board.status().phase == "running"


def test_a_sweep_by_keys(board, server, opened):
    page = opened(server)
    phase(page, "Ready")
    page.keyboard.press("Space")
    phase(page, "Running")
    page.keyboard.press("Space")
    phase(page, "Paused")
    page.keyboard.press("Space")
    phase(page, "Running")
    page.keyboard.press("f")
    expect(button(page, "Tap again")).to_be_visible()
    page.keyboard.press("f")
    phase(page, "Finished")
    page.keyboard.press("s")
    phase(page, "Saved")
    page.keyboard.press("n")
    phase(page, "Ready")
    assert board.status().frames_inserted == 0


def test_help_lists_the_keys_and_closes(server, opened):
    page = opened(server)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys and touch")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    button(page, "Help").click()
    button(page, "Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_two_taps_and_a_distance_calibrate(board, server, opened):
    page = opened(server)
    expect(button(page, "Calibrate")).to_be_enabled()
    button(page, "Calibrate").click()
    frame = page.locator("#frame")
    box = frame_box(page)
    frame.click(position={"x": box["width"] / 2, "y": box["height"] * 0.4})
    frame.click(position={"x": box["width"] / 2, "y": box["height"] * 0.6})
    page.get_by_label("Distance").fill("40")
    button(page, "Set").click()
    expect(page.locator("#toast")).to_contain_text("A pixel is")
    ((_, first, second, distance),) = board.asked
    height, width = board.frame().image.shape
    pixels = box["height"] * 0.2 / (box["width"] / width)  # The frame fills the stage's width.
    assert distance == 40
    assert first[0] == second[0] == pytest.approx(width / 2, abs=1)
    assert second[1] - first[1] == pytest.approx(pixels, abs=0.1)
    assert (first[1] + second[1]) / 2 == pytest.approx(height / 2, abs=1)


def test_dragging_a_rectangle_crops(board, server, opened):
    page = opened(server)
    expect(button(page, "Crop")).to_be_enabled()
    button(page, "Crop").click()
    box = frame_box(page)
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] + 60, middle[1] + 40)
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1] - 40, steps=4)
    page.mouse.up()
    expect(page.locator("#toast")).to_contain_text("pixels are taken as ultrasound")
    ((_, origin, size),) = board.asked
    height, width = board.frame().image.shape
    scale = box["width"] / width
    assert size == pytest.approx((120 / scale + 1, 80 / scale + 1), abs=1.5)
    assert origin == pytest.approx((width / 2 - 60 / scale, height / 2 - 40 / scale), abs=1.5)


def test_an_answer_that_refuses_is_shown(board, server, opened, monkeypatch):
    def refuse(*_: object) -> None:
        raise StreamError("the rectangle lies outside the frame")

    monkeypatch.setattr(board, "crop", refuse)
    page = opened(server)
    expect(button(page, "Crop")).to_be_enabled()
    button(page, "Crop").click()
    box = frame_box(page)
    page.mouse.move(box["x"] + 100, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.up()
    expect(page.locator("#toast")).to_contain_text("the rectangle lies outside the frame")


def test_a_page_comes_back_by_itself_when_the_app_does(board, opened):
    with ViewerServer(board, port=0) as server:
        page = opened(server)
        phase(page, "Ready")
    expect(page.get_by_role("alert")).to_contain_text("Connection to the app lost")
    phase(page, "No connection")
    expect_only(page)
    time.sleep(1)
    with ViewerServer(board, port=server.port):
        phase(page, "Ready")
        expect(page.get_by_role("alert")).to_have_count(0)
        button(page, "Start").click()
        phase(page, "Running")


def test_one_page_too_many_says_so(server, opened):
    pages = [opened(server) for _ in range(5)]
    expect(pages[-1].get_by_role("alert")).to_contain_text("4 pages show this stream already")
    pages[0].close()
    phase(pages[-1], "Ready")


def test_a_phone_with_the_token_gets_in_and_the_address_forgets_it(board, opened):
    with ViewerServer(board, host="0.0.0.0", port=0) as server:
        page = opened(server, (390, 844), has_touch=True)
        phase(page, "Ready")
        assert "token" not in page.url
        button(page, "Start").tap()
        phase(page, "Running")
        page.reload()
        phase(page, "Running")


def test_what_was_drawn_is_confirmed_to_the_stream(board, server, opened):
    board.command("start")
    page = opened(server)
    expect(page.locator("#displayed")).to_have_text("151")
    assert 0 < board.now() - board.displayed_moments[-1] < 5
