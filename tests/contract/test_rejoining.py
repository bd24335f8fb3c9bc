"""Leaving and joining the same endpoint at once, and what is sent around it, on real servers."""

from __future__ import annotations

from contextlib import suppress

import pytest

from sioclient import ChannelError
from tests.conftest import eventually, start
from tests.servers import SERVERS

pytestmark = pytest.mark.usefixtures("no_thread_left")

ROUNDS = 1000
FEW = 30


PAIRS = [
    (name, transport)
    for name, row in SERVERS.items()
    for transport in ("websocket", "xhr-polling")
    if transport in row.transports
]
LATER = [pair for pair in PAIRS if SERVERS[pair[0]].revision > 1 and SERVERS[pair[0]].version.startswith("socket.io ")]
"""Of those with the application that has what is asked for."""

on_all = pytest.mark.parametrize(("server", "transport"), PAIRS, indirect=["server"])
on_later = pytest.mark.parametrize(("server", "transport"), LATER, indirect=["server"])


@pytest.fixture(scope="module")
def server(request):
    with start(SERVERS[request.param]) as running:
        running.row = SERVERS[request.param]
        yield running


@pytest.fixture
def sio(server, transport, connect):
    return connect(server.port, reconnect=False)


@on_all
def test_leaving_and_joining_at_once_works_every_time(server, sio):
    is_picky = server.row.version.startswith("socket.io 4.8")  # the one that ends the session
    chat = sio.connect("/chat")
    for number in range(ROUNDS if is_picky else FEW):
        chat.disconnect()
        chat = sio.connect("/chat")
        assert chat.call("echo", number) == number
    assert sio.connected


@on_all
def test_rejoining_in_a_handler(sio):
    done = []

    def again(number):
        channels.pop().disconnect()
        channels.append(sio.connect("/chat"))
        done.append(channels[-1].call("echo", number))

    channels = [sio.connect("/chat")]
    sio.on("again", again)
    for number in range(5):
        sio.emit("do emit", "again", number)
    eventually(lambda: done == list(range(5)), "five rounds in a handler")


@on_later
def test_what_is_sent_before_a_leave_has_its_effect(sio):
    sio.call("watch")
    told = []
    sio.on("told", told.append)
    for number in range(5):
        chat = sio.connect("/chat")
        chat.emit("tell", number)
        chat.disconnect()
    eventually(lambda: told == list(range(5)), "what was told before leaving")


@on_later
def test_a_confirmation_that_comes_too_late_does_no_harm(sio):
    for _ in range(2):
        with pytest.raises(ChannelError, match="no reply for '/slow' in time"):
            sio.connect("/slow", timeout=0.05)
    slow = sio.connect("/slow", timeout=5)
    assert slow.call("echo", 1) == 1
    slow.disconnect()
    assert sio.call("echo", 2) == 2


@on_all
def test_a_channel_that_is_left_before_it_is_joined(sio):
    for number in range(5):
        with suppress(ChannelError):  # the server may be as fast as that
            sio.connect("/chat", timeout=1e-6).disconnect()
        assert sio.connect("/chat").call("echo", number) == number
        sio.channels["/chat"].disconnect()
    assert sio.connected
