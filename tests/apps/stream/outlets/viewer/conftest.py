from tests.browser.viewer_fixtures import board, server

__all__ = ["board", "server"]
