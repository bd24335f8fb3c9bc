"""What other threads ask of a connection, over a server in memory."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import weakref
from dataclasses import replace

import pytest

from sioclient.address import parse_address
from sioclient.errors import (
    AckTimeout,
    BufferFull,
    ConnectionLost,
    LocalProtocolError,
    NotConnected,
)
from sioclient.options import Options
from sioclient.protocol import fence
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.notices import Connected, Ended, JoinFailed, TransportClosed
from sioclient.protocol.outbox import MOST_QUEUED, Outbox
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import any_revision, revision1, revision5
from sioclient.threads import connection as module
from sioclient.threads import process
from sioclient.threads.connection import make_connection as make_real_connection
from tests.interrupts import Interrupt
from tests.memory import (
    NEVER,
    MemoryServer,
    MemoryTransport,
    Notices,
    in_handler,
    join,
    look_again_after,
    make_connection,
    refuse,
    until_aborted,
)
from tests.servers_py import Task
from tests.waiting import PATIENCE, ended, eventually, happened, joined

pytestmark = pytest.mark.usefixtures("no_thread_left")


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


def ask(connection):
    return event("ask", id=connection.new_id(""))


# From open to the end


def test_connection_is_open_from_connecting_to_the_end(connection, notices):
    assert not connection.is_open
    assert (connection.revision, connection.transport_name, connection.session_id) == (1, None, None)
    connection.open()
    assert connection.is_open
    assert connection.connected
    assert (connection.revision, connection.transport_name, connection.session_id) == (1, "memory", "id")
    endpoint = connection.default_endpoint(weakref.ref(notices))
    assert endpoint.state is Joining.OPEN
    assert connection.joins.wants(endpoint)
    connection.disconnect()
    assert not connection.is_open
    assert not connection.joins.wants(endpoint)


def test_connected_is_said_once(connection, server, notices):
    connection.open()
    server.push("1::", "3:::x")
    eventually(lambda: notices.of(Message))
    assert len(notices.of(Connected)) == 1


def test_open_raises_why_there_is_no_connection(server, notices):
    server.plan.append(refuse)
    connection = make_connection(server, notices)
    with pytest.raises(ConnectionError, match="refused"):
        connection.open()
    assert not connection.is_open


def test_open_does_nothing_while_the_connection_is_open(connection, server):
    assert connection.open()
    assert connection.open()
    assert connection.connected
    assert server.attempts == 1


def test_open_need_not_wait(server, notices):
    may_connect = threading.Event()
    server.plan.append(lambda attempt: happened(may_connect))
    connection = make_connection(server, notices)
    assert connection.open(wait=False)
    connection.send(event("x"))
    joined = connection.joins.ask("/chat", "", None, weakref.ref(notices))
    waiting = Task(connection.open)
    waiting.wait_until_blocked()
    may_connect.set()
    assert waiting.result()
    server.push("1::/chat")
    eventually(lambda: joined.state is Joining.OPEN)
    eventually(lambda: server.link.sent == ["1::/chat", '5:::{"name":"x"}'])
    connection.disconnect()


def test_first_connection_that_fails_is_told_if_nobody_waits(server, notices):
    server.plan.append(refuse)
    connection = make_connection(server, notices)
    connection.open(wait=False)
    with pytest.raises(ConnectionError, match="refused"):
        connection.wait(None)
    assert [str(notice.error) for notice in notices.of(JoinFailed)] == ["refused"]


def test_interrupt_of_who_waits_too_ends_nothing(connection, server, monkeypatch):
    may_connect = threading.Event()
    server.plan.append(lambda attempt: happened(may_connect))
    connection.open(wait=False)
    with monkeypatch.context() as patch:
        interrupt_waiting(connection, patch)
        with pytest.raises(KeyboardInterrupt):
            connection.open()
    may_connect.set()
    assert connection.open()
    assert connection.connected


def test_another_connection_comes_in_the_place_of_one_that_has_ended(connection, server, notices):
    made = []

    def make(before):
        assert before is connection
        made.append(make_connection(server, notices))
        return made[-1]

    connection.open()
    assert not connection.has_ended
    assert connection.follow(make) is connection
    connection.disconnect()
    assert (connection.has_ended, connection.is_over) == (True, True)
    assert not connection.open()
    assert connection.follow(make) is connection.follow(make) is made[0]
    made[0].open()
    assert made[0].connected
    made[0].disconnect()


def test_functions_of_the_connection_before_run_first(connection, server, notices):
    order, go_on, begun, second = [], threading.Event(), threading.Event(), Notices()
    made = make_connection(server, second, connect_timeout=NEVER)

    def react(notice):
        order.append(("first", type(notice)))
        if isinstance(notice, Message):
            begun.set()
            connection.disconnect()
            made.come_after(connection)
            assert made.open()  # it does not wait
            with pytest.raises(NotConnected, match="after this handler"):
                made.call(ask(made), None, None)
            with pytest.raises(LocalProtocolError, match="in a handler"):
                made.wait(None)
            happened(go_on)

    notices.react = react
    second.react = lambda notice: order.append(("second", type(notice)))
    connection.open()
    server.push("3:::go")
    happened(begun)
    opening = Task(made.open)
    opening.wait_until_blocked()
    assert server.attempts == 1
    go_on.set()
    opening.result()
    eventually(lambda: ("second", Connected) in order)
    assert [whose for whose, _ in order] == sorted(whose for whose, _ in order)
    assert ("first", Ended) in order
    made.disconnect()


def test_disconnect_aborts_an_attempt(server, notices):
    connection = make_connection(server, notices)
    connection.open()
    server.plan.append(until_aborted)
    server.push(ConnectionLost("cut"))
    eventually(lambda: server.attempts == 2)
    connection.disconnect()
    assert not connection.is_open


def test_disconnect_aborts_a_write_that_is_stuck(connection, server, monkeypatch):
    monkeypatch.setattr(module, "DISCONNECT_TIMEOUT", 0.05)
    connection.open()
    link = server.link
    link.may_send.clear()
    writing = Task(connection.send, event("stuck"))
    happened(link.is_sending)
    connection.disconnect()
    writing.result()
    assert link.aborted


def test_disconnect_in_a_handler_returns_at_once(connection, server, notices):
    results = in_handler(notices, connection.disconnect)
    connection.open()
    server.push("3:::go")
    ended(connection)
    assert results == [None]


def test_handler_that_blocks_outlives_disconnect(connection, server, notices, monkeypatch):
    monkeypatch.setattr(module, "DISCONNECT_TIMEOUT", 0.01)
    monkeypatch.setattr(process, "_ABORT_TIMEOUT", 0.01)
    runs, go = threading.Event(), threading.Event()
    in_handler(notices, lambda: (runs.set(), happened(go)))
    connection.open()
    server.push("3:::go")
    happened(runs)
    connection.disconnect()
    waiting = Task(connection.wait, None)
    waiting.wait_until_blocked()
    go.set()
    waiting.result()


def test_begin_disconnect_does_not_wait_for_a_handler(connection, server, notices):
    seen, go = [], threading.Event()

    def react(notice):
        if isinstance(notice, Message):
            happened(go)

    notices.react = react
    connection.open()
    server.push("3:::go")
    eventually(lambda: notices.of(Message))
    connection.begin_disconnect()
    seen.append(connection.is_open)
    go.set()
    ended(connection)
    assert seen == [False]


def test_disconnect_before_open_is_the_end(connection):
    connection.disconnect()
    assert not connection.is_open
    ended(connection)


@pytest.mark.parametrize("started", [0, 1])
def test_disconnect_while_open_starts_threads(started, server, notices, monkeypatch):
    """Python knows a thread before anybody may wait for its end."""
    connection, starts = make_connection(server, notices), []
    start = threading.Thread.start

    def start_slowly(thread):
        if not thread.name.startswith("sioclient"):
            return start(thread)
        if len(starts) == started:
            Task(connection.disconnect).result()
        starts.append(thread.name)
        return start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    connection.open()
    Task(connection.wait, None).result()
    assert not connection.is_open
    assert len(starts) == 2  # and they end: see no_thread_left


def test_thread_that_cannot_be_started_is_the_end(server, notices, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    connection = make_connection(server, notices)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="new thread"):
            connection.open()
    assert not connection.is_open
    Task(connection.wait, None).result()


# A connection that nobody holds


def test_abandoned_connection_ends_by_itself(connection, caplog):
    caplog.set_level(logging.WARNING, "sioclient")
    connection.open()
    connection.abandon("nobody holds it")
    ended(connection)
    assert not connection.is_open
    assert caplog.messages == ["nobody holds it"]


def test_abandoned_connection_ends_although_its_transport_raises(connection, server):
    connection.open()
    server.fault = lambda method: 1 / 0 if method == "wake" else None
    connection.abandon("nobody holds it")
    server.push("3:::x")
    ended(connection)
    assert not connection.is_open


def test_connection_abandoned_before_it_begins_ends_as_soon(connection):
    connection.abandon("nobody holds it")
    connection.open()
    ended(connection)
    assert not connection.is_open


def test_connection_is_unusable_once_it_was_forgotten(server, notices):
    connection = make_connection(server, notices)
    connection.forget()
    with pytest.raises(RuntimeError, match="make a new SocketIO"):
        connection.open()


def test_real_connection_has_an_address_and_is_not_open():
    address = parse_address("127.0.0.1", 1, None, "socket.io")
    connection = make_real_connection(address, Options(transports=("xhr-polling",)), revision1())
    assert connection.address == str(address)
    assert not connection.is_open


# Calls


def test_call_returns_the_acknowledgement(connection, server):
    server.replies["5:1+"] = ['6:::1+["a","b"]']
    connection.open()
    assert connection.call(ask(connection), None, None) == ["a", "b"]


def test_call_fails_when_its_time_is_over(connection):
    connection.open()
    with pytest.raises(AckTimeout):
        connection.call(ask(connection), None, 0.05)


def test_number_as_a_name_is_shown_as_text(connection):
    packet = Event(5, [], "", 1, True)
    connection.open()
    with pytest.raises(AckTimeout, match="acknowledgement of '5'"):
        connection.call(packet, None, 0.01)


def test_call_fails_when_the_connection_is_lost(connection, server):
    server.replies["5:1+"] = [ConnectionLost("cut")]
    connection.open()
    with pytest.raises(ConnectionLost, match="cut"):
        connection.call(ask(connection), None, PATIENCE)


def test_call_in_a_handler_reads_on(connection, server, notices):
    server.replies["5:1+"] = ['6:::1+["now"]']
    results = in_handler(notices, lambda: connection.call(ask(connection), None, PATIENCE))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert results == [["now"]]


def test_only_who_reads_next_looks_for_the_acknowledgement(connection, server, notices, monkeypatch):
    hastened = []
    monkeypatch.setattr(MemoryTransport, "hasten", lambda transport: hastened.append(threading.get_ident()))
    server.replies["5:1+"] = server.replies["5:2+"] = []
    sends = lambda: connection.send(ask(connection), None, object(), None) or threading.get_ident()  # noqa: E731
    results = in_handler(notices, sends)
    connection.open()
    connection.send(event("none"), None)
    sends()
    assert not hastened
    server.push("3:::go")
    eventually(lambda: results)
    assert hastened == results


def test_call_in_a_handler_gives_up_when_too_much_else_comes(connection, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.listener.MOST_DEFERRED", 1)
    results = in_handler(notices, lambda: connection.call(ask(connection), None, PATIENCE) if not results else 0)
    connection.open()
    server.push("3:::go", "3:::next")
    eventually(lambda: len(results) == 2)
    assert isinstance(results[0], AckTimeout)


def test_call_in_a_handler_while_the_connection_is_away(connection, server, notices):
    results = []

    def react(notice):
        if isinstance(notice, TransportClosed) and not results:
            with pytest.raises(NotConnected, match="after this handler"):
                connection.call(ask(connection), None, PATIENCE)
            results.append(1)

    notices.react = react
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: results)


def test_call_that_nobody_can_settle_fails(connection, server, monkeypatch):
    """Ctrl-C in another thread's disconnect() may have taken away the notice that the call is over."""
    look_again_after(0.05, monkeypatch)
    connection.open()
    calling = Task(connection.call, ask(connection), None, None)
    eventually(lambda: server.link.sent)
    monkeypatch.setattr("sioclient.protocol.membership.Membership.fail_acks", lambda *args: None)
    connection.disconnect()
    with pytest.raises(ConnectionLost):
        calling.result()


# Acknowledgements


def test_acknowledgements_go_out_only_for_packets_that_ask(connection, server, notices):
    notices.react = lambda notice: isinstance(notice, Event) and connection.acknowledge(notice, [1])
    connection.open()
    server.push('5:3+::{"name":"x"}', '5:::{"name":"x"}', "3:::end")
    eventually(lambda: notices.of(Message))
    assert server.link.sent == ["6:::3+[1]"]


def test_acknowledgement_waits_for_those_of_the_next_handlers(connection, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.writer.CORK_TIME", NEVER)
    notices.react = lambda notice: isinstance(notice, Event) and connection.acknowledge(notice, [])
    connection.open()
    server.push_at_once('5:1+::{"name":"x"}', '5:2+::{"name":"x"}', '5:3+::{"name":"x"}')
    eventually(lambda: len(server.link.sent) == 3)
    assert server.link.writes == 1


# The end


def test_end_lets_whoever_waits_go(connection, server, notices):
    connection.open()
    tasks = [Task(join, connection, notices), Task(connection.call, ask(connection), None, None)]
    eventually(lambda: len(server.link.sent) == 2)
    connection.disconnect()
    for task, kind in zip(tasks, (NotConnected, ConnectionLost), strict=True):
        with pytest.raises(kind):
            task.result()


def test_nothing_is_said_in_an_unknown_revision(server, notices):
    connection = make_real_connection(parse_address("h", 80, None, "socket.io"), Options(), any_revision())
    assert connection.revision is None
    connection.acknowledge(event("x", id=1), [])  # it is for a server of before
    for verb in (
        lambda: connection.send(Message("x")),
        lambda: connection.joins.ask("/chat", "", None, weakref.ref(notices)),
    ):
        with pytest.raises(NotConnected, match=r"call open\(\)"):
            verb()


# Waiting


def test_wait_returns_after_its_time(connection):
    connection.open()
    connection.wait(0.01)
    assert connection.connected


def test_wait_says_who_ended_the_connection(connection, server):
    connection.open()
    assert connection.wait(0.01) is None
    server.push("0::")
    assert connection.wait(PATIENCE) == "server"
    assert connection.wait(None) == "server"


def test_wait_says_that_we_ended_the_connection(connection):
    connection.open()
    connection.disconnect()
    assert connection.wait(None) == "client"


def test_wait_before_open(connection):
    with pytest.raises(NotConnected, match=r"open\(\)"):
        connection.wait(None)


def test_wait_in_a_handler(connection, server, notices):
    results = in_handler(notices, lambda: connection.wait(None))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert isinstance(results[0], LocalProtocolError)


def test_thread_with_the_id_of_the_listener_may_wait(connection):
    """Ids are given again: such a thread was told that it was in a handler."""
    connection.open()
    connection.disconnect()
    for _ in range(10):
        Task(connection.wait, None).result()


def test_wait_raises_why_it_ended(server, notices):
    connection = make_connection(server, notices, max_reconnection_attempts=0)
    connection.open()
    server.push(ConnectionLost("cut"))
    with pytest.raises(ConnectionError, match="cut"):
        connection.wait(None)


# Too much to send


@pytest.fixture
def overfed(server, notices, monkeypatch):
    """Return a connection with room for one packet whose server ends it as its byte budget is spent, and a way back."""
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr("sioclient.protocol.fence.BYTE_BUDGET", 0)
    connection, way_back = make_connection(server, notices, buffer_size=1), threading.Event()
    connection.open()
    server.plan.append(lambda attempt: happened(way_back))
    yield connection, way_back
    way_back.set()
    connection.disconnect()


def test_who_sends_too_much_for_a_moment_waits(overfed, server, notices):
    connection, way_back = overfed
    server.push("0::")
    eventually(lambda: notices.of(TransportClosed))
    connection.send(event("a"))
    second = Task(connection.send, event("b"))
    second.wait_until_blocked()
    way_back.set()
    second.result()
    eventually(lambda: server.link.sent == ['5:::{"name":"a"}', '5:::{"name":"b"}'])


def test_handler_does_not_wait_for_what_only_its_thread_can_do(overfed, server, notices):
    connection, way_back = overfed
    raised = []

    def react(notice):
        if isinstance(notice, TransportClosed) and not raised:
            connection.send(event("a"))
            with pytest.raises(BufferFull, match="after this handler"):
                connection.send(event("b"))
            raised.append(1)
            way_back.set()

    notices.react = react
    server.push("0::")
    eventually(lambda: raised)


def test_who_waits_for_a_server_that_takes_nothing_gives_up(overfed, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.writer.WRITE_TIMEOUT", 0.05)
    connection, _ = overfed
    server.push("0::")
    eventually(lambda: notices.of(TransportClosed))
    connection.send(event("a"))
    with pytest.raises(BufferFull, match="taken nothing"):
        connection.send(event("b"))


@pytest.fixture
def _no_buffer(monkeypatch):
    """Let no more packets wait than may in any case."""
    monkeypatch.setattr(Outbox, "has_room", lambda outbox, encoded: False)


@pytest.fixture
def full(connection, server, _no_buffer):
    """Return what lets a write go on that is stuck, and behind which no more packets may wait."""
    connection.open()
    server.link.may_send.clear()
    tasks = [Task(connection.send, event("stuck"))]
    happened(server.link.is_sending)
    tasks += [Task(connection.send, event("n", number)) for number in range(MOST_QUEUED)]
    guard = connection._guard
    eventually(lambda: len(tasks) == MOST_QUEUED + 1 and _queued(guard) == MOST_QUEUED)
    yield server.link.may_send.set
    server.link.may_send.set()
    for task in tasks:
        task.result()


def _queued(guard):
    with guard.open() as protocol:
        return protocol.outbox.queued


def test_who_waited_for_room_has_a_right_to_it(connection, server, full):
    waiting = Task(connection.send, event("waits"))
    waiting.wait_until_blocked()
    connection._guard.room.wake()  # as when others were faster to fill the room that was made
    eventually(lambda: _queued(connection._guard) == MOST_QUEUED + 1)
    full()
    waiting.result()
    eventually(lambda: '5:::{"name":"waits"}' in server.link.sent)


def test_volatile_packets_do_not_wait(connection, server, full):
    connection.send(event("volatile"), volatile=True)
    full()
    eventually(lambda: len(server.link.sent) == MOST_QUEUED + 1)
    assert '5:::{"name":"volatile"}' not in server.link.sent


@pytest.mark.usefixtures("_no_buffer")
def test_handler_that_sends_more_than_the_server_has_read_reads_on(connection, server, notices, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr(fence, "PATIENCE", NEVER)
    results = in_handler(notices, lambda: [connection.send(event("n")) for _ in range(fence.MOST_IN_FLIGHT + 150)])
    connection.open()
    server.push("3:::go")
    eventually(lambda: connection._guard.room.sleepers)

    def acknowledge():
        last = [frame for frame in server.link.sent if frame.startswith("8:")][-1]
        server.push(f"6:::{last.split(':')[1]}")
        return results

    eventually(acknowledge)
    assert results == [[None] * (fence.MOST_IN_FLIGHT + 150)]


@pytest.mark.usefixtures("_no_buffer")
def test_handler_that_floods_waits_for_another_threads_write(connection, server, notices):
    emitted = []

    def flood(notice):
        if isinstance(notice, Message):
            for number in range(MOST_QUEUED + 20):
                connection.send(event("flood", number))
                emitted.append(number)

    notices.react = flood
    connection.open()
    server.link.may_send.clear()
    writing = Task(connection.send, event("stuck"))
    happened(server.link.is_sending)
    server.push("3:::go")
    eventually(lambda: connection._guard.room.sleepers)
    assert len(emitted) == MOST_QUEUED
    server.link.may_send.set()
    writing.result()
    eventually(lambda: len(server.link.sent) == MOST_QUEUED + 21)


# Another server comes


def test_packet_encoded_for_the_server_of_before_is_refused(server, notices):
    class Slow:
        """A JSON module that takes so long that another server is there when it is done."""

        loads = staticmethod(json.loads)

        def dumps(self, value):
            if value == ["slow"]:
                server.handshake = other
                server.push(ConnectionLost("cut"))
                eventually(lambda: connection.revision == 5 and connection.connected)
            return json.dumps(value)

    slow, fast = revision1(JsonText(Slow())), revision5()
    other = replace(server.handshake, opening=fast, dialect=fast.dialect)
    server.handshake = replace(server.handshake, opening=slow, dialect=slow.dialect)
    server.joins = False
    server.replies["40"] = ['40{"sid":"x"}']
    server.plan.append(lambda attempt: None)
    connection = make_connection(server, notices)
    opening = Task(connection.open)
    eventually(lambda: server.transports)
    server.push("1::")
    opening.result()
    with pytest.raises(ConnectionLost, match="another server"):
        connection.send(event("x", "slow"))
    assert server.link.sent == ["40"]
    connection.disconnect()


# Ctrl-C


@pytest.fixture
def interrupted(monkeypatch):
    """Interrupt a verb of a connection at its n-th place, and return the connection, its server and what it was told.

    An exception in an interrupted thread may leave out a wake-up, so those that wait look again soon.
    """
    look_again_after(0.2, monkeypatch)
    monkeypatch.setattr(module, "DISCONNECT_TIMEOUT", 1.0)
    monkeypatch.setattr(threading, "excepthook", lambda args: pytest.fail("a thread died"))

    def run(verb, number):
        server, notices = MemoryServer(), Notices()
        server.replies |= {"1::/chat": ["1::/chat"], "5:7+::": ["6:::7+[1]"]}
        connection = make_connection(server, notices)
        connection.open()
        interrupt = Interrupt(number)
        interrupt.run(lambda: verb(connection, notices))
        return interrupt.raised_at, connection, server, notices

    return run


@pytest.mark.parametrize("prepares", [False, True])
@pytest.mark.parametrize(
    "verb",
    [
        lambda connection, notices: connection.send(event("x")),
        lambda connection, notices: connection.send(event("x", id=5), None, notices, 100.0),
        join,
        lambda connection, notices: connection.joins.leave(join(connection, notices)),
        lambda connection, notices: connection.call(event("ask", id=7), None, PATIENCE),
        lambda connection, notices: connection.wait(0.01),
        lambda connection, notices: connection.disconnect(),
    ],
    ids=["emit", "emit with callback", "connect", "leave", "call", "wait", "disconnect"],
)
def test_ctrl_c_at_any_place_leaves_no_lock_taken(verb, prepares, interrupted, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "prepares", prepares)
    number = 0
    while True:
        raised_at, connection, server, notices = interrupted(verb, number)
        if connection.is_open:
            Task(connection.send, event("other")).result()
            eventually(lambda: '5:::{"name":"other"}' in server.link.sent, f"an emit after Ctrl-C at {raised_at}")  # noqa: B023
        Task(connection.disconnect).result()
        assert server.closed, raised_at
        assert server.link.sent.count("0::") <= 1
        assert isinstance(notices.all[-1], Ended)
        ended(connection)
        if raised_at is None:
            break
        number += 1
    assert number > 10  # so it did interrupt


def test_ctrl_c_at_any_place_of_open_leaves_no_thread(server, notices, monkeypatch):
    look_again_after(0.2, monkeypatch)
    number, raised_at = 0, True
    while raised_at is not None:
        connection = make_connection(server, notices)
        interrupt = Interrupt(number)
        interrupt.run(connection.open)
        Task(connection.disconnect).result()
        Task(connection.wait, None).result()
        assert not {thread.name for thread in threading.enumerate() if thread.name.startswith("sioclient-")}
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 10


@pytest.mark.skipif(os.name == "nt", reason="a signal does not interrupt the wait for a lock there")
def test_disconnect_after_an_interrupted_one_waits_for_the_threads(connection, server, notices):
    """Before Python 3.13, a Thread.join that Ctrl-C interrupts takes the thread for ended."""
    go_on, blocks, main = threading.Event(), threading.Event(), threading.current_thread().ident

    def block(notice):
        if isinstance(notice, Message):
            blocks.set()
            happened(go_on)

    def interrupt():
        eventually(lambda: sys._current_frames()[main].f_code.co_name == "wait_until", "the wait of disconnect")
        signal.pthread_kill(main, signal.SIGINT)

    notices.react = block
    connection.open()
    server.push("3:::block")
    happened(blocks)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            connection.disconnect()
    finally:
        joined(interrupting)
        signal.signal(signal.SIGINT, before)
    leaving = Task(connection.disconnect)
    leaving.wait_until_blocked()
    assert any(thread.name == "sioclient-listener" for thread in threading.enumerate())
    go_on.set()
    leaving.result()


def interrupt_waiting(connection, monkeypatch):
    """Interrupt this thread when it waits; test_programs has the real Ctrl-C."""
    wait_until, me = connection._guard.wait_until, threading.current_thread()

    def interrupt(*args):
        if threading.current_thread() is me:
            raise KeyboardInterrupt
        return wait_until(*args)

    monkeypatch.setattr(connection._guard, "wait_until", interrupt)


def test_interrupted_open_disconnects(server, notices, monkeypatch):
    connection = make_connection(server, notices)
    server.plan.append(until_aborted)

    interrupt_waiting(connection, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        connection.open()
    assert not connection.is_open


def test_call_ends_though_its_alarm_was_lost(connection, monkeypatch):
    """As when Ctrl-C strikes between the two steps of waking the thread that has time-outs happen."""
    monkeypatch.setattr(module, "SLICE", 0.05)
    connection.open()
    alarm, calls = connection._guard.alarm, []
    wake = alarm.wake

    def lose_the_first():
        calls.append(alarm)
        if len(calls) > 1:
            wake()

    eventually(lambda: alarm.sleepers, "the sleep of the heartbeat thread")
    monkeypatch.setattr(alarm, "wake", lose_the_first)
    with pytest.raises(AckTimeout):
        connection.call(ask(connection), None, 0.01)
    assert len(calls) > 1
