"""Who reads the frames of a session: the one thing about it that the threads know and the protocol must be told."""

from __future__ import annotations

from enum import Enum


class Reader(Enum):
    """A thread that may read."""

    LISTENER = "the listener"
    KEEPER = "the heartbeat thread"


class Reading:
    """Which thread reads frames: one at a time, or none.

    The one that reads alone writes here. The role passes on by way of nobody, and whoever may not be the only one to
    want it takes it inside the door of the guard. Whoever looks at the clock needs no lock: a look between two values
    finds a pause a moment too early or too late, which does no harm.

    Attributes:
        holder: who reads; None: nobody, since user code, for one, runs on the listener.
        since: since when that is so, in seconds on the caller's clock.
        unread: seconds in all for which nobody read.
        away_since: since when the listener does something else; None: it reads, or is about to.
    """

    def __init__(self) -> None:
        self.holder: Reader | None = Reader.LISTENER
        self.since, self.unread = float("-inf"), 0.0
        self.away_since: float | None = None

    def pause(self, now: float) -> None:
        """The listener does something else from now on."""
        self.since, self.holder = now, None
        self.away_since = now

    def resume(self, now: float) -> None:
        """The listener reads again."""
        if self.holder is None:
            self.unread += now - self.since
        self.since, self.holder, self.away_since = now, Reader.LISTENER, None

    def take_over(self, now: float) -> None:
        """The heartbeat thread reads from now on, in the listener's place."""
        self.unread += now - self.since
        self.since, self.holder = now, Reader.KEEPER

    def let_go(self, now: float) -> None:
        """The heartbeat thread reads no longer."""
        self.since, self.holder = now, None
