"""SocketConnection, which applications subclass, one object for each client on each endpoint; and Audience: many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, Protocol, final

from ..errors import LocalProtocolError, SocketIOError
from ..protocol.packets import Encoded, Event, Json, Message, UserPacket
from . import events
from .logs import RateLimitedLog
from .recovery import RECOVERABLE, Recovery, State
from .replies import Callbacks
from .request import Request
from .rooms import Rooms

wants_ack: ContextVar[bool] = ContextVar("wants_ack", default=False)
"""Whether the client waits for the return value of the handler that runs now."""


class Refused(Exception):
    """Raise it in ``on_open`` to refuse a client with data of yours.

    Args:
        message: the reason.
        data: what clients of socket.io 1.0 and later get besides; those before get the reason alone.
    """

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.data = data


class Encoder(Protocol):
    """How packets are written for a generation of clients."""

    @property
    def number(self) -> int:
        """The revision of the protocol."""

    def encode(self, packet: UserPacket) -> Encoded:
        """Return the frame or frames of a packet, or raise LocalProtocolError or TypeError."""


class Peer(Protocol):
    """What a connection needs of its client."""

    session_id: str
    states: dict[str, State]

    @property
    def recovery(self) -> Recovery | None:
        """What is kept for clients that are lost, if anything."""

    @property
    def dialect(self) -> Encoder:
        """How packets for the client are written."""

    @property
    def log(self) -> RateLimitedLog:
        """The server's log."""

    @property
    def rooms(self) -> Rooms[SocketConnection]:
        """The rooms of the whole server."""

    def is_open(self, endpoint: str) -> bool:
        """Return whether packets on an endpoint still reach the client."""

    def send(
        self, packet: UserPacket, waiter: Callbacks | None, timeout: float | None = None, *, volatile: bool = False
    ) -> None:
        """Send a packet; the waiter gets the values of its acknowledgement."""

    def send_frames(self, frames: Encoded, endpoint: str, *, volatile: bool = False) -> None:
        """Send a packet that was encoded before."""

    async def call(self, packet: UserPacket, timeout: float | None) -> Any:
        """Send a packet, and return the values of its acknowledgement."""

    def kick(self, endpoint: str) -> None:
        """Disconnect the client from an endpoint; from the default one: altogether."""

    def drop(self) -> None:
        """End its session at once."""


class SocketConnection:
    """A client on an endpoint: override the methods that you need, and mark others with ``@event``.

    All methods run on the server's event loop and may be ``async``. Those of one client run one at a time, in the order
    of arrival, unless they are ``@concurrent``. The return value of a handler is the acknowledgement, if the client
    wants one; a tuple is several values. Sending to a client that has left does nothing.

    Attributes:
        endpoints: the classes for the other endpoints, by their names.
        request: the handshake, with the endpoint's own query and ``auth``.
        endpoint: the name; empty for the default one.
        recovered: whether the client was lost, and goes on with the rooms that it was in and what it missed since.
    """

    endpoints: ClassVar[Mapping[str, type[SocketConnection]]] = {}
    _events: ClassVar[Mapping[str, str]] = {}

    request: Request
    endpoint: str
    recovered: bool = False
    _client: Peer

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._events = events.find_events(cls)

    # What happens

    def on_open(self, request: Request) -> Any:
        """The client came; return False, or the reason as a text, or raise ``Refused``, to refuse it.

        The connection on the default endpoint is asked first, also about a client that joins only another endpoint, as
        those of socket.io 3.0 and later may; what it emits then reaches nobody.
        """

    def on_message(self, message: Any) -> Any:
        """The client sent a text, a JSON message, or an event called message."""

    def on_close(self, *args: Any, **kwargs: Any) -> Any:
        """The client left, or was lost; a method that takes an argument gets the reason, a short text."""

    def on_event(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The client sent an event: the default calls the method that is marked for it.

        Raises:
            UnknownEventError: no method is marked for it.
            MisfitError: the method takes other arguments.
        """
        attribute = self._events.get(name)
        if attribute is None and name == "message":
            return self.on_message(args[0] if args else None)
        if attribute is None:
            raise events.UnknownEventError(name)
        return events.call(getattr(type(self), attribute), self, [*args, *([kwargs] if kwargs else [])])

    def get_endpoint(self, path: str) -> type[SocketConnection] | None:
        """Return the class for an endpoint that the client wants to join, or None.

        Only the connection on the default endpoint is asked.
        """
        return self.endpoints.get(path)

    # What to do

    @final
    def emit(
        self,
        name: str,
        *args: Any,
        callback: Callable[..., Any] | None = None,
        errback: Callable[[SocketIOError], Any] | None = None,
        timeout: float | None = None,
        volatile: bool = False,
    ) -> None:
        """Send an event.

        Args:
            name: what it is called.
            args: its values; bytes among them are for clients of socket.io 1.0 and later.
            callback: gets the values of the client's acknowledgement.
            errback: gets an ``AckTimeout`` or ``ConnectionLost`` in its place.
            timeout: seconds to wait for the acknowledgement; None: as long as the client is there.
            volatile: whether it is forgotten if it cannot be written at once.

        Raises:
            LocalProtocolError, TypeError: the client's protocol cannot carry the values.
        """
        waiter = None if callback is errback is None else Callbacks(callback, errback)
        self._client.send(Event(name, list(args), self.endpoint), waiter, timeout, volatile=volatile)

    @final
    async def call(self, name: str, *args: Any, timeout: float | None = 60) -> Any:
        """Send an event and wait for the client's acknowledgement: None, the value, or a tuple of several.

        It works once ``on_open`` has returned.

        Raises:
            AckTimeout: the time is over.
            ConnectionLost: the client has left.
        """
        return await self._client.call(Event(name, list(args), self.endpoint), timeout)

    @final
    def send(self, message: Any, callback: Callable[..., Any] | None = None) -> None:
        """Send a text as it is, and anything else as JSON; from socket.io 1.0 on, it is an event called message."""
        self._client.send(_as_packet(message, self.endpoint), callback and Callbacks(callback))

    @final
    def close(self) -> None:
        """Disconnect the client from this endpoint; on the default one, altogether."""
        self._client.kick(self.endpoint)

    @classmethod
    def is_concurrent(cls, name: str) -> bool:
        """Return whether the handler of an event is ``@concurrent``."""
        return getattr(getattr(cls, cls._events.get(name, ""), None), "is_concurrent", False)

    @property
    def session_id(self) -> str:
        """The id of the client's session; keep it secret from other clients."""
        return self._client.session_id

    @property
    def address(self) -> tuple[str, int]:
        """The address and the port from which the session was asked for."""
        return self.request.ip, self.request.port

    @property
    def revision(self) -> int:
        """What the client speaks: 1 (socket.io 0.7 to 0.9), 4 (1.x and 2.x) or 5 (3.x and 4.x)."""
        return self._client.dialect.number

    @property
    def is_open(self) -> bool:
        """Whether packets still reach the client."""
        return self._client.is_open(self.endpoint)

    @property
    def wants_ack(self) -> bool:
        """Whether the client waits for the return value of the handler that runs now."""
        return wants_ack.get()

    # Others

    @property
    def others(self) -> Audience:
        """All other clients on this endpoint."""
        return self._audience(None, except_=self)

    @final
    def join(self, room: str) -> None:
        """Enter a room of this endpoint; the first to enter a room makes it."""
        if self.is_open:
            self._client.rooms.enter(self, self.endpoint, room)
            if self._client.recovery is not None and self.endpoint in self._client.states:
                self._client.recovery.enter(self._client.states[self.endpoint], room)

    @final
    def leave(self, room: str) -> None:
        """Leave a room."""
        self._client.rooms.leave(self, self.endpoint, room)
        if self.endpoint in self._client.states:
            self._client.states[self.endpoint].rooms.pop(room, None)

    @final
    def to(self, room: str, *, include_self: bool = False) -> Audience:
        """Return all others in a room of this endpoint; with ``include_self`` also this client, if it is there."""
        return self._audience(room, except_=None if include_self else self)

    def _audience(self, room: str | None, except_: SocketConnection | None) -> Audience:
        return Audience(self._client.rooms, self.endpoint, room, except_, self._client.recovery)


def make_connection(cls: type[SocketConnection], client: Peer, endpoint: str, request: Request) -> SocketConnection:
    """Return a client's connection on an endpoint, of the application's class, whose constructor takes nothing."""
    connection = cls()
    connection._client, connection.endpoint, connection.request = client, endpoint, request
    return connection


class Audience:
    """The connections on one endpoint, or in one of its rooms, to be sent the same; they are looked up at each use.

    With a ``backplane``, what is sent reaches those of all processes; to iterate gives those of this one.

    Args:
        rooms: the rooms of the server.
        endpoint: the endpoint.
        room: one of its rooms; None: the whole endpoint.
        except_: the one connection that is left out.
        recovery: what is kept for clients that are lost, if anything.
    """

    def __init__(
        self,
        rooms: Rooms[SocketConnection],
        endpoint: str,
        room: str | None = None,
        except_: SocketConnection | None = None,
        recovery: Recovery | None = None,
    ) -> None:
        self._rooms, self._except, self._recovery = rooms, except_, recovery
        self._endpoint, self._room = endpoint, room

    def __iter__(self) -> Iterator[SocketConnection]:
        """Iterate over the connections."""
        members = self._rooms.members(self._endpoint, self._room)
        return iter([connection for connection in members if connection is not self._except])

    def emit(self, name: str, *args: Any, volatile: bool = False) -> None:
        """Send an event to all; if it is ``volatile``, only to those to whom it can be written at once."""
        self._send(Event(name, list(args), self._endpoint), volatile=volatile)

    def send(self, message: Any) -> None:
        """Send a text, or anything else as JSON, to all."""
        self._send(_as_packet(message, self._endpoint))

    async def count(self) -> int:
        """Return how many there are, with a ``backplane`` in all processes; those that do not reply are left out."""
        elsewhere = self._rooms.elsewhere
        return len(list(self)) + (0 if elsewhere is None else await elsewhere.count(self._endpoint, self._room))

    async def session_ids(self) -> list[str]:
        """Return the session ids of all who are there, as ``count``; ``Router.kick`` takes them."""
        elsewhere = self._rooms.elsewhere
        others = [] if elsewhere is None else await elsewhere.session_ids(self._endpoint, self._room)
        return [*(connection.session_id for connection in self), *others]

    def _send(self, packet: UserPacket, *, volatile: bool = False) -> None:
        if self._rooms.elsewhere is not None:  # first: what it refuses nobody is to get
            self._rooms.elsewhere.publish(packet, self._room, volatile=volatile)
        self.deliver(packet, volatile=volatile)

    def deliver(self, packet: UserPacket, *, volatile: bool = False) -> None:
        """Send a packet to those of this process."""
        encoded: dict[int, Encoded | None] = {}  # each packet is encoded once for all who speak the same
        if self._recovery is not None and not volatile:
            except_ = None if self._except is None else self._except._client.states.get(self._endpoint)
            encoded[RECOVERABLE] = self._recovery.keep(packet, room=self._room, except_=except_)
        for connection in self:
            client = connection._client
            revision = client.dialect.number
            if revision not in encoded:
                encoded[revision] = _encoded(packet, client)
            frames = encoded[revision]
            if frames is not None:
                client.send_frames(frames, self._endpoint, volatile=volatile)


def _encoded(packet: UserPacket, client: Peer) -> Encoded | None:
    """Return the frames of a packet; None, with a line in the log, if the client's generation cannot have it.

    The others in the room get it all the same.
    """
    try:
        return client.dialect.encode(packet)
    except LocalProtocolError as error:
        if client.dialect.number != 1:
            raise
        client.log.write("left out the clients of revision 1 in a room: %s", error)
        return None


def _as_packet(message: Any, endpoint: str) -> Message | Json:
    return Message(message, endpoint) if isinstance(message, str) else Json(message, endpoint)
