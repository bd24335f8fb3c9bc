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

from ..protocol.packets import UserPacket
from .connection import SocketConnection
from .handlers import Handlers, Owner
from .inbox import Frame, Inbox
from .request import Request
from .rooms import Rooms
from .session import LinkKind, ServerNotice, ServerSession

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


class Link(Protocol):
    """What carries frames to a client: a stream, or a poll, which can be written to once."""

    @property
    def kind(self) -> LinkKind:
        """STREAM or POLL."""

    def is_ready(self) -> bool:
        """Return whether the network has taken what was written before."""

    def write(self, frames: list[str]) -> None:
        """Write frames; never blocks, never raises."""

    def close(self) -> None:
        """Close the transport, after what was written."""


class Client:
    """One client.

    Args:
        owner: the server that it belongs to.
        session_id: the id of its session.
        request: its handshake.
        session: its session, just begun.
    """

    def __init__(self, owner: Owner, session_id: str, request: Request, session: ServerSession) -> None:
        self.session_id, self.request, self.session = session_id, request, session
        self._owner = owner
        self._handlers = Handlers(owner, self, session, request, self._plan_flush)
        self._link: Link | None = None
        self._links: dict[Link, None] = {}
        self._inbox = Inbox()
        self._notices: deque[ServerNotice] = deque()
        self._delivering = self._flush_planned = False
        self._lost = self._stopping = False  # why the session ends once the inbox is empty
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._set_timer()

    # What the application wants

    @property
    def connections(self) -> dict[str, SocketConnection]:
        """The connections by their endpoints."""
        return self._handlers.connections

    @property
    def rooms(self) -> Rooms[SocketConnection]:
        """The rooms of the whole server."""
        return self._owner.rooms

    def is_open(self, endpoint: str) -> bool:
        """Return whether packets on an endpoint still reach the client."""
        return self.session.is_open(endpoint)

    def send(self, packet: UserPacket, callback: Callable[..., Any] | None) -> None:
        """Send a packet; ``callback`` gets the values of its acknowledgement."""
        self.session.send(packet, callback)
        self._plan_flush()

    def encode(self, packet: UserPacket) -> str:
        """Return the frame for a packet."""
        return self.session.encode(packet)

    def send_frame(self, frame: str, endpoint: str) -> None:
        """Send a packet that was encoded before."""
        self.session.send_frame(frame, endpoint)
        self._plan_flush()

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

    def drop(self) -> None:
        """End the session at once, and send nothing more."""
        self.session.drop()
        self.flush()

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
            self._lost = link.kind is LinkKind.STREAM and bool(self._inbox)
            self.session.detach(self._now(), unread=self._lost)
            self._deliver()
            self._plan_flush()

    def receive(self, frame: Frame) -> None:
        """Take a frame; wait for ``room`` before."""
        if not self._delivering or self.session.is_prompt(frame):
            self.session.receive([frame], self._now())
        elif self.session.ended is None:
            self._inbox.put(frame)
        self._deliver()
        self._plan_flush()

    def receive_body(self, frames: Iterator[Frame | None], size: int) -> None:
        """Take a body of ``size`` bytes, as ``Inbox.put_body`` does; wait for ``room`` before."""
        if self.session.ended is None:
            self._inbox.put_body(frames, size)
            self._deliver()

    def has_room(self) -> bool:
        """Return whether more can be received; after the end everything can, and is ignored."""
        return self._inbox.size < MOST_UNREAD or self.session.ended is not None

    async def room(self) -> None:
        """Wait until there is room, so that a flood waits in the network and not here."""
        while not self.has_room():
            waiter = self._owner.loop.create_future()
            self._waiting.append(waiter)
            self.session.postpone(self._now())  # the heartbeat that is awaited may be among what is not read
            self._set_timer()
            await waiter
            self.session.postpone(self._now())

    # What follows

    def flush(self) -> None:
        """Write what the transport takes, and forget a session that is over."""
        self._flush_planned = False
        while self._link is not None and self._link.is_ready():
            link, frames = self._link, self.session.frames_to_send(self._now())
            if not frames:
                break
            if link.kind is LinkKind.POLL:
                self._link = None
            link.write(frames)
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
        self._notices += self.session.notices()  # of what the application itself has ended
        if self._notices:
            self._deliver()

    def _end(self) -> None:
        self._owner.forget(self.session_id)
        self._inbox.clear()
        self._link = None
        while self._links:
            self._links.popitem()[0].close()
        self._go_on_reading()
        self._set_timer()

    def _set_timer(self) -> None:
        deadline = self.session.deadline()
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
            self._notices += self.session.notices()
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
        if self.session.ended is not None:
            self._inbox.clear()
            return False
        if self._inbox:
            self.session.receive(self._inbox.take(), self._now())
        elif self._lost:
            self.session.drop()
        elif self._stopping:
            self.session.close()
        else:
            return False
        return True

    def _go_on_reading(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
