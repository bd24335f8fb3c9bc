"""Every option is checked before a byte is sent."""

from __future__ import annotations

import dataclasses
import http.cookiejar
import json
import re
from typing import Any

import pytest
import requests

from sioclient import SocketIO
from sioclient.options import (
    NAMES,
    TRANSPORTS,
    Options,
    OptionsDict,
    auth_data,
    check_header,
    check_timeout,
    make_options,
    split_auth,
)

SECONDS = ("connect_timeout", "reconnection_delay", "reconnection_limit")
SWITCHES = ("wait_for_connection", "reconnect", "reconnect_when_kicked")
WHOLE = {"buffer_size": 0, "max_message_size": 1, "max_reconnection_attempts": 0}


def test_the_defaults_are_those_that_are_promised() -> None:
    assert dataclasses.asdict(Options()) == {
        "secure": None,
        "resource": "socket.io",
        "json": None,
        "transports": ("websocket", "xhr-polling", "jsonp-polling", "htmlfile"),
        "connect_timeout": 10,
        "params": None,
        "headers": None,
        "cookies": None,
        "auth": None,
        "proxies": None,
        "verify": True,
        "cert": None,
        "session": None,
        "wait_for_connection": False,
        "reconnect": True,
        "reconnection_delay": 0.5,
        "reconnection_limit": 10,
        "max_reconnection_attempts": 10,
        "reconnect_when_kicked": False,
        "buffer_size": 1000,
        "max_message_size": 16 * 1024 * 1024,
        "revision": None,
        "parser": None,
    }


def test_type_checkers_know_every_option() -> None:
    known = {name: annotation.__forward_arg__ for name, annotation in OptionsDict.__annotations__.items()}
    assert known == {field.name: field.type for field in dataclasses.fields(Options)}


def test_every_option_is_documented() -> None:
    for documented in (SocketIO.__doc__, Options.__doc__):
        named = set(re.findall(r"\w+", documented or ""))
        assert named >= NAMES


def test_options_are_keywords() -> None:
    chosen = make_options({"reconnect": False}, defaults={"reconnect": True, "resource": "engine.io"})
    assert chosen == Options(reconnect=False, resource="engine.io")


@pytest.mark.parametrize("given", [{"colour": "red"}, {"reconnect": True, "colour": "red"}, {"json": None}])
def test_an_option_that_there_is_not_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(
        TypeError, match=r"^there is no option '(colour|json)'; there are auth, buffer_size, "
    ) as caught:
        make_options(given, without=("json",))
    assert "json" not in str(caught.value).partition(";")[2]


def test_options_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().reconnect = False  # type: ignore[misc]


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [0.001, 1, 2.5, 10**6])
def test_a_number_of_seconds_above_0_is_fine(name: str, value: float) -> None:
    assert getattr(Options(**{name: value}), name) == value


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [None, "1", True, 1j, [1]])
def test_seconds_are_a_number(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be a number of seconds, not {type(value).__name__}$"):
        Options(**{name: value})


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [0, -1, -0.5, float("inf"), float("nan")])
def test_seconds_are_above_0_and_end(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a number of seconds above 0, not {value}$"):
        Options(**{name: value})


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", [None, 0, 1, "yes"])
def test_a_switch_is_true_or_false(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be True or False, not {type(value).__name__}$"):
        Options(**{name: value})


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", [True, False])
def test_a_switch_is_kept(name: str, value: bool) -> None:
    assert getattr(Options(**{name: value}), name) is value


@pytest.mark.parametrize(("name", "least"), WHOLE.items())
def test_a_whole_number_may_be_its_least(name: str, least: int) -> None:
    assert getattr(Options(**{name: least}), name) == least
    with pytest.raises(ValueError, match=f"^{name} must be a whole number from {least}, not {least - 1}$"):
        Options(**{name: least - 1})


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", ["1", 1.5, True, [1]])
def test_a_whole_number_is_one(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be a whole number, not {type(value).__name__}$"):
        Options(**{name: value})


@pytest.mark.parametrize("name", ["buffer_size", "max_message_size"])
def test_only_attempts_may_have_no_limit(name: str) -> None:
    assert Options(max_reconnection_attempts=None).max_reconnection_attempts is None
    with pytest.raises(TypeError, match=f"^{name} must be a whole number, not NoneType$"):
        Options(**{name: None})


@pytest.mark.parametrize("module", [object(), "json", type("Half", (), {"dumps": None})()])
def test_json_needs_dumps_and_loads(module: Any) -> None:
    assert Options(json=json).json is json
    with pytest.raises(TypeError, match=f"^json must be a module with dumps and loads, not {type(module).__name__}$"):
        Options(json=module)


@pytest.mark.parametrize("names", [TRANSPORTS, ("websocket",), ("xhr-polling", "websocket")])
def test_transports_are_names_in_the_order_to_try(names: tuple[str, ...]) -> None:
    assert Options(transports=names).transports == names


@pytest.mark.parametrize("names", ["websocket", ["websocket"], None, (), {"websocket"}])
def test_transports_are_a_tuple(names: Any) -> None:
    with pytest.raises(TypeError, match=r"^transports must be a tuple of names, such as \('websocket',\)$"):
        Options(transports=names)


@pytest.mark.parametrize("name", ["flashsocket", "WebSocket", "", 1, None])
def test_an_unknown_transport_is_named(name: Any) -> None:
    with pytest.raises(
        ValueError, match=r"there is no transport called .*; there are websocket, xhr-polling"
    ) as caught:
        Options(transports=("websocket", name))
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("timeout", [None, 0.1, 60])
def test_a_timeout_is_seconds_or_none(timeout: float | None) -> None:
    check_timeout(timeout)


@pytest.mark.parametrize(("timeout", "error"), [("1", TypeError), (True, TypeError), (0, ValueError), (-1, ValueError)])
def test_another_timeout_is_refused(timeout: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^timeout must be a number of seconds"):
        check_timeout(timeout)


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


@pytest.mark.parametrize("bad", [1, None, ["a"], 1.5])
@pytest.mark.parametrize("what", ["headers", "cookies"])
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


@pytest.mark.parametrize("revision", [None, 1, 4, 5])
def test_a_revision_can_be_asked_for(revision: int | None) -> None:
    assert Options(revision=revision).revision == revision


@pytest.mark.parametrize("revision", [0, 2, 3, 6, True, "5", 4.5])
def test_there_is_no_other_revision(revision: Any) -> None:
    with pytest.raises(ValueError, match="revision must be 1, 4 or 5"):
        Options(revision=revision)


def test_auth_is_for_requests_or_for_socketio() -> None:
    class Token(requests.auth.AuthBase):
        def __call__(self, request: Any) -> Any:
            return request

    def login() -> dict[str, str]:
        return {"token": "x"}

    for auth in (None, ("user", "password"), Token(), lambda request: request):
        assert split_auth(auth) == (auth, None)
    for auth in ({"token": "x"}, login):
        assert split_auth(auth) == (None, auth)


def test_the_data_of_auth_are_a_dictionary() -> None:
    assert auth_data(None) is None
    assert auth_data({"token": "x"}) == {"token": "x"}
    assert auth_data(lambda: {"token": "x"}) == {"token": "x"}
    assert auth_data(lambda: None) is None
    for auth in ("x", 5, ["x"], lambda: "x"):
        with pytest.raises(TypeError, match="auth must be a dictionary"):
            auth_data(auth)


@pytest.mark.parametrize("value", ["json", 5, "Msgpack"])
def test_a_parser_is_one_of_those_there_are(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^parser must be 'msgpack', or None for the usual one, not "):
        Options(parser=value)


def test_revision_1_has_no_parser() -> None:
    assert Options(parser="msgpack", revision=5).parser == "msgpack"
    with pytest.raises(ValueError, match="a server of revision 1 has none"):
        Options(parser="msgpack", revision=1)
