"""Client: one connected client, its session on one side and its connections on the other.

It runs on the event loop. What the client sends waits in the inbox until the application has finished with what came
before; then it changes the session, which has no I/O, and the application gets the notices, one after the other. What
is to be sent leaves at the end of the same turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ..errors import NotConnected
from ..protocol.notices import Acknowledged, Unacknowledged
from ..protocol.packets import Encoded, UserPacket
from .connection import Encoder, SocketConnection
from .handlers import Application, Owner
from .inbox import Frame, Inbox
from .links import Link
from .logs import RateLimitedLog
from .recovery import Recovery, State
from .replies import Call, Callbacks
from .request import Request
from .rooms import Rooms
from .sessionbase import LinkKind, ServerNotice, Session

MOST_UNREAD = 2**18
"""Bytes in the inbox from which on nothing more of this client is read."""

MOST_IN_A_ROW = 100
"""Steps, a frame parsed or a notice handled, after which other clients have their turn."""

MOST_TIME = 0.005
"""Seconds after which they have it in any case: a step may be long, if only because a handler is."""

MOST_LINKS = 8
"""Transports of one session that may stay open although newer ones replaced them."""

FLUSH_AT = 2**16
"""Characters that may wait for the end of the turn before they are written at once."""


class Host(Owner, Protocol):
    """What a client needs of the server that it belongs to."""

    def application(
        self, client: Client, session: Session, request: Request, changed: Callable[[], None]
    ) -> Application:
        """Return what the notices of a client are given to; see ``Handlers``."""


class Client:
    """One client.

    Args:
        owner: the server that it belongs to.
        session_id: the id of its session.
        request: its handshake.
        session: its session, just begun.

    Attributes:
        inbox: what it sent and nobody has parsed yet.
    """

    def __init__(self, owner: Host, session_id: str, request: Request, session: Session) -> None:
        self.session_id, self.request, self.session = session_id, request, session
        self.states: dict[str, State] = {}  # by the endpoints, of a client that may be lost and come back
        self._owner = owner
        self._handlers = owner.application(self, session, request, self._plan_flush)
        self._link: Link | None = None
        self._links: dict[Link, None] = {}
        self.inbox = Inbox()
        self._notices: deque[ServerNotice] = deque()
        self._delivering = self._flush_planned = self.is_stalled = False
        self._lost = self._stopping = False  # why the session ends once the inbox is empty
        self._waiting: list[asyncio.Future[None]] = []
        self._writers: list[asyncio.Future[None]] = []
        self._calls = self._ahead = 0  # handlers that wait for an acknowledgement; bytes that were parsed meanwhile
        self._timer: asyncio.TimerHandle | None = None
        self._set_timer()

    # What the application wants

    @property
    def connections(self) -> dict[str, SocketConnection]:
        """The connections by their endpoints."""
        return self._handlers.connections

    @property
    def dialect(self) -> Encoder:
        """How packets for the client are written."""
        return self.session.dialect

    @property
    def recovery(self) -> Recovery | None:
        """What is kept for clients that are lost, if anything."""
        return self._owner.recovery

    @property
    def log(self) -> RateLimitedLog:
        """The server's log."""
        return self._owner.log

    @property
    def rooms(self) -> Rooms[SocketConnection]:
        """The rooms of the whole server."""
        return self._owner.rooms

    def is_open(self, endpoint: str) -> bool:
        """Return whether packets on an endpoint still reach the client."""
        return self.session.is_open(endpoint)

    def send(
        self,
        packet: UserPacket,
        waiter: Callbacks | Call | None,
        timeout: float | None = None,
        *,
        volatile: bool = False,
    ) -> None:
        """Send a packet; the waiter gets the values of its acknowledgement."""
        state = self.states.get(packet.endpoint) if waiter is None and not volatile else None
        if state is not None and self.recovery is not None:
            self.send_frames(self.recovery.keep(packet, to=state), packet.endpoint)
        elif not volatile or self.can_write(packet.endpoint):
            self.session.send(packet, waiter, None if timeout is None else self._now() + timeout)
            self._plan_flush()

    def send_frames(self, frames: Encoded, endpoint: str, *, volatile: bool = False) -> None:
        """Send a packet that was encoded before."""
        if not volatile or self.can_write(endpoint):
            self.session.send_frames(frames, endpoint)
            self._plan_flush()

    async def call(self, packet: UserPacket, timeout: float | None) -> Any:
        """Send a packet, and return the values of its acknowledgement; what comes meanwhile is read ahead."""
        if self.session.is_open(packet.endpoint) and not self.session.is_joined(packet.endpoint):
            raise NotConnected("call() works once on_open has returned: only then is the client joined")
        call = Call(self._owner.loop.create_future())
        self.send(packet, call, timeout)
        self._calls += 1
        self._read_ahead()
        try:
            return await call.future
        finally:
            self._calls -= 1

    async def drained(self) -> None:
        """Let others have a turn, and wait until no more than a little waits to be written, or the session is over."""
        await asyncio.sleep(0)  # or the end of a connection that takes everything would never be seen
        while self.session.queued >= FLUSH_AT and self.session.ended is None:
            self._writers.append(self._owner.loop.create_future())
            await self._writers[-1]

    def kick(self, endpoint: str = "") -> None:
        """Disconnect the client from an endpoint, or altogether."""
        self._handlers.close(endpoint)
        self.session.kick(endpoint)
        self._plan_flush()

    def stop(self) -> None:
        """End the session in good order: handle what came, send what waits, and close the transport.

        There is no disconnect packet, which clients of socket.io 0.9 take as final: so they come back by themselves.
        """
        self._stopping = True
        self._deliver()
        self._plan_flush()

    def cut(self) -> None:
        """Close the connections under the transports; between two polls there is none, and the session ends."""
        if not self._links:
            self.drop()
        for link in list(self._links):
            link.cut()

    def stall(self) -> None:
        """Read and write nothing, and let no time pass, until ``go_on``: as a server does that hangs."""
        self.is_stalled = True
        self._set_timer()

    def go_on(self) -> None:
        """Go on after ``stall``."""
        self.is_stalled = False
        self.session.postpone(self._now())
        self._go_on_reading()
        self._plan_flush()

    def drop(self) -> None:
        """End the session at once, and send nothing more."""
        self.session.drop()
        self.flush()
        self._plan_flush()  # the application hears of it at the end of the turn

    # What the network brings

    def attach(self, link: Link) -> None:
        """Let a transport carry the session from now on; the one before stays open, unused, until the session ends."""
        self._link, self._lost = link, False
        self._links[link] = None
        self.session.attach(link.kind, self._now())
        for oldest in list(self._links)[:-MOST_LINKS]:
            del self._links[oldest]
            oldest.close()
        self._deliver()
        self._plan_flush()

    def detach(self, link: Link) -> None:
        """Go on without a transport that was lost, or without a poll that is over."""
        self._links.pop(link, None)
        if link is self._link:
            self._link = None
            # A client may well send something and leave at once: that is handled before its session ends.
            self._lost = self.session.ends_with(link.kind) and bool(self.inbox)
            self.session.detach(self._now(), unread=self._lost)
            self._deliver()
            self._plan_flush()

    def receive(self, frame: Frame) -> None:
        """Take a frame; wait for ``room`` before."""
        if not self._delivering or self.session.is_prompt(frame):
            self.session.receive([frame], self._now())
        elif self.session.ended is None:
            self.inbox.put(frame)
        self._read_ahead()
        self._deliver()
        self._plan_flush()

    def receive_body(self, frames: Iterator[Frame | None], size: int) -> None:
        """Take a body of ``size`` bytes, as ``Inbox.put_body`` does; wait for ``room`` before."""
        if self.session.ended is None:
            self.inbox.put_body(frames, size)
            self._read_ahead()
            self._deliver()

    def has_room(self) -> bool:
        """Return whether more can be received; after the end everything can, and is ignored."""
        has_room = self.inbox.size + self._ahead < MOST_UNREAD and not self.is_stalled
        return has_room or self.session.ended is not None

    async def room(self) -> None:
        """Wait until there is room, so that a flood waits in the network and not here."""
        while not self.has_room():
            self.session.postpone(self._now())  # the heartbeat that is awaited may be among what is not read
            self._set_timer()
            await self._reading_goes_on()
            self.session.postpone(self._now())

    async def stall_ended(self) -> None:
        """Wait until the client is not stalled."""
        while self.is_stalled and self.session.ended is None:
            await self._reading_goes_on()

    # What follows

    def flush(self) -> None:
        """Write what the transport takes, and forget a session that is over."""
        self._flush_planned = False
        while self._link is not None and not self.is_stalled and self._link.is_ready():
            link, frames = self._link, self.session.frames_to_send(self._now())
            if not frames:
                break
            if link.kind is LinkKind.POLL:
                self._link = None
            link.write(frames)
        if self._writers and (self.session.queued < FLUSH_AT or self.session.ended is not None):
            self._writers = _wake(self._writers)
        self._end() if self.session.is_over else self._set_timer()

    def _now(self) -> float:
        return self._owner.loop.time()

    def _plan_flush(self) -> None:
        if self.session.queued >= FLUSH_AT:
            self.flush()
        if not self._flush_planned:
            self._flush_planned = True
            self._owner.loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self.flush()
        self._collect()  # what the application itself has ended
        if self._notices:
            self._deliver()

    def _end(self) -> None:
        self._owner.forget(self.session_id)
        self.inbox.clear()
        self._link = None
        while self._links:
            self._links.popitem()[0].close()
        self._go_on_reading()
        self._set_timer()

    def _set_timer(self) -> None:
        deadline = None if self.is_stalled else self.session.deadline()
        if self._timer is not None and (deadline is None or deadline < self._timer.when()):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and deadline is not None:
            self._timer = self._owner.loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer, now = None, self._now()
        if self._waiting:
            self.session.keep_alive(now)
        self.session.handle_timeout(now)
        self._deliver()
        self._plan_flush()

    # Notices, in order

    def _deliver(self) -> None:
        """Give the application its notices, up to the first whose handler takes its time."""
        if not self._delivering:
            self._delivering = True
            self._deliver_next()

    def _deliver_next(self, _: object = None) -> None:
        until = self._now() + MOST_TIME
        for step in range(MOST_IN_A_ROW):
            if step and self._now() > until:
                self._owner.loop.call_soon(self._deliver_next)
                break
            self._collect()
            if self._notices:
                task = self._handlers.handle(self._notices.popleft())
                if task is not None:
                    task.add_done_callback(self._deliver_next)
                    break
            elif not self._read_next():
                self._delivering = False
                break
        else:
            self._owner.loop.call_soon(self._deliver_next)
        if self._waiting and self.has_room():
            self._go_on_reading()
        self._plan_flush()

    def _read_next(self) -> bool:
        """Make a step: parse the next frame, or end a session that lasted only until all was parsed; False: neither."""
        self._ahead = 0
        if self.session.ended is not None:
            self.inbox.clear()
            return False
        if self.inbox:
            self.session.receive(self.inbox.take(), self._now())
        elif self._lost:
            self.session.drop("socket end")
        elif self._stopping:
            self.session.close()
        else:
            return False
        return True

    def _collect(self) -> None:
        """Take what the session has to tell; who waits in ``call`` hears at once."""
        for notice in self.session.notices():
            if isinstance(notice, Acknowledged) and isinstance(notice.waiter, Call):
                notice.waiter.succeed(notice.args)
            elif isinstance(notice, Unacknowledged) and isinstance(notice.waiter, Call):
                notice.waiter.fail(notice.error)
            else:
                self._notices.append(notice)

    def _read_ahead(self) -> None:
        """Parse what waits while a handler waits for an acknowledgement, which may be in it."""
        for _ in range(MOST_IN_A_ROW):
            if not (self._calls and self.inbox) or self._ahead >= MOST_UNREAD or self.session.ended is not None:
                return
            before = self.inbox.size
            frames = self.inbox.take()
            self._ahead += max(before - self.inbox.size, sum(map(len, frames)))
            self.session.receive(frames, self._now())
            self._collect()
        self._owner.loop.call_soon(self._read_ahead)

    def can_write(self, endpoint: str) -> bool:
        """Return whether what is sent now is written at the end of this turn."""
        is_ready = self._link is not None and self._link.is_ready() and not self.is_stalled
        return is_ready and self.session.is_joined(endpoint)

    def _reading_goes_on(self) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = self._owner.loop.create_future()
        self._waiting.append(waiter)
        return waiter

    def _go_on_reading(self) -> None:
        self._waiting = _wake(self._waiting)


def _wake(waiters: list[asyncio.Future[None]]) -> list[asyncio.Future[None]]:
    """Let all go on that wait; return the list of those who wait from now on."""
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    return []
