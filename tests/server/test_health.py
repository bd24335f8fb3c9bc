"""What a process says of its health, and the name that its session ids have."""

from __future__ import annotations

import json
import re

import pytest

from sioclient import SocketIO
from sioclient.server import SocketConnection, SocketServer
from sioclient.server.settings import Settings
from tests.waiting import FAR, eventually

APART = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR}


def health(raw, server):
    status, headers, body = raw(server).ask("GET", "/health")
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/json", "no-store")
    return status, json.loads(body)


def test_health_is_off_by_default(raw):
    with SocketServer(SocketConnection, port=0) as server:
        assert raw(server).ask("GET", "/health")[0] == 500


def test_health_counts_clients_and_says_when_it_stops(raw):
    with SocketServer(SocketConnection, port=0, health=True, node="n1", **APART) as server, SocketIO(server.url):
        state = {"status": "ok", "node": "n1", "clients": 1, "backplane": None}
        assert health(raw, server) == (200, state)
        server.router._hub.is_stopping = True
        assert health(raw, server) == (503, {**state, "status": "stopping"})


def test_health_knows_whether_redis_is_there(raw, redis_server):
    with SocketServer(SocketConnection, port=0, health=True, backplane=redis_server.url) as server:
        eventually(lambda: health(raw, server)[1]["backplane"] == "up")
        redis_server.kill()
        eventually(lambda: health(raw, server)[1]["backplane"] == "away")


@pytest.mark.parametrize("revision", [1, 4, 5])
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_session_ids_begin_with_the_node(revision, transport):
    options = {"revision": revision, "transports": transport}
    with SocketServer(SocketConnection, 0, node="Node7", **APART) as server, SocketIO(server.url, **options) as s:
        assert re.fullmatch(r"Node7\.[\w-]{24}", s.session_id)
        assert list(server.clients) == [s.session_id]


@pytest.mark.parametrize("node", ["", "a.b", "a" * 17, "ü", "a\n", 5])
def test_names_of_nodes_are_checked(node):
    with pytest.raises(ValueError, match="node must be a name of 1 to 16 letters and digits"):
        Settings(node=node)


def test_health_must_be_a_truth_value():
    with pytest.raises(TypeError, match="health must be True or False, not str"):
        Settings(health="yes")
