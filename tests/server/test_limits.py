"""What a hostile client can do to a server and to other clients (S15). Most tests also show that others are served."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import struct
import threading
import time

import pytest
import websocket

from sioclient import SocketIO
from sioclient.server import SocketConnection, concurrent, event, uploads
from sioclient.server.client import MOST_IN_A_ROW, MOST_TIME, MOST_UNREAD
from sioclient.server.web import Http
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, happened

MEGABYTE = 2**20


class Main(SocketConnection):
    remembered = None

    @event
    def echo(self, value):
        return value

    @event
    def pour(self, size):
        self.emit("drop", "x" * size)

    @event
    def remember(self, value):
        self.remembered = value

    @event
    async def inquire(self):
        reply = await self.call("how many?")
        return [self.remembered, reply]

    @event
    async def doze(self):
        await self.may_go.wait()

    def on_open(self, request):
        self.may_go = asyncio.Event()

    @event
    def gush(self, size):
        self.flowing = asyncio.get_running_loop().create_task(self.flow(size))

    async def flow(self, size):
        while self.is_open:
            self.emit("drop", "x" * size)
            await asyncio.sleep(0)

    @event
    async def block(self):
        await asyncio.sleep(3600)

    @concurrent
    @event
    async def linger(self):
        await asyncio.sleep(3600)


@pytest.fixture
def server(socket_server):
    """A server of which somebody else is a client before and after the test."""
    server = socket_server(Main)
    with SocketIO("127.0.0.1", server.port) as other:
        yield server
        assert other.call("echo", "still served", timeout=PATIENCE) == "still served"


def clients(server):
    return server.call(lambda: len(server.router._hub.clients))


@contextlib.contextmanager
def rogue(server, raw, transport="websocket"):
    """Yield a raw websocket of a new session, and the session's id."""
    name = raw(server).handshake()
    connection = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/socket.io/1/{transport}/{name}",
        timeout=PATIENCE,
        sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)],
    )
    try:
        yield connection, name
    finally:
        connection.shutdown()


def is_refused(sock):
    """Return whether a connection takes nothing more; what is on its way from there may take long to read."""
    try:
        return not sock.send(b"x")
    except OSError:
        return True


def test_s15_a_message_over_a_mebibyte_ends_the_websocket(server, raw):
    with rogue(server, raw) as (connection, _):
        connection.send("3:::" + "x" * (MEGABYTE - 4))
        connection.send("8:1::")
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::1"]
        # Only the head of the frame: nobody waits for the rest.
        connection.sock.sendall(struct.pack("!BBQ", 0x81, 0xFF, 2**40) + b"mask")
        eventually(lambda: clients(server) == 1, "the end of the session")


def test_s15_fragments_are_added_up(server, raw):
    with rogue(server, raw) as (connection, _):
        part = websocket.ABNF(0, 0, 0, 0, websocket.ABNF.OPCODE_TEXT, 1, b"x" * (MEGABYTE // 2))
        connection.send_frame(part)
        part.opcode = websocket.ABNF.OPCODE_CONT
        with contextlib.suppress(OSError, websocket.WebSocketException):
            connection.send_frame(part)
            connection.send_frame(part)
        eventually(lambda: clients(server) == 1, "the end of the session")


@pytest.mark.parametrize("head", [f"Content-Length: {MEGABYTE + 1}\r\n", "Transfer-Encoding: chunked\r\n"])
def test_s15_a_body_over_a_mebibyte_is_not_read(server, raw, head):
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        path = f"/socket.io/1/xhr-polling/{raw(server).handshake()}"
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        with contextlib.suppress(OSError):
            if "chunked" in head:
                connection.sendall(f"{MEGABYTE + 1:x}\r\n".encode() + b"x" * (MEGABYTE + 1) + b"\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"200 OK" not in connection.recv(1000)


def test_a_body_of_a_mebibyte_is_read(server, raw):
    ask = raw(server)
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    assert ask.post(f"/1/xhr-polling/{name}", "3:1::" + "x" * (MEGABYTE - 5)) == "1"
    assert ask.get(f"/1/xhr-polling/{name}") == "6:::1"


def test_s15_sessions_per_address(socket_server, raw):
    ask = raw(socket_server(Main, max_sessions=5, handshake_timeout=2))
    names = [ask.handshake() for _ in range(5)]
    status, _, body = ask.ask("GET", "/1/")
    assert (status, body) == (503, "too many sessions from this address")
    ask.get(f"/1/xhr-polling/{names[0]}?disconnect")
    ask.get(f"/1/xhr-polling/{names[0]}")
    names[0] = ask.handshake()
    eventually(lambda: ask.ask("GET", "/1/")[0] == 200, "the end of sessions that nobody uses")


def test_s15_handshakes_per_address(socket_server, raw):
    ask = raw(socket_server(Main, max_sessions=3, max_handshakes=1))
    for _ in range(3):
        ask.get(f"/1/xhr-polling/{ask.handshake()}?disconnect")
    status, _, body = ask.ask("GET", "/1/")
    assert (status, body) == (503, "too many handshakes from this address")
    eventually(lambda: ask.ask("GET", "/1/")[0] == 200, "the next second")


def test_s15_sessions_of_all_addresses(socket_server, raw):
    ask = raw(socket_server(Main, max_clients=3, handshake_timeout=2))
    names = [ask.handshake() for _ in range(3)]
    status, _, body = ask.ask("GET", "/1/")
    assert (status, body) == (503, "too many sessions")
    ask.get(f"/1/xhr-polling/{names[0]}?disconnect")
    eventually(lambda: ask.ask("GET", "/1/")[0] == 200, "the end of sessions that nobody uses")


@contextlib.contextmanager
def unfinished_posts(server, name, count, size):
    """POST bodies of a megabyte whose last byte does not come; the sending of what the server does not read ends."""
    head = f"POST /socket.io/1/xhr-polling/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: {MEGABYTE}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE))
            connection.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                connection.sendall(head + b"x" * size)
        yield


@pytest.fixture
def bodies(monkeypatch):
    """The handlers of all requests, which hold what has come of their bodies."""
    prepare, handlers = Http.prepare, []

    def note(handler):
        handlers.append(handler)
        prepare(handler)

    monkeypatch.setattr(Http, "prepare", note)
    return handlers


def test_s15_nobody_gets_memory_for_a_body(server, raw, bodies):
    with unfinished_posts(server, "nobody", 20, MEGABYTE - 1):
        eventually(lambda: len(bodies) == 20)
        time.sleep(0.2)
        assert sum(len(handler.body) for handler in bodies) == 0
        name = raw(server).handshake()
        assert raw(server).get(f"/1/xhr-polling/{name}") == "1::"


def test_s15_unfinished_bodies_are_bounded_over_all_clients(server, raw, bodies, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_HELD", 2**19)
    ask = raw(server)
    names = [ask.handshake() for _ in range(3)]
    for name in names:
        assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    del bodies[:]
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(unfinished_posts(server, name, 5, MEGABYTE - 1))
        eventually(lambda: len(bodies) == 15)
        eventually(lambda: max(len(handler.body) for handler in bodies) == MEGABYTE - 1, "the oldest body")
        time.sleep(0.2)
        assert sum(len(handler.body) for handler in bodies) < 2**19 + MEGABYTE + 15 * 2**17
        assert ask.post(f"/1/xhr-polling/{names[0]}", "8:1::") == "1"  # small ones are taken
        assert ask.get(f"/1/xhr-polling/{names[0]}") == "6:::1"
    eventually(lambda: server.call(lambda: server.router._hub.uploads.held) == 0, "the end of all uploads")
    assert ask.post(f"/1/xhr-polling/{names[0]}", "3:::" + "x" * (MEGABYTE - 4)) == "1"


def test_s15_refused_handshakes_do_not_count(socket_server, raw):
    ask = raw(socket_server(Main, max_sessions=1, authorization=lambda request: not request.arguments))
    for _ in range(3):
        assert ask.ask("GET", "/1/?x=y")[0] == 403
    assert ask.handshake()


def test_s15_idle_sessions_end(socket_server, raw):
    settings = {"heartbeat_interval": 0.2, "heartbeat_timeout": 0.3, "close_timeout": 0.3, "polling_duration": 0.2}
    server = socket_server(Main, **settings)
    with rogue(server, raw) as (connection, _):
        ask = raw(server)
        name = ask.handshake()
        assert ask.get(f"/1/xhr-polling/{name}") == "1::"
        eventually(lambda: clients(server) == 0, "the end of both sessions")
        assert [connection.recv() for _ in range(2)] == ["1::", "2::"]
        assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE


def test_s15_a_slow_reader_is_dropped(server, raw):
    with rogue(server, raw) as (connection, _):
        connection.send('5:::{"name":"gush","args":[65536]}')
        eventually(lambda: clients(server) == 1, "the end of the session")
        eventually(lambda: is_refused(connection.sock), "the end of the connection")


def test_s15_a_client_that_never_polls_again_is_dropped(server, raw):
    ask = raw(server)
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    ask.post(f"/1/xhr-polling/{name}", '5:::{"name":"gush","args":[65536]}')
    eventually(lambda: clients(server) == 1, "the end of the session")
    assert ask.get(f"/1/xhr-polling/{name}") == "7:::1+0"


def test_s15_a_slow_reader_of_an_htmlfile_is_dropped(server, raw):
    name = raw(server).handshake()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
        connection.sendall(f"GET /socket.io/1/htmlfile/{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(10)
        raw(server).post(f"/1/htmlfile/{name}", '5:::{"name":"gush","args":[65536]}')
        eventually(lambda: clients(server) == 1, "the end of the session")


def client_of(server, name):
    return server.call(lambda: server.router._hub.clients[name])


@pytest.mark.parametrize("size", [10, 1000, MEGABYTE - 10])
def test_s15_a_flood_waits_in_the_network(socket_server, raw, size):
    """While a handler of a client runs, no more of the client is read than the bound allows, and nothing is parsed."""
    server = socket_server(Main, close_timeout=0.3, heartbeat_interval=0.2)
    with rogue(server, raw) as (connection, name):
        connection.send('5:::{"name":"block"}')
        frame = "4:::" + ("[" + "{}," * (size // 3) + "1]")[:size]
        flood = Task(lambda: [connection.send(frame) for _ in range(100_000)])
        client = client_of(server, name)
        eventually(lambda: server.call(lambda: not client.has_room()), "the end of reading")
        assert server.call(lambda: client.inbox.size) < MOST_UNREAD + size + 100
        assert not server.call(lambda: client._notices)
        with SocketIO("127.0.0.1", server.port) as other:
            assert other.call("echo", 1, timeout=PATIENCE) == 1
        connection.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError, websocket.WebSocketException):
            flood.result()
        connection.shutdown()
        eventually(lambda: clients(server) == 0, "the end of the session")
        assert server.call(lambda: client.inbox.size) == 0


def test_s15_packets_after_the_end_are_not_kept(server, raw):
    with rogue(server, raw) as (connection, name):
        connection.send('5:::{"name":"block"}')
        client = client_of(server, name)
        eventually(lambda: server.call(lambda: client._delivering), "the handler")
        server.call(client.receive, "3:::waits")
        server.call(client.kick)
        server.call(client.receive, "3:::too late")
        server.call(client.receive_body, iter(["3:::too late"]), 12)
        server.call(client.receive, "2::")
        eventually(lambda: server.call(lambda: client.inbox.size) == 0, "the end of the session")


def test_notices_that_wait_when_the_client_is_kicked(server, raw):
    with rogue(server, raw) as (connection, name):
        assert connection.recv() == "1::"
        client = client_of(server, name)

        def kick_with_notices_waiting():
            client.session.receive(["3:::x", '5:::{"name":"echo"}', "1::/unknown"], 0)
            client.kick()

        server.call(kick_with_notices_waiting)
        assert connection.recv() == "0::"
        eventually(lambda: clients(server) == 1, "the end of the session")


def test_heartbeats_and_noops_do_not_wait_for_a_handler(server, raw):
    with rogue(server, raw) as (connection, _):
        for frame in ('5:::{"name":"block"}', "3:1::waits", "8:2::", "2::"):
            connection.send(frame)
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::2"]


def test_frames_that_came_before_a_loss_are_handled(server, raw):
    with rogue(server, raw) as (connection, name):
        for frame in ('5:::{"name":"doze"}', "8:1::", '5:::{"name":"remember","args":[7]}'):
            connection.send(frame)
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::1"]
        client = client_of(server, name)
        eventually(lambda: server.call(lambda: client.inbox.size), "the last frame")
        connection.shutdown()
        eventually(lambda: server.call(lambda: client._lost), "the loss")
        main = server.call(lambda: client.connections[""])
        server.call(main.may_go.set)
        eventually(lambda: clients(server) == 1, "the end of the session")
        assert main.remembered == 7


def test_a_stream_that_another_replaces_does_not_end_the_session(server, raw):
    ask = raw(server)
    with rogue(server, raw) as (connection, name):
        for frame in ('5:::{"name":"doze"}', "8:1::", '5:2+::{"name":"echo","args":[1]}'):
            connection.send(frame)
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::1"]
        client = client_of(server, name)
        eventually(lambda: server.call(lambda: client.inbox.size), "the last frame")
        connection.shutdown()
        eventually(lambda: server.call(lambda: client._lost), "the loss")
        poll = Task(ask.get, f"/1/xhr-polling/{name}")
        eventually(lambda: server.call(lambda: client._link), "the poll")
        server.call(lambda: client.connections[""].may_go.set())
        assert poll.result() == "6:::2+[1]"


def test_s15_a_post_of_tiny_packets_does_not_block_the_loop(server, raw):
    turns = []

    def count():
        turns.append(time.monotonic())
        if counting:
            asyncio.get_running_loop().call_soon(count)

    counting = [True]
    ask = raw(server)
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    packets = MEGABYTE // 10
    client = client_of(server, name)
    server.call(count)
    assert ask.post(f"/1/xhr-polling/{name}", "\ufffd3\ufffd8::" * packets) == "1"
    eventually(lambda: server.call(lambda: not client.inbox), "the end of the body")
    counting.clear()
    assert len(turns) > packets / MOST_IN_A_ROW


def test_an_ack_behind_many_packets_of_one_post_is_read(server, raw):
    ask = raw(server)
    name = ask.handshake()
    path = f"/1/xhr-polling/{name}"
    assert ask.get(path) == "1::"
    ask.post(path, '5:1+::{"name":"inquire"}')
    assert ask.get(path) == '5:1+::{"name":"how many?"}'
    count = 3 * MOST_IN_A_ROW
    frames = ['5:::{"name":"remember","args":[7]}'] * count + ["6:::1+[8]"]
    ask.post(path, "".join(f"\ufffd{len(frame)}\ufffd{frame}" for frame in frames))
    assert ask.get(path) == "6:::1+[[null,8]]"
    connection = client_of(server, name).connections[""]
    eventually(lambda: connection.remembered == 7, "what came before the ack")


def test_what_is_volatile_is_forgotten_between_two_polls(server, raw):
    ask = raw(server)
    name = ask.handshake()
    path = f"/1/xhr-polling/{name}"
    assert ask.get(path) == "1::"
    connection = client_of(server, name).connections[""]
    server.call(lambda: (connection.emit("a", volatile=True), connection.emit("b")))
    assert ask.get(path) == '5:::{"name":"b"}'


def test_a_flood_is_handled_once_the_handler_returns(server, raw):
    with rogue(server, raw) as (connection, name):
        connection.send('5:::{"name":"doze"}')
        flood = Task(
            lambda: [connection.send(frame) for frame in ["3:::" + "x" * 1000] * 500 + ['5:9+::{"name":"echo"}']]
        )
        client = server.call(lambda: server.router._hub.clients[name])
        eventually(lambda: server.call(lambda: not client.has_room()), "the end of reading")
        server.call(lambda: client.connections[""].may_go.set())
        flood.result()
        assert connection.recv() == "1::"
        assert connection.recv().startswith("7:::echo(self, value) does not take")
        assert server.call(client.has_room)


def test_a_client_that_is_not_read_is_kept_alive(server, raw):
    with rogue(server, raw) as (connection, name):
        client = server.call(lambda: server.router._hub.clients[name])
        server.call(client.receive, '5:::{"name":"doze"}')
        server.call(client.receive, "3:::" + "x" * MOST_UNREAD)
        waiting = server.call(lambda: [asyncio.ensure_future(client.room()) for _ in range(2)])
        server.call(waiting[0].cancel)  # one that gives up does not disturb the other
        due = server.call(client.session.deadline)
        server.call(client._on_timer)  # not in a minute, when it is due
        assert server.call(client.session.deadline) > due
        server.call(lambda: client.connections[""].may_go.set())
        eventually(waiting[1].done, "room")
        assert [connection.recv() for _ in range(2)] == ["1::", "2::"]


def test_s15_a_slow_reader_of_a_poll_is_dropped(socket_server, raw, monkeypatch):
    detach, cut = Http.detach, threading.Event()

    def tell(handler):
        cut.set()
        return detach(handler)

    monkeypatch.setattr(Http, "detach", tell)
    server = socket_server(Main, close_timeout=0.5)
    ask = raw(server)
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
        connection.sendall(f"GET /socket.io/1/xhr-polling/{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        eventually(lambda: server.call(lambda: server.router._hub.clients[name]._link), "the poll")
        ask.post(f"/1/xhr-polling/{name}", '5:::{"name":"pour","args":[33554432]}')
        happened(cut)
        eventually(lambda: is_refused(connection), "the end of the connection")


def test_a_failed_request_is_an_error_for_one_client_only(server, raw, caplog):
    hub = server.router._hub
    table = hub.clients
    server.call(lambda: setattr(hub, "clients", None))
    try:
        assert raw(server).ask("GET", "/1/xhr-polling/x")[0] == 500
    finally:
        server.call(lambda: setattr(hub, "clients", table))
    assert "a request failed" in caplog.text


def test_frames_of_a_websocket_without_a_session_are_ignored(server):
    connection = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/nobody", timeout=PATIENCE
    )
    connection.send("8:1::")
    assert connection.recv() == "7:::1+0"
    assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
    connection.shutdown()


def test_s15_other_clients_have_their_turn_during_a_flood(socket_server, raw):
    heard, turns = [], []

    class Quick(SocketConnection):
        def on_message(self, message):
            if not heard:
                # As for whatever another client wants.
                asyncio.get_running_loop().call_soon(lambda: turns.append(len(heard)))
            heard.append(message)

    ask = raw(socket_server(Quick))
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    assert ask.post(f"/1/xhr-polling/{name}", "\ufffd5\ufffd3:::x" * 5000) == "1"
    eventually(lambda: len(heard) == 5000)
    assert 0 < turns[0] <= MOST_IN_A_ROW


def test_s15_a_step_that_takes_long_ends_the_turn(socket_server, raw):
    heard, turns = [], []

    class Slow(SocketConnection):
        def on_message(self, message):
            if not heard:
                asyncio.get_running_loop().call_soon(lambda: turns.append(len(heard)))
            heard.append(message)
            time.sleep(MOST_TIME * 1.2)

    ask = raw(socket_server(Slow))
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    assert ask.post(f"/1/xhr-polling/{name}", "\ufffd5\ufffd3:::x" * 20) == "1"
    eventually(lambda: len(heard) == 20)
    assert turns == [1]


def test_s15_handlers_that_run_at_once_are_bounded(server, raw):
    with rogue(server, raw) as (connection, name):
        for _ in range(300):
            connection.send('5:::{"name":"linger"}')
        client = server.call(lambda: server.router._hub.clients[name])
        eventually(lambda: server.call(lambda: client._handlers._concurrent == 100 and client._delivering), "the limit")


GARBAGE = [
    "",
    "9:::x",
    "5:::{",
    "5:::[]",
    "6:::x",
    "1" * 1000,
    "4:::" + "[" * 10_000,
    "3:99999999999999999999::x",
    "\0",
]


def test_s15_garbage_is_dropped(server, raw, caplog):
    with rogue(server, raw) as (connection, _), caplog.at_level(logging.INFO):
        for garbage in GARBAGE * 20:
            connection.send(garbage)
        connection.send("8:1::")
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::1"]
    ours = [record for record in caplog.records if record.name.startswith(("sioclient.server", "tornado"))]
    assert 1 <= len(ours) <= 1 + len(GARBAGE)  # one per second at most
    assert all(len(record.getMessage()) < 600 for record in ours)


CONTROL = ["5:1:/a\x01:{}", "1:1:/a\x01", "3:1+:/\n:x", "1:2:/a?\x7f", "0:1:/\x01", "6::/\x01:1", "7:1:/\x01:x"]


def test_s15_control_characters_in_an_endpoint_with_an_id(server, raw, caplog):
    ask = raw(server)
    with rogue(server, raw) as (connection, _):
        for frame in [*CONTROL, "8:9::"]:
            connection.send(frame)
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::9"]
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    frames = [*CONTROL, "8:9::"]
    assert ask.post(f"/1/xhr-polling/{name}", "".join(f"\ufffd{len(frame)}\ufffd{frame}" for frame in frames)) == "1"
    assert ask.get(f"/1/xhr-polling/{name}") == "6:::9"
    assert not [record for record in caplog.records if record.exc_info]


def test_s15_garbage_in_posts_and_urls(server, raw):
    ask = raw(server)
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    for body in ("\ufffd", "\ufffd9999\ufffd8:1::", "\ufffdx\ufffd", "d=", "%", "&" * 100):
        assert ask.post(f"/1/xhr-polling/{name}", body) == "1"
        assert ask.post(f"/1/jsonp-polling/{name}", body) == "1"
    for path in ("/1/%00/x", "/1/xhr-polling/%ff", "/1/xhr-polling/../../etc", "/%2e%2e/", "//", "/1/////", "/99999/"):
        with contextlib.suppress(OSError):
            ask.ask("GET", path)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            connection.recv(100)


def test_s15_the_log_gets_one_record_per_second(server, raw, caplog):
    with rogue(server, raw) as (connection, _):
        for number in range(200):
            connection.send("5:::" + json.dumps({"name": f"no such\nevent {number}"}))
            connection.send("5:::" + json.dumps({"name": "echo", "args": [1, 2, 3]}))
        connection.send("8:1::")
        while connection.recv() != "6:::1":
            pass
    ours = [record.getMessage() for record in caplog.records if record.name == "sioclient.server"]
    assert 1 <= len(ours) <= 5
    assert not any("\n" in line for line in ours)


def test_many_clients_are_served_beside_each_other(socket_server):
    server = socket_server(Main)
    sockets = [SocketIO("127.0.0.1", server.port) for _ in range(25)]
    try:
        assert clients(server) == 25
        assert [one.call("echo", number) for number, one in enumerate(sockets)] == list(range(25))
    finally:
        for one in sockets:
            one.disconnect()
    eventually(lambda: clients(server) == 0, "the end of all sessions")
