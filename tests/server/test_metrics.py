"""What a process tells Prometheus, as Prometheus asks for it."""

from __future__ import annotations

import asyncio
import socket
import sys
from types import SimpleNamespace

import pytest

from sioclient import SocketIO
from sioclient.errors import LocalProtocolError
from sioclient.server import Router, SocketConnection, SocketServer, event
from sioclient.server.settings import Settings
from tests.waiting import FAR, eventually

prometheus_client = pytest.importorskip("prometheus_client")
parser = pytest.importorskip("prometheus_client.parser")

APART = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR, "polling_duration": FAR}
EVENT = {"event": "sum"}


class Desk(SocketConnection):
    def on_open(self, request):
        self.join("kitchen")

    @event
    def sum(self, a, b):
        return a + b

    @event
    async def later(self):
        await asyncio.sleep(0)

    @event
    def shout(self, text):
        self.to("kitchen", include_self=True).emit("news", text)

    @event
    def ask(self):
        self.emit("read", callback=lambda *values: None)
        self.emit("perhaps", volatile=True)

    @event
    def fail(self):
        self.emit("bytes", b"which revision 1 does not have")


def scrape(raw, server, **headers):
    """Return the samples of a page as Prometheus reads them: a function of a name and labels."""
    status, told, body = raw(server).ask("GET", "/metrics", **headers)
    assert (status, told["Cache-Control"]) == (200, "no-store")
    return samples(parser.text_string_to_metric_families(body))


def samples(families):
    found = {
        (sample.name.removeprefix("sioclient_server_"), frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    return lambda name, **labels: found.get((name, frozenset(labels.items())), 0)


@pytest.fixture
def server():
    with SocketServer(Desk, port=0, metrics=True, **APART) as server:
        yield server


def test_metrics_are_off_by_default(raw):
    with SocketServer(Desk, port=0, **APART) as server:
        assert raw(server).ask("GET", "/metrics")[0] != 200


@pytest.mark.parametrize(
    ("revision", "transport", "name"),
    [
        (1, "websocket", "websocket"),
        (1, "htmlfile", "htmlfile"),
        (1, "jsonp-polling", "polling"),
        (4, "xhr-polling", "polling"),
        (5, "websocket", "websocket"),
    ],
)
def test_connections_are_counted_by_dialect(raw, server, revision, transport, name):
    labels = {"revision": str(revision), "transport": name}
    with SocketIO(server.url, revision=revision, transports=transport) as s:
        assert s.call("sum", 1, 2) == 3
        assert scrape(raw, server)("connections", **labels) == 1
        assert scrape(raw, server)("handler_seconds_count", **EVENT) == 1
    eventually(lambda: scrape(raw, server)("connections", **labels) == 0)


@pytest.mark.parametrize("recovery_time", [None, 60])
@pytest.mark.parametrize("revision", [1, 5])
def test_events_are_counted_in_both_directions(raw, revision, recovery_time):
    with SocketServer(Desk, port=0, metrics=True, recovery_time=recovery_time, **APART) as server:
        options = {"revision": revision, "transports": "websocket"}
        with SocketIO(server.url, **options) as ada, SocketIO(server.url, **options) as grace:
            ada.call("shout", "hello")
            assert scrape(raw, server)("events_sent_total") == 2
            grace.call("ask")
            ada.send("a message")
            ada.emit("whatever", "nobody", "is marked for it")
            ada.call("later")
            now = scrape(raw, server)
            assert (now("events_received_total"), now("events_sent_total")) == (5, 4)
            for name in ("shout", "ask", "message", "other", "later"):
                assert now("handler_seconds_count", event=name) == 1, name
            assert now("handler_seconds_count", event="whatever") == 0


def test_what_goes_to_nobody_is_not_counted(raw, server):
    with SocketIO(server.url, revision=1) as s:
        s.call("sum", 1, 2)
        connection = next(iter(server.clients.values()))
        with pytest.raises((TypeError, LocalProtocolError)):
            server.call(connection.emit, "bytes", b"which revision 1 does not have")
        server.call(connection.close)
        server.call(connection.emit, "news", "too late")
        server.call(connection.emit, "news", "too late", 1)
        assert scrape(raw, server)("events_sent_total") == 0


def test_what_waits_is_counted(raw, server):
    with SocketIO(server.url, revision=5, transports="websocket") as s:
        s.call("sum", 1, 2)
        now = scrape(raw, server)
        assert (now("queued_bytes", queue="in"), now("queued_bytes", queue="out")) == (0, 0)
        connection = next(iter(server.clients.values()))
        server.call(server.router.stall, connection.session_id)
        server.call(connection.emit, "news", "x" * 1000)
        assert 1000 < scrape(raw, server)("queued_bytes", queue="out") < 1100
        server.call(server.router.go_on, connection.session_id)
        eventually(lambda: scrape(raw, server)("queued_bytes", queue="out") == 0)


def test_what_waits_for_redis_is_counted_too(raw, redis_server):
    with SocketServer(Desk, port=0, metrics=True, backplane=redis_server.url, **APART) as server:
        body = raw(server).get("/metrics")
        assert 'sioclient_server_queued_bytes{queue="backplane"} 0.0' in body


def test_newer_scrapers_get_the_format_that_they_ask_for(raw, server):
    _, headers, body = raw(server).ask("GET", "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


def test_a_registry_of_ones_own_has_the_numbers_and_no_page(raw):
    registry = prometheus_client.CollectorRegistry()
    with SocketServer(Desk, port=0, metrics=registry, **APART) as server, SocketIO(server.url, revision=5) as s:
        s.call("sum", 1, 2)
        assert raw(server).ask("GET", "/metrics")[0] != 200
        assert samples(registry.collect())("events_received_total") == 1
        with pytest.raises(ValueError, match="Duplicated"):
            Router(Desk, metrics=registry)
    assert list(registry.collect()) == []


@pytest.fixture
def registry():
    """A registry that must be empty in the end."""
    registry = prometheus_client.CollectorRegistry()
    yield registry
    assert list(registry.collect()) == []


def test_a_server_whose_port_is_taken_leaves_the_registry(registry):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        SocketServer(Desk, taken.getsockname()[1], metrics=registry)
    with SocketServer(Desk, 0, metrics=registry, **APART):
        assert len(list(registry.collect())) > 1


@pytest.mark.parametrize("wrong", [{"port": 65536}, {"routes": None}, {"host": "192.0.2.1"}])
def test_a_server_that_cannot_be_made_leaves_the_registry(registry, wrong):
    with pytest.raises((OSError, TypeError, ValueError)):
        SocketServer(Desk, **{"port": 0, **wrong}, metrics=registry)


def test_a_start_that_fails_leaves_the_registry(registry, monkeypatch):
    def fail(server, sockets):
        raise OSError("no more descriptors")

    server = SocketServer(Desk, 0, metrics=registry)
    monkeypatch.setattr("tornado.httpserver.HTTPServer.add_sockets", fail)
    with pytest.raises(OSError, match="no more descriptors"):
        server.run()
    assert {listening.fileno() for listening in server._sockets} == {-1}


def test_a_stop_that_fails_leaves_the_registry(registry):
    async def fail(time):
        raise OSError("not in good order")

    async def stop():
        router = Router(Desk, metrics=registry)
        router._hub.backplane = SimpleNamespace(stop=fail)
        await router.stop()

    with pytest.raises(OSError, match="not in good order"):
        asyncio.run(stop())


def test_a_second_stop_takes_nothing_from_the_next_server(registry):
    async def stop_twice():
        router = Router(Desk, metrics=registry)
        await router.stop()
        other = Router(Desk, metrics=registry)
        await router.stop()
        assert len(list(registry.collect())) > 0
        await other.stop()

    asyncio.run(stop_twice())


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "sioclient.server.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ModuleNotFoundError, match=r"metrics need the package .*: pip install 'sioclient\[metrics\]'"):
        Router(Desk, metrics=True)


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_metrics_must_be_a_truth_value_or_a_registry(value):
    with pytest.raises(TypeError, match="metrics must be True, False or a CollectorRegistry of prometheus_client"):
        Settings(metrics=value)
