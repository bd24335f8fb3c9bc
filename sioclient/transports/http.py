"""What HTTP carries for one connection: in the handshake, in polls, and in a websocket's upgrade alike.

This is the one module that imports requests, which knows how to understand and combine params, headers, cookies, auth,
netrc, proxies and certificates. How the bytes go over the network is in ``exchange``.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import MockRequest, MockResponse, RequestsCookieJar
from requests.sessions import merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_netrc_auth, select_proxy

from ..errors import ConnectError
from ..httpoptions import check_both, check_fields, check_params
from ..options import MAY_BE_FUNCTIONS, Options, value_of
from .base import Traffic
from .dialing import Answered
from .exchange import open_stream, read, send_request
from .failures import connect_errors
from .http1 import Headers, Request, Response, ResponseReader
from .stream import Stream

MOST_BODY = 64 * 1024
"""Bytes that the response to a handshake may have."""

_MOST_COOKIES, _MOST_COOKIE = 50, 4096
"""Cookies of a domain, and bytes of one: what RFC 6265, 6.1 asks for. A server may set new ones with every poll."""

_MOST_COOKIE_BYTES = 2**16
"""Bytes of all cookies that a server has set: of longer heads, Tornado takes none, and Node and nginx even fewer."""


_BLANK = requests.Session()
"""What each session is copied from: requests makes two pools of connections with every new one, of five kilobytes each.

Its jar, which stays empty, is that of all connections to which no server has given a cookie, and its headers are those
of all that have no session of the user.
"""

_BLANK.adapters.clear()  # nothing is sent through it
_OURS = {"User-Agent": "sioclient"}
_BLANK.headers = CaseInsensitiveDict(_OURS)

_WRITTEN_OUT = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?/[\w./~=&-]*(?:\?[\w.~=&-]+)?", re.ASCII)
"""A URL that requests would leave as it is: it takes 30 us to find that out, and a poll has one, too."""


class HttpClient:
    """Knows what the requests of one connection carry, and makes the small ones.

    Args:
        options: what the user wants of every request. A session that the user brings lends its settings and cookies.
        auth: that of HTTP, in the words of requests.
        traffic: where the bytes of its streams, and of those of the transports, are counted.
    """

    def __init__(self, options: Options, auth: Any = None, traffic: Traffic | None = None) -> None:
        self.traffic = traffic or Traffic()
        self._options, self._auth = options, auth
        self._session = requests.Session.__new__(requests.Session)
        vars(self._session).update(vars(_BLANK))  # a fifth of what ``copy`` takes
        if options.session is not None:
            _borrow(options.session, self._session)
        self._extra: dict[str, Any] = {}
        self._first: Request | None = None  # of this connection
        self._origin = ("", "")  # where that went
        self._cookies: dict[tuple[str, str, str], int] = {}  # the sizes of those that the server has set, oldest first
        self._answered: Answered = {}
        self._stream: Stream | None = None
        self._aborted = False

    @property
    def is_plain(self) -> bool:
        """Whether another client with the same options would do the same: there is no cookie, and no function."""
        options = self._options
        has_functions = any(callable(getattr(options, name)) for name in MAY_BE_FUNCTIONS)
        return not (self._cookies or has_functions or options.session is not None)

    def renew(self, values: Mapping[str, Any] | None = None) -> None:
        """Begin a new connection: ask the options that are functions for their values, or take these."""
        self._aborted = False
        self._first = None
        for name in MAY_BE_FUNCTIONS:
            value = getattr(self._options, name)
            if callable(value):
                value = value_of(name, value) if values is None else values[name]
                # What is no function was checked when the options were made.
                (check_params if name == "params" else check_fields)(name, value)
            self._extra[name] = value
        if self._extra["cookies"]:
            check_both(self._extra["headers"], self._extra["cookies"])

    def get(self, url: str, deadline: float) -> Response:
        """GET a small text.

        Raises:
            ConnectError: there was no response before ``deadline`` (``time.monotonic``), or it was too large.
        """
        request = self.prepare(url)
        self._stream = stream = Stream(self.traffic)
        try:
            with connect_errors("the handshake", url, request.proxy):
                if self._aborted:
                    raise ConnectionAbortedError("the request was aborted")
                open_stream(stream, request, deadline, tunnel=False)
                send_request(stream, "GET", request)
                response = read(stream, ResponseReader(MOST_BODY), deadline)
                if "set-cookie" in response.headers:
                    self.keep_cookies(request, response.headers)
                return response
        finally:
            self._stream = None
            stream.close()

    def prepare(self, url: str) -> Request:
        """Return the request for ``url`` with all that the user's options call for.

        requests takes 0.25 to 0.45 ms for that, as it looks for proxies and passwords in the environment: longer than
        all the rest of a poll. So what holds for the first request of a connection is not looked for again.

        Raises:
            ConnectError: the options do not make a request.
        """
        if not self._extra:
            self.renew()
        scheme, netloc, *_ = urlsplit(url)
        first = self._first if self._origin == (scheme, netloc) else None
        try:
            request = self._request(*self._prepared(url, first), first)
        except requests.RequestException as error:
            raise ConnectError(f"the options do not make a request: {type(error).__name__}", retryable=False) from error
        self._first, self._origin = first or request, (scheme, netloc)
        return request

    def keep_cookies(self, request: Request, headers: Headers) -> None:
        """Remember the cookies that a response sets: load balancers choose the server of later requests by them."""
        values = [value for value in headers.get("set-cookie", ()) if len(value) <= _MOST_COOKIE]
        if self._session.cookies is _BLANK.cookies:
            self._session.cookies = RequestsCookieJar()
        message, jar = HTTPMessage(), self._session.cookies
        for value in values:
            message["Set-Cookie"] = value
        asked = requests.PreparedRequest()
        asked.url, asked.headers = request.url, CaseInsensitiveDict(request.headers)
        before = list(jar)
        jar.extract_cookies(MockResponse(message), MockRequest(asked))  # type: ignore[arg-type]
        known = set(map(id, before))
        new = [cookie for cookie in jar if id(cookie) not in known]
        # In Python 3.10 a jar gives cookies in the order of their names, and not as they came.
        places = {value.partition("=")[0].strip(): place for place, value in enumerate(values)}
        for cookie in sorted(new, key=lambda cookie: places.get(cookie.name, 0)):
            self._remember((cookie.domain, cookie.path, cookie.name), len(cookie.name) + len(cookie.value or ""))

    def abort(self) -> None:
        """Make a request in flight raise, and all others until ``renew``."""
        self._aborted = True
        stream = self._stream
        if stream is not None:
            stream.abort()

    def close(self) -> None:
        """Free what requests holds."""
        self._session.close()

    def _prepared(self, url: str, first: Request | None) -> tuple[str, Mapping[Any, Any]]:
        """Return the URL and the headers that requests makes of the options; the latter are a dict if they are ours.

        The headers are those of ``first``, but for the server's cookies.
        """
        session, extra, auth = self._session, self._extra, self._auth
        # An auth= that is a function may look at the whole request; cookies of the user are mixed with the server's.
        has_more = callable(auth) or callable(session.auth) or extra["cookies"]
        headers: Mapping[Any, Any] | None = first.headers if first is not None else None
        if first is None and self._is_plain(url):
            headers = _OURS
        if headers is None or has_more or "Cookie" in headers:
            named = partial(value_of, "auth", auth) if callable(auth) else auth  # so that what it raises is named
            asked = session.prepare_request(requests.Request("GET", url, auth=named, **extra))
            if any(asked.hooks.values()):
                raise ConnectError(
                    f"auth={type(auth or session.auth).__name__} needs a response of the server first, as Digest does: "
                    "that is not supported",
                    retryable=False,
                )
            return asked.url or "", asked.headers
        params = extra["params"] or session.params
        if params or not _WRITTEN_OUT.fullmatch(url) or "/." in url:
            prepared = requests.PreparedRequest()
            prepared.prepare_url(url, merge_setting(extra["params"], session.params))
            url = prepared.url or ""
        if session.cookies is not _BLANK.cookies and len(session.cookies):
            prepared = requests.PreparedRequest()
            prepared.url, prepared.headers = url, CaseInsensitiveDict(headers)
            prepared.prepare_cookies(session.cookies)
            headers = prepared.headers
        return url, headers

    def _is_plain(self, url: str) -> bool:
        """Return whether requests would add nothing to a request but headers that are ours, as most often."""
        if self._options.session is not None or any(self._extra.values()) or self._auth or "@" in urlsplit(url).netloc:
            return False
        home = os.path.expanduser("~")  # requests takes three times as long to find no file
        has_netrc = os.access(f"{home}/.netrc", os.F_OK) or os.access(f"{home}/_netrc", os.F_OK)
        return not ((has_netrc or "NETRC" in os.environ) and get_netrc_auth(url))

    def _request(self, url: str, headers: Mapping[Any, Any], first: Request | None) -> Request:
        parts = urlsplit(url)
        secure, host, port = _where(parts.scheme, parts.netloc)
        if first is None:
            settings = self._settings(url)
            ca = _authorities(settings["verify"]) if secure else None
            cert = None if settings["cert"] is None else _certificate(settings["cert"])
            proxies = settings["proxies"]
            proxy = (select_proxy(url, proxies) or None) if proxies else None
        else:
            ca, cert, proxy = first.ca, first.cert, first.proxy
        return Request(
            secure=secure,
            host=host,
            port=port,
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=headers if type(headers) is dict else _texts(headers),
            ca=ca,
            cert=cert,
            proxy=proxy,
            origin=parts.netloc.rpartition("@")[2],
            answered=self._answered,
        )

    def _settings(self, url: str) -> dict[str, Any]:
        """Return proxies, verify and cert as requests would choose them, the environment included.

        Unlike there, REQUESTS_CA_BUNDLE does not replace what the user has said, and None leaves verification on.
        """
        options, session = self._options, self._session
        said = session.verify if options.verify in (None, True) else options.verify
        proxies = dict(options.proxies or {})
        cert: Any = options.cert
        verify = None
        if session.trust_env and _may_name_proxies():
            settings = dict(session.merge_environment_settings(url, proxies, None, None, cert))
        else:  # what requests does then, without decoding the whole environment twice and merging nothing, for 0.1 ms
            if session.trust_env:
                verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
            settings = {
                "proxies": merge_setting(proxies, session.proxies) if proxies or session.proxies else {},
                "verify": session.verify if verify is None else verify,
                "cert": session.cert if cert is None else cert,
            }
        if said not in (None, True):
            settings["verify"] = said
        return settings

    def _remember(self, key: tuple[str, str, str], size: int) -> None:
        """Count a cookie that the server has set, and forget the oldest if there are too many."""
        self._cookies.pop(key, None)
        self._cookies[key] = size
        of_domain = [cookie for cookie in self._cookies if cookie[0] == key[0]]
        if len(of_domain) > _MOST_COOKIES:
            self._forget(of_domain[0])
        while sum(self._cookies.values()) > _MOST_COOKIE_BYTES:
            self._forget(next(iter(self._cookies)))

    def _forget(self, key: tuple[str, str, str]) -> None:
        """Forget a cookie that the server has set."""
        jar, (domain, path, name) = self._session.cookies, key
        del self._cookies[key]
        with suppress(KeyError):  # it has expired, or the server has taken it back
            jar.clear(domain, path, name)
        if not any((cookie.domain, cookie.path) == (domain, path) for cookie in jar):
            with suppress(KeyError):
                jar.clear(domain, path)  # else the jar keeps an empty table for every path


@lru_cache(64)
def _where(scheme: str, netloc: str) -> tuple[bool, str, int]:
    """Return whether to encrypt, and the host and port to connect to: the parts of a URL find them anew every time."""
    parts, secure = urlsplit(f"{scheme}://{netloc}"), scheme == "https"
    return secure, parts.hostname or "", parts.port or (443 if secure else 80)


def _texts(headers: Mapping[Any, Any]) -> dict[str, str]:
    """Return headers of requests as texts, without the encodings that it would accept."""
    texts = {}
    for name, value in headers.items():
        name = name if isinstance(name, str) else name.decode("latin-1")
        if name.lower() != "accept-encoding":
            texts[name] = value if isinstance(value, str) else value.decode("latin-1")
    return texts


def _may_name_proxies() -> bool:
    """Return whether the environment, or the system, may name proxies; their variables have names in any case."""
    is_posix = os.supports_bytes_environ and sys.platform != "darwin"
    return not is_posix or b"_proxy" in b" ".join(os.environb).lower()


def _authorities(verify: Any) -> str | ssl.SSLContext | None:
    """Return what ``verify`` means: files to trust, the context to use, or None for no verification."""
    if verify is False:
        return None
    if verify is None or verify is True:
        return DEFAULT_CA_BUNDLE_PATH
    return verify if isinstance(verify, (str, ssl.SSLContext)) else os.fsdecode(verify)


def _certificate(cert: Any) -> tuple[str, str | None]:
    """Return the files of a certificate and of its key."""
    chain, key = cert if isinstance(cert, (tuple, list)) else (cert, None)
    return os.fsdecode(chain), None if key is None else os.fsdecode(key)


def _borrow(theirs: requests.Session, ours: requests.Session) -> None:
    for name in ("auth", "proxies", "verify", "cert", "trust_env", "cookies", "params"):
        setattr(ours, name, getattr(theirs, name))
    ours.headers = ours.headers.copy()
    ours.headers.update(theirs.headers)
