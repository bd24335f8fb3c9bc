"""What tests of other programs may have of a server."""

from __future__ import annotations

import threading

import pytest

from sioclient import ConnectError, HandshakeRejected
from sioclient.server import SocketConnection, event
from tests.conftest import Recorder
from tests.waiting import eventually

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
