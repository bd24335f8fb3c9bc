"""Frames in a page that never ends, and POSTs for ours: htmlfile, which was made for Internet Explorer."""

from __future__ import annotations

import time

from ..address import fresh_url
from ..errors import ConnectionLost, HandshakeRejected, advice
from ..protocol.framing import Frame, StreamFraming
from .chunks import Chunks
from .exchange import open_stream, read, send_request
from .failures import TooLarge, connect_errors, losses
from .http import HttpClient
from .http1 import Head, HeadReader
from .posting import Poster, PostingTransport, shared_bodies
from .stream import Stream

_REST_TIMEOUT = 60.0
"""Seconds for the rest of what has begun to come."""


class Page:
    """The frames in a page that never ends, out of bytes as they come.

    Args:
        head: that of the response.
        scripts: finds the scripts.
        limit: bytes that a script may have.

    Raises:
        HandshakeRejected: there is no page.
    """

    def __init__(self, head: Head, scripts: StreamFraming, limit: int) -> None:
        if head.status != 200:
            refusal = f"the server refused htmlfile with status {head.status}: {advice(head.status, '')}"
            raise HandshakeRejected(refusal, status=head.status)
        self._chunks = Chunks() if head.size_of_body()[1] else None
        self._scripts, self._limit = scripts, limit

    @property
    def has_ended(self) -> bool:
        """Whether the page came to its end, though the connection is kept."""
        return self._chunks is not None and self._chunks.ended

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes, none at the end of the stream; return the frames that they complete.

        Raises:
            ConnectionLost, TooLarge: that was all, or it is too much.
        """
        if not data:
            raise (self._chunks and self._chunks.error) or ConnectionLost("transport closed")
        frames: list[Frame] = list(self._scripts.feed(data if self._chunks is None else self._chunks.feed(data)))
        if self._scripts.waiting > self._limit:
            raise TooLarge(f"the limit is {self._limit} bytes")
        return frames


class HtmlfileTransport(PostingTransport):
    """htmlfile.

    Args:
        http: knows what every request carries.
        max_message_size: bytes that a script in the page may have.
        framing: finds the scripts.
    """

    name = "htmlfile"

    def __init__(self, http: HttpClient, max_message_size: int, framing: StreamFraming) -> None:
        super().__init__(Poster(http, max_message_size, shared_bodies(framing)))
        self._http, self._limit, self._scripts = http, max_message_size, framing
        self._stream = Stream(http.traffic)
        self._page: Page | None = None
        self._first: list[Frame] = []

    def open(self, url: str, deadline: float) -> None:
        """Ask for the page, and wait for its first script, which every server sends at once; see ``Transport.open``."""
        self.posts.url = url
        request = self._http.prepare(fresh_url(url))
        with connect_errors(self.name, url):
            open_stream(self._stream, request, deadline, tunnel=False)
            send_request(self._stream, "GET", request)
            head = read(self._stream, HeadReader(), deadline)
            self._page = page = Page(head, self._scripts, self._limit)
            self._http.keep_cookies(request, head.headers)
            while not self._first:
                self._first = self._read_on(page, deadline)

    def recv(self) -> list[Frame]:
        """Return what comes next in the page; see ``Transport.recv``."""
        if self._first:
            frames, self._first = self._first, []
            return frames
        page = self._page
        assert page is not None, "it is read from when it is open"
        with losses:
            is_there = page.has_ended or self._stream.wait()
            return self._read_on(page, time.monotonic() + _REST_TIMEOUT) if is_there else []

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._stream.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._stream.abort()
        self.posts.abort()

    def close(self, timeout: float) -> None:
        """Free everything: a packet has told the server; see ``Transport.close``."""
        self._stream.close()
        self.posts.close()

    def _read_on(self, page: Page, deadline: float) -> list[Frame]:
        return page.feed(b"" if page.has_ended else self._stream.recv_until(deadline))
