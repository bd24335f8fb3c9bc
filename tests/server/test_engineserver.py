"""Servers without Socket.IO: Engine.IO for our client and those of npm, plain WebSockets for the library websockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import queue
import socket
import subprocess
import threading
from dataclasses import fields

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_plain

from sioclient import HandshakeRejected, LocalProtocolError
from sioclient.errors import ConnectionLost
from sioclient.server import EngineServer, Settings, SocketConnection, SocketServer, WebSocketServer
from tests.conftest import FRONTS
from tests.servers.node import HERE, MODULES, find_node
from tests.waiting import FAR, PATIENCE, eventually, happened, taken

pytestmark = pytest.mark.usefixtures("no_thread_left")

OFF = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR}

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def prepare(server, told):
    """Let a server send back what it gets, and tell what happens."""

    @server.connection
    def greet(client):
        told.put(("came", client))

        @client.message
        async def echo(data):
            if data == "end":
                client.close()
            else:
                await client.send(data)

        @client.disconnection
        def leave(reason):
            told.put((reason, client))


@pytest.fixture
def told():
    return queue.Queue()


@pytest.fixture
def engine(told):
    with EngineServer(0, **OFF) as server:
        prepare(server, told)
        yield server


@pytest.fixture
def plain(told):
    with WebSocketServer(0, **OFF) as server:
        prepare(server, told)
        yield server


@pytest.fixture
def connect(engine_kind):
    made = []

    def connect(server, **options):
        client, heard = engine_kind(max_reconnection_attempts=0, **options), queue.Queue()
        made.append(client)
        client.on("message", heard.put)
        client.connect(f"http://127.0.0.1:{server.port}")  # a name is looked up in a thread, which trio keeps for 10 s
        return client, heard

    yield connect
    for client in made:
        client.disconnect()


@pytest.mark.parametrize("revision", [3, 4])
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("front", FRONTS, indirect=True)
def test_our_own_client(engine, told, connect, revision, transport):
    client, heard = connect(engine, revision=revision, transports=(transport,))
    for message in ("text: ünï \U0001f600", b"\0\1\xff", "x" * 300_000, ""):
        client.send(message)
        assert taken(heard) == message
    _, seen = taken(told)
    assert (seen.revision, seen.is_open, seen.addr) == (revision, True, "127.0.0.1")
    assert (seen.request.path, seen.session_id) == ("/engine.io/", client.session_id)
    assert engine.clients == {("127.0.0.1", seen.port): seen}
    client.disconnect()
    assert taken(told)[1] is seen
    assert (engine.clients, seen.is_open) == ({}, False)
    assert repr(seen) == f"<EngineClient 127.0.0.1:{seen.port} not connected>"


CLIENTS = {
    1: "socket.io-client-1/node_modules/engine.io-client",
    3: "engine.io-client",
    4: "socket.io-client-3/node_modules/engine.io-client",
    6: "socket.io-client-4/node_modules/engine.io-client",
}


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
@pytest.mark.parametrize("version", CLIENTS)
def test_the_javascript_client(engine, version, transports):
    node = find_node()
    if node is None or not (MODULES / CLIENTS[version]).exists():
        pytest.skip(f"engine.io-client {version}.x is not installed: run python -m tests.servers")
    # In a body of text, 1.x writes and reads UTF-8 that is encoded twice; engine.io 3.x does not see to that either.
    text = "text" if version == 1 and "polling" in transports else "text: ünï \U0001f600"
    settings = {"url": engine.url, "path": str(MODULES / CLIENTS[version]), "transports": transports, "text": text}
    command = [str(node.program), str(HERE / "engine_client.js"), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    assert done.stderr == ""
    assert [json.loads(line) for line in done.stdout.split("\n") if line] == [
        ["text", text],
        ["bytes", [0, 1, 255]],
        [transports[-1]],
        ["close"],
    ]


def test_plain_websockets(plain, told):
    assert plain.url.startswith("ws://")
    with connect_plain(f"{plain.url}/any/path?sid=1&b64=1") as peer:
        for message in ("text: ünï \U0001f600\x1e", b"\0\1\xff", "", b"", "x" * 300_000):
            peer.send(message)
            assert peer.recv(PATIENCE) == message
        _, seen = taken(told)
        assert (seen.revision, seen.request.path, seen.port) == (0, "/any/path", peer.local_address[1])
        assert seen.request.get_argument("sid") == "1"
        assert plain.clients == {peer.local_address[:2]: seen}
        peer.send("end")
        with pytest.raises(ConnectionClosed):
            peer.recv(PATIENCE)
    assert taken(told) == ("booted", seen)
    assert plain.clients == {}


def test_pings_of_plain_websockets_find_the_dead(told):
    with WebSocketServer(0, heartbeat_interval=0.05, heartbeat_timeout=0.3) as server:
        prepare(server, told)
        with (
            connect_plain(server.url, ping_interval=None) as alive,
            socket.create_connection(("127.0.0.1", server.port), PATIENCE) as dead,
        ):
            taken(told)
            dead.sendall(UPGRADE)
            _, its_client = taken(told)
            assert taken(told) == ("heartbeat timeout", its_client)
            alive.send("still here")
            assert alive.recv(PATIENCE) == "still here"


def test_the_limits_hold():
    settings = {**OFF, "origins": ("https://good.org",), "max_sessions": 1, "max_message_size": 1000}
    with WebSocketServer(0, **settings) as server:
        with pytest.raises(InvalidStatus, match="403"), connect_plain(server.url, origin="https://bad.org"):
            pass
        with connect_plain(server.url, origin="https://good.org") as peer:
            with pytest.raises(InvalidStatus, match="503"), connect_plain(server.url, origin="https://good.org"):
                pass
            peer.send("x" * 1001)
            with pytest.raises(ConnectionClosed):
                peer.recv(PATIENCE)
        eventually(lambda: not server.clients)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("GET", "/", headers={"Origin": "https://good.org"})
        assert connection.getresponse().status in (400, 426)
        connection.close()
        eventually(lambda: not server.call(lambda: server._hub.clients), "the end of what became no websocket")


def test_the_limits_of_engine_io(connect):
    with EngineServer(0, **OFF, authorization=lambda request: request.path == "/other/", resource="other") as server:
        connect(server, resource="other")
        with pytest.raises(HandshakeRejected):
            connect(server, resource="engine.io")
    with EngineServer(0, **OFF, revisions=(3,), transports=("websocket",)) as server:
        client, _ = connect(server)
        assert (client.revision, client.transport_name) == (3, "websocket")


def test_messages_wait_for_a_function_and_the_one_for_the_connection_goes_on(told):
    ready, go_on = threading.Event(), threading.Event()
    with WebSocketServer(0, **OFF) as server:

        @server.connection
        async def serve(client):
            ready.set()
            await asyncio.to_thread(go_on.wait, PATIENCE)
            client.message(told.put)
            while True:  # until the client leaves
                await client.send("tick")
                await asyncio.sleep(0)

        # Unless it keeps all it reads, this peer stops reading at times, and then waits 10 s for the close frame.
        with connect_plain(server.url, max_queue=None) as peer:
            peer.send("early")
            happened(ready)
            assert told.empty()
            go_on.set()
            assert taken(told) == "early"
            assert peer.recv(PATIENCE) == "tick"
            peer.send("late")
            assert taken(told) == "late"
        eventually(lambda: not server.clients)


def test_functions_run_in_order_and_a_slow_one_is_waited_for(told):
    with WebSocketServer(0, **OFF) as server:

        @server.connection
        async def first(client):
            client.send("first")

        @server.connection
        async def second(client):
            await client.send("second")

            @client.message
            async def slowly(data):
                await asyncio.sleep(0.01)
                told.put(("slow", data))

            @client.message
            async def quickly(data):
                told.put(("quick", data))

        with connect_plain(server.url) as peer:
            assert [peer.recv(PATIENCE), peer.recv(PATIENCE)] == ["first", "second"]
            peer.send("1")
            peer.send("2")
            assert [taken(told) for _ in range(4)] == [("slow", "1"), ("quick", "1"), ("slow", "2"), ("quick", "2")]


def test_what_is_raised_is_logged_and_nothing_ends(caplog, told):
    with WebSocketServer(0, **OFF) as server:

        @server.connection
        def fail(client):
            client.message(fail_later)
            client.disconnection(lambda: told.put("gone"))
            raise ValueError("at once")

        async def fail_later(data):
            if data == "lost":
                raise ConnectionLost("to somebody else")
            raise ValueError(data)

        with connect_plain(server.url) as peer:
            peer.send("later")
            eventually(lambda: "at once" in caplog.text)
            peer.ping().wait(PATIENCE)
        assert taken(told) == "gone"
    assert "no function" not in caplog.text


def test_a_message_for_nobody_is_logged(caplog):
    with WebSocketServer(0, **OFF) as server, connect_plain(server.url) as peer:
        peer.send("x")
        eventually(lambda: "no function is registered" in caplog.text)


def test_a_malformed_packet_is_logged(caplog, engine):
    with connect_plain(f"{engine.url.replace('http', 'ws')}/engine.io/?EIO=4&transport=websocket") as peer:
        peer.send("nonsense")
        assert all(frame.startswith("0") for frame in peer)  # until it is closed
    eventually(lambda: "malformed" in caplog.text)


def test_a_sender_goes_no_faster_than_is_read(told):
    with WebSocketServer(0, **OFF) as server:

        @server.connection
        async def flood(client):
            for number in range(400):
                await client.send(b"x" * 100_000)
                told.put(number)

        with connect_plain(server.url, max_queue=1) as peer:
            (client,) = eventually(lambda: server.call(lambda: list(server._hub.clients.values())))
            eventually(lambda: client._writers, "the sender that waits")
            assert told.qsize() < 400
            for _ in range(400):
                assert len(peer.recv(PATIENCE)) == 100_000


def test_a_sender_hears_that_the_client_has_left(told):
    with WebSocketServer(0, **OFF) as server:

        @server.connection
        async def flood(client):
            try:
                while True:
                    await client.send(b"x" * 100_000)
            except ConnectionLost as error:
                told.put(error)
                client.send("nothing more")

        with connect_plain(server.url, max_queue=1) as peer:
            eventually(lambda: server.clients)
            peer.socket.shutdown(socket.SHUT_RDWR)
        assert str(taken(told)) == "the client has left"


def test_to_all(engine, plain, connect, told):
    client, heard = connect(engine, revision=4)
    other, also = connect(engine, revision=3)
    taken(told)
    taken(told)
    engine.call(engine.broadcast, b"\1")
    assert taken(heard) == taken(also) == b"\1"
    with pytest.raises(LocalProtocolError):
        engine.call(engine.broadcast, "\x1e")
    engine.call(engine.broadcast, "after")
    assert taken(heard) == taken(also) == "after"
    other.disconnect()
    client.disconnect()


def test_what_cannot_be_sent_or_registered(plain, told):
    with connect_plain(plain.url):
        _, client = taken(told)
        with pytest.raises(TypeError, match="must be text or bytes, not dict"):
            plain.call(client.send, {})
        with pytest.raises(TypeError, match="must be a function, not int"):
            client.message(5)
        with pytest.raises(TypeError, match="must be a function, not NoneType"):
            plain.connection(None)


REFUSED = {
    "backplane": ("redis://localhost", "broadcast() reaches the clients of this process"),
    "backplane_channel": ("mine", "broadcast() reaches the clients of this process"),
    "convert_bytes": (bytes.hex, "get bytes as they are"),
    "handshake_timeout": (5, "heartbeat_timeout"),
    "health": (True, "routes="),
    "max_recoverable": (1, "in the function for its connection"),
    "metrics": (True, "routes="),
    "polling_duration": (5, "heartbeat_interval"),
    "recovery_time": (5, "in the function for its connection"),
}
REFUSED_OF_PLAIN = {
    "close_timeout": (5, "ends with its websocket"),
    "polling_duration": (5, "it has no polls"),
    "revisions": ((3,), "plain WebSockets have none"),
    "transports": (("websocket",), "websockets only"),
}


@pytest.mark.parametrize(
    ("server", "refused"), [(EngineServer, REFUSED), (WebSocketServer, {**REFUSED, **REFUSED_OF_PLAIN})]
)
def test_settings_without_effect_are_refused(server, refused):
    for name, (value, advice) in refused.items():
        with pytest.raises(TypeError) as caught:
            server(0, **{name: value})
        assert str(caught.value).startswith(f"{name} is no setting of {server.__name__}: "), name
        assert advice in str(caught.value), name


def test_a_new_setting_has_an_effect_or_is_refused():
    limits = {"max_clients", "max_handshakes", "max_message_size", "max_queued", "max_sessions"}
    times = {"heartbeat_interval", "heartbeat_timeout", "close_timeout", "drain_time"}
    others = {"authorization", "node", "origins", "revisions", "transports", "trusted_proxies"}
    assert {field.name for field in fields(Settings)} == limits | times | others | set(REFUSED)


def test_values_that_engine_io_does_not_have():
    with pytest.raises(ValueError, match="out of 3 and 4"):
        EngineServer(0, revisions=(5,))
    with pytest.raises(ValueError, match="out of websocket, xhr-polling, jsonp-polling, not 'htmlfile'"):
        EngineServer(0, transports=("websocket", "htmlfile"))
    with pytest.raises(TypeError, match="nonsense"):
        EngineServer(0, nonsense=1)


@pytest.mark.parametrize("kind", [EngineServer, WebSocketServer])
def test_session_ids_begin_with_the_node(kind, told):
    with kind(0, **OFF, node="n1") as server:
        prepare(server, told)
        path = "" if kind is WebSocketServer else "/engine.io/?EIO=4&transport=websocket"
        with connect_plain(f"{server.url.replace('http', 'ws')}{path}"):
            assert taken(told)[1].session_id.startswith("n1.")


def test_a_server_in_an_event_loop():
    async def main():
        async with WebSocketServer(0, **OFF) as server:

            @server.connection
            def greet(client):
                client.send("hello")

            async with connect_async(server.url) as peer:
                return await peer.recv()

    assert asyncio.run(main()) == "hello"


def test_a_server_of_socket_io_in_an_event_loop():
    async def main():
        server = SocketServer(SocketConnection, 0)
        await server.__aexit__()
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /socket.io/ HTTP/1.0\r\n\r\n")
            await writer.drain()
            said = await reader.read()
            writer.close()
            return said

    assert b"Welcome" in asyncio.run(main())


def test_a_stop_closes_what_sends(told):
    with WebSocketServer(0, **OFF, drain_time=0.05) as server:

        @server.connection
        async def wait(client):
            told.put(client)
            await asyncio.sleep(FAR)

        peer = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        peer.sendall(UPGRADE)
        taken(told)
    with peer:
        received = b"".join(iter(lambda: peer.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 101 ")
