"""Opening: functions first, without waiting, and again after an end, against servers of three generations."""

from __future__ import annotations

import gc
import logging
import socket as sockets
import threading
import weakref
from functools import partial

import pytest

from sioclient import (
    AckTimeout,
    BufferFull,
    ChannelError,
    ConnectError,
    ConnectionLost,
    Handler,
    LocalProtocolError,
    NotConnected,
    SocketIO,
    WaitTimeout,
)
from tests.conftest import Recorder, start
from tests.servers import SERVERS
from tests.servers_py import Task
from tests.waiting import eventually, happened

ROUNDS = 50


@pytest.fixture(scope="module", params=["0.9.19", "2.5.1", "4.8.1"])
def server(request):
    """A server of each generation."""
    with start(SERVERS[request.param]) as server:
        yield server


@pytest.fixture
def make(connect, server):
    """Make a SocketIO that is not open yet."""
    return lambda *args, **options: connect(server.port, *args, auto_connect=False, **options)


def all_gone(references):
    gc.collect()
    return {reference() for reference in references} == {None}


# Functions first


@pytest.mark.parametrize("name", ["", "/"])
def test_the_default_endpoint_has_no_other_channel(make, name):
    socket = make()
    socket.open()
    session = socket.session_id
    with pytest.raises(LocalProtocolError, match="the default endpoint is always connected"):
        socket.connect(name)
    assert socket.call("echo", 1) == 1
    assert socket.session_id == session


def test_events_may_be_waited_for_on_a_channel_that_is_opened_later(make):
    socket = make()
    socket.open()
    chat = socket.channel("/chat")
    with pytest.raises(WaitTimeout, match=f"'hello' did not come from {socket.address} within 0.01 s"):
        chat.wait_for("hello", timeout=0.01)
    events = chat.events("hello")
    chat.open()
    assert next(events)[0] == "hello"
    other = socket.channel("/other")
    unheard = other.events()
    waiting = Task(list, unheard)
    socket.disconnect()
    assert waiting.result() == []
    with pytest.raises(ConnectionLost, match=socket.address):
        other.wait_for("hello")
    socket.open()
    with pytest.raises(WaitTimeout):
        other.wait_for("hello", timeout=0.01)


def test_functions_of_a_channel_hear_what_the_server_says_on_joining(make):
    socket = make()
    socket.open()
    heard = []
    for number in range(ROUNDS):
        chat = socket.channel("/chat")
        assert socket.channel("/chat") == chat
        chat.on("hello", lambda value: heard.append(value))
        chat.open()
        assert chat.call("echo", number) == number
        chat.disconnect()
        chat.off("hello")
        socket.call("echo", 1)  # so that the server does not read the next join together with this
    assert heard == [{"a": 1}] * ROUNDS


@pytest.mark.fronts
def test_functions_of_a_socket_hear_what_the_server_says_first(make):
    heard = []
    for _ in range(ROUNDS):
        socket = make(transports=("websocket",))
        socket.on("hello", lambda value: heard.append(value))
        socket.open()
        socket.call("echo", 1)
        socket.disconnect()
    assert heard == [{"a": 1}] * ROUNDS


def test_functions_need_nobody_who_holds_the_channel(make):
    socket, heard = make(), []
    socket.channel("/chat").on("hello", lambda value: heard.append(value))
    socket.open()
    gc.collect()
    socket.channel("/chat").open()
    eventually(lambda: heard == [{"a": 1}])
    assert socket.channel("/chat").connected


@pytest.mark.fronts
def test_functions_and_handler_stay_when_a_channel_is_opened_again(make, recorder):
    socket, heard = make(), []
    chat = socket.channel("/chat", recorder)
    chat.on("hello", lambda value: heard.append(value))
    socket.open()
    for number in range(1, 4):
        chat.open()
        assert recorder.next() == ("connect",)
        eventually(lambda: len(heard) == number)  # noqa: B023
        assert socket.channels == {"/chat": chat}
        chat.close()
        assert recorder.next() == ("disconnect",)
        assert socket.channel("/chat") == chat
        with pytest.raises(ChannelError, match="connect it again"):
            chat.emit("x")
    assert socket.channels == {}


def test_a_channel_that_is_not_open_yet_says_so(make):
    socket = make()
    chat = socket.channel("/chat")
    assert (chat.connected, socket.channels) == (False, {})
    for verb in (chat.open, lambda: chat.emit("x"), lambda: socket.connect("/chat")):
        with pytest.raises(NotConnected, match=r"call open\(\)"):
            verb()
    socket.open()
    with pytest.raises(ChannelError, match="open its channel"):
        chat.emit("x")
    chat.open()
    assert chat.call("echo", 1) == 1


def test_a_channel_that_nobody_holds_is_freed_when_it_was_left(make):
    socket, gone = make(), list[weakref.ref]()
    socket.open()
    for _ in range(20):
        chat = socket.channel("/chat", Handler())
        chat.open()
        gone += [weakref.ref(chat), weakref.ref(chat.handler)]
        chat.disconnect()
        del chat
        eventually(partial(all_gone, gone))


@pytest.mark.fronts
def test_a_channel_that_nobody_ever_got_is_freed(make):
    socket, gone = make(), []
    socket.open()
    for _ in range(5):
        handler = Handler()
        gone.append(weakref.ref(handler))
        with pytest.raises(ChannelError):
            socket.connect("/refused", handler)
        del handler
    eventually(lambda: all_gone(gone))


def test_channels_that_were_only_asked_for_are_freed(make):
    socket = make()
    gone = [weakref.ref(socket.channel(f"/{number}")) for number in range(1000)]
    gc.collect()
    assert {reference() for reference in gone} == {None}


# Again


@pytest.mark.fronts
def test_open_again_after_disconnect(make, recorder):
    socket, chat, heard = make(recorder), Recorder(), []
    socket.on("hello", lambda value: heard.append(value))
    kept = socket.channel("/chat", chat)
    for number in range(1, 4):
        socket.open()
        assert recorder.next() == ("open", socket.transport_name)
        assert recorder.next() == ("connect",)
        assert not socket.ended
        if number == 1:
            kept.open()
        assert chat.next("connect")
        eventually(lambda: kept.connected)
        assert kept.call("echo", number) == socket.call("echo", number) == number
        assert socket.channels == {"/chat": kept}
        assert len(heard) == number
        socket.close()
        assert socket.ended
        assert not socket.connected
        assert chat.next("disconnect")
        assert [recorder.next()[0] for _ in range(2)] == ["disconnect", "close"]
    assert recorder.told.empty()
    kept.disconnect()
    socket.open()
    assert socket.call("echo", 1) == 1
    assert socket.channels == {}


@pytest.mark.fronts
def test_open_again_after_a_failure(connect, recorder):
    port = unused_port()
    socket = connect(port, recorder, auto_connect=False)
    for _ in range(2):
        with pytest.raises(ConnectError, match="refused"):
            socket.open()
        assert socket.ended
    with start("legacy.js", port=port):
        socket.open()
        assert socket.call("echo", 1) == 1


def test_open_again_in_a_handler_after_a_kick(make):
    told, back = [], threading.Event()

    class Stubborn(Handler):
        def on_connect(self, socket):
            told.append("connect")
            if told.count("connect") == 2:
                back.set()

        def on_disconnect(self, reason):
            told.append(reason)
            if reason == "server":
                self.socket.open()

        def on_close(self, reason):
            told.append("close")

    socket = make(Stubborn())
    socket.open()
    chat = socket.connect("/chat")
    socket.emit("do kick")
    happened(back)
    assert told == ["connect", "server", "close", "connect"]
    assert socket.call("echo", 1) == 1
    eventually(lambda: chat.connected)
    waiting = Task(socket.wait)
    socket.disconnect()
    assert waiting.result() == "client"
    count = len(told)
    assert told[-1] == "close"
    assert len(told) == count


@pytest.mark.fronts
def test_open_while_open_only_waits(make, server):
    socket = make()
    socket.open()
    first = socket.session_id
    for _ in range(3):
        socket.open()
        socket.open(wait=False)
    assert socket.session_id == first


def test_threads_that_open_at_once_open_one_session(make):
    socket = make()
    for _ in range(5):
        tasks = [Task(socket.open) for _ in range(4)]
        for task in tasks:
            task.result()
        assert socket.call("echo", 1) == 1
        socket.disconnect()


def test_no_function_runs_after_disconnect_whatever_was_before(make):
    socket, heard = make(), []
    socket.on("hello", lambda value: heard.append(value))
    for _ in range(10):
        socket.open()
        socket.emit("echo", 1)
        socket.disconnect()
        before = len(heard)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("sioclient-")]
        assert len(heard) == before


# Without waiting


@pytest.mark.fronts
def test_what_is_sent_before_the_first_connection_arrives_in_order(make, recorder):
    socket, acks = make(recorder), []
    for early in (lambda: socket.emit("echo", 1), lambda: socket.call("echo", 1)):
        with pytest.raises(NotConnected, match=r"call open\(\)"):
            early()
    socket.open(wait=False)
    for number in range(100):
        socket.emit("echo", number)
    socket.emit("echo", "ack", acks.append)
    socket.send("text")
    calling = Task(socket.call, "echo", 5)
    chat = socket.connect("/chat")
    chat.emit("echo", "chat", acks.append)
    assert calling.result() == 5
    socket.open()
    assert socket.connected
    assert [recorder.next("echoed") for _ in range(100)] == [("echoed", number) for number in range(100)]
    eventually(lambda: acks == ["ack", "chat"])


@pytest.mark.fronts
def test_channels_may_be_opened_before_the_first_connection(make, recorder):
    socket = make()
    chat = socket.channel("/chat", recorder)
    socket.open(wait=False)
    chat.open(wait=False)
    assert recorder.next() == ("connect",)
    assert chat.connected
    assert chat.call("echo", 1) == 1


@pytest.mark.fronts
def test_values_are_sent_as_they_were(make, recorder):
    socket, value = make(recorder), {"a": 1}
    socket.open(wait=False)
    socket.emit("echo", value)
    value["a"] = 2
    assert recorder.next("echoed") == ("echoed", {"a": 1})
    with pytest.raises(TypeError):
        socket.emit("echo", object())


def unused_port():
    with sockets.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def refused():
    """A port on which nobody listens."""
    return unused_port()


@pytest.fixture
def silent():
    """A port on which somebody listens who says nothing."""
    with sockets.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_first_connection_that_fails_is_told(connect, silent):
    told = []

    class Told(Handler):
        def on_connect_error(self, message, data):
            told.append((message, data))

    socket = connect(silent, Told(), auto_connect=False, connect_timeout=0.5)
    socket.on("connect_error", lambda *args: told.append("function"))
    socket.open(wait=False)
    socket.emit("x", errback=told.append)
    with pytest.raises(ConnectError) as raised:
        socket.wait()
    assert not socket.connected
    assert socket.ended
    told_first, (message, data), error = told
    assert (told_first, data) == ("function", None)
    assert message in str(raised.value)
    assert isinstance(error, ConnectionLost)


@pytest.mark.fronts
def test_what_waits_for_the_first_connection_is_bounded(connect, refused):
    socket = connect(refused, auto_connect=False, wait_for_connection=True, buffer_size=10)
    socket.open(wait=False)
    for number in range(10):
        socket.emit("x", number)
    with pytest.raises(BufferFull):
        socket.emit("x", 10)
    socket.emit("x", volatile=True)
    with pytest.raises((AckTimeout, BufferFull)):
        socket.call("x", timeout=0.01)


@pytest.mark.fronts
def test_what_waits_survives_attempts_that_fail(connect, refused, recorder):
    socket = connect(refused, recorder, auto_connect=False, wait_for_connection=True, reconnection_delay=0.05)
    socket.open(wait=False)
    socket.emit("echo", 1)
    chat = socket.channel("/chat")
    chat.open(timeout=None, wait=False)
    chat.emit("echo", 2, lambda value: recorder.told.put(("ack", value)))
    assert recorder.next("retry")
    with start("legacy.js", port=refused):
        assert recorder.next("echoed") == ("echoed", 1)
        assert recorder.next("ack") == ("ack", 2)


# What is told of the end


def test_who_ended_the_connection_is_told(make, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    socket = make()
    socket.open()
    assert socket.wait(0.01) is None
    socket.emit("do kick")
    assert socket.wait() == "server"
    assert socket.ended
    eventually(lambda: "the server disconnected us" in caplog.text)
    assert "reconnect_when_kicked" in caplog.text
    socket.open()
    assert not socket.ended
    Task(socket.disconnect).result()
    assert socket.wait() == "client"


def test_a_socket_that_nobody_holds_says_so(server, caplog):
    caplog.set_level(logging.WARNING, "sioclient")
    sockets_held = [SocketIO("127.0.0.1", server.port)]
    gone = [weakref.ref(sockets_held[0])]

    def let_go():
        sockets_held.clear()
        eventually(lambda: all_gone(gone))

    with pytest.warns(ResourceWarning, match="never disconnected"):
        let_go()
    eventually(lambda: "was never disconnected: use it in a with block" in caplog.text)


def test_channels_say_where_they_are(make):
    socket = make()
    chat = socket.channel("/chat")
    assert repr(chat).startswith("<Channel '/chat' of http://127.0.0.1:")
    assert repr(chat).endswith(" not connected>")
    socket.open()
    chat.open()
    assert repr(chat).endswith("/ connected>")
