"""The heartbeat thread reads while a function keeps the listener, over a transport that dies of not being read."""

from __future__ import annotations

import threading
import time
from math import inf

import pytest

from sioclient.errors import ConnectionLost
from sioclient.protocol.notices import Disconnected, Ended, TransportClosed
from sioclient.protocol.packets import Event, Message
from sioclient.reading import Reader
from sioclient.threads import standin
from sioclient.threads.heartbeat import Heartbeat
from sioclient.threads.listener import Listener
from sioclient.threads.standin import StandIn
from sioclient.threads.writer import Writer
from tests.memory import MemoryTransport, open_guard
from tests.servers_py import Task
from tests.waiting import ended, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


@pytest.fixture(autouse=True)
def _dies_unread(monkeypatch):
    monkeypatch.setattr(MemoryTransport, "dies_unread", True)
    for module in ("listener", "standin", "heartbeat"):
        monkeypatch.setattr(f"sioclient.threads.{module}.TAKE_OVER", 0.05)


@pytest.fixture
def blocked(connection, server, notices):
    """A connection whose listener runs a function until the event is set that is returned with it."""
    go_on, blocks = threading.Event(), threading.Event()

    def block(notice):
        if isinstance(notice, Message) and notice.data == "block":
            blocks.set()
            happened(go_on)

    notices.react = block
    connection.open()
    server.push("3:::block")
    happened(blocks)
    yield connection, go_on
    go_on.set()


def messages(notices):
    return [notice.data for notice in notices.of(Message)]


def is_read(server):
    return lambda: server.link.incoming.empty()


def test_acknowledgement_comes_while_a_function_runs(blocked, server):
    connection, _ = blocked
    server.replies["5:1+::"] = ["6:::1+[7]"]
    assert Task(connection.call, event("ask", id=1), None, None).result() == [7]


def test_what_came_meanwhile_is_handled_in_order(blocked, server, notices):
    _, go_on = blocked
    server.push(*[f"3:::{number}" for number in range(50)])
    eventually(is_read(server))
    assert messages(notices) == ["block"]
    go_on.set()
    eventually(lambda: len(notices.of(Message)) == 51)
    server.push("3:::last")
    eventually(lambda: "last" in messages(notices))
    assert messages(notices) == ["block", *map(str, range(50)), "last"]


def test_thread_that_stands_in_goes_on_with_its_own_work(blocked, server, notices):
    """Time-outs happen, and what was corked leaves, though it sleeps in the transport."""
    connection, _ = blocked
    eventually(lambda: connection._guard.reading.holder is Reader.KEEPER)
    with pytest.raises(TimeoutError):
        Task(connection.call, event("ask", id=1), None, 0.01).result()
    connection._writer.look_in(0.01)
    eventually(lambda: connection._writer.corked_until == inf)


def test_reply_to_what_was_read_is_written(blocked, server):
    server.push("2::")
    eventually(lambda: "2::" in server.link.sent)


def test_call_in_a_function_reads_on_itself(connection, server, notices):
    server.replies["5:1+::"] = ["3:::meanwhile", "6:::1+[7]"]
    results = []

    def react(notice):
        if isinstance(notice, Message) and notice.data == "block":
            eventually(lambda: connection._guard.reading.holder is Reader.KEEPER)
            results.append(connection.call(event("ask", id=1), None, None))
            results.append(connection._guard.reading.holder)
            eventually(lambda: connection._guard.reading.holder is Reader.KEEPER)

    notices.react = react
    connection.open()
    server.push("3:::block")
    eventually(lambda: messages(notices) == ["block", "meanwhile"])
    assert results == [[7], None]
    eventually(lambda: connection._guard.reading.holder is Reader.LISTENER)


def test_two_threads_never_read_at_once(connection, server, notices, monkeypatch):
    readers, most, recv, recv_until = [], [], MemoryTransport.recv, MemoryTransport.recv_until

    def count(read):
        def counted(*args):
            readers.append(threading.current_thread().name)
            most.append(len(readers))
            try:
                return read(*args)
            finally:
                readers.pop()

        return counted

    monkeypatch.setattr(MemoryTransport, "recv", count(recv))
    monkeypatch.setattr(MemoryTransport, "recv_until", count(recv_until))
    for module in ("listener", "standin", "heartbeat"):
        monkeypatch.setattr(f"sioclient.threads.{module}.TAKE_OVER", 0.001)
    notices.react = lambda notice: time.sleep(0.002 if isinstance(notice, Message) else 0)
    connection.open()
    for number in range(300):
        server.push(f"3:::{number}")
        if number % 3 == 0:
            time.sleep(0.003)
    eventually(lambda: len(notices.of(Message)) == 300, expect=5)
    assert messages(notices) == [str(number) for number in range(300)]
    assert max(most) == 1


def test_loss_that_the_other_thread_meets_is_told_afterwards(blocked, server, notices):
    connection, go_on = blocked
    first = server.link
    server.push(ConnectionLost("cut"))
    eventually(lambda: first.aborted)
    assert not notices.of(TransportClosed)
    go_on.set()
    eventually(lambda: server.attempts == 2 and connection.connected)
    assert [notice.reason for notice in notices.of(TransportClosed)] == ["cut"]
    assert first.closed


def test_end_while_the_other_thread_reads_is_the_end(blocked, server, notices):
    connection, go_on = blocked
    eventually(lambda: connection._guard.reading.holder is Reader.KEEPER)
    server.push("3:::late")
    eventually(is_read(server))
    leaving = Task(connection.disconnect)
    eventually(lambda: "0::" in server.link.sent)
    server.push("3:::too late")
    go_on.set()
    leaving.result()
    ended(connection)
    assert messages(notices) == ["block"]
    assert isinstance(notices.all[-1], Ended)
    assert len(notices.of(Disconnected)) == 1


def test_end_while_nobody_reads_yet(blocked, monkeypatch):
    connection, go_on = blocked
    monkeypatch.setattr(standin, "TAKE_OVER", 100.0)
    leaving = Task(connection.disconnect)
    go_on.set()
    leaving.result()


def test_thread_that_fails_lets_go_of_the_role(blocked, server, monkeypatch):
    connection, go_on = blocked
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    eventually(lambda: connection._guard.reading.holder is Reader.KEEPER)
    monkeypatch.setattr("sioclient.protocol.receiver.Receiver.receive", lambda *args: 1 / 0)
    server.push("3:::x")
    eventually(lambda: connection._guard.keeper is None)
    assert connection._guard.reading.holder is None
    go_on.set()
    with pytest.raises(OSError, match="ZeroDivisionError"):
        ended(connection)


@pytest.mark.parametrize(("limit", "value"), [("MOST_UNHANDLED", 5), ("MOST_DEFERRED", 40)])
def test_what_waits_for_the_listener_is_bounded(blocked, server, notices, monkeypatch, limit, value):
    connection, go_on = blocked
    monkeypatch.setattr(standin, limit, value)
    server.push(*["3:::0123456"] * 20)
    eventually(lambda: len(connection._guard.inbox) >= 3)
    time.sleep(0.3)
    assert len(connection._guard.inbox) <= 6
    go_on.set()
    eventually(lambda: len(notices.of(Message)) == 21)


# Its parts


@pytest.fixture
def stand_in(server):
    guard = open_guard(server)
    server.link.incoming.get()  # the join
    return StandIn(guard, Listener(guard, Writer(guard), server))


def test_it_is_due_only_while_the_listener_is_away(stand_in, monkeypatch):
    guard = stand_in._guard
    assert stand_in.due(10.0) == inf
    guard.reading.pause(10.0)
    assert stand_in.due(11.0) == 10.05
    monkeypatch.setattr(MemoryTransport, "dies_unread", False)
    assert stand_in.due(11.0) == inf


def test_it_is_never_due_without_a_session(stand_in):
    guard = stand_in._guard
    guard.reading.pause(10.0)
    guard.end()
    assert stand_in.due(11.0) == inf
    guard.transport = None
    assert stand_in.due(11.0) == inf


def test_room_is_made_by_an_empty_inbox(stand_in, monkeypatch):
    monkeypatch.setattr(standin, "MOST_DEFERRED", 9)
    guard = stand_in._guard
    guard.reading.pause(10.0)
    for frame in ("3:::first", "3:::second"):
        assert stand_in.due(20.0) == 10.05
        guard.transport.incoming.put(frame)
        with guard.open():
            transport = stand_in.take_over(20.0)
        stand_in.read(transport, inf)
        guard.inbox.append(Message(frame))
        assert stand_in.due(20.0) == 20.05
        guard.inbox.clear()


def test_alarm_wakes_the_thread_that_reads(stand_in, server):
    guard = stand_in._guard
    stand_in.release()  # nothing was read yet
    guard.reading.pause(10.0)
    with guard.open():
        transport = stand_in.take_over(11.0)
        assert stand_in.take_over(12.0) is transport
    assert guard.reading.since == 11.0
    guard.alarm.wake()
    stand_in.read(transport, time.monotonic() + 100)
    assert not guard.alarm.sleepers
    server.fault = lambda method: 1 / 0
    stand_in.release()


def test_heartbeat_thread_waits_less_for_posts_while_it_reads(stand_in, server, monkeypatch):
    guard = stand_in._guard
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    server.link.is_busy = True
    server.link.responses.clear()
    with guard.open() as protocol:
        protocol.push(event("x"), 0.0)
    guard.reading.pause(time.monotonic())
    guard.reading.take_over(time.monotonic())
    writer = Writer(guard)
    heartbeat = Heartbeat(guard, writer, Listener(guard, writer, server))
    begun = time.monotonic()
    heartbeat._look()
    assert time.monotonic() - begun < 1
