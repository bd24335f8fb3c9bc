"""Requests one after the other, against servers whose every byte the test decides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests

from sioclient.options import Options
from sioclient.transports import keepalive
from sioclient.transports.http import HttpClient
from sioclient.transports.http1 import Response
from sioclient.transports.keepalive import KeptConnection
from tests.servers_py import KEPT, LIMIT, Peer, Script, Server, Task, hand_over, nothing_left_open, soon, wait_until


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a connection that is kept be used again however slow the machine is."""
    monkeypatch.setattr(keepalive, "SURE_TO_LIVE", LIMIT)


@contextmanager
def kept_connection(method: str = "GET", limit: int = 1000, **options: object) -> Iterator[KeptConnection]:
    with closing(HttpClient(Options(**options), options.get("auth"))) as http:  # type: ignore[arg-type]
        http.renew()
        with closing(KeptConnection(http, method, limit)) as made:
            yield made


def response_to(made: KeptConnection, server: Server, body: bytes | None = None) -> Response:
    made.send(server.url(), soon(), body)
    return made.receive(soon())


def replying(*texts: str, kept: str | None = KEPT) -> Script:
    """Script: reply to one request after the other on the same connection, then leave it to the test."""

    def script(peer: Peer) -> None:
        for text in texts:
            request = peer.read_head()
            peer.read(int(request.header("Content-Length") or 0))
            peer.reply(text, kept=kept)
        hand_over(peer)

    return script


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", b"3:::x")])
def test_requests_share_a_connection_that_the_server_keeps(method: str, body: bytes | None) -> None:
    with Server(replying("a", "b", "c")) as server, kept_connection(method) as made:
        assert [response_to(made, server, body).body for _ in range(3)] == ["a", "b", "c"]
        assert server.connections == 1


def test_the_headers_of_one_request_come_besides_those_of_all() -> None:
    with Server(replying("1")) as server, kept_connection("POST", headers={"X-All": "1"}) as made:
        made.send(server.url(), soon(), b"x", **{"Content-Type": "text/plain"})
        made.receive(soon())
        (request,) = server.requests
    assert (request.header("X-All"), request.header("Content-Type")) == ("1", "text/plain")


@pytest.mark.parametrize("kept", [None, KEPT], ids=["no promise", "an old promise"])
def test_a_connection_that_is_not_sure_to_live_is_replaced(kept: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepalive, "SURE_TO_LIVE", 0.0)
    with Server(replying("a", kept=kept), replying("b", kept=kept)) as server, kept_connection() as made:
        assert [response_to(made, server).body for _ in range(2)] == ["a", "b"]
        assert server.connections == 2


def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    def once(peer: Peer) -> None:
        peer.read_head()
        peer.reply("a")
        peer.end()

    with Server(once, replying("b")) as server, kept_connection() as made:
        assert response_to(made, server).body == "a"
        wait_until(made._stream.has_ended, "the end of the connection")
        assert response_to(made, server).body == "b"


def test_a_connection_announced_to_close_is_replaced() -> None:
    def once(peer: Peer) -> None:
        peer.read_head()
        peer.answer(200, b"a")

    with Server(once, replying("b")) as server, kept_connection() as made:
        assert [response_to(made, server).body for _ in range(2)] == ["a", "b"]


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", b"3:::x")])
def test_no_request_is_sent_twice(method: str, body: bytes | None) -> None:
    def once(peer: Peer) -> None:
        for text in ("a", ""):
            request = peer.read_head()
            peer.read(int(request.header("Content-Length") or 0))
            if text:
                peer.reply(text)

    with Server(once) as server, kept_connection(method) as made:
        response_to(made, server, body)
        with pytest.raises(OSError, match="without a response"):
            response_to(made, server, body)
        assert len(server.requests) == 2


def test_a_wake_while_a_connection_is_replaced_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    replace = keepalive.open_stream

    def woken(*args: Any, **options: Any) -> None:
        made.wake()
        replace(*args, **options)

    monkeypatch.setattr(keepalive, "open_stream", woken)
    with Server(replying("a")) as server, kept_connection() as made:
        made.send(server.url(), soon())
        assert not Task(made.wait).result()
        assert any(Task(made.wait).result() for _ in range(2)), "it may be told twice: by the flag, and by the stream"
        assert made.receive(soon()).body == "a"


def test_a_wake_interrupts_the_wait_and_nothing_is_lost() -> None:
    with Server(hand_over) as server, kept_connection() as made:
        made.send(server.url(), soon())
        waiting = Task(made.wait)
        waiting.wait_until_blocked()
        made.wake()
        assert not waiting.result()
        peer = server.next_peer()
        peer.read_head()
        peer.reply("kept")
        assert Task(made.wait).result()
        assert made.receive(soon()).body == "kept"


def test_a_connection_can_be_had_before_the_request() -> None:
    calls: list[object] = []

    def auth(request: object) -> object:
        calls.append(request)
        return request

    with Server(replying("a")) as server, kept_connection(auth=auth) as made:
        for _ in range(2):
            made.prepare(server.url(), soon())
        wait_until(lambda: server.connections == 1, "the connection")
        assert server.requests == []
        assert response_to(made, server).body == "a"
        assert (server.connections, len(calls)) == (1, 1)


def test_a_connection_made_long_before_its_request_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replying("a")) as server, kept_connection() as made:
        made.prepare(server.url(), soon())
        made._lives_until = time.monotonic()  # whoever prepares a large body may take his time
        assert response_to(made, server).body == "a"
        assert server.connections == 2


def test_the_wait_for_a_response_may_have_an_end() -> None:
    with Server(hand_over) as server, kept_connection() as made:
        made.send(server.url(), soon())
        assert not made.wait(time.monotonic())
        peer = server.next_peer()
        peer.read_head()
        peer.reply("kept")
        assert made.wait(soon())
        assert made.receive(soon()).body == "kept"


def test_abort_ends_a_request_that_waits_and_all_others() -> None:
    with Server(hand_over) as server, kept_connection() as made:
        made.send(server.url(), soon())
        waiting = Task(made.wait)
        waiting.wait_until_blocked()
        made.abort()
        with pytest.raises(OSError, match="aborted"):
            waiting.result()
        with pytest.raises(OSError, match="aborted"):
            made.send(server.url(), soon())


def test_no_connection_is_made_after_abort() -> None:
    with Server(replying("x")) as server, kept_connection() as made:
        made.abort()
        with pytest.raises(OSError, match="aborted"):
            made.send(server.url(), soon())
        assert server.connections == 0


def test_a_response_that_is_too_large_is_refused() -> None:
    with (
        Server(replying("x" * 2000)) as server,
        kept_connection() as made,
        pytest.raises(OSError, match="larger than 1000"),
    ):
        response_to(made, server)


def test_an_auth_function_that_fails_is_an_error_of_the_request() -> None:
    def auth(request: object) -> object:
        raise LookupError("the token is gone")

    with (
        Server(replying()) as server,
        kept_connection(auth=auth) as made,
        pytest.raises(OSError, match="auth= raised LookupError: the token is gone"),
    ):
        response_to(made, server)


def test_session_whose_auth_fails_is_an_error_of_the_request() -> None:
    def auth(request: object) -> object:
        raise LookupError("the token is gone")

    session = requests.Session()
    session.auth = auth  # type: ignore[assignment]
    with (
        closing(session),
        Server(replying()) as server,
        kept_connection(session=session) as made,
        pytest.raises(OSError, match="LookupError while preparing a request: the token is gone"),
    ):
        response_to(made, server)


def test_nothing_is_left_open() -> None:
    with Server(replying("a", kept=None)) as server, nothing_left_open(), kept_connection() as made:
        for _ in range(3):
            response_to(made, server)


def test_a_rest_ends_at_its_time_or_by_a_wake() -> None:
    with Server(hand_over) as server, kept_connection() as made:
        made.send(server.url(), soon())
        began = time.monotonic()
        assert Task(made.rest, began + 0.05).result() is True
        assert time.monotonic() - began >= 0.05
        made.wake()
        assert Task(made.rest, soon()).result() is False
        Task(made.rest, time.monotonic()).result()  # a wake may be told of twice
        resting = Task(made.rest, soon())
        resting.wait_until_blocked()
        made.wake()
        assert resting.result() is False
