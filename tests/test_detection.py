"""What a server speaks, by servers whose every byte the test decides; the real ones are in contract."""

from __future__ import annotations

import pytest

from sioclient import ConnectError, HandshakeRejected, ServerInfo, detect
from tests.servers_py import Peer, Script, Server, closed_port, frame, hand_over

OPEN = b'0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def reply(status: int, body: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.answer(status, body, "Content-Type: text/plain")

    return script


def open_websocket(peer: Peer) -> None:
    """Accept an upgrade and send the open packet."""
    peer.accept()
    peer.send(frame(OPEN.decode()))
    hand_over(peer)


def test_a_legacy_server() -> None:
    with Server(reply(200, b"B1SIjBHFbBGrJL8Eo2Wn:60:25:websocket,xhr-polling")) as server:
        info = detect("127.0.0.1", server.port)
        assert len(server.requests) == 1
    assert info == ServerInfo(1, None, ("websocket", "xhr-polling"), None, 60.0, "socket.io 0.9")


def test_a_later_server_under_a_path_with_a_query() -> None:
    with Server(reply(404, b"no"), reply(200, OPEN), reply(200, b"ok")) as server:
        info = detect(f"http://user:pass@127.0.0.1:{server.port}/app?token=x", resource="chat", headers={"X-One": "1"})
        targets = [request.target.partition("&token=x&t=")[0] for request in server.requests]
        assert targets[:2] == ["/app/chat/1/?EIO=4&transport=polling", "/app/chat/?EIO=4&transport=polling"]
        for request in server.requests:
            assert "&token=x&t=" in request.target
            assert request.header("X-One") == "1"
            assert (request.header("Authorization") or "").startswith("Basic ")
    assert info == ServerInfo(5, 4, ("xhr-polling", "websocket"), 25.0, 45.0, "socket.io 4.5 or later")


@pytest.mark.parametrize(
    ("script", "error"), [(reply(403, b"no"), HandshakeRejected), (reply(200, b"<html>"), ConnectError)]
)
def test_a_server_that_says_no(script: Script, error: type[ConnectError]) -> None:
    with Server(script) as server, pytest.raises(error):
        detect("127.0.0.1", server.port)


def test_no_server() -> None:
    with closed_port() as port, pytest.raises(ConnectError, match="refused the connection"):
        detect("127.0.0.1", port)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"connect_timeout": 0}, ValueError),
        ({"colour": "red"}, TypeError),
        ({"transports": ()}, ValueError),
        ({"reconnect": False}, TypeError),
        ({"revision": 1}, TypeError),
        ({"headers": {"X": "a\nb"}}, ValueError),
        ({"resource": ""}, ValueError),
    ],
)
def test_arguments_that_are_wrong(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        detect("localhost", **options)


def test_an_auth_for_socketio_is_not_sent() -> None:
    with Server(reply(200, b"B1SIjBHFbBGrJL8Eo2Wn:60:25:websocket")) as server:
        assert detect("127.0.0.1", server.port, auth={"token": "x"}).revision == 1
        assert server.requests[0].header("Authorization") is None


def test_a_server_that_has_only_websockets() -> None:
    refused = reply(400, b'{"code":0,"message":"Transport unknown"}')
    with Server(refused, refused, refused, open_websocket) as server:
        info = detect("127.0.0.1", server.port)
    assert (info.revision, info.transports) == (5, ("websocket",))


def test_errors_name_the_address_and_what_may_be_an_endpoint() -> None:
    with Server(reply(404, b"no"), reply(404, b"no")) as server, pytest.raises(HandshakeRejected) as caught:
        detect(server.url("/chat"))
    assert str(caught.value).startswith(
        server.url("/chat/socket.io/: the server refused the handshake with status 404")
    )
    assert 'If "/chat" is an endpoint' in str(caught.value)
