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
    ConnectionLost,
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


def test_packet_beyond_the_limit_is_named_with_it(connect, modern, transport):
    s = connect(modern)
    with pytest.raises(ConnectionLost) as caught:
        s.call("sum", "x" * 1_500_000, "y", timeout=PATIENCE)
    said = "the close code 1009 (message too big)" if transport == "websocket" else "status 413"
    for text in ("'sum'", f"http://127.0.0.1:{modern}/", said, "1500017 bytes", "takes 1000000"):
        assert text in str(caught.value)
    eventually(lambda: s.connected)
    assert s.call("sum", "x" * 999_000, "y", timeout=PATIENCE) == "x" * 999_000 + "y"


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
