"""Renders what the connected pages show, in one thread that rests most of the time, and nothing while none is there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from apps.stream.core.board import Board, Phase
from apps.stream.outlets.viewer.client import Client
from apps.stream.outlets.viewer.pictures import Picture, frame_picture, plane_picture
from apps.stream.outlets.viewer.requests import AXES, Axis
from apps.stream.outlets.viewer.status_message import answer_message, path_message, status_message

MOST_CLIENTS = 4
STATUS_PERIOD_S, PLANES_PERIOD_S, PATH_PERIOD_S, FRAME_PERIOD_S = 1 / 4, 1 / 4, 1.0, 1 / 15
_SCROLL_PERIOD_S = 1 / 12
"""A plane that someone scrolls does not wait for the next of its regular pictures."""
_REST = 2.0
"""Times the processor time of a rendering: at most a third of one core goes to pages, the segmenter needs the rest."""

Result = TypeVar("Result")


class Publisher:
    """Offers pictures and numbers to the pages that are there.

    Attributes:
        clients: Connected pages.
    """

    def __init__(self, board: Board) -> None:
        self.clients: list[Client] = []
        self._board = board
        self._someone = asyncio.Event()
        self._turn = asyncio.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="viewer")
        self._phase: Phase | None = None
        self._shown: tuple[int, Phase | None, bool, int] | None = None
        self._planes_turn = 0.0
        self._planes_of_turn: dict[tuple[Axis, int | None, bool], Picture | None] = {}
        self._trouble = ""

    def join(self, client: Client) -> bool:
        """Take a page in; False where `MOST_CLIENTS` are there."""
        if len(self.clients) >= MOST_CLIENTS:
            return False
        self.clients.append(client)
        self._shown = None
        self._someone.set()
        return True

    def leave(self, client: Client) -> None:
        """Forget a page that was taken in."""
        self.clients.remove(client)
        if not self.clients:
            self._someone.clear()

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for period, step in (
                    (STATUS_PERIOD_S, self._status),
                    (FRAME_PERIOD_S, self._frame),
                    (_SCROLL_PERIOD_S, self._planes),
                    (PATH_PERIOD_S, self._path),
                ):
                    tasks.create_task(self._repeat(period, step))
        finally:
            self._worker.shutdown(cancel_futures=True)

    async def _repeat(self, period: float, step: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._someone.wait()
            started = loop.time()
            try:
                await step()
            except Exception as error:
                # The pipeline goes on without its pages, and pages go on without what could not be read.
                self._tell_trouble(error)
            await asyncio.sleep(max(period - (loop.time() - started), 0))

    def _tell_trouble(self, error: Exception) -> None:
        text = " ".join(f"the viewer could not read the stream: {error!r}".split())
        if text != self._trouble:
            self._trouble = text
            logging.getLogger(__name__).error(text, exc_info=error)
            for client in self.clients:
                client.answer(answer_message(text, ok=False))

    async def _rendered(self, work: Callable[[], Result]) -> Result:
        def timed() -> tuple[Result, float]:
            begun = time.thread_time()
            result = work()
            return result, time.thread_time() - begun

        async with self._turn:
            result, took = await asyncio.get_running_loop().run_in_executor(self._worker, timed)
            await asyncio.sleep(_REST * took)
        return result

    async def _status(self) -> None:
        status = await self._rendered(self._board.status)
        self._phase = status.phase
        text = status_message(self._board, status)
        for client in self.clients:
            client.say("status", text)

    async def _path(self) -> None:
        text = await self._rendered(lambda: path_message(self._board))
        if text is not None:
            for client in self.clients:
                client.say("path", text)

    async def _frame(self) -> None:
        seen = self._board.frame()
        if seen is None or not any(client.ready("frame") for client in self.clients):
            return
        overlay = any(client.view.overlay for client in self.clients)
        # The mask catches up with a frame that stands still, too.
        shown = seen.index, self._phase, overlay, self._board.changes()
        if shown == self._shown:
            return
        self._shown = shown
        picture = await self._rendered(lambda: frame_picture(self._board, seen, overlay=overlay))
        for client in self.clients:
            client.offer(picture)

    async def _planes(self) -> None:
        turn = asyncio.get_running_loop().time() // PLANES_PERIOD_S
        for client in tuple(self.clients):
            for axis in AXES:
                if client.ready(axis) and client.due(axis) <= turn:
                    client.put_off(axis, turn + 1)
                    picture = await self._plane(turn, axis, client.view.at(axis), client.view.overlay)
                    if picture is not None:
                        client.offer(picture)

    async def _plane(self, turn: float, axis: Axis, asked: int | None, overlay: bool) -> Picture | None:
        """Rendered once a turn, however many pages show it."""
        if turn != self._planes_turn:
            self._planes_turn = turn
            self._planes_of_turn.clear()
        plane = axis, asked, overlay
        if plane not in self._planes_of_turn:
            self._planes_of_turn[plane] = await self._rendered(
                lambda: plane_picture(self._board, axis, asked, overlay=overlay)
            )
        return self._planes_of_turn[plane]
