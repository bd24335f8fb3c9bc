"""Inbox: what connections bring, for the thread of the command that waits for it."""

from __future__ import annotations

import queue
import time
from typing import Any, NamedTuple

MOST_WAITING = 1000
"""Items that wait to be taken. Then who brings more waits, and the server is held back."""

LOOK = 0.1
"""Seconds after which who waits looks again whether there is any sense in it."""


class Heard(NamedTuple):
    """An event, and when it came."""

    endpoint: str
    name: str
    args: list[Any]
    time: float


class Acked(NamedTuple):
    """An acknowledgement of what was sent with a number."""

    endpoint: str
    number: int
    args: list[Any]


class Typed(NamedTuple):
    """A line of the standard input; None: its end."""

    line: str | None


Item = Heard | Acked | Typed | BaseException
"""An exception is raised by who takes it."""


class Inbox:
    """A queue that holds back who brings too much, and lets go of everybody when it is closed."""

    def __init__(self) -> None:
        self._items: queue.Queue[Item] = queue.Queue(MOST_WAITING)
        self._closed = False

    def put(self, item: Item) -> None:
        """Add an item; wait while there are too many."""
        while not self._closed:
            try:
                self._items.put(item, timeout=LOOK)
            except queue.Full:
                continue
            return

    def hear(self, endpoint: str, name: str, args: list[Any]) -> None:
        """Add an event."""
        self.put(Heard(endpoint, name, args, time.time()))

    def take(self, timeout: float = LOOK) -> Heard | Acked | Typed | None:
        """Return the next item, or None after ``timeout`` seconds.

        Raises:
            BaseException: one was put in.
        """
        try:
            item = self._items.get(timeout=timeout) if timeout > 0 else self._items.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, BaseException):
            raise item
        return item

    def is_empty(self) -> bool:
        """Return whether there is nothing to take."""
        return self._items.empty()

    def close(self) -> None:
        """Let go of who waits to add something: nobody takes any more."""
        self._closed = True
