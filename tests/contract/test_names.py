"""Whatever name a server sends reaches whoever registered for it, and never says anything about the connection."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from sioclient import Handler, event
from sioclient.fronts.dispatch import REPORTED
from tests.conftest import PATIENCE, Recorder, eventually, start
from tests.proven import pairs
from tests.servers import Difference

pytestmark = pytest.mark.usefixtures("no_thread_left")

NAMES = [
    *sorted(REPORTED),
    "event",
    "exception",
    "heartbeat",
    "noop",
    "connect_failed",
    "user:joined",
    "a b",
    "ünï",
    "5",
]
SPOOF = "spoof"


@pytest.fixture(scope="module", params=pairs())
def pair(request):
    """Each pair in turn, with the port of a server that runs for all the tests of its pair."""
    server, transport = request.param
    with start(server) as process:
        yield server, transport, process.port


@pytest.fixture
def join(connect, pair):
    """Connect to the server of the pair."""
    return lambda *args, **options: connect(pair[2], *args, transports=(pair[1],), **options)


@pytest.fixture
def have_emitted(pair):
    """Have the server emit an event of any name, also where its own application could not."""

    def have_emitted(socket, name):
        if Difference.KEEPS_NAMES_FOR_ITSELF in pair[0].differences and name in REPORTED:
            socket.emit("do write", f"2{json.dumps([name, SPOOF])}")
        else:
            socket.emit("do emit", name, SPOOF)

    return have_emitted


def of_class(name: str) -> type[Recorder]:
    """Return a handler with a method that is marked for a name."""

    class Marked(Recorder):
        @event(name)
        def marked(self, *args):
            self.told.put(("marked", name, *args))

    return Marked


def test_every_name_reaches_who_registered_for_it(join, have_emitted):
    heard = defaultdict(list)
    socket = join()
    for name in NAMES:
        socket.on_event(name, lambda *args, name=name: heard[name].append(("on_event", *args)))
        if name not in REPORTED:
            socket.on(name, lambda *args, name=name: heard[name].append(("on", *args)))
    for name in NAMES:
        have_emitted(socket, name)
    eventually(lambda: heard.keys() >= set(NAMES))
    for name in NAMES:
        assert heard[name] == [("on_event", SPOOF), *([] if name in REPORTED else [("on", SPOOF)])]


@pytest.mark.parametrize("name", NAMES)
def test_a_mark_is_for_the_event_of_exactly_its_name(join, have_emitted, name):
    handler = of_class(name)()
    have_emitted(join(handler), name)
    assert handler.next("marked") == ("marked", name, SPOOF)


def test_a_method_is_for_the_event_of_its_name(join, have_emitted):
    told: list[Any] = []

    class Bot(Handler):
        def on_event(self, *args):
            told.append(("event", *args))

        def on_heartbeat(self, *args):
            told.append(("heartbeat", *args))

        def on_noop(self, *args):
            told.append(("noop", *args))

        def on_connect_failed(self, *args):
            told.append(("connect_failed", *args))

        def on_a_b(self, *args):
            told.append(("a b", *args))

        def on_5(self, *args):
            told.append(("5", *args))

    socket = join(Bot())
    names = ["event", "heartbeat", "noop", "connect_failed", "a b", "5"]
    for name in names:
        have_emitted(socket, name)
    eventually(lambda: len(told) == len(names))
    assert told == [(name, SPOOF) for name in names]


def test_no_event_reaches_what_reports_on_the_connection(join, have_emitted):
    reported, others = [], []

    class Watching(Recorder):
        def on_connect_error(self, message, data):
            self.told.put(("connect_error", message))

        def unknown_event(self, name, args):
            others.append((name, args))

    handler = Watching()
    socket = join(handler, auto_connect=False)
    for name in REPORTED:
        socket.on(name, lambda *args, name=name: reported.append(name))
    socket.on("hello", lambda *args: None)
    socket.open()
    assert [handler.next()[0] for _ in range(2)] == ["open", "connect"]
    reported.clear()
    for name in sorted(REPORTED) * 2:
        have_emitted(socket, name)
    eventually(lambda: len(others) == 2 * (len(REPORTED) - 1) and len(reported) == 2)
    assert reported == ["error", "error"]  # that is the server reporting an error
    assert [handler.next() for _ in range(2)] == [("error", SPOOF, "")] * 2
    assert sorted(others) == sorted((name, [SPOOF]) for name in [*REPORTED - {"error"}] * 2)
    assert handler.told.empty()
    assert socket.connected


@pytest.mark.fronts
def test_waiting_for_events_by_name(join, have_emitted):
    socket = join()
    events = socket.events("user:joined", "disconnect", timeout=PATIENCE)
    for name in ("user:joined", "a b", "disconnect"):
        have_emitted(socket, name)
    assert [next(events) for _ in range(2)] == [("user:joined", [SPOOF]), ("disconnect", [SPOOF])]
    waiting = socket.events("echoed", timeout=PATIENCE)
    socket.emit("echo", 1)
    assert next(waiting) == ("echoed", [1])


@pytest.mark.fronts
def test_what_nobody_hears_is_not_acknowledged(join, recorder):
    socket = join()
    for name in ("answer", "fence"):
        socket.on(name, lambda *args, name=name: recorder.told.put((name, *args)))
    socket.emit("do ask", "nobody hears this")
    socket.emit("do emit", "fence", 1)
    assert recorder.next() == ("fence", 1)
    assert socket.call("echo", 2) == 2
    assert recorder.told.empty()
    socket.on("*", lambda name, *args: name)
    socket.emit("do ask", "somebody hears this")
    assert recorder.next() == ("answer", ["somebody hears this"])


def test_messages_hand_over_all_their_arguments(join, recorder):
    socket = join(recorder)
    socket.on("message", lambda *args: recorder.told.put(("function", *args)))
    recorder.next("hello")
    socket.emit("do emit", "message", "ada", "hello")
    assert [recorder.next() for _ in range(2)] == [("function", "ada", "hello"), ("message", None, "ada", "hello")]
