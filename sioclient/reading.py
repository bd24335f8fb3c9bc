"""Whether frames are read: the one thing about a session that the listener knows and the protocol must be told."""

from __future__ import annotations


class Reading:
    """Whether frames are read now. The reader alone writes it; whoever looks at the clock reads it.

    It needs no lock: a look between its two values finds a pause a moment too early or too late, which does no harm.

    Attributes:
        paused: whether the reader does something else; user code, for one, runs on it.
        since: since when that is so, in seconds on the caller's clock.
        unread: seconds in all for which reading was paused.
    """

    def __init__(self) -> None:
        self.paused, self.since, self.unread = False, float("-inf"), 0.0

    def pause(self, now: float) -> None:
        """Nobody reads from now on."""
        self.since, self.paused = now, True

    def resume(self, now: float) -> None:
        """Frames are read again."""
        if self.paused:
            self.unread += now - self.since
        self.since, self.paused = now, False
