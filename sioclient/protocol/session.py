"""One session: what the server announced, and whether the server is still there."""

from __future__ import annotations

from .fence import Fence
from .revisions.base import Handshake, Revision


class Session:
    """The liveness clock of one session over one transport.

    While frames are read, silence for longer than the revision allows means that the server is dead. While they are
    not (user code holds the reader), silence says nothing, and we beat unasked so that the server keeps us. There are
    revisions in which we beat unasked in any case.

    Pausing never moves the deadline forward in time, so a caller that sleeps until it need not be told of every pause:
    the price is one look at the clock per beat interval.

    Args:
        handshake: what the server announced.
        revision: knows the two numbers.
        now: seconds on the caller's clock, as everywhere in this package.

    Attributes:
        fence: counts what is sent, if the server needs that.
        paused_at: since when nobody reads; None: somebody does.
    """

    def __init__(self, handshake: Handshake, revision: Revision, now: float) -> None:
        self.handshake = handshake
        self.fence: Fence | None = None
        self.opened_at = now
        self._dead_after = revision.dead_after(handshake)
        self._beat_every = revision.beat_every(handshake)
        self._beats_unprompted = revision.beats_unprompted
        self._answers_once = revision.answers_once
        self._beats_ahead = 0
        self._answered_at = now
        # How much later than it is due a beat may go out that the server may be waiting for.
        self._slack = ((self._dead_after or 0) - (self._beat_every or 0)) / 2
        self._heard_at = now
        self.paused_at: float | None = None
        self._since = now  # when reading or pausing began, or the clock was looked at last

    @property
    def healthy_after(self) -> float:
        """For how many seconds a session must have lasted to count as a success."""
        return self._dead_after or 60.0

    def heard(self, now: float) -> None:
        """A packet came: the server lives."""
        self._heard_at = now

    def pause(self, now: float) -> None:
        """Nobody reads from now on."""
        self.paused_at = now
        if not self._beats_unprompted:
            self._since = now

    def resume(self, now: float) -> None:
        """Somebody reads again; the time in between does not count as silence, for nobody listened."""
        if self.paused_at is not None:
            self._heard_at += now - self.paused_at
            if self.fence is not None:
                self.fence.postpone(now - self.paused_at)
        self.paused_at = None
        if not self._beats_unprompted:
            self._since = now

    def deadline(self) -> float | None:
        """Return when there is something to look at."""
        look = None if self._beat_every is None else self._next_look(self._beat_every)
        death = None if self._dead_after is None or self.paused_at is not None else self._heard_at + self._dead_after
        fence = self.fence.deadline() if self.fence and self.paused_at is None else None
        return min((time for time in (look, death, fence) if time is not None), default=None)

    def beat_due(self, now: float) -> bool:
        """Look at the clock: return whether to beat."""
        if self._beat_every is None or now < self._next_look(self._beat_every):
            return False
        self._since = now
        unread = self.paused_at is not None
        if unread and self._answers_once:
            self._beats_ahead += 1
            self._answered_at = now
        return unread or self._beats_unprompted

    def owes_beat(self, now: float) -> bool:
        """Return whether the beat that came is to be answered: it may have been, before anybody read it."""
        if self._answers_once and self._beats_ahead:
            self._beats_ahead -= 1
            return False
        self._answered_at = now
        return True

    def fence_is_stuck(self, now: float) -> bool:
        """Return whether a server that answers fences does not any more; while nobody reads, that cannot be known."""
        return self.fence is not None and self.paused_at is None and self.fence.is_stuck(now)

    def is_dead(self, now: float) -> bool:
        """Return whether the server has been silent for too long."""
        listening = self.paused_at is None and self._dead_after is not None
        return listening and now >= self._heard_at + (self._dead_after or 0)

    def _next_look(self, interval: float) -> float:
        if self._answers_once:
            due = self._answered_at + interval
            return due if self.paused_at is not None else max(due, self._since + self._slack)
        heard_counts = self.paused_at is None and not self._beats_unprompted
        return (max(self._since, self._heard_at) if heard_counts else self._since) + interval
