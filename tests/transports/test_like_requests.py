"""Every value that requests documents for an option, side by side with requests: it works alike or is refused.

``ALIKE`` holds the values that both send in the same way, ``REFUSED`` those that requests takes, or ignores, and we
refuse with an error that says so. ``MORE`` are ours alone.
"""

from __future__ import annotations

import http.cookiejar
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth, HTTPProxyAuth
from requests.cookies import RequestsCookieJar

from sioclient.errors import ConnectError
from sioclient.options import Options, split_auth
from sioclient.transports.http import HttpClient
from sioclient.transports.websocket import WebSocketTransport
from tests.conftest import without_address
from tests.servers_py import Peer, Request, Server, soon
from tests.transports.conftest import Authority

COMPARED = ("Authorization", "Cookie", "X-Key", "Origin", "Host", "User-Agent", "Accept", "Proxy-Authorization")
DEFAULTS = {"User-Agent", "Accept"}
"""Headers of which requests has its own, which are compared only if the user gave them."""

NAMES = "params", "headers", "cookies", "auth", "proxies", "verify", "cert", "session"


def jar(kind: type[http.cookiejar.CookieJar]) -> http.cookiejar.CookieJar:
    made = kind()
    requests.cookies.cookiejar_from_dict({"a": "1", "b": "x y"}, made)
    return made


class Token(AuthBase):
    """As in the documentation of requests."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Token secret"
        return request


def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["X-Key"] = f"signed {request.method}"
    return request


def session(**attributes: Any) -> requests.Session:
    made = requests.Session()
    for name, value in attributes.items():
        if name in ("headers", "cookies"):
            getattr(made, name).update(value)
        else:
            setattr(made, name, value)
    return made


ALIKE: list[dict[str, Any]] = [
    # params: "dictionary, list of tuples or bytes"
    {"params": None},
    {"params": {}},
    {"params": {"a": "1", "b": "x y&z", "n": 5, "gone": None, "yes": True}},
    {"params": {"a": ["1", "2"], "b": ("3",), "empty": []}},
    {"params": OrderedDict([("b", "1"), ("a", "2")])},
    {"params": [("a", "1"), ("a", "2"), ("é", "ü")]},
    {"params": (("a", "1"), ("b", b"2"))},
    {"params": {"a": "1"}.items()},
    {"params": "a=1&b=x y"},
    {"params": b"a=1"},
    {"params": ""},
    # headers: "dictionary", of which None leaves one out
    {"headers": None},
    {"headers": {}},
    {"headers": {"X-Key": "1", "Origin": "http://o.example"}},
    {"headers": {"x-key": "1", "ORIGIN": "http://o.example", "user-agent": "mine", "accept": "text/x"}},
    {"headers": {b"X-Key": b"1", "Origin": b"http://o.example"}},
    {"headers": {"Host": "virtual.example"}},
    {"headers": {"host": "virtual.example"}},
    {"headers": {"hOST": "virtual.example", "cookie": "c=3"}},
    {"headers": {"X-Key": None}},
    {"headers": {"X-Key": "caf\xe9"}},
    {"headers": {"Authorization": "Bearer x"}},
    {"headers": requests.structures.CaseInsensitiveDict({"X-KEY": "1"})},
    {"headers": MappingProxyType({"X-Key": "1"})},
    {"headers": {"Authorization": "Bearer x"}, "auth": ("user", "password")},
    # cookies: "dict or CookieJar"
    {"cookies": None},
    {"cookies": {}},
    {"cookies": {"a": "1", "b": "x y"}},
    {"cookies": {"a": 'say "x"'}},
    {"cookies": jar(RequestsCookieJar)},
    {"cookies": jar(http.cookiejar.CookieJar)},
    {"cookies": jar(http.cookiejar.LWPCookieJar)},
    # auth: "tuple to enable Basic/Digest/Custom HTTP Auth", or callable
    {"auth": None},
    {"auth": ("user", "password")},
    {"auth": ("", "")},
    {"auth": ("us\xe9r", b"bytes")},
    {"auth": HTTPBasicAuth("user", "password")},
    {"auth": HTTPProxyAuth("user", "password")},
    {"auth": Token()},
    {"auth": sign},
    {"auth": lambda request: sign(request)},
    # proxies: "dictionary mapping protocol to the URL of the proxy"; a value that is None or empty means none
    {"proxies": None},
    {"proxies": {}},
    {"proxies": {"https": "http://127.0.0.1:1"}},
    {"proxies": {"http": None}},
    {"proxies": {"http": ""}},
    {"proxies": {"http://elsewhere.example": "http://127.0.0.1:1"}},
    # verify means nothing here, where nothing is encrypted; see below
    *({"verify": verify} for verify in (None, True, False, "ca.pem", b"ca.pem", Path("ca.pem"))),
    # session
    {"session": session()},
    {"session": session(params={"a": "1"}), "params": {"b": "2"}},
    {"session": session(params={"a": "1", "b": "2"}), "params": {"a": None}},
    {"session": session(headers={"X-Key": "session", "Origin": "http://o"}), "headers": {"x-key": "own"}},
    {"session": session(headers={"X-Key": "session"}), "headers": {"X-Key": None}},
    {"session": session(headers={"User-Agent": "session", "accept": "text/x"})},
    {"session": session(cookies={"a": "1"}), "cookies": {"b": "2"}},
    {"session": session(auth=("user", "password"))},
    {"session": session(auth=Token())},
    {"session": session(auth=("user", "password")), "auth": ("own", "own")},
    {"session": session(proxies={"http": "http://127.0.0.1:1"}), "proxies": {"http": None}},
    {"session": session(trust_env=False)},
]
"""Options that both send in the same way."""

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"params": iter([("a", "1")])}, "params must be .* can be read only once"),
    ({"headers": {"Content-Length": "5"}}, "headers must not have Content-Length"),
    ({"headers": {"X-Key": 5}}, "'X-Key' in headers must be text, not int"),
    ({"headers": [("X-Key", "1")]}, "headers must be a dictionary"),
    ({"cookies": {"a": None}}, "'a' in cookies must be text, not NoneType"),
    ({"cookies": {"a": 5}}, "'a' in cookies must be text, not int"),
    ({"cookies": [("a", "1")]}, "cookies must be a dictionary"),
    ({"cookies": {"a": "1"}, "headers": {"cookie": "b=2"}}, "headers has a Cookie, so cookies= would not be sent"),
    ({"auth": "user:password"}, "auth must be .* not str"),
    ({"auth": ["user", "password"]}, "auth must be .* not list"),
    ({"auth": HTTPDigestAuth("user", "password")}, "auth=HTTPDigestAuth needs a response of the server first"),
    ({"proxies": "http://127.0.0.1:1"}, "proxies must be a dictionary"),
    ({"proxies": {"http": "https://127.0.0.1:1"}}, "a proxy must be http://, socks5h:// or the like, not https://"),
    ({"proxies": {"wss": "http://127.0.0.1:1"}}, "proxies must say 'http' or 'https', not 'wss'"),
    ({"verify": 0}, "verify must be .* not int"),
    ({"verify": ""}, "verify must be .* not an empty text"),
    ({"cert": ("c", "k", "password")}, "cert must be a file, or a pair"),
    ({"session": session(adapters={"http://": object()})}, "session has an adapter of its own"),
    ({"session": session(hooks={"response": [print]})}, "session has hooks"),
    ({"session": session(verify=0)}, "session.verify must be"),
    ({"session": type("Own", (requests.Session,), {"send": lambda self: None})()}, "send.. of this Own would not be"),
    ({"session": requests}, "session must be a requests.Session, not module"),
]
"""Options that requests takes or ignores, and the errors with which they are refused here."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    def respond(peer: Peer) -> None:
        request = peer.read_head()
        if request.header("Upgrade"):
            peer.server.requests.pop()
            peer._buffer = request.raw
            peer.accept()
        else:
            peer.answer(200, b"ok")

    with Server(respond) as running:
        yield running


def shown(request: Request, options: dict[str, Any]) -> dict[str, Any]:
    """Return what of a request is compared."""
    given = {name.lower() for source in (options.get("headers"), _own_headers(options)) for name in _texts(source)}
    names = [name for name in COMPARED if name not in DEFAULTS or name.lower() in given]
    return {"target": request.target} | {name: request.all(name) for name in names}


def _own_headers(options: dict[str, Any]) -> Any:
    """Return the headers of a session, if they are not those that requests gives it."""
    theirs = options["session"].headers if options.get("session") else {}
    return theirs if theirs.get("User-Agent") == "session" else None


def _texts(headers: Any) -> list[str]:
    return [name if isinstance(name, str) else name.decode() for name in headers or ()]


def by_requests(server: Server, options: dict[str, Any]) -> Request:
    options = dict(options)
    with options.pop("session", None) or requests.Session() as used:
        used.get(server.url("/socket.io/1/?t=1"), timeout=10, **options)
    return server.requests[-1]


def by_us(server: Server, options: dict[str, Any], leg: str) -> Request:
    made = Options(**options)
    with closing(HttpClient(made, split_auth(made.auth)[0])) as client:
        client.renew()
        url = server.url("/socket.io/1/?t=1")
        if leg == "get":
            client.get(url, soon())
        else:
            transport = WebSocketTransport(client, 1000)
            try:
                transport.open(url, soon())
            finally:
                transport.close(0)
    return server.requests[-1]


@pytest.mark.parametrize("leg", ["get", "websocket"])
@pytest.mark.parametrize("options", ALIKE, ids=without_address)
def test_a_value_works_as_in_requests(server: Server, options: dict[str, Any], leg: str) -> None:
    expected = shown(by_requests(server, options), options)
    assert shown(by_us(server, options, leg), options) == expected


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=without_address)
def test_another_value_is_refused_loudly(server: Server, options: dict[str, Any], message: str) -> None:
    before = len(server.requests)
    with pytest.raises((TypeError, ValueError, ConnectError), match=message):
        by_us(server, options, "get")
    assert len(server.requests) == before, "something was sent"


GONE = "http://127.0.0.1:1"
"""A proxy that is not there."""


@pytest.mark.parametrize(
    "proxies",
    [
        {"http": GONE},
        {"all": GONE},
        {"http": "127.0.0.1:1"},
        {"http://127.0.0.1": GONE},
        {"all": GONE, "https": ""},
        {"http": "socks5h://127.0.0.1:1"},
        {"http": GONE, "no_proxy": "127.0.0.1"},  # which holds for the proxies of the environment only
    ],
    ids=without_address,
)
@pytest.mark.parametrize("leg", ["get", "websocket"])
@pytest.mark.parametrize("kind", ["option", "session"])
def test_a_proxy_is_used_where_requests_uses_it(server: Server, proxies: Any, leg: str, kind: str) -> None:
    options = {"proxies": proxies} if kind == "option" else {"session": session(proxies=proxies)}
    with pytest.raises(requests.ConnectionError):
        by_requests(server, options)
    with pytest.raises(ConnectError, match=r"refused|127\.0\.0\.1:1"):
        by_us(server, options, leg)


def test_the_table_has_every_option_in_both_ways() -> None:
    for name in set(NAMES) - {"cert"}:
        assert sum(name in options for options in ALIKE) > 2, name
        assert any(name in options for options, _ in REFUSED), name


# Encrypted


def encrypted_by(get: Callable[..., Any], options: dict[str, Any], authority: Authority, *, mutual: bool) -> bool:
    """Return whether a GET of an https server succeeds."""
    tls = authority.wants_certificate() if mutual else authority.good
    with Server(lambda peer: (peer.read_head(), peer.answer(200, b"ok")), tls=tls) as server:
        try:
            get(server, options, *(["get"] if get is by_us else []))
        except (requests.RequestException, OSError):
            return False
        return True


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("make", [str, str.encode, Path], ids=["text", "bytes", "path"])
def test_verify_works_as_in_requests(authority: Authority, make: Callable[[str], Any]) -> None:
    for verify, works in ((make(authority.ca_file), True), (True, False), (None, False), (False, True)):
        assert encrypted_by(by_us, {"verify": verify}, authority, mutual=False) is works
        assert encrypted_by(by_requests, {"verify": verify}, authority, mutual=False) is works
    folder = make(str(Path(authority.ca_file).parent))  # its files are not named as OpenSSL looks for them
    assert not encrypted_by(by_us, {"verify": folder}, authority, mutual=False)
    missing = make(authority.ca_file + ".missing")
    for get in (by_us, by_requests):
        assert not encrypted_by(get, {"verify": missing}, authority, mutual=False)


def test_cert_works_as_in_requests(authority: Authority) -> None:
    name = authority.client_file
    for cert in (name, name.encode(), (name, name), (name, None), (Path(name), Path(name))):
        options = {"verify": authority.ca_file, "cert": cert}
        assert encrypted_by(by_us, options, authority, mutual=True), cert
        assert encrypted_by(by_requests, options, authority, mutual=True), cert
        shared = {"session": session(verify=authority.ca_file, cert=cert)}
        assert encrypted_by(by_us, shared, authority, mutual=True), cert
    assert not encrypted_by(by_us, {"verify": authority.ca_file}, authority, mutual=True)


def test_what_is_ours_alone_works(authority: Authority) -> None:
    context = authority.client()
    context.load_cert_chain(authority.client_file)
    for options in ({"verify": context}, {"session": session(verify=context)}):
        assert encrypted_by(by_us, options, authority, mutual=True)
    for cert in (Path(authority.client_file), [authority.client_file] * 2):
        assert encrypted_by(by_us, {"verify": authority.ca_file, "cert": cert}, authority, mutual=True)
