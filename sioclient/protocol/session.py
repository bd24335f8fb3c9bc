"""One session: what the server announced, and whether the server is still there."""

from __future__ import annotations

from ..reading import Reading
from .fence import Fence
from .revisions.base import Dialect, Handshake
from .turns import Turns


def earliest(*times: float | None) -> float | None:
    """Return the earliest of some times, of which some may be None; None if all are."""
    first = None
    for time in times:
        if time is not None and (first is None or time < first):
            first = time
    return first


class Session:
    """The liveness clock of one session over one transport.

    While frames are read, silence for longer than the dialect allows means that the server is dead. While they are not
    (user code holds the listener, and nobody stands in for it), the clock of silence stands still, and we send
    heartbeats unasked so that the server keeps us. In some dialects we always do. The clock does not start anew when
    reading does: user code also runs for what the server did not send, such as an acknowledgement that did not come,
    and a dead server would never be found.

    Pausing never moves the deadline forward in time, so a caller that sleeps until it need not be told of every pause:
    the price is one look at the clock per interval.

    Args:
        handshake: what the server announced.
        dialect: knows the two numbers.
        reading: who reads frames.
        now: seconds on the caller's clock, as everywhere in this package.
        transport: the name of the transport.

    Attributes:
        fence: counts what is sent, if the server needs that.
        turns: whose turn it is at the names of endpoints, if the server needs that.
        heard_at, silent_since: when a packet came last, and the same by the clock of reading; see ``heard``.
    """

    def __init__(
        self, handshake: Handshake, dialect: Dialect, reading: Reading, now: float, transport: str = ""
    ) -> None:
        self.handshake, self.reading = handshake, reading
        self.fence: Fence | None = None
        self.turns: Turns | None = None
        self.opened_at = now
        self.heard(now)
        self._dead_after = dialect.dead_after(handshake, transport)
        self._interval = dialect.heartbeat_every(handshake)
        self._unprompted = dialect.heartbeats_unprompted
        self._pongs_once = dialect.pongs_once
        self._pongs_ahead = 0
        self._ponged_at = now
        # How much later than it is due a heartbeat may go out that the server may be waiting for.
        self._slack = ((self._dead_after or 0) - (self._interval or 0)) / 2
        self._looked_at = now

    @property
    def healthy_after(self) -> float:
        """For how many seconds a session must have lasted to count as a success."""
        return self._dead_after or 60.0

    def heard(self, now: float) -> None:
        """A packet came: the server lives."""
        self.heard_at, self.silent_since = now, now - self.reading.unread  # somebody reads

    def deadline(self) -> float | None:
        """Return when there is something to look at."""
        look = None if self._interval is None else self._next_look(self._interval)
        fence = self.fence.deadline() if self.fence else None
        return earliest(look, self._death(), fence, self.turns.deadline() if self.turns else None)

    def heartbeat_due(self, now: float) -> bool:
        """Look at the clock: return whether to send a heartbeat."""
        if self._interval is None or now < self._next_look(self._interval):
            return False
        self._looked_at = now
        unread = self.reading.holder is None
        if unread and self._pongs_once:
            self._pongs_ahead += 1
            self._ponged_at = now
        return unread or self._unprompted

    def owes_heartbeat(self, now: float) -> bool:
        """Return whether the heartbeat that came needs a reply: it may have had one, before anybody read it."""
        if self._pongs_once and self._pongs_ahead:
            self._pongs_ahead -= 1
            return False
        self._ponged_at = now
        return True

    def fence_is_stuck(self, now: float) -> bool:
        """Return whether a server that acked fences no longer does; while nobody reads, that cannot be known."""
        return self.fence is not None and self.fence.is_stuck(now)

    def is_dead(self, now: float) -> bool:
        """Return whether the server has been silent for too long."""
        return (death := self._death()) is not None and now >= death

    def _death(self) -> float | None:
        if self._dead_after is None or self.reading.holder is None:
            return None
        return self.silent_since + self._dead_after + self.reading.unread  # ``when``, without a call

    def _next_look(self, interval: float) -> float:
        reading = self.reading
        since = self._looked_at if self._unprompted else max(self._looked_at, reading.since)
        if self._pongs_once:
            due = self._ponged_at + interval
            return due if reading.holder is None else max(due, since + self._slack)
        heard_counts = reading.holder is not None and not self._unprompted
        return (max(since, self.heard_at) if heard_counts else since) + interval
