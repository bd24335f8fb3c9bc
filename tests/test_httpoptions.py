"""The values that requests takes are checked before a byte is sent."""

from __future__ import annotations

import functools
import http.cookiejar
import io
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sioclient import SocketIO
from sioclient.httpoptions import check_header, is_coroutine_function, takes
from sioclient.options import Options

# Headers and cookies


def _cookie(name: Any, value: Any) -> http.cookiejar.Cookie:
    return http.cookiejar.Cookie(
        0, name, value, None, False, "h", False, False, "/", False, False, None, False, None, None, {}
    )


def _jar(name: Any, value: Any) -> http.cookiejar.CookieJar:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(_cookie(name, value))
    return jar


@pytest.mark.parametrize(
    "values",
    [None, {}, {"X-Key": "v"}, {"X-Key": "caf\xe9"}, {b"X-Key": b"\xff"}, {"X-Key": ""}, lambda: {"X": "\r\n"}],
)
@pytest.mark.parametrize("what", ["headers", "cookies"])
def test_what_can_be_sent_as_it_is_is_fine(what: str, values: Any) -> None:
    Options(**{what: values})


def test_a_cookie_jar_is_fine() -> None:
    Options(cookies=_jar("a", "1"))


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\r\nX-Injected: 1", "a\0b", "\n", b"a\r\nb", b"\0"])
@pytest.mark.parametrize("what", ["headers", "cookies"])
def test_a_line_break_or_nul_is_refused(what: str, bad: Any) -> None:
    with pytest.raises(ValueError, match=f"^'name' in {what} holds a line break or NUL, which would make it several"):
        Options(**{what: {"name": bad}})
    with pytest.raises(ValueError, match=f"^the name of one of {what} holds a line break or NUL"):
        Options(**{what: {bad: "value"}})


@pytest.mark.parametrize("bad", ["X Y", "X:", "X(1)", "", b"X Y", "\xe4"])
def test_what_is_no_name_of_a_header_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"^headers has .*, but the name of a header has only letters"):
        Options(headers={bad: "value"})


@pytest.mark.parametrize("bad", ["\u20ac", "\u0141", "\U0001f600", "\ud83d"])
@pytest.mark.parametrize("what", ["headers", "cookies"])
def test_what_is_not_latin1_is_refused(what: str, bad: str) -> None:
    with pytest.raises(ValueError, match=f"^'name' in {what} holds characters that are not latin-1: encode them"):
        Options(**{what: {"name": bad}})
    with pytest.raises(ValueError, match=f"^the name of one of {what} holds characters that are not latin-1"):
        Options(**{what: {bad: "value"}})


@pytest.mark.parametrize("bad", ["a\r\nb", "\u20ac"])
def test_a_bad_cookie_in_a_jar_is_refused(bad: str) -> None:
    for jar in (_jar("a", bad), _jar(bad, "1")):
        with pytest.raises(ValueError, match="cookies"):
            Options(cookies=jar)


@pytest.mark.parametrize(
    ("what", "bad"), [*((what, bad) for what in ("headers", "cookies") for bad in (1, ["a"], 1.5)), ("cookies", None)]
)
def test_what_is_no_text_is_refused(what: str, bad: Any) -> None:
    with pytest.raises(TypeError, match=f"^'name' in {what} must be text, not {type(bad).__name__}$"):
        Options(**{what: {"name": bad}})


@pytest.mark.parametrize("bad", ["a=b", 1, True])
@pytest.mark.parametrize("what", ["headers", "cookies"])
def test_headers_and_cookies_are_dictionaries(what: str, bad: Any) -> None:
    with pytest.raises(TypeError, match=f"^{what} must be a dictionary, or a function that returns one, not "):
        Options(**{what: bad})


def test_pairs_are_not_headers() -> None:
    with pytest.raises(TypeError, match="headers"):
        Options(headers=[("X-Key", "1")])


def test_a_message_that_is_refused_does_not_show_the_value() -> None:
    with pytest.raises(ValueError, match="Authorization") as caught:
        Options(headers={"Authorization": "secret\r\n"})
    assert "secret" not in str(caught.value)


def test_one_header_can_be_checked_by_itself() -> None:
    check_header("it", "fine")
    with pytest.raises(ValueError, match=r"^it holds a line break"):
        check_header("it", "not\nfine")


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "UPGRADE", "Sec-WebSocket-Key", b"sec-websocket-extensions"],
)
def test_headers_that_only_the_library_can_write_are_refused(name: Any) -> None:
    with pytest.raises(ValueError, match=r"^headers must not have .*: the library writes it$"):
        Options(headers={name: "1"})


def test_a_connection_header_must_not_upgrade() -> None:
    Options(headers={"Connection": "close", "Sec-WebSocket-Protocol": "mine", "X-Content-Length": "1"})
    with pytest.raises(ValueError, match=r"^headers must not have connection"):
        Options(headers={"connection": "keep-alive, Upgrade"})


def test_cookies_are_given_in_one_option() -> None:
    for headers in ({"cookie": "a=1"}, {b"Cookie": b"a=1"}):
        with pytest.raises(ValueError, match=r"^headers has a Cookie, so cookies= would not be sent"):
            Options(headers=headers, cookies={"b": "2"})
    Options(headers={"Cookie": None}, cookies={"b": "2"})
    Options(headers={"Cookie": "a=1"}, cookies={})
    Options(headers=lambda: {"Cookie": "a=1"}, cookies={"b": "2"})  # checked when it is called


@pytest.mark.parametrize("name", ["params", "headers", "cookies"])
def test_a_function_must_need_no_arguments(name: str) -> None:
    Options(**{name: functools.partial(lambda value: value, {"a": "1"})})
    Options(**{name: dict})  # does not say what it takes
    with pytest.raises(TypeError, match=f"^{name} must be a dictionary, or a function without arguments"):
        Options(**{name: lambda value: value})


@pytest.mark.parametrize("params", [iter([("a", "1")]), map(tuple, ["a1"]), io.BytesIO(b"a=1")])
def test_params_that_can_be_read_once_are_refused(params: Any) -> None:
    with pytest.raises(TypeError, match=r"^params must be .*, not .*: every request needs them"):
        Options(params=params)


@pytest.mark.parametrize("params", [5, object(), True])
def test_params_of_another_type_are_refused(params: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^params must be a dictionary, a list of pairs or text, not (int|object|bool)$"
    ):
        Options(params=params)


@pytest.mark.parametrize("params", [[1], {1, 2}, ["ab"], [("a", "b", "c")], [("a", "b"), "c"]])
def test_params_that_are_no_pairs_are_refused(params: Any) -> None:
    with pytest.raises(TypeError, match=r"^each of params must be a pair"):
        Options(params=params)


@pytest.mark.parametrize(
    "params", [None, "a=b", b"a=b", {"a": 1}, [("a", "b"), ["c", "d"]], (("a", "b"),), [], {("a", 1)}]
)
def test_params_are_what_requests_takes(params: Any) -> None:
    assert Options(params=params).params is params


@pytest.mark.parametrize("proxies", [None, {}, {"http": "http://p", "no_proxy": "h"}, {"https://h": None}])
def test_proxies_are_urls_by_scheme(proxies: Any) -> None:
    assert Options(proxies=proxies).proxies is proxies


@pytest.mark.parametrize("proxies", ["http://p", [("http", "http://p")], {1: "http://p"}, {"http": 8080}])
def test_other_proxies_are_refused(proxies: Any) -> None:
    with pytest.raises(TypeError, match=r"^proxies must "):
        Options(proxies=proxies)


@pytest.mark.parametrize("scheme", ["ws", "wss", "wss://h"])
def test_a_proxy_for_websockets_alone_is_refused(scheme: str) -> None:
    with pytest.raises(ValueError, match=f"^proxies must say 'http' or 'https', not '{scheme}'"):
        Options(proxies={scheme: "http://p"})


@pytest.mark.parametrize(
    "verify", [None, True, False, "ca.pem", b"ca.pem", Path("ca.pem"), ssl.create_default_context()]
)
def test_verify_is_a_flag_a_path_or_a_context(verify: Any) -> None:
    assert Options(verify=verify).verify is verify


@pytest.mark.parametrize("verify", [0, 1, ["ca.pem"], object()])
def test_another_verify_is_refused(verify: Any) -> None:
    with pytest.raises(
        TypeError, match=f"^verify must be True, False, .* ssl.SSLContext, not {type(verify).__name__}$"
    ):
        Options(verify=verify)


def test_verify_without_ssl_loaded_is_no_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ssl")
    with pytest.raises(TypeError, match="not SSLContext"):
        Options(verify=ssl.create_default_context())


@pytest.mark.parametrize("cert", [None, "c.pem", Path("c.pem"), ("c.pem", "k.pem"), [Path("c.pem"), b"k"], ("c", None)])
def test_cert_is_one_file_or_two(cert: Any) -> None:
    assert Options(cert=cert).cert is cert


@pytest.mark.parametrize(
    ("cert", "error"),
    [
        (("c",), ValueError),
        (("c", "k", "password"), ValueError),
        ((1, 2), ValueError),
        (("c", ""), ValueError),
        (5, TypeError),
    ],
)
def test_another_cert_is_refused(cert: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^cert must be a file, or a pair of files"):
        Options(cert=cert)


@pytest.mark.parametrize("name", ["verify", "cert"])
@pytest.mark.parametrize("value", ["", b""])
def test_an_empty_path_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be .*, not an empty text$"):
        Options(**{name: value})


def test_a_context_has_the_clients_certificate_itself() -> None:
    context = ssl.create_default_context()
    with requests.Session() as session:
        Options(verify=context, session=session)
        session.cert = "c.pem"
        theirs = changed(verify=context)
        Options(session=theirs)
        Options(session=theirs, verify=False, cert="c.pem")
        clashes: list[dict[str, Any]] = [
            {"verify": context, "cert": "c.pem"},
            {"verify": context, "session": session},
            {"session": theirs, "cert": "c.pem"},
            {"session": theirs, "cert": "c.pem", "verify": None},
        ]
        for options in clashes:
            with pytest.raises(ValueError, match=r"^cert goes into the context of verify: call its load_cert_chain"):
                Options(**options)


# Sessions


class Own(requests.Session):
    """A session that sends in a way of its own."""


def own(method: str) -> requests.Session:
    return type("Own", (requests.Session,), {method: lambda self, *args: None})()


def changed(**attributes: Any) -> requests.Session:
    session = requests.Session()
    for name, value in attributes.items():
        setattr(session, name, value)
    return session


def mounted(prefix: str, adapter: Any) -> requests.Session:
    session = requests.Session()
    session.mount(prefix, adapter)
    return session


class Adapter(requests.adapters.HTTPAdapter):
    """An adapter that does something."""


def with_hook() -> requests.Session:
    session = requests.Session()
    session.hooks["response"].append(lambda response, **kwargs: response)
    return session


@pytest.mark.parametrize(
    "session",
    [
        None,
        requests.Session(),
        Own(),
        mounted("https://h", requests.adapters.HTTPAdapter(pool_maxsize=50)),
        changed(verify=Path("ca.pem"), cert=("c", "k"), auth=("u", "p"), proxies={"http": "http://p"}),
    ],
)
def test_a_session_that_sends_as_requests_does_is_fine(session: Any) -> None:
    assert Options(session=session).session is session


@pytest.mark.parametrize("session", [requests, requests.Session, "session", {}])
def test_a_session_is_one_of_requests(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match=r"^session must be a requests\.Session, not "):
        Options(session=session)
    monkeypatch.delitem(sys.modules, "requests")
    with pytest.raises(TypeError, match=r"^session must be a requests\.Session, not "):
        Options(session=session)


@pytest.mark.parametrize("method", ["request", "send", "get_adapter", "prepare_request", "merge_environment_settings"])
def test_a_session_that_sends_in_its_own_way_is_refused(method: str) -> None:
    for session in (own(method), changed(**{method: functools.partial(print)})):
        with pytest.raises(ValueError, match=rf"^session must be a plain requests\.Session: {method}\(\) of this "):
            Options(session=session)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: mounted("https://", Adapter()),
            "has an adapter of its own for https://, Adapter, which would not be used",
        ),
        (
            lambda: mounted("http://h", requests.adapters.HTTPAdapter(max_retries=3)),
            "has an adapter of its own for http://h",
        ),
        (with_hook, "has hooks, which would not be called"),
    ],
    ids=["adapter", "retries", "hooks"],
)
def test_what_a_session_cannot_lend_is_refused(make: Callable[[], requests.Session], message: str) -> None:
    with pytest.raises(ValueError, match=f"^session {message}"):
        SocketIO("localhost", 1, session=make())


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("headers", {"X": "a\nb"}, ValueError),
        ("params", iter([]), TypeError),
        ("proxies", "http://p", TypeError),
        ("verify", 0, TypeError),
        ("cert", 5, TypeError),
        ("auth", "text", TypeError),
    ],
)
def test_the_values_of_a_session_are_checked(name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        Options(session=changed(**{name: value}))


# What can be called


def test_whether_a_function_takes_so_many_arguments() -> None:
    assert takes(lambda: 0, 0) is True
    assert takes(lambda a: 0, 0) is False
    assert takes(lambda a: 0, 1) is True
    assert takes(dict, 0) is None


def test_a_coroutine_function_is_told_from_a_plain_one() -> None:
    async def wait() -> None: ...

    assert is_coroutine_function(wait)
    assert not is_coroutine_function(print)
    assert not is_coroutine_function({"token": "x"})
