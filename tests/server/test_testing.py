"""What tests of other programs may have of a server."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import pytest
import websocket

from sioclient import AckTimeout, ConnectError, HandshakeRejected
from sioclient.server import SocketConnection, event
from sioclient.server.testing import WatchedServer
from tests.conftest import Recorder
from tests.waiting import FAR, PATIENCE, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


class Desk(SocketConnection):
    @event
    def sum(self, a, b):
        return a + b


@pytest.fixture(params=[1, 4, 5])
def revision(request):
    return request.param


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


def test_what_was_received(own_socket_server, connect, revision):
    server = own_socket_server(Desk, revisions=(revision,))
    socket = connect(server.port)
    socket.emit("first", 1)
    assert socket.call("sum", 2, 3) == 5
    socket.send("text")
    assert server.wait_for("sum") == [2, 3]
    assert server.wait_for("message") == ["text"]
    assert [event.name for event in server.received] == ["first", "sum", "message"]
    assert server.received[0].connection.revision == socket.revision == revision
    socket.emit("other")
    assert server.wait_for("other") == []
    socket.emit("another")
    eventually(lambda: len(server.received) == 5, "the last")
    with pytest.raises(TimeoutError, match=r"no event 'sum' came within 0.05 s, but \['another'\]"):
        server.wait_for("sum", 0.05)


def test_waiting_for_what_comes_later(own_socket_server, connect):
    server = own_socket_server()
    socket = connect(server.port)
    timer = threading.Timer(0.05, socket.emit, ["late", 7])
    timer.start()
    assert server.wait_for("late") == [7]
    timer.join()


def test_clients_by_id_and_address(own_socket_server, connect, revision):
    server = own_socket_server(Desk)
    assert dict(server.clients) == {}
    socket = connect(server.port, revision=revision)
    eventually(lambda: len(server.clients) == 1, "the client")
    clients = server.clients
    (session_id,) = clients
    connection = clients[session_id]
    assert session_id == socket.session_id == connection.session_id
    assert connection.address[0] == "127.0.0.1"
    assert clients[connection.address] is connection
    for key in ("x", ("127.0.0.1", 1)):
        with pytest.raises(KeyError):
            clients[key]


def test_a_connection_is_cut(own_socket_server, connect, revision, transport):
    server, recorder = own_socket_server(Desk), Recorder()
    socket = connect(server.port, recorder, revision=revision, reconnection_delay=0.05)
    assert socket.call("sum", 1, 2) == 3
    server.cut(server.clients[socket.session_id])
    recorder.next("reconnect")
    eventually(lambda: socket.connected, "the connection")
    server.cut()
    recorder.next("reconnect")


def test_a_cut_htmlfile(own_socket_server, connect):
    server, recorder = own_socket_server(Desk), Recorder()
    connect(server.port, recorder, transports=("htmlfile",), reconnection_delay=0.05)
    eventually(lambda: server.clients, "the client")
    server.cut()
    recorder.next("reconnect")


def test_between_two_polls_a_cut_ends_the_session(own_socket_server, connect):
    server = own_socket_server(Desk)
    connect(server.port, revision=1, transports=("xhr-polling",), reconnect=False)
    (client,) = server.router._hub.clients.values()
    server.call(lambda: (client._links.clear(), client.cut()))
    eventually(lambda: not server.clients, "the end of the session")


def test_handshakes_are_refused(own_socket_server, connect, revision):
    server = own_socket_server(Desk)
    for status in (403, 429):
        server.refuse(status)
        with pytest.raises((HandshakeRejected, ConnectError)) as refused:
            connect(server.port, revision=revision)
        assert refused.value.status == status
    server.refuse(None)
    assert connect(server.port, revision=revision).connected


def is_silent(server):
    """Return once the server's loop had some turns, in which it would have sent what it has."""
    for _ in range(5):
        server.call(lambda: None)


def test_a_stalled_server_goes_on_later(own_socket_server, connect, revision, transport):
    server, recorder = own_socket_server(Desk, heartbeat_interval=FAR, heartbeat_timeout=FAR), Recorder()
    socket = connect(server.port, recorder, revision=revision, transports=(transport,))
    assert socket.call("sum", 1, 2) == 3
    server.stall()
    server.call(server.clients[socket.session_id].emit, "late")
    with pytest.raises(AckTimeout):
        socket.call("sum", 3, 4, timeout=0.05)
    is_silent(server)
    assert [event.args for event in server.received] == [[1, 2]]
    assert ("late",) not in recorder.told.queue
    server.go_on()
    assert recorder.next("late") == ("late",)
    assert server.wait_for("sum") == [1, 2]
    assert server.wait_for("sum") == [3, 4]
    assert socket.call("sum", 5, 6) == 11


@pytest.mark.parametrize(
    ("revision", "transport"), [(1, "websocket"), (4, "websocket"), (4, "polling"), (5, "websocket"), (5, "polling")]
)
def test_a_client_notices_that_the_server_is_stalled(own_socket_server, connect, revision, transport):
    """Over the polls of revision 1, nobody does: there, a poll may wait as long as it likes."""
    server = own_socket_server(Desk, heartbeat_interval=0.2, heartbeat_timeout=0.2, close_timeout=0.2)
    socket = connect(server.port, revision=revision, transports=(transport,), reconnection_delay=0.05)
    server.stall()
    eventually(lambda: not socket.connected, "the loss")
    server.go_on()
    eventually(lambda: socket.connected, "the connection")


def test_nobody_is_let_in_while_the_server_is_stalled(own_socket_server, connect, revision, transport):
    server = own_socket_server(Desk)
    server.stall()
    server.stall()
    for _ in range(2):
        with pytest.raises(ConnectError):
            connect(server.port, revision=revision, transports=(transport,), connect_timeout=0.1)
    server.go_on()
    assert connect(server.port, revision=revision, transports=(transport,)).call("sum", 1, 2) == 3


def test_one_client_is_stalled(own_socket_server, connect, revision, transport):
    server = own_socket_server(Desk)
    options = {"revision": revision, "transports": (transport,)}
    one, other = connect(server.port, **options), connect(server.port, **options)
    stalled = server.clients[one.session_id]
    server.stall(stalled)
    with pytest.raises(AckTimeout):
        one.call("sum", 3, 4, timeout=0.05)
    assert other.call("sum", 1, 2) == 3
    server.go_on(stalled)
    assert one.call("sum", 5, 6) == 11


def test_a_stalled_server_sends_no_pong_of_a_websocket(own_socket_server):
    server = own_socket_server(Desk, revisions=(5,), heartbeat_interval=FAR)
    url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    with closing(websocket.create_connection(url, timeout=0.1)) as socket:
        assert socket.recv().startswith("0{")
        server.stall()
        socket.ping("are you there")
        socket.ping("are you there")
        with pytest.raises(websocket.WebSocketTimeoutException):
            socket.recv_frame()
        server.go_on()
        socket.settimeout(PATIENCE)
        assert socket.recv_frame().opcode == websocket.ABNF.OPCODE_PONG


def test_a_client_that_leaves_while_stalled_is_forgotten(own_socket_server):
    server = own_socket_server(Desk, revisions=(4,))
    socket = websocket.create_connection(f"ws://127.0.0.1:{server.port}/socket.io/?EIO=3&transport=websocket")
    eventually(lambda: server.clients, "the client")
    server.stall()
    socket.shutdown()
    server.go_on()
    eventually(lambda: not server.clients, "the end of the session")


def test_a_stalled_client_can_be_cut(own_socket_server, connect, revision, transport):
    server, recorder = own_socket_server(Desk), Recorder()
    socket = connect(server.port, recorder, revision=revision, transports=(transport,), reconnection_delay=0.05)
    server.stall(server.clients[socket.session_id])
    server.cut()
    recorder.next("reconnect")
    assert socket.call("sum", 1, 2) == 3


def test_a_stalled_server_stops_in_good_order(own_socket_server, connect, revision, transport):
    with WatchedServer(Desk, port=0, drain_time=PATIENCE) as server:
        recorder = Recorder()
        socket = connect(server.port, recorder, revision=revision, transports=(transport,))
        connection = server.clients[socket.session_id]
        (client,) = server.router._hub.clients.values()
        eventually(lambda: client._link, "a poll, if there are polls: a server that stops takes no new connection")
        server.stall()
        server.call(connection.emit, "last")
    assert recorder.next("last") == ("last",)


def test_who_was_about_to_be_let_in_when_the_server_stalled(own_socket_server, connect, transport):
    asked, verdict = threading.Event(), Future()

    async def authorize(request):
        asked.set()
        return await asyncio.wrap_future(verdict)

    server = own_socket_server(Desk, authorization=authorize)
    with ThreadPoolExecutor() as pool:
        socket = pool.submit(connect, server.port, revision=5, transports=(transport,))
        happened(asked, "the question")
        server.stall()
        verdict.set_result(True)
        is_silent(server)
        assert not socket.done()
        server.go_on()
        assert socket.result(PATIENCE).call("sum", 1, 2) == 3
