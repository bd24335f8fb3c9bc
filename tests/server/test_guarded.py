"""What every request is guarded against, and what the guards of an application for its pages must not touch."""

from __future__ import annotations

import json

import pytest
import websocket

from sioclient.server import SocketConnection, event, guarded
from tests.waiting import PATIENCE, eventually


class Main(SocketConnection):
    @event
    def echo(self, *args):
        return args


@pytest.fixture
def server(socket_server):
    return socket_server(Main)


def open_websocket(server, raw):
    name = raw(server).handshake()
    address = f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{name}"
    connection = websocket.create_connection(address, timeout=PATIENCE, origin="http://example.org")
    assert connection.recv() == "1::"
    return connection


@pytest.mark.parametrize("path", ["/1/", "/1/xhr-polling/nobody", "/nothing"])
def test_the_headers_of_every_response(server, raw, path):
    _, headers, _ = raw(server).ask("GET", path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Server", "Etag"} & set(headers)


def test_a_page_of_another_origin_may_post_in_any_application(server, raw):
    server.call(server._application.settings.update, {"xsrf_cookies": True, "cross_origin_protection": True})
    name = raw(server).handshake()
    path, page = f"/1/xhr-polling/{name}", {"Origin": "http://example.org", "Sec-Fetch-Site": "cross-site"}
    assert raw(server).get(path) == "1::"
    packet = json.dumps({"name": "echo", "args": [1]})
    assert raw(server).ask("POST", path, f"5:1+::{packet}".encode(), **page)[0] == 200
    assert raw(server).get(path) == "6:::1+[1]"


def test_s15_a_websocket_with_too_many_unread_pongs_is_ended(server, raw, monkeypatch, caplog):
    class Pongs:
        """Counts every pong as unread, on whatever Tornado."""

        def __init__(self, stream):
            self.size = 0

        def are_too_many(self, size):
            self.size += size
            return self.size > 10

    monkeypatch.setattr(guarded, "Pongs", Pongs)
    connection = open_websocket(server, raw)
    connection.ping("x" * 10)
    connection.send("5:1+::" + json.dumps({"name": "echo"}))
    assert connection.recv() == "6:::1"
    assert not caplog.records
    connection.ping("x")
    with pytest.raises((OSError, websocket.WebSocketConnectionClosedException)):
        connection.recv()
    connection.shutdown()
    eventually(lambda: server.call(lambda: len(server.router.clients)) == 0, "the end of the session")
    assert "ended a websocket from '127.0.0.1' that reads no pongs" in caplog.text
