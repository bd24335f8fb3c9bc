"""What goes wrong on the network, through a proxy that breaks connections; and many clients at once."""

from __future__ import annotations

from importlib import import_module

import anyio
import pytest

from sioclient import ConnectError, ConnectionLost
from sioclient.aio import SocketIO
from tests.conftest import start
from tests.faults.conftest import HASTY
from tests.faults.proxy import Proxy
from tests.servers_py import closed_port

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


def test_a_thousand_clients_in_one_process(legacy):
    async def test():
        sockets = [SocketIO("127.0.0.1", legacy, transports="websocket", revision=1) for _ in range(1000)]
        async with anyio.create_task_group() as group:
            async with anyio.create_task_group() as opening:
                limit = anyio.CapacityLimiter(50)

                async def open_one(socket):
                    async with limit:
                        await socket.open(group)

                for socket in sockets:
                    opening.start_soon(open_one, socket)
            assert all(socket.connected for socket in sockets)
            async with anyio.create_task_group() as asking:
                for number, socket in enumerate(sockets):
                    asking.start_soon(same, socket, number)
            async with anyio.create_task_group() as closing:
                for socket in sockets:
                    closing.start_soon(socket.disconnect)

    anyio.run(test)


async def same(socket, number):
    assert await socket.call("echo", number) == number
