"""What wakes tasks that wait until something is so."""

from __future__ import annotations

from collections.abc import Callable

import anyio


class Broadcast:
    """Wakes tasks that wait until something is so; it must be told of whatever changes that."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: tuple[tuple[Callable[[], object] | None, anyio.Event], ...] = ()  # most often, nobody waits

    def wake(self) -> None:
        """Wake the tasks for which it is so now: the others would only wait again, for another event."""
        for done, event in self._waiting:
            if done is None or done():
                event.set()

    async def until(self, done: Callable[[], object]) -> None:
        """Return when this is so."""
        while not done():
            await self.change(done)

    async def change(self, done: Callable[[], object] | None = None) -> None:
        """Return at the next change, or at the next after which this is so."""
        waiting = done, anyio.Event()
        self._waiting += (waiting,)
        try:
            await waiting[1].wait()
        finally:
            self._waiting = tuple(other for other in self._waiting if other is not waiting)
