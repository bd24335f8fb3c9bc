"""EngineIO of the async front, and detect, against real servers."""

from __future__ import annotations

import logging

import anyio
import pytest

from sioclient import ConnectError, LocalProtocolError, NotConnected
from sioclient.aio import EngineIO, detect
from tests.conftest import start
from tests.servers import SERVERS
from tests.servers_py import closed_port

from .conftest import eventually


@pytest.fixture(scope="module", params=["3", "6"])
def engine(request):
    with start("engine.js", version=request.param, engineio={"maxHttpBufferSize": 10**8}) as server:
        yield {"3": 3, "6": 4}[request.param], f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_messages_of_all_kinds_and_functions_of_both(run, engine, transport):
    async def test():
        client, told = EngineIO(transports=transport), []

        @client.on("connect")
        async def connected():
            told.append("connect")

        client.on("message", told.append)
        client.on("disconnect", lambda reason: told.append(("disconnect", reason)))
        with pytest.raises(NotConnected):
            await client.send("x")
        async with anyio.create_task_group() as group:
            await client.connect(group, engine[1])
            await eventually(lambda: told == ["connect", "hello"], "the greeting")
            assert (client.connected, client.revision, client.transport_name) == (True, engine[0], transport)
            with pytest.raises(LocalProtocolError):
                await client.connect(group, engine[1])
            for data in ("text", b"\0\1bytes", {"a": 1}, [1, "two"]):
                await client.send(data)
            await eventually(lambda: len(told) == 6, "the echoes")
            assert b"\0\1bytes" in told
            await client.disconnect()
            assert told[-1] == ("disconnect", "client")
            told.clear()
            await client.connect(group, engine[1])
            await eventually(lambda: told == ["connect", "hello"], "the greeting of the second time")
            await client.disconnect()
            assert await client.wait() == "client"

    run(test)


def test_a_refused_connection_is_an_exception(run):
    async def test():
        async with anyio.create_task_group() as group:
            with closed_port() as port, pytest.raises(ConnectError, match="refused"):
                await EngineIO().connect(group, f"http://127.0.0.1:{port}")

    run(test)


def test_function_that_raises_is_logged(run, engine, caplog):
    async def test():
        client = EngineIO(logger=logging.getLogger("engine"))

        @client.on("message")
        async def fail(data):
            raise LookupError(data)

        async with anyio.create_task_group() as group:
            await client.connect(group, engine[1])
            await eventually(lambda: "LookupError: hello" in caplog.text, "the log")
            await client.disconnect()

    run(test)


@pytest.mark.parametrize("name", ["0.9.19", "2.5.1", "4.8.1"])
def test_detect(run, name):
    with start(SERVERS[name]) as server:
        info = run(lambda: detect("127.0.0.1", server.port))
        assert info.revision == SERVERS[name].revision
        assert "websocket" in info.transports
