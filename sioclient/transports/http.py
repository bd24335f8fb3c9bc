"""What HTTP carries for one connection: in the handshake, in polls, and in a websocket's upgrade alike.

This is the one module that imports requests, which knows how params, headers, cookies, auth, netrc, proxies and
certificates are to be understood and combined. How the bytes go over the network is in ``exchange``.
"""

from __future__ import annotations

import http.client
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
from .base import HttpOptions, check_http_options
from .exchange import Answer, Exchange, open_stream
from .proxy import proxy_parts
from .stream import Stream

MOST_BODY = 64 * 1024
"""Bytes that the answer to a handshake may have."""


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
