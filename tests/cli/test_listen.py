"""sioclient listen, and listening, which record does, too."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from sioclient.cli.inbox import Typed
from sioclient.cli.listening import Listening
from sioclient.cli.main import main
from sioclient.server import SocketConnection, SocketServer
from tests.waiting import joined


def test_events_are_lines_of_json(run, url):
    outcome = run("listen", url, "--count", 2, "--emit", "subscribe weather")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.events == [("hello", [{"a": 1}]), ("news", ["weather", {"title": "Sun"}])]
    (value, _) = outcome.values
    assert value["endpoint"] == ""
    assert abs(value["time"] - time.time()) < 60


def test_only_some_events(run, url):
    outcome = run("listen", url, "news", "-e", "x", "-c", 1, "--emit", "subscribe weather", "--raw")
    assert outcome.out == 'weather\t{"title": "Sun"}\n'


def test_events_of_namespaces(run, url):
    outcome = run("listen", url, "-n", "/chat", "-n", "/", "-c", 2)
    assert {value["endpoint"] for value in outcome.values} == {"", "/chat"}


def test_it_stops_in_time(run, url):
    outcome = run("listen", url, "--for", 0.1)
    assert (outcome.status, outcome.events) == (0, [("hello", [{"a": 1}])])


def test_too_few_events_in_time_are_status_4(run, url):
    outcome = run("listen", url, "--for", 0.1, "--count", 2)
    assert (outcome.status, len(outcome.lines)) == (4, 1)
    assert outcome.err == "sioclient: 1 of 2 events came within 0.1 s\n"


def test_it_stops_with_an_acknowledgement(run, url):
    words = ["--until-ack", "--emit", "sum 1 2", "--emit", "echo"]
    outcome = run("listen", url, *words, "-n", "/", "-n", "/chat")
    assert outcome.status == 0
    acks = sorted((value["endpoint"], value["id"], value["ack"]) for value in outcome.values if "ack" in value)
    assert acks == [("", 1, [3]), ("", 2, []), ("/chat", 1, [3]), ("/chat", 2, [])]
    assert "3" in run("listen", url, *words, "--raw").lines
    outcome = run("listen", url, "--until-ack", "--emit", "'never answered'", "--for", 0.1)
    assert (outcome.status, outcome.err) == (4, "sioclient: no acknowledgement came within 0.1 s\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--until-ack"], "--until-ack is about what --emit"),
        (["--emit", ""], "an event must have a name"),
        (["--emit", "photo -b x"], "has no bytes"),
    ],
)
def test_what_cannot_be_sent_is_a_usage_error(run, old_url, words, message):
    outcome = run("listen", old_url, *words)
    assert outcome.status == 2
    assert message in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="there, this signal ends a process at once")
def test_sigterm_ends_it_in_good_order(run, url):
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    assert run("listen", url).status == 0
    joined(timer)


def test_the_end_by_the_server_is_status_3(run):
    class Leaving(SocketConnection):
        def on_event(self, name, *args, **kwargs):
            self.close()

    with SocketServer(Leaving, port=0, revisions=(1,)) as server:
        outcome = run("listen", server.url, "--emit", "bye")
    assert outcome.status == 3
    assert "the server ended the connection" in outcome.err


def test_a_gap_is_told(run):
    class Restarting(SocketConnection):
        def on_event(self, name, *args, **kwargs):
            if len(servers) == 1:
                servers[0]._loop.call_soon(servers[0]._stopped.set)
                servers.append(None)
            else:
                self.emit("back")

    def restart():
        servers[0]._thread.join()
        servers[1] = SocketServer(Restarting, servers[0].port, revisions=(1,)).__enter__()

    servers = [SocketServer(Restarting, port=0, revisions=(1,))]
    with servers[0]:
        thread = threading.Thread(target=restart)
        thread.start()
        outcome = run("listen", servers[0].url, "--emit", "x", "--count", 1, "--retry")
    joined(thread)
    servers[1].__exit__()
    assert (outcome.status, outcome.events) == (0, [("back", [])])
    assert "the connection was lost, and is back: what came meanwhile is missing" in outcome.err


def test_who_reads_no_more_ends_it(run, url, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["listen", url, "--event", "nosuch"]) == 0


def test_other_things_in_the_inbox_are_nobodys(run, url, monkeypatch):
    real = Listening.__init__

    def with_a_line(self, *args, **keywords):
        real(self, *args, **keywords)
        self._inbox.put(Typed("x"))

    monkeypatch.setattr(Listening, "__init__", with_a_line)
    assert run("listen", url, "--for", 0.1).status == 0
