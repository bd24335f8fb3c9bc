"""Reads for the listener while a function of the user keeps it, over a transport that dies of not being read.

socket.io 0.x forgets a session for which no poll came for its close time-out. It does not say so: POSTs are taken and
lost. So the heartbeat thread polls while the listener cannot, and what comes waits in the inbox, which is bounded.

``Reading.holder`` says who reads. The listener lets go of the role before it runs functions. The heartbeat thread takes
it inside the door, and keeps it until the listener wants it back: then the listener wakes it and waits. So there are
never two polls at once, and frames keep their order.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf

from ..transports.base import Transport
from .guard import Guard
from .listener import MOST_DEFERRED, TAKE_OVER, Listener

MOST_UNHANDLED = 1000
"""Notices in the inbox from which on nobody reads for the listener."""


class StandIn:
    """What the heartbeat thread does in the listener's place. All but ``read`` is for the inside of the door.

    Args:
        guard: has the transport and the inbox.
        listener: knows how to read.
    """

    def __init__(self, guard: Guard, listener: Listener) -> None:
        self._guard, self._listener = guard, listener
        self._transport: Transport | None = None  # the latest that was read from
        self._room = MOST_DEFERRED

    def due(self, now: float) -> float:
        """Return when to read in the listener's place; inf: not as things are."""
        guard, reading, transport = self._guard, self._guard.reading, self._guard.transport
        since = reading.away_since
        if since is None or transport is None or not (transport.dies_unread and guard.current):
            return inf
        if not guard.inbox:
            self._room = MOST_DEFERRED
        return since + TAKE_OVER if len(guard.inbox) < MOST_UNHANDLED and self._room > 0 else now + TAKE_OVER

    def take_over(self, now: float) -> Transport:
        """Take the role of the reader, unless this thread has it already; return what to ``read`` from."""
        guard, transport = self._guard, self._guard.transport
        assert transport is not None, "it is not due"
        if guard.reading.holder is None:
            guard.reading.take_over(now)
        self._transport = transport
        guard.alarm.sleepers.append(self)
        return transport

    def let_go(self, now: float) -> None:
        """Give the role back."""
        self._guard.reading.let_go(now)
        self._guard.changed.wake()

    def read(self, transport: Transport, until: float) -> None:
        """Read once, until then at most; the alarm wakes this thread in the transport."""
        frames = self._listener.read_once(transport, until)
        self._room -= sum(map(len, frames or ()))
        self._guard.alarm.discard(self)

    def release(self) -> None:
        """Wake the thread that reads, as the alarm does with a lock in which somebody sleeps."""
        with suppress(BaseException):  # then nothing can be read from it either
            if self._transport is not None:
                self._transport.wake()
