"""Router: the URLs of a server for a Tornado application, and its clients."""

from __future__ import annotations

import re
from typing import Any

from .asgi import Asgi, AsgiApp
from .clients import Clients
from .connection import Audience, SocketConnection
from .engineweb import engine_routes
from .handlers import Heard
from .handshake import Response
from .health import Health, MetricsPage
from .hub import Hub
from .settings import Settings
from .web import Http, WebSocket


class Router:
    """Serves Socket.IO under a path of an application of Tornado or ASGI.

    Everything here runs on the event loop of that application.

    Args:
        main: the class of the clients' connections on the default endpoint.
        resource: the first part of the path.
        settings: see ``Settings``.

    Raises:
        TypeError, ValueError: a setting is unknown, or its value is not allowed.
    """

    def __init__(self, main: type[SocketConnection], resource: str = "socket.io", **settings: Any) -> None:
        self.resource = resource.strip("/")
        self.settings = Settings(**settings)
        self._hub = Hub(main, self.settings)

    @property
    def urls(self) -> list[Any]:
        """The routes for a ``tornado.web.Application``."""
        root, hub, revisions = re.escape(f"/{self.resource}"), {"hub": self._hub}, self.settings.revisions
        routes = [] if revisions == (1,) else engine_routes(root, self._hub)
        if 1 in revisions:
            routes += [(root + r"/1/websocket/([^/]+)/?", WebSocket, hub), (root + r"(?:/(.*))?", Http, hub)]
        if self.settings.metrics is True:
            routes.insert(0, (root + "/metrics/?", MetricsPage, hub))
        return [(root + "/health/?", Health, hub), *routes] if self.settings.health else routes

    def apply_routes(self, routes: list[Any]) -> list[Any]:
        """Add the URLs to the list of routes of an application, and return it."""
        routes.extend(self.urls)
        return routes

    def asgi(self, other: AsgiApp | None = None) -> Asgi:
        """Return an application of ASGI, for uvicorn, hypercorn and the like, in one process.

        Args:
            other: another application of ASGI, for every other path, such as one of FastAPI.
        """
        return Asgi(self.resource, self.urls, self.settings.max_message_size, self.stop, other)

    @property
    def clients(self) -> Clients:
        """The connections on the default endpoint by session id, or by the address and port of the handshake."""
        return Clients(self._hub.connections())

    def broadcast(self, endpoint: str, name: str, *args: Any, except_: SocketConnection | None = None) -> None:
        """Send an event to all clients on an endpoint, except one."""
        self._hub.audience(endpoint, except_=except_).emit(name, *args)

    def join(self, connection: SocketConnection, room: str) -> None:
        """Let a connection enter a room of its endpoint."""
        connection.join(room)

    def leave(self, connection: SocketConnection, room: str) -> None:
        """Let a connection leave a room."""
        connection.leave(room)

    def to(self, room: str, endpoint: str = "", except_: SocketConnection | None = None) -> Audience:
        """Return the clients in a room of an endpoint, except one."""
        return self._hub.audience(endpoint, room, except_)

    def everybody(self, endpoint: str = "") -> Audience:
        """Return all clients on an endpoint."""
        return self._hub.audience(endpoint)

    def kick(self, session_id: str, endpoint: str = "") -> None:
        """Disconnect a client, of whatever process, from an endpoint; from the default one, altogether."""
        if not self._hub.kick(session_id, endpoint) and self._hub.backplane is not None:
            self._hub.backplane.kick(session_id, endpoint)

    def watch(self, heard: Heard | None) -> None:
        """Have a function told of each event and message before its handler: the connection, name and arguments."""
        self._hub.heard = heard

    def refuse(self, status: int | None) -> None:
        """Refuse every handshake with a status of HTTP from now on; None: no more."""
        self._hub.refusal = None if status is None else Response(status, "text/plain", "handshake refused")

    def cut(self, session_id: str) -> None:
        """Close the connections of a client without a word, as a network does that is gone."""
        self._hub.clients[session_id].cut()

    def stall(self, session_id: str | None = None) -> None:
        """Go silent to a client, or to all and whoever comes, as a server does that hangs; for tests.

        Nothing is read or written, and no time passes for the sessions, until ``go_on``.
        """
        self._hub.stall() if session_id is None else self._hub.clients[session_id].stall()

    def go_on(self, session_id: str | None = None) -> None:
        """Go on with a client, or with all, after ``stall``."""
        self._hub.go_on() if session_id is None else self._hub.clients[session_id].go_on()

    async def stop(self) -> None:
        """End all sessions in good order: what came is handled, what waits is sent, for ``drain_time`` at most.

        Then the transports are closed. The clients are not disconnected: they come back as soon as a server is there.
        """
        await self._hub.stop()

    def withdraw(self) -> None:
        """Take the numbers of ``metrics`` out of their registry, if the application cannot start; so does ``stop``."""
        self._hub.withdraw()
