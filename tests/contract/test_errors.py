"""Errors against real servers: what they are about, and what the server said last."""

from __future__ import annotations

import multiprocessing
import pickle
import traceback
from concurrent.futures import ProcessPoolExecutor

import pytest

from sioclient import (
    AckTimeout,
    ChannelError,
    ConnectError,
    EngineIO,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
    SocketIO,
    SocketIOError,
)
from tests.conftest import start
from tests.servers import SERVERS
from tests.servers_py import closed_port
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")

MODERN = [name for name, server in SERVERS.items() if server.revision == 5]


@pytest.fixture(scope="module")
def modern():
    with start("modern.js") as server:
        yield server.port


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


@pytest.fixture(scope="module", params=["modern.js", "python-socketio"])
def small(request):
    """The port of a server that takes 10,000 bytes at once."""
    if request.param == "modern.js":
        server = start("modern.js", socketio={"maxHttpBufferSize": 10_000})
    else:
        server = start(SERVERS["python-socketio"], socketio={"max_http_buffer_size": 10_000})
    with server:
        yield server.port


def test_packet_beyond_the_limit_is_refused_before_it_is_sent(connect, small, transport):
    closed = []
    s = connect(small)
    s.on("close", closed.append)
    refused = "'echo' was not sent to .*: this packet has [0-9]+ bytes, and the server takes 10000 at once"
    for send in (s.emit, s.call):
        with pytest.raises(LocalProtocolError, match=refused):
            send("echo", "x" * 20_000)
    with pytest.raises(ValueError, match=refused):
        s.emit("echo", b"x" * 20_000, callback=closed.append, errback=closed.append)
    assert s.call("echo", "x", timeout=PATIENCE) == "x"
    assert closed == []


def test_packet_as_large_as_the_limit_arrives(connect, small, transport):
    s = connect(small)
    room = 10_000 - len('420["echo",""]')  # the id of the acknowledgement is the first
    assert len(s.call("echo", "x" * room, timeout=PATIENCE)) == room
    with pytest.raises(LocalProtocolError, match="has 10001 bytes"):
        s.call("echo", "x" * (room + 1), timeout=PATIENCE)
    size = 7_497 if transport == "xhr-polling" else 10_000  # in base64, with a letter before it: 9,997 bytes
    assert s.call("echo", b"x" * size, timeout=PATIENCE) == b"x" * size
    with pytest.raises(LocalProtocolError, match="has 1000"):
        s.call("echo", b"x" * (size + 3), timeout=PATIENCE)


def test_packets_within_the_limit_arrive_in_as_many_bodies_as_they_need(connect, small, transport):
    s, echoed = connect(small), []
    s.on("echoed", lambda number, text: echoed.append(number))
    for number in range(20):
        s.emit("echo", number, "x" * 2_000)
    eventually(lambda: echoed == list(range(20)), "twenty echoes")


def test_message_beyond_the_limit_of_an_engine_is_refused(transport):
    heard = []
    with start("engine.js", version="6", engineio={"maxHttpBufferSize": 10_000}) as server, EngineIO() as e:
        e.on("message", heard.append)
        e.connect("127.0.0.1", server.port)
        for message in ("x" * 20_000, b"x" * 20_000, "x" * 10_000):
            with pytest.raises(LocalProtocolError, match="the server takes 10000 at once"):
                e.send(message)
        e.send("x" * 9_999)
        eventually(lambda: heard == ["hello", "x" * 9_999], "the echo")


def test_acknowledgement_that_never_comes_is_named(connect, modern):
    s, told = connect(modern), []
    with pytest.raises(AckTimeout, match=f"'do nothing' came from http://127.0.0.1:{modern}/socket.io/ within 0.2 s"):
        s.call("do nothing", timeout=0.2)
    s.emit("do nothing", errback=told.append, timeout=0.1)
    eventually(lambda: told)
    assert (
        str(told[0])
        == f"no acknowledgement of 'do nothing' came from http://127.0.0.1:{modern}/socket.io/ within 0.1 s"
    )


def test_what_was_not_sent_is_named(connect, modern):
    s = connect(modern)
    where = f"'news' was not sent to http://127.0.0.1:{modern}/socket.io/: "
    with pytest.raises(LocalProtocolError, match=f"{where}this value is not JSON"):
        s.emit("news", float("nan"))
    s.disconnect()
    with pytest.raises(NotConnected, match=f"{where}the connection has ended"):
        s.emit("news")


def test_refused_channel_is_named_with_the_address(connect, modern):
    with pytest.raises(ChannelError, match=f"http://127.0.0.1:{modern}/socket.io/: the server refused '/nowhere'"):
        connect(modern).connect("/nowhere")


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("revision", [None, 5])
def test_origin_that_python_socketio_refuses_is_explained(revision, transport):
    python = next(name for name in MODERN if "python" in name)
    options = {"transports": (transport,), "revision": revision, "headers": {"Origin": "http://evil.example"}}
    with start(SERVERS[python]) as server, pytest.raises(HandshakeRejected, match=r"headers=\{'Origin'") as caught:
        SocketIO("127.0.0.1", server.port, **options)
    assert f"127.0.0.1:{server.port}" in str(caught.value)


@pytest.mark.parametrize("revision", [None, 1, 4, 5])
def test_refused_port_has_one_chained_traceback(revision, transport):
    with closed_port() as port:
        with pytest.raises(ConnectError) as caught:
            SocketIO("127.0.0.1", port, revision=revision, transports=(transport,))
        text = "".join(traceback.format_exception(caught.value))
    assert text.count("Traceback (most recent call last)") == 2
    assert f"http://127.0.0.1:{port} refused the connection" in str(caught.value)


@pytest.mark.parametrize("name", ["headers", "params", "cookies", "auth"])
def test_function_of_an_option_that_raises_is_named(name, modern, transport):
    with pytest.raises(ConnectError, match=rf"{name}= raised KeyError: 'token'") as caught:
        SocketIO("127.0.0.1", modern, transports=(transport,), **{name: lambda: {}["token"]})
    assert isinstance(caught.value.__cause__, KeyError)


def refused(port: int) -> None:
    SocketIO("127.0.0.1", port)


def test_refused_connection_reaches_who_has_a_pool():
    with closed_port() as port, ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        with pytest.raises(ConnectError, match=f"127.0.0.1:{port} refused the connection"):
            pool.submit(refused, port).result(PATIENCE)
        with pytest.raises(ConnectError, match="refused"):  # the pool is as good as before
            pool.submit(refused, port).result(PATIENCE)


def test_errors_of_a_real_server_pickle(connect, modern):
    s, errors = connect(modern), list[SocketIOError]()
    for attempt in (
        lambda: s.connect("/nowhere"),
        lambda: s.call("do nothing", timeout=0.1),
        lambda: s.emit("news", float("nan")),
        lambda: SocketIO("127.0.0.1", modern, resource="elsewhere"),
    ):
        with pytest.raises(SocketIOError) as caught:
            attempt()
        errors.append(caught.value)
    for error in errors:
        twin = pickle.loads(pickle.dumps(error))
        assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("server", ["modern.js", "python-socketio"])
def test_a_transport_that_the_server_lacks_is_named_with_the_others(server):
    what = server if server == "modern.js" else SERVERS[server]
    with (
        start(what, socketio={"transports": ["websocket"]}) as running,
        pytest.raises(HandshakeRejected, match="it offers no xhr-polling, only websocket"),
    ):
        SocketIO("127.0.0.1", running.port, transports="polling")
