"""What people see: nothing scrolls on a tablet, text and targets are large, states are told in words and by role."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.stream.core.board import DeviceState
from tests.browser.conftest import PHONE, SMALL_TABLET, TABLET
from tests.browser.simulated_board import SimulatedBoard

pytestmark = pytest.mark.browser

LONG_WARNING = (
    "ImageToProbe was calibrated 214 days ago with another depth setting (12 cm); distances in the volume may be wrong "
    "by several per cent, calibrate again before measuring"
)
SIX = ("vessel", "cyst", "lesion", "left ventricle myocardium", "bone", "gallbladder")
LOST = DeviceState("ndi:/dev/ttyUSB0", "lost", "the port is gone", losses=2, errors={"CRC": 4})
SCROLLS = "[document.documentElement.scrollHeight > innerHeight, document.documentElement.scrollWidth > innerWidth]"
SMALL_TEXT = """[...document.querySelectorAll('body *')].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) &&
    parseFloat(getComputedStyle(element).fontSize) < 16).map(element => element.outerHTML)"""
SMALL_TARGETS = """[...document.querySelectorAll('button, input')].filter(element => element.checkVisibility())
    .map(element => [element.id, element.getBoundingClientRect()])
    .filter(([, box]) => box.height < 47.5 || box.width < 47.5).map(([id]) => id)"""
OUTSIDE = """[...document.querySelectorAll('.actions button, .numbers dd, .top :not(.unseen), .tools button, canvas')]
    .filter(element => { const box = element.getBoundingClientRect();
        return box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.width < 8; })
    .map(element => element.outerHTML)"""


def prepare(board: SimulatedBoard, state: str) -> None:
    if state != "ready":
        board.command("start")
    if state in ("full", "lost"):
        board.labels = dict(enumerate(("background", *SIX)))
        board.shown = {
            "class_ml": dict(zip(SIX, (12.34, 3.2, 0.42, 1143.27, 0.0, 55.1), strict=True)),
            "warnings": (LONG_WARNING, "3 % of the frames came without a pose"),
        }
    if state == "lost":
        board.shown["devices"] = (DeviceState("camera:0", "running"), LOST)
    if state == "failed":
        board.shown = {"phase": "failed", "problem": "segmenter: the session gave logits that are not finite"}
    if state == "saved":
        board.save_s = 0.0
        for command in ("finish", "save"):
            board.command(command)
            while board.status().phase in ("finishing", "saving"):
                pass


@pytest.mark.parametrize("state", ["ready", "running", "full", "lost", "failed", "saved"])
@pytest.mark.parametrize("size", [TABLET, SMALL_TABLET, PHONE], ids=["1280x800", "1024x600", "390x844"])
def test_every_state_fits_and_can_be_read(board, server, opened, tmp_path, size, state):
    prepare(board, state)
    page = opened(server, size)
    expect(page.locator("#phase")).not_to_have_text("Connecting")
    expect(page.locator("#frame-empty")).to_be_hidden()
    page.wait_for_timeout(600)
    down, across = page.evaluate(SCROLLS)
    assert not across
    if size != PHONE:
        assert not down
        assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate(SMALL_TARGETS) == []
    numbers = page.locator(".numbers dd, .classes b").evaluate_all(
        "all => all.map(element => parseFloat(getComputedStyle(element).fontSize))"
    )
    assert min(numbers) >= 28
    page.screenshot(path=tmp_path / f"{state}.png")


def test_before_the_first_frame_it_says_so(opened):
    from apps.stream.outlets.viewer.server import ViewerServer

    with SimulatedBoard(frames=False) as board, ViewerServer(board, port=0) as server:
        page = opened(server)
        expect(page.get_by_text("Waiting for the first frame")).to_be_visible()
        expect(page.get_by_role("img", name="Live ultrasound frame: nothing received yet")).to_be_visible()
        expect(page.get_by_role("button", name="Calibrate")).to_be_disabled()


def test_a_lost_sensor_is_told_at_once_and_taken_back_when_it_returns(board, server, opened):
    board.command("start")
    page = opened(server)
    expect(page.get_by_role("alert")).to_have_count(0)
    board.shown = {"devices": (DeviceState("camera:0", "running"), LOST)}
    alarm = page.get_by_role("alert")
    expect(alarm).to_have_text("Sensor lost: ndi:/dev/ttyUSB0, the port is gone. Insertion paused")
    expect(alarm).to_have_attribute("aria-live", "assertive")
    lost = page.get_by_role("listitem").filter(has_text="ttyUSB0")
    expect(lost).to_contain_text("▲")
    expect(lost).to_contain_text("lost 2 × · CRC: 4")
    board.shown = {}
    expect(alarm).to_have_count(0)


def test_a_recording_has_no_devices(board, server, opened):
    page = opened(server)
    expect(page.get_by_role("heading", name="Devices")).to_be_visible()
    board.shown = {"devices": ()}
    expect(page.get_by_role("heading", name="Devices")).to_have_count(0)


def test_a_failed_stream_says_why(board, server, opened):
    board.shown = {"phase": "failed", "problem": "segmenter: out of memory"}
    page = opened(server)
    expect(page.get_by_role("alert")).to_have_text("Stream failed: segmenter: out of memory")


def test_everything_has_a_name_and_a_role(board, server, opened):
    board.command("start")
    board.shown = {"warnings": (LONG_WARNING,)}
    page = opened(server)
    for name in ("Start", "Pause", "Finish", "Save", "Labels", "Follow probe", "Calibrate", "Crop", "Help"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    for axis in "xyz":
        expect(page.get_by_role("slider", name=f"Position of the {axis} plane")).to_be_visible()
        expect(page.get_by_role("img", name=f"Plane across {axis}, ")).to_be_visible()
        expect(page.get_by_role("article", name=f"Plane across {axis}")).to_be_visible()
    expect(page.get_by_role("img", name="Live ultrasound frame ")).to_be_visible()
    expect(page.get_by_role("img", name="Path of the probe, ")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Simulated sweep · phantom-s-int8")
    expect(page.get_by_role("status").filter(has_text="Running")).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("meter", name="frames: 3 of 8, when full: drop oldest")).to_be_visible()
    expect(page.get_by_role("complementary", name="State of the stream")).to_be_visible()
    warning = page.get_by_role("button", name=LONG_WARNING)
    warning.click()
    expect(warning).to_have_attribute("aria-expanded", "true")


def test_motion_stops_for_those_who_asked_for_less(board, server, opened):
    board.command("start")
    page = opened(server, reduced_motion="reduce")
    expect(page.locator("#phase")).to_have_text("Running")
    assert page.evaluate("getComputedStyle(document.querySelector('#phase'), '::before').animationName") == "none"
