"""HTTP/1.1 as bytes: heads of requests to be written, and responses out of what comes. There is no I/O in here.

Both fronts read and write with it, each over a stream of its own (``exchange`` has that of the threads). http.client
waits inside of its parser, and parses heads as if they were those of an e-mail: to write one request and to read one
head took a fifth of the time in which a websocket on the same machine opens. h11 takes as long.

The tests compare what is read with what http.client reads. Lines may end with a line feed alone, and what is no header
is passed over. Everything is bounded. No redirect is followed, no compression asked for, and no response read beyond
what it may have. A response that was cut is an error.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

from ..address import bracketed
from ..errors import ConnectError
from ..httpoptions import HEADER_NAME
from .chunks import Chunks
from .dialing import Answered
from .failures import TooLarge
from .proxy import proxy_authorization, proxy_parts

_MOST_HEAD = 64 * 1024
_MOST_LINE = 8 * 1024
_MOST_HEADERS = 99

_MOST_DIGITS = 10
"""Digits of the seconds in Retry-After: more are no time for which anybody waits."""

_MOST_LENGTH = 15
"""Digits of a Content-Length: nothing is that large, and the number only tells that the body was cut."""

_BEGINNING = b"HTTP/"
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_STATUS = re.compile(r"HTTP/1\.\d[ \t]+([1-9]\d\d)(?:[ \t].*)?\r?")
_HEADER = re.compile(rf"^({HEADER_NAME.pattern}):(.*)$", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")
"""Where a header goes on in the next line."""
_BARE = re.compile(r"\r(?!\n)|\0")
"""What no header may have, and what is read as a space (RFC 9110, 5.5): a cookie with it could not be sent back."""

_VALUE = re.compile(r"[^\r\n\0\u0100-\U0010ffff]*")
_TARGET = re.compile("[!-~]+")

Headers = Mapping[str, list[str]]
"""The values of each header, by its name in lower case."""

Read = TypeVar("Read", covariant=True)


class Reader(Protocol[Read]):
    """Reads a head, or a whole response, out of bytes as they come.

    Attributes:
        rest: what follows it.
    """

    rest: bytes

    def feed(self, data: bytes) -> Read | None:
        """Take the next bytes, none at the end of the stream; return what is read, or None as long as it is incomplete.

        Raises:
            OSError: what came is no response of HTTP, was cut, or is too large.
        """


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
        origin: the Host header; empty: host and port, unless that is the usual one.
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

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{'https' if self.secure else 'http'}://{self.origin or _origin(self)}{self.path}"


class Head(NamedTuple):
    """The head of a response."""

    status: int
    headers: Headers

    def get(self, name: str) -> str:
        """Return the value of a header, whose name is in lower case, or all its values; none: there is no such."""
        return ", ".join(self.headers.get(name, ()))

    def size_of_body(self) -> tuple[int | None, bool]:
        """Return how many bytes the body has, and whether it has chunks.

        None: it has chunks, or goes on until the end of the stream.
        """
        status, headers = self
        if status // 100 == 1 or status in (204, 304):
            return 0, False
        if headers.get("transfer-encoding", ("",))[0].lower() == "chunked":
            return None, True
        digits = headers.get("content-length", ("",))[0]
        is_number = digits.isascii() and digits.isdigit()
        return int(digits.lstrip("0")[:_MOST_LENGTH] or 0) if is_number else None, False


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
    headers: Headers = field(default_factory=dict, compare=False, repr=False)
    is_kept: bool = field(default=False, compare=False)

    @property
    def retry_after(self) -> float:
        """The seconds that the server asks to be left alone; 0: it does not."""
        return retry_after(self.headers)


def request_head(
    method: str, request: Request, headers: Mapping[str, str] | None = None, size: int | None = None
) -> bytes:
    """Return the head of a request with headers besides its own, and a body of so many bytes.

    Raises:
        ConnectError: a header has a line break, or the like.
    """
    origin = request.origin or _origin(request)
    own = {"Host": origin, "Accept-Encoding": "identity"}
    length = {} if size is None else {"Content-Length": str(size)}
    carried = merge_headers(own, request.headers, headers or {}, length)
    target = request.path
    proxy = proxy_parts(request.proxy) if request.proxy and not request.secure else None
    if proxy is not None and proxy.scheme == "http" and proxy.hostname:
        target = f"http://{origin}{target}"
        carried.update(proxy_authorization(proxy))
    return _written(method, target, carried)


def connect_head(request: Request, proxy: SplitResult) -> bytes:
    """Return what asks a proxy for a connection to where a request goes."""
    target = f"{bracketed(request.host)}:{request.port}"
    return _written("CONNECT", target, {"Host": target, **proxy_authorization(proxy)})


def merge_headers(*groups: Mapping[str, str]) -> dict[str, str]:
    """Return all headers, each name once however it is written: those of a later group replace those before.

    Two Host headers, of which one is ``host``, get a 400 from Tornado, uvicorn and aiohttp.
    """
    named = {}
    for headers in groups:
        for name, value in headers.items():
            named[name.lower()] = name, value
    return dict(named.values())


class HeadReader:
    """Reads the head of a response, and passes over those that only announce another one, such as 100 Continue."""

    rest = b""
    _searched, _left = 0, _MOST_HEAD

    def feed(self, data: bytes) -> Head | None:
        """See ``Reader``."""
        if not data:
            where = "in the head of its response" if self.rest else "without a response"
            raise ConnectionResetError(f"the server closed the connection {where}")
        self.rest += data
        while (end := _END_OF_HEAD.search(self.rest, self._searched)) is not None:
            whole, self.rest, self._searched = self.rest[: end.end()], self.rest[end.end() :], 0
            head = self._parse(whole)
            if head.status // 100 != 1 or head.status == 101:  # 101 is the end of HTTP
                return head
            self._left -= len(whole)
        if not self.rest.startswith(_BEGINNING[: len(self.rest)]):
            raise _not_http(self.rest)
        if len(self.rest) > self._left:
            raise TooLarge("the head of the response is too large")
        self._searched = max(len(self.rest) - 2, 0)
        return None

    def _parse(self, whole: bytes) -> Head:
        is_long = len(whole) > _MOST_LINE and max(map(len, whole.split(b"\n"))) > _MOST_LINE
        if len(whole) > self._left or is_long or whole.count(b"\n") > _MOST_HEADERS + 2:
            raise TooLarge("the head of the response is too large")
        text = _BARE.sub(" ", whole.decode("latin-1"))
        if "\n " in text or "\n\t" in text:
            text = _FOLD.sub(" ", text)
        line, _, lines = text.partition("\n")
        status = _STATUS.fullmatch(line)
        if status is None:
            raise _not_http(whole)
        headers: dict[str, list[str]] = {}
        for name, value in _HEADER.findall(lines):
            headers.setdefault(name.lower(), []).append(value.strip(" \t\r"))
        return Head(int(status[1]), headers)


class ResponseReader:
    """Reads a response, which must not be compressed.

    Args:
        limit: bytes that the body may have.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._begin, self._body, self._came = limit, HeadReader(), bytearray(), 0
        self._head: Head | None = None
        self._length: int | None = None
        self._chunks: Chunks | None = None
        self.rest = b""

    def feed(self, data: bytes) -> Response | None:
        """See ``Reader``."""
        is_end = not data
        if self._head is None:
            self._head = self._begin.feed(data)
            if self._head is None:
                return None
            self._length, is_chunked = self._head.size_of_body()
            self._chunks = Chunks() if is_chunked else None
            data = self._begin.rest
        return self._response(self._head) if self._has_all(data, is_end=is_end) else None

    def _has_all(self, data: bytes, *, is_end: bool) -> bool:
        """Take bytes of the body; return whether nothing more belongs to it."""
        body, chunks, length = self._body, self._chunks, self._length
        if is_end and (length is not None or (chunks is not None and not chunks.ended)):
            raise ConnectionResetError("the server closed the connection in the middle of its response")
        self._came += len(data)
        if chunks is not None:
            body += chunks.feed(data)
            if chunks.error is not None:
                raise chunks.error
            is_complete, self.rest = is_end or chunks.is_complete, chunks.rest
        else:
            body += data if length is None else data[: length - len(body)]
            self.rest = data[len(data) - (self._came - len(body)) :]
            is_complete = is_end if length is None else len(body) >= length
        if self._came > self._limit + _MOST_HEAD and not is_complete:  # chunks that carry little
            raise TooLarge("the response is too large")
        return is_complete or len(body) > self._limit

    def _response(self, head: Head) -> Response:
        headers, body = head.headers, self._body
        if "content-encoding" in headers and head.get("content-encoding") not in ("", "identity"):
            raise OSError("the response is compressed, though that was not asked for")
        if len(body) > self._limit:
            raise TooLarge(f"the response is larger than {self._limit} bytes")
        shown = _text(body) if head.status < 300 else redirect_target(head) or _text(body)
        is_kept = "keep-alive" in " ".join(headers.get("connection", ())).lower()
        return Response(head.status, shown, headers.get("content-type", (None,))[0], headers, is_kept)


def redirect_target(head: Head) -> str | None:
    """Return where a response redirects to; None: nowhere.

    Of another host's URL, path and query are left out, and of a path on the same host the query: they may be secret.
    """
    if not 300 <= head.status < 400:
        return None
    try:
        parts = urlsplit(head.get("location"))
    except ValueError:
        return None
    if parts.netloc:
        return f"to {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return f"to {parts.path}" if parts.path.startswith("/") and not parts.scheme else None


def retry_after(headers: Headers) -> float:
    """Return the seconds that a server asks to be left alone; 0: it does not, or it names a date.

    What a date means depends on two clocks that are set, here and there.
    """
    text = headers.get("retry-after", ("",))[0]
    return float(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else 0.0


def _origin(request: Request) -> str:
    host, usual = bracketed(request.host), 443 if request.secure else 80
    return host if request.port == usual else f"{host}:{request.port}"


def _written(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    if not _TARGET.fullmatch(target):
        path = target.partition("?")[0]  # the query may be secret
        raise _unwritable(f"the URL of {path!r:.200} has a space or a character that must be quoted")
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        if not (HEADER_NAME.fullmatch(name) and _VALUE.fullmatch(value)):  # the value may be secret
            raise _unwritable(f"the header {name!r:.200} has a character that no header may have")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _unwritable(what: str) -> ConnectError:
    return ConnectError(f"the options do not make a request: {what}", retryable=False)


def _not_http(data: bytes) -> OSError:
    return OSError(f"not a response of HTTP: {data[:200]!r}")


def _text(body: bytearray) -> str:
    if body and body[0] <= 1:
        return body.decode("latin-1")  # no text: Engine.IO 3 says so with its first byte
    try:
        # TornadIO2 and gevent-socketio send half a surrogate pair as three bytes.
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")
