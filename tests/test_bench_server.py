"""bench.server in a few events: the clients that it makes, what it measures with them, and the whole program."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from bench import peers, server
from bench.crowd import Crowd
from bench.peers import PEERS
from bench.server_measures import MEASURES, measure
from bench.table import Measure
from bench.wire import WIRES, plain
from sioclient.server import SocketConnection, SocketServer, event

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processor's time is read from /proc")

NUMBERS = {"echo": (3, 0.02), "broadcast": (5, 2), "connect": (5, 2), "memory": (5,)}
"""What is measured with so little that it takes a moment."""


EACH = {"rate", "cpu", "server_load", "load"}
FIGURES = {"echo": EACH, "broadcast": {*EACH, "ms"}, "connect": EACH, "memory": {"kib"}}


class Main(SocketConnection):
    @event
    def echo(self, text):
        return text

    @event
    def shout(self, text):
        self.others.emit("news", text)
        self.emit("news", text)


@pytest.fixture(scope="module")
def port():
    with SocketServer(Main, 0) as running:
        yield running.port


@pytest.mark.parametrize("revision", sorted(WIRES))
@pytest.mark.parametrize("name", sorted(MEASURES))
def test_each_measure_with_each_generation(port, name, revision):
    figures = measure(name, port, os.getpid(), WIRES[revision], *NUMBERS[name])
    assert figures.keys() == FIGURES[name]


def test_another_frame_than_expected_is_an_error(port):
    crowd = Crowd(port, WIRES[5])
    try:
        (visitor,) = crowd.connect(1)
        visitor.expect(plain('431["other"]'), lambda: None)
        visitor.send(crowd.wire.echo)
        with pytest.raises(ValueError, match="came instead of"):
            crowd.hear_for(10)
    finally:
        crowd.close()


def test_a_connection_that_the_server_closes_is_an_error():
    with SocketServer(Main, 0) as running:
        crowd = Crowd(running.port, WIRES[5])
        try:
            crowd.connect(1)
            (session_id,) = running.clients
            running.call(running.router.cut, session_id)
            with pytest.raises(ConnectionError):
                crowd.hear_for(10)
        finally:
            crowd.close()


@pytest.mark.parametrize(("options", "start"), [([], "echoes/s +"), (["--markdown"], r"\| echoes/s \| ")])
def test_the_program_writes_a_table_and_json(monkeypatch, tmp_path, capsys, options, start):
    name = "sioclient_5"
    monkeypatch.setattr(server, "MEASURES", (Measure("echo", "echoes/s", "echo", (), (3, 0.02), clients=(name,)),))
    monkeypatch.setattr(server, "PEERS", {name: PEERS[name]})
    server.main(["--quick", "--rounds", "1", "--output", str(tmp_path), *options])
    (figures,) = json.loads((tmp_path / "server.json").read_text())["results"]["echo"][name]
    assert figures.keys() == EACH
    assert re.search(rf"^{start}[\d,.]+ ", capsys.readouterr().out, re.MULTILINE)


def test_busy_clients_are_named():
    results = {"echo": {"a": [{"load": 0.97}, None], "b": [{"load": 0.5}]}, "memory": {"a": [{"kib": 1.0}]}}
    assert server._busy(results) == [
        "echo with a: the clients were busy for 97% of the time, so the server may be faster"
    ]


def test_a_failed_measure_is_left_out(capsys):
    assert peers.PEERS["sioclient_5"].measure("nothing", ()) is None
    assert "KeyError" in capsys.readouterr().err
