"""MixedTransport: it receives over one transport and sends by POSTs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sioclient.errors import ConnectionLost
from sioclient.options import Options
from sioclient.protocol.framing import Frame
from sioclient.protocol.revisions import Handshake, revision1
from sioclient.transports import make_mixed_transport, mixed
from sioclient.transports.base import Transport
from sioclient.transports.http import HttpClient
from tests.memory import MemoryServer, MemoryTransport
from tests.servers_py import Peer, Script, Server, Task, hand_over, soon

PATH = "/socket.io/1/xhr-polling/sid"


BODIES: list[bytes] = []


def read_post(peer: Peer) -> None:
    request = peer.read_head()
    BODIES.append(peer.read(int(request.header("Content-Length") or 0)))


def take(times: int) -> Script:
    """Script: take so many POSTs on one connection, then leave it to the test."""

    def script(peer: Peer) -> None:
        for _ in range(times):
            read_post(peer)
            peer.reply("1")
        hand_over(peer)

    return script


def refuse(peer: Peer) -> None:
    """Script: refuse a POST."""
    read_post(peer)
    peer.answer(403)


@contextmanager
def transport(*scripts: Script) -> Iterator[tuple[Transport, MemoryTransport, Server]]:
    with Server(*scripts) as server:
        http, websocket = HttpClient(Options()), MemoryTransport(MemoryServer())
        framing = revision1().framing("xhr-polling", Handshake("sid", 60, 60, ()))
        made = make_mixed_transport(websocket, http, framing, server.url(PATH))
        try:
            yield made, websocket, server
        finally:
            made.close(0)
            http.close()


def post(transport: Transport, *frames: Frame) -> None:
    """Post frames, and wait for the responses."""
    assert transport.prepare(soon())
    transport.send(frames)
    assert transport.finish(soon())


def test_reading_ends_at_its_deadline() -> None:
    with transport() as (made, websocket, _):
        assert Task(made.recv_until, time.monotonic() + 0.01).result() == []
        websocket.incoming.put("3:::x")
        assert made.recv_until(soon()) == ["3:::x"]


def test_frames_are_posted_and_come_over_the_websocket() -> None:
    BODIES.clear()
    with transport(take(2)) as (ours, websocket, server):
        ours.open("", 0)  # there is nothing to open
        post(ours, "3:::x")
        post(ours, "3:::y")
        assert BODIES == [b"3:::x", b"3:::y"]
        assert server.requests[0].raw.startswith(b"POST " + PATH.encode())
        websocket.incoming.put("3:::z")
        assert ours.recv() == ["3:::z"]
        ours.wake()
        assert ours.recv() == []
        ours.leave()
        assert websocket.left
        assert websocket.sent == []
        assert ours.name == "websocket"


def test_a_post_is_waited_for_while_the_websocket_receives() -> None:
    with transport(hand_over) as (ours, _, server):
        assert not ours.is_busy
        assert ours.prepare(soon())
        ours.send(["3:::x"])
        assert ours.is_busy
        assert not ours.finish(0)
        peer = server.next_peer()
        read_post(peer)
        peer.reply("1")
        assert ours.finish(soon())
        assert not ours.is_busy


def test_abort_and_close_end_both() -> None:
    with transport(hand_over) as (ours, websocket, server):
        ours.prepare(soon())
        ours.send(["3:::x"])
        server.next_peer()
        waits = Task(ours.finish, soon())
        waits.wait_until_blocked()
        ours.abort()
        waits.result()
        assert websocket.aborted
        ours.close(0)
        assert websocket.closed


def test_a_first_post_that_is_refused_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    with transport(refuse) as (ours, websocket, _):
        post(ours, "8:1::")
        assert not ours.is_busy
        assert ours.finish(soon())
        assert not ours.prepare(soon())
        assert not websocket.aborted
        monkeypatch.setattr(mixed, "_TRIAL", -1.0)
        with pytest.raises(ConnectionLost, match="takes no POSTs"):
            ours.prepare(soon())


@pytest.mark.parametrize("step", ["prepare", "send"])
def test_whatever_goes_wrong_with_the_first_post_is_no_loss(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConnectionLost("broken")

    with transport(hand_over) as (ours, _, _):
        assert ours.prepare(soon())
        monkeypatch.setattr(f"sioclient.transports.posting.Poster.{step}", fail)
        if step == "send":
            ours.send(["8:1::"])
        assert not ours.prepare(soon())


def test_a_later_post_that_is_refused_is_a_loss() -> None:
    def script(peer: Peer) -> None:
        read_post(peer)
        peer.reply("1")
        read_post(peer)
        peer.answer(500)

    with transport(script) as (ours, _, _):
        post(ours, "3:::x")
        with pytest.raises(ConnectionLost, match="500"):
            post(ours, "3:::y")


def test_a_websocket_that_ends_ends_both() -> None:
    with transport(hand_over) as (ours, websocket, _):
        websocket.incoming.put(ConnectionLost("transport closed"))
        with pytest.raises(ConnectionLost):
            ours.recv()


def test_what_is_refused_is_not_waited_for() -> None:
    with transport(refuse) as (ours, _, _):
        post(ours, "8:1::")
        began = time.monotonic()
        assert not ours.prepare(began + 100)
        assert time.monotonic() < began + 50
