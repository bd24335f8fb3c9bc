"""Who reads the frames of a session: the one thing about it that the threads know and the protocol must be told."""

from __future__ import annotations

from enum import Enum


class Reader(Enum):
    """A thread that may read."""

    LISTENER = "the listener"
    KEEPER = "the heartbeat thread"


class Reading:
    """Which thread reads frames: one at a time, or none. And a clock that stands still while nobody reads.

    What can only happen while somebody reads, as that a server replies, has its time by this clock: the deadline for
    something that began at ``now`` is ``when(clock(now) + seconds)``.

    The one that reads alone writes here. The role passes on by way of nobody, and whoever may not be the only one to
    want it takes it inside the door of the guard. Whoever looks at the clock needs no lock: a look between two values
    finds a pause a moment too early or too late, which does no harm.

    Attributes:
        holder: who reads; None: nobody, since user code, for one, runs on the listener.
        since: since when that is so, in seconds on the caller's clock.
        unread: seconds in all for which nobody read, without those since nobody has.
        away_since: since when the listener does something else; None: it reads, or is about to.
    """

    def __init__(self) -> None:
        self.holder: Reader | None = Reader.LISTENER
        self.since, self.unread = float("-inf"), 0.0
        self.away_since: float | None = None
        self._stopped_at: float | None = None  # what the clock shows while nobody reads

    def clock(self, now: float) -> float:
        """Return what the clock shows that stands still while nobody reads."""
        # Without a lock, this must be one look: half of a pause that ends at the moment would make the clock go back.
        stopped_at = self._stopped_at
        return now - self.unread if stopped_at is None else stopped_at

    def when(self, shown: float) -> float | None:
        """Return when the clock shows this; None: it stands still, as nobody reads."""
        return None if self.holder is None else shown + self.unread

    def pause(self, now: float) -> None:
        """The listener does something else from now on."""
        self._stopped_at = now - self.unread
        self.since, self.holder = now, None
        self.away_since = now

    def resume(self, now: float) -> None:
        """The listener reads again."""
        if self._stopped_at is not None:
            self.unread, self._stopped_at = now - self._stopped_at, None
        self.since, self.holder, self.away_since = now, Reader.LISTENER, None

    def take_over(self, now: float) -> None:
        """The heartbeat thread reads from now on, in the listener's place."""
        assert self._stopped_at is not None, "somebody reads"
        self.unread, self._stopped_at = now - self._stopped_at, None
        self.since, self.holder = now, Reader.KEEPER

    def let_go(self, now: float) -> None:
        """The heartbeat thread reads no longer."""
        self._stopped_at = now - self.unread
        self.since, self.holder = now, None
