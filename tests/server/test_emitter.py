"""The emitter: events from a program that has no server."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sioclient import SocketIO
from sioclient.errors import ConnectError, LocalProtocolError
from sioclient.server import Emitter, SocketConnection, SocketServer
from tests.waiting import FAR, ended, eventually


class Room(SocketConnection):
    def on_open(self, request):
        self.join("kitchen")

    def get_endpoint(self, path):
        return Room


@pytest.mark.parametrize("revision", [1, 4, 5])
def test_clients_hear_what_is_emitted(redis_server, revision):
    heard, url = [], redis_server.url
    far = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR}
    with ExitStack() as stack:
        server = stack.enter_context(SocketServer(Room, port=0, backplane=url, **far))
        emitter = stack.enter_context(Emitter(url))
        s = stack.enter_context(SocketIO(server.url, revision=revision))
        chat = s.connect("/chat")
        chat.on("message", lambda message: heard.append(("chat", message)))
        s.on("news", lambda *args: heard.append(args))
        assert emitter.to("kitchen").emit("news", "ü", {"a": [1]}) == 1
        assert emitter.to("cellar").emit("news", "nobody hears it") == 1
        assert emitter.emit("news", "all") == 1
        assert emitter.to("kitchen", "/chat").send("hello") == 1
        assert emitter.of("/chat").send({"a": 1}) == 1
        eventually(lambda: len(heard) == 4)
        assert heard == [("ü", {"a": [1]}), ("all",), ("chat", "hello"), ("chat", {"a": 1})]
        emitter.of("").emit("news", "may be forgotten", volatile=True)
        emitter.kick(next(iter(server.clients)))
        assert ended(s) == "server"


def test_without_servers_nobody_is_reached(redis_server):
    with Emitter(redis_server.url) as emitter:
        assert emitter.emit("news") == 0
        with pytest.raises((TypeError, LocalProtocolError)):
            emitter.emit("news", {1, 2})


def test_a_redis_that_is_away_is_an_error_until_it_is_back(redis_server):
    with Emitter(redis_server.url, channel="mine") as emitter:
        assert emitter.emit("news") == 0
        redis_server.kill()
        with pytest.raises(ConnectError, match="Redis did not take the event"):
            emitter.emit("news")
        redis_server.start()
        assert emitter.emit("news") == 0


def test_a_restart_between_two_events_is_not_noticed(redis_server):
    with Emitter(redis_server.url) as emitter:
        assert emitter.emit("news") == 0
        redis_server.kill()
        redis_server.start()
        assert emitter.emit("news") == 0


@pytest.mark.parametrize(("url", "error"), [(None, TypeError), ("localhost:6379", ValueError)])
def test_url_must_be_one_of_redis(url, error):
    with pytest.raises(error, match="url must be a URL"):
        Emitter(url)
