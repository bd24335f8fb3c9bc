"""Polling as Engine.IO does it, against servers whose every byte the test decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sioclient.errors import ConnectionLost
from sioclient.options import Options
from sioclient.protocol.revisions import Handshake, Opening, revision4, revision5
from sioclient.transports import keepalive
from sioclient.transports.engine_polling import EnginePollingTransport
from sioclient.transports.http import HttpClient
from tests.servers_py import LIMIT, Peer, Script, Server, Task, hand_over, soon
from tests.transports.conftest import sent

PATH = "/socket.io/?EIO=4&transport=polling&sid=x"
HANDSHAKE = Handshake("x", 45, None, ("xhr-polling",), max_payload=10)


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a connection that is kept be used again however slow the machine is."""
    monkeypatch.setattr(keepalive, "SURE_TO_LIVE", LIMIT)


@contextmanager
def client(revision: Opening, handshake: Handshake = HANDSHAKE) -> Iterator[EnginePollingTransport]:
    http = HttpClient(Options())
    http.renew()
    transport = EnginePollingTransport(http, 1000, revision.framing("xhr-polling", handshake))
    try:
        yield transport
    finally:
        transport.close(0)
        http.close()


def polls(*bodies: bytes) -> Script:
    def script(peer: Peer) -> None:
        for body in bodies:
            peer.read_head()
            peer.answer(200, body)
        hand_over(peer)

    return script


def posts(received: list[tuple[str | None, bytes]]) -> Script:
    def script(peer: Peer) -> None:
        while True:
            request = peer.read_head()
            received.append((request.header("Content-Type"), peer.read(int(request.header("Content-Length") or 0))))
            peer.reply("ok")

    return script


def test_opening_takes_no_request_and_the_first_poll_waits() -> None:
    with Server(polls(b"40\x1ebAQI=")) as server, client(revision5()) as transport:
        transport.open(server.url(PATH), soon())
        assert server.connections == 0
        assert Task(transport.recv).result() == ["40", b"\1\2"]
        assert server.requests[0].target.startswith(f"{PATH}&t=")


def test_a_body_of_bytes_is_read_as_bytes() -> None:
    body = b"\0\2\xff40\1\3\xff\4\0\xff\0\3\xff4\xc3\xa9"
    with Server(polls(body)) as server, client(revision4()) as transport:
        transport.open(server.url(PATH), soon())
        assert Task(transport.recv).result() == ["40", b"\4\0\xff", "4\u00e9"]


def test_bodies_are_no_larger_than_the_server_allows() -> None:
    received: list[tuple[str | None, bytes]] = []
    with Server(posts(received)) as server, client(revision5()) as transport:
        transport.open(server.url(PATH), soon())
        Task(sent, transport, ["4abc", "4def", "4ghi", b"\0" * 12]).result()
    text = "text/plain;charset=UTF-8"
    assert received == [(text, b"4abc\x1e4def"), (text, b"4ghi"), (text, b"bAAAAAAAAAAAAAAAA")]


def test_bytes_go_as_bytes_to_old_servers() -> None:
    received: list[tuple[str | None, bytes]] = []
    with Server(posts(received)) as server, client(revision4(), replace(HANDSHAKE, max_payload=None)) as transport:
        transport.open(server.url(PATH), soon())
        Task(sent, transport, ["2", "40"]).result()
        Task(sent, transport, ["4\u00e9", b"\4\0"]).result()
    assert received == [
        ("text/plain;charset=UTF-8", b"1:22:40"),
        ("application/octet-stream", b"\0\3\xff4\xc3\xa9\1\2\xff\4\0"),
    ]


@pytest.mark.parametrize("body", [b"b!", b"<html>"])
def test_a_body_that_cannot_be_read_ends_the_transport(body: bytes) -> None:
    with Server(polls(body)) as server, client(revision5()) as transport:
        transport.open(server.url(PATH), soon())
        with pytest.raises(ConnectionLost, match="protocol error"):
            Task(transport.recv).result()
