"""One client that sends without a pause, and the turns of others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

import pytest
import websocket
from tornado.iostream import IOStream

from sioclient import SocketIO
from sioclient.server import SocketConnection, event
from sioclient.server.fairness import MOST_TIME, READ_AHEAD, FairReader
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


def reader(read, *pause):
    return FairReader(read, *pause).read_bytes


def test_reads_that_are_done_at_once_give_the_loop_away_now_and_then():
    async def main():
        async def read(count, partial):
            time.sleep(MOST_TIME / 4)
            return b"xx"

        turns, read_bytes = [], reader(read)

        def tick():
            turns.append(True)
            asyncio.get_running_loop().call_soon(tick)

        tick()
        assert [await read_bytes(2) for _ in range(40)] == [b"xx"] * 40
        return len(turns)

    assert 5 <= asyncio.run(main()) <= 41


def test_parts_of_one_read_give_the_loop_away_too():
    async def main():
        turns, read_bytes = [], reader(partly([b"x" * 400]))

        def tick():
            turns.append(True)
            asyncio.get_running_loop().call_soon(tick)

        tick()
        for _ in range(40):
            assert await read_bytes(10) == b"x" * 10
            time.sleep(MOST_TIME / 4)
        return len(turns)

    assert 5 <= asyncio.run(main()) <= 41


def test_a_read_that_waited_for_the_network_counts_as_a_turn_of_others():
    async def main():
        loop, asked = asyncio.get_running_loop(), []

        def read(count, partial):
            asked.append(loop.create_future())
            return asked[-1]

        turns, read_bytes = [], reader(read)
        for _ in range(2):
            reading = asyncio.ensure_future(read_bytes(1))
            await asyncio.sleep(MOST_TIME * 2)
            asked[-1].set_result(b"xy")
            assert await reading == b"x"
            loop.call_soon(turns.append, True)
            assert await read_bytes(1) == b"y"
            assert not turns  # although more time than MOST_TIME is over
            await asyncio.sleep(0)
            turns.clear()

    asyncio.run(main())


def partly(parts):
    """Return a way to read that has the next of some parts each time, as much as was asked for at most."""
    parts = iter(parts)

    async def read(count, partial):
        part = next(parts)
        assert len(part) <= count
        assert partial or len(part) == count
        return part

    return read


def test_one_read_is_handed_out_in_parts():
    async def main():
        read_bytes = reader(partly([b"abcdefg"]))
        return [await read_bytes(count) for count in (2, 0, 1, 4)]

    assert asyncio.run(main()) == [b"ab", b"", b"c", b"defg"]


def test_a_part_that_comes_in_pieces_is_handed_out_whole():
    async def main():
        read_bytes = reader(partly([b"ab", b"c", b"de", b"fghi"]))
        return [await read_bytes(count) for count in (1, 4, 3, 1)]

    assert asyncio.run(main()) == [b"a", b"bcde", b"fgh", b"i"]


def test_a_part_that_comes_byte_by_byte_needs_two_reads():
    """Tornado collects the rest; what is read in each piece would be copied again with the next."""

    async def main():
        asked, sent = [], b"x" * (READ_AHEAD - 1)

        async def read(count, partial):
            asked.append((count, partial))
            return sent[: 1 if partial else count]

        assert await reader(read)(len(sent)) == sent
        return asked

    assert asyncio.run(main()) == [(READ_AHEAD, True), (READ_AHEAD - 2, False)]


def test_a_hundred_pieces_need_two_reads_of_the_stream():
    async def main():
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        stream, asked, sent = IOStream(ours), [], bytes(range(100))

        def read(count, partial):
            asked.append(count)
            return stream.read_bytes(count, partial)

        with theirs, contextlib.closing(stream):
            reading = asyncio.ensure_future(reader(read)(len(sent)))
            for number in range(len(sent)):
                theirs.send(sent[number : number + 1])
                await asyncio.sleep(0)  # the loop looks at the stream
            assert await reading == sent
        return asked

    assert len(asyncio.run(main())) <= 2


def test_much_is_read_as_it_is_asked_for():
    async def main():
        read_bytes = reader(partly([b"ab", b"c" * (READ_AHEAD + 7), b"d"]))
        return [await read_bytes(count) for count in (1, READ_AHEAD + 8, 1)]

    assert asyncio.run(main()) == [b"a", b"b" + b"c" * (READ_AHEAD + 7), b"d"]


@pytest.mark.parametrize("is_here", [False, True])
def test_what_is_to_be_waited_for_comes_before_bytes(is_here):
    async def main():
        order = []

        async def pause():
            order.append("pause")

        read_bytes = reader(partly([b"xy", b"z"]), lambda: pause() if order else None)
        await read_bytes(1)
        order.append("begin")
        await read_bytes(1 if is_here else 2)
        return order

    assert asyncio.run(main()) == ["begin", "pause"]
