"""The transports of the async front: they move frames, and know no packet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

import anyio
import anyio.lowlevel

from ..address import fresh_url
from ..errors import ConnectError, ConnectionLost, HandshakeRejected, refused
from ..protocol.framing import Frame
from ..transports.engine_polling import limited_bodies
from ..transports.failures import connect_errors, losses, read_loss, upgrade_error
from ..transports.frames import FrameEncoder, control_frame
from ..transports.htmlfile import Page
from ..transports.http import HttpClient
from ..transports.http1 import HeadReader, Request
from ..transports.messages import MessageDecoder
from ..transports.mixed import MOST_RESPONSE, Trial
from ..transports.polling import Polled
from ..transports.posting import POST_TIMEOUT, shared_bodies
from ..transports.upgrade import PATIENCE, check_upgrade, is_enough, refusal, upgrade_headers
from .http import Http, Requests
from .stream import Late, Stream

_ENCODE = FrameEncoder().encode
_CLOSE, _NORMAL = 8, 1000


class Transport:
    """Moves the frames of one session; see ``sioclient.transports.base.Transport``, whose methods wait there.

    Attributes:
        is_stream: whether ``put`` writes frames at once, as much as the network takes.
        backlog: what it has not taken.
    """

    name = ""
    is_stream = False
    backlog = b""

    async def open(self, url: str, deadline: float) -> None:
        """Connect to the session's ``url`` until ``deadline``, or raise ConnectError."""
        raise NotImplementedError

    async def recv(self) -> list[Frame]:
        """Wait for frames and return them in order; raise ConnectionLost at the end."""
        raise NotImplementedError

    def put(self, frames: Sequence[Frame]) -> None:
        """Write frames in order, as much as the network takes at once, or raise ConnectionLost: if ``is_stream``."""

    def hasten(self) -> None:
        """Something is about to come: have the next ``recv`` look before it waits."""

    async def send(self, frames: Sequence[Frame]) -> None:
        """Write frames in order, and return when the network has all of them, or raise ConnectionLost."""
        raise NotImplementedError

    async def close(self, timeout: float) -> None:
        """End the connection, wait at most ``timeout`` seconds for the server to end it too, and free everything."""
        raise NotImplementedError

    async def recv_until(self, deadline: float) -> list[Frame]:
        """Do what ``recv`` does, but return none at ``deadline``."""
        with anyio.CancelScope(deadline=deadline):
            return await self.recv()
        return []

    def leave(self) -> None:
        """Tell the server that nothing more will be sent; ``recv`` goes on until the server has ended it too."""
        raise ConnectionLost("transport closed")  # only sessions over a websocket are renewed

    def finish(self, deadline: float) -> None:
        """Do nothing: whoever sends has waited until the server has it."""

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
        self._http: Http | None = http  # until the websocket is open
        self._stream = Stream(http.client.traffic)
        self._decoder = MessageDecoder(limit)
        self._is_up = False

    @property
    def backlog(self) -> bytes:  # type: ignore[override]
        """See ``Transport``."""
        return self._stream.backlog

    async def open(self, url: str, deadline: float) -> None:
        """Connect, and ask for the upgrade."""
        assert self._http is not None, "a transport is opened once"
        request, self._http = self._http.client.prepare(url), None
        self._stream.deadline = deadline
        with connect_errors(self.name, url, request.proxy):
            await self._stream.connect(request, tunnel=True)
        try:
            await self._upgrade(request)
        except ConnectError:
            raise
        except Exception as error:
            raise upgrade_error(error, url) from error
        self._stream.deadline = inf

    async def recv(self) -> list[Frame]:
        """Return the messages that are there, at least one."""
        decoder = self._decoder
        try:
            while self._is_up:
                data = b"" if decoder.has_ended else await self._stream.receive()
                if not (data or decoder.has_ended):
                    raise ConnectionResetError("the server closed the connection")
                frames = decoder.feed(data)
                if decoder.pong and not self._stream.backlog:
                    self.put(())
                if frames:
                    return frames
        except Late:
            raise
        except Exception as error:
            self._is_up = False
            loss, code = read_loss(error)
            self._say_close(code)
            raise loss from error
        raise ConnectionLost("transport closed")

    async def recv_until(self, deadline: float) -> list[Frame]:
        """Return the messages that are there, or none at ``deadline``."""
        self._stream.deadline = deadline
        try:
            return await self.recv()
        except Late:
            return []
        finally:
            self._stream.deadline = inf

    def hasten(self) -> None:
        """See ``Transport``."""
        self._stream.hasten()

    def put(self, frames: Sequence[Frame]) -> None:
        """Write one message per frame, and the pong that is owed."""
        if not self._is_up:
            raise ConnectionLost("transport closed")
        with losses:
            pong, self._decoder.pong = self._decoder.pong, b""
            if pong:
                self._stream.write(pong)
            for block in _ENCODE(frames):
                self._stream.write(block)

    async def send(self, frames: Sequence[Frame]) -> None:
        """Write one message per frame, and wait until the network has all of them."""
        self.put(frames)
        with losses:
            await self._stream.drain()

    def leave(self) -> None:
        """Send a close frame."""
        self._say_close(_NORMAL)

    async def close(self, timeout: float) -> None:
        """Send a close frame if the connection is up."""
        try:
            if self._is_up and timeout:
                self._say_close(_NORMAL)
                with suppress(Exception):
                    await self._stream.exhaust(timeout)
        finally:
            self._is_up = False
            self._stream.close()

    def _say_close(self, code: int | None) -> None:
        if code is not None and not self._stream.backlog:
            with suppress(Exception):
                self._stream.write(control_frame(_CLOSE, code.to_bytes(2, "big")))

    async def _upgrade(self, request: Request) -> None:
        headers = upgrade_headers()
        if request.proxy is not None:
            request = replace(request, proxy=None)  # a tunnel leads to the server
        await self._stream.ask("GET", request, headers)
        head = await self._stream.read(HeadReader())
        if head.status != 101:
            raise await self._refusal(head)
        check_upgrade(head, headers)
        self._is_up = True
        self._stream.hasten()  # what the server says first comes right behind

    async def _refusal(self, head: Any) -> HandshakeRejected:
        body = b""
        with anyio.move_on_after(PATIENCE), suppress(OSError):
            while not is_enough(head, body) and (more := await self._stream.receive()):
                body += more
        return refusal(head, body)


class PollingTransport(Transport):
    """A GET that waits for the server's frames, and POSTs for ours: see ``sioclient.transports.polling``.

    Args:
        http: knows what every request carries.
        limit: bytes that a response may have.
        framing: puts frames into bodies and takes them out.
        bodies: makes what makes the bodies of POSTs of frames.
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
        self._bodies, self._asks_first, self._polled = bodies(framing), asks_first, Polled(self.name, framing)
        self._polls, self._posts = Requests(http, "GET", limit), Requests(http, "POST", limit)
        self._url, self._is_torn = "", False  # whether a POST was given up in the middle

    async def open(self, url: str, deadline: float) -> None:
        """Make the first poll, to which every server of revision 1 responds at once."""
        self._url = url
        if self._asks_first:
            with connect_errors(self.name, url):
                self._polled.begin(await self._polls.make(fresh_url(url), deadline=deadline))

    async def recv(self) -> list[Frame]:
        """Return what the last poll has brought, at most a thousand frames, or the next."""
        if frames := self._polled.take():
            await anyio.lowlevel.checkpoint()
            return frames
        with losses:
            await anyio.sleep_until(self._polled.pace.next_at)
            asked_at = anyio.current_time()
            response = await self._polls.make(fresh_url(self._url))
            return self._polled.put(response, asked_at, anyio.current_time())

    async def send(self, frames: Sequence[Frame]) -> None:
        """Post frames, and wait for the responses."""
        with losses:
            if self._is_torn:
                raise ConnectionAbortedError("a POST was given up before its response came")
            self._is_torn = True
            for body, content_type in self._bodies(frames):
                until = anyio.current_time() + POST_TIMEOUT
                url, headers = fresh_url(self._url), {"Content-Type": content_type}
                made = await self._posts.make(url, body, deadline=until, **headers)
                if made.status != 200:
                    raise refused("a POST", made.status, made.body)
            self._is_torn = False

    async def close(self, timeout: float) -> None:
        """Free everything: a packet has told the server."""
        self._polls.close()
        self._posts.close()


class JsonpTransport(PollingTransport):
    """jsonp-polling: forms there, scripts back."""

    name = "jsonp-polling"


class HtmlfileTransport(PollingTransport):
    """Frames in a page that never ends, and POSTs for ours: see ``sioclient.transports.htmlfile``."""

    name = "htmlfile"

    def __init__(self, http: Http, limit: int, framing: Any) -> None:
        super().__init__(http, limit, framing)
        self._client, self._limit, self._scripts = http.client, limit, framing
        self._stream = Stream(http.client.traffic)
        self._page: Page | None = None
        self._first: list[Frame] = []

    async def open(self, url: str, deadline: float) -> None:
        """Ask for the page, and wait for its first script, which every server sends at once."""
        self._url, request = url, self._client.prepare(fresh_url(url))
        self._stream.deadline = deadline
        with connect_errors(self.name, url, request.proxy):
            await self._stream.connect(request, tunnel=False)
            await self._stream.ask("GET", request, {})
            head = await self._stream.read(HeadReader())
            self._page = Page(head, self._scripts, self._limit)
            self._client.keep_cookies(request, head.headers)
            self._first = await self._read_on(self._page)
        self._stream.deadline = inf

    async def recv(self) -> list[Frame]:
        """Return what comes next in the page."""
        assert self._page is not None, "it is read from when it is open"
        frames, self._first = self._first, []
        with losses:
            return frames or await self._read_on(self._page)

    async def close(self, timeout: float) -> None:
        """Free everything."""
        self._stream.close()
        await super().close(timeout)

    async def _read_on(self, page: Page) -> list[Frame]:
        frames: list[Frame] = []
        while not frames:
            frames = page.feed(b"" if page.has_ended else await self._stream.receive())
        return frames


class MixedTransport(PollingTransport):
    """Receives over a websocket that is open, and sends by POSTs: see ``sioclient.transports.mixed``."""

    name = "websocket"

    def __init__(self, websocket: Transport, client: HttpClient, framing: Any, url: str) -> None:
        super().__init__(Http(client), MOST_RESPONSE, framing)
        self._url, self._websocket, self._trial = url, websocket, Trial()
        self.recv, self.leave = websocket.recv, websocket.leave  # type: ignore[method-assign]

    async def send(self, frames: Sequence[Frame]) -> None:
        """Post frames; once the first POST has failed, forget them for a while."""
        if self._trial.check(anyio.current_time()):
            with self._trial.watch(anyio.current_time):
                await super().send(frames)
                self._trial.has_arrived = True

    async def close(self, timeout: float) -> None:
        """Close both ways."""
        try:
            await super().close(0)
        finally:
            await self._websocket.close(timeout)


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
