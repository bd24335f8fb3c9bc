"""One client that sends without a pause, and the turns of others."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest
import websocket

from sioclient import SocketIO
from sioclient.server import SocketConnection, event
from sioclient.server.fairness import MOST_TIME, fair
from tests.waiting import PATIENCE


class Main(SocketConnection):
    @event
    def echo(self, value):
        return value


def frames(opcode, data):
    return (bytes([0x80 | opcode, 0x80 | len(data)]) + b"\0\0\0\0" + data) * 2000


FLOODS = {"pings": frames(9, b""), "noops": frames(1, b"8::"), "messages": frames(1, b"3:::x"), "empty": frames(1, b"")}


@contextlib.contextmanager
def flood(server, name, data):
    """Send without a pause over a websocket, and read what comes, until the block ends."""
    address = f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{name}"
    connection = websocket.create_connection(address, timeout=PATIENCE)
    stop = threading.Event()

    def send():
        with contextlib.suppress(OSError):
            while not stop.is_set():
                connection.sock.sendall(data)

    def read():
        with contextlib.suppress(OSError):
            while connection.sock.recv(2**16):
                pass

    threads = [threading.Thread(target=target, daemon=True) for target in (send, read)]
    for thread in threads:
        thread.start()
    try:
        yield threads[0]
    finally:
        stop.set()
        connection.sock.shutdown(2)
        for thread in threads:
            thread.join(PATIENCE)
        connection.shutdown()


@pytest.mark.parametrize("data", FLOODS.values(), ids=FLOODS)
def test_s15_a_flood_over_a_websocket_leaves_turns_to_others(socket_server, raw, data):
    server = socket_server(Main)
    with SocketIO("127.0.0.1", server.port) as other, flood(server, raw(server).handshake(), data) as sending:
        time.sleep(0.1)
        for number in range(5):
            assert other.call("echo", number, timeout=PATIENCE) == number
        assert sending.is_alive()


def test_reads_that_are_done_at_once_give_the_loop_away_now_and_then():
    async def main():
        async def read(count, partial):
            time.sleep(MOST_TIME / 4)
            return b"x" * count

        turns, reads = [], fair(read)

        def tick():
            turns.append(True)
            asyncio.get_running_loop().call_soon(tick)

        tick()
        assert [await reads(2) for _ in range(40)] == [b"xx"] * 40
        return len(turns)

    assert 5 <= asyncio.run(main()) <= 41


def test_a_read_that_waited_for_the_network_counts_as_a_turn_of_others():
    async def main():
        loop, ended = asyncio.get_running_loop(), []
        waits = [loop.create_future(), loop.create_future()]

        def read(count, partial):
            return waits[len(ended)]

        reads = fair(read)
        for future in waits:
            reading = reads(1)
            assert reading is future  # nothing is awaited in between
            await asyncio.sleep(MOST_TIME * 2)
            future.set_result(b"x")
            ended.append(await reading)
        return ended

    assert asyncio.run(main()) == [b"x", b"x"]


def test_what_is_to_be_waited_for_comes_before_the_read():
    async def main():
        order = []

        async def pause():
            order.append("pause")

        async def read(count, partial):
            order.append("read")
            return b"x"

        await fair(read, pause)(1)
        return order

    assert asyncio.run(main()) == ["pause", "read"]
