"""The transports of the async front: they move frames, and know no packet."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio

from ..address import fresh_url
from ..errors import ConnectError, ConnectionLost, HandshakeRejected, RemoteProtocolError, advice, refused
from ..protocol.framing import Frame
from ..transports.chunks import Chunks
from ..transports.engine_polling import limited_bodies
from ..transports.exchange import Request, redirect_target
from ..transports.failures import (
    ClosedWithCode,
    TooLarge,
    connect_errors,
    connection_lost,
    losses,
    upgrade_error,
)
from ..transports.frames import FrameEncoder, control_frame
from ..transports.messages import MessageDecoder
from ..transports.polling import first_frames, frames_of
from ..transports.posting import shared_bodies
from .http import Http, Requests, fail_at
from .stream import Stream

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_POST_TIMEOUT = 60.0
_REFUSAL_SHOWN = 200

_MOST_IDLE, _PACE, _HELD = 5, 1.0, 0.1
"""Quick polls in a row that may bring nothing, seconds before each that follows, and those that are not quick."""


class Transport:
    """Moves the frames of one session; see ``sioclient.transports.base.Transport``, whose methods wait there."""

    name = ""
    is_stream = False
    """Whether the server must take what is written within ``STALL_TIMEOUT``; over HTTP, it also has to respond."""

    async def open(self, url: str, deadline: float) -> None:
        """Connect to the session's ``url`` until ``deadline``, or raise ConnectError."""
        raise NotImplementedError

    async def recv(self) -> list[Frame]:
        """Wait for frames and return them in order; raise ConnectionLost at the end."""
        raise NotImplementedError

    async def send(self, frames: Sequence[Frame]) -> None:
        """Write frames in order, or raise ConnectionLost."""
        raise NotImplementedError

    async def close(self, timeout: float) -> None:
        """End the connection, wait at most ``timeout`` seconds for the server to end it too, and free everything."""
        raise NotImplementedError

    async def recv_until(self, deadline: float) -> list[Frame]:
        """Do what ``recv`` does, but return none at ``deadline``."""
        with anyio.CancelScope(deadline=deadline):
            return await self.recv()
        return []

    async def finish(self, deadline: float) -> None:
        """Return when the server has what was sent: ``send`` waits for that already."""

    def abort(self) -> None:
        """Do nothing: whoever waits is cancelled."""


class WebSocketTransport(Transport):
    """One websocket.

    Args:
        http: knows the headers, cookies and certificates of the connection.
        limit: bytes that a received message may have.
        framing: not needed.
    """

    name = "websocket"
    is_stream = True

    def __init__(self, http: Http, limit: int, framing: Any = None) -> None:
        self._client = http.client
        self._stream = Stream(http.client.traffic)
        self._decoder, self._encoder = MessageDecoder(limit), FrameEncoder()
        self._writing = anyio.Lock(fast_acquire=True)
        self._is_up = False

    async def open(self, url: str, deadline: float) -> None:
        """Connect, and ask for the upgrade."""
        request = self._client.prepare(url)
        with connect_errors(self.name, url, request.proxy):
            with fail_at(deadline):
                await self._stream.connect(request, tunnel=True)
            try:
                with fail_at(deadline):
                    await self._upgrade(replace(request, proxy=None))  # the tunnel leads to the server itself
            except ConnectError:
                raise
            except Exception as error:
                raise upgrade_error(error, url) from error
        self._is_up = True

    async def recv(self) -> list[Frame]:
        """Return the messages that are there, at least one."""
        try:
            while self._is_up:
                data = b"" if self._decoder.has_ended else await self._stream.receive()
                if not (data or self._decoder.has_ended):
                    break
                frames = self._decoder.feed(data)
                if self._decoder.pong:
                    await self._write(b"")
                if frames:
                    return frames
        except Exception as error:
            raise await self._loss(error) from error
        self._is_up = False
        raise ConnectionLost("transport closed")

    async def send(self, frames: Sequence[Frame]) -> None:
        """Write one message per frame."""
        if not self._is_up:
            raise ConnectionLost("transport closed")
        with losses():
            for block in self._encoder.encode(frames):
                await self._write(block)

    async def close(self, timeout: float) -> None:
        """Send a close frame if the connection is up."""
        try:
            if self._is_up and timeout:
                with anyio.move_on_after(timeout), suppress(OSError):
                    await self._stream.send(control_frame(8, (1000).to_bytes(2, "big")))
                    await self._stream.drain()
        finally:
            self._is_up = False
            await self._stream.close()

    async def _write(self, block: bytes) -> None:
        async with self._writing:
            pong, self._decoder.pong = self._decoder.pong, b""
            if pong or block:
                await self._stream.send(pong + block)

    async def _upgrade(self, request: Request) -> None:
        key = base64.b64encode(os.urandom(16))
        asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        await self._stream.ask("GET", request, None, {**asked, "Sec-WebSocket-Key": key.decode("ascii")})
        head = await self._stream.read_head()
        if head.status != 101:
            raise await self._refusal(head)
        accepted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode("ascii")
        if head.getheader("Sec-WebSocket-Accept") != accepted or head.getheader("Upgrade", "").lower() != "websocket":
            raise RemoteProtocolError("the response is none to the upgrade")

    async def _refusal(self, head: Any) -> HandshakeRejected:
        body = b""
        with anyio.move_on_after(1), suppress(OSError):
            while len(body) < min(_REFUSAL_SHOWN, head.length or _REFUSAL_SHOWN) and (
                more := await self._stream.receive()
            ):
                body += Chunks().feed(more) if head.chunked else more
        text = redirect_target(head) or body[:_REFUSAL_SHOWN].decode("utf-8", "replace")
        why = f"the server refused the websocket with status {head.status}, {text!r}: {advice(head.status, text)}"
        return HandshakeRejected(why, status=head.status, body=text)

    async def _loss(self, error: Exception) -> ConnectionLost:
        """Return the ConnectionLost for what reading raised, and tell the server if it is to blame."""
        self._is_up = False
        codes = {TooLarge: 1009, UnicodeDecodeError: 1007, RemoteProtocolError: 1002}
        code = next((code for kind, code in codes.items() if isinstance(error, kind)), None)
        if code is not None:
            with suppress(Exception):
                await self._stream.send(control_frame(8, code.to_bytes(2, "big")))
        elif isinstance(error, OSError) and not isinstance(error, ClosedWithCode):
            return ConnectionLost("transport closed")
        return connection_lost(error)


class PollingTransport(Transport):
    """A GET that waits for the server's frames, and POSTs for ours: see ``sioclient.transports.polling``.

    Args:
        http: knows what every request carries.
        limit: bytes that a response may have.
        framing: puts frames into bodies and takes them out.
        bodies: makes the bodies of POSTs of frames.
        asks_first: whether ``open`` makes the first poll.
    """

    name = "xhr-polling"

    def __init__(
        self,
        http: Http,
        limit: int,
        framing: Any,
        bodies: Callable[[Any], Any] = shared_bodies,
        asks_first: bool = True,
    ) -> None:
        self._framing, self._bodies, self._asks_first = framing, bodies(framing), asks_first
        self._polls, self._posts = Requests(http, "GET", limit), Requests(http, "POST", limit)
        self._url, self._first, self._idle = "", list[Frame](), 0

    async def open(self, url: str, deadline: float) -> None:
        """Make the first poll, to which every server of revision 1 responds at once."""
        self._url = url
        if self._asks_first:
            with connect_errors(self.name, url), fail_at(deadline):
                self._first = first_frames(self.name, await self._polls.make(fresh_url(url)), self._framing)

    async def recv(self) -> list[Frame]:
        """Return what the next poll brings."""
        if self._first:
            frames, self._first = self._first, []
            return frames
        with losses():
            if self._idle >= _MOST_IDLE:
                await anyio.sleep(_PACE)
            begin = anyio.current_time()
            frames = frames_of(await self._polls.make(fresh_url(self._url)), self._framing)
        brought = not all(isinstance(frame, str) and frame.startswith(self._framing.noop) for frame in frames)
        self._idle = 0 if brought or anyio.current_time() - begin > _HELD else self._idle + 1
        return frames

    async def send(self, frames: Sequence[Frame]) -> None:
        """Post frames, and wait for the responses."""
        with losses():
            for body, content_type in self._bodies(frames):
                with anyio.fail_after(_POST_TIMEOUT):
                    made = await self._posts.make(fresh_url(self._url), body, **{"Content-Type": content_type})
                if made.status != 200:
                    raise refused("a POST", made.status, made.body)

    async def close(self, timeout: float) -> None:
        """Free everything: a packet has told the server."""
        await self._polls.close()
        await self._posts.close()


class JsonpTransport(PollingTransport):
    """jsonp-polling: forms there, scripts back."""

    name = "jsonp-polling"


class HtmlfileTransport(PollingTransport):
    """Frames in a page that never ends, and POSTs for ours: see ``sioclient.transports.htmlfile``."""

    name = "htmlfile"

    def __init__(self, http: Http, limit: int, framing: Any) -> None:
        super().__init__(http, limit, framing)
        self._client, self._limit = http.client, limit
        self._stream, self._chunks = Stream(http.client.traffic), Chunks()

    async def open(self, url: str, deadline: float) -> None:
        """Ask for the page, and wait for its first script, which every server sends at once."""
        self._url, request = url, self._client.prepare(fresh_url(url))
        with connect_errors(self.name, url, request.proxy), fail_at(deadline):
            await self._stream.connect(request, tunnel=False)
            await self._stream.ask("GET", request, None, {})
            head = await self._stream.read_head()
            if head.status != 200 or not head.chunked:
                refusal = f"the server refused htmlfile with status {head.status}: {advice(head.status, '')}"
                raise HandshakeRejected(refusal, status=head.status)
            self._client.keep_cookies(request, head.headers)
            self._first = await self._read_on()

    async def recv(self) -> list[Frame]:
        """Return what comes next in the page."""
        if self._first:
            return await super().recv()
        with losses():
            return await self._read_on()

    async def close(self, timeout: float) -> None:
        """Free everything."""
        await self._stream.close()
        await super().close(timeout)

    async def _read_on(self) -> list[Frame]:
        frames: list[Frame] = []
        while not frames:
            data = b"" if self._chunks.ended else await self._stream.receive()
            if not data:
                raise ConnectionLost("transport closed")
            frames = list(self._framing.feed(self._chunks.feed(data)))
            if self._framing.waiting > self._limit:
                raise TooLarge(f"the limit is {self._limit} bytes")
        return frames


def _engine_polling(http: Http, limit: int, framing: Any) -> Transport:
    return PollingTransport(http, limit, framing, limited_bodies, False)


_KINDS: dict[str, Callable[[Http, int, Any], Transport]] = {
    "websocket": WebSocketTransport,
    "xhr-polling": PollingTransport,
    "jsonp-polling": JsonpTransport,
    "htmlfile": HtmlfileTransport,
    "engine-polling": _engine_polling,
}


def make_transport(kind: str, http: Http, limit: int, framing: Any) -> Transport:
    """Return a transport that is not open yet; see ``sioclient.transports.make_transport``."""
    return _KINDS[kind](http, limit, framing)
