"""A server for the tests of programs that talk to one: it remembers what it heard, and fails when it is told to.

pytest finds the fixture ``socket_server`` by itself where sioclient is installed; elsewhere, put
``pytest_plugins = ["sioclient.server.testing"]`` into ``conftest.py``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol

import pytest

from .connection import SocketConnection
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

    def refuse(self, status: int | None = 403) -> None:
        """Refuse every handshake with this status from now on; None: no more."""
        self.call(self.router.refuse, status)

    def _on_heard(self, connection: SocketConnection, name: str, args: list[Any]) -> None:
        with self._news:
            self.received.append(Received(connection, name, args))
            self._news.notify_all()


class StartServer(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, main: type[SocketConnection] = SocketConnection, **settings: Any) -> WatchedServer:
        """Return a running server; it listens on ``server.port``, by default a free one. See ``SocketServer``."""


@contextmanager
def starting() -> Iterator[StartServer]:
    """Give a function that starts servers; they stop at the end."""
    with ExitStack() as servers:

        def start(main: type[SocketConnection] = SocketConnection, **settings: Any) -> WatchedServer:
            server = WatchedServer(main, **{"port": 0, **settings})
            servers.enter_context(server)
            return server

        yield start


@pytest.fixture
def socket_server() -> Iterator[StartServer]:
    """Return a function that starts servers for one test: connect to ``socket_server(Chat).port``."""
    with starting() as start:
        yield start
