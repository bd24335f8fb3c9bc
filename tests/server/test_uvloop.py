"""A server on uvloop, which the table of bench.server measures too."""

from __future__ import annotations

import asyncio
import sys
import threading
from importlib import import_module
from typing import ClassVar

import pytest

from sioclient import SocketIO
from sioclient.server import SocketConnection, SocketServer, event
from tests.waiting import FAR, eventually, happened, joined

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")


class Main(SocketConnection):
    left: ClassVar[list[str]] = []

    @event
    async def echo(self, value):
        await asyncio.sleep(0)
        return value

    @event
    def tell(self, text):
        self.router.broadcast("", "told", text)

    def on_close(self, reason):
        self.left.append(reason)


@pytest.fixture
def server():
    served, ready, stop = [], threading.Event(), threading.Event()

    async def serve():
        async with SocketServer(Main, 0, heartbeat_interval=FAR, heartbeat_timeout=FAR) as server:
            Main.router = server.router
            served.append((server, asyncio.get_running_loop()))
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: import_module("uvloop").run(serve()))
    thread.start()
    happened(ready)
    try:
        yield served[0]
    finally:
        stop.set()
        joined(thread)


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("revision", [1, 4, 5])
def test_clients_of_every_generation_are_served_on_uvloop(server, revision, transport):
    served, loop = server
    assert type(loop).__module__.startswith("uvloop")
    Main.left, told = [], []
    with SocketIO("127.0.0.1", served.port, revision=revision, transports=transport) as socket:
        socket.on("told", told.append)
        assert socket.call("echo", ["x" * 100_000]) == ["x" * 100_000]
        socket.emit("tell", "everybody")
        eventually(lambda: told == ["everybody"], "the broadcast")
    eventually(lambda: Main.left, "the end of the session")
