"""What goes wrong on the network, through a proxy that breaks connections; and many clients at once."""

from __future__ import annotations

import threading
from functools import partial
from importlib import import_module

import anyio
import pytest

from sioclient import ConnectError, ConnectionLost
from sioclient.aio import SocketIO, stream
from tests.conftest import start
from tests.faults.conftest import HASTY
from tests.faults.proxy import Proxy
from tests.faults.rogue import Rogue
from tests.servers import SERVERS
from tests.servers_py import closed_port, deaf_port
from tests.waiting import PATIENCE

from .conftest import Recorder, eventually

OPTIONS = {"reconnection_delay": 0.01, "reconnection_limit": 0.1, "revision": 1}


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


@pytest.fixture
def proxy(legacy):
    with Proxy(legacy) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def hasty():
    with start("legacy.js", socketio=HASTY) as server, Proxy(server.port) as proxy:
        yield proxy


def test_reset_connection_comes_back_and_calls_fail(run, proxy, transport):
    async def test():
        recorder = Recorder()
        async with SocketIO("127.0.0.1", proxy.port, recorder, transports=transport, **OPTIONS) as socket:
            chat = await socket.connect("/chat")
            errors = []

            async def ask():
                try:
                    await socket.call("never answered")
                except ConnectionLost as error:
                    errors.append(error)

            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                await anyio.sleep(0.05)
                proxy.reset()
            assert len(errors) == 1
            await recorder.next("reconnect")
            await eventually(lambda: chat.connected, "the channel")
            assert await chat.call("echo", 1) == 1

    run(test)


def test_every_byte_alone(run, proxy, transport):
    async def test():
        proxy.sizes = 1
        async with SocketIO("127.0.0.1", proxy.port, transports=transport, **OPTIONS) as socket:
            assert await socket.call("echo", "\U0001f600" * 50, [1]) == ("\U0001f600" * 50, [1])

    run(test)


def test_black_hole_is_found_and_left(run, hasty, transport, monkeypatch):
    monkeypatch.setattr(import_module("sioclient.protocol.revisions.revision1"), "LONGEST_POLL", 1.0)

    async def test():
        recorder = Recorder()
        async with SocketIO("127.0.0.1", hasty.port, recorder, transports=transport, **OPTIONS) as socket:
            hasty.hold()
            assert (await recorder.next("disconnect"))[1] == "heartbeat timeout"
            await socket.emit("note", "kept")
            hasty.heal()
            await recorder.next("reconnect")
            await eventually(lambda: socket.connected, "the connection")
            assert await socket.call("notes") == ["kept"]

    run(test)


def test_disconnect_into_a_black_hole_takes_no_more_than_its_time(run, proxy, transport, monkeypatch):
    monkeypatch.setattr("sioclient.aio.tasks.WRITE_TIMEOUT", 0.2)
    monkeypatch.setattr("sioclient.aio.tasks.CLOSE_TIMEOUT", 0.2)

    async def test():
        async with SocketIO("127.0.0.1", proxy.port, transports=transport, **OPTIONS) as socket:
            proxy.hold()
            begin = anyio.current_time()
        assert anyio.current_time() - begin < 4
        assert socket.ended

    run(test)


def test_server_that_takes_nothing_loses_the_connection(run, proxy, monkeypatch):
    monkeypatch.setattr("sioclient.aio.stream.MOST_STALL", 0.3)

    async def test():
        recorder = Recorder()
        options = {**OPTIONS, "reconnect": False}
        async with SocketIO("127.0.0.1", proxy.port, recorder, transports="websocket", **options) as socket:
            proxy.hold("up")
            for _ in range(50):
                await socket.emit("note", "x" * 200_000)
            with pytest.raises(ConnectError, match="has taken nothing"):
                await socket.wait()

    run(test)


async def has_come(socket, book):
    return len(await socket.call("kept", book)) == 900


def test_last_packets_leave_as_the_server_acknowledges_them(run, proxy, monkeypatch):
    monkeypatch.setattr("sioclient.aio.connection.DISCONNECT_TIMEOUT", PATIENCE)
    monkeypatch.setattr("sioclient.aio.tasks.WRITE_TIMEOUT", PATIENCE)  # else a busy machine decides
    proxy.delay = 0.02  # so that more waits than may be on its way

    async def test():
        book = f"{anyio.current_time()}"
        async with SocketIO("127.0.0.1", proxy.port, transports="websocket", **OPTIONS) as socket:
            for number in range(900):
                await socket.emit("keep", book, number)
        async with SocketIO("127.0.0.1", proxy.port, transports="websocket", **OPTIONS) as socket:
            await eventually(partial(has_come, socket, book), "the last packets arrive")
            assert await socket.call("kept", book) == list(range(900))

    run(test)


def test_server_that_is_restarted_is_found_again(run, transport):
    async def test():
        recorder = Recorder()
        with start("legacy.js") as server:
            port = server.port
            socket = SocketIO("127.0.0.1", port, recorder, transports=transport, **OPTIONS)
            group = anyio.create_task_group()
            await group.__aenter__()
            await socket.open(group)
        await recorder.next("disconnect")
        await socket.emit("note", "while it was away")
        with start("legacy.js", port=port):
            await recorder.next("reconnect")
            assert await socket.call("notes") == ["while it was away"]
            await socket.disconnect()
        await group.__aexit__(None, None, None)

    run(test)


def test_nobody_is_there(run, transport):
    async def test():
        with closed_port() as port, pytest.raises(ConnectError, match="refused the connection"):
            async with SocketIO("127.0.0.1", port, transports=transport):
                pass

    run(test)


def test_message_that_is_too_large_is_refused_by_its_header(run, legacy):
    async def test():
        recorder = Recorder()
        options = {**OPTIONS, "max_message_size": 10_000, "reconnect": False}
        async with SocketIO("127.0.0.1", legacy, recorder, transports="websocket", **options) as socket:
            await socket.emit("do send big", 20_000)
            with pytest.raises(ConnectError, match="message too big"):
                await socket.wait()

    run(test)


@pytest.mark.parametrize(("name", "backend"), [("0.9.19", "trio"), ("4.8.1", "asyncio")])
def test_a_thousand_clients_in_one_process(name, backend):
    async def test():
        make = partial(SocketIO, "127.0.0.1", server.port, transports="websocket", revision=SERVERS[name].revision)
        sockets = [make() for _ in range(1000)]
        async with anyio.create_task_group() as group:
            await in_parallel(sockets, lambda socket: socket.open(group))
            assert all(socket.connected for socket in sockets)
            heard = await in_parallel(sockets, lambda socket: socket.call("echo", id(socket)))
            assert heard == {id(socket) for socket in sockets}
            assert threading.active_count() == threads
            await in_parallel(sockets, lambda socket: socket.disconnect())

    with start(SERVERS[name]) as server:
        threads = threading.active_count()
        anyio.run(test, backend=backend)


async def in_parallel(sockets, verb):
    """Await this of every socket, fifty at a time, and return what it returned."""
    outcomes, limit = set(), anyio.CapacityLimiter(50)

    async def one(socket):
        async with limit:
            outcomes.add(await verb(socket))

    async with anyio.create_task_group() as group:
        for socket in sockets:
            group.start_soon(one, socket)
    return outcomes


@pytest.mark.parametrize("name", ["0.9.19", "4.8.1"])
def test_nothing_starts_a_thread(run, name, transport):
    async def test():
        before = threading.active_count()
        async with SocketIO("127.0.0.1", server.port, transports=transport) as socket:
            chat = await socket.connect("/chat")
            assert await chat.call("echo", 1) == 1
            assert threading.active_count() == before

    with start(SERVERS[name]) as server:
        run(test)


def test_server_that_is_killed_again_and_again(run, transport):
    async def test():
        with start("modern.js") as server:
            socket = SocketIO("127.0.0.1", server.port, transports=transport, **{**OPTIONS, "revision": 5})
            group = anyio.create_task_group()
            await group.__aenter__()
            await socket.open(group)
        for number in range(2):
            await eventually(lambda: not socket.connected, "the loss")
            with start("modern.js", port=server.port):
                await eventually(lambda: socket.connected, "the connection")
                assert await socket.call("echo", number) == number
        await socket.disconnect()
        await group.__aexit__(None, None, None)

    run(test)


def test_volatile_events_are_forgotten_while_it_is_away(run, legacy, transport):
    async def test():
        class Away(Recorder):
            async def on_retry(self, attempt, delay):
                await self.emit("note", "volatile", volatile=True)
                await self.emit("note", "kept")

        recorder = Away()
        async with SocketIO("127.0.0.1", legacy, recorder, transports=transport, **OPTIONS) as socket:
            await socket.emit("do cut")
            await recorder.next("reconnect")
            assert set(await socket.call("notes")) == {"kept"}
            with pytest.raises(TypeError, match="volatile"):
                await socket.emit("note", 1, print, volatile=True)

    run(test)


def test_exception_of_a_function_ends_neither_connection_nor_group(run, legacy, transport):
    async def test():
        class Failing(Recorder):
            def on_plain(self, value):
                raise LookupError(value)

            async def on_awaited(self, value):
                await anyio.sleep(0)
                raise SystemExit(value)

        recorder = Failing()
        async with SocketIO("127.0.0.1", legacy, recorder, transports=transport, **OPTIONS) as socket:
            for name, error in (("plain", LookupError), ("awaited", SystemExit)):
                await socket.emit("do emit", name, 7)
                _, event, raised = await recorder.next("exception")
                assert (event, type(raised)) == (name, error)
            assert await socket.call("echo", 1) == 1

    run(test)


def test_post_that_still_connects_ends_with_its_session(run, monkeypatch):
    """It would open a connection that nobody closes."""
    ports, dialing, known, begin, connected = {}, [], stream.known_address, stream._begin, stream._connected

    def beginning(info):
        begun = begin(info)
        ports[begun[0]] = info[4][1]
        return begun

    async def noting(sock, state):
        dialing.append(ports[sock])
        try:
            return await connected(sock, state)
        finally:
            dialing.remove(ports[sock])

    monkeypatch.setattr(stream, "_begin", beginning)
    monkeypatch.setattr(stream, "_connected", noting)

    async def test(rogue, deaf):
        recorder = Recorder()
        client = SocketIO("127.0.0.1", rogue.port, recorder, transports="xhr-polling", **OPTIONS)
        async with client:
            session = rogue.next_session()
            monkeypatch.setattr(stream, "known_address", lambda host, port: known(host, deaf))
            await client.emit("late")
            await eventually(lambda: deaf in dialing, "a POST that connects")
            monkeypatch.setattr(stream, "known_address", known)
            session.end()
            await recorder.next("reconnect")
            assert deaf not in dialing
            assert await client.call("anything") is None

    async def with_servers():
        with Rogue() as rogue, deaf_port() as deaf:
            await test(rogue, deaf)

    run(with_servers)
