"""Promise D9: what is written again until it is acknowledged reaches every real server at least once, and in order."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from sioclient import AckTimeout, SocketIO
from tests.conftest import start
from tests.faults.proxy import Proxy
from tests.servers import SERVERS
from tests.waiting import PATIENCE, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")

COUNT = 200

PAIRS = [(name, server.transports[0]) for name, server in SERVERS.items()]
PAIRS += [(name, "xhr-polling") for name in ("0.9.19", "4.8.1", "embedded")]


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def way(request):
    """The port of each real server in turn, and a transport to it."""
    name, transport = request.param
    with start(SERVERS[name]) as server:
        yield server.port, transport


def open_through(proxy: Proxy, transport: str) -> SocketIO:
    """Connect through a proxy, and come back at once; what is written again has time enough."""
    options = {"reconnection_delay": 0.01, "reconnection_limit": 0.05}
    return SocketIO("127.0.0.1", proxy.port, transports=transport, retries=50, ack_timeout=PATIENCE, **options)


@pytest.mark.parametrize("has_callback", [True, False])
def test_d9_numbers_arrive_in_order_over_many_losses(way, has_callback):
    port, transport = way
    book, acknowledged, errors, cuts, is_over = f"{time.monotonic()}", [], [], 0, []
    with Proxy(port) as proxy, open_through(proxy, transport) as socket:
        for number in range(COUNT):
            callback = (lambda _, number=number: acknowledged.append(number)) if has_callback else None
            socket.emit("keep", book, number, callback=callback, errback=errors.append)
        socket.emit("kept", book, callback=is_over.append, errback=is_over.append)
        while cuts < 5 and not is_over:
            seen = proxy.passed
            eventually(lambda seen=seen: is_over or proxy.passed > seen + 1500, "some more packets")
            cuts += 1
            (proxy.reset if cuts % 2 else proxy.end)()
        kept = socket.call("kept", book)
        assert socket.stats.reconnects >= (1 if transport == "websocket" else 0)  # between polls, a cut harms nobody
    assert list(dict.fromkeys(kept)) == list(range(COUNT)), "every number, in the order of the emits"
    assert len(kept) <= COUNT + cuts, "only what was under way at a loss may come twice"
    assert max(Counter(kept).values()) <= 1 + cuts
    assert acknowledged == (list(range(COUNT)) if has_callback else [])
    assert errors == []


def test_d9_a_duplicate_needs_a_lost_acknowledgement(way):
    port, transport = way
    with Proxy(port) as proxy, open_through(proxy, transport) as socket:
        for held, expected in (("up", 1), ("down", 2)):
            book = f"{held} {time.monotonic()}"
            socket.call("kept", book)
            proxy.hold(held)
            socket.emit("keep", book, held)
            # Not only a poll: the POST could open its connection once the others have ended, and arrive.
            proxy.wait_for_held(held, text=b"POST" if (held, transport) == ("up", "xhr-polling") else b"")
            proxy.end()
            proxy.heal()
            assert socket.call("kept", book) == [held] * expected


@pytest.mark.parametrize("name", ["0.9.19", "embedded"])
def test_d9_old_servers_acknowledge_without_their_application(name):
    with start(SERVERS[name]) as server, SocketIO("127.0.0.1", server.port, retries=3, ack_timeout=PATIENCE) as socket:
        for number in range(3):
            socket.emit("note", number)  # takes no function that acknowledges
        socket.emit("nobody hears this")
        socket.send("text")
        socket.send({"a": 1})
        assert socket.call("notes") == [0, 1, 2]


def test_d9_an_application_that_does_not_acknowledge_is_told_of():
    options = {"retries": 2, "ack_timeout": 0.1}
    errors = []
    with start(SERVERS["4.8.1"]) as server, SocketIO("127.0.0.1", server.port, **options) as socket:
        socket.emit("note", 1, errback=errors.append)
        assert socket.call("notes") == [1, 1, 1]
        (error,) = errors
        assert isinstance(error, AckTimeout)
        assert f"no acknowledgement of 'note' from http://127.0.0.1:{server.port}" in str(error)
        assert str(error).endswith("it was written 3 times, and given 0.1 s each time")
        socket.emit("note", 2, retries=0)
        assert socket.call("notes") == [1, 1, 1, 2]


def test_d9_disconnect_writes_what_waits():
    """As without retries: leaving a with block is not the time to lose what was accepted."""
    with start(SERVERS["4.8.1"]) as server:
        with SocketIO("127.0.0.1", server.port, retries=2, ack_timeout=PATIENCE) as socket:
            for number in range(20):
                socket.emit("keep", "book", number)
        with SocketIO("127.0.0.1", server.port) as socket:
            eventually(lambda: len(socket.call("kept", "book")) == 20)
            assert socket.call("kept", "book") == list(range(20))


def test_d9_nothing_is_written_again_because_a_handler_blocks(legacy):
    """Its acknowledgement came, and is not read yet."""
    go_on, blocks, echoed = threading.Event(), threading.Event(), []
    with SocketIO("127.0.0.1", legacy, transports="websocket", retries=1, ack_timeout=2) as socket:

        @socket.on("block")
        def block():
            blocks.set()
            happened(go_on, expect=10)

        socket.on("echoed", echoed.append)
        socket.emit("do emit", "block")
        happened(blocks)
        for number in range(3):
            socket.emit("echo", number)
        time.sleep(4.5)
        go_on.set()
        eventually(lambda: len(echoed) >= 3, "all echoes")
        assert socket.call("echo", "last") == "last"
        assert echoed == [0, 1, 2]
