"""Requests and responses of HTTP over one connection.

The standard library writes the requests and parses the responses, and the bytes go over ``stream``. The connections of
http.client and requests are not used, because they can neither be interrupted nor held to one deadline: their time-outs
are per read, so that a server which sends a byte a second is never done.

``read_head`` reads the head of every response: that of a GET or POST, of an upgrade to a websocket, of an endless page,
and of a proxy's CONNECT.

No redirect is followed, no compression asked for, and no response read beyond what it may have. A response that was cut
is an error.
"""

from __future__ import annotations

import http.client
import io
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..address import bracketed
from ..errors import ConnectError
from .dialing import Answered
from .failures import TooLarge
from .proxy import SOCKS_PORT, proxy_authorization, proxy_parts, socks_socket
from .stream import Stream
from .tls import make_tls_context

_MOST_HEAD = 64 * 1024
_MOST_LINE = 8 * 1024
_MOST_HEADERS = 99
"""http.client takes no more."""

_MOST_DIGITS = 10
"""Digits of the seconds in Retry-After: more are no time for which anybody waits."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/\S+ 1(?!01)\d\d\s")
"""The beginning of a head that only announces another one, such as 100 Continue; 101 is the end of HTTP."""


@dataclass(frozen=True)
class Request:
    """Where a request goes and what it carries, but for its method and body.

    Attributes:
        path: path and query.
        headers: those that the user's options call for.
        ca: file or directory of the certificate authorities to trust, or the context to encrypt with; None: verify
            nothing.
        cert: the files of the client's certificate and of its key; None as the second: both are in the first.
        proxy: the URL of the proxy to go through; None: there is none.
        origin: the Host header.
        answered: which address of a host answered before; all requests of a connection share it.
    """

    secure: bool
    host: str
    port: int
    path: str
    headers: Mapping[str, str]
    ca: str | ssl.SSLContext | None = None
    cert: tuple[str, str | None] | None = None
    proxy: str | None = None
    origin: str = ""
    answered: Answered = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Write the Host header out, if it was not in the URL: it has the port only if that is not the usual one."""
        if not self.origin:
            host, usual = bracketed(self.host), 443 if self.secure else 80
            object.__setattr__(self, "origin", host if self.port == usual else f"{host}:{self.port}")

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{'https' if self.secure else 'http'}://{self.origin}{self.path}"


@dataclass(frozen=True)
class Response:
    """A response that was read to its end.

    Attributes:
        body: it has one character for each byte if it is no text; that of a redirect to another host is only ``to`` and
            the host.
        headers: all of them, for the cookies.
        is_kept: whether the server has said that it keeps the connection for another request.
    """

    status: int
    body: str
    content_type: str | None = None
    headers: http.client.HTTPMessage = field(default_factory=http.client.HTTPMessage, compare=False, repr=False)
    is_kept: bool = field(default=False, compare=False)

    @property
    def retry_after(self) -> float:
        """The seconds that the server asks to be left alone; 0: it does not."""
        return retry_after(self.headers)


def send_request(
    stream: Stream, method: str, request: Request, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> None:
    """Write a request, with headers besides its own."""
    own = {"Host": request.origin, "Accept-Encoding": "identity"}
    carried = merge_headers(own, request.headers, headers or {})
    target = request.path
    proxy = proxy_parts(request.proxy) if request.proxy and not request.secure else None
    if proxy is not None and proxy.scheme == "http" and proxy.hostname:
        target = f"http://{request.origin}{target}"
        carried.update(proxy_authorization(proxy))
    _write_request(stream, method, target, carried, body)


def merge_headers(*groups: Mapping[str, str]) -> dict[str, str]:
    """Return all headers, each name once however it is written: those of a later group replace those before.

    Two Host headers, of which one is ``host``, get a 400 from Tornado, uvicorn and aiohttp.
    """
    named = {}
    for headers in groups:
        for name, value in headers.items():
            named[name.lower()] = name, value
    return dict(named.values())


def read_head(stream: Stream, deadline: float, limit: int = 0) -> http.client.HTTPResponse:
    """Read the head of a response; what follows it stays in the stream, for the response returned or for others.

    Close what is returned: Python 3.13 reports a response that is collected after its file.

    Args:
        limit: the bytes that the body may have, if it is read from what is returned.
    """
    left = _MOST_HEAD
    while _INTERIM.match(head := _read_to_blank_line(stream, deadline, left)):
        left -= len(head)
    response = http.client.HTTPResponse(_Source(stream, head, deadline, limit + _MOST_HEAD))  # type: ignore[arg-type]
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    return response


def read_response(stream: Stream, deadline: float, limit: int) -> Response:
    """Read a response whose body has at most ``limit`` bytes, or raise TooLarge."""
    with read_head(stream, deadline, limit) as response:
        body = response.read(limit + 1)
    if response.length and len(body) <= limit:
        raise ConnectionResetError("the server closed the connection in the middle of its response")
    return make_response(response, body, limit)


def make_response(head: http.client.HTTPResponse, body: bytes, limit: int) -> Response:
    """Return the response with this head and this body, or raise OSError: TooLarge, or that it is compressed."""
    if head.getheader("Content-Encoding", "identity") not in ("", "identity"):
        raise OSError("the response is compressed, though that was not asked for")
    if len(body) > limit:
        raise TooLarge(f"the response is larger than {limit} bytes")
    if body[:1] in (b"\0", b"\1"):
        text = body.decode("latin-1")  # no text: Engine.IO 3 says so with its first byte
    else:
        try:
            # TornadIO2 and gevent-socketio send half a surrogate pair as three bytes.
            text = body.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            text = body.decode("utf-8", "replace")
    is_kept = "keep-alive" in head.getheader("Connection", "").lower()
    shown = text if head.status < 300 else redirect_target(head) or text
    return Response(head.status, shown, head.getheader("Content-Type"), head.headers, is_kept)


def redirect_target(response: http.client.HTTPResponse) -> str | None:
    """Return where a response redirects to; None: nowhere.

    Of another host's URL, path and query are left out, and of a path on the same host the query: they may be secret.
    """
    if not 300 <= response.status < 400:
        return None
    try:
        parts = urlsplit(response.getheader("Location", ""))
    except ValueError:
        return None
    if parts.netloc:
        return f"to {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return f"to {parts.path}" if parts.path.startswith("/") and not parts.scheme else None


def retry_after(headers: http.client.HTTPMessage) -> float:
    """Return the seconds that a server asks to be left alone; 0: it does not, or it names a date.

    What a date means depends on two clocks that are set, here and there.
    """
    text = (headers.get("Retry-After") or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else 0.0


def open_stream(stream: Stream, request: Request, deadline: float, *, tunnel: bool) -> None:
    """Connect to where a request goes, through its proxy, and encrypt if it is https.

    Args:
        tunnel: ask an HTTP proxy for a connection of our own even if it is not encrypted.

    Raises:
        ConnectError: a file of ``verify`` or ``cert`` is not there, or cannot be loaded.
        OSError: it did not work out.
    """
    context = make_tls_context(request.ca, request.cert) if request.secure else None  # a wrong file costs no connection
    if request.proxy is None:
        stream.connect(request.host, request.port, deadline, request.answered)
    else:
        _connect_by_proxy(stream, request, deadline, tunnel=tunnel or request.secure)
    if context is not None:
        stream.start_tls(context, request.host, deadline)


def _connect_by_proxy(stream: Stream, request: Request, deadline: float, *, tunnel: bool) -> None:
    proxy = proxy_parts(request.proxy)
    if proxy.scheme.startswith("socks"):
        host, port, answered = proxy.hostname or "", proxy.port or SOCKS_PORT, request.answered
        address = stream.find(host, port, deadline, answered)
        try:
            stream.connect_with(socks_socket(proxy, address), (request.host, request.port), deadline)
        except BaseException:
            answered.pop((host, port), None)
            raise
        return
    stream.connect(*http_proxy(proxy), deadline, request.answered)
    if tunnel:
        send_connect(stream, request, proxy)
        with read_head(stream, deadline) as response:
            check_tunnel(response, proxy)


def http_proxy(proxy: SplitResult) -> tuple[str, int]:
    """Return the host and the port of a proxy that speaks HTTP; raise ConnectError if it speaks something else."""
    if proxy.scheme != "http" or not proxy.hostname:
        text = f"a proxy must be http://, socks5h:// or the like, not {proxy.scheme}://"
        raise ConnectError(text, retryable=False)
    return proxy.hostname, proxy.port or 80


def send_connect(stream: Stream, request: Request, proxy: SplitResult) -> None:
    """Ask a proxy for a connection to where a request goes."""
    target = f"{bracketed(request.host)}:{request.port}"
    _write_request(stream, "CONNECT", target, {"Host": target, **proxy_authorization(proxy)})


def check_tunnel(head: http.client.HTTPResponse, proxy: SplitResult) -> None:
    """Raise OSError unless a proxy has made the connection that it was asked for."""
    if head.status != 200:
        raise OSError(f"the proxy {proxy.hostname}:{proxy.port or 80} refused with status {head.status}")


def _write_request(
    stream: Stream, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
) -> None:
    connection = http.client.HTTPConnection("")
    connection.sock = stream  # it needs no more of a socket than ``sendall``
    connection.request(method, target, body, headers)


def _read_to_blank_line(stream: Stream, deadline: float, most: int) -> bytes:
    head, searched = b"", 0
    while not (end := _END_OF_HEAD.search(head, searched)):
        if len(head) > most:
            raise TooLarge("the head of the response is too large")
        searched = max(len(head) - 2, 0)
        chunk = stream.recv_until(deadline)
        if not chunk:
            where = "in the head of its response" if head else "without a response"
            raise ConnectionResetError(f"the server closed the connection {where}")
        head += chunk
        if not head.startswith(b"HTTP/"[: len(head)]):
            raise OSError(f"not a response of HTTP: {head[:200]!r}")
    stream.unread(head[end.end() :])
    head = head[: end.end()]
    is_long = len(head) > _MOST_LINE and max(map(len, head.split(b"\n"))) > _MOST_LINE
    if len(head) > most or is_long or head.count(b"\n") > _MOST_HEADERS + 2:
        raise TooLarge("the head of the response is too large")
    return head


class _Source(io.RawIOBase):
    """What http.client takes for a socket, and for its file, when it reads a response: a head, then the stream."""

    readable = staticmethod(partial(bool, True))
    """Asked for each response; a call of C returns it."""

    def __init__(self, stream: Stream, head: bytes, deadline: float, left: int) -> None:
        self._stream, self._head, self._deadline, self._left = stream, head, deadline, left

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readinto(self, buffer: Any) -> int:
        if self._head:
            # By itself, so that the file holds nothing of the body when the head is parsed.
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._stream.recv_until(self._deadline, len(buffer))
            self._left -= len(data)
            if self._left < 0:
                raise TooLarge("the response is too large")
        buffer[: len(data)] = data
        return len(data)
