"""What users give in the words of requests, against the servers that take it."""

from __future__ import annotations

import functools

import pytest

from sioclient import ConnectError, SocketIO
from tests.conftest import start
from tests.servers import SERVERS

pytestmark = pytest.mark.usefixtures("no_thread_left")

ON_TORNADO_OR_UVICORN = ["TornadIO2", "embedded", "python-socketio"]
"""Servers that respond to two Host headers with 400."""

IN_LOWER_CASE = {
    "host": "virtual.example",
    "user-agent": "mine",
    "origin": "http://virtual.example",
    "accept-encoding": "gzip, br",
    "content-type": "application/json",
    "cookie": "a=1",
}


@pytest.mark.parametrize(
    ("name", "transport"), [(name, t) for name in ON_TORNADO_OR_UVICORN for t in SERVERS[name].transports]
)
def test_headers_in_lower_case_are_sent_once(name, transport):
    with start(SERVERS[name]) as server:
        options = {"transports": transport, "headers": IN_LOWER_CASE}
        with SocketIO("127.0.0.1", server.port, **options) as socket:
            assert socket.transport_name == transport
            assert socket.call("echo", "x" * 5000) == "x" * 5000


@pytest.fixture(scope="module")
def guarded():
    with start("modern.js", guard=True) as server:
        yield server.port


class Account:
    def login(self):
        return {"token": "good"}

    __call__ = login


@functools.cache
def cached():
    return {"token": "good"}


@pytest.mark.parametrize(
    "auth",
    [
        {"token": "good"},
        Account().login,
        Account(),
        functools.partial(Account.login, Account()),
        cached,
        lambda token="good": {"token": token},
    ],
    ids=["dictionary", "bound method", "object", "partial", "cached", "default"],
)
@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_an_auth_reaches_the_server(guarded, auth, transport):
    with SocketIO("127.0.0.1", guarded, auth=auth, transports=[transport]) as socket:
        assert socket.call("handshake")["auth"] == {"token": "good"}
        assert socket.connect("/chat", auth=auth).call("handshake")["auth"] == {"token": "good"}


def test_credentials_of_the_url_go_beside_an_auth_of_socketio(guarded):
    with SocketIO(f"http://user:password@127.0.0.1:{guarded}", auth={"token": "good"}) as socket:
        told = socket.call("handshake")
    assert told["auth"] == {"token": "good"}
    assert told["headers"]["authorization"] == "Basic dXNlcjpwYXNzd29yZA=="


def test_an_auth_that_needs_a_response_first_is_refused(guarded):
    from requests.auth import HTTPDigestAuth

    with pytest.raises(ConnectError, match="Digest"):
        SocketIO("127.0.0.1", guarded, auth=HTTPDigestAuth("user", "password"))
