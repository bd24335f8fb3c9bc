"""The state of a connection that its tasks share, and how they tell each other: nothing here waits for the network."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from math import inf

import anyio

from ..errors import add_address, text_of
from ..packetlog import PacketLog
from ..protocol.client import ClientProtocol
from ..protocol.framing import Frame
from ..protocol.notices import Acknowledged, Notice, Unacknowledged
from ..protocol.packets import Event, Json, Message
from ..protocol.phases import Phase
from ..stats import Counts
from .transports import Transport
from .wakeups import Broadcast, Flag

USER_PACKETS = (Event, Message, Json)


class Call:
    """An acknowledgement that a task waits for.

    Attributes:
        outcome: what came; None: nothing yet.
    """

    def __init__(self) -> None:
        self.outcome: Acknowledged | Unacknowledged | None = None
        self.settled = anyio.Event()


class Core:
    """What the tasks of one connection share.

    Args:
        protocol: the connection as an object without I/O.
        logger: where packets are shown.

    Attributes:
        counts: what goes through the connection.
        transport: carries the session; None: there is none.
        broken: the latest transport that was lost.
        transport_name, session_id: those of the session; None: there is none.
        attempt, link: the number of the attempt that is under way, and what cancels it and the reading after it.
        inbox, waiting: what the user's functions run for, each with the characters that it stands for; their sum.
        calls: how many tasks wait for an acknowledgement.
        leaving: whether the user has ended the connection.
        over: whether all tasks have ended.
        writing_since: since when a write to a stream waits for the network; inf: none does.
        asleep_until: when the task that keeps the time looks by itself.
        to_write, to_run, due: wake the tasks that write, run functions, and keep the time.
        changed, room: wake all that wait for the state of the connection, or for room.
    """

    def __init__(self, protocol: ClientProtocol, logger: logging.Logger) -> None:
        self.protocol, self.counts = protocol, Counts()
        self.transport: Transport | None = None
        self.broken: Transport | None = None
        self.transport_name: str | None = None
        self.session_id: str | None = None
        self.attempt = self.waiting = self.calls = 0
        self.link: anyio.CancelScope | None = None
        self.inbox: deque[tuple[Notice, int]] = deque()
        self.over = self.leaving = False
        self.asleep_until, self.writing_since = -inf, inf
        self.to_write, self.to_run, self.due = Flag(), Flag(), Flag()
        self.changed, self.room = Broadcast(), Broadcast()
        self._log = PacketLog(logger, lambda problem: False)

    @property
    def phase(self) -> Phase:
        """Where the connection is."""
        return self.protocol.lifecycle.phase

    def publish(self, size: int = 0) -> None:
        """Hand on what the protocol has to tell; the last of it stands for ``size`` characters that were read."""
        notices = self.protocol.notices()
        for notice in notices:
            call = getattr(notice, "waiter", None)
            if type(call) is Call:
                call.outcome = notice  # type: ignore[assignment]
                call.settled.set()
            else:
                self.inbox.append((notice, 0))
        if size and self.inbox:
            self.waiting += size
            self.inbox[-1] = (self.inbox[-1][0], self.inbox[-1][1] + size)
        if any(not isinstance(notice, USER_PACKETS) for notice in notices):
            self.changed.wake()
            self.room.wake()
            self.ring()
            if self.link is not None and self.protocol.lifecycle.current != self.attempt:
                self.link.cancel()
        if self.inbox or self.phase is Phase.CLOSED:
            self.to_run.set()
        if self.protocol.outbox.urgent or self.protocol.outbox.queued or self.phase is Phase.CLOSED:
            self.to_write.set()

    def ring(self) -> None:
        """Wake the task that keeps the time if something is due before it looks by itself."""
        deadline = self.protocol.deadline()
        if self.phase is Phase.CLOSED or (deadline is not None and deadline < self.asleep_until):
            self.due.set()

    def lose(self, transport: Transport, problem: Exception) -> None:
        """The transport raised something, so it is broken."""
        if transport is self.transport:
            self.broken = transport
            self.protocol.transport_lost(text_of(problem), anyio.current_time())
            self.publish()

    def end(self) -> None:
        """The user leaves: no function of his runs any more."""
        self.leaving = True
        self.protocol.disconnect()
        self.publish()

    def raise_error(self, address: str) -> None:
        """Raise why the connection has ended, if nobody wanted that."""
        error = self.protocol.lifecycle.error
        if error is not None:
            add_address(error, address)
            raise error

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until this is so."""
        while not done():
            await self.changed.wait()

    def show(self, mark: str, frames: Sequence[Frame]) -> None:
        """Show frames in the log."""
        if frames and self._log.is_on():
            self._log.show(mark, frames)
