"""Waits in one thread for events that arrive on another: what ``wait_for`` and ``events`` of a channel stand on."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import ConnectionLost
from ..fronts.dispatch import Dispatcher
from ..fronts.watcherbase import MOST_WAITING, WatcherBase, forget
from ..names import Name
from .wakeups import Wakeups

LOOK = 0.5
"""Seconds after which who waits looks again: Ctrl-C comes through on Windows, and the connection may be over."""


class Watcher(WatcherBase):
    """Keeps events for a thread. What is registered for it does not keep it: see ``_Ear``.

    Args:
        is_over: says whether the connection or the channel is about to end.
        others: those of ``WatcherBase``.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        names: tuple[Name, ...],
        is_over: Callable[[], bool],
        address: str = "the server",
    ) -> None:
        self._is_over = is_over
        # There is no lock: the garbage collector, and Ctrl-C, may come anywhere.
        super().__init__(dispatcher, names, address, Wakeups())

    def next(self, timeout: float | None) -> tuple[str, list[Any]]:
        """Return the next event; raise WaitTimeout, or ConnectionLost at the end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            sleeper = self._changed.sleeper()
            try:
                with suppress(IndexError):
                    event = self._events.popleft()
                    self._changed.wake()
                    return event
                if self._ended:
                    raise self._lost()
                left = LOOK if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise self._late(timeout)
                sleeper.acquire(timeout=min(left, LOOK))
            finally:
                self._changed.discard(sleeper)

    def put(self, name: str, args: list[Any]) -> bool:
        """Keep an event and return True; if too many are kept, return False after a while: try again."""
        if self._closed:
            return True
        sleeper = self._changed.sleeper()
        if len(self._events) < MOST_WAITING:
            self._events.append((name, args))
            self._changed.wake()
            return True
        sleeper.acquire(timeout=LOOK)
        self._changed.discard(sleeper)
        return self._is_over()

    def _make_ear(self, name: str | None) -> Callable[..., None]:
        return _Ear(self, self._dispatcher, name)


class _Ear:
    """What hears the events of one name, or all, for a watcher.

    The listener waits in it while the watcher keeps too many, which holds the server back. It does not keep the
    watcher: nobody asks one that Ctrl-C has left behind, and the listener would wait for ever.
    """

    def __init__(self, watcher: Watcher, dispatcher: Dispatcher, name: str | None) -> None:
        self._watcher, self._dispatcher, self._name = weakref.ref(watcher), dispatcher, name

    def __call__(self, *args: Any) -> None:
        name, values = (args[0], list(args[1:])) if self._name is None else (self._name, list(args))
        while (watcher := self._watcher()) is not None:
            if watcher.put(name, values):
                return
            del watcher
        forget(self._dispatcher, self._name, self)


class Watchers:
    """The threads that wait for events of one dispatcher, which come from a server at an address."""

    def __init__(self, dispatcher: Dispatcher, address: str = "the server") -> None:
        self._dispatcher, self._address, self._all = dispatcher, address, weakref.WeakSet[Watcher]()

    @contextmanager
    def watch(self, names: tuple[Name, ...], is_over: Callable[[], bool]) -> Iterator[Watcher]:
        """Keep the events of these names for whoever asks, until the end of the block; see ``Watcher``."""
        watcher = Watcher(self._dispatcher, names, is_over, self._address)
        self._all.add(watcher)
        try:
            if is_over():
                watcher.end()
            yield watcher
        finally:
            self._all.discard(watcher)
            watcher.close()

    def iterate(
        self, names: tuple[Name, ...], timeout: float | None, is_over: Callable[[], bool]
    ) -> Iterator[tuple[str, list[Any]]]:
        """Return an iterator over the events of these names from now on, until the end."""
        events = self._iterate(names, timeout, is_over)
        next(events)  # so that it listens from now on, and stops when nobody holds it any more
        return events

    def end(self) -> None:
        """No event follows."""
        for watcher in list(self._all):
            watcher.end()

    def _iterate(
        self, names: tuple[Name, ...], timeout: float | None, is_over: Callable[[], bool]
    ) -> Iterator[tuple[str, list[Any]]]:
        with self.watch(names, is_over) as watcher, suppress(ConnectionLost):
            yield "", []  # for ``iterate``
            while True:
                yield watcher.next(timeout)
