"""Client: one connected client, its session on one side and its connections on the other.

It runs on the event loop. Whatever happens changes the session, which has no I/O; then the application hears the
notices, one after the other, and what is to be sent leaves at the end of the same turn of the loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from ..protocol.notices import Answered, Dropped
from ..protocol.packets import Event, Json, Message, UserPacket
from .connection import SocketConnection, wants_answer
from .events import MisfitError, UnknownEventError
from .request import Request
from .session import JoinAsked, Left, LinkKind, ServerNotice, ServerSession

if TYPE_CHECKING:
    from .hub import Hub

MOST_WAITING = 1000
"""Notices that may wait for the application before nothing more of this client is read."""

MOST_IN_A_ROW = 100
"""Notices that are handled before other clients have their turn."""

MOST_CONCURRENT = 100
"""Handlers of one client that may run at once; the next one is waited for as if it were not concurrent."""

MOST_LINKS = 8
"""Transports of one session that may be left over because newer ones replaced them."""

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
        """End it, after what was written."""


class Client:
    """One client.

    Args:
        hub: all clients.
        session_id: what names this one.
        request: its handshake.
    """

    def __init__(self, hub: Hub, session_id: str, request: Request) -> None:
        self.hub, self.session_id, self.request = hub, session_id, request
        self.session = ServerSession(hub.revision, hub.settings, hub.now())
        self.connections: dict[str, SocketConnection] = {}
        self._closed: set[SocketConnection] = set()  # by the application, so that it hears no more of them
        self._link: Link | None = None
        self._links: dict[Link, None] = {}
        self._inbox: deque[ServerNotice] = deque()
        self._delivering = self._flush_planned = False
        self._concurrent = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._receivers: dict[type, Callable[[Any], asyncio.Task[None] | None]] = {
            JoinAsked: self._on_join,
            Left: self._on_left,
            Message: self._on_message,
            Json: self._on_message,
            Event: self._on_event,
            Answered: lambda notice: self._run("", notice.waiter, notice.args),
            Dropped: self._on_dropped,
        }
        self._set_timer()

    # What the application wants

    def send(self, packet: UserPacket, callback: Callable[..., Any] | None) -> None:
        """Send a packet, and call ``callback`` with its answer."""
        self.session.send(packet, callback)
        self._plan_flush()

    def send_frame(self, frame: str, endpoint: str) -> None:
        """Send what was encoded before."""
        self.session.send_frame(frame, endpoint)
        self._plan_flush()

    def kick(self, endpoint: str = "") -> None:
        """Disconnect the client from an endpoint, or altogether."""
        self._closed.update(self.connections[name] for name in self.connections if endpoint in ("", name))
        self.session.kick(endpoint)
        self._plan_flush()

    def drop(self) -> None:
        """End it at once, whether the client has heard of it or not."""
        self.session.drop()
        self.flush()

    # What the network brings

    def attach(self, link: Link) -> None:
        """A transport carries the session from now on; the one before is left alone until the session ends."""
        self._link = link
        self._links[link] = None
        self.session.attach(link.kind, self.hub.now())
        for oldest in list(self._links)[:-MOST_LINKS]:
            del self._links[oldest]
            oldest.close()
        self._deliver()
        self._plan_flush()

    def detach(self, link: Link) -> None:
        """A transport is gone, or a poll was answered."""
        self._links.pop(link, None)
        if link is self._link:
            self._link = None
            self.session.detach(self.hub.now())
            self._deliver()
            self._plan_flush()

    def receive(self, frames: Iterable[str | bytes]) -> None:
        """Take frames; see that there is ``room`` before."""
        self.session.receive(frames, self.hub.now())
        self._deliver()
        self._plan_flush()

    def has_room(self) -> bool:
        """Return whether the application has caught up, so that more can be received; after the end nothing is."""
        return len(self._inbox) < MOST_WAITING or self.session.ended is not None

    async def room(self) -> None:
        """Wait until it has, so that a flood waits in the network and not here."""
        while not self.has_room():
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
            self.session.postpone(self.hub.now())

    # What follows

    def flush(self) -> None:
        """Write what the transport takes, and end what is over."""
        self._flush_planned = False
        while self._link is not None and self._link.is_ready():
            link, frames = self._link, self.session.frames_to_send(self.hub.now())
            if not frames:
                break
            if link.kind is LinkKind.POLL:
                self._link = None
            link.write(frames)
        self._end() if self.session.is_over else self._set_timer()

    def _plan_flush(self) -> None:
        if self.session.queued >= FLUSH_AT:
            self.flush()
        if not self._flush_planned:
            self._flush_planned = True
            self.hub.loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self.flush()
        self._inbox += self.session.notices()  # of what the application itself has ended
        if self._inbox:
            self._deliver()

    def _end(self) -> None:
        self.hub.forget(self)
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
            self._timer = self.hub.loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer, now = None, self.hub.now()
        if self._waiting:
            self.session.postpone(now)  # we do not read, so its silence is ours
        self.session.handle_timeout(now)
        self._deliver()
        self._plan_flush()

    # Notices, in order

    def _deliver(self) -> None:
        """Let the application hear what happened, until one of its handlers has to be waited for."""
        self._inbox += self.session.notices()
        if not self._delivering:
            self._delivering = True
            self._deliver_next()

    def _deliver_next(self, _: object = None) -> None:
        for _ in range(MOST_IN_A_ROW):
            self._inbox += self.session.notices()
            if not self._inbox:
                self._delivering = False
                break
            notice = self._inbox.popleft()
            task = self._receivers[type(notice)](notice)
            if task is not None:
                task.add_done_callback(self._deliver_next)
                break
        else:
            self.hub.loop.call_soon(self._deliver_next)
        if self.has_room():
            self._go_on_reading()
        self._plan_flush()

    def _go_on_reading(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _on_join(self, notice: JoinAsked) -> asyncio.Task[None] | None:
        cls = self._class_for(notice.endpoint)
        if cls is None:
            self.session.refuse(notice.endpoint, None)  # as socket.io, which says nothing about what it does not have
            return None
        connection = cls()
        connection._client, connection.endpoint = self, notice.endpoint
        connection.request = self.request.with_query(notice.query) if notice.endpoint else self.request
        self.connections[notice.endpoint] = connection

        def decide(verdict: Any) -> None:
            self._decide(connection, verdict)

        return self._run(
            notice.endpoint, connection.on_open, [connection.request], decide, failed=lambda: decide("internal error")
        )

    def _class_for(self, endpoint: str) -> type[SocketConnection] | None:
        if not endpoint:
            return self.hub.main
        main = self.connections.get("")
        try:
            return main.get_endpoint(endpoint) if main is not None else None
        except Exception as error:
            self._complain(endpoint, error)
            return None

    def _decide(self, connection: SocketConnection, verdict: Any) -> None:
        endpoint = connection.endpoint
        if verdict is False or isinstance(verdict, str):
            del self.connections[endpoint]
            self.hub.rooms.leave_all(connection)
            self.session.refuse(endpoint, verdict or "unauthorized")
        elif self.session.is_open(endpoint):
            self.session.accept(endpoint)
            self.hub.rooms.enter(connection)

    def _on_left(self, notice: Left) -> asyncio.Task[None] | None:
        connection = self.connections.pop(notice.endpoint, None)
        if connection is None:
            return None
        self.hub.rooms.leave_all(connection)
        self._closed.discard(connection)
        return self._run(notice.endpoint, connection.on_close, [])

    def _on_message(self, packet: Message | Json) -> asyncio.Task[None] | None:
        connection = self._listener(packet.endpoint)
        return None if connection is None else self._run_for(packet, connection.on_message, [packet.data])

    def _on_event(self, packet: Event) -> asyncio.Task[None] | None:
        connection = self._listener(packet.endpoint)
        if connection is None:
            return None
        task = self._run_for(packet, connection.on_event, [packet.name, *packet.args])
        if task is None or not connection.is_concurrent(packet.name) or self._concurrent >= MOST_CONCURRENT:
            return task
        self._concurrent += 1
        task.add_done_callback(self._on_concurrent_done)
        return None

    def _on_concurrent_done(self, _: asyncio.Task[None]) -> None:
        self._concurrent -= 1

    def _on_dropped(self, notice: Dropped) -> None:
        self.hub.diary.note("dropped what is no packet: %.200r, %s", notice.example.text[:200], notice.example.problem)

    def _listener(self, endpoint: str) -> SocketConnection | None:
        connection = self.connections.get(endpoint)
        return None if connection in self._closed else connection

    # The application's code

    def _run_for(self, packet: UserPacket, function: Callable[..., Any], args: list[Any]) -> asyncio.Task[None] | None:
        """Run a handler for a packet, and answer the packet with what it returns."""

        def answer(result: Any) -> None:
            if packet.wants_data:
                self.session.answer(packet, as_args(result))
                self._plan_flush()

        token = wants_answer.set(packet.wants_data)
        try:
            return self._run(packet.endpoint, function, args, answer)
        finally:
            wants_answer.reset(token)

    def _run(
        self,
        endpoint: str,
        function: Callable[..., Any],
        args: list[Any],
        then: Callable[[Any], None] = lambda result: None,
        failed: Callable[[], None] = lambda: None,
    ) -> asyncio.Task[None] | None:
        """Call a function of the application; return the task if it takes its time."""
        try:
            result = function(*args)
            if inspect.isawaitable(result):
                return self.hub.start(self._finish(endpoint, result, then, failed))
            then(result)
        except Exception as error:
            self._complain(endpoint, error)
            failed()
        return None

    async def _finish(
        self, endpoint: str, awaitable: Awaitable[Any], then: Callable[[Any], None], failed: Callable[[], None]
    ) -> None:
        try:
            then(await awaitable)
        except Exception as error:
            self._complain(endpoint, error)
            failed()

    def _complain(self, endpoint: str, error: Exception) -> None:
        """What a client sends may go wrong in the application: it is told so, and lives."""
        if isinstance(error, UnknownEventError):
            self.hub.diary.note("no method is for the event %.200r", str(error.args[0])[:200])
            return
        if isinstance(error, MisfitError):
            self.hub.diary.note("an event that does not fit: %s", error)
            self.session.report(str(error), endpoint)
        else:
            self.hub.diary.note("a handler for %.200r raised", endpoint[:200], error=error)
            self.session.report("internal error", endpoint)
        self._plan_flush()


def as_args(result: Any) -> list[Any]:
    """Return what a handler returned as the values of an acknowledgement: a tuple is several, None is none."""
    if result is None:
        return []
    return list(result) if isinstance(result, tuple) else [result]
