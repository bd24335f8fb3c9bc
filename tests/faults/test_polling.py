"""The faults that only polling knows: real servers forget who does not poll, and say nothing while they wait."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from sioclient import SocketIO
from sioclient.threads.listener import TAKE_OVER
from tests.conftest import Recorder, start
from tests.faults.conftest import told
from tests.faults.proxy import Proxy
from tests.faults.rogue import Rogue
from tests.servers import SERVERS
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, happened

OLD = ["0.9.19", "0.8.7", "0.7.11"]


@pytest.mark.parametrize("transport", ["xhr-polling", "jsonp-polling"])
@pytest.mark.parametrize("version", OLD)
def test_f52_idle_polls_are_not_taken_for_a_dead_server(version: str, transport: str, recorder: Recorder) -> None:
    """The server says nothing for four seconds, and announces that it is dead after one."""
    times = {"heartbeat timeout": 1, "heartbeat interval": 2, "close timeout": 1, "polling duration": 4}
    with (
        start("legacy.js", version=version, socketio=times) as server,
        SocketIO("127.0.0.1", server.port, recorder, transports=(transport,)) as socket,
    ):
        session = socket.session_id
        time.sleep(3.2)
        assert socket.call("echo", 1) == 1
        assert socket.session_id == session
        assert "close" not in told(recorder)


QUICK = {"heartbeat timeout": 2, "heartbeat interval": 0.5, "close timeout": 2, "polling duration": 0.5}
"""Whoever does not poll for two seconds is forgotten: a busy machine may well stand still for half a second."""

BLOCK_FOR = 5.0
"""Seconds for which a function runs: more than twice the time after which a server forgets."""

BLOCKED = [
    pytest.param("0.9.19", "xhr-polling", {"socketio": QUICK}, id="0.9.19"),
    pytest.param("0.9.19", "jsonp-polling", {"socketio": QUICK}, id="0.9.19 jsonp"),
    pytest.param("0.8.7", "xhr-polling", {"socketio": QUICK}, id="0.8.7"),
    pytest.param("0.7.11", "xhr-polling", {"socketio": QUICK}, id="0.7.11"),
    *(
        pytest.param(name, "xhr-polling", SERVERS[name].hasty, id=name)
        for name in ("embedded", "2.5.1", "4.8.1", "python-socketio")
    ),
]


@pytest.mark.parametrize(("version", "transport", "settings"), BLOCKED)
def test_f33_a_session_is_polled_while_a_handler_blocks(
    version: str, transport: str, settings: dict[str, Any], recorder: Recorder
) -> None:
    """Other threads emit and call meanwhile: nothing is lost, and what comes is handled afterwards, in order."""
    go_on, blocks = threading.Event(), threading.Event()
    with (
        start(SERVERS[version], **settings) as server,
        SocketIO("127.0.0.1", server.port, recorder, transports=(transport,)) as socket,
    ):
        session, echoed, sent = socket.session_id, list[int](), 0

        @socket.on("block")
        def block() -> None:
            blocks.set()
            happened(go_on, expect=10)
            echoed.append(-1)

        socket.on("echoed", echoed.append)
        socket.emit("do emit", "block")
        happened(blocks)
        until = time.monotonic() + BLOCK_FOR
        while time.monotonic() < until:
            socket.emit("echo", sent)
            sent += 1
            time.sleep(0.02)
            if sent % 20 == 0:  # an acknowledgement comes although the listener is kept
                assert socket.call("echo", sent, timeout=10) == sent
        assert echoed == []
        go_on.set()
        eventually(lambda: len(echoed) == sent + 1, "everything that was echoed")
        assert echoed == [-1, *range(sent)]
        assert socket.session_id == session
        assert "close" not in told(recorder)
        assert socket.call("echo", "last") == "last"


@pytest.mark.parametrize("transport", ["xhr-polling", "jsonp-polling"])
def test_f33_a_session_lost_while_a_handler_blocks_is_renewed_afterwards(
    transport: str, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """The one attempt is not used up while nobody can make it, and a server that says the same each time is left."""
    caplog.set_level(logging.DEBUG, "sioclient")
    options: dict[str, Any] = {"max_reconnection_attempts": 1, "connect_timeout": 2, "reconnection_delay": 0.01}
    go_on, blocks = threading.Event(), threading.Event()

    def told_off() -> int:
        return sum("< 7:::1+0" in record.getMessage() for record in caplog.records)

    server = start("legacy.js")
    try:
        with SocketIO("127.0.0.1", server.port, recorder, transports=(transport,), **options) as socket:

            @socket.on("block")
            def block() -> None:
                blocks.set()
                happened(go_on, expect=10)

            socket.emit("do emit", "block")
            happened(blocks)
            server.stop()
            server = start("legacy.js", port=server.port)
            time.sleep(5)
            assert told_off() <= 3
            go_on.set()
            assert recorder.next("reconnect") == ("reconnect", 1)
            assert socket.call("echo", 1) == 1
    finally:
        server.stop()


@pytest.mark.parametrize("slow", ["open", "reconnect"])
def test_f33_a_slow_handler_gives_up_neither_the_session_nor_a_channel(
    slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server says to the joins waits until the handler returns, for longer than it may take to come."""
    monkeypatch.setattr("sioclient.protocol.lifecycle.REJOIN_TIMEOUT", 1.0)

    class Slow(Recorder):
        sessions = 0

        def on_open(self, transport: str) -> None:
            self.sessions += 1
            self.take_time("open")

        def on_reconnect(self, attempts: int) -> None:
            self.take_time("reconnect")

        def take_time(self, name: str) -> None:
            self.told.put((name,))
            if name == slow and self.sessions > 1:
                time.sleep(2.5)

    options: dict[str, Any] = {"max_reconnection_attempts": 1, "connect_timeout": 1, "reconnection_delay": 0.01}
    recorder = Slow()
    with (
        start("legacy.js") as server,
        Proxy(server.port) as proxy,
        SocketIO("127.0.0.1", proxy.port, recorder, transports="websocket", **options) as socket,
    ):
        chat = socket.connect("/chat")
        proxy.reset()
        recorder.next("reconnect", expect=5)
        eventually(lambda: chat.connected, "the channel", expect=5)
        assert chat.call("echo", 1) == 1
        assert recorder.sessions == 2


def test_f33_polls_never_overlap_while_handlers_block() -> None:
    """The role of the reader passes on and back, since handlers call, and some take long."""
    with Rogue() as rogue, SocketIO("127.0.0.1", rogue.port, transports=("xhr-polling",)) as socket:
        session, handled = rogue.next_session(), list[int]()

        @socket.on("work")
        def work(number: int) -> None:
            if number % 4 == 0:
                time.sleep(TAKE_OVER * 1.5)
            socket.call("x")
            handled.append(number)

        for number in range(16):
            session.push(f'5:::{{"name":"work","args":[{number}]}}')
            time.sleep(0.02)
        eventually(lambda: len(handled) == 16, "all events", expect=5)
        assert handled == list(range(16))
        assert session.most_polls == 1


def test_f33_leaving_while_another_thread_polls_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after ``disconnect`` is not handled, and the server is told at once."""
    monkeypatch.setattr("sioclient.threads.connection.DISCONNECT_TIMEOUT", 2 * PATIENCE)
    with start("legacy.js") as server:
        go_on, blocks, handled = threading.Event(), threading.Event(), list[int]()
        socket = SocketIO("127.0.0.1", server.port, transports=("xhr-polling",))

        @socket.on("echoed")
        def block(number: int) -> None:
            handled.append(number)
            blocks.set()
            happened(go_on)

        socket.emit("echo", 1)
        happened(blocks)
        time.sleep(TAKE_OVER * 2)
        socket.emit("echo", 2)
        assert socket.call("echo", 3) == 3  # so the second event has come too
        leaving = Task(socket.disconnect)
        with SocketIO("127.0.0.1", server.port) as other:
            eventually(lambda: other.call("sessions") == 1)
        go_on.set()
        leaving.result()
        assert handled == [1]
