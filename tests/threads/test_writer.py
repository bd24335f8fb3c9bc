"""What is written when, by whom: first without the connection's threads, then with them."""

from __future__ import annotations

import logging
import sys
import threading
import time
from math import inf

import pytest

from sioclient.errors import BufferFull, ConnectionLost
from sioclient.protocol import fence
from sioclient.protocol.client import Verdict
from sioclient.protocol.notices import Connected, Ended, Reconnected, TransportClosed, Unacknowledged
from sioclient.protocol.packets import Event, Message
from sioclient.reading import Reading
from sioclient.threads import writer as module
from sioclient.threads.guard import Guard
from sioclient.threads.writer import WRITE_TIMEOUT, Writer
from tests.memory import NEVER, MemoryServer, MemoryTransport, look_again_after, open_guard
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


def on_wire(name, *args):
    return f'5:::{{"name":"{name}","args":[{",".join(map(str, args))}]}}' if args else f'5:::{{"name":"{name}"}}'


@pytest.fixture
def guard(server: MemoryServer) -> Guard:
    return open_guard(server)


@pytest.fixture
def writer(guard: Guard) -> Writer:
    return Writer(guard)


@pytest.fixture
def slow_responses(monkeypatch):
    """Have each write wait for a response, but nobody for long."""
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    for name, seconds in [("writer.WRITE_TIMEOUT", 0.02), ("heartbeat.WRITE_TIMEOUT", 0.02), ("writer.LOOK", 0.01)]:
        monkeypatch.setattr(f"sioclient.threads.{name}", seconds)
    monkeypatch.setattr(Writer.flush, "__defaults__", (0.02,))


def push(guard, *names):
    with guard.open() as protocol:
        return [protocol.push(event(name), time.monotonic()) for name in names]


def reasons(guard):
    return [notice.reason for notice in guard.inbox if isinstance(notice, TransportClosed)]


# One thread


def test_all_that_is_queued_leaves_in_one_write(guard, writer, server):
    push(guard, "a", "b")
    writer.flush()
    assert server.link.sent == [on_wire("a"), on_wire("b")]
    assert server.link.writes == 1
    writer.flush()
    assert server.link.writes == 1


def test_packets_wait_while_there_is_no_transport(guard, writer, server):
    transport, guard.transport = guard.transport, None
    push(guard, "a")
    writer.flush()
    assert transport.sent == []
    guard.transport = transport
    writer.flush()
    assert transport.sent == [on_wire("a")]


def test_who_sends_leaves_a_busy_transport_to_the_heartbeat(guard, writer, server, slow_responses):
    push(guard, "a")
    writer.flush()
    server.link.responses.clear()
    sleeper, guard.asleep_until = guard.alarm.sleeper(), inf
    push(guard, "b")
    writer.flush()
    assert server.link.sent == [on_wire("a")]
    assert writer.corked_until <= time.monotonic()
    assert sleeper.acquire(blocking=False)


def test_heartbeat_waits_for_the_response_and_looks_again(guard, writer, server, slow_responses):
    push(guard, "a")
    server.link.responses.clear()
    writer.flush(0.01, keeps_time=True)
    assert time.monotonic() < writer.corked_until < inf
    push(guard, "b")
    writer.flush(0.01, keeps_time=True)
    assert server.link.sent == [on_wire("a")]
    server.link.responses.set()
    writer.flush(keeps_time=True)
    assert server.link.sent == [on_wire("a"), on_wire("b")]
    assert not server.link.is_busy


def test_frames_that_the_fence_holds_back_set_the_alarm(guard, writer, server):
    fence_of_session = fence.Fence(Reading())
    fence_of_session.room = 0
    with guard.open() as protocol:
        protocol.lifecycle.fence = protocol.session.fence = fence_of_session
        fence_of_session.close_off(1, ["8:1::"], time.monotonic())
        fence_of_session.room = 0
    push(guard, "a")
    sleeper, guard.asleep_until = guard.alarm.sleeper(), inf
    writer.flush()
    assert server.link.sent == []
    assert sleeper.acquire(blocking=False)


def test_writing_wakes_who_waits_for_room(guard, writer, server):
    push(guard, "a")
    sleeper = guard.room.sleeper()
    server.link.incoming.get()  # the join
    writer.flush()
    assert writer.wait_for_room(sleeper, time.monotonic())
    assert server.link.recv() == []  # the listener may be the one that waits


def test_listener_that_writes_does_not_wake_itself(guard, writer, server):
    push(guard, "a")
    sleeper, guard.reader = guard.room.sleeper(), threading.get_ident()
    server.link.incoming.get()  # the join
    writer.flush()
    assert sleeper.acquire(blocking=False)
    assert server.link.incoming.empty()


@pytest.mark.parametrize(("count", "wakes"), [(600, False), (500, True)])
def test_room_for_one_packet_is_not_worth_waking_a_thread(count, wakes, guard, writer, server):
    with guard.open() as protocol:
        protocol.lifecycle.fence = protocol.session.fence = fence.Fence(Reading())
    push(guard, *["x"] * count)
    sleeper = guard.room.sleeper()
    writer.flush()
    assert server.link.sent
    assert sleeper.acquire(blocking=False) is wakes


def test_who_waits_for_room_looks_again(guard, writer, monkeypatch):
    """A wake-up may be lost to Ctrl-C."""
    look_again_after(0.01, monkeypatch)
    sleeper = guard.room.sleeper()
    assert not writer.wait_for_room(sleeper, time.monotonic())
    assert not guard.room.sleepers


@pytest.mark.parametrize("left", [0.01, -1])
def test_who_waits_for_room_gives_up(left, guard, writer):
    sleeper = guard.room.sleeper()
    with pytest.raises(BufferFull, match=f"nothing for {WRITE_TIMEOUT:g} s"):
        writer.wait_for_room(sleeper, time.monotonic() - WRITE_TIMEOUT + left)
    assert not guard.room.sleepers


def test_nobody_gives_up_while_the_server_takes_something(guard, writer, server, monkeypatch):
    """With 200 bytes each, eight threads filled all room at once, and a busy 0.9.19 took a hundred packets a second."""
    look_again_after(0.01, monkeypatch)
    push(guard, "a")
    writer.flush()
    assert server.link.sent
    assert not writer.wait_for_room(guard.room.sleeper(), time.monotonic() - 2 * WRITE_TIMEOUT)


def test_heartbeats_make_no_room(guard, writer, server):
    with guard.open() as protocol:
        protocol.outbox.push_urgent("2::")
    writer.flush()
    assert server.link.sent == ["2::"]
    with pytest.raises(BufferFull):
        writer.wait_for_room(guard.room.sleeper(), time.monotonic() - 2 * WRITE_TIMEOUT)


# Several threads


@pytest.fixture
def stuck(guard, writer, server):
    """A thread whose write of an event is stuck."""
    push(guard, "stuck")
    server.link.may_send.clear()
    task = Task(writer.flush)
    happened(server.link.is_sending)
    yield task
    server.link.may_send.set()
    task.result()


def test_who_cannot_write_in_time_leaves_it_to_who_writes(guard, writer, server, stuck):
    push(guard, "a")
    writer.flush(0.01)
    assert server.link.sent == []
    server.link.may_send.set()
    stuck.result()
    assert server.link.sent == [on_wire("stuck"), on_wire("a")]


@pytest.mark.parametrize("thread", ["listener", "heartbeat"])
def test_our_threads_do_not_wait_for_who_writes(thread, guard, writer, server, stuck):
    push(guard, "a")
    if thread == "listener":
        guard.reader = threading.get_ident()
    writer.flush(NEVER, keeps_time=thread == "heartbeat")
    assert server.link.sent == []


def test_who_waits_writes_when_it_is_its_turn(guard, writer, server, stuck):
    push(guard, "a")
    waiting = Task(writer.flush)
    waiting.wait_until_blocked()
    server.link.may_send.set()
    waiting.result()
    stuck.result()
    assert server.link.sent == [on_wire("stuck"), on_wire("a")]


def test_frames_are_kept_if_another_transport_has_come(guard, writer, server, monkeypatch):
    """F57: taken for one transport while another is there, they are written on neither."""
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    first = guard.transport
    second = open_guard(server).transport

    def replace(method):
        if method == "prepare":
            guard.transport = second

    first.fault = replace
    push(guard, "a")
    writer.flush(keeps_time=True)
    assert first.sent == second.sent == []
    writer.flush(keeps_time=True)
    assert second.sent == [on_wire("a")]
    assert first.sent == []


def test_loss_of_a_transport_of_before_is_no_loss(guard, writer, server, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    first = guard.transport
    second = open_guard(server).transport

    def replace(method):
        if method == "prepare":
            guard.transport = second
            raise ConnectionLost("broken")

    first.fault = replace
    push(guard, "a")
    writer.flush(keeps_time=True)
    assert not reasons(guard)
    writer.flush(keeps_time=True)
    assert second.sent == [on_wire("a")]


# What a transport raises


class Odd(Exception):
    """An exception of nobody's."""


class OddBase(BaseException):
    """One that is past most guards."""


PROBLEMS = [ConnectionLost("why"), ValueError("why"), OverflowError("why"), Odd("why"), OSError(32, "why")]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("method", ["send", "prepare", "finish"])
def test_whatever_a_write_raises_is_a_loss(method, problem, guard, writer, server, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "prepares", True)

    def fail(name):
        if name == method:
            raise problem

    if method != "finish":
        push(guard, "a")
    else:
        server.link.is_busy = True
    server.fault = fail
    writer.flush(keeps_time=True)
    assert len(reasons(guard)) == 1
    assert "why" in reasons(guard)[0]
    assert server.link.aborted


def raise_it(problem):
    def fail(method):
        raise problem

    return fail


def test_interrupted_write_is_a_loss_and_passed_on(guard, writer, server):
    push(guard, "half")
    server.link.fault = lambda method: raise_it(KeyboardInterrupt())(method) if method == "send" else None
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    assert reasons(guard) == ["KeyboardInterrupt: a write was interrupted"]
    assert writer.corked_until <= time.monotonic()  # whoever relied on this thread has the heartbeat thread
    guard.transport = open_guard(server).transport
    Task(writer.flush).result()  # the lock is free


def test_what_is_past_most_guards_does_not_end_our_threads(guard, writer, server):
    guard.keeper = threading.get_ident()
    push(guard, "a")
    server.link.fault = lambda method: raise_it(OddBase("why"))(method) if method == "send" else None
    writer.flush(keeps_time=True)
    assert reasons(guard) == ["OddBase: why"]


@pytest.mark.parametrize("problem", [*PROBLEMS, KeyboardInterrupt("why")], ids=lambda problem: type(problem).__name__)
def test_transport_that_cannot_say_whether_it_is_busy_is_lost(problem, guard, writer, monkeypatch):
    push(guard, "a")
    monkeypatch.setattr(MemoryTransport, "is_busy", property(lambda transport: raise_it(problem)("")))
    if isinstance(problem, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            writer.flush()
    else:
        writer.flush()
    assert len(reasons(guard)) == 1
    assert "why" in reasons(guard)[0]


# The log


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_what_is_written_is_shown_at_debug(level, guard, writer, server, caplog):
    caplog.set_level(level, "sioclient")
    push(guard, "a", "b")
    writer.flush()
    guard.end()
    writer.close(server.link)
    shown = [f"> {on_wire('a')}", f"> {on_wire('b')}", "> 0::"]
    assert [text for text in caplog.messages if text.startswith(">")] == (shown if level == logging.DEBUG else [])


# Cork


def test_packet_that_may_wait_is_corked(guard, writer):
    guard.asleep_until, sleeper = inf, guard.alarm.sleeper()
    writer.cork(Verdict.DROPPED)
    assert writer.corked_until == inf
    writer.cork(Verdict.MORE)
    since = writer.corked_until
    assert since <= time.monotonic() + module.CORK_TIME
    assert sleeper.acquire(blocking=False)
    writer.cork(Verdict.MORE)
    assert writer.corked_until == since


def test_uncork_writes_what_was_corked(guard, writer, server):
    push(guard, "a")
    writer.uncork()
    assert server.link.sent == []
    writer.cork(Verdict.MORE)
    writer.uncork()
    assert server.link.sent == [on_wire("a")]
    assert writer.corked_until == inf


# The end of a session


def test_last_frames_are_written_and_their_response_awaited(guard, writer, server, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    guard.end()
    called = []
    server.fault = called.append
    writer.close(server.link)
    assert server.link.sent == ["0::"]
    assert called == ["prepare", "send", "finish"]
    assert (guard.transport, guard.transport_name, guard.session_id) == (None, None, None)


def test_response_to_what_another_thread_wrote_is_awaited(guard, writer, server):
    called = []
    server.fault = called.append
    writer.close(server.link)
    assert called == []
    guard.leaving = True
    writer.close(server.link)
    assert called == ["finish"]


def fenced(guard, count):
    """Have so many packets wait on a session with a fence, and the connection end."""
    with guard.open() as protocol:
        protocol.lifecycle.fence = protocol.session.fence = fence.Fence(Reading())
    push(guard, *["x"] * count)
    guard.end()


def test_last_packets_leave_as_the_server_acknowledges_them(guard, writer, server, monkeypatch):
    def acknowledge(link, frame):
        if frame.startswith("8:"):
            link.incoming.put(f"6:::{frame.split(':')[1]}")

    monkeypatch.setattr(server, "reply", acknowledge)
    fenced(guard, 500)
    writer.close(server.link)
    assert [frame for frame in server.link.sent if not frame.startswith("8:")] == [on_wire("x")] * 500 + ["0::"]
    assert server.link.writes > 3


def test_last_packets_are_not_waited_for_for_ever(guard, writer, server, monkeypatch):
    monkeypatch.setattr(module, "WRITE_TIMEOUT", 0.05)
    fenced(guard, 1000)
    writer.close(server.link)
    assert server.link.sent
    assert "0::" not in server.link.sent
    assert guard.transport is None


def test_last_frames_stay_unwritten_on_a_busy_transport(guard, writer, server, slow_responses):
    guard.end()
    server.link.is_busy = True
    server.link.responses.clear()
    writer.close(server.link)
    assert server.link.sent == []


@pytest.mark.parametrize("problem", [*PROBLEMS, OddBase("why")], ids=lambda problem: type(problem).__name__)
def test_whatever_the_last_write_raises_ends_nothing_else(problem, guard, writer, server):
    guard.end()
    server.fault = raise_it(problem)
    writer.close(server.link)
    assert guard.transport is None


# With the threads of a connection


@pytest.fixture
def impatient():
    """Let the interpreter change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_that_emit_at_once_each_keep_their_order(connection, server, impatient):
    connection.open()
    tasks = [
        Task(lambda name: [connection.send(event(name, number)) for number in range(300)], f"t{whose}")
        for whose in range(8)
    ]
    for task in tasks:
        task.result()
    assert len(server.link.sent) == 2400
    for whose in range(8):
        mine = [frame for frame in server.link.sent if f'"t{whose}"' in frame]
        assert mine == [on_wire(f"t{whose}", number) for number in range(300)]


def test_fence_that_is_never_acknowledged_opens_in_time(connection, server, notices, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr(fence, "PATIENCE", 0.05)
    connection.open()
    eventually(lambda: notices.of(Connected))
    for number in range(fence.MOST_IN_FLIGHT + 60):  # fewer wait than would keep an emitting thread from going on
        connection.send(event("n", number))
    # No other deadline comes before the patience of this test is over.
    eventually(lambda: sum(frame.startswith("5:::") for frame in server.link.sent) == fence.MOST_IN_FLIGHT + 60)


@pytest.fixture
def posting(connection, server, slow_responses):
    """An open connection whose writes wait for responses that do not come."""
    connection.open()
    server.link.responses.clear()
    yield
    server.link.responses.set()  # or the end of the other fixture would wait for it


@pytest.mark.usefixtures("posting")
def test_packets_follow_when_the_response_comes(connection, server):
    for number in range(3):
        Task(connection.send, event("n", number)).result()
    assert server.link.sent == [on_wire("n", 0)]
    server.link.responses.set()
    eventually(lambda: len(server.link.sent) == 3)
    assert server.link.sent == [on_wire("n", number) for number in range(3)]


@pytest.mark.usefixtures("posting")
def test_packets_sent_meanwhile_leave_together(connection, server):
    for number in range(20):
        connection.send(event("n", number))
    assert server.link.sent == [on_wire("n", 0)]
    server.link.responses.set()
    eventually(lambda: len(server.link.sent) == 20)
    assert server.link.writes == 2


@pytest.mark.usefixtures("posting")
def test_failure_of_a_post_that_nobody_waits_for_is_noticed(connection, server, notices):
    first = server.link
    Task(connection.send, event("written")).result()
    Task(connection.send, event("neverwritten")).result()
    first.abort()
    eventually(lambda: notices.of(Reconnected))
    eventually(lambda: server.link.sent == [on_wire("neverwritten")])
    assert first.sent == [on_wire("written")]


@pytest.mark.usefixtures("posting")
def test_time_goes_on_while_a_response_is_awaited(connection, server, notices):
    connection.send(event("x", id=connection.new_id("")), None, notices, 0.05)
    eventually(lambda: notices.of(Unacknowledged))
    assert not server.link.responses.is_set()


@pytest.mark.usefixtures("posting")
def test_disconnect_does_not_wait_for_a_response(connection, server, notices):
    Task(connection.send, event("x")).result()
    Task(connection.disconnect).result()
    assert notices.of(Ended)
    assert server.link.closed


def test_disconnect_waits_for_the_response_to_its_packet(connection, server, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    connection.open()
    server.link.responses.clear()
    leaving = Task(connection.disconnect)
    eventually(lambda: server.link.sent == ["0::"])
    leaving.wait_until_blocked()
    assert not server.link.closed
    server.link.responses.set()
    leaving.result()
    assert server.link.closed


def test_disconnect_over_a_broken_transport_tries_few_times(connection, server, notices, slow_responses):
    connection.open()
    tries = []

    def fail(method):
        if method == "prepare":
            tries.append(method)
            raise ConnectionLost("broken, which nobody has noticed yet")

    server.fault = fail
    Task(connection.disconnect).result()
    assert notices.of(Ended)
    assert server.link.closed
    assert 0 < len(tries) < 10


def test_connection_comes_back_after_an_interrupted_write(connection, server, notices):
    connection.open()
    first = server.link
    first.fault = lambda method: raise_it(KeyboardInterrupt())(method) if method == "send" else None
    with pytest.raises(KeyboardInterrupt):
        connection.send(event("half"))
    eventually(lambda: len(server.transports) == 2 and connection.connected)
    assert first.aborted
    assert "a write was interrupted" in notices.of(TransportClosed)[0].reason
    connection.send(event("whole"))
    eventually(lambda: server.link.sent == [on_wire("whole")])


def test_failed_write_is_a_loss_and_no_exception(connection, server, notices):
    connection.open()
    first = server.link
    first.aborted = True
    connection.send(event("lost"))
    eventually(lambda: notices.of(Reconnected))
    assert first.closed
    assert notices.of(TransportClosed)[0].reason == "broken"
    assert server.link.sent == []


def test_accepted_packets_go_out_before_the_last_one(connection, server):
    connection.open()
    link = server.link
    link.may_send.clear()
    tasks = [Task(connection.send, event("first"))]
    happened(link.is_sending)
    tasks.append(Task(connection.send, event("second")))
    tasks[1].wait_until_blocked()
    tasks.append(Task(connection.disconnect))
    eventually(lambda: not connection.connected)
    link.may_send.set()
    for task in tasks:
        task.result()
    assert link.sent == [on_wire("first"), on_wire("second"), "0::"]


# What handlers send while more of them are about to run leaves together


@pytest.fixture
def long_cork(monkeypatch):
    monkeypatch.setattr(module, "CORK_TIME", NEVER)


def test_packets_of_handlers_leave_in_one_write(connection, server, notices, long_cork):
    notices.react = lambda notice: connection.send(event("re", notice.data)) if isinstance(notice, Message) else None
    connection.open()
    server.push_at_once(*[f"3:::{number}" for number in range(20)])
    eventually(lambda: len(server.link.sent) == 20)
    assert server.link.sent == [f'5:::{{"name":"re","args":["{number}"]}}' for number in range(20)]
    assert server.link.writes == 1


def test_fiftieth_packet_uncorks(connection, server, notices, long_cork):
    counts, go = [], threading.Event()

    def react(notice):
        if isinstance(notice, Message) and not counts:
            for number in range(60):
                connection.send(event("re", number))
                counts.append(len(server.link.sent))
            happened(go)

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    eventually(lambda: len(counts) == 60)
    assert counts[48:51] == [0, 50, 50]
    assert counts[59] == 50
    go.set()
    eventually(lambda: len(server.link.sent) == 60)


def test_another_thread_takes_along_what_a_handler_sent(connection, server, notices, long_cork):
    waits, go = threading.Event(), threading.Event()

    def react(notice):
        if isinstance(notice, Message) and notice.data == "first":
            connection.send(event("a"))
            waits.set()
            happened(go)

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    happened(waits)
    assert server.link.sent == []
    connection.send(event("b"))
    assert server.link.sent == [on_wire("a"), on_wire("b")]
    go.set()


def test_handler_that_calls_sends_before_it_waits(connection, server, notices, long_cork):
    results = []

    def react(notice):
        if isinstance(notice, Message) and notice.data == "first":
            connection.send(event("a"))
            results.append(connection.call(event("b", id=7), None, PATIENCE))

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    eventually(lambda: server.link.sent == [on_wire("a"), '5:7+::{"name":"b"}'])
    server.push("6:::7+[1]")
    eventually(lambda: results == [[1]])


@pytest.fixture
def at_work(connection, server, notices, monkeypatch):
    """Return the id of the fence that is owed by the server of a connection, which has acknowledged one before."""
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    connection.open()
    eventually(lambda: notices.of(Connected))
    for number in range(2):
        sent = len(server.link.sent)
        while not any(frame.startswith("8:") for frame in server.link.sent[sent:]):
            connection.send(event("n"))
        (fence_sent,) = (frame for frame in server.link.sent[sent:] if frame.startswith("8:"))
        if number == 0:
            server.push(f"6:::{fence_sent.split(':')[1]}", "3:::read")
            eventually(lambda: notices.of(Message))
    del server.link.sent[:]
    return fence_sent.split(":")[1]


@pytest.mark.usefixtures("long_cork")
def test_packets_wait_a_moment_for_a_server_at_work(connection, server, at_work, monkeypatch):
    monkeypatch.setattr(fence, "SLOW_PACE", NEVER)
    connection.send(event("a"))
    assert on_wire("a") not in server.link.sent
    server.push(f"6:::{at_work}")
    eventually(lambda: server.link.sent[-1:] == [on_wire("a")])


@pytest.mark.usefixtures("at_work")
def test_packets_leave_after_that_moment_by_themselves(connection, server):
    for number in range(3):
        connection.send(event("n", number))
        eventually(lambda: on_wire("n", number) in server.link.sent)  # noqa: B023 - it is called at once


@pytest.mark.usefixtures("at_work", "long_cork")
def test_packets_that_wait_a_moment_leave_before_the_end(connection, server):
    connection.send(event("a"))
    connection.disconnect()
    assert server.link.sent[-2:] == [on_wire("a"), "0::"]
