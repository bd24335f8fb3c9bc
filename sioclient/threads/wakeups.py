"""Threads that sleep until something changes, and what wakes them.

Nobody relies on a wake-up: Ctrl-C may strike the thread that is about to wake another, so whoever sleeps looks again
now and then. What a wake-up itself does, an interrupt cannot take away: a sleeper is forgotten only after it was woken.
``threading.Condition`` and ``threading.Event`` cannot do that, and Ctrl-C within their ``__enter__`` leaves their lock
taken.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Protocol


class Sleeper(Protocol):
    """What a thread sleeps in: a lock that is taken, for one."""

    def release(self) -> None:
        """Wake the thread; RuntimeError: it was woken already."""


class Wakeups:
    """Threads that sleep until something changes; each sleeps in the lock that ``sleeper`` has made for it.

    Attributes:
        sleepers: the locks, or what wakes a thread that sleeps in a transport; empty: nobody sleeps.
    """

    def __init__(self) -> None:
        self.sleepers: list[Sleeper] = []  # an empty deque has 600 bytes, and a connection has three of these

    def sleeper(self) -> threading.Lock:
        """Return a lock that is taken until ``wake``; to be made before the look at what it is about."""
        lock = threading.Lock()
        lock.acquire()
        self.sleepers.append(lock)
        return lock

    def discard(self, sleeper: Sleeper) -> None:
        """Forget a sleeper that nobody sleeps in any more."""
        with suppress(ValueError):
            self.sleepers.remove(sleeper)

    def wake(self) -> None:
        """Wake everybody."""
        sleepers = self.sleepers
        while sleepers:
            with suppress(IndexError, ValueError, RuntimeError):  # another thread may be faster
                sleeper = sleepers[0]
                try:
                    sleeper.release()
                finally:
                    sleepers.remove(sleeper)
