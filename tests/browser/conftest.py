from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from apps.stream.outlets.viewer.server import ViewerServer
from tests.browser.viewer_fixtures import board, server

__all__ = ["board", "server"]

TABLET, SMALL_TABLET, PHONE = (1280, 800), (1024, 600), (390, 844)
NAMES = ("chromium", "chromium-browser", "google-chrome")
EXPECTED = (
    "WebSocket connection to",
    "Failed to load resource: net::ERR_CONNECTION_REFUSED",
    "Canvas2D: Multiple readback",
)
"""What a browser logs by itself while the app is away, or a test reads pixels."""


def wait_until(page: Page, holds: Callable[[], bool], timeout_ms: int = 10_000) -> None:
    """Ask again and again; Playwright's own `wait_for_function` evaluates text, which the page's policy forbids."""
    for _ in range(timeout_ms // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("what was waited for did not come")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("Chromium is not installed; scripts/install_chromium.sh does it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page at a size; at the end, nothing may have been complained about in its console."""
    pages, complaints = [], []

    def open_page(server: ViewerServer, size: tuple[int, int] = TABLET, **context: object) -> Page:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **context)
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type in ("error", "warning") and not message.text.startswith(EXPECTED)
                else None
            ),
        )
        page.goto(server.url)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []
