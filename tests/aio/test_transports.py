"""The transports of the async front by themselves: a page that ends or says too much, and a websocket that is down."""

from __future__ import annotations

import anyio
import pytest

from sioclient import ConnectError, ConnectionLost, HandshakeRejected
from sioclient.aio.http import Http
from sioclient.aio.transports import HtmlfileTransport, WebSocketTransport
from sioclient.options import Options
from sioclient.protocol.revisions.framing1 import PageFraming
from sioclient.transports.http import HttpClient
from tests.servers_py import Peer, Server
from tests.waiting import PATIENCE

SCRIPT = b'<html><body><script>_("1::");</script>'


@pytest.fixture
def run(backend):
    """Run an async function; the servers here have threads of their own."""
    return lambda function: anyio.run(function, backend=backend)


def http() -> Http:
    return Http(HttpClient(Options()))


def page(*pieces: bytes, head: bytes = b"") -> Server:
    """Return a server whose page has these pieces, and then ends."""

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + head + b"\r\n" + b"".join(pieces))

    return Server(script)


def test_a_page_that_is_refused_has_its_status(run):
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(403)

    async def test():
        transport = HtmlfileTransport(http(), 1000, PageFraming())
        with pytest.raises(HandshakeRejected, match="status 403") as caught:
            await transport.open(server.url("/x"), anyio.current_time() + PATIENCE)
        assert caught.value.status == 403
        await transport.close(0)

    with Server(refuse) as server:
        run(test)


def test_the_end_of_a_page_is_the_end_of_the_transport(run):
    async def test():
        transport = HtmlfileTransport(http(), 1000, PageFraming())
        await transport.open(server.url("/x"), anyio.current_time() + PATIENCE)
        assert await transport.recv() == ["1::"]
        with pytest.raises(ConnectionLost, match="transport closed"):
            await transport.recv()
        await transport.close(0)

    with page(SCRIPT) as server:
        run(test)


def test_a_frame_beyond_the_limit_ends_the_transport(run):
    async def test():
        transport = HtmlfileTransport(http(), 1000, PageFraming())
        with pytest.raises(ConnectError, match="the limit is 1000 bytes"):
            await transport.open(server.url("/x"), anyio.current_time() + PATIENCE)
        await transport.close(0)

    with page(SCRIPT, b'<script>_("' + b"x" * 5000) as server:
        run(test)


def test_a_websocket_that_is_not_up_takes_and_brings_nothing(run):
    async def test():
        transport = WebSocketTransport(http(), 1000)
        with pytest.raises(ConnectionLost, match="transport closed"):
            transport.put(["x"])
        with pytest.raises(ConnectionLost, match="transport closed"):
            await transport.recv()

    run(test)
