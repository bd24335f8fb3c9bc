"""Frames in a page that never ends, and POSTs for ours: htmlfile, which was made for Internet Explorer."""

from __future__ import annotations

import re
import time
from http.client import HTTPException

from ..errors import ConnectError, ConnectionLost, HandshakeRejected, RemoteProtocolError
from .base import Frame, StreamFraming
from .exchange import Exchange, open_stream
from .http import HttpClient, connect_error
from .polling import PostingTransport
from .stream import Stream

_CHUNK_HEAD = re.compile(rb"(?:\r\n)?([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_MOST_HEAD = 1024

_REST_TIMEOUT = 60.0
"""Seconds for the rest of what has begun to come."""


class HtmlfileTransport(PostingTransport):
    """htmlfile.

    Args:
        http: knows what every request carries.
        max_message_size: bytes that a script in the page may have.
        framing: finds the scripts.
    """

    name = "htmlfile"

    def __init__(self, http: HttpClient, max_message_size: int, framing: StreamFraming) -> None:
        super().__init__(http, max_message_size, framing)
        self._http, self._limit, self._scripts = http, max_message_size, framing
        self._stream = Stream()
        self._exchange = Exchange(self._stream, http, endless=True)
        self._chunks: _Chunks | None = None
        self._first: list[Frame] = []

    def open(self, url: str, deadline: float) -> None:
        """Ask for the page, and wait for its first script, which every server sends at once; see ``Transport.open``."""
        self._url = url
        try:
            upgrade = self._http.upgrade(self._fresh_url())
            open_stream(self._stream, upgrade, deadline, tunnel=False)
            self._exchange.ask("GET", upgrade, deadline)
            head = self._exchange.begin(upgrade, deadline)
            self._chunks = _Chunks() if head.chunked else None
            while head.status == 200 and not self._first:
                self._first = self._read_on(deadline)
        except (RemoteProtocolError, ConnectionLost) as error:
            raise ConnectError(f"htmlfile does not work here: {error}") from error
        except (OSError, HTTPException) as error:
            raise connect_error(url, error) from error
        if head.status != 200:
            raise HandshakeRejected(f"the server refused htmlfile with status {head.status}", status=head.status)

    def recv(self) -> list[Frame]:
        """Return what comes next in the page; see ``Transport.recv``."""
        if self._first:
            frames, self._first = self._first, []
            return frames
        try:
            return self._read_on(time.monotonic() + _REST_TIMEOUT) if self._ended or self._stream.wait() else []
        except (OSError, HTTPException) as error:
            raise ConnectionLost(f"transport closed: {error}") from error
        except RemoteProtocolError as error:
            raise ConnectionLost(f"protocol error: {error}") from error

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._stream.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._stream.abort()
        self._posts.abort()

    def close(self, timeout: float) -> None:
        """Free everything: the farewell was a packet; see ``Transport.close``."""
        self._stream.close()
        self._posts.close()

    @property
    def _ended(self) -> bool:
        """Whether the page came to its end, though the connection is kept."""
        return self._chunks is not None and self._chunks.ended

    def _read_on(self, deadline: float) -> list[Frame]:
        data = b"" if self._ended else self._exchange.more(deadline)
        if not data:
            raise ConnectionLost("transport closed")
        if self._chunks is not None:
            data = self._chunks.feed(data)
        frames: list[Frame] = list(self._scripts.feed(data))
        if self._scripts.waiting > self._limit:
            raise ConnectionLost(f"message too big: the limit is {self._limit} bytes: see max_message_size=")
        return frames


class _Chunks:
    """Takes the chunks of HTTP off, whatever arrives when.

    http.client does so too, but waits for the next chunk once it has begun to look for it, and nobody can wake it.
    """

    def __init__(self) -> None:
        self.ended = False
        self._waiting = b""
        self._left = 0  # bytes of the current chunk that are yet to come

    def feed(self, data: bytes) -> bytes:
        """Take what came; return what it carries, or raise RemoteProtocolError."""
        data, self._waiting = self._waiting + data, b""
        carried = []
        while data and not self.ended:
            carried.append(data[: self._left])
            data = data[self._left :]
            self._left -= len(carried[-1])
            if self._left == 0 and data:
                data = self._next_chunk(data)
        return b"".join(carried)

    def _next_chunk(self, data: bytes) -> bytes:
        """Read a chunk's head; return what follows it, nothing if it is yet to be completed."""
        match = _CHUNK_HEAD.match(data)
        if match is None:
            if len(data) > _MOST_HEAD:
                raise RemoteProtocolError(f"not a chunk: {data[:200]!r}")
            self._waiting = data
            return b""
        self._left = int(match[1], 16)
        self.ended = self._left == 0
        return data[match.end() :]
