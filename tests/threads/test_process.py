"""What the end of the program and a fork mean for connections, over a server in memory."""

from __future__ import annotations

import threading
import weakref

import pytest

from sioclient.protocol.packets import Message
from sioclient.threads import process
from tests.memory import make_connection
from tests.servers_py import Task
from tests.waiting import eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


def test_end_of_the_program_ends_everything(server, notices):
    connections = [make_connection(server, notices) for _ in range(3)]
    for connection in connections:
        connection.open()
    connections.append(make_connection(server, notices))
    process.disconnect_all()
    assert not any(connection.is_open for connection in connections[:3])
    assert [transport.sent for transport in server.transports] == [["0::"]] * 3


def test_end_of_the_program_waits_for_what_nobody_holds(server, notices):
    blocks, go_on = threading.Event(), threading.Event()
    notices.react = lambda notice: blocks.set() or happened(go_on) if isinstance(notice, Message) else None
    connection = make_connection(server, notices)
    connection.open()
    server.push("3:::block")
    happened(blocks)
    connection.abandon("nobody holds it")
    gone = weakref.ref(connection)
    del connection
    ending = Task(process.disconnect_all)
    ending.wait_until_blocked()
    go_on.set()
    ending.result()
    assert server.link.sent == ["0::"]
    eventually(lambda: gone() is None)


def test_connection_of_another_process_says_so(server, notices):
    connection = make_connection(server, notices)
    process.keep_track(connection)
    process.forget_all()
    for verb in (connection.open, connection.disconnect, lambda: connection.send(Message("x"))):
        with pytest.raises(RuntimeError, match="make a new SocketIO"):
            verb()
    assert not connection.connected
    process.disconnect_all()  # there is nothing left to end
