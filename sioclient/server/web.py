"""The URLs of a server as request handlers of Tornado; they move frames between network and clients, and parse none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import HTTPError, stream_request_body
from tornado.websocket import WebSocketProtocol

from .bodies import GONE, HTML, PLAIN, POLLS, PREAMBLE, is_index, script
from .client import Client
from .guarded import GuardedSocket, Quiet
from .handshake import Response, as_jsonp, may_come_from
from .inbox import Frame
from .pieces import PieceLink
from .request import Request, read_query
from .sessionbase import LinkKind
from .wsframes import message

BANNER = Response(200, "text/plain", "Welcome to socket.io.")
WRONG_VERSION = Response(500, "text/plain", "Protocol version not supported.")


def port_of(request: HTTPServerRequest) -> int:
    """Return the port from which the connection of a request came; 0 for a socket that has none."""
    address = getattr(getattr(request.connection, "context", None), "address", None)
    return address[1] if isinstance(address, tuple) else 0


def _parts(path: str | None) -> list[str]:
    """Return the version, the transport and the session id in a path; empty for those that are not there."""
    return [*(path or "").split("/"), "", "", ""][:3]


class WebSocketLink(PieceLink[Frame]):
    """A websocket: each frame is a message."""

    transport = "websocket"

    def __init__(self, handler: ClientSocket) -> None:
        super().__init__(handler.hub.busy)
        self.handler = handler

    @property
    def stream(self) -> IOStream | None:
        connection = self.handler.ws_connection
        return None if connection is None else connection.stream

    def _has_room(self) -> bool:
        return self.stream is not None and not self.stream.writing()

    def _write_piece(self, frames: list[Frame]) -> bool:
        connection = self.handler.ws_connection
        if connection is None or connection.is_closing():
            return False
        try:
            written = self._written(connection, frames)
        except StreamClosedError:
            return False
        if self.is_going_on or not written.done() or written.exception() is not None:
            written.add_done_callback(self._on_written)
        return True

    def _written(self, connection: WebSocketProtocol, frames: list[Frame]) -> asyncio.Future[None]:
        """Write frames, in one call of the system; return what is done once they have left, with all before them."""
        if isinstance(connection.stream, IOStream):
            return connection.stream.write(b"".join(map(self.wire_bytes, frames)))
        sent = [connection.write_message(frame, binary=isinstance(frame, bytes)) for frame in frames]
        for written in sent[:-1]:
            written.add_done_callback(_ignore)
        return sent[-1]

    def wire_bytes(self, frame: Frame) -> bytes:
        """Return what the client gets for a frame."""
        return message(frame)

    def _shut(self) -> None:
        if self.stream is not None and self.stream.writing():
            self.stream.close()  # the client does not read, so a closing handshake would wait for ever
        self.handler.close()

    def cut(self) -> None:
        """Close the connection under the websocket, as a network does that is gone."""
        if self.stream is not None:
            self.stream.close()

    def _on_written(self, written: asyncio.Future[None]) -> None:
        client = self.handler.client
        if written.cancelled() or client is None:
            return
        if written.exception() is None:
            client.flush()
        else:
            client.detach(self)  # Tornado calls on_close only when it reads on, so not before there is room


def _ignore(written: asyncio.Future[None]) -> None:
    """Take note of an error, or asyncio would log it: the last frame has the same one."""
    if not written.cancelled():
        written.exception()


class ClientSocket(GuardedSocket):
    """A websocket of a client, of whatever generation."""

    client: Client | None = None

    def pause(self) -> Awaitable[None] | None:
        """Return what to wait for before more is read; None: for nothing."""
        return None if self.client is None or not self.client.is_stalled else self.client.stall_ended()


class WebSocket(ClientSocket):
    """``/socket.io/1/websocket/ID``."""

    async def get(self, *args: str, **kwargs: str) -> None:
        """Become a websocket, if that is offered, and to this page."""
        if "websocket" not in self.hub.settings.transports:
            self.detach().close()
        elif not may_come_from(self.request.headers, self.hub.settings.origins):
            raise HTTPError(403)
        else:
            client = self.hub.clients.get(args[0])
            if client is not None:
                await client.stall_ended()
            await super().get(*args, **kwargs)

    def open(self, session_id: str) -> None:
        """Carry the session, or send an error if it does not exist."""
        self.guard()
        self.client = self.hub.clients.get(session_id)
        self.link = WebSocketLink(self)
        if self.client is None:
            self.link.write([GONE])
            self.close()
        else:
            self.client.attach(self.link)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Take a frame, now or as soon as there is room: until then Tornado reads no further."""
        if self.client is None:
            return None
        if self.client.has_room():
            self.client.receive(message)
            return None
        return self._receive_later(self.client, message)

    async def _receive_later(self, client: Client, message: str | bytes) -> None:
        await client.room()
        client.receive(message)

    def on_close(self) -> None:
        """The connection was closed or lost."""
        if self.client is not None:
            self.client.detach(self.link)


class PollLink:
    """A poll: it takes frames once; if it is closed, it ends without a response."""

    kind = LinkKind.POLL
    transport = "polling"
    is_cut = False
    """Whether the connection is to be closed without a response."""

    def __init__(self) -> None:
        self.frames: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    def is_ready(self) -> bool:
        return True

    def write(self, frames: list[str]) -> None:
        self._resolve(frames)

    def close(self) -> None:
        self._resolve([])

    def cut(self) -> None:
        """Close the connection without a response."""
        self.is_cut = True
        self._resolve([])

    def _resolve(self, frames: list[str]) -> None:
        if not self.frames.done():
            self.frames.set_result(frames)


class StreamLink(PieceLink[str]):
    """An htmlfile: a response without an end, with an element for each frame."""

    transport = "htmlfile"

    def __init__(self, handler: Http, client: Client) -> None:
        super().__init__(handler.hub.busy)
        self._handler, self._client = handler, client
        self._unwritten = 0
        self.closed = asyncio.Event()

    @property
    def is_writing(self) -> bool:
        return self._unwritten > 0

    def _has_room(self) -> bool:
        return not self.is_writing and not self.closed.is_set()

    def _write_piece(self, frames: list[str]) -> bool:
        if self.closed.is_set():
            return False
        self._handler.write("".join(map(script, frames)))
        self._unwritten += 1
        asyncio.ensure_future(self._handler.flush()).add_done_callback(self._on_written)
        return True

    def _shut(self) -> None:
        self.closed.set()

    def cut(self) -> None:
        """Close the connection in the middle of the page."""
        self._handler.detach().close()

    def _on_written(self, _: asyncio.Future[None]) -> None:
        self._unwritten -= 1
        self._client.flush()  # if the connection is lost, on_connection_close is called


@stream_request_body
class Http(Quiet):
    """Everything under ``/socket.io`` but websockets: handshakes, polls, posts, htmlfiles, and ``?disconnect``."""

    client: Client | None = None
    link: PollLink | StreamLink | None = None

    def prepare(self) -> Awaitable[None] | None:
        """Limit the size of the body, before any of it is read, and find out who it is from."""
        self.query = read_query(self.request.query)
        self.body = bytearray()
        self.request.connection.set_max_body_size(self.hub.settings.max_message_size)  # type: ignore[union-attr]
        _, _, session_id = _parts(self.path_args[0])
        self.client = self.hub.clients.get(session_id)
        return super().prepare() if self.client is None else None

    async def data_received(self, chunk: bytes) -> None:
        """Keep a part of the body, if it is from a client; nobody else gets any memory."""
        if self.client is not None:
            self.body += chunk
            await self.hub.uploads.grow(self, len(self.body))

    async def get(self, path: str | None) -> None:
        """Respond to a GET: a poll, an htmlfile, or one that ``_begin`` responds to."""
        transport = await self._begin(path)
        if transport == "htmlfile":
            await self._stream()
        elif transport is not None:
            await self._poll(transport)

    async def post(self, path: str | None) -> None:
        """Take frames for a session. A session that does not exist gets the same response, as from socket.io."""
        transport = await self._begin(path)
        if transport is None:
            return
        if self.client is not None:
            await self.client.room()
            body = bytes(self.body)
            self.client.receive_body(POLLS.get(transport, POLLS["xhr-polling"]).decode(body), len(body))
            self.body.clear()
        self.respond(Response(200, PLAIN, "1"))

    def options(self, path: str | None) -> None:
        """Respond to a preflight."""
        self.set_header("Access-Control-Allow-Methods", "GET, POST")
        self.set_header("Access-Control-Allow-Headers", "Content-Type")
        self.respond(Response(200, PLAIN, ""))

    def on_connection_close(self) -> None:
        """The client closed the connection before the response was complete."""
        self.on_finish()

    def on_finish(self) -> None:
        """Detach the link: the response is complete, or cannot be continued."""
        self.hub.uploads.forget(self)
        link = self.link
        if link is not None:
            self.leave(link)
            link.close()

    async def _begin(self, path: str | None) -> str | None:
        """Find the session and return the name of the transport; None if the request got its response already."""
        version, transport, session_id = _parts(path)
        if version != "1":
            self.respond(BANNER if version in ("", "0") else WRONG_VERSION)
            return None
        if not session_id:
            await self._handshake()
            return None
        self.client = self.hub.clients.get(session_id)
        if "disconnect" in self.query:
            if self.client is not None:
                await self.client.stall_ended()
                self.client.receive("0::")
            self.respond(Response(200, PLAIN, ""))
            return None
        if transport not in self.hub.settings.transports or transport == "websocket":
            self.detach().close()  # without a response, as socket.io
            return None
        return transport

    async def _handshake(self) -> None:
        request = self.request
        cookies = {name: morsel.value for name, morsel in request.cookies.items()}
        seen = Request(self.query, request.headers, cookies, self.address, port_of(request), path=request.path)
        response = await self.hub.handshake(seen)
        index = seen.get_argument("jsonp", "") or ""
        self.respond(as_jsonp(response, index) if is_index(index) else response)

    async def _poll(self, transport: str) -> None:
        if self.client is None:
            frames = [GONE]
        else:
            self.link = link = PollLink()
            self.client.attach(link)
            frames = await link.frames
            self.leave(link)
        poll = POLLS[transport]
        if frames:
            self.set_header("X-XSS-Protection", "0")
            body = poll.encode(frames, self.query.get("i", ["0"])[-1])
            await self.write_out(Response(200, poll.content_type, body))
        else:
            self.detach().close()  # another transport has replaced it, or the session is over

    async def _stream(self) -> None:
        if self.client is not None:
            await self.client.stall_ended()
        self._set_headers(Response(200, HTML, ""))
        self.set_header("X-Accel-Buffering", "no")  # nginx would keep it until the response ends, which it does not
        self.write(PREAMBLE)
        if self.client is None:
            self.write(script(GONE))
            return
        self.link = link = StreamLink(self, self.client)
        self.client.attach(link)
        self.flush()
        await link.closed.wait()
        if link.is_writing:
            self.detach().close()  # the client does not read, so the end of the response would wait for ever

    def leave(self, link: PollLink | StreamLink) -> None:
        self.link = None
        assert self.client is not None  # which has the link
        self.client.detach(link)

    async def write_out(self, response: Response) -> None:
        """Write a response; the client has as much time to read it as it has for its next poll."""
        written = self.respond(response)
        await asyncio.wait([written], timeout=self.hub.settings.close_timeout)
        if not written.done():
            self.detach().close()

    def respond(self, response: Response) -> asyncio.Future[None]:
        self._set_headers(response)
        return asyncio.ensure_future(self.finish(response.body))

    def _set_headers(self, response: Response) -> None:
        self.set_status(response.status)
        self.set_header("Content-Type", response.content_type)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Connection", "keep-alive")  # Tornado changes it to "close" where that is true
        origin = self.request.headers.get("Origin")
        if origin and may_come_from(self.request.headers, self.hub.settings.origins):
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Allow-Credentials", "true")
            self.set_header("Vary", "Origin")
