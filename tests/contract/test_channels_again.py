"""Channels that were left: nothing asks for them, keeps them, or takes them for the next channel of their name."""

from __future__ import annotations

import gc
import queue
import threading
import weakref
from typing import ClassVar

import pytest

from sioclient import Handler, SocketIO
from sioclient.server import SocketConnection, SocketServer, event
from tests.conftest import Recorder, start
from tests.servers_py import Task
from tests.waiting import FAR, eventually, happened, taken

MANY = 200


class Pouring(SocketConnection):
    @event
    def pour(self, count):
        for number in range(count):
            self.emit("drop", number)


class Main(SocketConnection):
    endpoints: ClassVar = {"/chat": Pouring, **{f"/{number}": SocketConnection for number in range(MANY)}}

    @event
    def echo(self, value):
        return value


@pytest.fixture
def socket():
    with (
        SocketServer(Main, 0, heartbeat_interval=FAR, heartbeat_timeout=FAR) as server,
        SocketIO("127.0.0.1", server.port, transports=("websocket",)) as socket,
    ):
        yield socket


def test_the_auth_of_a_channel_that_was_left_is_not_asked_for_again(connect, recorder):
    calls = []

    def auth():
        calls.append("called")
        if len(calls) > 1:
            raise KeyError("token")
        return {"token": "good"}

    with start("modern.js", socketio={"pingInterval": FAR * 1000}) as server:
        socket = connect(server.port, recorder, reconnection_delay=0.01)
        socket.connect("/chat", auth=auth).disconnect()
        waiting = Task(socket.wait)
        socket.emit("do cut")
        eventually(lambda: waiting.done or ("reconnect", 1) in recorder.told.queue, "the way back, or the end")
        assert not waiting.done
        assert socket.call("echo", 1) == 1
        assert calls == ["called"]


def test_channels_that_were_left_are_forgotten(socket):
    kept = []
    for number in range(MANY):
        handler = Handler()
        channel = socket.connect(f"/{number}", handler)
        channel.disconnect()
        kept += [weakref.ref(channel), weakref.ref(handler)]
    del channel, handler
    assert socket.channels == {}
    assert socket.call("echo", 1) == 1  # the last notice of the last channel is handled

    def alive():
        gc.collect()
        return sum(reference() is not None for reference in kept)

    eventually(lambda: alive() == 0, "the end of all channels", expect=5)


class Old(Handler):
    """Leaves, or has another thread leave, when all that the server pours has come, and nothing was handled yet."""

    def __init__(self, connection, leave):
        self.told = queue.Queue()
        self._connection, self._leave = connection, leave

    def on_drop(self, number):
        if number == 0:
            self._connection.call("echo", 1)  # the server acknowledges it after it has sent everything else
            self._leave(self.socket)
        self.told.put(("drop", number))

    def on_connect(self, socket):
        self.socket = socket
        self.told.put(("connect",))

    def on_disconnect(self):
        self.told.put(("disconnect",))


def check(old, new):
    """Fail unless each handler has heard what was for it, and nothing else."""
    expected = [("connect",), *(("drop", number) for number in range(300)), ("disconnect",)]
    assert [taken(old.told) for _ in expected] == expected
    assert new.next() == ("connect",)
    new.socket.emit("pour", 1)
    assert new.next() == ("drop", 0)
    assert old.told.empty()


def test_a_channel_that_is_joined_again_in_a_handler_hears_nothing_of_the_old_one(socket):
    new = Recorder()

    def join_again(channel):
        channel.disconnect()
        socket.connect("/chat", new)

    old = Old(socket, join_again)
    socket.connect("/chat", old).emit("pour", 300)
    check(old, new)


def test_a_channel_that_is_joined_again_in_a_thread_hears_nothing_of_the_old_one(socket):
    new, held, go_on = Recorder(), threading.Event(), threading.Event()

    def have_it_left(channel):
        held.set()
        happened(go_on)

    old = Old(socket, have_it_left)
    channel = socket.connect("/chat", old)
    channel.emit("pour", 300)
    happened(held)
    channel.disconnect()
    joining = Task(socket.connect, "/chat", new)
    joining.wait_until_blocked()
    go_on.set()
    joining.result()
    check(old, new)
