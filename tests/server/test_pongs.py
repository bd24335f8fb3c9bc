"""Pongs that a client does not read."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import pytest
import tornado
import websocket

from sioclient.server import SocketConnection
from sioclient.server.pongs import MOST_UNREAD, OVERHEAD, Pongs
from tests.waiting import PATIENCE, eventually

PING = b"\x89\xfd" + b"\0\0\0\0" + b"x" * 125


class Stream:
    is_writing = True

    def __init__(self):
        self.marks = []

    def writing(self):
        return self.is_writing

    def write(self, data):
        assert data == b""
        self.marks.append(asyncio.get_running_loop().create_future())
        return self.marks[-1]


def run(check):
    async def main():
        await check(Stream())

    asyncio.run(main())


def test_s15_pongs_that_wait_are_counted():
    async def check(stream):
        pongs = Pongs(stream)
        counted = [pongs.are_too_many(OVERHEAD) for _ in range(MOST_UNREAD // OVERHEAD)]
        assert counted.index(True) == MOST_UNREAD // (2 * OVERHEAD)
        assert len(stream.marks) == 1

    run(check)


def test_what_has_left_does_not_count_while_more_is_written_all_the_time():
    async def check(stream):
        pongs = Pongs(stream)
        for _ in range(10_000):
            assert not pongs.are_too_many(125)
            stream.marks[-1].set_result(None)
            await asyncio.sleep(0)

    run(check)


def test_a_stream_without_anything_to_write_starts_anew():
    async def check(stream):
        pongs = Pongs(stream)
        for _ in range(10_000):
            stream.is_writing = not stream.is_writing
            assert not pongs.are_too_many(125)
        stream.marks[0].set_result(None)
        await asyncio.sleep(0)
        assert not pongs.are_too_many(125)

    run(check)


@pytest.fixture
def flooded(socket_server, raw):
    """A server, and a websocket to it that does not read."""
    server = socket_server(SocketConnection)
    name = raw(server).handshake()
    address = f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{name}"
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)]
    connection = websocket.create_connection(address, timeout=PATIENCE, sockopt=small)
    yield server, connection
    connection.shutdown()


def test_s15_a_flood_of_pings_that_nobody_reads_keeps_no_memory(flooded):
    """Tornado 6.5 writes each pong, so the connection ends; 6.6 keeps the last one only, and pings may go on."""
    server, connection = flooded
    writes_each = tornado.version_info < (6, 6)
    until = time.monotonic() + (PATIENCE if writes_each else 2)
    with contextlib.suppress(OSError):
        while time.monotonic() < until:
            connection.sock.sendall(PING * 1000)
    if writes_each:
        assert time.monotonic() < until
        eventually(lambda: server.call(lambda: len(server.router.clients)) == 0, "the end of the session")


def test_pings_whose_pongs_are_read_go_on(flooded):
    server, connection = flooded
    connection.sock.settimeout(PATIENCE)
    assert connection.recv() == "1::"
    for _ in range(40):
        connection.sock.sendall(PING * 100)
        connection.send("8:1::")
        while connection.recv() != "6:::1":
            pass
    assert server.call(lambda: len(server.router.clients)) == 1
