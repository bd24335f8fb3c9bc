"""ASGI: what a router serves, under uvicorn, hypercorn and the like.

The handlers of requests know of their connection what Tornado's ``HTTPConnection`` says. Here is one over ASGI, so that
they do the same as on Tornado's own server; ``asgisocket`` is the one of their websockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

from .asgisocket import AsgiSocket

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

NOT_OURS = {"date", "transfer-encoding"}
"""Headers that the server writes which carries the application."""


class Asgi:
    """An application of ASGI.

    Args:
        resource: the first part of the path.
        urls: the routes.
        max_body_size: how many bytes a body may have.
        stop: is awaited when the server stops.
        other: the application for every other path; None: there is nothing.
    """

    def __init__(
        self,
        resource: str,
        urls: list[Any],
        max_body_size: int,
        stop: Callable[[], Awaitable[None]],
        other: AsgiApp | None = None,
    ) -> None:
        self._root, self._max_body_size = f"/{resource}", max_body_size
        self._application = Application(urls, log_function=lambda handler: None, default_handler_class=Nothing)
        self._stop, self._other = stop, other

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve a request, a websocket, or the life of the server."""
        path = None if scope["type"] == "lifespan" else self._path(scope)
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif path is None and self._other is not None:
            await self._other(scope, receive, send)
        else:
            connection = AsgiConnection(scope, receive, send, self._max_body_size)
            await connection.serve(self._application, path or scope["path"])

    def _path(self, scope: MutableMapping[str, Any]) -> str | None:
        """Return the path if it is one of the routes, also where another application has mounted this one."""
        whole = scope["path"]
        for path in (whole, whole.removeprefix(scope.get("root_path", ""))):
            if path == self._root or path.startswith(f"{self._root}/"):
                return str(path)
        return None

    async def _live(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        async def receive_and_stop() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._stop()
            return message

        if self._other is not None:
            await self._other(scope, receive_and_stop, send)
            return
        for what in ("startup", "shutdown"):
            await receive_and_stop()
            await send({"type": f"lifespan.{what}.complete"})


@stream_request_body
class Nothing(RequestHandler):
    """What is at a path that has no route. Tornado's own would read the body, and log what is wrong in it."""

    def prepare(self) -> None:
        """Respond, whatever the method is."""
        self.send_error(404)

    def data_received(self, chunk: bytes) -> None:
        """Forget a part of the body."""


class Context(NamedTuple):
    """Where a request came from."""

    remote_ip: str
    address: tuple[str, int]
    protocol: str


class AsgiConnection(HTTPConnection):
    """The connection of a request, or of a websocket.

    Args:
        scope: what ASGI says of it.
        receive: returns the next message of the client.
        send: sends a message to it.
        max_body_size: how many bytes a body may have.

    Attributes:
        context: where it came from.
        unsent: messages that wait for the network.
    """

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, max_body_size: int) -> None:
        host, port = scope.get("client") or ("", 0)
        scheme = scope.get("scheme", "http").replace("ws", "http")
        self.context = Context(host, (host, port), scheme)
        self.unsent = 0
        self._scope, self._receive, self._send = scope, receive, send
        self._max_body_size = max_body_size
        self._is_websocket = scope["type"] == "websocket"
        self._response = "websocket.http.response" if self._is_websocket else "http.response"
        self._turn = asyncio.Lock()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._has_begun = self._is_closed = False
        self._on_lost: Callable[[], None] | None = None

    async def serve(self, application: Application, path: str) -> None:
        """Have a request handled; return when that is over."""
        delegate = application.start_request(self, self)
        query = self._scope.get("query_string", b"").decode("latin-1")
        line = RequestStartLine(self._scope.get("method", "GET"), f"{quote(path)}?{query}", "HTTP/1.1")
        try:
            await self._exchange(delegate, line)
        except HTTPInputError:
            await self._refused(400)
        finally:
            if not self._over.done():  # the client is gone, or the server stops
                self._over.set_result(None)
                if self._on_lost is not None:
                    self._on_lost()

    async def _exchange(self, delegate: HTTPMessageDelegate, line: RequestStartLine) -> None:
        paused = delegate.headers_received(line, self._headers())
        if paused is not None:
            await paused
        if not await self._read_body(delegate):
            delegate.on_connection_close()
            return
        delegate.finish()
        if self._is_websocket:
            await asyncio.wait([self._over])
        else:
            await self.receive()  # over, or the client is gone

    def _headers(self) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in self._scope["headers"]:
            headers.add(name.decode("latin-1"), value.decode("latin-1"))
        if self._is_websocket:  # over HTTP/2 it comes without them
            headers["Upgrade"], headers["Connection"] = "websocket", "Upgrade"
        return headers

    async def _read_body(self, delegate: HTTPMessageDelegate) -> bool:
        """Hand over the body; return whether it was complete."""
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] in ("http.disconnect", "websocket.disconnect"):
                return False
            body = message.get("body", b"")
            size += len(body)
            if size > self._max_body_size:
                await self._refused(413)
                return False
            paused = delegate.data_received(body) if body else None
            if paused is not None:
                await paused
            more = message.get("more_body", False)
        return True

    async def receive(self) -> Message:
        """Return the next message of the client; one of type over as soon as nothing more is to be sent."""
        message = asyncio.ensure_future(self._receive())
        both: list[asyncio.Future[Any]] = [message, self._over]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if message.done():
            return message.result()
        message.cancel()
        return {"type": "over"}

    def put(self, message: Message) -> asyncio.Future[bool]:
        """Send a message after those before it; the result is whether the network has taken it."""
        self.unsent += 1
        return asyncio.ensure_future(self._put(message))

    async def _put(self, message: Message) -> bool:
        try:
            async with self._turn:
                if self._over.done() or self._is_closed:
                    return False
                self._is_closed = message["type"] == "websocket.close"
                await self._send(message)
                return True
        except Exception:  # each server has its own for a client that is gone
            return False
        finally:
            self.unsent -= 1

    # What Tornado's handlers call

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have a function called when the client is gone before the response is complete."""
        self._on_lost = callback

    def set_max_body_size(self, size: int) -> None:
        """Limit the body."""
        self._max_body_size = size

    def write_headers(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> asyncio.Future[None]:
        """Begin the response."""
        assert isinstance(start_line, ResponseStartLine)
        if not self._scope.get("http_version", "1.1").startswith("1"):
            headers.pop("Connection", None)  # HTTP/2 has none; in HTTP/1.1 clients of old want to be told
        fields = [(name.lower(), value) for name, value in headers.get_all() if name.lower() not in NOT_OURS]
        self._begin(start_line.code, [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields])
        return self.write(chunk or b"")

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._has_begun = True
        if self._is_websocket and "websocket.http.response" not in (self._scope.get("extensions") or {}):
            self.put({"type": "websocket.close"}).add_done_callback(self.end)
        else:
            self.put({"type": f"{self._response}.start", "status": status, "headers": headers})

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Continue the response."""
        return self._body(chunk, more=True)  # type: ignore[return-value]

    def _body(self, chunk: bytes, *, more: bool) -> asyncio.Future[bool]:
        return self.put({"type": f"{self._response}.body", "body": bytes(chunk), "more_body": more})

    def finish(self) -> None:
        """Complete the response."""
        self._body(b"", more=False).add_done_callback(self.end)

    def detach(self) -> AsgiConnection:
        """Return what closes the connection: Tornado's handlers call it where the response is to be left out."""
        return self

    def close(self) -> None:
        """End without a response; ASGI knows none such, so it is an empty one if there was none yet."""
        if self.unsent:  # the client does not read
            self.end()
        elif self._has_begun:
            self.finish()
        else:
            self.refuse(400)

    def refuse(self, status: int) -> None:
        """Respond with a status alone."""
        self._begin(status, [(b"content-length", b"0")])
        self.finish()

    async def _refused(self, status: int) -> None:
        self.refuse(status)
        await asyncio.wait([self._over])

    def end(self, _: object = None) -> None:
        """Take note that everything is over."""
        if not self._over.done():
            self._over.set_result(None)

    def websocket_protocol(self, handler: WebSocketHandler) -> AsgiSocket:
        """Return what speaks with a client over a websocket."""
        return AsgiSocket(handler, self)
