"""What the tests of the server share: a server in a thread, and raw requests to it."""

from __future__ import annotations

import http.client
import re

import pytest

from sioclient.server.testing import socket_server as own_socket_server
from tests.waiting import FAR

from .redisserver import RedisServer

__all__ = ["own_socket_server"]


class Raw:
    """Speaks plain HTTP to a server, a connection for each request."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None, **headers):
        """Return the status, the headers and the body of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, f"/socket.io{path}", body, names)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)[2]

    def post(self, path, body, **headers):
        return self.ask("POST", path, body.encode(), **headers)[2]

    def handshake(self, query=""):
        """Return a new session's id."""
        body = self.get(f"/1/{query}")
        assert re.fullmatch(r"[\w-]{24}:[\d.]+:[\d.]+:[\w,-]+", body), body
        return body.split(":")[0]


@pytest.fixture
def redis_server():
    """A Redis of the test's own."""
    server = RedisServer()
    yield server
    server.kill()


@pytest.fixture
def raw():
    return lambda server: Raw(server.port)


@pytest.fixture
def socket_server(own_socket_server):
    """What starts servers of revision 1, from which no heartbeat comes during a test, unless it says otherwise."""
    usual = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR, "revisions": (1,)}
    return lambda main, **settings: own_socket_server(main, **{**usual, **settings})
