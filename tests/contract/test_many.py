"""Many connections in one process."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from sioclient import SocketIO
from tests.conftest import start
from tests.waiting import eventually

MANY = 200


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_two_hundred_connections(transport):
    with start("legacy.js") as server, ExitStack() as stack:
        before = threading.active_count()
        made = [SocketIO("127.0.0.1", server.port, transports=(transport,)) for _ in range(MANY)]
        for socket in made:
            stack.enter_context(socket)
        assert threading.active_count() <= before + 2 * MANY
        acks = []
        for number, socket in enumerate(made):
            socket.emit("echo", number, acks.append)
        eventually(lambda: len(acks) == MANY, "every ack")
        assert sorted(acks) == list(range(MANY))
        assert threading.active_count() <= before + 2 * MANY
        assert made[0].call("sessions") == MANY
