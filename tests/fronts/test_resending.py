"""Who waits for an acknowledgement, and what is written again: over a server in memory."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
import weakref
from collections import Counter

import pytest

from sioclient import SocketIO
from sioclient.channel import Channel
from sioclient.errors import AckTimeout, BufferFull, ConnectionLost
from sioclient.fronts.functions import check_function
from sioclient.fronts.resending import ONCE, Resending, make_resending
from sioclient.fronts.waiter import Unheard, Waiter
from sioclient.options import Options
from sioclient.protocol.deliveries import Delivery
from tests.conftest import Recorder
from tests.interrupts import Interrupt
from tests.memory import look_again_after, make_connection
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, happened

SOON = 0.02


class Nobody:
    """Stands where a channel does."""

    check = staticmethod(check_function)


NOBODY = Nobody()


@pytest.fixture
def handler():
    return Recorder()


@pytest.fixture
def resending():
    """What is chosen for all packets; a test may have another."""
    return Resending(3, PATIENCE)


@pytest.fixture
def channel(server, handler, resending, request):
    connection = make_connection(server, handler, **getattr(request, "param", {}))
    connection.resending = resending
    channel = Channel(connection, "", handler, None, set(), connection.default_endpoint(None))
    connection.default_endpoint(weakref.ref(channel))
    connection.open()
    assert handler.next("connect")
    yield channel
    connection.disconnect()


def of_packet(resending, *, callback=None, errback=None, timeout=None, msgid=None, retries=0):
    return resending.of_packet(NOBODY, "x", callback, errback, timeout, msgid, retries)


# What is asked for


def test_the_options_are_what_is_chosen_for_all():
    assert make_resending(Options()) == ONCE == (0, None)
    assert make_resending(Options(retries=0, ack_timeout=2)) == (0, 2)
    assert make_resending(Options(retries=3, ack_timeout=0.5)) == (3, 0.5)
    assert SocketIO("localhost", auto_connect=False, retries=3, ack_timeout=2)._link.resending == (3, 2)


def test_a_packet_that_is_written_once_has_a_waiter():
    assert of_packet(ONCE, callback=print) == (Waiter(NOBODY, "x", None, print, None, None), None)
    assert of_packet(ONCE, msgid=1, timeout=5) == (Waiter(NOBODY, "x", 1, None, None, 5), 5)
    assert of_packet(Resending(0, 2), errback=print) == (Waiter(NOBODY, "x", None, None, print, 2), 2)
    assert of_packet(Resending(0, 2), errback=print, timeout=5)[1] == 5


def test_a_packet_that_is_written_again_has_a_delivery():
    delivery, seconds = of_packet(ONCE, callback=print, timeout=5, retries=3)
    assert seconds == 5
    assert (type(delivery), delivery.retries, delivery.timeout, delivery.limit) == (Delivery, 3, 5, None)
    assert delivery.waiter == Waiter(NOBODY, "x", None, print, None, 5, True)
    delivery, seconds = of_packet(Resending(2, 0.5), retries=1)
    assert (delivery.retries, delivery.timeout, seconds) == (1, 0.5, 0.5)
    assert type(delivery.waiter) is Unheard


def test_a_call_has_its_time_in_all():
    delivery, seconds = Resending(3, 2).of_call("call", 60, True)
    assert (delivery.waiter, delivery.retries, delivery.timeout, seconds) == ("call", 3, 2, 2)
    assert (delivery.limit, delivery.of_session) == (60, True)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"timeout": 5}, "give callback=, errback=, msgid= or retries= too"),
        ({"callback": print, "timeout": "5"}, "timeout must be a number"),
        ({"retries": "3"}, "retries must be a whole number, not str"),
        ({"retries": True, "timeout": 1}, "retries must be a whole number, not bool"),
        ({"retries": -1, "timeout": 1}, "retries must be a whole number from 0, not -1"),
        ({"retries": 3}, "retries= needs timeout= too"),
        ({"retries": 3, "timeout": 1, "callback": 5}, "callback must be a function, not int"),
        ({"retries": 3, "timeout": 1, "errback": 5}, "errback must be a function, not int"),
    ],
)
def test_wrong_arguments_are_explained(options, expected):
    with pytest.raises((TypeError, ValueError), match=expected):
        of_packet(ONCE, **options)


# What is written


def test_with_the_option_everything_goes_one_at_a_time(channel, server):
    channel.emit("x", 1)
    channel.send("m")
    channel.send([1])
    channel.emit("x", 2, retries=0)
    channel.emit("x", 3, volatile=True)
    once = ['5:::{"name":"x","args":[2]}', '5:::{"name":"x","args":[3]}']
    assert server.link.sent == ['5:1::{"name":"x","args":[1]}', *once]
    server.push("6:::1")
    eventually(lambda: server.link.sent[3:] == ["3:2::m"])
    server.push("6:::2")
    eventually(lambda: server.link.sent[4:] == ["4:3::[1]"])


def test_values_are_asked_for_only_if_somebody_wants_them(channel, server, handler):
    server.replies |= {"5:1+": ["6:::1+[5]"], "5:7+": ["6:::7+[6]"], "5:2::": ["6:::2"], "3:3+": ["6:::3"]}
    channel.emit("x", lambda value: handler.told.put((value,)))
    channel.emit("x", msgid=7)
    channel.emit("x", errback=print)
    channel.send("m", lambda *args: handler.told.put(("sent", *args)))
    assert [handler.next() for _ in range(3)] == [(5,), ("ack", 7, "x", [6]), ("sent",)]
    assert [frame[:5] for frame in server.link.sent] == ["5:1+:", "5:7+:", "5:2::", "3:3+:"]


def test_a_single_packet_can_be_written_again(connection, server, handler):
    channel = Channel(connection, "", handler, None, set(), connection.default_endpoint(None))
    connection.default_endpoint(weakref.ref(channel))
    connection.open()
    channel.emit("x", retries=1, timeout=SOON, errback=lambda error: handler.told.put(("failed", error)))
    _, error = handler.next("failed")
    assert isinstance(error, AckTimeout)
    assert str(error) == "no acknowledgement of 'x' from the server: it was written twice, and given 0.02 s each time"
    channel.send("m", retries=1, timeout=PATIENCE)
    channel.emit("y")
    assert server.link.sent == ['5:1::{"name":"x"}'] * 2 + ["3:2::m", '5:::{"name":"y"}']


@pytest.mark.parametrize("resending", [Resending(1, SOON)])
def test_what_nobody_hears_of_is_a_warning(channel, caplog):
    channel.emit("x")
    eventually(lambda: "no acknowledgement of 'x'" in caplog.text)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_ends_as_wanted_is_no_warning(channel, caplog):
    caplog.set_level(logging.DEBUG)
    channel.emit("x")
    channel._connection.disconnect()
    (level,) = [record.levelname for record in caplog.records if "no acknowledgement" in record.getMessage()]
    assert level == "DEBUG"


@pytest.mark.parametrize("resending", [Resending(0, SOON)])
def test_the_option_is_the_time_of_callbacks_without_their_own(channel, handler):
    channel.emit("x", callback=print, errback=lambda error: handler.told.put(("failed", error)))
    assert "within 0.02 s" in str(handler.next("failed")[1])


def test_after_a_reconnect_the_packet_is_written_again_and_once(channel, server, handler):
    errors = []
    for number in (1, 2):
        channel.emit("x", number, lambda *args: handler.told.put(("acknowledged", *args)), errback=errors.append)
    assert [frame[:4] for frame in server.link.sent] == ["5:1+"]
    server.replies |= {"5:1+": ["6:::1+[1]"], "5:2+": ["6:::2+[2]"]}
    server.push(ConnectionLost("cut"))
    assert [handler.next("acknowledged") for _ in range(2)] == [("acknowledged", 1), ("acknowledged", 2)]
    assert [frame[:4] for frame in server.link.sent] == ["5:1+", "5:2+"]
    assert errors == []


def test_what_is_emitted_while_away_is_written_once(channel, server, handler):
    comes_back = threading.Event()
    server.plan = [lambda attempt: happened(comes_back)]
    server.push(ConnectionLost("cut"))
    handler.next("disconnect")
    for number in range(3):
        channel.emit("x", number)
    assert channel._connection.stats().queued == 3
    server.replies |= {f"5:{number}:": [f"6:::{number}"] for number in (1, 2, 3)}
    comes_back.set()
    eventually(lambda: len(server.link.sent) == 3)
    assert [frame[-3] for frame in server.link.sent] == ["0", "1", "2"]


def test_the_next_deadline_wakes_the_thread_that_keeps_time(channel, server, handler):
    channel.emit("x")
    channel.emit("y", timeout=SOON, retries=1, errback=lambda error: handler.told.put(("failed", error)))
    server.push("6:::1")
    assert isinstance(handler.next("failed")[1], AckTimeout)


@pytest.mark.parametrize("channel", [{"buffer_size": 2}], indirect=True)
def test_who_emits_waits_for_room(channel, server):
    def work():
        for number in range(4):
            channel.emit("x", number)
        return time.monotonic()

    task = Task(work)
    for number in range(1, 5):
        eventually(lambda number=number: len(server.link.sent) == number)
        server.push(f"6:::{number}")
    task.result()


@pytest.mark.parametrize("channel", [{"buffer_size": 1}], indirect=True)
def test_in_a_handler_who_emits_reads_until_there_is_room(channel, server, handler):
    server.replies |= {f"5:{number}:": [f"6:::{number}"] for number in (1, 2, 3)}
    channel.on("go", lambda: [channel.emit("x", number) for number in range(3)])
    server.push('5:::{"name":"go"}')
    eventually(lambda: len(server.link.sent) == 3)


@pytest.mark.parametrize("channel", [{"buffer_size": 1, "reconnection_delay": PATIENCE}], indirect=True)
def test_while_away_a_full_queue_takes_nothing(channel, server, handler):
    channel.emit("x")
    server.push(ConnectionLost("cut"))
    handler.next("disconnect")
    with pytest.raises(BufferFull, match="retries="):
        channel.emit("y")


@pytest.mark.parametrize("is_alone", [True, False])
def test_ctrl_c_at_any_place_of_an_emit_stops_no_other(channel, server, handler, monkeypatch, is_alone):
    """What was interrupted may be written or not, but what comes after it is, once."""
    look_again_after(0.2, monkeypatch)

    def reply(transport, frame):
        _, number, _ = str(frame).split(":", 2)
        transport.incoming.put(f"6:::{number.rstrip('+')}")

    monkeypatch.setattr(server, "reply", reply)
    number, raised_at = 0, ""
    while raised_at is not None:
        if not is_alone:
            channel.emit("before")
        interrupt = Interrupt(number)
        interrupt.run(lambda: channel.emit("interrupted"))
        number, raised_at = number + 1, interrupt.raised_at
        channel.emit("after", number)
        channel.call("fence")
    assert number > 30
    written = [frame for transport in server.transports for frame in transport.sent]
    counts = Counter(json.loads(frame.split("::", 1)[1])["args"][0] for frame in written if '"after"' in frame)
    assert counts == dict.fromkeys(range(1, number + 1), 1)
    assert not channel._connection.stats().queued


def test_what_waits_keeps_no_channel_alive(connection, server, handler):
    channel = Channel(connection, "", handler, None, set(), connection.default_endpoint(None))
    connection.default_endpoint(forgotten := weakref.ref(channel))
    connection.open()
    handler.next("connect")
    channel.emit("x", retries=1, timeout=SOON)
    del channel
    gc.collect()
    assert forgotten() is None
    eventually(lambda: not connection.stats().queued)
    eventually(lambda: server.link.sent == ['5:1::{"name":"x"}'] * 2)


# Calls


def test_a_call_comes_after_all_that_was_emitted_before(channel, server):
    server.replies |= {"5:1:": ["6:::1"], "5:2+": ["6:::2+[7]"]}
    channel.emit("x")
    assert channel.call("y") == 7
    assert [frame[:4] for frame in server.link.sent] == ["5:1:", "5:2+"]


@pytest.mark.parametrize("resending", [Resending(5, 0.2)])
def test_a_call_is_written_again_within_its_time(channel, server):
    def acknowledge_the_second():
        eventually(lambda: len(server.link.sent) == 2)
        server.push("6:::1+[7]")

    task = Task(acknowledge_the_second)
    assert channel.call("x", timeout=PATIENCE) == 7
    task.result()
    assert server.link.sent == ['5:1+::{"name":"x"}'] * 2


@pytest.mark.parametrize("resending", [Resending(5, 0.04)])
def test_a_call_raises_when_its_time_or_its_tries_are_spent(channel, server):
    with pytest.raises(AckTimeout, match=r"it was written twice, and given 0\.06 s in all"):
        channel.call("x", timeout=0.06)
    with pytest.raises(AckTimeout, match=r"it was written 6 times, and given 0\.04 s each time"):
        channel.call("x", timeout=PATIENCE)
    with pytest.raises(AckTimeout, match=r"it was written 6 times"):
        channel.call("x", timeout=None)


def test_a_call_outlives_a_loss(channel, server):
    task = Task(channel.call, "x")
    eventually(lambda: server.link.sent)
    server.replies["5:1+"] = ["6:::1+[7]"]
    server.push(ConnectionLost("cut"))
    assert task.result() == 7


def test_a_call_in_a_handler_does_not_outlive_the_session(channel, server, handler):
    def ask():
        try:
            channel.call("x")
        except ConnectionLost as error:
            handler.told.put(("failed", str(error)))

    channel.on("go", ask)
    server.push('5:::{"name":"go"}', ConnectionLost("cut"))
    assert "no acknowledgement of 'x'" in handler.next("failed")[1]
    handler.next("connect")
    channel.emit("y")
    eventually(lambda: server.link.sent == ['5:2::{"name":"y"}'])
