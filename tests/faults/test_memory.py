"""What a server sends again and again does not fill the memory of its client."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from sioclient import Handler, SocketIO
from tests.memory import MemoryServer
from tests.waiting import eventually


@pytest.fixture
def server(monkeypatch):
    server = MemoryServer()
    monkeypatch.setattr("sioclient.threads.connection.Connector", lambda *args: server)
    return server


class Counter(Handler):
    """Counts events, and keeps nothing of them."""

    def __init__(self) -> None:
        self.count = 0

    def unknown_event(self, name: str, args: object) -> None:
        self.count += 1


@pytest.mark.parametrize(("length", "first", "more"), [(20, 1500, 3000), (5000, 10, 500)], ids=["many", "long"])
def test_the_names_of_events_are_not_kept_for_ever(server, length, first, more):
    handler = Counter()
    with SocketIO("localhost", None, handler, revision=1) as socket:

        def push(count: int) -> int:
            """Push events with names of their own; return the bytes that are in use when they are handled."""
            begun = handler.count
            for number in range(begun, begun + count):
                server.push(f'5:::{{"name":"{number:0{length}}"}}')
            eventually(lambda: handler.count == begun + count, "the last event", expect=10)
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = push(first)  # some may be remembered, up to a limit
            assert push(more) - before < 2**18
        finally:
            tracemalloc.stop()
        assert socket.connected
