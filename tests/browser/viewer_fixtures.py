"""A simulated board and a server that shows it, for tests with and without a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.stream.outlets.viewer.server import ViewerServer
from tests.browser.simulated_board import SimulatedBoard


@pytest.fixture
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard() as board:
        yield board


@pytest.fixture
def server(board: SimulatedBoard) -> Iterator[ViewerServer]:
    with ViewerServer(board, port=0) as server:
        yield server
