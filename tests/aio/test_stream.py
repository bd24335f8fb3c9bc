"""The socket of the async front: which address it takes, what it keeps, and what it refuses."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from types import SimpleNamespace

import anyio
import pytest

from sioclient import ConnectionLost
from sioclient.aio.http import Http
from sioclient.aio.stream import Late, Stream
from sioclient.aio.transports import MixedTransport, PollingTransport, Transport, WebSocketTransport
from sioclient.options import Options
from sioclient.transports.base import Traffic
from sioclient.transports.http import HttpClient
from sioclient.transports.http1 import Request, ResponseReader
from tests.servers_py import closed_port, deaf_port
from tests.waiting import PATIENCE


def request_to(port: int, host: str = "a-name", **more: object) -> Request:
    return Request(secure=False, host=host, port=port, path="/", headers={}, **more)


@pytest.fixture
def peer():
    """A socket that listens, and accepts nothing by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def look_up(monkeypatch):
    """Have a name mean some ports on this machine."""

    def look_up(*ports: int) -> None:
        async def found(host, port, **_):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

        monkeypatch.setattr("sioclient.aio.stream.anyio.getaddrinfo", found)

    return look_up


def test_the_first_address_that_accepts_is_taken_and_remembered(run, peer, look_up):
    async def test():
        port, request = peer.getsockname()[1], request_to(80)
        stream = Stream(Traffic())
        with closed_port() as first, closed_port() as last:
            look_up(first, port, last)
            await stream.connect(request, tunnel=False)
        assert request.answered == {("a-name", 80): ("127.0.0.1", port)}
        stream.close()

    run(test)


def test_if_no_address_accepts_the_last_error_is_raised(run, look_up):
    async def test():
        with closed_port() as first, closed_port() as last:
            look_up(first, last)
            with pytest.raises(ConnectionRefusedError):
                await Stream(Traffic()).connect(request_to(80), tunnel=False)

    run(test)


def test_a_silent_address_costs_a_moment_and_cancelling_leaves_nothing(run, peer, look_up, monkeypatch):
    monkeypatch.setattr("sioclient.aio.stream.PACE", 0.01)

    async def test():
        with ExitStack() as full:  # a backlog that is full: the system accepts no more
            silent = full.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(4):
                waiting = full.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(silent.getsockname())
            look_up(silent.getsockname()[1], peer.getsockname()[1])
            stream = Stream(Traffic())
            await stream.connect(request_to(80), tunnel=False)
            stream.close()
            look_up(silent.getsockname()[1], silent.getsockname()[1])
            with anyio.move_on_after(0.1) as scope:
                await stream.connect(request_to(80), tunnel=False)
            assert scope.cancelled_caught

    run(test)


def test_what_the_network_does_not_take_is_kept_in_order(run, peer, monkeypatch):
    monkeypatch.setattr("sioclient.aio.stream.SEND_BUFFER", 4096)

    async def test():
        traffic = Traffic()
        stream = Stream(traffic)
        await stream.connect(request_to(peer.getsockname()[1], "127.0.0.1"), tunnel=False)
        accepted, _ = peer.accept()
        with accepted:
            data = b"".join(number.to_bytes(4, "big") for number in range(1_000_000))
            stream.write(data[:3_000_000])
            stream.write(data[3_000_000:])
            assert stream.backlog
            got = bytearray()

            async def read():
                accepted.setblocking(False)
                while len(got) < len(data):
                    await anyio.wait_readable(accepted)
                    got.extend(accepted.recv(2**16))

            async with anyio.create_task_group() as group:
                group.start_soon(read)
                await stream.drain()
            assert (got == data, stream.backlog, traffic.sent) == (True, b"", len(data))
            assert not stream.has_ended()
            accepted.sendall(b"x" * 100_000)
            await anyio.wait_readable(stream._sock)
            assert stream.has_ended()
            size = 0
            while size < 100_000:
                size += len(await stream.receive())
            accepted.close()
            await stream.exhaust(1)
        stream.close()
        assert stream.has_ended()
        with pytest.raises(ConnectionAbortedError):
            await stream.receive()

    run(test)


@pytest.mark.parametrize("waits", ["connect by name", "connect by address", "receive", "look", "drain"])
def test_whoever_waits_is_told_of_the_deadline(run, peer, look_up, waits):
    async def test():
        stream = Stream(Traffic())
        port = peer.getsockname()[1]
        with ExitStack() as full:
            if waits.startswith("connect"):
                port = full.enter_context(deaf_port())
            else:
                await stream.connect(request_to(port, "127.0.0.1"), tunnel=False)
            if waits == "look":
                stream.hasten()
            if waits == "drain":
                stream.write(b"x" * 50_000_000)
            look_up(port)
            host = "127.0.0.1" if waits == "connect by address" else "a-name"
            stream.deadline = anyio.current_time() + 0.01
            if waits.startswith("connect"):
                waiting = stream.connect(request_to(port, host), tunnel=False)
            else:
                waiting = stream.drain() if waits == "drain" else stream.receive()
            with anyio.fail_after(PATIENCE), pytest.raises(Late):
                await waiting
            stream.close()

    run(test)


def test_a_websocket_that_is_late_lives_and_one_that_timed_out_does_not(run, monkeypatch):
    async def test():
        websocket = WebSocketTransport(Http(HttpClient(Options())), 1000)
        websocket._is_up = True
        raised = []

        async def receive(stream):
            raise raised.pop()

        monkeypatch.setattr(Stream, "receive", receive)
        raised[:] = [TimeoutError("of the system"), Late()]
        assert await websocket.recv_until(0) == []
        with pytest.raises(ConnectionLost, match="transport closed"):
            await websocket.recv_until(0)

    run(test)


def test_a_peer_that_never_stops_sending_does_not_hold_up_the_deadline(run):
    class Endless:
        """A socket that always has as much to read as is asked for."""

        def recv(self, size):
            return b"\x89\0" * (size // 2)

        def send(self, data):
            return len(data)

    async def test():
        websocket = WebSocketTransport(Http(HttpClient(Options())), 1000)
        websocket._is_up, websocket._stream._sock = True, Endless()
        websocket.hasten()
        with anyio.fail_after(PATIENCE):
            assert await websocket.recv_until(anyio.current_time() + 0.05) == []
        websocket._stream._sock = None

    run(test)


def test_a_post_that_is_not_answered_says_so(run, peer, monkeypatch):
    monkeypatch.setattr("sioclient.aio.transports.POST_TIMEOUT", 0.01)
    framing = SimpleNamespace(most_shared=1000, content_type="text/plain", encode_payload="".join)

    async def test():
        polling = PollingTransport(Http(HttpClient(Options())), 1000, framing)
        polling._url = f"http://127.0.0.1:{peer.getsockname()[1]}/"
        with pytest.raises(ConnectionLost, match=r"^transport closed: timed out$"):
            await polling.send(["5:::"])
        await polling.close(0)

    run(test)


def test_a_peer_that_speaks_before_tls_is_not_believed(run, peer):
    async def test():
        stream = Stream(Traffic())
        await stream.connect(request_to(peer.getsockname()[1], "127.0.0.1"), tunnel=False)
        stream._unread = b"HTTP/1.1 200 OK"
        with pytest.raises(ConnectionAbortedError, match="before the connection was encrypted"):
            await stream._start_tls(None, "localhost")
        stream.close()

    run(test)


def test_a_transport_that_is_none_has_no_ways(run):
    async def test():
        transport = Transport()
        for call in (transport.open("", 0), transport.recv(), transport.send([]), transport.close(0)):
            with pytest.raises(NotImplementedError):
                await call
        with pytest.raises(ConnectionLost):
            transport.leave()
        transport.put([])
        transport.finish(0)
        transport.abort()
        assert MixedTransport.name == "websocket"

    run(test)


def test_the_body_of_a_request_is_written_by_itself(run, peer, monkeypatch):
    written = []

    async def test():
        request = request_to(peer.getsockname()[1], "127.0.0.1")
        stream = Stream(Traffic())
        await stream.connect(request, tunnel=False)
        monkeypatch.setattr(Stream, "_send", lambda stream, data: written.append(bytes(data)) or len(data))
        await stream.ask("POST", request, {}, b"body")
        stream.close()

    run(test)
    head, body = written
    assert (head[-4:], body) == (b"\r\n\r\n", b"body"), "TCP would cut a small body: socket.io 0.9 misreads that"


def test_what_follows_a_response_does_not_belong_to_the_next(run, peer):
    async def test():
        request = request_to(peer.getsockname()[1], "127.0.0.1")
        stream = Stream(Traffic())
        await stream.connect(request, tunnel=False)
        server, _ = peer.accept()
        with server:
            server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 408 Late\r\n\r\n")
            assert (await stream.read(ResponseReader(100))).body == "ok"
            assert stream.has_ended(), "it is not used again"
        stream.close()

    run(test)
