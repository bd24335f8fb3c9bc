"""What the tests of faults share: both kinds of transport, servers that are quick to give up, and certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from sioclient import SocketIO
from tests.conftest import Recorder, start
from tests.faults.proxy import Proxy
from tests.transports.conftest import Authority, _plain_environment, authority
from tests.waiting import eventually

__all__ = ["Authority", "_plain_environment", "authority"]

HASTY = {"heartbeat timeout": 1, "heartbeat interval": 0.4, "close timeout": 1, "polling duration": 0.5}
"""Times of a real server with which its client takes it for dead after two seconds."""


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connect(transport: str, socket_kind: Callable[..., SocketIO]) -> Iterator[Callable[..., SocketIO]]:
    """Make connections that come back at once; they end with the test."""
    made: list[SocketIO] = []

    def make(port: int, handler: Recorder | None = None, host: str = "127.0.0.1", **options: Any) -> SocketIO:
        settings = {"transports": (transport,), "reconnection_delay": 0.01, "reconnection_limit": 0.1}
        settings |= {"max_reconnection_attempts": None}
        socket = socket_kind(host, port, handler, **(settings | options))
        made.append(socket)
        return socket

    yield make
    for socket in made:
        socket.disconnect()


@pytest.fixture(scope="session")
def hasty() -> Iterator[int]:
    """The port of a real server that takes a client for dead after one second.

    It may do so before the client is connected, on a machine that stands still for as long: let it try again.
    """
    with start("legacy.js", socketio=HASTY) as server:
        yield server.port


@pytest.fixture
def proxy(legacy: int) -> Iterator[Proxy]:
    """A way to a real server with the usual times."""
    with Proxy(legacy) as proxy:
        yield proxy


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls have their responses as quickly as ``HASTY`` says, which no server announces."""
    monkeypatch.setattr(import_module("sioclient.protocol.revisions.revision1"), "LONGEST_POLL", 1.0)


@pytest.fixture
def hasty_proxy(hasty: int, quick_polls: None) -> Iterator[Proxy]:
    """A way to a real server that is quick to give up."""
    with Proxy(hasty) as proxy:
        yield proxy


class Ledger:
    """An account of events that the server echoes: sent, echoed, lost with a notice."""

    def __init__(self, socket: SocketIO) -> None:
        self.sent: list[int] = []
        self.echoed: list[int] = []
        self._socket = socket
        socket.on("echoed", self.echoed.append)

    def emit(self, count: int = 1) -> None:
        for _ in range(count):
            number = len(self.sent)
            self._socket.emit("echo", number)
            self.sent.append(number)

    def wait_for_last(self) -> None:
        last = self.sent[-1]
        eventually(lambda: last in self.echoed, f"the echo of {last}")

    def deliver(self) -> None:
        """Emit until an echo comes: what is on its way when a loss is noticed may be lost with it."""
        begun = len(self.sent)

        def arrived() -> bool:
            self.emit()
            return bool(self.echoed) and self.echoed[-1] >= begun

        eventually(arrived, "an echo")
        self.wait_for_last()

    def check(self, *, complete: bool = True) -> None:
        """Fail if an echo came twice or out of order, or if one is missing."""
        assert self.echoed == sorted(set(self.echoed)), "an echo came twice or out of order"
        assert not complete or self.echoed == self.sent


@pytest.fixture
def ledger() -> type[Ledger]:
    return Ledger


def told(recorder: Recorder) -> list[str]:
    """Return the names of what a recorder has been told and has not handed out."""
    return [entry[0] for entry in list(recorder.told.queue)]
