"""Connecting, losing and ending a connection, against real servers."""

from __future__ import annotations

import gc
import http.server
import socket as sockets
import ssl
import threading
import time
import weakref

import pytest

from sioclient import (
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    NotConnected,
    SocketIO,
    SocketIOError,
    WrongRevision,
    socketIO,
)
from tests.conftest import Recorder, start
from tests.waiting import eventually, joined

pytestmark = pytest.mark.usefixtures("no_thread_left")


def test_what_a_connection_tells_of_itself(connect, legacy):
    socket = connect(legacy)
    assert socket.connected
    assert len(socket.session_id) == 20
    assert socket.transport_name == "websocket"
    assert socket.revision == 1
    assert repr(socket) == f"<SocketIO http://127.0.0.1:{legacy}/socket.io/ connected>"
    socket.disconnect()
    assert (socket.connected, socket.session_id, socket.transport_name) == (False, None, None)


def test_a_url_and_the_old_name(legacy):
    with socketIO(f"http://localhost:{legacy}/?colour=red%20wine&token=x") as socket:
        query = socket.call("handshake")["query"]
    assert query["colour"] == "red wine"
    assert query["token"] == "x"
    assert not socket.connected


@pytest.mark.fronts
def test_handlers_first_then_open(connect, legacy, recorder):
    socket = connect(legacy, recorder, auto_connect=False)
    for early in (lambda: socket.emit("x"), lambda: socket.wait(), lambda: socket.connect("/chat")):
        with pytest.raises(NotConnected, match="open"):
            early()
    socket.on("hello", lambda value: recorder.told.put(("registered", value)))
    socket.open()
    assert recorder.next("registered") == ("registered", {"a": 1})
    first = socket.session_id
    socket.open()
    assert socket.session_id == first


def test_disconnecting_without_ever_connecting(connect, legacy):
    socket = connect(legacy, auto_connect=False)
    socket.disconnect()
    assert socket.ended
    socket.open()
    assert socket.call("echo", 1) == 1


@pytest.mark.fronts
def test_handshake_and_upgrade_carry_the_same(connect, legacy):
    headers = {"X-One": "1", "Origin": "http://example.org"}
    socket = connect(legacy, params={"a": "b c"}, headers=headers, cookies={"c": "d"}, auth=("u", "p"))
    seen = socket.call("handshake")
    assert seen["query"]["a"] == "b c"
    headers = seen["headers"]
    assert (headers["x-one"], headers["origin"], headers["cookie"]) == ("1", "http://example.org", "c=d")
    assert headers["authorization"].startswith("Basic ")
    assert "gzip" not in headers["accept-encoding"]


@pytest.mark.parametrize(("token", "status", "text"), [("bad", 403, "unauthorized"), ("error", 500, "handshake error")])
def test_a_handshake_that_the_server_refuses(legacy, token, status, text):
    with pytest.raises(HandshakeRejected, match=text) as refused:
        SocketIO("127.0.0.1", legacy, params={"token": token})
    assert refused.value.status == status


def test_a_port_where_nobody_listens():
    with sockets.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectError, match="refused the connection: is the server running"):
            SocketIO("127.0.0.1", taken.getsockname()[1])


def test_a_server_that_says_nothing():
    with sockets.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(ConnectError, match=r"did not (come|respond)"):
            SocketIO("127.0.0.1", silent.getsockname()[1], connect_timeout=0.3)
        assert time.monotonic() - began >= 0.28  # an attempt ends a little earlier, so that the error names the address


def test_a_server_that_sends_a_web_page():
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><title>Hello</title>")

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(ConnectError, match=r"not a Socket\.IO server.*DOCTYPE") as failed:
                SocketIO("127.0.0.1", server.server_port)
        finally:
            server.shutdown()
            joined(thread)
    assert not failed.value.retryable


@pytest.mark.parametrize(("version", "name"), [("2.5.1", "Engine.IO 3"), ("4.8.1", "Engine.IO 4")])
def test_a_server_of_a_later_generation_is_named(version, name):
    with start("modern.js", version=version) as server, pytest.raises(WrongRevision, match=f"{name}.*revision 1"):
        SocketIO("127.0.0.1", server.port, revision=1)


def test_the_wrong_resource(legacy):
    with pytest.raises(HandshakeRejected, match="resource=") as refused:
        SocketIO("127.0.0.1", legacy, resource="elsewhere")
    assert refused.value.status == 404


def test_another_resource():
    with start("legacy.js", socketio={"resource": "/foo/bar"}) as server:
        for options in ({"resource": "foo/bar"}, {"resource": "/foo/bar/"}):
            with SocketIO("127.0.0.1", server.port, **options) as socket:
                assert socket.call("echo", 1) == 1
        with SocketIO(f"http://127.0.0.1:{server.port}/foo", resource="bar") as socket:
            assert socket.call("echo", 1) == 1


def test_a_server_without_a_websocket():
    expected = pytest.raises(ConnectError, match="no transport in common: the server offers htmlfile")
    with start("legacy.js", socketio={"transports": ["htmlfile"]}) as server, expected:
        SocketIO("127.0.0.1", server.port, transports=("websocket",))


def test_a_restricted_origin():
    with start("legacy.js", socketio={"origins": "example.org:80"}) as server:
        with pytest.raises(HandshakeRejected, match="Origin"):
            SocketIO("127.0.0.1", server.port)
        with SocketIO("127.0.0.1", server.port, headers={"Origin": "http://example.org"}) as socket:
            assert socket.call("echo", 1) == 1


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_an_encrypted_connection(secure, connect):
    port, authority = secure
    with SocketIO(f"https://localhost:{port}", verify=authority) as socket:
        assert socket.call("echo", "x" * 100_000) == "x" * 100_000
    with connect(port, secure=True, verify=False) as socket:
        assert socket.call("echo", 1) == 1


@pytest.mark.parametrize("options", [{}, {"verify": None}, {"verify": ssl.get_default_verify_paths().cafile or True}])
def test_a_certificate_of_an_unknown_authority(secure, options):
    with pytest.raises(ConnectError, match=r"certificate.*verify=") as refused:
        SocketIO("localhost", secure[0], secure=True, **options)
    assert not refused.value.retryable


def test_heartbeats_keep_an_idle_and_a_blocked_connection():
    class Slow(Recorder):
        def on_hello(self, value):
            time.sleep(7)  # what is shown here is the passing of time: more than a heartbeat time-out
            self.told.put(("done",))

    times = {"heartbeat timeout": 5, "heartbeat interval": 1, "close timeout": 5}
    with start("legacy.js", socketio=times) as server, SocketIO("127.0.0.1", server.port) as idle:
        session, handler = idle.session_id, Slow()
        with SocketIO("127.0.0.1", server.port, handler) as socket:
            for number in range(120):  # more than a fence lets through at once, by another thread than the handler's
                socket.emit("note", number)
            handler.next("done", expect=10)
            assert socket.call("notes") == list(range(120))
            assert ("disconnect",) not in handler.told.queue
        assert idle.session_id == session
        assert idle.call("echo", 1) == 1


@pytest.mark.fronts
def test_disconnecting_tells_the_server_and_the_handlers(connect, legacy, recorder):
    watcher = connect(legacy)
    before = watcher.call("sessions")
    socket = connect(legacy, recorder)
    chat = Recorder()
    socket.connect("/chat", chat)
    assert watcher.call("sessions") == before + 1
    socket.disconnect()
    socket.disconnect()
    assert recorder.next("disconnect")
    assert recorder.next("close") == ("close", "client")
    assert chat.next("disconnect")
    eventually(lambda: watcher.call("sessions") == before)
    with pytest.raises(NotConnected, match="open it again"):
        socket.emit("x")
    assert socket.wait() == "client"


def test_a_kick_is_final(connect, legacy, recorder):
    socket = connect(legacy, recorder)
    socket.emit("do kick")
    assert socket.wait() == "server"
    assert [recorder.next("disconnect"), recorder.next("close")] == [("disconnect",), ("close", "server")]
    with pytest.raises(NotConnected):
        socket.emit("x")


@pytest.mark.fronts
def test_after_a_kick_one_may_come_back(connect, legacy, recorder):
    socket = connect(legacy, recorder, reconnect_when_kicked=True, reconnection_delay=0.01)
    first = socket.session_id
    socket.emit("do kick")
    recorder.next("reconnect")
    assert socket.call("echo", 1) == 1
    assert socket.session_id not in (first, None)


def test_a_plain_loop_of_twenty_thousand_arrives_whole(legacy, connect):
    socket = connect(legacy)
    acked, lost, session = [], [], socket.session_id
    for number in range(20_000):
        socket.emit("echo", number, callback=acked.append, errback=lambda _, number=number: lost.append(number))
    assert socket.call("echo", "the last") == "the last"
    eventually(lambda: len(acked) + len(lost) == 20_000)  # who waits in a call hears before a callback's turn comes
    assert acked == list(range(20_000))
    assert socket.session_id == session


@pytest.mark.fronts
def test_more_than_a_websocket_takes_ends_no_session(connect, legacy, recorder):
    socket = connect(legacy, recorder)
    acked, lost, session, text = [], [], socket.session_id, "x" * 60_000
    for number in range(1000):
        socket.emit(
            "echo",
            number,
            text,
            callback=lambda number, _: acked.append(number),
            errback=lambda _, number=number: lost.append(number),
        )
    eventually(lambda: len(acked) + len(lost) == 1000)
    assert acked == list(range(1000))
    assert socket.session_id == session
    assert socket.transport_name == "websocket"
    assert socket.call("echo", "still here") == "still here"


def test_a_lost_connection_comes_back_with_its_channels(connect, legacy, recorder):
    chat = Recorder()
    socket = connect(legacy, recorder, reconnection_delay=0.01)
    channel = socket.connect("/chat", chat)
    errors = []
    socket.emit("do nothing", callback=print, errback=errors.append)
    socket.emit("do cut")
    assert recorder.next("retry") == ("retry", 1)
    socket.emit("note", "sent while away or after")
    recorder.next("reconnect")
    assert socket.call("notes") == ["sent while away or after"]
    assert channel.call("echo", 1) == 1
    assert [type(error) for error in errors] == [ConnectionLost]
    assert [entry[0] for entry in chat.told.queue] == ["connect", "hello", "disconnect", "connect", "hello"]


@pytest.mark.fronts
def test_without_reconnecting_wait_raises(connect, legacy, recorder):
    socket = connect(legacy, recorder, reconnect=False)
    socket.emit("do cut")
    with pytest.raises(SocketIOError, match="lost"):
        socket.wait()


def test_giving_up():
    with start("legacy.js") as server:
        socket = SocketIO("127.0.0.1", server.port, reconnection_delay=0.01, max_reconnection_attempts=2)
        server.stop()
        with pytest.raises(ConnectError, match="gave up after 2 attempts"):
            socket.wait()
        with pytest.raises(NotConnected, match="gave up"):
            socket.emit("x")


def test_waiting_for_the_first_connection(recorder):
    with start("legacy.js") as server:
        port = server.port
    made = []
    options = {"wait_for_connection": True, "reconnection_delay": 0.05, "max_reconnection_attempts": None}
    thread = threading.Thread(target=lambda: made.append(SocketIO("127.0.0.1", port, recorder, **options)))
    thread.start()
    recorder.next("retry")
    with start("legacy.js", port=port):
        joined(thread)
        with made[0] as socket:
            assert socket.call("echo", 1) == 1


def test_disconnecting_while_the_handshake_is_under_way(recorder):
    with start("legacy.js") as server:
        port = server.port
        socket = SocketIO("127.0.0.1", port, recorder, reconnection_delay=0.1)
    with sockets.create_server(("127.0.0.1", port)) as silent:
        accepted, _ = silent.accept()
        with accepted:
            socket.disconnect()
    assert ("reconnect", 1) not in recorder.told.queue


def test_a_channel_keeps_its_connection(legacy):
    socket = SocketIO("127.0.0.1", legacy)
    channel, reference = socket.connect("/chat"), weakref.ref(socket)
    del socket
    gc.collect()
    assert channel.call("echo", 1) == 1
    reference().disconnect()


def test_a_message_beyond_the_limit(connect, legacy, recorder):
    socket = connect(legacy, recorder, max_message_size=10_000, reconnect=False)
    socket.emit("do send big", 20_000)
    with pytest.raises(SocketIOError, match="max_message_size"):
        socket.wait()


def test_a_busy_server_hears_what_was_emitted_before_the_end(transport):
    heard = []
    with start("modern.js") as server, SocketIO("127.0.0.1", server.port, transports=transport) as witness:
        witness.on("msg to room", lambda nickname, text: heard.append(text))
        with SocketIO("127.0.0.1", server.port, transports=transport) as socket:
            socket.emit("do burst", "flood", 150_000)  # which takes longer than a server has that is silent
            socket.emit("user message", "the last")
        eventually(lambda: heard == ["the last"], "the last packet")
