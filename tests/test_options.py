"""Every option is checked before a byte is sent."""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
import re
from collections import UserDict
from types import MappingProxyType
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth

from sioclient import ConnectError, SocketIO
from sioclient.fronts.steps import run_steps
from sioclient.options import (
    _CHECKED,
    NAMES,
    TRANSPORTS,
    Options,
    OptionsDict,
    asked_data,
    auth_data,
    check_retries,
    check_timeout,
    given_data,
    make_options,
    split_auth,
)
from tests.conftest import without_address

SECONDS = ("connect_timeout", "reconnection_delay", "reconnection_limit")
SWITCHES = ("wait_for_connection", "reconnect", "reconnect_when_kicked", "trailing_slash")
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
        "max_reconnection_attempts": None,
        "reconnect_when_kicked": False,
        "buffer_size": 1000,
        "max_message_size": 16 * 1024 * 1024,
        "revision": None,
        "retries": None,
        "ack_timeout": None,
        "parser": None,
        "trailing_slash": True,
    }


def test_type_checkers_know_every_option() -> None:
    known = {name: annotation.__forward_arg__ for name, annotation in OptionsDict.__annotations__.items()}
    assert known.pop("transports") == "str | Sequence[str]"  # what may be given; what is kept is a tuple
    assert known == {field.name: field.type for field in dataclasses.fields(Options) if field.name != "transports"}


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
        TypeError, match=r"^there is no option '(colour|json)'; there are ack_timeout, auth, "
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


@pytest.mark.parametrize("value", [0.001, 1, 2.5, None])
def test_the_time_of_an_acknowledgement_is_seconds_or_none(value: Any) -> None:
    assert Options(ack_timeout=value).ack_timeout == value


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ack_timeout": "1"}, "ack_timeout must be a number of seconds, not str"),
        ({"ack_timeout": 0}, "ack_timeout must be a number of seconds above 0, not 0"),
        ({"retries": 1.5, "ack_timeout": 1}, "retries must be a whole number, not float"),
        ({"retries": -1, "ack_timeout": 1}, "retries must be a whole number from 0, not -1"),
        ({"retries": 3}, "retries= needs ack_timeout= too: the seconds after which a packet is written again"),
    ],
)
def test_retries_and_their_time_are_checked(options: dict[str, Any], expected: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{expected}$"):
        Options(**options)


@pytest.mark.parametrize("retries", [None, 0])
def test_without_retries_no_time_is_needed(retries: int | None) -> None:
    assert Options(retries=retries).retries == retries


@pytest.mark.parametrize("retries", [0, 1, 10**9])
def test_retries_are_a_whole_number(retries: int) -> None:
    check_retries(retries)


@pytest.mark.parametrize("retries", [None, -1, True, 1.0, "1"])
def test_what_are_no_retries_is_refused(retries: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^retries must be a whole number"):
        check_retries(retries)


@pytest.mark.parametrize("module", [object(), "json", type("Half", (), {"dumps": None})()])
def test_json_needs_dumps_and_loads(module: Any) -> None:
    assert Options(json=json).json is json
    with pytest.raises(TypeError, match=f"^json must be a module with dumps and loads, not {type(module).__name__}$"):
        Options(json=module)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (TRANSPORTS, TRANSPORTS),
        ("websocket", ("websocket",)),
        ("polling", ("xhr-polling",)),
        (["xhr-polling", "websocket"], ("xhr-polling", "websocket")),
        (("polling", "websocket", "xhr-polling"), ("xhr-polling", "websocket")),
    ],
)
def test_transports_are_one_name_or_several_in_order(given: Any, names: tuple[str, ...]) -> None:
    assert Options(transports=given).transports == names


@pytest.mark.parametrize("names", [None, 5, {"websocket"}, b"websocket", iter(["websocket"])])
def test_transports_have_an_order(names: Any) -> None:
    with pytest.raises(
        TypeError, match=f"^transports must be a name or a sequence of names, not {type(names).__name__}"
    ):
        Options(transports=names)


@pytest.mark.parametrize("names", [(), []])
def test_there_is_one_transport_at_least(names: Any) -> None:
    with pytest.raises(ValueError, match=r"^transports must have a name at least"):
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


@pytest.mark.parametrize("revision", [None, 1, 4, 5])
def test_a_revision_can_be_asked_for(revision: int | None) -> None:
    assert Options(revision=revision).revision == revision


@pytest.mark.parametrize("revision", [0, 2, 3, 6, True, "5", 4.5])
def test_there_is_no_other_revision(revision: Any) -> None:
    with pytest.raises(ValueError, match="revision must be 1, 4 or 5"):
        Options(revision=revision)


class Vault:
    """Whatever a program may keep its credentials in."""

    def login(self) -> dict[str, str]:
        return {"token": "x"}

    def sign(self, request: Any) -> Any:
        return request

    __call__ = login


@functools.lru_cache
def cached() -> dict[str, str]:
    return {"token": "x"}


@functools.lru_cache
def cached_signature(request: Any) -> Any:
    return request


def with_default(token: str = "x") -> dict[str, str]:
    return {"token": token}


FOR_SOCKETIO = [
    {"token": "x"},
    MappingProxyType({"token": "x"}),
    cached,
    with_default,
    Vault().login,
    Vault(),
    functools.partial(Vault.login, Vault()),
    functools.partial(with_default, "x"),
    lambda token="x": {"token": token},
    lambda *args: {"token": "x"},
]

FOR_HTTP = [
    None,
    ("user", "password"),
    requests.auth.HTTPBasicAuth("user", "password"),
    requests.auth.HTTPDigestAuth("user", "password"),
    lambda request: request,
    cached_signature,
    Vault().sign,
    functools.partial(Vault.sign, Vault()),
    operator.methodcaller("copy"),
    dict,  # does not say what it takes
]


@pytest.mark.parametrize("auth", FOR_SOCKETIO, ids=without_address)
def test_an_auth_that_takes_no_arguments_is_that_of_socketio(auth: Any) -> None:
    assert split_auth(Options(auth=auth).auth) == (None, auth)
    assert auth_data(auth) == {"token": "x"}


@pytest.mark.parametrize("auth", FOR_HTTP, ids=without_address)
def test_an_auth_that_takes_the_request_is_that_of_http(auth: Any) -> None:
    assert split_auth(Options(auth=auth).auth) == (auth, None)


@pytest.mark.parametrize("auth", ["text", b"text", 5, ["user", "password"], ("user",), (), True, lambda a, b: a])
def test_another_auth_is_refused_at_once(auth: Any) -> None:
    with pytest.raises(TypeError, match=f"^auth must be a dictionary or .* HTTP, .*; not {type(auth).__name__}$"):
        SocketIO("localhost", 1, auth=auth)


async def awaited() -> dict[str, str]:
    return {"token": "x"}


class Awaited:
    async def __call__(self) -> dict[str, str]:
        return {"token": "x"}


@pytest.mark.parametrize(
    "function", [awaited, Awaited(), Awaited().__call__, functools.partial(awaited)], ids=without_address
)
@pytest.mark.parametrize("name", ["auth", "params", "headers", "cookies"])
def test_a_coroutine_function_is_refused(name: str, function: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be a plain function, not a coroutine function"):
        make_options({name: function})
    assert getattr(make_options({name: function}, awaits=True), name) is function
    with pytest.raises(TypeError, match=r"^auth must be a plain function, not a coroutine function"):
        auth_data(function)


def test_the_data_of_auth_are_a_dictionary() -> None:
    assert auth_data(None) is None
    assert auth_data({"token": "x"}) == {"token": "x"}
    assert auth_data(lambda: {"token": "x"}) == {"token": "x"}
    assert auth_data(lambda: None) is None
    for mapping in (MappingProxyType({"token": "x"}), UserDict(token="x")):
        assert json.dumps(auth_data(mapping)) == json.dumps(auth_data(lambda m=mapping: m)) == '{"token": "x"}'
    for needy in (lambda request: {}, lambda *, key: {}, HTTPBasicAuth("user", "password")):
        with pytest.raises(TypeError, match="not one that needs arguments, such as HTTP authentication"):
            auth_data(needy)
    for auth in ("x", 5, ["x"], lambda: "x"):
        with pytest.raises(TypeError, match="auth must be a dictionary"):
            auth_data(auth)


def test_what_auth_raises_has_its_name_in_an_attempt_only() -> None:
    def fail() -> dict[str, Any]:
        raise LookupError("no token")

    with pytest.raises(ConnectError, match=r"^auth= raised LookupError: no token$"):
        run_steps(asked_data(fail))
    with pytest.raises(LookupError, match=r"^no token$"):
        run_steps(given_data(fail))
    for data in (asked_data, given_data):
        assert run_steps(data({"token": "x"})) == run_steps(data(lambda: {"token": "x"})) == {"token": "x"}


def test_usual_values_are_known_so_that_nobody_checks_them() -> None:
    usual = Options()
    assert all(getattr(usual, name) is value for name, _, value in _CHECKED)


@pytest.mark.parametrize("value", ["json", 5, "Msgpack"])
def test_a_parser_is_one_of_those_there_are(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^parser must be 'msgpack', or None for the usual one, not "):
        Options(parser=value)
