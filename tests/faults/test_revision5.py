"""The rows of the fault matrix that concern the client, once more on revision 5: socket.io 4.8 behind the same proxy.

Most are the tests of the other modules as they are, with another server in the place of the old one. Not run twice is
what does not know the revision:

* rows 12, 14, 15, 17 and 18, 19 to 27 and 47: HTTP, TLS, names, proxies and websocket framing are the same code;
* rows 29, 30 and 49: so is the table of acknowledgements, and a burst is a vector and a row of the contract;
* rows 38, 40, 41, 43, 45, 46 and 50: threads, processes and clocks;
* row 13: an idle poll of Engine.IO does not end with nothing, but with a heartbeat.

Rows 8, 9 and 10 on a clock that is a number are in ``tests.protocol.test_generations``, and a handler that blocks
(row 33) and a message beyond the limit (row 18) in ``tests.contract.test_generations``.
"""

# ruff: noqa: F401 - the tests are imported to be collected here, too

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from sioclient import ChannelError, SocketIO
from tests.conftest import Recorder, start
from tests.faults import test_network, test_promises
from tests.faults.conftest import told
from tests.faults.proxy import Proxy
from tests.faults.test_hostile import (
    test_f17_bytes_that_the_server_never_sent,
    test_f49_a_byte_at_a_time_is_no_other_thing_than_all_at_once,
)
from tests.faults.test_network import (
    test_f01_a_server_killed_in_mid_stream_is_noticed,
    test_f02_a_server_that_is_back_gets_the_channels_first,
    test_f03_an_end_without_a_word_is_a_loss_that_is_told,
    test_f04_f05_a_black_hole_is_noticed_and_survived,
    test_f06_more_than_the_network_takes_is_refused_in_the_end,
    test_f06_what_never_reaches_the_server_is_noticed,
    test_f07_outages_that_heal_in_time_change_nothing,
    test_f11_a_server_that_restarts_between_two_polls,
    test_f31_what_waits_for_an_ack_hears_of_the_loss_once,
)
from tests.faults.test_promises import (
    impatient,
    test_d3_what_the_network_does_not_take_waits_in_the_buffer,
    test_f32_a_handler_that_raises_every_time_loses_nothing,
    test_f32_no_ack_is_sent_for_a_handler_that_raised,
    test_f34_disconnect_in_a_handler_returns_and_is_final,
    test_f35_f36_every_verb_works_in_a_handler,
    test_f37_eight_threads_each_keep_their_order,
    test_f39_disconnecting_in_a_black_hole,
    test_f39_disconnecting_while_coming_back_is_final,
    test_f42_a_forgotten_connection_ends_by_itself,
    test_f44_two_hundred_cycles_leave_nothing,
)
from tests.protocol.test_vectors import VECTORS
from tests.servers.process import ServerProcess
from tests.waiting import ended

pytestmark = pytest.mark.usefixtures("no_thread_left", "in_its_place")

HASTY = {"pingInterval": 300, "pingTimeout": 1000}
"""Times with which client and server take each other for dead after about two seconds."""


def start_modern(what: str, **settings: Any) -> ServerProcess:
    """Start socket.io 4.8 where a test would start 0.9.19."""
    assert what == "legacy.js"
    times = HASTY if "socketio" in settings else {}
    return start("modern.js", **{**settings, "socketio": {"maxHttpBufferSize": 10**8, **times}})


@pytest.fixture
def in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (test_network, test_promises):
        monkeypatch.setattr(module, "start", start_modern)


@pytest.fixture(scope="module")
def legacy() -> Iterator[int]:
    with start_modern("legacy.js") as server:
        yield server.port


@pytest.fixture(scope="module")
def hasty() -> Iterator[int]:
    with start_modern("legacy.js", socketio=HASTY) as server:
        yield server.port


def test_it_is_revision_5(connect: Any, proxy: Proxy, hasty_proxy: Proxy) -> None:
    assert [connect(p.port, wait_for_connection=True).revision for p in (proxy, hasty_proxy)] == [5, 5]


def test_f16_garbage_from_a_real_server(connect: Any, legacy: int, recorder: Recorder, caplog: Any) -> None:
    caplog.set_level(logging.WARNING, "sioclient")
    socket = connect(legacy, recorder)
    session, last = socket.session_id, None
    for vector in json.loads((VECTORS / "malformed4.json").read_text("ascii")):
        socket.emit("do write", vector["wire"])
    socket.emit("do write", '2["after all that"]')
    while last != "after all that":
        last = recorder.next()[0]
    assert socket.call("echo", "still there") == "still there"
    assert socket.session_id == session
    assert [record.message.startswith("dropped") for record in caplog.records] == [True]


def test_f28_a_kick_is_the_end_unless_the_user_wants_otherwise(connect: Any, legacy: int, recorder: Recorder) -> None:
    socket = connect(legacy, recorder)
    socket.emit("do kick")
    assert ended(socket) == "server"
    assert not socket.connected
    assert told(recorder)[-2:] == ["disconnect", "close"]
    again = connect(legacy, back := Recorder(), reconnect_when_kicked=True)
    again.emit("do kick")
    assert back.next("reconnect") == ("reconnect", 1)
    assert again.call("echo", 1) == 1


def test_f48_an_endpoint_that_ends_takes_no_other_along(connect: Any, legacy: int, recorder: Recorder) -> None:
    first, second = Recorder(), Recorder()
    socket: SocketIO = connect(legacy, recorder)
    one, two = socket.connect("/chat", first), socket.connect("/a space+\u00e9", second)
    with pytest.raises(ChannelError, match="refused"):
        socket.connect("/refused")
    one.emit("do kick")
    assert first.next("disconnect") == ("disconnect",)
    with pytest.raises(ChannelError):
        one.emit("x")
    assert two.call("echo", 1) == 1
    assert socket.call("echo", 1) == 1
    assert "disconnect" not in told(second) + told(recorder)
