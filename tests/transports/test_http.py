"""HttpClient, against servers whose every byte the test decides."""

from __future__ import annotations

import gc
import gzip
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from sioclient.errors import ConnectError
from sioclient.options import Options
from sioclient.transports import stream
from sioclient.transports.dialing import Dial
from sioclient.transports.http import MOST_BODY, HttpClient
from sioclient.transports.http1 import Response
from tests.servers_py import (
    Peer,
    Request,
    Script,
    Server,
    Task,
    closed_port,
    deaf_port,
    descriptors,
    hand_over,
    say_nothing,
    soon,
)
from tests.transports.conftest import Authority


@contextmanager
def client(**options: Any) -> Iterator[HttpClient]:
    http = HttpClient(Options(**options), options.get("auth"))
    http.renew()
    try:
        yield http
    finally:
        http.close()


def reply(status: int = 200, body: bytes = b"body", *headers: str) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.answer(status, body, *headers)

    return script


def raw(data: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(data)

    return script


def request_of(path: str = "/socket.io/1/?t=1", **options: Any) -> Request:
    """Return the request that a GET makes."""
    with Server(reply()) as server, client(**options) as http:
        http.get(server.url(path), soon())
        return server.requests[0]


def get(script: Script, seconds: float = 10, path: str = "/") -> Response:
    """Return what a GET returns, or raise what it raises, when the server does this."""
    with Server(script) as server, client() as http:
        response = Task(http.get, server.url(path), time.monotonic() + seconds).result()
        assert isinstance(response, Response)
        return response


# What is sent


def test_the_response_is_returned_whatever_its_status() -> None:
    assert get(reply(200, "sid é".encode())) == Response(200, "sid é")
    assert get(reply(503, b"later")) == Response(503, "later")
    assert get(reply(404, b"")) == Response(404, "")


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert get(reply(200, b"a\xffb")) == Response(200, "a\ufffdb")


def test_a_body_that_is_no_text_has_a_character_for_each_byte() -> None:
    assert get(reply(200, b"\0\xff\x80")) == Response(200, "\0\xff\x80")


def test_the_request_is_a_plain_get() -> None:
    request = request_of()
    assert request.raw.startswith(b"GET /socket.io/1/?t=1 HTTP/1.1\r\n")
    assert request.header("User-Agent") == "sioclient"
    assert request.header("Accept-Encoding") == "identity"
    for name in ("Cookie", "Authorization", "Origin", "Content-Length", "Transfer-Encoding"):
        assert request.header(name) is None, name


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"token": "a b&c=d", "list": ["1", "2"]}, "t=1&token=a+b%26c%3Dd&list=1&list=2"),
        ("a=b", "t=1&a=b"),
        ([("a", "é")], "t=1&a=%C3%A9"),
        (lambda: {"a": "fresh"}, "t=1&a=fresh"),
        ({"a": "b\r\nX-Injected: 1"}, "t=1&a=b%0D%0AX-Injected%3A+1"),
        (None, "t=1"),
    ],
    ids=["dictionary", "text", "pairs", "function", "line break", "none"],
)
def test_params_are_added_to_the_query(params: Any, query: str) -> None:
    assert request_of(params=params).target == f"/socket.io/1/?{query}"


@pytest.mark.parametrize("headers", [{"X-Key": "1"}, lambda: {"X-Key": "1"}, {b"X-Key": b"1"}])
def test_headers_are_sent(headers: Any) -> None:
    assert request_of(headers=headers).header("X-Key") == "1"


def test_headers_replace_those_of_the_library() -> None:
    assert request_of(headers={"user-agent": "mine"}).header("User-Agent") == "mine"


@pytest.mark.parametrize("cookies", [{"a": "1"}, lambda: {"a": "1"}])
def test_cookies_are_sent(cookies: Any) -> None:
    assert request_of(cookies=cookies).header("Cookie") == "a=1"


def request_after(**options: Any) -> Request:
    """Return the second request of a connection, the first of which got a cookie."""
    first = reply(200, b"", "Set-Cookie: a=1; Path=/")
    with Server(first, reply()) as server, client(params={"p": "q"}, headers={"X-Key": "1"}, **options) as http:
        http.get(server.url("/one?t=1"), soon())
        http.get(server.url("/two?t=2"), soon())
        return server.requests[1]


def test_a_second_request_is_like_the_first_with_its_cookies() -> None:
    second = request_after(auth=("user", "secret"))
    assert second.target == "/two?t=2&p=q"
    names = ("Authorization", "X-Key", "User-Agent", "Cookie")
    assert [second.header(name) for name in names] == ["Basic dXNlcjpzZWNyZXQ=", "1", "sioclient", "a=1"]


@pytest.mark.parametrize(
    ("options", "cookie"), [({"cookies": {"c": "2"}}, "a=1; c=2"), ({"headers": {"Cookie": "own=1"}}, "own=1")]
)
def test_the_users_own_cookies_go_with_every_request(options: dict[str, Any], cookie: str) -> None:
    first = reply(200, b"", "Set-Cookie: a=1; Path=/")
    with Server(first, reply(), reply()) as server, client(**options) as http:
        for _ in range(3):
            http.get(server.url(), soon())
        assert [request.header("Cookie") for request in server.requests[1:]] == [cookie] * 2


def test_another_origin_has_settings_of_its_own() -> None:
    with client(proxies={"http://one.example": "http://proxy.example"}) as http:
        first, second = http.prepare("http://one.example/a"), http.prepare("http://two.example/b")
    assert (first.proxy, second.proxy) == ("http://proxy.example", None)
    assert (second.host, second.path) == ("two.example", "/b")


def test_an_auth_that_looks_at_the_request_sees_each_one() -> None:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Signed"] = request.path_url
        return request

    assert request_after(auth=sign).header("X-Signed") == "/two?t=2&p=q"


@pytest.mark.parametrize("leg", ["get", "prepare"])
def test_an_auth_that_needs_a_response_first_is_refused(leg: str) -> None:
    with (
        client(auth=requests.auth.HTTPDigestAuth("user", "secret")) as http,
        pytest.raises(ConnectError, match=r"^auth=HTTPDigestAuth needs a response of the server first") as caught,
    ):
        http.get("http://127.0.0.1:1/", soon()) if leg == "get" else http.prepare("http://127.0.0.1:1/")
    assert not caught.value.retryable


def test_params_that_a_function_returns_can_be_read_again() -> None:
    http = HttpClient(Options(params=lambda: iter([("a", "1")])))
    with pytest.raises(TypeError, match=r"params must be .* can be read only once"):
        http.renew()


def test_the_first_request_asks_for_the_options() -> None:
    assert HttpClient(Options(headers=lambda: {"X-Key": "1"})).prepare("http://h/").headers["X-Key"] == "1"


def test_functions_that_both_return_cookies_are_refused() -> None:
    http = HttpClient(Options(headers=lambda: {"Cookie": "a=1"}, cookies=lambda: {"b": "2"}))
    with pytest.raises(ValueError, match="headers has a Cookie"):
        http.renew()


def test_an_empty_proxy_is_none() -> None:
    assert request_of(proxies={"http": ""}).header("Host")


def test_a_cookie_jar_is_sent() -> None:
    jar = requests.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="127.0.0.1", path="/socket.io/")
    jar.set("b", "2", domain="elsewhere.example")
    assert request_of(cookies=jar).header("Cookie") == "a=1"


def test_a_pair_as_auth_is_basic_authentication() -> None:
    assert request_of(auth=("user", "pass")).header("Authorization") == "Basic dXNlcjpwYXNz"


def test_a_function_as_auth_changes_the_request() -> None:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Signature"] = "signed"
        return request

    assert request_of(auth=sign).header("X-Signature") == "signed"


def test_functions_are_called_once_for_each_connection() -> None:
    calls: list[str] = []

    def fresh(name: str) -> Callable[[], dict[str, str]]:
        def function() -> dict[str, str]:
            calls.append(name)
            return {name: str(len(calls))}

        return function

    with (
        Server(reply()) as server,
        client(params=fresh("p"), headers=fresh("h"), cookies=fresh("c")) as http,
    ):
        assert calls == ["p", "h", "c"]
        http.get(server.url(), soon())
        http.prepare(server.url())
        assert calls == ["p", "h", "c"]
        http.renew()
        http.get(server.url(), soon())
        first, second = server.requests
    assert (first.target, first.header("h"), first.header("Cookie")) == ("/?p=1", "2", "c=3")
    assert (second.target, second.header("h"), second.header("Cookie")) == ("/?p=4", "5", "c=6")


@pytest.mark.parametrize("name", ["params", "headers", "cookies"])
def test_what_a_function_raises_is_named(name: str) -> None:
    def fail() -> None:
        raise LookupError("no token")

    http = HttpClient(Options(**{name: fail}))
    with pytest.raises(ConnectError, match=f"{name}= raised LookupError: no token") as caught:
        http.renew()
    assert isinstance(caught.value.__cause__, LookupError)
    assert not caught.value.retryable


def test_what_an_auth_function_raises_is_named() -> None:
    def fail(request: object) -> None:
        raise LookupError("no token")

    http = HttpClient(Options(auth=fail), fail)
    with pytest.raises(ConnectError, match="auth= raised LookupError: no token"):
        http.prepare("http://localhost/")


def test_a_cookie_with_what_no_header_may_have_breaks_no_request() -> None:
    with Server(reply(200, b"", "Set-Cookie: a=b\rc\0d"), reply()) as server, client() as http:
        for _ in range(2):
            assert http.get(server.url(), soon()).status == 200
        assert (server.requests[1].header("Cookie") or "").replace('"', "") == "a=b c d"


@pytest.mark.parametrize("headers", [{"X": "a\r\nB: c"}, {"X": "a\nB: c"}, {"X": "\u20ac"}])
@pytest.mark.parametrize("leg", ["handshake", "upgrade"])
def test_a_function_cannot_inject_headers(headers: dict[str, str], leg: str) -> None:
    def ask(http: HttpClient, server: Server) -> object:
        http.renew()
        return http.get(server.url(), soon()) if leg == "handshake" else http.prepare(server.url())

    with Server(reply()) as server, closing(HttpClient(Options(headers=lambda: headers))) as http:
        with pytest.raises((ValueError, ConnectError)):
            ask(http, server)
        assert server.requests == []


def test_cookies_of_the_server_are_sent_back_where_they_belong() -> None:
    first = reply(200, b"", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/elsewhere")
    with Server(first, reply()) as server, client(cookies={"mine": "0"}) as http:
        http.get(server.url(), soon())
        http.renew()
        http.get(server.url(), soon())
        cookies = server.requests[1].header("Cookie") or ""
        assert sorted(cookies.split("; ")) == ["a=1", "mine=0"]
        assert "a=1" in http.prepare(server.url()).headers["Cookie"]
        assert "a=1" not in http.prepare(server.url(host="localhost")).headers["Cookie"]


def setting(*responses: list[str]) -> Script:
    """Script: set so many cookies with each response, one connection for each."""
    waiting = iter(responses)

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.answer(200, b"", *(f"Set-Cookie: {cookie}" for cookie in next(waiting)))

    return script


def kept_of(responses: list[list[str]], http: HttpClient) -> None:
    """GET so many responses."""
    with Server(*[setting(cookies) for cookies in responses]) as server:
        for _ in responses:
            http.get(server.url(), soon())


def test_a_server_that_sets_new_cookies_for_ever_has_fifty() -> None:
    many = [[f"c{poll}-{n}=1; Path=/{poll}/{n}" if n % 2 else f"c{poll}-{n}=1" for n in range(90)] for poll in range(5)]
    with client() as http:
        kept_of(many, http)
        jar = http._session.cookies
        assert len(jar) == len(http._cookies) == 50
        assert {cookie.name.partition("-")[0] for cookie in jar} == {"c4"}
        assert sum(map(len, jar._cookies.values())) <= 51  # tables of paths


def test_a_cookie_that_is_set_again_is_young() -> None:
    with client() as http:
        kept_of([["old=1", "older=1"], [f"c{n}=1" for n in range(48)], ["old=2", "new=1"]], http)
        names = {cookie.name for cookie in http._session.cookies}
        assert "older" not in names
        assert {"old", "new", "c0"} <= names


def test_a_cookie_that_the_server_took_back_makes_room() -> None:
    with client() as http:
        kept_of([["gone=1"], ["gone=1; Max-Age=0"], [f"c{n}=1" for n in range(50)]], http)
        assert {cookie.name for cookie in http._session.cookies} == {f"c{n}" for n in range(50)}


def test_a_cookie_beyond_four_kilobytes_is_not_kept() -> None:
    with client() as http:
        kept_of([["large=" + "x" * 4091, "fine=" + "x" * 4091]], http)
        assert [cookie.name for cookie in http._session.cookies] == ["fine"]


def test_all_cookies_together_have_64_kibibytes() -> None:
    first = [[f"c{n}=" + "x" * 4000 for n in range(begin, begin + 10)] for begin in range(0, 50, 10)]
    with client() as http:
        kept_of([*first, [f"c{n}=" + "y" * 4000 for n in range(3)], ["last=1"]], http)
        kept = {cookie.name: (cookie.value or "")[:1] for cookie in http._session.cookies}
    assert kept == {"last": "1", **{f"c{n}": "x" for n in range(37, 50)}, **{f"c{n}": "y" for n in range(3)}}


def test_cookies_of_the_user_are_none_of_the_fifty() -> None:
    with requests.Session() as session:
        for n in range(60):
            session.cookies.set(f"mine{n}", "1", domain="127.0.0.1", path="/")
        with client(session=session) as http:
            kept_of([[f"c{n}=1" for n in range(60)]], http)
        names = {cookie.name for cookie in session.cookies}
        assert names == {f"mine{n}" for n in range(60)} | {f"c{n}" for n in range(10, 60)}


# A session of the user's


@contextmanager
def users_session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers.update({"X-Session": "mine", "User-Agent": "theirs", "Accept-Encoding": "gzip"})
        session.cookies.set("logged", "in")
        session.params = {"tenant": "7"}
        session.auth = ("user", "pass")
        yield session


def test_the_users_session_lends_headers_cookies_params_and_auth() -> None:
    with users_session() as session:
        request = request_of("/", session=session)
    assert request.target == "/?tenant=7"
    assert request.header("X-Session") == "mine"
    assert request.header("User-Agent") == "theirs"
    assert request.header("Cookie") == "logged=in"
    assert request.header("Authorization") == "Basic dXNlcjpwYXNz"
    assert request.header("Accept-Encoding") == "identity"


def test_options_go_before_the_users_session() -> None:
    with users_session() as session:
        request = request_of("/", session=session, headers={"X-Session": "other"}, auth=("a", "b"))
    assert request.header("X-Session") == "other"
    assert request.header("Authorization") == "Basic YTpi"


def test_the_users_session_gets_cookies_and_is_not_closed() -> None:
    with users_session() as session, Server(reply(200, b"", "Set-Cookie: new=1"), reply()) as server:
        with client(session=session) as http:
            http.get(server.url(), soon())
        assert session.cookies.get("new") == "1"
        assert session.get(server.url(), timeout=10).status_code == 200
        assert session.headers["User-Agent"] == "theirs"


def test_the_users_session_chooses_the_authorities(authority: Authority) -> None:
    with requests.Session() as session, Server(reply(), tls=authority.good) as server:
        session.verify = authority.ca_file
        with client(session=session) as http:
            assert http.prepare(server.url()).ca == authority.ca_file
            assert http.get(server.url(), soon()).status == 200


def test_the_users_session_lends_its_certificate(authority: Authority) -> None:
    with requests.Session() as session, Server(reply(), tls=authority.wants_certificate()) as server:
        session.cert = authority.client_file
        with client(session=session, verify=authority.ca_file) as http:
            assert http.prepare(server.url()).cert == (authority.client_file, None)
            assert http.get(server.url(), soon()).status == 200


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Server(reply()) as elsewhere:
        response = get(reply(status, b"over there", f"Location: {elsewhere.url()}"))
        assert response == Response(status, f"to {elsewhere.url('')}")
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("http://[::1", "over there"),
        ("http://", "over there"),
        ("//", "over there"),
        ("http://a:b:c/", "to http://a:b:c"),
        ("\xff\xfe", "over there"),
        ("mailto:x", "over there"),
        ("mailto:/x", "over there"),
        ("/login?token=secret", "to /login"),
        ("login", "over there"),
        ("https://user:secret@b.example:8443/path?token=secret", "to https://b.example:8443"),
    ],
)
def test_a_redirect_says_where_to_and_no_secret(location: str, where: str) -> None:
    assert get(reply(302, b"over there", f"Location: {location}")) == Response(302, where)


def test_the_body_of_a_redirect_is_not_read_beyond_the_limit() -> None:
    sent: list[int] = []

    def pour(peer: Peer) -> None:
        peer.read_head()
        peer.answer(302, b"", "Location: /elsewhere", length=64 * 2**20)
        for _ in range(64):
            peer.send(b"x" * 2**20)
            sent.append(1)

    with pytest.raises(ConnectError, match="larger than 65536 bytes"):
        get(pour)
    assert len(sent) < 60


# Limits


def test_a_body_of_just_the_limit_is_read() -> None:
    assert get(reply(200, b"x" * MOST_BODY)).body == "x" * MOST_BODY


def test_a_body_above_the_limit_is_refused() -> None:
    with pytest.raises(ConnectError, match="larger than 65536 bytes"):
        get(reply(200, b"x" * (MOST_BODY + 1)))


def test_an_endless_body_is_refused() -> None:
    sent: list[int] = []

    def pour(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(64):
            peer.send(b"x" * 2**20)
            sent.append(1)

    with pytest.raises(ConnectError, match="larger than 65536 bytes"):
        get(pour)
    assert len(sent) < 60


def test_a_compressed_body_is_refused_as_nobody_asked_for_it() -> None:
    bomb = gzip.compress(b"x" * 64 * 2**20)
    with pytest.raises(ConnectError, match="compressed"):
        get(reply(200, bomb, "Content-Encoding: gzip"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Enc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nnope",
        b"HTTP/1.1 abc OK\r\n\r\n",
    ],
    ids=[
        "nothing",
        "ssh",
        "a long line",
        "many headers",
        "status line",
        "no head",
        "cut head",
        "cut",
        "bad chunk",
        "not gzip",
        "status",
    ],
)
def test_a_response_that_is_not_http_is_a_connect_error(data: bytes) -> None:
    with pytest.raises(ConnectError) as caught:
        get(raw(data), path="/?token=secret")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_response_that_is_cut_may_be_whole_the_next_time() -> None:
    announcement = b"sid:60:60:websocket"
    whole = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: %d\r\n\r\n%s" % (len(announcement), announcement)
    for length in range(len(whole)):
        with pytest.raises(ConnectError) as caught:
            get(raw(whole[:length]))
        assert caught.value.retryable


def test_what_a_stranger_says_is_neither_quoted_in_full_nor_raw() -> None:
    with pytest.raises(ConnectError) as caught:
        get(raw(b"\x1b[31mSSH-2.0-" + b"x" * 10_000 + b"\r\n"))
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def _drip(head: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(head)
        while not peer.server.ended.wait(0.02):
            peer.send(b"x")

    return script


@pytest.mark.parametrize(
    "script",
    [
        say_nothing,
        _drip(b"HTTP/1.1 200 O"),
        _drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        _drip(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"),
        _drip(b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["silent", "status line", "header", "body", "endless body"],
)
def test_a_response_without_end_is_given_up_at_the_deadline(script: Script) -> None:
    with pytest.raises(ConnectError, match="did not respond in time") as caught:
        get(script, seconds=0.3)
    assert caught.value.retryable


def test_chunks_that_never_end_are_given_up_at_the_deadline() -> None:
    def drip(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not peer.server.ended.wait(0.02):
            peer.send(b"1\r\nx\r\n")

    with pytest.raises(ConnectError, match="did not respond in time"):
        get(drip, seconds=0.3)


def test_nothing_is_sent_after_the_deadline() -> None:
    with Server(reply()) as server, client() as http:
        with pytest.raises(ConnectError, match="did not respond in time"):
            http.get(server.url(), time.monotonic() - 1)
        assert server.connections == 0


# Connecting


def test_a_port_without_a_server_is_refused() -> None:
    with (
        closed_port() as port,
        client(params={"token": "secret"}, auth=("user", "secret")) as http,
        pytest.raises(ConnectError) as caught,
    ):
        http.get(f"http://localhost:{port}/socket.io/1/?of=secret", soon())
    assert f"http://localhost:{port} refused the connection: is the server running" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.retryable


def test_a_silent_port_is_given_up_at_the_deadline() -> None:
    with deaf_port() as port, client() as http:
        task = Task(http.get, f"http://127.0.0.1:{port}/?token=secret", time.monotonic() + 0.2)
        with pytest.raises(ConnectError, match=rf"^http://127\.0\.0\.1:{port} did not respond in time"):
            task.result()


@pytest.mark.parametrize("host", ["*.example", ".example", "a" * 64 + ".example", "exa mple"])
def test_a_host_that_cannot_be_is_an_error_without_secrets(host: str) -> None:
    with client() as http, pytest.raises((ConnectError, ValueError)) as caught:
        http.get(f"http://user:secret@{host}/?token=secret", soon())
    assert "secret" not in str(caught.value)


def test_a_proxy_is_used() -> None:
    with Server(reply(200, b"by proxy")) as proxy, client(proxies={"http": proxy.url()}) as http:
        assert http.get("http://far.example/socket.io/1/", soon()) == Response(200, "by proxy")
        assert proxy.requests[0].target == "http://far.example/socket.io/1/"


def test_the_error_of_a_proxy_that_refuses_has_no_password() -> None:
    with Server(reply(407, b"who are you?")) as proxy:
        url = proxy.url().replace("http://", "http://user:secret@")
        with client(proxies={"https": url}) as http, pytest.raises(ConnectError) as caught:
            http.get("https://far.example/?token=secret", soon())
    assert "407" in str(caught.value)
    assert f"(through the proxy 127.0.0.1:{proxy.port})" in str(caught.value)
    assert "secret" not in str(caught.value)


def socks5(peer: Peer) -> None:
    """Script: let a client in that shows its password, and be the server that it wants."""
    _, count = peer.read(2)
    assert 2 in peer.read(count)
    peer.send(b"\x05\x02")
    _, size = peer.read(2)
    user = peer.read(size)
    password = peer.read(peer.read(1)[0])
    peer.send(b"\x01\x00")
    assert peer.read(4) == b"\x05\x01\x00\x03", "the name of the host is not sent as it is"
    host = peer.read(peer.read(1)[0])
    port = int.from_bytes(peer.read(2), "big")
    peer.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    peer.read_head()
    peer.answer(200, b"%s %s %s %d" % (user, password, host, port))


def test_a_socks_proxy_is_used() -> None:
    with Server(socks5) as proxy:
        url = proxy.url().replace("http://", "socks5h://me:p%40ss@").rstrip("/")
        with client(proxies={"http": url}) as http:
            assert http.get("http://far.example/", soon()) == Response(200, "me p@ss far.example 80")


def test_a_socks_proxy_with_a_dead_address_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    class Noting(Dial):
        def __init__(self, addresses: Any, *rest: Any) -> None:
            tried.append([info[4][0] for info in addresses])
            super().__init__(addresses, *rest)

    monkeypatch.setattr(stream, "Dial", Noting)
    with Server(hand_over, socks5, socks5) as proxy, monkeypatch.context() as patch:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, proxy.port))
            for host in ("127.0.0.2", "127.0.0.1")
        ]
        patch.setattr(socket, "getaddrinfo", lambda *args, **options: addresses)
        with client(proxies={"http": f"socks5h://me:p%40ss@two.example:{proxy.port}"}) as http:
            for _ in range(2):
                assert http.get("http://far.example/", soon()) == Response(200, "me p@ss far.example 80")
            assert tried == [["127.0.0.2", "127.0.0.1"]]
            addresses.pop()  # the one that answered is gone
            with pytest.raises(ConnectError):
                http.get("http://far.example/", soon())
            assert http.prepare("http://far.example/").answered == {}


def test_a_socks_proxy_that_is_not_there_is_a_connect_error() -> None:
    with (
        closed_port() as port,
        client(proxies={"http": f"socks5h://127.0.0.1:{port}"}) as http,
        pytest.raises(ConnectError, match="cannot connect"),
    ):
        http.get("http://far.example/", soon())


def test_without_pysocks_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)  # as where it is not installed
    with client(proxies={"http": "socks5://127.0.0.1:1"}) as http, pytest.raises(ConnectError, match=r"\[socks\]"):
        http.get("http://far.example/", soon())


def test_a_proxy_of_another_kind_is_refused() -> None:
    with (
        client(proxies={"http": "https://127.0.0.1:1"}) as http,
        pytest.raises(ConnectError, match="a proxy must be http"),
    ):
        http.get("http://far.example/", soon())


def test_an_encrypted_request_goes_through_a_tunnel_of_the_proxy(authority: Authority) -> None:
    def tunnel(peer: Peer) -> None:
        assert peer.read_head().header("Proxy-Authorization") == "Basic dXNlcjpwQHNz"
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            copy = threading.Thread(target=_copy, args=(peer.sock, onward))
            copy.start()
            _copy(onward, peer.sock)
            copy.join()

    with Server(reply(200, b"secure"), tls=authority.good) as server, Server(tunnel) as proxy:
        url = proxy.url().replace("http://", "http://user:p%40ss@")
        with client(proxies={"https": url}, verify=authority.ca_file) as http:
            assert http.get(server.url(), soon()) == Response(200, "secure")
        assert proxy.requests[0].raw.startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % server.port)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_an_endless_head_is_refused() -> None:
    with pytest.raises(ConnectError, match="head of the response is too large"):
        get(raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: " % n + b"x" * 9000 + b"\r\n" for n in range(20))))


# Certificates


@pytest.mark.parametrize("certificate", ["self_signed", "other_host", "expired"])
def test_a_bad_certificate_is_refused(authority: Authority, certificate: str) -> None:
    with Server(reply(), tls=getattr(authority, certificate)) as server, client(verify=authority.ca_file) as http:
        with pytest.raises(ConnectError) as caught:
            http.get(server.url("/?token=secret"), soon())
        assert server.requests == []
    text = str(caught.value)
    assert text.startswith(f"the certificate of https://127.0.0.1:{server.port} was not accepted: ")
    assert text.endswith("See verify=")
    assert "secret" not in text
    assert not caught.value.retryable


@pytest.mark.parametrize("verify", [True, None])
def test_certificates_are_verified_unless_the_user_says_otherwise(authority: Authority, verify: bool | None) -> None:
    with Server(reply(), tls=authority.good) as server, client(verify=verify) as http:
        with pytest.raises(ConnectError, match="certificate"):
            http.get(server.url(), soon())
        assert http.prepare(server.url()).ca == requests.certs.where()


@pytest.mark.parametrize("certificate", ["good", "self_signed", "other_host", "expired"])
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # urllib3 tells the user what he has chosen
def test_without_verification_every_certificate_will_do(authority: Authority, certificate: str) -> None:
    with Server(reply(), tls=getattr(authority, certificate)) as server, client(verify=False) as http:
        assert http.get(server.url(), soon()).status == 200
        assert http.prepare(server.url()).ca is None


def test_the_users_authorities_are_trusted_on_every_leg(authority: Authority) -> None:
    with Server(reply(), tls=authority.good) as server, client(verify=authority.ca_file) as http:
        assert http.get(server.url(), soon()).status == 200
        assert http.prepare(server.url()).ca == authority.ca_file


@pytest.mark.parametrize("kind", [Path, str.encode])
def test_the_users_authorities_may_be_a_path(authority: Authority, kind: Callable[[str], Any]) -> None:
    with Server(reply(), tls=authority.good) as server, client(verify=kind(authority.ca_file)) as http:
        assert http.get(server.url(), soon()).status == 200


def test_a_context_says_all_about_encryption(authority: Authority) -> None:
    context = authority.client()
    context.load_cert_chain(authority.client_file)
    with Server(reply(), tls=authority.wants_certificate()) as server, client(verify=context) as http:
        assert http.prepare(server.url()).ca is context
        assert http.get(server.url(), soon()).status == 200


def test_the_environments_authorities_are_trusted_on_every_leg(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.ca_file)
    with Server(reply(), tls=authority.good) as server, client() as http:
        assert http.get(server.url(), soon()).status == 200
        assert http.prepare(server.url()).ca == authority.ca_file


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_used_unless_that_says_no(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "http://proxy.invalid:1")
    with client() as http:
        assert http.prepare("http://server.invalid/").proxy == "http://proxy.invalid:1"
    monkeypatch.setenv("no_proxy", "server.invalid")
    with client() as http:
        assert http.prepare("http://server.invalid/").proxy is None


def test_a_session_may_keep_the_environment_out(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.ca_file)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    session = requests.Session()
    session.trust_env, session.proxies = False, {"https": "http://proxy.invalid:2"}
    with client(session=session) as http:
        assert http.prepare("http://server.invalid/").proxy is None
    with client(session=session) as http:
        request = http.prepare("https://server.invalid/")
        assert (request.proxy, request.ca) == ("http://proxy.invalid:2", requests.certs.where())


@pytest.mark.parametrize("certificate", ["good", "self_signed"])
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # as above
def test_the_environment_does_not_turn_verification_on_again(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, certificate: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
    with Server(reply(), tls=getattr(authority, certificate)) as server, client(verify=False) as http:
        assert http.get(server.url(), soon()).status == 200
        assert http.prepare(server.url()).ca is None


def test_the_environment_does_not_replace_the_users_authorities(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.ca_file)
    with Server(reply(), tls=authority.good) as server, client(verify=requests.certs.where()) as http:
        with pytest.raises(ConnectError, match="certificate"):
            http.get(server.url(), soon())
        assert http.prepare(server.url()).ca == requests.certs.where()


def test_the_clients_certificate_is_shown_on_every_leg(authority: Authority) -> None:
    cert = (authority.client_file, Path(authority.client_file))
    with Server(reply(), tls=authority.wants_certificate()) as server:
        with client(verify=authority.ca_file, cert=cert) as http:
            assert http.get(server.url(), soon()).status == 200
            assert http.prepare(server.url()).cert == (authority.client_file, authority.client_file)
        with client(verify=authority.ca_file) as http, pytest.raises(ConnectError):
            http.get(server.url(), soon())


# The upgrade


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host.example/a/b?c=d", (False, "host.example", 80, "/a/b?c=d")),
        ("https://host.example", (True, "host.example", 443, "/")),
        ("http://127.0.0.1:8080/a/", (False, "127.0.0.1", 8080, "/a/")),
        ("https://[::1]:8443/x", (True, "::1", 8443, "/x")),
        ("http://b\xfccher.example/", (False, "xn--bcher-kva.example", 80, "/")),
    ],
)
def test_an_upgrade_says_where_to_connect_and_what_to_ask(url: str, expected: tuple[object, ...]) -> None:
    with client() as http:
        upgrade = http.prepare(url)
    assert (upgrade.secure, upgrade.host, upgrade.port, upgrade.path) == expected
    assert upgrade.headers["User-Agent"] == "sioclient"
    assert "Accept-Encoding" not in upgrade.headers


# Aborting


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("half", ["", "HTTP/1.1 200 OK\r\nX: ", "Keep-Alive", "Close"])
def test_abort_ends_a_get_in_flight(authority: Authority, scheme: str, half: str) -> None:
    def half_a_response(peer: Peer) -> None:
        peer.read_head()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: {half}\r\n\r\nhalf"
        peer.send((head if half.isalpha() or "-" in half else half).encode())
        hand_over(peer)

    tls = authority.good if scheme == "https" else None
    with Server(half_a_response, tls=tls) as server, client(verify=authority.ca_file) as http:
        task = Task(http.get, server.url(), time.monotonic() + 60)
        server.next_peer()
        task.wait_until_blocked()
        http.abort()
        with pytest.raises(ConnectError):
            task.result()


def test_abort_ends_connecting() -> None:
    with deaf_port() as port, client() as http:
        task = Task(http.get, f"http://127.0.0.1:{port}/", time.monotonic() + 20)
        task.wait_until_blocked()
        http.abort()
        with pytest.raises(ConnectError):
            task.result()


def test_abort_ends_the_tls_handshake() -> None:
    with Server(hand_over) as server, client() as http:
        task = Task(http.get, server.url().replace("http", "https"), time.monotonic() + 20)
        server.next_peer().read(5)
        task.wait_until_blocked()
        http.abort()
        with pytest.raises(ConnectError):
            task.result()


def test_abort_lasts_until_the_next_connection_begins() -> None:
    with Server(reply()) as server, client() as http:
        http.abort()
        with pytest.raises(ConnectError, match="aborted"):
            http.get(server.url(), soon())
        assert server.requests == []
        http.renew()
        assert http.get(server.url(), soon()).status == 200
        http.abort()  # nothing is in flight


def test_abort_through_a_proxy_ends_a_get_in_flight() -> None:
    with Server(say_nothing) as proxy, client(proxies={"http": proxy.url()}) as http:
        task = Task(http.get, "http://far.example/", time.monotonic() + 60)
        proxy.next_peer()
        task.wait_until_blocked()
        http.abort()
        with pytest.raises(ConnectError):
            task.result()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_descriptor_is_left_after_close(authority: Authority, scheme: str) -> None:
    def keep_alive(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        peer.wait_for_the_end()

    gc.collect()
    before = descriptors()
    tls = authority.good if scheme == "https" else None
    with Server(keep_alive, tls=tls) as server, client(verify=authority.ca_file) as http:
        assert http.get(server.url(), soon()) == Response(200, "ok")
    gc.collect()
    assert descriptors() == before


def test_a_cookie_of_one_connection_is_not_sent_by_another() -> None:
    first, second = HttpClient(Options()), HttpClient(Options())
    first.keep_cookies(first.prepare("http://x/"), {"set-cookie": ["a=1"]})
    assert first.prepare("http://x/").headers["Cookie"] == "a=1"
    assert "Cookie" not in second.prepare("http://x/").headers
