"""One connected page: what waits to be sent to it, and what it has not confirmed yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from apps.stream.outlets.viewer.pictures import Picture
from apps.stream.outlets.viewer.requests import AXES, Axis, Kind, ViewRequest

PATIENCE_S = 10.0
_MOST_ANSWERS = 32


class SlowClientError(Exception):
    """The page has taken nothing for too long."""


class Client:
    """Latest-only slots, one per kind of message; a picture is sent once the last of its kind was confirmed.

    So a slow page, or a slow link, only ever misses pictures between the ones it shows: nothing piles up.

    Attributes:
        view: What the page shows.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.view = ViewRequest()
        self._due: dict[Axis, float] = {}
        self._patience_s = patience_s
        self._texts: dict[str, str] = {}
        self._answers: deque[str] = deque(maxlen=_MOST_ANSWERS)
        self._waiting: dict[Kind, Picture] = {}
        self._unconfirmed: dict[Kind, tuple[Picture, float]] = {}
        self._newest: dict[Kind, Picture] = {}
        self._changed = asyncio.Event()

    def look(self, view: ViewRequest) -> None:
        """Show something else; planes that change are due at once."""
        for axis in AXES:
            if (view.at(axis), view.overlay) != (self.view.at(axis), self.view.overlay):
                self._due.pop(axis, None)
        self.view = view

    def due(self, axis: Axis) -> float:
        """The turn of the publisher in which the next picture of a plane may be rendered."""
        return self._due.get(axis, 0.0)

    def put_off(self, axis: Axis, turn: float) -> None:
        """Render no picture of a plane before `turn`, unless the page shows something else."""
        self._due[axis] = turn

    def ready(self, kind: Kind) -> bool:
        """Whether a picture of this kind would be sent at once."""
        return kind not in self._waiting and kind not in self._unconfirmed

    def offer(self, picture: Picture) -> None:
        """Put a picture in its slot, in place of one that waits there."""
        if not picture.same_as(self._newest.get(picture.kind)):
            self._newest[picture.kind] = self._waiting[picture.kind] = picture
            self._changed.set()

    def say(self, kind: str, text: str) -> None:
        """Put a text in the slot of its kind, in place of one that waits there."""
        self._texts[kind] = text
        self._changed.set()

    def answer(self, text: str) -> None:
        """Put an answer in the line of answers."""
        self._answers.append(text)
        self._changed.set()

    def confirm(self, kind: Kind, moment: float) -> Picture | None:
        """The page has drawn this picture; None where it never got it, or has confirmed it before."""
        picture, _ = self._unconfirmed.get(kind, (None, 0.0))
        if picture is None or picture.moment != moment:
            return None
        del self._unconfirmed[kind]
        self._changed.set()
        return picture

    async def deliver(
        self, send_text: Callable[[str], Awaitable[None]], send_bytes: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Send what waits until cancelled.

        Raises:
            SlowClientError: A message could not be sent, or a picture was not confirmed, for `patience_s`.
        """
        while True:
            self._changed.clear()
            while (message := self._next()) is not None:
                sending = send_text(message) if isinstance(message, str) else send_bytes(message)
                await _within(sending, self._patience_s)
            sent = [at for _, at in self._unconfirmed.values()]
            left = self._patience_s - (asyncio.get_running_loop().time() - min(sent)) if sent else None
            await _within(self._changed.wait(), left)

    def _next(self) -> str | bytes | None:
        if self._answers:
            return self._answers.popleft()
        if self._texts:
            return self._texts.pop(next(iter(self._texts)))
        for kind in self._waiting:
            if kind not in self._unconfirmed:
                picture = self._waiting.pop(kind)
                self._unconfirmed[kind] = picture, asyncio.get_running_loop().time()
                return picture.packed()
        return None


async def _within(done: Awaitable[object], seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await done
    except TimeoutError:
        raise SlowClientError from None
