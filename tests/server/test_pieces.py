"""A stream that is written to in pieces."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading

import pytest
import websocket

from sioclient.server import SocketConnection, SocketServer, event
from sioclient.server.bodies import PREAMBLE, script
from sioclient.server.pieces import MOST_AT_ONCE, PieceLink
from sioclient.server.web import WebSocketLink
from tests.waiting import PATIENCE, eventually


class Link(PieceLink):
    def __init__(self):
        super().__init__(set())
        self.pieces, self.is_lost, self.is_shut = [], False, False

    def _has_room(self):
        return not self.is_shut

    def _write_piece(self, frames):
        if not self.is_lost:
            self.pieces.append(frames)
        return not self.is_lost

    def _shut(self):
        self.is_shut = True


def in_loop(check):
    async def main():
        await check(Link())

    asyncio.run(main())


FRAMES = list(range(MOST_AT_ONCE * 2 + 1))


def test_s15_only_so_many_frames_are_written_in_a_turn():
    async def check(link):
        link.write(FRAMES)
        assert link.pieces == [FRAMES[:MOST_AT_ONCE]]
        assert not link.is_ready()
        assert link._busy == {link}
        link.write(["later"])
        while not link.is_ready():
            await asyncio.sleep(0)
        assert not link._busy
        assert [len(piece) for piece in link.pieces] == [MOST_AT_ONCE, MOST_AT_ONCE, 2]
        assert [frame for piece in link.pieces for frame in piece] == [*FRAMES, "later"]

    in_loop(check)


def test_what_is_left_can_be_written_at_once():
    async def check(link):
        link.write(FRAMES)
        link.close()
        link.finish()
        assert [frame for piece in link.pieces for frame in piece] == FRAMES
        assert link.is_shut
        await asyncio.sleep(0)
        link.finish()
        assert len(link.pieces) == 3

    in_loop(check)


def test_it_closes_after_what_was_written():
    async def check(link):
        link.write(FRAMES)
        link.close()
        assert not link.is_shut
        while not link.is_shut:
            await asyncio.sleep(0)
        assert [frame for piece in link.pieces for frame in piece] == FRAMES

    in_loop(check)


def test_what_a_lost_connection_did_not_take_is_forgotten():
    async def check(link):
        link.write(FRAMES)
        link.is_lost = True
        await asyncio.sleep(0.01)
        assert len(link.pieces) == 1
        assert link.is_ready()
        link.close()
        assert link.is_shut

    in_loop(check)


COUNT = 8000


class Main(SocketConnection):
    @event
    def pour(self):
        for number in range(COUNT):
            self.send(str(number))
        self.close()

    @event
    def pour_at_the_end(self):
        for number in range(COUNT):
            self.send(str(number))


@pytest.fixture
def server(socket_server):
    return socket_server(Main)


def test_s15_thousands_of_packets_to_a_websocket_leave_turns_to_others(server, raw, monkeypatch):
    write_piece, sizes = WebSocketLink._write_piece, []

    def note(link, frames):
        sizes.append(len(frames))
        return write_piece(link, frames)

    monkeypatch.setattr(WebSocketLink, "_write_piece", note)
    name = raw(server).handshake()
    address = f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{name}"
    connection = websocket.create_connection(address, timeout=PATIENCE)
    try:
        connection.send('5:::{"name":"pour"}')
        assert connection.recv() == "1::"
        assert [connection.recv() for _ in range(COUNT)] == [f"3:::{number}" for number in range(COUNT)]
        assert connection.recv() == "0::"
        assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
    finally:
        connection.shutdown()
    assert max(sizes) == MOST_AT_ONCE


def test_s15_thousands_of_packets_in_an_htmlfile_arrive_before_its_end(server, raw):
    ask = raw(server)
    name = ask.handshake()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", f"/socket.io/1/htmlfile/{name}")
    response = connection.getresponse()
    assert response.read(len(PREAMBLE)).decode() == PREAMBLE
    ask.post(f"/1/htmlfile/{name}", '5:::{"name":"pour"}')
    expected = [script("1::"), *(script(f"3:::{number}") for number in range(COUNT)), script("0::")]
    assert response.read().decode() == "".join(expected)
    response.close()
    connection.close()
    eventually(lambda: server.call(lambda: len(server.router._hub.clients)) == 0, "the end of the session")


def test_a_server_that_stops_writes_what_is_left(raw):
    received = []

    def read():
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while True:
                received.append(connection.recv())

    with SocketServer(Main, 0) as server:
        name = raw(server).handshake()
        address = f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{name}"
        connection = websocket.create_connection(address, timeout=PATIENCE)
        assert connection.recv() == "1::"
        reading = threading.Thread(target=read)
        reading.start()

        def pour_and_stop():
            server.router._hub.clients[name].connections[""].pour_at_the_end()
            server._stopped.set()

        server.call(pour_and_stop)
    reading.join(PATIENCE)
    connection.shutdown()
    assert received[:COUNT] == [f"3:::{number}" for number in range(COUNT)]
