"""Several processes as one server, by way of a real Redis."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager

import pytest
import redis

from sioclient import SocketIO
from sioclient.server import Router, SocketConnection, SocketServer, backplane, event
from tests.servers.node import HERE, MODULES, find_node
from tests.servers.process import ServerProcess
from tests.waiting import FAR, PATIENCE, ended, eventually, happened

APART = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR, "polling_duration": FAR}


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Let no reply be late only because the machine is busy."""
    monkeypatch.setattr(backplane, "REPLY_TIME", PATIENCE)


class Room(SocketConnection):
    def on_open(self, request):
        self.join("kitchen")

    @event
    def say(self, *args):
        self.to("kitchen").emit("said", *args)

    @event
    def tell(self, message):
        self.others.send(message)

    @event
    async def count(self):
        return await self.to("kitchen", include_self=True).count(), len(await self.others.session_ids())


@contextmanager
def servers(url, number=2, **settings):
    """Start servers that belong together."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(SocketServer(Room, port=0, backplane=url, **{**APART, **settings}))
            for _ in range(number)
        ]


class Listener:
    """A client, and what it hears."""

    def __init__(self, stack, url, **options):
        self.heard = []
        self.client = stack.enter_context(SocketIO(url, auto_connect=False, reconnect=False, **options))
        for name in ("said", "message"):
            self.client.on(name, lambda *args: self.heard.append(args if len(args) > 1 else args[0]))
        self.client.open()


@contextmanager
def clients(*urls):
    """Connect a client of each generation in turn."""
    with ExitStack() as stack:
        yield [Listener(stack, url, revision=revision) for url, revision in zip(urls, (5, 1, 4, 5), strict=False)]


def test_a_room_spans_servers_and_generations(redis_server):
    with servers(redis_server.url, 3) as (a, b, c), clients(a.url, b.url, c.url, b.url) as listeners:
        first = listeners[0].client
        assert first.call("count") == (4, 3)
        first.emit("say", "ü", {"a": 1})
        first.emit("say", b"\x00")  # those of revision 1 have no bytes
        first.emit("tell", "text")
        first.emit("tell", [1, b"2"])
        first.emit("say", "last")
        for listener in listeners[1:]:
            eventually(lambda heard=listener.heard: heard[-1:] == ["last"])
        assert listeners[1].heard == [("ü", {"a": 1}), "text", "last"]
        assert listeners[2].heard == listeners[3].heard == [("ü", {"a": 1}), b"\x00", "text", [1, b"2"], "last"]
        assert listeners[0].heard == []


def test_events_of_one_sender_keep_their_order_and_come_once(redis_server):
    with servers(redis_server.url) as (a, b), clients(a.url, b.url) as (sender, listener):
        for number in range(500):
            sender.client.emit("say", number)
        eventually(lambda: len(listener.heard) >= 500)
        a.call(a.router.broadcast, "", "said", "end")
        eventually(lambda: listener.heard[-1:] == ["end"] == sender.heard[-1:])
        assert (listener.heard, sender.heard) == ([*range(500), "end"], ["end"])


def test_who_comes_to_a_process_that_lags_hears_nothing_again(redis_server):
    with (
        servers(redis_server.url) as (a, b),
        clients(a.url, b.url, a.url) as (sender, _, listener),
        ExitStack() as stack,
    ):
        held, released = threading.Event(), threading.Event()
        b._loop.call_soon_threadsafe(lambda: (held.set(), released.wait(PATIENCE)))
        happened(held)
        for number in range(300):
            sender.client.emit("say", number)
        eventually(lambda: len(listener.heard) == 300)
        eventually(lambda: a.router._hub.backplane._link._queued == 0, "Redis to have all of them")
        threading.Timer(0.1, released.set).start()
        again = Listener(stack, b.url, revision=1)
        a.call(a.router.broadcast, "", "said", "end")
        eventually(lambda: again.heard[-1:] == ["end"])
        assert again.heard == ["end"]


def test_router_counts_finds_and_kicks_elsewhere(redis_server):
    with servers(redis_server.url) as (a, b), clients(a.url, b.url) as (here, there):
        assert a.call(a.router.everybody().count) == a.call(a.router.to("kitchen").count) == 2
        assert a.call(a.router.to("cellar").count) == 0
        found = a.call(a.router.everybody().session_ids)
        assert sorted(found) == sorted([*a.clients, *b.clients])
        a.call(a.router.kick, "nobody")
        a.call(a.router.kick, found[1])
        assert ended(there.client) == "server"
        a.call(a.router.kick, found[0])
        assert ended(here.client) == "server"
        eventually(lambda: a.call(a.router.everybody().count) == 0)


def test_a_server_without_a_backplane_is_alone():
    with SocketServer(Room, port=0, **APART) as server, clients(server.url, server.url) as (one, other):
        one.client.emit("say", 1)
        eventually(lambda: other.heard == [1])
        assert one.client.call("count") == (2, 1)
        server.call(server.router.kick, "nobody")


def test_other_channels_of_the_same_redis_are_other_servers(redis_server):
    url = redis_server.url
    with servers(url) as (a, _), servers(url, 1, backplane_channel="other") as (b,), clients(a.url, b.url) as (one, _):
        assert one.client.call("count") == (1, 0)


def test_servers_go_on_without_redis_and_heal(redis_server, caplog):
    caplog.set_level(logging.INFO, "sioclient.server")
    with servers(redis_server.url) as (a, b), clients(a.url, b.url, a.url) as (one, there, here):
        redis_server.kill()
        eventually(lambda: caplog.text.count("is away") == 2)
        for number in range(100):
            one.client.emit("say", number)
        eventually(lambda: len(here.heard) == 100)
        assert one.client.call("count") == (2, 1)
        with clients(b.url):  # who comes meanwhile is served, too
            eventually(lambda: len(b.clients) == 2)
        assert caplog.text.count("is away") == 2
        redis_server.start()
        eventually(lambda: one.client.call("count") == (3, 2), "both to be back", expect=5)
        one.client.emit("say", "back")
        eventually(lambda: there.heard == ["back"] == here.heard[100:])
        eventually(lambda: caplog.text.count("is back") == 2)


def test_what_strangers_publish_harms_nobody(redis_server, caplog):
    url = redis_server.url
    with redis.Redis.from_url(url) as stranger, servers(url, 1) as (server,), clients(server.url) as (listener,):
        for text in ["nonsense", "[" * 10_000, '{"v":99}', "\xff", *["x"] * 100]:
            assert stranger.publish("sioclient", text) == 1
        body = {"endpoint": "", "room": "kitchen", "volatile": False, "args": [1], "kind": "event", "name": "said"}
        for what in ({"kind": "tell", "id": "unasked", "count": 1, "sessions": []}, body):
            stranger.publish("sioclient", json.dumps({"v": 1, "from": "stranger", "what": what}))
        eventually(lambda: listener.heard == [1])
    assert 1 <= caplog.text.count("dropped a malformed message from Redis") <= 20


def test_an_error_in_delivering_is_logged(redis_server, caplog):
    def fail(*args, **kwargs):
        raise RuntimeError("broken")

    with servers(redis_server.url) as (a, b), clients(a.url, b.url) as (one, other):
        b.router.watch(None)
        kitchen = next(iter(b.clients.values()))
        kitchen._client.send_frames = fail
        one.client.emit("say", 1)
        eventually(lambda: "could not be delivered" in caplog.text)
        del kitchen._client.send_frames
        one.client.emit("say", 2)
        eventually(lambda: other.heard == [2])


def test_who_does_not_reply_is_left_out(redis_server, monkeypatch):
    monkeypatch.setattr(backplane, "REPLY_TIME", 0.05)
    with redis.Redis.from_url(redis_server.url) as stranger, stranger.pubsub() as silent:
        silent.subscribe("sioclient")
        eventually(lambda: silent.get_message(timeout=0.1))
        with servers(redis_server.url) as (a, b), clients(a.url, b.url) as (one, _):
            eventually(lambda: one.client.call("count") == (2, 1))


def test_nobody_gets_what_cannot_cross(redis_server):
    with servers(redis_server.url, 1) as (server,), clients(server.url) as (listener,):
        server.call(lambda: next(iter(server.router.clients.values())).join(5))
        with pytest.raises(TypeError, match="the name of a room must be a text, not int"):
            server.call(lambda: server.router.to(5).emit("said", "refused"))
        server.call(lambda: server.router.to("kitchen").emit("said", "sent"))
        eventually(lambda: listener.heard)
        assert listener.heard == ["sent"]


def test_asks_are_limited(redis_server, monkeypatch):
    monkeypatch.setattr(backplane, "MOST_ASKS", 0)
    with servers(redis_server.url, 1) as (server,), pytest.raises(RuntimeError, match="may wait at once"):
        server.call(server.router.everybody().count)


def test_what_a_server_emits_as_it_stops_is_published(redis_server):
    class Leaving(Room):
        def on_close(self, reason):
            self.others.emit("said", "gone")

    with servers(redis_server.url, 1) as (b,), ExitStack() as stack:
        listener = Listener(stack, b.url)
        with SocketServer(Leaving, port=0, backplane=redis_server.url, **{**APART, "drain_time": 20}) as a:
            Listener(stack, a.url)
        eventually(lambda: listener.heard == ["gone"])


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"backplane": 5}, TypeError, "backplane must be a URL of Redis, not int"),
        (
            {"backplane": "http://me:secret@host"},
            ValueError,
            "backplane must be a URL that begins with one of redis://",
        ),
        ({"backplane": "redis://localhost", "backplane_channel": 5}, TypeError, "backplane_channel must be a text"),
    ],
)
def test_settings_are_checked(settings, error, text):
    with pytest.raises(error, match=text) as caught:
        SocketServer(Room, port=0, **settings)
    assert "secret" not in str(caught.value)


def test_password_is_not_shown():
    with SocketServer(Room, port=0, backplane="redis://:secret@localhost") as server:
        assert "secret" not in repr(server.router.settings)


WITHOUT = """
import sys
sys.modules["redis"] = None
from sioclient.server import Emitter, SocketConnection, Router
for make in (lambda url: Emitter(url), lambda url: Router(SocketConnection, backplane=url)):
    try:
        make("redis://localhost")
    except ModuleNotFoundError as error:
        print(error)
"""


def test_without_redis_the_error_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install 'sioclient[redis]'") == 2


PROGRAM = """
import json, sys
from sioclient.server import SocketServer
from tests.server.test_backplane import APART, Room

settings = json.loads(sys.argv[1])
server = SocketServer(Room, **{**APART, **settings})
print("listening", server.port, "a process", flush=True)
server.run()
"""


def test_processes_are_one_server_and_one_may_be_killed(redis_server, monkeypatch):
    monkeypatch.setattr(backplane, "REPLY_TIME", 1)  # the one that was killed may be asked once more
    with ExitStack() as stack:
        (here,) = stack.enter_context(servers(redis_server.url, 1))
        command, settings = [sys.executable, "-c", PROGRAM], {"backplane": redis_server.url}
        a, b = (stack.enter_context(ServerProcess(command, settings)) for _ in range(2))
        urls = [f"http://127.0.0.1:{process.port}" for process in (a, b)]
        one, old, late = stack.enter_context(clients(here.url, *urls))
        eventually(lambda: one.client.call("count") == (3, 2))
        old.client.emit("say", 1)
        eventually(lambda: one.heard == late.heard == [1])
        b.stop()
        eventually(lambda: one.client.call("count") == (2, 1))
        old.client.emit("say", 2)
        eventually(lambda: one.heard == [1, 2])


class Hall(Room):
    router: Router

    @event
    def mine(self):
        return self.session_id

    @event
    def kick(self, session_id):
        self.router.kick(session_id)


def bytes_of(*numbers):
    """Return what the JSON of Node has for bytes."""
    return {"type": "Buffer", "data": list(numbers)}


def hex_of(value):
    return f"hex {value.hex()}"


def from_javascript(first, second):
    """Run the clients of npm on two nodes, and return what each of them says, by its name."""
    node = find_node()
    if node is None or not (MODULES / "socket.io-client-0.9").exists():
        pytest.skip("the clients are not installed: run python -m tests.servers")
    settings = {"here": f"http://127.0.0.1:{first.port}", "there": f"http://127.0.0.1:{second.port}"}
    command = [str(node.program), str(HERE / "crossing_clients.js"), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {name: said for name, *said in map(json.loads, done.stdout.split("\n")[:-1])}


@pytest.mark.parametrize("convert_bytes", [None, hex_of])
def test_clients_of_javascript_meet_across_nodes(redis_server, convert_bytes):
    with ExitStack() as stack:
        nodes = []
        for name in ("n1", "n2"):
            hall = type("Hall", (Hall,), {})
            settings = {**APART, "node": name, "backplane": redis_server.url, "convert_bytes": convert_bytes}
            nodes.append(stack.enter_context(SocketServer(hall, port=0, **settings)))
            hall.router = nodes[-1].router
        said = from_javascript(*nodes)
    text = ["said", "ünï \U0001f600", {"a": [1, None]}]
    after = ["said", "after the bytes"]
    whole = [text, ["said", "bytes", bytes_of(0, 1, 255), {"deep": [bytes_of(195, 188)]}], after]
    converted = ["said", "bytes", "hex 0001ff", {"deep": ["hex c3bc"]}]  # clients of 0.9 have no bytes
    without = [text, *([] if convert_bytes is None else [converted]), after]
    told = [["message", "a text"], ["message", {"a": ["ü", 1.5]}], ["message", "after the text"]]
    assert said == {
        "old here": ["n1", [*without, *told], None],
        "new here": ["n1", [*told, ["said", "the end"]], None],
        "old there": ["n2", without, "booted"],
        "new there": ["n2", [*whole, *told], "io server disconnect"],
    }
