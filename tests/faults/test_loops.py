"""Plain loops of emit arrive whole, whatever old servers count (row F51). The long ones: make loops."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from sioclient import SocketIO
from sioclient.protocol import fence
from sioclient.protocol.framing import Framing
from sioclient.protocol.revisions.framing1 import JsonpFraming
from sioclient.transports import mixed
from sioclient.transports.base import Transport
from sioclient.transports.http import HttpClient
from sioclient.transports.mixed import MixedTransport
from tests.conftest import Recorder, start
from tests.faults.conftest import told
from tests.faults.loops import LOOPS, WITHOUT_FORMS, WITHOUT_POLLING, Account, ends, run
from tests.faults.proxy import Proxy
from tests.servers import SERVERS
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually

SHORT = ["4,000 x 200 B", "2,000 x 1,000 B", "1,000 x 4,000 B", "8 threads x 500 x 200 B"]
BEYOND = 900, 30_000
"""Packets, and bytes of each, that spend the budget of one websocket."""


@pytest.fixture
def transport() -> str:
    return "websocket"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about our limits, and a server that gets no processor may take nothing for five seconds."""
    threaded = [f"threads.{module}.WRITE_TIMEOUT" for module in ("connection", "writer", "heartbeat")]
    awaited = ["aio.connection.WRITE_TIMEOUT", "aio.tasks.WRITE_TIMEOUT", "aio.connection.DISCONNECT_TIMEOUT"]
    for limit in [*threaded, *awaited, "threads.connection.DISCONNECT_TIMEOUT", "transports.stream.STALL_TIMEOUT"]:
        monkeypatch.setattr(f"sioclient.{limit}", PATIENCE - 2)


def check(account: Account, count: int, threads: int = 1) -> None:
    assert not account.failed, account.losses
    assert account.is_whole(count, threads), "a packet came twice or out of order, or not at all"


@pytest.mark.parametrize("loop", SHORT)
def test_f51_a_plain_loop_arrives_whole_and_the_session_stays(loop: str) -> None:
    count, size, threads = LOOPS[loop]
    with start(SERVERS["0.9.19"]) as server, SocketIO("127.0.0.1", server.port) as socket:
        account = run(socket, count, size, threads)
        check(account, count, threads)
        assert (account.sessions, ends(socket)) == (1, [])


@pytest.mark.parametrize(
    ("name", "settings"), [("0.9.19", {}), ("0.9.19", WITHOUT_FORMS), ("0.8.7", {}), ("embedded", {})]
)
def test_f51_beyond_the_budget_the_session_stays(name: str, settings: dict[str, Any]) -> None:
    with start(SERVERS[name], **settings) as server, SocketIO("127.0.0.1", server.port) as socket:
        chat = socket.connect("/chat")
        account = run(socket, *BEYOND)
        check(account, BEYOND[0])
        assert account.sessions == 1
        assert chat.call("echo", 1) == 1
        assert not server.version.startswith("socket.io") or "booted" not in ends(socket)


@pytest.mark.fronts
def test_f51_texts_of_any_kind_and_size_are_posted_whole(
    connect: Callable[..., SocketIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "SPENT_AT", 10**6)
    texts = [text * size for size in (1, 130, 7000) for text in ("é", "a\U0001f600", "\ufffd1\ufffd", "%&+=;", '"\\')]
    received, posted, encode = list[str](), list[str](), JsonpFraming.encode_payload

    def encode_payload(framing: JsonpFraming, frames: list[str]) -> str:
        posted.extend(frames)
        return encode(framing, frames)

    monkeypatch.setattr(JsonpFraming, "encode_payload", encode_payload)
    with start(SERVERS["0.9.19"]) as server:
        socket = connect(server.port)
        session = socket.session_id
        for _ in range(200):
            socket.emit("note", "x" * 3000)
        assert socket.call("counted") > 10**5
        for text in texts:
            socket.send(text, callback=lambda _, text: received.append(text))
        eventually(lambda: len(received) == len(texts), "each text is acknowledged")
        assert [index for index, text in enumerate(received) if text != texts[index]] == []
        assert [frame.split(":", 3)[3] for frame in posted if frame.startswith("3:")] == texts
        assert socket.session_id == session


def test_f51_a_server_that_reads_all_that_comes_is_not_sent_too_much(caplog: pytest.LogCaptureFixture) -> None:
    """TornadIO2 gets to a heartbeat only behind all that it has read, and kicks if that is too late."""
    caplog.set_level(logging.DEBUG, "sioclient")
    with start(SERVERS["TornadIO2"]) as server, SocketIO("127.0.0.1", server.port) as socket:
        check(run(socket, 500, 20_000), 500)
    shown = [record.getMessage() for record in caplog.records if "sioclient " in record.getMessage()]
    fences = [int(text.split("sioclient ")[1].rstrip("'")) for text in shown if ">" in text]
    pongs = [int(text.split("sioclient ")[1].rstrip("'")) for text in shown if "<" in text]
    assert len(fences) >= 4, "megabytes had no fence"
    assert 0 <= len(fences) - len(pongs) <= 2, "the last ones are not waited for"
    assert pongs == fences[: len(pongs)]


def test_f51_over_polling_there_is_no_budget() -> None:
    count = 300
    with start(SERVERS["0.7.11"]) as server, SocketIO("127.0.0.1", server.port) as socket:
        assert socket.transport_name == "xhr-polling"
        check(run(socket, count, 200), count)


def test_f51_without_polling_the_session_is_renewed_in_good_order(recorder: Recorder) -> None:
    with (
        start(SERVERS["0.9.19"], **WITHOUT_POLLING) as server,
        SocketIO("127.0.0.1", server.port, recorder) as socket,
    ):
        account = run(socket, *BEYOND)
        check(account, BEYOND[0])
        assert account.sessions > 1
        names = [name for name in told(recorder) if name in ("connect", "disconnect", "reconnect")]
        assert names == ["connect", *["disconnect", "connect", "reconnect"] * (account.sessions - 1)]
        assert "booted" not in ends(socket)


@pytest.mark.parametrize("refusal", ["no port", "another server"])
def test_f51_where_posts_do_not_arrive_the_session_is_renewed(
    refusal: str, monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    """Another process responds to a POST for a session that it does not know as if all were well."""
    with start(SERVERS["0.9.19"]) as server, start(SERVERS["0.9.19"]) as other:
        port = other.port if refusal == "another server" else 1

        class Elsewhere(MixedTransport):
            def __init__(self, websocket: Transport, http: HttpClient, framing: Framing, url: str) -> None:
                super().__init__(websocket, http, framing, url.replace(f":{server.port}/", f":{port}/"))

        monkeypatch.setattr(mixed, "MixedTransport", Elsewhere)
        monkeypatch.setattr(fence, "SPENT_AT", 10**6)
        with SocketIO("127.0.0.1", server.port, recorder) as socket:
            account = run(socket, 200, 5000)
            check(account, 200)
            assert account.sessions > 1
            assert "booted" not in ends(socket)


@pytest.mark.fronts
def test_f51_leaving_with_a_full_buffer_ends_no_server(connect: Callable[..., SocketIO]) -> None:
    """A thousand frames in one read end the whole server, with all its clients: a recursion that is too deep."""
    with start(SERVERS["0.9.19"]) as server, Proxy(server.port) as proxy:
        socket = connect(proxy.port)
        for number in range(100):
            socket.emit("keep", "first", number)
        socket.call("kept", "first")  # by now it has acknowledged a fence, so that those to come have half a minute
        proxy.hold("up")
        for number in range(900):
            socket.emit("keep", "book", number)
        leaving = Task(socket.disconnect)
        eventually(lambda: socket.ended)
        proxy.wait_for_held("up", 1000)
        proxy.heal()
        leaving.result()
        with SocketIO("127.0.0.1", server.port) as watcher:
            eventually(lambda: len(watcher.call("kept", "book")) == 900, "the last packets arrive")
            assert watcher.call("kept", "book") == list(range(900))


@pytest.mark.parametrize("delay", [0.0, 0.02])
@pytest.mark.parametrize("size", [60, 400, 3000])
def test_f51_the_count_is_a_bound_of_what_a_real_server_counts(
    delay: float, size: int, legacy: int, connect: Callable[..., SocketIO]
) -> None:
    with Proxy(legacy) as proxy:
        proxy.delay = delay
        socket = connect(proxy.port)
        lifecycle = socket._connection._guard._protocol.lifecycle
        fence_of_session = lifecycle.fence  # it has none while it posts beside the websocket
        for _ in range(400):
            socket.emit("note", "x" * size)
        counted = socket.call("counted")
        assert 0 < counted <= fence_of_session.bytes_counted
