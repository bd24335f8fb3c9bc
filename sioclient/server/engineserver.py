"""EngineServer and WebSocketServer: servers without Socket.IO, that call functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ..protocol.packets import Encoded, Message
from .client import Client
from .connection import SocketConnection
from .dialects import AloneDialects
from .engineclient import EngineClient, checked
from .enginehandlers import EngineHandlers
from .engineweb import engine_routes
from .handlers import Application
from .hub import Hub
from .plainweb import PlainWebSocket
from .request import Request
from .server import PortServer
from .sessionbase import Session
from .settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

_BROKER = "broadcast() reaches the clients of this process; tell the others by a broker of yours, or use SocketServer"
_RECOVERY = "only SocketServer recovers sessions: here, send what a client missed in the function for its connection"
_PAGE = "serve a page of your own: routes="

_OF_SOCKETIO = {
    "backplane": _BROKER,
    "backplane_channel": _BROKER,
    "convert_bytes": "its clients get bytes as they are",
    "handshake_timeout": "a session has its transport from the beginning; silence ends it after heartbeat_timeout",
    "health": _PAGE,
    "max_recoverable": _RECOVERY,
    "metrics": _PAGE,
    "polling_duration": "a poll waits until there is something to send, such as a ping: set heartbeat_interval",
    "recovery_time": _RECOVERY,
}
"""What to do in the place of the settings that no server without Socket.IO has."""

_OF_ENGINEIO = {
    "close_timeout": "a session ends with its websocket",
    "polling_duration": "it has no polls",
    "revisions": "plain WebSockets have none",
    "transports": "it serves websockets only",
}
"""The same for those that only Engine.IO has."""


@dataclass(frozen=True, kw_only=True)
class EngineSettings(Settings):
    """The settings of a server without Socket.IO, of which ``revisions`` are those of Engine.IO."""

    known_revisions: ClassVar[tuple[int, ...]] = (3, 4)
    known_transports: ClassVar[tuple[str, ...]] = ("websocket", "xhr-polling", "jsonp-polling")

    transports: tuple[str, ...] = known_transports
    revisions: tuple[int, ...] = known_revisions


class EngineHub(Hub):
    """The table of the clients of a server without Socket.IO.

    Args:
        settings: times and limits.

    Attributes:
        users: the clients, as the application sees them.
        functions: what is called for each that comes.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(SocketConnection, settings, AloneDialects(settings))
        self.users: dict[EngineClient, None] = {}
        self.functions: list[Callable[..., Any]] = []

    def application(
        self, client: Client, session: Session, request: Request, changed: Callable[[], None]
    ) -> Application:
        """Return what the notices of a client are given to."""
        return EngineHandlers(self, EngineClient(client), session)


class _CallingServer(PortServer):
    """What both servers have in common."""

    def __init__(self, hub: EngineHub, routes: list[Any], port: int, host: str) -> None:
        super().__init__(hub, routes, port, host)
        self._hub = hub

    def connection(self, function: Function) -> Function:
        """Call a function with each client that comes, an ``EngineClient``; to be used as a decorator.

        The messages of a client wait until it has a function for them, or this one is done.
        """
        self._hub.functions.append(checked("connection", function))
        return function

    @property
    def clients(self) -> dict[tuple[str, int], EngineClient]:
        """The clients by address and port, as they are now, from any thread.

        Of several sessions over one connection of HTTP, or from behind a proxy, the newest is there.
        """
        return {(user.addr, user.port): user for user in list(self._hub.users) if user.is_open}

    def broadcast(self, data: str | bytes) -> None:
        """Send a message to all clients; in the server's thread.

        Raises:
            LocalProtocolError: a text that a protocol of theirs cannot carry; then none gets it.
            TypeError: the message is neither text nor bytes.
        """
        clients = [client for client in self._hub.clients.values() if client.is_open("")]
        encoded: dict[int, Encoded] = {}
        for client in clients:
            if client.session.revision not in encoded:
                encoded[client.session.revision] = client.dialect.encode(Message(data))
        for client in clients:
            client.send_frames(encoded[client.session.revision], "")


class EngineServer(_CallingServer):
    """A server of Engine.IO 3 and 4 without Socket.IO, on a port of its own.

    ::

        server = EngineServer(8000)

        @server.connection
        def greet(client):
            client.send("hello")

            @client.message
            async def echo(data):
                await client.send(data)

        server.run()

    Functions may be ``async``. Those of one client run one at a time, in the order of arrival. ``with`` serves from a
    thread until the block ends, and ``async with`` on the event loop that runs.

    Args:
        port: where to listen; 0: on a free port, which the attribute ``port`` names.
        host: the address to listen on; the default admits clients on this machine only, "0.0.0.0" all.
        resource: the first part of the path.
        routes: other routes, as for ``tornado.web.Application``.
        settings: see ``Settings``; ``revisions`` are those of Engine.IO, 3 and 4, and ``transports`` all but htmlfile.
            Refused, as nothing would follow from them, are ``backplane``, ``backplane_channel``, ``convert_bytes``,
            ``handshake_timeout``, ``health``, ``max_recoverable``, ``metrics``, ``polling_duration`` and
            ``recovery_time``.

    Attributes:
        port: where it listens.

    Raises:
        OSError: the port is taken, or the host is not an address of this machine.
        TypeError, ValueError: the port is no port; a setting is unknown or refused, or its value is not allowed.
    """

    def __init__(
        self,
        port: int = 8000,
        host: str = "127.0.0.1",
        *,
        resource: str = "engine.io",
        routes: Iterable[Any] = (),
        **settings: Any,
    ) -> None:
        hub = EngineHub(_settings(self, settings, _OF_SOCKETIO))
        root = re.escape(f"/{resource.strip('/')}")
        super().__init__(hub, [*routes, *engine_routes(root, hub)], port, host)


class WebSocketServer(_CallingServer):
    """A server of plain WebSockets, on a port of its own; it is used as an ``EngineServer``.

    Every path is served that no other route has; ``client.request.path`` tells which it was. The server sends pings
    ``heartbeat_interval`` seconds apart, and ends a session without a pong within ``heartbeat_timeout``.

    Args:
        port: where to listen; 0: on a free port, which the attribute ``port`` names.
        host: the address to listen on; the default admits clients on this machine only, "0.0.0.0" all.
        routes: other routes, as for ``tornado.web.Application``.
        settings: see ``Settings``. Refused are those that an ``EngineServer`` refuses, and ``close_timeout``,
            ``revisions`` and ``transports``.

    Attributes:
        port: where it listens.

    Raises:
        OSError: the port is taken, or the host is not an address of this machine.
        TypeError, ValueError: the port is no port; a setting is unknown or refused, or its value is not allowed.
    """

    scheme = "ws"

    def __init__(
        self, port: int = 8000, host: str = "127.0.0.1", *, routes: Iterable[Any] = (), **settings: Any
    ) -> None:
        hub = EngineHub(_settings(self, settings, {**_OF_SOCKETIO, **_OF_ENGINEIO}))
        super().__init__(hub, [*routes, (r"/.*", PlainWebSocket, {"hub": hub})], port, host)


def _settings(server: _CallingServer, settings: dict[str, Any], foreign: dict[str, str]) -> EngineSettings:
    """Return the settings, or raise TypeError for one that would change nothing."""
    for name in settings:
        if name in foreign:
            raise TypeError(f"{name} is no setting of {type(server).__name__}: {foreign[name]}")
    return EngineSettings(**settings)
