"""Servers whose parser is msgpack: the usual things over both transports, and what is said without parser=."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sioclient import ChannelError, ConnectError, HandshakeRejected, SocketIO, WrongRevision, detect
from sioclient.errors import SocketIOError
from tests.conftest import Recorder, eventually, start
from tests.servers import SERVERS
from tests.servers.node import INSTALL, MODULES

pytest.importorskip("msgpack")

pytestmark = pytest.mark.usefixtures("no_thread_left")

NAMES = ("2.5.1", "3.1.2", "4.8.1", "python-socketio")
BY_5 = NAMES[1:]


def settings(name: str, **socketio: Any) -> dict[str, Any]:
    """Return the settings with which a server of the table has a parser for msgpack."""
    given = {**SERVERS[name].start.keywords.get("socketio", {}), **socketio}
    if name == "python-socketio":
        return {"socketio": {**given, "serializer": "msgpack"}}
    if not (MODULES / "socket.io-msgpack-parser-3").exists() and "NODE_PATH" not in os.environ:
        pytest.skip(f"the parser is not installed: {INSTALL}")
    return {"socketio": given, "parser": "msgpack"}


@pytest.fixture(scope="module")
def port_of() -> Iterator[Callable[[str], int]]:
    """Start each server when a test first asks for its port."""
    running: dict[str, Any] = {}
    with ExitStack() as stack:

        def port_of(name: str) -> int:
            if name not in running:
                running[name] = stack.enter_context(start(SERVERS[name], **settings(name)))
            return running[name].port

        yield port_of


@pytest.fixture(params=[(name, transport) for name in NAMES for transport in ("websocket", "xhr-polling")])
def join(request, connect, port_of):
    """Connect to one of the servers over one of the transports."""
    name, transport = request.param

    def join(*args: Any, **options: Any) -> SocketIO:
        socket = connect(port_of(name), *args, parser="msgpack", transports=(transport,), **options)
        assert (socket.revision, socket.transport_name) == (SERVERS[name].revision, transport)
        return socket

    return join


VALUES = [None, True, -(2**40), 0.5, "\u00fcn\u00ef\U0001f600", "", b"\0\xff", [b"1", {"a": [b"2"]}], {}, "x" * 100_000]


@pytest.mark.fronts
def test_values_of_all_kinds_survive(join):
    socket = join()
    for value in VALUES:
        assert socket.call("echo", value, 0) == (value, 0)
    assert socket.call("echo", {1: (b"x", bytearray(b"y"))}) == {"1": [b"x", b"y"]}
    assert socket.call("echo", *[b"x"] * 50) == (b"x",) * 50


@pytest.mark.fronts
def test_events_messages_and_acks_both_ways(join):
    class Obliging(Recorder):
        def on_please(self, value):
            return value, {"more": b"\xff"}

    handler = Obliging()
    socket = join(handler)
    assert handler.next("hello") == ("hello", {"a": 1})
    socket.emit("echo", b"1", [b"2"])
    assert handler.next() == ("echoed", b"1", [b"2"])
    socket.send("text")
    assert handler.next() == ("message", None, "re:text")
    socket.emit("do ask", "please", b"\0")
    assert handler.next("answer") == ("answer", [b"\0", {"more": b"\xff"}])
    socket.emit("do send bytes", "big", 50_000)
    assert handler.next("big") == ("big", {"deep": [b"\7" * 50_000]}, b"\0\xff")


@pytest.mark.fronts
def test_channels_and_refusals(join):
    socket = join()
    channel = socket.connect("/chat", query={"a": "b"})
    assert channel.call("echo", [b"1"]) == [b"1"]
    assert socket.call("echo", 2) == 2
    with pytest.raises(ChannelError, match="refused"):
        socket.connect("/refused")
    for number in range(20):
        channel.emit("note", number)
    assert channel.call("notes") == list(range(20))
    channel.disconnect()
    assert socket.connect("/chat").call("echo", 3) == 3


@pytest.mark.fronts
def test_a_connection_that_is_cut_comes_back(join, recorder):
    socket = join(recorder, reconnection_delay=0.01)
    socket.emit("do cut")
    recorder.next("reconnect")
    assert socket.call("echo", b"1") == b"1"


@pytest.mark.fronts
def test_a_kick_is_the_end(join, recorder):
    socket = join(recorder)
    socket.emit("do kick")
    recorder.next("disconnect")
    socket.wait(20)
    assert not socket.connected


def test_what_was_emitted_last_arrives(join, recorder):
    """socket.io forgets the events that it reads together with a disconnect."""
    watcher = join(recorder)
    watcher.call("watch")
    for number in range(10):
        with join() as socket:
            socket.emit("tell", number)
        assert recorder.next("told") == ("told", number)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_number_is_a_name(name, connect, port_of):
    socket = connect(port_of(name), parser="msgpack")
    heard = []
    socket.on("5", heard.append)
    socket.emit(5, "sent as a number")
    socket.emit("5", "sent as text")
    eventually(lambda: heard == ["sent as a number", "sent as text"], "both events")


@pytest.mark.parametrize("name", BY_5)
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.fronts
def test_auth_and_its_refusal(name, transport, connect):
    with start(SERVERS[name], guard=True, **settings(name)) as server:
        options = {"parser": "msgpack", "transports": (transport,)}
        assert connect(server.port, auth={"token": "good"}, **options).call("handshake")["auth"] == {"token": "good"}
        with pytest.raises(HandshakeRejected, match="not authorized") as refused:
            connect(server.port, auth={"token": "bad"}, **options)
        assert refused.value.data == {"why": "token"}


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.fronts
def test_a_session_is_recovered_with_what_was_missed(connect, recorder, transport):
    with start(SERVERS["4.8.1"], **settings("4.8.1", connectionStateRecovery={})) as server:
        socket = connect(server.port, recorder, parser="msgpack", transports=(transport,), reconnection_delay=0.01)
        assert recorder.next("hello") == ("hello", {"a": 1})
        socket.emit("do emit later", "missed", b"while away")
        socket.emit("do cut")
        recorder.next("reconnect")
        assert recorder.next("missed") == ("missed", b"while away")
        assert socket.recovered


def test_the_same_over_a_websocket_alone_and_with_the_revision_said(connect, port_of):
    for name in NAMES:
        socket = connect(port_of(name), parser="msgpack", revision=SERVERS[name].revision, transports=("websocket",))
        assert socket.call("echo", b"1") == b"1"
    with pytest.raises(WrongRevision, match=r"socket\.io 1\.x or 2\.x"):
        connect(port_of("2.5.1"), parser="msgpack", revision=5, transports=("websocket",))


# Without it, or with it for nothing


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_without_parser_the_error_names_it(name, transport, connect, port_of):
    with pytest.raises(ConnectError, match="parser='msgpack'") as failed:
        connect(port_of(name), transports=(transport,), connect_timeout=2)
    assert "transport closed" not in str(failed.value)


@pytest.mark.parametrize("name", NAMES)
def test_detect_needs_no_parser(name, port_of):
    assert detect("127.0.0.1", port_of(name)).revision == SERVERS[name].revision


@pytest.mark.parametrize("name", ["0.9.19", *NAMES])
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_a_server_without_it_is_named_too(name, transport, connect):
    with start(SERVERS[name]) as server, pytest.raises(SocketIOError, match="parser=") as failed:
        connect(server.port, parser="msgpack", transports=(transport,), connect_timeout=2)
    assert "transport closed" not in str(failed.value)
    assert failed.value.retryable == (SERVERS[name].revision == 5)


def test_a_server_that_forced_an_old_engine_is_named(connect):
    with start(SERVERS["4.8.1"], **settings("4.8.1", allowEIO3=True)) as server:
        with pytest.raises(WrongRevision, match="revision= out"):
            connect(server.port, parser="msgpack", revision=4)
        assert connect(server.port, parser="msgpack").call("echo", 1) == 1
