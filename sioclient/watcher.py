"""Waits in one thread for events that arrive on another: what ``wait_for`` and ``events`` of a channel stand on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from .dispatch import Dispatcher
from .errors import ConnectionLost, WaitTimeout
from .names import Name, check_name

MOST_WAITING = 1000
"""Events that wait to be asked for, before the listener waits for whoever asks."""

LOOK = 0.5
"""Seconds after which who waits looks again: Ctrl-C comes through on Windows, and the connection may be over."""


class Watcher:
    """Keeps events until they are asked for.

    Args:
        dispatcher: where events come from.
        names: of the events; none: all.
        is_over: says whether the connection or the channel is about to end.

    Raises:
        TypeError: a name is neither text nor a whole number.
    """

    def __init__(self, dispatcher: Dispatcher, names: tuple[Name, ...], is_over: Callable[[], bool]) -> None:
        self._dispatcher, self._is_over = dispatcher, is_over
        self._names = [check_name(name) for name in names]  # all of them, before any function is registered
        self._events: deque[tuple[str, list[Any]]] = deque()
        self._changed = threading.Condition()  # on an RLock: the garbage collector may call ``close`` anywhere
        self._ended = self._closed = False
        self._functions = [(name, partial(self._put, name)) for name in self._names]
        for name, function in self._functions:
            dispatcher.register(name, function, is_event=True)
        if not names:
            dispatcher.any.append(self._put)

    def next(self, timeout: float | None) -> tuple[str, list[Any]]:
        """Return the next event; raise WaitTimeout, or ConnectionLost at the end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._events:
                if self._ended:
                    raise ConnectionLost(f"the connection ended before {self._what()} came")
                left = LOOK if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise WaitTimeout(f"{self._what()} did not come within {timeout:g} s")
                self._changed.wait(min(left, LOOK))
            self._changed.notify_all()
            return self._events.popleft()

    def end(self) -> None:
        """No event follows."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody asks any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for name, function in self._functions:
            self._dispatcher.forget(name, function)
        with suppress(ValueError):
            self._dispatcher.any.remove(self._put)

    def _put(self, name: str, *args: Any) -> None:
        """Keep an event. The listener waits here while too many are kept, which holds the server back."""
        while True:
            with self._changed:
                if self._closed:
                    return
                if len(self._events) < MOST_WAITING:
                    self._events.append((name, list(args)))
                    self._changed.notify_all()
                    return
                self._changed.wait(LOOK)
            if self._is_over():  # asked without our lock, since it takes the guard's
                return

    def _what(self) -> str:
        return " or ".join(map(repr, self._names)) or "an event"


class Watchers:
    """The threads that wait for events of one dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher, self._all = dispatcher, list[Watcher]()

    @contextmanager
    def watch(self, names: tuple[Name, ...], is_over: Callable[[], bool]) -> Iterator[Watcher]:
        """Keep the events of these names for whoever asks, until the end of the block; see ``Watcher``."""
        watcher = Watcher(self._dispatcher, names, is_over)
        self._all.append(watcher)
        try:
            if is_over():
                watcher.end()
            yield watcher
        finally:
            self._all.remove(watcher)
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
