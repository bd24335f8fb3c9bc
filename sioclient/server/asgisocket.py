"""A websocket over ASGI, in the place of Tornado's own: the server that carries the application speaks RFC 6455."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from tornado.httputil import HTTPHeaders
from tornado.websocket import WebSocketClosedError, WebSocketHandler, WebSocketProtocol

CLOSE_TIME = 5.0
"""Seconds that a client has to close, too."""


class Connection(Protocol):
    """What is needed of the connection."""

    unsent: int

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the next message of the client."""

    def put(self, message: MutableMapping[str, Any]) -> asyncio.Future[bool]:
        """Send a message."""

    def end(self, _: object = None) -> None:
        """Take note that everything is over."""


class AsgiStream:
    """What the handlers ask of the stream below a websocket.

    Args:
        connection: what is there in its place.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def writing(self) -> bool:
        """Return whether something waits for the network."""
        return self._connection.unsent > 0

    def close(self) -> None:
        """Close the connection after what was written, or soon if the client does not read."""
        self._connection.put({"type": "websocket.close", "code": 1001}).add_done_callback(self._connection.end)
        asyncio.get_running_loop().call_later(CLOSE_TIME, self._connection.end)

    async def read_bytes(self, count: int, partial: bool = False) -> bytes:
        """Return nothing; handlers put before this what is to be waited for before more is read."""
        return b""


class AsgiSocket(WebSocketProtocol):
    """A websocket.

    Args:
        handler: what it is for.
        connection: what carries it.
    """

    stream: AsgiStream  # type: ignore[assignment]

    def __init__(self, handler: WebSocketHandler, connection: Connection) -> None:
        super().__init__(handler)
        self.stream = AsgiStream(connection)
        self._connection, self._socket, self._is_closing = connection, handler, False

    @property
    def selected_subprotocol(self) -> str | None:
        """None: there are none in Socket.IO."""
        return None

    async def accept_connection(self, handler: WebSocketHandler) -> None:
        """Accept it, and hand over what comes until it is closed."""
        handler.set_status(101)
        handler.detach()
        await self._connection.put({"type": "websocket.accept"})
        await self._call(lambda: handler.open(*handler.open_args, **handler.open_kwargs))
        await self._receive_frame_loop()

    async def _receive_frame_loop(self) -> None:
        data: str | bytes | None = ""
        while data is not None:
            await self.stream.read_bytes(0)
            message = await self._connection.receive()
            data = message.get("text") if message.get("text") is not None else message.get("bytes")
            if data is not None and len(data) > self._socket.max_message_size:
                self.close(1009, "message too big")
            elif data is not None and not self._is_closing:
                await self._call(self._socket.on_message, data)
        self._is_closing = True
        self._socket.on_ws_connection_close()
        self._connection.end()

    async def _call(self, function: Callable[..., Awaitable[None] | None], *args: Any) -> None:
        """Call a method of the handler; one that raises ends the websocket, as with Tornado's own."""
        try:
            handled = function(*args)
            if handled is not None:
                await handled
        except Exception:
            self._socket.log_exception(*sys.exc_info())
            self.stream.close()

    def write_message(self, message: Any, binary: bool = False) -> asyncio.Future[None]:
        """Send a message."""
        data = {"bytes": bytes(message)} if binary else {"text": message}
        return asyncio.ensure_future(self._written(self._connection.put({"type": "websocket.send", **data})))

    async def _written(self, written: asyncio.Future[bool]) -> None:
        if not await written:
            raise WebSocketClosedError

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close it after what was sent; the client has some seconds to do so, too."""
        if not self._is_closing:
            self._is_closing = True
            self._connection.put({"type": "websocket.close", "code": code or 1000, "reason": reason or ""})
            asyncio.get_running_loop().call_later(CLOSE_TIME, self._connection.end)

    def is_closing(self) -> bool:
        """Return whether it is being closed."""
        return self._is_closing

    def set_nodelay(self, x: bool) -> None:
        """Do nothing: the server has done it."""

    def write_ping(self, data: bytes) -> None:
        """Do nothing: pings are the server's."""

    def start_pinging(self) -> None:
        """Do nothing, as above."""

    def _process_server_headers(self, key: str | bytes, headers: HTTPHeaders) -> None:
        """Do nothing: that is for clients."""
