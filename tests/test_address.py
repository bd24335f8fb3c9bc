"""Where a server is."""

from __future__ import annotations

from typing import Any

import pytest

from sioclient.address import Address, fresh_url, parse_address


def address(
    host: Any = "localhost", port: Any = None, *, secure: bool | None = None, resource: Any = "socket.io"
) -> Address:
    return parse_address(host, port, secure, resource)


@pytest.mark.parametrize(
    ("found", "secure", "host", "port"),
    [
        (address("localhost"), False, "localhost", 80),
        (address("localhost", 8000), False, "localhost", 8000),
        (address("localhost:8000"), False, "localhost", 8000),
        (address("localhost", secure=True), True, "localhost", 443),
        (address("localhost", 8443, secure=True), True, "localhost", 8443),
        (address("localhost:8443", secure=True), True, "localhost", 8443),
        (address("127.0.0.1"), False, "127.0.0.1", 80),
        (address("::1"), False, "::1", 80),
        (address("::1", 8000), False, "::1", 8000),
        (address("[::1]"), False, "::1", 80),
        (address("[::1]:8000"), False, "::1", 8000),
        (address("[::1]", 8000, secure=True), True, "::1", 8000),
        (address("http://example.com"), False, "example.com", 80),
        (address("ws://example.com"), False, "example.com", 80),
        (address("https://example.com"), True, "example.com", 443),
        (address("wss://example.com"), True, "example.com", 443),
        (address("HTTPS://Example.COM"), True, "example.com", 443),
        (address("http://example.com:8000/"), False, "example.com", 8000),
        (address("http://example.com", 8000), False, "example.com", 8000),
        (address("http://example.com:8000", 8000), False, "example.com", 8000),
        (address("https://example.com", secure=True), True, "example.com", 443),
        (address("http://example.com", secure=False), False, "example.com", 80),
        (address("http://[::1]:8000/"), False, "::1", 8000),
        (address("localhost", 1), False, "localhost", 1),
        (address("//example.com:8000/a"), False, "example.com", 8000),
        (address("localhost", 65535), False, "localhost", 65535),
    ],
    ids=str,
)
def test_a_host_a_port_or_a_url_say_where(found: Address, secure: bool, host: str, port: int) -> None:
    assert (found.secure, found.host, found.port) == (secure, host, port)


@pytest.mark.parametrize(
    ("url", "resource", "expected"),
    [
        ("localhost", "socket.io", "socket.io"),
        ("localhost", "/socket.io/", "socket.io"),
        ("localhost", "chat", "chat"),
        ("localhost", "a/b", "a/b"),
        ("localhost", "caf\xe9 ".strip(), "caf%C3%A9"),
        ("localhost", "a%20b", "a%20b"),
        ("http://h/app", "socket.io", "app/socket.io"),
        ("http://h/app/", "socket.io", "app/socket.io"),
        ("http://h/a/b", "c", "a/b/c"),
        ("http://h/socket.io", "socket.io", "socket.io"),
        ("http://h/socket.io/", "socket.io", "socket.io"),
        ("http://h/app/socket.io/", "socket.io", "app/socket.io"),
        ("http://h/mysocket.io", "socket.io", "mysocket.io/socket.io"),
        ("h/app", "socket.io", "app/socket.io"),
        ("http://h/#fragment", "socket.io", "socket.io"),
    ],
)
def test_the_path_of_a_url_is_where_the_server_is_mounted(url: str, resource: str, expected: str) -> None:
    found = address(url, resource=resource)
    assert found.resource == expected
    assert f"{found.mount}/{found.resource.removeprefix(found.mount).strip('/')}".strip("/") == expected


@pytest.mark.parametrize(("url", "mount"), [("h", ""), ("http://h/a/b", "a/b"), ("http://h/a/socket.io/", "a")])
def test_the_path_in_front_of_the_resource_is_known(url: str, mount: str) -> None:
    assert address(url).mount == mount


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("wss://h/socket.io/?EIO=4&transport=websocket&sid=abc", "https://h/socket.io/"),
        ("https://h/socket.io/?EIO=4&transport=polling&t=PQ1x&sid=abc", "https://h/socket.io/"),
        ("http://h/app/socket.io/?token=x&EIO=3&transport=polling&t=M1&b64=1&j=0", "http://h/app/socket.io/?token=x"),
        ("http://h/?tt=1&sid=2&EIO&xsid=3", "http://h/socket.io/?tt=1&xsid=3"),
        ("http://h/socket.io/1/", "http://h/socket.io/"),
        ("http://h/socket.io/1", "http://h/socket.io/"),
        ("http://h/socket.io/1/?t=1700000000000", "http://h/socket.io/"),
        ("ws://h:8000/socket.io/1/websocket/1234567890", "http://h:8000/socket.io/"),
        ("http://h/app/socket.io/1/xhr-polling/1234567890?t=17&token=x", "http://h/app/socket.io/?token=x"),
        ("http://h/socket.io/1/jsonp-polling/123?t=17&i=0", "http://h/socket.io/?i=0"),
        ("http://h/socket.io/1/htmlfile/", "http://h/socket.io/"),
        ("http://h/socket.io/2/", "http://h/socket.io/2/socket.io/"),
        ("http://h/socket.io/1/chat", "http://h/socket.io/1/chat/socket.io/"),
        ("http://h/socketXio/", "http://h/socketXio/socket.io/"),
    ],
)
def test_a_url_from_a_browser_is_one_of_a_server(url: str, base: str) -> None:
    found = address(url)
    assert found.url(f"/{found.resource}/") == base


def test_paths_may_be_without_their_trailing_slash() -> None:
    found = parse_address("http://h/app?token=x", None, None, "socket.io", trailing_slash=False)
    assert found.url("/app/socket.io/?EIO=4") == "http://h/app/socket.io?EIO=4&token=x"
    assert found.url("/app/socket.io/1/") == "http://h/app/socket.io/1?token=x"
    assert found.url("/app/socket.io/1/websocket/sid?a=b/?c") == "http://h/app/socket.io/1/websocket/sid?a=b/?c&token=x"


def test_the_query_of_a_url_goes_with_every_request() -> None:
    found = address("https://example.com:8443/path?token=x&y=1")
    assert found.query == "token=x&y=1"
    assert found.url("/a/") == "https://example.com:8443/a/?token=x&y=1"
    assert found.url("/a/?t=1") == "https://example.com:8443/a/?t=1&token=x&y=1"


@pytest.mark.parametrize(("url", "joint"), [("http://h/", "?"), ("http://h/?a=b", "&")])
def test_a_fresh_url_ends_with_the_time(url: str, joint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_123_456_789)
    assert fresh_url(url) == f"{url}{joint}t=1700000000123"


@pytest.mark.parametrize(
    ("url", "userinfo"),
    [
        ("http://user:pass@h", ("user", "pass")),
        ("http://user@h", ("user", "")),
        ("http://us%40er:p%3Aa@h", ("us@er", "p:a")),
        ("http://h", None),
    ],
)
def test_name_and_password_of_a_url_are_kept_apart(url: str, userinfo: tuple[str, str] | None) -> None:
    found = address(url)
    assert found.userinfo == userinfo
    assert found.url("/") == "http://h/"


@pytest.mark.parametrize(
    ("found", "url"),
    [
        (address("h"), "http://h/x"),
        (address("h", 8000), "http://h:8000/x"),
        (address("h", 443), "http://h:443/x"),
        (address("https://h"), "https://h/x"),
        (address("https://h", 80), "https://h:80/x"),
        (address("::1"), "http://[::1]/x"),
        (address("::1", 8000), "http://[::1]:8000/x"),
    ],
)
def test_the_url_has_a_port_only_where_it_is_needed(found: Address, url: str) -> None:
    assert found.url("/x") == url


def test_as_text_it_holds_no_secrets() -> None:
    assert str(address("https://user:secret@h:8443/app?token=secret")) == "https://h:8443/app/socket.io/"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": None}, "host must be a name such as 'localhost' or a URL, not NoneType"),
        ({"host": b"localhost"}, "host must be a name .* not bytes"),
        ({"resource": None}, "resource must be text such as 'socket.io', not NoneType"),
        ({"port": "8000"}, "port must be a number, not str"),
        ({"port": True}, "port must be a number, not bool"),
        ({"port": 80.0}, "port must be a number, not float"),
    ],
)
def test_a_value_of_another_type_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        address(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"port": 0}, "port must be a number from 1 to 65535, not 0"),
        ({"port": -1}, "port must be a number from 1 to 65535, not -1"),
        ({"port": 65536}, "port must be a number from 1 to 65535, not 65536"),
        ({"host": "http://h:0"}, "port"),
        ({"host": "http://h:65536"}, "[Pp]ort"),
        ({"host": "http://h:abc"}, "[Pp]ort"),
        ({"host": "h:abc"}, "[Pp]ort"),
        ({"host": "ftp://h"}, "must begin with http://, https://, ws:// or wss://, not ftp://"),
        ({"host": "://h"}, "must begin with http://"),
        ({"host": ""}, "there is no host in"),
        ({"host": "http://"}, "there is no host in"),
        ({"host": "http:///path"}, "there is no host in"),
        ({"host": "http://:80/"}, "there is no host in"),
        ({"host": "my host"}, "there is no host in"),
        ({"host": "localhost\n"}, "there is no host in"),
        ({"host": "local\r\nhost"}, "there is no host in"),
        ({"host": "http://h/\x00"}, "there is no host in"),
        ({"host": "http://h/?a=b c"}, "there is no host in"),
        ({"resource": ""}, "resource must be a path such as 'socket.io', not ''"),
        ({"resource": "/"}, "resource must be a path such as 'socket.io', not '/'"),
        ({"resource": "socket.io?x=1"}, "resource must be a path"),
        ({"resource": "a#b"}, "resource must be a path"),
        ({"resource": "a b"}, "resource must be a path"),
        ({"resource": "a\r\nb"}, "resource must be a path"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        address(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": "http://h", "secure": True}, "http:// and secure=True contradict each other"),
        ({"host": "ws://h", "secure": True}, "ws:// and secure=True contradict"),
        ({"host": "https://h", "secure": False}, "https:// and secure=False contradict"),
        ({"host": "wss://h", "secure": False}, "wss:// and secure=False contradict"),
        ({"host": "http://h:80", "port": 81}, "the URL says port 80, port= says 81"),
        ({"host": "h:8000", "port": 80}, "the URL says port 8000, port= says 80"),
    ],
)
def test_contradictions_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        address(**arguments)


@pytest.mark.parametrize("url", ["http://user:secret@:80/", "http://user:secret@/?t=secret", "ftp://user:secret@h"])
def test_what_is_wrong_is_said_without_secrets(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        address(url)
    assert "secret" not in str(caught.value)
