"""Requests and answers of HTTP over one connection.

The bytes go over ``stream`` and through the standard library's parser instead of requests' own connections, because
those can neither be interrupted nor held to one deadline: their time-outs are per read, so that a server which sends a
byte a second is never done.

No redirect is followed, no compression asked for, no answer read beyond what it may have, and none taken for whole that
is not.
"""

from __future__ import annotations

import http.client
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .base import redirect_target
from .proxy import proxy_authorization, proxy_parts, socks_socket
from .stream import Stream, make_tls_context

if TYPE_CHECKING:
    from .http import HttpClient, Upgrade

MOST_HEAD = 64 * 1024
"""Bytes that the head of any answer may have."""

_READ_SIZE = 65536


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    A body that is no text has one character for each byte; that of a redirect to another host says only where to.
    """

    status: int
    body: str
    content_type: str | None = None


class TooLarge(OSError):
    """An answer has more bytes than it may have."""


class Exchange:
    """Requests and answers, one after the other, over one connection.

    Args:
        stream: the connection.
        client: keeps the cookies.
        endless: whether the answer never ends: for ``begin`` and ``more`` instead of ``answer``.
    """

    def __init__(self, stream: Stream, client: HttpClient, *, endless: bool = False) -> None:
        self._socket = _StreamSocket(stream, buffer_size=1 if endless else io.DEFAULT_BUFFER_SIZE)
        self._client = client
        self._connection = http.client.HTTPConnection("")
        self._connection.auto_open = 0  # a stream that has ended is not replaced behind our back
        self._connection.sock = self._socket  # all that http.client asks of a socket
        self.promises_more = False  # whether the server has said that it keeps the connection for another request

    def ask(self, method: str, upgrade: Upgrade, deadline: float, body: bytes | None = None, **headers: str) -> None:
        """Send a request. Raises OSError or ``http.client.HTTPException``."""
        self._socket.deadline = deadline
        carried = {"Host": upgrade.origin, "Accept-Encoding": "identity", **upgrade.headers, **headers}
        path = upgrade.path
        proxy = proxy_parts(upgrade.proxy)
        if proxy.scheme == "http" and proxy.hostname and not upgrade.secure:
            path = f"http://{upgrade.origin}{path}"
            carried.update(proxy_authorization(proxy))
        self._connection.request(method, path, body, carried)

    def answer(self, upgrade: Upgrade, deadline: float, limit: int) -> Answer:
        """Read the answer, of at most ``limit`` bytes. Raises OSError or ``http.client.HTTPException``."""
        self._socket.deadline, self._socket.left = deadline, limit + MOST_HEAD
        with self._head() as response:
            self._client.keep_cookies(upgrade, response)
            self.promises_more = "keep-alive" in response.getheader("Connection", "").lower()
            if response.getheader("Content-Encoding", "identity") not in ("", "identity"):
                raise OSError("the answer is compressed, though that was not asked for")
            body = response.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"the answer is larger than {limit} bytes")
        if response.length:
            raise ConnectionResetError("the server closed the connection in the middle of its answer")
        text = redirect_target(response.status, response.getheader("Location")) or _decode(body)
        return Answer(response.status, text, response.getheader("Content-Type"))

    def begin(self, upgrade: Upgrade, deadline: float) -> http.client.HTTPResponse:
        """Return the head of an endless answer. Raises OSError or ``http.client.HTTPException``."""
        self._socket.deadline, self._socket.left = deadline, MOST_HEAD
        self._endless = self._head()
        self._client.keep_cookies(upgrade, self._endless)
        self._socket.left = float("inf")
        return self._endless

    def more(self, deadline: float) -> bytes:
        """Return what comes next of an endless answer, as it comes; nothing: it has ended after all. Raises OSError."""
        self._socket.deadline = deadline
        return self._endless.fp.read1(_READ_SIZE)

    def _head(self) -> http.client.HTTPResponse:
        response = self._connection.getresponse()
        if self._socket.has_ended:
            # http.client takes the end of the connection for that of the head, and what is missing for an empty body.
            response.close()
            raise ConnectionResetError("the server closed the connection in the head of its answer")
        return response


class _StreamSocket:
    """What http.client takes for a socket: a stream, bounded in time and size."""

    def __init__(self, stream: Stream, buffer_size: int = io.DEFAULT_BUFFER_SIZE) -> None:
        self.stream = stream
        self._buffer_size = buffer_size  # one byte: nothing of an endless answer waits where nobody sees it
        self.deadline = 0.0
        self.left = 0.0
        self.has_ended = False

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[self.stream.send(data) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self), self._buffer_size)

    def close(self) -> None:
        """Leave the stream to whoever opened it."""


class _Reader(io.RawIOBase):
    def __init__(self, source: _StreamSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        source = self._source
        data = source.stream.recv_until(source.deadline, len(buffer))
        source.has_ended = not data
        source.left -= len(data)
        if source.left < 0:
            raise OSError("the head of the answer is too large")
        buffer[: len(data)] = data
        return len(data)


def open_stream(stream: Stream, upgrade: Upgrade, deadline: float, *, tunnel: bool) -> None:
    """Connect to where a request goes, through its proxy, encrypted if it is to be.

    Args:
        tunnel: ask an HTTP proxy for a connection of our own even if it is not encrypted.

    Raises:
        OSError, http.client.HTTPException: it did not work out until ``deadline``.
    """
    if upgrade.proxy is None:
        stream.connect(upgrade.host, upgrade.port, deadline)
    else:
        _connect_by_proxy(stream, upgrade, deadline, tunnel=tunnel or upgrade.secure)
    if upgrade.secure:
        stream.start_tls(make_tls_context(upgrade.ca, upgrade.cert), upgrade.host, deadline)


def _connect_by_proxy(stream: Stream, upgrade: Upgrade, deadline: float, *, tunnel: bool) -> None:
    proxy = proxy_parts(upgrade.proxy)
    if proxy.scheme.startswith("socks"):
        stream.connect_with(socks_socket(proxy), (upgrade.host, upgrade.port), deadline)
        return
    if proxy.scheme != "http" or not proxy.hostname:
        raise OSError(f"a proxy is http:// or socks5h:// and the like, not {proxy.scheme}://")
    stream.connect(proxy.hostname, proxy.port or 80, deadline)
    if tunnel:
        source = _StreamSocket(stream)
        source.deadline, source.left = deadline, MOST_HEAD
        connection = http.client.HTTPConnection("")
        connection.sock = source
        host = f"[{upgrade.host}]" if ":" in upgrade.host else upgrade.host
        target = f"{host}:{upgrade.port}"
        connection.request("CONNECT", target, headers={"Host": target, **proxy_authorization(proxy)})
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"the proxy {proxy.hostname}:{proxy.port or 80} refused with status {answer.status}")


def _decode(body: bytes) -> str:
    if body[:1] in (b"\0", b"\1"):
        return body.decode("latin-1")  # no text: Engine.IO 3 says so with its first byte
    try:
        # TornadIO2 and gevent-socketio send half a surrogate pair as three bytes.
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")
