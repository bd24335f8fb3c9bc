"""Every exception: what it is, what it carries, and that it can be copied and sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from sioclient import errors
from sioclient.errors import (
    AckTimeout,
    BufferFull,
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
    ProtocolError,
    RemoteProtocolError,
    SocketIOError,
    WaitTimeout,
    WrongRevision,
    advice,
    as_connect_error,
    refused,
)

ONE_OF_EACH = [
    SocketIOError("why"),
    ConnectError("why"),
    ConnectError("why", retryable=False),
    HandshakeRejected("why", status=503, body="busy"),
    WrongRevision("why"),
    NotConnected("why"),
    BufferFull("why"),
    ConnectionLost("why"),
    AckTimeout("why"),
    WaitTimeout("why"),
    ChannelError("why"),
    ProtocolError("why"),
    LocalProtocolError("why"),
    RemoteProtocolError("why"),
]


def test_there_is_one_of_each() -> None:
    known = {found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, Exception)}
    assert {type(error) for error in ONE_OF_EACH} == known
    assert all(issubclass(kind, SocketIOError) for kind in known)


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        (ConnectError, (SocketIOError, ConnectionError)),
        (HandshakeRejected, (ConnectError,)),
        (WrongRevision, (ConnectError,)),
        (BufferFull, (NotConnected,)),
        (AckTimeout, (SocketIOError, TimeoutError)),
        (WaitTimeout, (SocketIOError, TimeoutError)),
        (LocalProtocolError, (ProtocolError, ValueError)),
        (RemoteProtocolError, (ProtocolError,)),
    ],
)
def test_what_catches_what(kind: type, bases: tuple[type, ...]) -> None:
    assert all(issubclass(kind, base) for base in bases)


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=repr)
def test_an_error_can_be_copied_and_pickled(error: SocketIOError) -> None:
    error.data = {"reason": "token"}
    for twin in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert (str(twin), twin.args, vars(twin)) == ("why", ("why",), vars(error))


@pytest.mark.parametrize("status", [300, 302, 399, 400, 401, 403, 404])
def test_a_rejection_that_means_the_same_tomorrow_is_final(status: int) -> None:
    assert not HandshakeRejected("why", status=status).retryable


@pytest.mark.parametrize("status", [200, 299, 402, 405, 429, 500, 502, 503])
def test_another_rejection_may_pass(status: int) -> None:
    assert HandshakeRejected("why", status=status).retryable


def test_only_so_much_of_a_body_is_kept() -> None:
    assert HandshakeRejected("why", status=500, body="x" * 201).body == "x" * 200


def test_what_is_retryable() -> None:
    assert ConnectError("why").retryable
    assert not ConnectError("why", retryable=False).retryable
    assert not WrongRevision("why").retryable
    assert SocketIOError("why").data is None


# What can be done about a refusal


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, "", "auth="),
        (403, "", "'Origin'"),
        (400, '"http://evil is not an accepted origin."', "'Origin'"),
        (400, '"Not an accepted origin."', "'Origin'"),
        (404, "", "resource="),
        (407, "", "proxies="),
        (302, "to https://elsewhere", "redirects"),
        (500, "", "its log"),
    ],
)
def test_there_is_advice_for_a_refusal(status: int, body: str, text: str) -> None:
    assert text in errors.advice(status, body)


# What an error is about


@pytest.mark.parametrize(
    ("error", "seconds", "text"),
    [
        (AckTimeout("no"), 5, "no acknowledgement of 'sum' came from http://localhost/socket.io/ within 5 s"),
        (AckTimeout("too much"), None, "no acknowledgement of 'sum' from http://localhost/socket.io/: too much"),
        (ConnectionLost("cut"), 5, "no acknowledgement of 'sum' from http://localhost/socket.io/: cut"),
    ],
)
def test_missing_acknowledgement_says_what_it_is_about(error: SocketIOError, seconds: int | None, text: str) -> None:
    error.__cause__ = cause = ValueError()
    told = errors.unacknowledged(error, "sum", "http://localhost/socket.io/", seconds)
    assert (type(told), str(told), told.__cause__) == (type(error), text, cause)
    assert str(error) != text  # others may wait for the same


@pytest.mark.parametrize(
    ("text", "address", "what", "told"),
    [
        ("why", "http://a:8000/socket.io/", "", "http://a:8000/socket.io/: why"),
        ("why", "http://a/socket.io/", "'x' was not sent to", "'x' was not sent to http://a/socket.io/: why"),
        ("http://a:80 refused", "http://a/socket.io/", "", "http://a:80 refused"),
        ("why", "", "'x' was not sent to", "why"),
    ],
)
def test_address_is_added_once(text: str, address: str, what: str, told: str) -> None:
    error = ConnectError(text)
    errors.add_address(error, address, what)
    errors.add_address(error, address, what)
    assert str(error) == told


@pytest.mark.parametrize("body", ['{"code":1,"message":"Session ID unknown"}', '"Invalid session abc"'])
def test_session_of_another_server_is_advised_about(body: str) -> None:
    assert "transports='websocket'" in advice(400, body)
    assert str(refused("a poll", 400, body)) == f"a poll was refused with status 400: {advice(400, body)}"
    assert str(refused("a POST", 500, "")) == "a POST was refused with status 500"


class Mute(Exception):
    """One whose text cannot be made."""

    def __str__(self):
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("problem", "untold", "text"),
    [
        (errors.ConnectionLost("cut"), "", "cut"),
        (errors.ConnectionLost(), "", "ConnectionLost"),
        (ValueError("why"), "untold", "ValueError: why"),
        (KeyboardInterrupt(), "untold", "KeyboardInterrupt: untold"),
        (Mute(), "", "Mute"),
    ],
)
def test_any_exception_can_be_told(problem, untold, text):
    assert errors.text_of(problem, untold) == text


def test_what_an_attempt_raised_becomes_a_connect_error():
    error, problem = ConnectError("no"), ValueError("of another kind")
    assert as_connect_error(error) is error
    told = as_connect_error(problem)
    assert str(told).startswith("connecting failed: ")
    assert "of another kind" in str(told)
    assert (told.retryable, told.__cause__) == (False, problem)


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (302, "https://elsewhere", "it redirects"),
        (400, '{"code":1,"message":"Session ID unknown"}', "session"),
        (400, '"x is not an accepted origin."', "rigin"),
        (499, "", "its log should say why"),
    ],
)
def test_a_refusal_has_advice(status, body, text):
    assert text in advice(status, body)
