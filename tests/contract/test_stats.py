"""The numbers of a connection against real servers."""

from __future__ import annotations

import pytest

from sioclient import EngineIO
from tests.conftest import start
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture(scope="module")
def modern():
    with start("modern.js") as server:
        yield server.port


@pytest.fixture(params=["websocket", "xhr-polling", "jsonp-polling", "htmlfile"])
def transport(request):
    return request.param


def test_numbers_tell_what_went_through(connect, legacy, transport):
    s = connect(legacy)
    before = s.stats
    assert before.packets_in >= 1
    assert before.bytes_in > 0 < before.bytes_out
    assert (before.reconnects, before.queued, before.round_trip) == (0, 0, None)
    assert 0 <= before.last_received < 5
    s.call("echo", "x" * 10_000)
    after = s.stats
    assert after.packets_out - before.packets_out in (1, 2)  # a fence may follow
    assert after.packets_in > before.packets_in
    assert after.bytes_out > before.bytes_out + 10_000
    assert after.bytes_in > before.bytes_in + 10_000
    assert 0 < after.round_trip < 5
    s.emit("do cut")
    eventually(lambda: s.stats.reconnects == 1)
    assert s.stats.packets_in >= after.packets_in  # they go on


def test_polling_and_probe_of_later_generations_count_too(connect, modern):
    for transports in ("websocket",), ("xhr-polling",):
        s = connect(modern, transports=transports)
        assert s.call("sum", 1, 2) == 3
        assert s.stats.packets_out == 2
        assert s.stats.packets_in >= 3
        assert s.stats.bytes_in > 100


def test_engineio_has_numbers_and_says_where_it_is():
    with start("engine.js", version="6") as server, EngineIO() as e:
        assert (e.stats.packets_in, e.stats.last_received, repr(e)) == (0, None, "<EngineIO not connected>")
        e.connect(f"http://127.0.0.1:{server.port}")
        e.send("hello")
        assert e.stats.packets_out == 1
        assert e.stats.bytes_out > 0
        assert repr(e) == f"<EngineIO http://127.0.0.1:{server.port}/engine.io/ connected>"
        e.disconnect()
        assert repr(e) == f"<EngineIO http://127.0.0.1:{server.port}/engine.io/ not connected>"
