"""A server that dies and comes back, again and again, while a client goes on emitting."""

from __future__ import annotations

import gc
import itertools
import threading

import pytest

from sioclient import SocketIO
from tests.conftest import Recorder, start
from tests.servers import SERVERS
from tests.servers_py import descriptors
from tests.waiting import eventually

RESTARTS = 20


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "transport", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SERVERS["0.9.19"].transports]
)
@pytest.mark.usefixtures("no_thread_left")
def test_a_server_that_is_killed_again_and_again(transport):
    recorder, echoed, numbers = Recorder(), [], itertools.count()
    server = start("legacy.js")
    options = {"reconnection_delay": 0.02, "reconnection_limit": 0.2, "max_reconnection_attempts": None}
    while_away, measured = [], []

    def emit(count):
        sent = list(itertools.islice(numbers, count))
        for number in sent:
            socket.emit("echo", number)
        return sent

    try:
        with SocketIO("127.0.0.1", server.port, recorder, transports=(transport,), **options) as socket:
            socket.on("echoed", echoed.append)
            for restart in range(RESTARTS):
                emit(50)  # the server dies on some of these
                server.stop()
                recorder.next("close")
                while_away += emit(20)
                server = start("legacy.js", port=server.port)
                recorder.next("reconnect")
                last = emit(1)[0]
                eventually(lambda last=last: last in echoed, "the echo of the last")
                gc.collect()
                measured.append((threading.active_count(), descriptors()))
                assert recorder.told.qsize() < 20, f"something was told again and again by restart {restart}"
    finally:
        server.stop()
    assert echoed == sorted(set(echoed)), "in order, and none twice"
    assert set(while_away) <= set(echoed)
    assert max(measured) == min(measured) or max(measured[2:]) <= max(measured[:2]), "threads and descriptors stay"
