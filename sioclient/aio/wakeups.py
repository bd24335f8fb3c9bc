"""What wakes tasks that wait until something is so."""

from __future__ import annotations

from collections.abc import Callable

import anyio

_NOBODY: dict[anyio.Event, Callable[[], object] | None] = {}
"""Who waits most often."""


class Broadcast:
    """Wakes tasks that wait until something is so; it must be told of whatever changes that."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = _NOBODY

    def wake(self) -> None:
        """Wake the tasks for which it is so now: the others would only wait again, for another event."""
        for event, done in self._waiting.items():
            if done is None or done():
                event.set()

    async def until(self, done: Callable[[], object]) -> None:
        """Return when this is so."""
        while not done():
            await self.change(done)

    async def change(self, done: Callable[[], object] | None = None) -> None:
        """Return at the next change, or at the next after which this is so."""
        event = anyio.Event()
        if self._waiting is _NOBODY:
            self._waiting = {}
        self._waiting[event] = done
        try:
            await event.wait()
        finally:
            del self._waiting[event]
            self._waiting = self._waiting or _NOBODY
