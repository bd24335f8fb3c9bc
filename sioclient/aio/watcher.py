"""Waits in one task for events that arrive in another: what ``wait_for`` and ``events`` stand on."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel

from ..dispatch import Dispatcher
from ..errors import ConnectionLost, WaitTimeout
from ..names import Name, check_name
from ..watcher import MOST_WAITING
from .wakeups import Broadcast


class Watchers:
    """The tasks that wait for events of one dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher, self.all = dispatcher, list[Events]()

    def end(self) -> None:
        """No event follows."""
        for events in list(self.all):
            events.end()


class Events:
    """An iterator over the events of some names, or of all, as pairs of name and arguments; see ``Channel.events``."""

    def __init__(self, watchers: Watchers, names: tuple[Name, ...], timeout: float | None, *, is_over: bool) -> None:
        self._watchers, self._timeout, self._ended, self._closed = watchers, timeout, is_over, False
        self._names = [check_name(name) for name in names]
        self._events: deque[tuple[str, list[Any]]] = deque()
        self._changed = Broadcast()
        self._functions = [(name, partial(self._put, name)) for name in self._names]
        watchers.all.append(self)
        for name, function in self._functions:
            watchers.dispatcher.register(name, function, is_event=True)
        if not names:
            watchers.dispatcher.any.append(self._put)

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
        what = " or ".join(map(repr, self._names)) or "an event"
        with anyio.move_on_after(self._timeout):
            while not self._events and not self._ended:
                await self._changed.wait()
        if self._events:
            self._changed.wake()
            return self._events.popleft()
        if self._ended:
            raise ConnectionLost(f"the connection ended before {what} came")
        raise WaitTimeout(f"{what} did not come within {self._timeout:g} s")

    async def aclose(self) -> None:
        """Wait for nothing any more."""
        self.close()

    def close(self) -> None:
        """Forget the events that are kept, and keep no more."""
        self._closed = True
        self._changed.wake()
        for name, function in self._functions:
            self._watchers.dispatcher.forget(name, function)
        with suppress(ValueError):
            self._watchers.dispatcher.any.remove(self._put)
        with suppress(ValueError):
            self._watchers.all.remove(self)

    def end(self) -> None:
        """No event follows."""
        self._ended = True
        self._changed.wake()

    async def _put(self, name: str, *args: Any) -> None:
        """Keep an event; while too many are kept, wait here, where the next function would run."""
        while len(self._events) >= MOST_WAITING and not (self._closed or self._ended):
            await self._changed.wait()
        if not self._closed:
            self._events.append((name, list(args)))
            self._changed.wake()
