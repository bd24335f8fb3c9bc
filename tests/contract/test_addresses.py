"""Addresses as people have them: from a browser's network panel, with a namespace, with or without slashes."""

from __future__ import annotations

import pytest

from sioclient import ConnectError, EngineIO, SocketIO, detect
from tests.conftest import start
from tests.servers import SERVERS
from tests.servers_py import Peer, Server

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.mark.parametrize(
    "path",
    [
        "/socket.io/?EIO=4&transport=websocket&sid=gone",
        "/socket.io/?EIO=3&transport=polling&t=PQxyz&b64=1&j=0&sid=gone&token=x",
        "/socket.io/1/?t=1700000000000",
        "/socket.io/1/websocket/1234567890",
        "/socket.io/1/xhr-polling/1234567890?t=1700000000000",
    ],
)
@pytest.mark.parametrize("name", ["0.9.19", "TornadIO2", "2.5.1", "4.8.1", "python-socketio"])
def test_a_url_from_a_network_panel_connects(name, path):
    with start(SERVERS[name]) as server, SocketIO(f"ws://127.0.0.1:{server.port}{path}") as socket:
        assert socket.call("echo", 1) == 1


@pytest.mark.parametrize("name", ["0.9.19", "TornadIO2", "embedded", "2.5.1", "4.8.1", "python-socketio"])
def test_a_namespace_in_the_url_is_named(name):
    with start(SERVERS[name]) as server:
        with pytest.raises(ConnectError, match=r'resource=.*endpoint \(a namespace\), .* call connect\("/chat"\)$'):
            SocketIO(f"http://127.0.0.1:{server.port}/chat")
        with SocketIO(f"http://127.0.0.1:{server.port}") as socket:
            assert socket.connect("/chat").call("echo", 1) == 1


def test_a_namespace_in_the_url_of_a_websocket_is_named():
    with start(SERVERS["4.8.1"]) as server, pytest.raises(ConnectError, match=r'call connect\("/chat"\)'):
        SocketIO(f"http://127.0.0.1:{server.port}/chat", transports="websocket", revision=5)


def refusing(status: int):
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(status, b"no")

    return refuse


def test_other_failures_say_nothing_about_namespaces():
    with Server(refusing(403)) as server, pytest.raises(ConnectError) as caught:
        SocketIO(server.url("/chat"))
    assert "connect(" not in str(caught.value)
    with pytest.raises(ConnectError, match="refused the connection") as caught:
        SocketIO("http://127.0.0.1:1/chat")
    assert "connect(" not in str(caught.value)
    with Server(refusing(404)) as server, pytest.raises(ConnectError) as caught:
        EngineIO().connect(server.url("/chat"))
    assert "connect(" not in str(caught.value)


# Without the trailing slash


@pytest.mark.parametrize("revision", [None, 4, 5])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_later_servers_without_the_slash(transport, revision):
    # 1.x and 2.x always want the slash; 4.x with allowEIO3 speaks revision 4 without it.
    with start("modern.js", socketio={"addTrailingSlash": False, "allowEIO3": True}) as server:
        options = {"transports": transport, "trailing_slash": False}
        with SocketIO("127.0.0.1", server.port, revision=revision, **options) as socket:
            assert socket.call("echo", 1) == 1


@pytest.mark.parametrize("name", ["0.7.11", "0.8.7", "0.9.19"])
def test_servers_of_revision_1_take_a_handshake_without_the_slash(name):
    with start(SERVERS[name]) as server:
        with SocketIO("127.0.0.1", server.port, trailing_slash=False) as socket:
            assert socket.call("echo", 1) == 1
        assert detect("127.0.0.1", server.port, trailing_slash=False).revision == 1


def without_slash(peer: Peer) -> None:
    """Script: redirect a path that ends with a slash, as Next.js does, and open a session at the other."""
    request = peer.read_head()
    path, _, query = request.target.partition("?")
    if path.endswith("/"):
        peer.answer(308, b"", f"Location: {path[:-1]}?{query}")
    else:
        peer.answer(200, b'0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":9}')


def test_a_framework_that_redirects_the_slash_away():
    with Server(without_slash) as server:
        with pytest.raises(ConnectError, match="redirects"):
            detect(server.url(""))
        assert detect(server.url(""), trailing_slash=False).revision == 5
        targets = [request.target.partition("?")[0] for request in server.requests[1:]]
        assert not any(target.endswith("/") for target in targets)
