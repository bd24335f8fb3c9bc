"""What every handler of requests has, and what every websocket is guarded against."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from tornado.iostream import IOStream
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler, WebSocketProtocol

from .fairness import FairReader
from .hub import Hub
from .pongs import Pongs
from .proxies import client_address, read_networks


class Quiet(RequestHandler):
    """A request handler without Etag, Server and XSRF cookie, that writes to the hub's log only."""

    def initialize(self, hub: Hub) -> None:
        self.hub = hub

    @property
    def address(self) -> str:
        """The client's address: that of the connection, or the one that a trusted proxy names."""
        trusted = read_networks(self.hub.settings.trusted_proxies)
        return client_address(self.request.remote_ip or "", self.request.headers, trusted)

    def prepare(self) -> Awaitable[None] | None:
        """Wait, before anything is done, while the whole server is stalled."""
        return self.hub.stall_ended()

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> None:
        return None  # two polls may well have the same response

    def check_xsrf_cookie(self) -> None:
        pass  # the session id is in the URL and not in a cookie, so no other page can use it

    def check_trusted_origin(self, origin: str) -> bool:
        return True  # as above; the handshake checks the origin

    def _log(self) -> None:
        pass  # Tornado would write every request to its log

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, (HTTPError, asyncio.CancelledError)):
            self.hub.log.write("a request failed", error=value)


class GuardedSocket(Quiet, WebSocketHandler):
    """A websocket of which others get their turn, and of whose unread pongs little is kept."""

    _pongs: Pongs

    @property
    def max_message_size(self) -> int:
        """How many bytes a message may have; Tornado checks that before it reads."""
        return self.hub.settings.max_message_size

    def pause(self) -> Awaitable[None] | None:
        """Return what to wait for before more is read; None: for nothing."""
        return self.hub.stall_ended()

    def check_origin(self, origin: str) -> bool:
        return True  # get() has checked it, also where there is none

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Return what speaks with the client: that of the connection if it has one, as under ASGI."""
        own = getattr(self.request.connection, "websocket_protocol", None)
        return super().get_websocket_protocol() if own is None else own(self)

    def guard(self) -> None:
        """Begin; to be called first when the websocket is open."""
        stream: IOStream = self.ws_connection.stream  # type: ignore[union-attr,assignment]
        self.set_nodelay(True)
        stream.read_bytes = FairReader(stream.read_bytes, self.pause).read_bytes  # type: ignore[method-assign,assignment]
        self._pongs = Pongs(stream)

    def on_ping(self, data: bytes) -> None:
        """A pong was written; end the connection of a client that reads none."""
        if self._pongs.are_too_many(len(data)):
            self.hub.log.write("ended a websocket from %.200r that reads no pongs", self.address)
            self.ws_connection.stream.close()  # type: ignore[union-attr]
