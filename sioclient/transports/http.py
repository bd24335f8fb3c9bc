"""HTTP for one connection: the handshake, polls, and what a websocket's upgrade must carry to look like them.

This is the one module that imports requests, which knows how params, headers, cookies, auth, netrc, proxies and
certificates are to be understood and combined. The bytes go over ``stream`` and through the standard library's parser
instead of requests' own connections, because those can neither be interrupted nor held to one deadline: their time-outs
are per read, so that a server which sends a byte a second is never done.

No redirect is followed, no compression asked for, and no answer read beyond what it may have.
"""

from __future__ import annotations

import http.client
import io
import ssl
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import extract_cookies_to_jar
from requests.sessions import merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy

from ..errors import ConnectError
from .base import HttpOptions, check_http_options, redirect_target
from .proxy import proxy_authorization, proxy_parts, socks_socket
from .stream import Stream, make_tls_context

MOST_BODY = 64 * 1024
"""Bytes that the answer to a handshake may have."""

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


@dataclass(frozen=True)
class Upgrade:
    """A request, ready to be sent: as a GET, or as one for an upgrade.

    Attributes:
        path: path and query.
        headers: those that the user's options call for.
        ca: file or directory of the certificate authorities to trust; None: verify nothing.
        cert: the client's certificate: one file, or certificate and key.
        proxy: the URL of the proxy to go through; None: there is none.
        prepared: the request as requests knows it, for the cookies of its answer.
    """

    secure: bool
    host: str
    port: int
    path: str
    headers: dict[str, str]
    ca: str | None
    cert: str | tuple[str, str] | None
    proxy: str | None
    prepared: requests.PreparedRequest

    @property
    def origin(self) -> str:
        """What the Host header says: the port only if it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


class _Session(requests.Session):
    """A session without connections of its own, of which each takes five kilobytes."""

    def mount(self, prefix: str | bytes, adapter: Any) -> None:
        """Do nothing: nothing is sent through it."""


class TooLarge(OSError):
    """An answer has more bytes than it may have."""


class HttpClient:
    """Knows what the requests of one connection carry, and makes the small ones.

    Args:
        options: what the user wants of every request. A session that the user brings lends its settings and cookies.
    """

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._session = _Session()
        self._session.headers = CaseInsensitiveDict({"User-Agent": "sioclient"})
        if options.session is not None:
            _borrow(options.session, self._session)
        self._extra: dict[str, Any] = {}
        self._first: requests.PreparedRequest | None = None  # of this connection, if the others may be like it
        self._settings_by_origin: dict[str, dict[str, Any]] = {}
        self._stream: Stream | None = None
        self._aborted = False

    def renew(self) -> None:
        """Begin a new connection: ask the options that are functions for their values."""
        self._aborted = False
        self._first = None
        self._settings_by_origin.clear()
        for name in ("params", "headers", "cookies"):
            value = getattr(self._options, name)
            self._extra[name] = value() if callable(value) else value
        check_http_options(HttpOptions(headers=self._extra["headers"], cookies=self._extra["cookies"]))

    def get(self, url: str, deadline: float) -> Answer:
        """GET a small text.

        Raises:
            ConnectError: there was no answer before ``deadline`` (``time.monotonic``), or it was too large.
        """
        upgrade = self.upgrade(url)
        self._stream = stream = Stream()
        try:
            if self._aborted:
                raise ConnectionAbortedError("the request was aborted")
            open_stream(stream, upgrade, deadline, tunnel=False)
            exchange = Exchange(stream, self)
            exchange.ask("GET", upgrade, deadline)
            return exchange.answer(upgrade, deadline, MOST_BODY)
        except (OSError, http.client.HTTPException) as error:
            raise connect_error(url, error, upgrade.proxy) from error
        finally:
            self._stream = None
            stream.close()

    def upgrade(self, url: str) -> Upgrade:
        """Return the request for ``url`` with all that the user's options call for.

        Raises:
            ConnectError: the options do not make a request.
        """
        try:
            prepared = self._prepare(url)
        except requests.RequestException as error:
            raise ConnectError(f"the options do not make a request: {type(error).__name__}", retryable=False) from error
        final_url = prepared.url or url
        parts, secure = urlsplit(final_url), final_url.startswith("https")
        origin = f"{parts.scheme}://{parts.netloc}"
        settings = self._settings_by_origin.get(origin)
        if settings is None:
            settings = self._settings_by_origin[origin] = self._settings(final_url)
        return Upgrade(
            secure=secure,
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers={k: v for k, v in map(_texts, prepared.headers.items()) if k.lower() != "accept-encoding"},
            ca=_authorities(settings["verify"]),
            cert=settings["cert"],
            proxy=select_proxy(final_url, settings["proxies"]),
            prepared=prepared,
        )

    def _prepare(self, url: str) -> requests.PreparedRequest:
        """Return a request; after the first, only what differs from that one is prepared: URL and cookies."""
        session, extra, first = self._session, self._extra, self._first
        if first is None or urlsplit(url)[:2] != urlsplit(first.url)[:2]:
            prepared = session.prepare_request(requests.Request("GET", url, auth=self._options.auth, **extra))
            auth_may_look = callable(self._options.auth) or callable(session.auth)
            has_cookies = extra["cookies"] or "Cookie" in prepared.headers
            self._first = None if auth_may_look or has_cookies else prepared
            return prepared
        prepared = requests.PreparedRequest()
        prepared.headers = first.headers.copy()
        prepared.prepare_url(url, merge_setting(extra["params"], session.params))
        if session.cookies:
            prepared.prepare_cookies(session.cookies)
        return prepared

    def keep_cookies(self, upgrade: Upgrade, answer: http.client.HTTPResponse) -> None:
        """Remember the cookies of an answer: load balancers send later requests to the same server by them."""
        extract_cookies_to_jar(self._session.cookies, upgrade.prepared, SimpleNamespace(_original_response=answer))

    def abort(self) -> None:
        """Make a request in flight raise, and all others until ``renew``."""
        self._aborted = True
        stream = self._stream
        if stream is not None:
            stream.abort()

    def close(self) -> None:
        """Free what requests holds."""
        self._session.close()

    def _settings(self, url: str) -> dict[str, Any]:
        """Return proxies, verify and cert as requests would choose them, the environment included.

        Unlike there, REQUESTS_CA_BUNDLE does not replace what the user has said, and None leaves verification on.
        """
        options = self._options
        said = self._session.verify if options.verify in (None, True) else options.verify
        proxies = dict(options.proxies or {})
        settings = dict(self._session.merge_environment_settings(url, proxies, None, None, options.cert))
        if said not in (None, True):
            settings["verify"] = said
        return settings


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
        with self._connection.getresponse() as response:
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
        self._endless = self._connection.getresponse()
        self._client.keep_cookies(upgrade, self._endless)
        self._socket.left = float("inf")
        return self._endless

    def more(self, deadline: float) -> bytes:
        """Return what comes next of an endless answer, as it comes; nothing: it has ended after all. Raises OSError."""
        self._socket.deadline = deadline
        return self._endless.fp.read1(_READ_SIZE)


class _StreamSocket:
    """What http.client takes for a socket: a stream, bounded in time and size."""

    def __init__(self, stream: Stream, buffer_size: int = io.DEFAULT_BUFFER_SIZE) -> None:
        self.stream = stream
        self._buffer_size = buffer_size  # one byte: nothing of an endless answer waits where nobody sees it
        self.deadline = 0.0
        self.left = 0.0

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


def connect_error(url: str, error: Exception, proxy: str | None = None) -> ConnectError:
    """Return the ConnectError that tells a user what ``error`` means; what may be secret in URLs is left out of it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    where = f"{parts.scheme}://{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    where += f" (through the proxy {proxy_parts(proxy).netloc.rpartition('@')[2]})" if proxy else ""
    # What a stranger sent may be part of this.
    what = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(error)[:200])
    text = f"{type(error).__name__}: {what}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectError(f"the certificate of {where} was not accepted: {text}. See verify=", retryable=False)
    if isinstance(error, ConnectionRefusedError):
        return ConnectError(f"{where} refused the connection: is the server running, and is this its port?")
    if isinstance(error, TimeoutError):
        return ConnectError(f"{where} did not answer in time: is this its host and port?")
    return ConnectError(f"cannot connect to {where}: {text}")


def _decode(body: bytes) -> str:
    if body[:1] in (b"\0", b"\1"):
        return body.decode("latin-1")  # no text: Engine.IO 3 says so with its first byte
    try:
        # TornadIO2 and gevent-socketio send half a surrogate pair as three bytes.
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")


def _borrow(theirs: requests.Session, ours: requests.Session) -> None:
    for name in ("auth", "proxies", "verify", "cert", "trust_env", "cookies", "params"):
        setattr(ours, name, getattr(theirs, name))
    ours.headers.update(theirs.headers)


def _authorities(verify: bool | str | None) -> str | None:
    if verify is False:
        return None
    return verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH


def _texts(header: tuple[str | bytes, str | bytes]) -> tuple[str, str]:
    name, value = (part.decode("latin-1") if isinstance(part, bytes) else part for part in header)
    return name, value
