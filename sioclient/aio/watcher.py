"""Waits in one task for events that arrive in another: what ``wait_for`` and ``events`` stand on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel

from ..errors import ConnectionLost
from ..fronts.dispatch import Dispatcher
from ..fronts.watcherbase import MOST_WAITING, WatcherBase
from ..names import Name
from .wakeups import Broadcast


class Watchers:
    """The tasks that wait for events of one dispatcher, which come from a server at an address."""

    __slots__ = ("address", "all", "dispatcher")

    def __init__(self, dispatcher: Dispatcher, address: str) -> None:
        self.dispatcher, self.address, self.all = dispatcher, address, list[Events]()

    def end(self) -> None:
        """No event follows."""
        for events in list(self.all):
            events.end()


class Events(WatcherBase):
    """An iterator over the events of some names, or of all, as pairs of name and arguments; see ``Channel.events``."""

    def __init__(self, watchers: Watchers, names: tuple[Name, ...], timeout: float | None, *, is_over: bool) -> None:
        super().__init__(watchers.dispatcher, names, watchers.address, Broadcast())
        self._watchers, self._timeout, self._ended = watchers, timeout, is_over
        watchers.all.append(self)

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> tuple[str, list[Any]]:
        try:
            return await self.next()
        except ConnectionLost:
            self.close()
            raise StopAsyncIteration from None

    async def next(self) -> tuple[str, list[Any]]:
        """Return the next event; raise WaitTimeout, or ConnectionLost at the end."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.move_on_after(self._timeout):
            await self._changed.until(lambda: self._events or self._ended)
        if self._events:
            event = self._events.popleft()
            self._changed.wake()
            return event
        raise self._lost() if self._ended else self._late(self._timeout)

    async def aclose(self) -> None:
        """Wait for nothing any more."""
        self.close()

    def close(self) -> None:
        """Forget the events that are kept, and keep no more."""
        super().close()
        with suppress(ValueError):
            self._watchers.all.remove(self)

    def _make_ear(self, name: str | None) -> Callable[..., Any]:
        return self._put if name is None else partial(self._put, name)

    async def _put(self, name: str, *args: Any) -> None:
        """Keep an event; while too many are kept, wait here, where the next function would run."""
        await self._changed.until(lambda: len(self._events) < MOST_WAITING or self._closed or self._ended)
        if not self._closed:
            self._events.append((name, list(args)))
            self._changed.wake()
