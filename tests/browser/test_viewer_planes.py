"""The planes: they follow the probe until someone scrolls, and show what was asked for."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import wait_until

pytestmark = pytest.mark.browser
PIXELS = "canvas => canvas.toDataURL()"


@pytest.fixture
def page(board, server, opened):
    board.command("start")
    page = opened(server)
    expect(page.get_by_role("slider", name="Position of the z plane")).to_be_enabled()
    return page


def slider(page, axis):
    return page.get_by_role("slider", name=f"Position of the {axis} plane")


def place(page, axis):
    return int(slider(page, axis).input_value())


def follow(page):
    return page.get_by_role("button", name="Follow probe")


def test_planes_follow_the_probe_until_one_is_scrolled(board, page):
    first = place(page, "z")
    wait_until(page, lambda: place(page, "z") != first)
    expect(follow(page)).to_have_attribute("aria-pressed", "true")
    slider(page, "z").fill("10")
    expect(follow(page)).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(700)
    assert place(page, "z") == 10
    follow(page).click()
    expect(follow(page)).to_have_attribute("aria-pressed", "true")
    wait_until(page, lambda: place(page, "z") != 10)
    follow(page).click()
    held = place(page, "z")
    page.wait_for_timeout(600)
    assert place(page, "z") == held
    assert board.status().phase == "running"


def test_wheel_drag_and_keys_scroll_and_the_picture_changes(board, page):
    board.command("pause")
    slider(page, "y").fill("40")
    page.wait_for_timeout(600)
    canvas = page.locator("[data-axis=y] canvas")
    before = canvas.evaluate(PIXELS)
    canvas.hover()
    page.mouse.wheel(0, 120)
    expect(slider(page, "y")).to_have_value("43")
    page.wait_for_timeout(600)
    assert canvas.evaluate(PIXELS) != before
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] - 60, steps=5)
    page.mouse.up()
    expect(slider(page, "y")).to_have_value("33")
    page.keyboard.press("y")
    expect(canvas).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(slider(page, "y")).to_have_value("44")
    slider(page, "y").focus()
    page.keyboard.press("ArrowRight")
    expect(slider(page, "y")).to_have_value("45")
    expect(canvas).to_have_attribute("aria-label", f"Plane across y, 46 of {board.grid().shape[1]}, 27.0 mm")


def test_scrolling_stays_inside_the_volume(page):
    canvas = page.locator("[data-axis=x] canvas")
    canvas.hover()
    page.mouse.wheel(0, 90_000)
    last = slider(page, "x").get_attribute("max")
    expect(slider(page, "x")).to_have_value(last)
    page.mouse.wheel(0, -90_000)
    expect(slider(page, "x")).to_have_value("0")


def test_labels_are_drawn_in_their_color_and_can_be_taken_away(board, page):
    wait_until(page, lambda: float(page.locator("#classes b").first.inner_text()) > 1)
    board.command("pause")
    page.wait_for_timeout(700)
    colorful = """canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4)
            count += data[at] === 0xf2 && data[at + 1] === 0x5f && data[at + 2] === 0x5c;
        return count;
    }"""
    canvas = page.locator("[data-axis=y] canvas")
    assert canvas.evaluate(colorful) > 50
    page.get_by_role("button", name="Labels").click()
    page.wait_for_timeout(100)
    assert canvas.evaluate(colorful) == 0
