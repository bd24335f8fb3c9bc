"""What only the later generations have: bytes, auth, refusals with data, recovery; and finding out who is there."""

from __future__ import annotations

import logging
import socket as sockets
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from sioclient import (
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    ServerInfo,
    SocketIO,
    SocketIOError,
    WrongRevision,
    detect,
)
from tests.conftest import Recorder, start
from tests.contract.test_readme import EXAMPLES
from tests.proven import pairs
from tests.servers import SERVERS
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")

CHATBOT = Path(__file__).resolve().parent.parent.parent / "chatbot.py"
LATER = {name: server for name, server in SERVERS.items() if server.revision > 1}
BY_5 = [name for name, server in LATER.items() if server.revision == 5]


@pytest.fixture(scope="module")
def port_of():
    """Start each server of the table when a test first asks for its port."""
    running = {}
    with ExitStack() as stack:

        def port_of(name):
            if name not in running:
                running[name] = stack.enter_context(start(SERVERS[name]))
            return running[name].port

        yield port_of


@pytest.fixture(params=pairs(later=True))
def pair(request, port_of):
    server, transport = request.param
    return server, transport, port_of(next(name for name in LATER if LATER[name] is server))


@pytest.fixture
def join(connect, pair):
    """Connect to the server of the pair."""
    _, transport, port = pair
    return lambda *args, **options: connect(port, *args, transports=(transport,), **options)


# Bytes

BYTES = [b"", b"\0", bytes(range(256)), b"x" * 100_000]


@pytest.mark.fronts
def test_bytes_survive_anywhere_in_the_arguments(join):
    socket = join()
    for value in BYTES:
        assert socket.call("echo", value) == value
    deep = {"a": [b"1", {"b": b"2"}], "c": b"3", "d": "\u00fcn\u00ef\U0001f600"}
    assert socket.call("echo", deep, b"4", 5) == (deep, b"4", 5)
    assert socket.call("echo", bytearray(b"1"), memoryview(b"2")) == (b"1", b"2")


@pytest.mark.fronts
def test_bytes_in_events_and_messages(join, recorder):
    socket = join(recorder)
    recorder.next("hello")
    socket.emit("echo", b"1", [b"2"])
    assert recorder.next() == ("echoed", b"1", [b"2"])
    socket.emit("do send bytes", "big", 50_000)
    assert recorder.next() == ("big", {"deep": [b"\7" * 50_000]}, b"\0\xff")
    socket.send({"raw": b"3"})
    assert recorder.next("message") == ("message", None, {"re": {"raw": b"3"}})


@pytest.mark.fronts
def test_bytes_are_acknowledged(join):
    class Obliging(Recorder):
        def on_please(self, value):
            return value, {"more": b"\xff"}

    handler = Obliging()
    socket = join(handler)
    socket.emit("do ask", "please", b"\0")
    assert handler.next("answer") == ("answer", [b"\0", {"more": b"\xff"}])
    channel = socket.connect("/chat")
    assert channel.call("echo", [b"1"]) == [b"1"]


MANY = {"3.1.2", "python-socketio"}
"""The servers that are known to take any number of attachments; 1.7.4 does too, but cannot be told from 2.x."""


@pytest.mark.parametrize("name", LATER)
def test_the_session_outlives_many_bytes_in_one_packet(name, port_of, connect):
    socket = connect(port_of(name))
    assert socket.call("echo", [b"x"] * 10) == [b"x"] * 10
    if name in MANY:
        assert socket.call("echo", [b"x"] * 50) == [b"x"] * 50
    else:
        with pytest.raises(LocalProtocolError, match="several packets"):
            socket.call("echo", [b"x"] * 11)
    assert socket.call("echo", "still here") == "still here"


def test_many_packets_with_bytes_keep_their_order(join, recorder):
    socket = join(recorder)
    for number in range(200):
        socket.emit("note", [number, b"x" * number])
    assert socket.call("notes") == [[number, b"x" * number] for number in range(200)]


# Names


@pytest.mark.parametrize("name", ["0.9.19", "1.7.4", "2.5.1", "3.1.2", "4.8.1"])
def test_a_number_is_a_name_in_javascript(name, port_of, connect):
    socket = connect(port_of(name))
    heard = []
    socket.on("5", heard.append)
    socket.emit(5, "sent as a number")
    socket.emit("5", "sent as text")
    eventually(lambda: heard == ["sent as a number", "sent as text"], "both events")


# Who is there


@pytest.mark.parametrize("name", SERVERS)
def test_detecting(name, port_of):
    server = SERVERS[name]
    info = detect(f"http://127.0.0.1:{port_of(name)}")
    assert isinstance(info, ServerInfo)
    assert info.revision == server.revision
    assert info.engine == {1: None, 4: 3, 5: 4}[server.revision]
    assert set(info.transports) == {*server.transports, *server.unusable}
    assert (info.heartbeat_interval is None) == (server.revision == 1)
    looks_like = dict.fromkeys(("embedded", "embedded, 4", "embedded, 5"), "socket.io")  # it takes after it
    assert info.family.split()[0] == looks_like.get(name, server.version.split()[0].rstrip(","))


def test_detecting_leaves_no_session(pair):
    _, _, port = pair
    with SocketIO("127.0.0.1", port) as watcher:
        before = watcher.call("sessions")  # other tests may have left some that have not timed out yet
        for _ in range(3):
            detect("127.0.0.1", port)
        eventually(lambda: watcher.call("sessions") <= before, "the end of the sessions")


@pytest.mark.fronts
def test_what_was_found_out_is_remembered(join, recorder):
    socket = join(recorder, reconnection_delay=0.01)
    revision = socket.revision
    socket.emit("do cut")
    recorder.next("reconnect")
    assert socket.revision == revision
    assert socket.call("echo", 1) == 1


def test_it_may_also_be_said(pair, connect):
    server, transport, port = pair
    socket = connect(port, revision=server.revision, transports=(transport,))
    assert socket.revision == server.revision
    assert socket.transport_name == transport
    assert socket.call("echo", b"1") == b"1"


@pytest.mark.fronts
def test_by_default_it_goes_on_over_a_websocket(pair, connect):
    socket = connect(pair[2], transports=("websocket", "xhr-polling", "jsonp-polling", "htmlfile"))
    assert socket.transport_name == "websocket"
    assert socket.call("session")["transport"] == "websocket"


@pytest.mark.parametrize("name", LATER)
def test_a_server_that_has_only_websockets(name, connect):
    server = LATER[name]
    settings = {**server.start.keywords.get("socketio", {}), "transports": ["websocket"]}
    with start(server, socketio=settings) as process:
        assert detect("127.0.0.1", process.port).revision == server.revision
        for options in ({}, {"revision": server.revision}):
            socket = connect(process.port, transports=("xhr-polling", "websocket"), **options)
            assert (socket.revision, socket.transport_name) == (server.revision, "websocket")
            assert socket.call("echo", b"1") == b"1"
        with pytest.raises(HandshakeRejected):
            connect(process.port, transports=("xhr-polling",))


@pytest.mark.parametrize("name", ["2.5.1", "4.8.1"])
def test_a_server_that_has_only_polling(name, connect):
    server = LATER[name]
    settings = {**server.start.keywords.get("socketio", {}), "transports": ["polling"]}
    with start(server, socketio=settings) as process:
        for options in ({}, {"revision": server.revision}):
            socket = connect(process.port, transports=("websocket", "xhr-polling"), **options)
            assert (socket.revision, socket.transport_name) == (server.revision, "xhr-polling")
            assert socket.call("echo", b"1") == b"1"
        with pytest.raises(ConnectError):
            connect(process.port, transports=("websocket",))


@pytest.mark.parametrize(("name", "wrong"), [("0.9.19", 4), ("0.9.19", 5), ("2.5.1", 5), ("4.8.1", 1), ("4.8.1", 4)])
def test_the_wrong_revision_is_named(name, wrong, connect, port_of):
    with pytest.raises(WrongRevision, match="leave revision= out"):
        connect(port_of(name), revision=wrong, transports=("xhr-polling",))


@pytest.mark.parametrize("name", ["1.7.4", "2.5.1"])
def test_an_older_server_is_named_over_a_websocket_too(name, connect, port_of):
    with pytest.raises(WrongRevision, match=r"socket\.io 1\.x or 2\.x"):
        connect(port_of(name), revision=5, transports=("websocket",))


REPLACED = [
    ("4.8.1", "2.5.1"),
    ("2.5.1", "4.8.1"),
    ("0.9.19", "4.8.1"),
    ("4.8.1", "0.9.19"),
    ("0.9.19", "python-socketio"),
]


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize(("before", "now"), REPLACED)
def test_a_server_of_another_generation_takes_the_place_of_one(before, now, transport, connect, recorder, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    server = start(SERVERS[before])
    try:
        socket = connect(
            server.port, recorder, transports=(transport,), reconnection_delay=0.05, max_reconnection_attempts=None
        )
        channel = socket.connect("/chat")
        assert socket.revision == SERVERS[before].revision
        server.stop()
        recorder.next("close")
        failed = []
        socket.emit("note", "of the server before", errback=failed.append)
        server = start(SERVERS[now], port=server.port)
        assert recorder.next("reconnect")[0] == "reconnect"
        assert socket.revision == SERVERS[now].revision
        for end in (socket, channel):
            end.emit("note", "of this one")
            assert end.call("notes") == ["of this one"]
        assert [type(error) for error in failed] == [ConnectionLost]
        assert f"this was queued for revision {SERVERS[before].revision}" in caplog.text
        found = [record.args[1] for record in caplog.records if "speaks revision" in record.msg]
        assert found == [SERVERS[before].revision, SERVERS[now].revision]
    finally:
        server.stop()


def test_a_server_that_is_none_of_them():
    with sockets.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConnectError, match="did not respond"):
            detect("127.0.0.1", port, connect_timeout=0.3)


# Auth


@pytest.fixture(scope="module", params=BY_5)
def guard(request):
    """The port of a server of revision 5 that lets in only who has the token."""
    with start(SERVERS[request.param], guard=True) as process:
        yield process.port


@pytest.fixture(params=["websocket", "xhr-polling"])
def guarded(request, guard):
    return guard, request.param


@pytest.mark.parametrize("auth", [{"token": "good"}, lambda: {"token": "good"}])
@pytest.mark.fronts
def test_the_server_is_told_what_lets_us_in(guarded, connect, auth):
    port, transport = guarded
    socket = connect(port, auth=auth, transports=(transport,))
    assert socket.call("handshake")["auth"] == {"token": "good"}
    assert isinstance(socket.id, str)
    channel = socket.connect("/chat", auth={"token": "good", "more": [1]})
    assert channel.call("handshake")["auth"] == {"token": "good", "more": [1]}
    assert channel.id != socket.id


@pytest.mark.fronts
def test_a_refusal_is_an_event_and_an_exception(guarded, connect):
    class Refused(Recorder):
        def on_connect_error(self, message, data):
            self.told.put(("connect_error", message, data))

    port, transport = guarded
    handler = Refused()
    with pytest.raises(HandshakeRejected, match="not authorized") as refused:
        connect(port, handler, auth={"token": "bad"}, transports=(transport,))
    assert (refused.value.status, refused.value.data) == (403, {"why": "token"})
    assert handler.next("connect_error") == ("connect_error", "not authorized", {"why": "token"})


@pytest.mark.fronts
def test_a_function_is_asked_anew_for_every_connection(guarded, connect, recorder):
    port, transport = guarded
    asked = []

    def auth():
        asked.append(1)
        return {"token": "good", "number": len(asked)}

    socket = connect(port, recorder, auth=auth, transports=(transport,), reconnection_delay=0.01)
    socket.emit("do cut")
    recorder.next("reconnect")
    assert socket.call("handshake")["auth"]["number"] == 2


@pytest.mark.fronts
def test_a_refusal_when_it_comes_back_is_told_and_tried_again(guarded, connect, recorder):
    port, transport = guarded
    tokens, refused = iter(["good", "bad", "bad"]), []
    auth = lambda: {"token": next(tokens, "good")}  # noqa: E731
    socket = connect(port, recorder, auth=auth, transports=(transport,), reconnection_delay=0.01)
    socket.on("connect_error", lambda why, data: refused.append(why))
    socket.emit("do cut")
    assert recorder.next("reconnect") == ("reconnect", 3)
    assert refused == ["not authorized"] * 2


@pytest.mark.fronts
def test_a_refusal_when_it_comes_back_ends_with_the_budget(guarded, connect, recorder):
    port, transport = guarded
    tokens = iter(["good"])
    auth = lambda: {"token": next(tokens, "bad")}  # noqa: E731
    options = {"transports": (transport,), "reconnection_delay": 0.01, "max_reconnection_attempts": 2}
    socket = connect(port, recorder, auth=auth, **options)
    socket.emit("do cut")
    with pytest.raises(ConnectError, match=r"gave up after 2 attempts .* not authorized"):
        socket.wait(20)


@pytest.mark.parametrize("name", ["0.9.19", "2.5.1"])
@pytest.mark.fronts
def test_older_servers_cannot_be_told(name, connect, port_of):
    for revision in (None, SERVERS[name].revision):
        with pytest.raises(ConnectError, match="params="):
            connect(port_of(name), auth={"token": "x"}, revision=revision)
    socket = connect(port_of(name))
    with pytest.raises(LocalProtocolError, match="query="):
        socket.connect("/chat", auth={"token": "x"})


@pytest.mark.fronts
def test_a_refused_channel_says_why(join):
    socket = join()
    with pytest.raises(ChannelError, match="refused") as refused:
        socket.connect("/broken")
    assert refused.value.data == [1]
    assert socket.call("echo", 1) == 1


# Recovery


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.fronts
def test_a_session_is_recovered_with_what_was_missed(connect, recorder, transport):
    with start("modern.js", socketio={"connectionStateRecovery": {}}) as server:
        socket = connect(server.port, recorder, transports=(transport,), reconnection_delay=0.01)
        assert recorder.next("hello") == ("hello", {"a": 1})
        first = socket.id
        socket.emit("do emit later", "missed", "while away")
        socket.emit("do cut")
        recorder.next("reconnect")
        assert recorder.next("missed") == ("missed", "while away")
        assert socket.recovered
        assert socket.id == first
        assert socket.call("session")["recovered"]


@pytest.mark.fronts
def test_without_recovery_it_is_a_new_session(join, recorder):
    socket = join(recorder, reconnection_delay=0.01)
    socket.emit("do cut")
    recorder.next("reconnect")
    assert not socket.recovered


# Heartbeats

PATIENT = {"pingInterval": 300, "pingTimeout": 4000}
PATIENT_PYTHON = {"ping_interval": 0.3, "ping_timeout": 4}


def test_a_handler_that_blocks_keeps_the_connection(connect):
    """All at once, for what is shown here is the passing of time: handlers block for longer than their servers wait."""

    class Slow(Recorder):
        def on_hello(self, value):
            time.sleep(6)
            self.told.put(("done",))

    with ExitStack() as stack:
        made = []
        for name, transport in [(n, t) for n in ("2.5.1", "4.8.1", "python-socketio") for t in LATER[n].transports]:
            times = PATIENT_PYTHON if name == "python-socketio" else PATIENT
            server = stack.enter_context(start(LATER[name], socketio=times))
            made.append((handler := Slow(), connect(server.port, handler, transports=(transport,))))
        for handler, socket in made:
            handler.next("done")
            assert socket.call("echo", 1) == 1
            assert ("disconnect",) not in handler.told.queue


def test_volatile_events_do_not_wait(join, recorder):
    class Away(Recorder):
        def on_retry(self, attempt, delay):
            socket.emit("note", "volatile", volatile=True)
            socket.emit("note", "kept")
            self.told.put(("retry",))

    handler = Away()
    socket = join(handler, reconnection_delay=0.01)
    socket.emit("note", "first", volatile=True)
    assert socket.call("notes") == ["first"]
    socket.emit("do cut")
    handler.next("reconnect")
    assert socket.call("notes") == ["kept"]
    with pytest.raises(TypeError, match="volatile"):
        socket.emit("note", "x", lambda: None, volatile=True)


# One program for all


@pytest.mark.parametrize("each", pairs())
def test_the_first_example_of_the_readme_and_the_chatbot(each, recorder, capsys):
    """As they are, with nothing but the port to change: the server decides on the transport."""
    server, transport = each
    with start(server, **server.over(transport)) as process:
        code = EXAMPLES[0].replace("8000", str(process.port))
        assert code != EXAMPLES[0]
        exec(compile(code, "README.rst", "exec"), {})
        assert capsys.readouterr().out == "3\n"
        with SocketIO("localhost", process.port, recorder) as socket:
            assert socket.transport_name == transport
            converse(socket, recorder, process.port)


def converse(socket, recorder, port):
    """Talk to the chatbot, a program of its own, until it leaves."""
    assert socket.call("nickname", "visitor") is False
    command = [sys.executable, str(CHATBOT), "localhost", str(port)]
    bot = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert recorder.next("msg to room")[1:] == ("bot", "hello, I am a bot. Say bye and I leave")
        for said, reply in (("is there a bot in here?", "who are you calling bot?!"), ("bye then", "bye")):
            socket.emit("user message", said)
            assert recorder.next("msg to room")[1:] == ("bot", reply)
        told = ("announcement", "bot disconnected")
        while recorder.next("announcement") != told:
            pass
        printed, _ = bot.communicate(timeout=PATIENCE)
    finally:
        bot.kill()
        bot.wait()
    assert bot.returncode == 0
    assert printed.endswith("bot: bye\n* disconnected\n")


def test_what_was_emitted_last_arrives(pair):
    """socket.io forgets the events that it reads together with a disconnect."""
    _, transport, port = pair
    with SocketIO("127.0.0.1", port, heard := Recorder()) as watcher:
        watcher.call("watch")
        for number in range(20):
            with SocketIO("127.0.0.1", port, transports=(transport,)) as socket:
                socket.emit("tell", number)
            assert heard.next("told") == ("told", number)


# Bulk and losses


@pytest.mark.parametrize(
    ("name", "transport"), [(name, t) for name in ("2.5.1", "python-socketio") for t in LATER[name].transports]
)
def test_a_server_that_is_killed_again_and_again(name, transport, recorder):
    server = start(LATER[name])
    options = {"reconnection_delay": 0.02, "reconnection_limit": 0.2, "max_reconnection_attempts": None}
    echoed = []
    try:
        with SocketIO("127.0.0.1", server.port, recorder, transports=(transport,), **options) as socket:
            socket.on("echoed", echoed.append)
            for restart in range(3):
                for number in range(20):
                    socket.emit("echo", [restart, number, "lost, perhaps"])  # the server dies on some of these
                server.stop()
                recorder.next("close")
                for number in range(20):
                    socket.emit("echo", [restart, number, b"kept"])
                server = start(LATER[name], port=server.port)
                recorder.next("reconnect")
                eventually(lambda restart=restart: [restart, 19, b"kept"] in echoed, "the echo of the last")
    finally:
        server.stop()
    kept = [entry[:2] for entry in echoed if entry[2] == b"kept"]
    assert kept == [[restart, number] for restart in range(3) for number in range(20)]
    assert len(echoed) == len({(*entry[:2], entry[2] == b"kept") for entry in echoed}), "none twice"


@pytest.mark.fronts
def test_a_message_beyond_the_limit(pair, connect, recorder):
    _, transport, port = pair
    socket = connect(port, recorder, max_message_size=10_000, reconnect=False, transports=(transport,))
    socket.emit("do send big", 20_000)
    with pytest.raises(SocketIOError):
        socket.wait(20)


def test_attachments_beyond_the_limit_are_dropped(connect, recorder):
    with start("modern.js") as server:
        socket = connect(server.port, recorder, max_message_size=10_000, reconnect=False)
        recorder.next("hello")
        socket.emit("do send bytes", "large", 9_999)
        assert socket.call("echo", "still here") == "still here"
        assert recorder.told.empty()
        socket.emit("do send bytes", "small", 9_000)
        assert recorder.next()[0] == "small"
