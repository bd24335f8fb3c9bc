"""A server for the tests of programs that talk to one: it remembers what it heard, and fails when it is told to.

pytest finds the fixture ``socket_server`` by itself where sioclient is installed; elsewhere, put
``pytest_plugins = ["sioclient.server.testing"]`` into ``conftest.py``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import pytest

from .connection import SocketConnection
from .playback import Recording, replay
from .server import SocketServer


class Received(NamedTuple):
    """An event that a client sent; a message is an event called message."""

    connection: SocketConnection
    name: str
    args: list[Any]


class WatchedServer(SocketServer):
    """A ``SocketServer`` for a test.

    Attributes:
        received: every event, in order.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.received: list[Received] = []
        self._waited_for = 0
        self._news = threading.Condition()
        self.router.watch(self._on_heard)

    def wait_for(self, name: str, timeout: float = 10) -> list[Any]:
        """Return the arguments of the next event of that name, also of one that came before; each counts once.

        Raises:
            TimeoutError: none came in time; the text says what did.
        """
        until = time.monotonic() + timeout
        with self._news:
            while True:
                for number in range(self._waited_for, len(self.received)):
                    if self.received[number].name == name:
                        self._waited_for = number + 1
                        return self.received[number].args
                if not self._news.wait(until - time.monotonic()):
                    came = [event.name for event in self.received[self._waited_for :]]
                    raise TimeoutError(f"no event {name!r} came within {timeout:g} s, but {came}")

    def cut(self, connection: SocketConnection | None = None) -> None:
        """Close the connection of one client, or of all, without a word, as a network does that is gone."""
        for session_id in [connection.session_id] if connection is not None else list(self.clients):
            self.call(self.router.cut, session_id)

    def stall(self, connection: SocketConnection | None = None) -> None:
        """Go silent to one client, or to all and whoever comes, as a server does that hangs.

        Nothing is read and nothing is sent, heartbeats neither, until ``go_on``. Then what came meanwhile is handled,
        and what was emitted meanwhile is sent. The server itself ends no session for what it did not read.
        """
        self.call(self.router.stall, None if connection is None else connection.session_id)

    def go_on(self, connection: SocketConnection | None = None) -> None:
        """Go on after ``stall``."""
        self.call(self.router.go_on, None if connection is None else connection.session_id)

    def refuse(self, status: int | None = 403) -> None:
        """Refuse every handshake with this status from now on; None: no more."""
        self.call(self.router.refuse, status)

    def _on_heard(self, connection: SocketConnection, name: str, args: list[Any]) -> None:
        with self._news:
            self.received.append(Received(connection, name, args))
            self._news.notify_all()


class StartServer:
    """Starts servers that end with the test."""

    def __init__(self, servers: ExitStack) -> None:
        self._servers = servers

    def __call__(self, main: type[SocketConnection] = SocketConnection, **settings: Any) -> WatchedServer:
        """Return a running server; it listens on ``server.port``, by default a free one. See ``SocketServer``."""
        server = WatchedServer(main, **{"port": 0, **settings})
        self._servers.enter_context(server)
        return server

    def replay(self, recording: Recording, speed: float = 0, **settings: Any) -> WatchedServer:
        """Return a running server that sends what a recorded one sent; see ``sioclient.server.replay``."""
        return self(replay(recording, speed), **settings)


@contextmanager
def starting() -> Iterator[StartServer]:
    """Give what starts servers; they stop at the end."""
    with ExitStack() as servers:
        yield StartServer(servers)


@pytest.fixture
def socket_server() -> Iterator[StartServer]:
    """Return a function that starts servers for one test: connect to ``socket_server(Chat).port``."""
    with starting() as start:
        yield start
