"""The two threads and the locks between them, over a server in memory."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from sioclient import threads
from sioclient.errors import ConnectError, ConnectionLost
from sioclient.protocol import fence
from sioclient.protocol.notices import (
    Connected,
    Disconnected,
    Ended,
    Reconnected,
    Retrying,
    TransportClosed,
    Unanswered,
)
from sioclient.protocol.packets import Event, Message
from tests.memory import MemoryServer, MemoryTransport, make_connection, refuse, until_aborted
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, happened, joined

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture
def impatient():
    """Let the interpreter change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


def test_notices_are_delivered_on_one_thread_in_order(connection, server, notices):
    threads = set()
    notices.react = lambda notice: threads.add(threading.current_thread().name)
    connection.open()
    server.push(*[f"3:::{number}" for number in range(100)])
    eventually(lambda: len(notices.of(Message)) == 100)
    assert [message.data for message in notices.of(Message)] == [str(number) for number in range(100)]
    assert threads == {"sioclient-listener"}


def test_what_the_server_says_before_it_ends_the_session_is_delivered(connection, server, notices):
    connection.open()
    server.push(["3:::goodbye", "0::", "3:::too late"])
    eventually(lambda: notices.of(Ended))
    assert [message.data for message in notices.of(Message)] == ["goodbye"]
    assert [type(notice) for notice in notices.all][-4:] == [Message, Disconnected, TransportClosed, Ended]


def test_frames_behind_a_fence_that_is_never_answered_go_when_its_time_is_over(
    connection, server, notices, monkeypatch
):
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr(fence, "PATIENCE", 0.05)
    connection.open()
    eventually(lambda: notices.of(Connected))
    for number in range(fence.MOST_UNPROVEN + 60):  # fewer wait than would keep an emitting thread from going on
        connection.send(event("n", number))
    # No other deadline comes before the patience of this test is over.
    eventually(lambda: sum(frame.startswith("5:::") for frame in server.link.sent) == fence.MOST_UNPROVEN + 60)


def test_threads_that_emit_at_once_each_keep_their_order(connection, server, impatient):
    connection.open()

    def work(whose):
        for number in range(300):
            connection.send(event(whose, number))

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    joined(*threads)
    assert len(server.link.sent) == 2400
    for number in range(8):
        mine = [frame for frame in server.link.sent if f'"t{number}"' in frame]
        assert mine == [f'5:::{{"name":"t{number}","args":[{count}]}}' for count in range(300)]


def test_the_listener_reads_on_while_another_thread_is_stuck_in_a_write(connection, server, notices):
    connection.open()
    server.link.may_send.clear()
    server.link.is_sending.clear()
    writer = threading.Thread(target=connection.send, args=(event("stuck"),))
    writer.start()
    happened(server.link.is_sending)
    server.push("2::", "3:::read all the same")
    eventually(lambda: notices.of(Message))
    server.link.may_send.set()
    joined(writer)
    eventually(lambda: server.link.sent == ['5:::{"name":"stuck"}', "2::"])


def test_a_handler_that_emits_too_much_waits_for_the_writer(connection, server, notices):
    emitted = []

    def flood(notice):
        if isinstance(notice, Message):
            for number in range(120):
                connection.send(event("flood", number))
                emitted.append(number)

    notices.react = flood
    connection.open()
    server.link.may_send.clear()
    server.link.is_sending.clear()
    writer = threading.Thread(target=connection.send, args=(event("stuck"),))
    writer.start()
    happened(server.link.is_sending)
    server.push("3:::go")
    eventually(lambda: connection._waiting_for_room)
    assert len(emitted) == 100
    server.link.may_send.set()
    joined(writer)
    eventually(lambda: len(server.link.sent) == 121)
    assert len(emitted) == 120


@pytest.fixture
def answered(connection, server, monkeypatch):
    """Have all that is sent answered by the server, but not soon; nobody is patient."""
    monkeypatch.setattr(MemoryTransport, "is_answered", True)
    monkeypatch.setattr(threads, "WRITE_TIMEOUT", 0.02)
    monkeypatch.setattr(threads, "_LOOK", 0.01)
    connection.open()
    server.link.answers.clear()
    yield
    server.link.answers.set()  # or the farewell of the other fixture would wait for it


@pytest.mark.usefixtures("answered")
def test_who_sends_does_not_wait_for_long_for_an_answer_and_the_rest_follows(connection, server):
    for number in range(3):
        Task(connection.send, event("n", number)).result()
    assert server.link.sent == ['5:::{"name":"n","args":[0]}']
    server.link.answers.set()
    eventually(lambda: len(server.link.sent) == 3)
    assert server.link.sent == [f'5:::{{"name":"n","args":[{number}]}}' for number in range(3)]


@pytest.mark.usefixtures("answered")
def test_what_nobody_waits_for_any_more_is_noticed_when_it_fails(connection, server, notices):
    first = server.link
    Task(connection.send, event("written")).result()
    Task(connection.send, event("never written")).result()
    first.abort()
    eventually(lambda: notices.of(Reconnected))
    eventually(lambda: server.link.sent == ['5:::{"name":"never written"}'])
    assert first.sent == ['5:::{"name":"written"}']


@pytest.mark.usefixtures("answered")
def test_time_goes_on_while_an_answer_is_awaited(connection, server, notices):
    connection.send(event("x", id=connection.new_id("")), "waiter", 0.05)
    eventually(lambda: notices.of(Unanswered))
    assert not server.link.answers.is_set()


@pytest.mark.usefixtures("answered")
def test_disconnecting_when_the_answer_cannot_come_any_more(connection, server, notices, monkeypatch):
    attempts = []

    def prepare(deadline):
        attempts.append(deadline)
        raise ConnectionLost("broken, which nobody has noticed yet")

    monkeypatch.setattr(server.link, "prepare", prepare)
    Task(connection.disconnect).result()
    assert notices.of(Ended)
    assert server.link.closed
    assert len(attempts) < 10


def test_the_farewell_is_answered_before_the_transport_is_closed(connection, server, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "is_answered", True)
    connection.open()
    server.link.answers.clear()
    leaving = Task(connection.disconnect)
    eventually(lambda: server.link.sent == ["0::"])
    leaving.wait_until_blocked()
    assert not server.link.closed
    server.link.answers.set()
    leaving.result()
    assert server.link.closed


def test_what_is_sent_while_an_answer_is_awaited_leaves_together(connection, server, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "is_answered", True)
    connection.open()
    server.link.answers.clear()
    for number in range(20):
        connection.send(event("n", number))
    assert server.link.sent == ['5:::{"name":"n","args":[0]}']
    server.link.answers.set()
    eventually(lambda: len(server.link.sent) == 20)
    assert server.link.writes == 2


@pytest.mark.usefixtures("answered")
def test_disconnecting_while_an_answer_is_awaited(connection, server, notices):
    Task(connection.send, event("x")).result()
    Task(connection.disconnect).result(expect=6)  # it gives up after five seconds
    assert notices.of(Ended)
    assert server.link.closed


def test_a_write_that_is_interrupted_is_a_lost_connection_too(connection, server, notices, monkeypatch):
    connection.open()
    first = server.link

    def interrupt(frames):
        raise KeyboardInterrupt

    # There is no other way to have a KeyboardInterrupt at just this place.
    monkeypatch.setattr(first, "send", interrupt)
    with pytest.raises(KeyboardInterrupt):
        connection.send(Event("half"))
    eventually(lambda: len(server.transports) == 2 and connection.connected)
    assert first.aborted
    assert "a write was interrupted" in [notice.reason for notice in notices.of(TransportClosed)]
    connection.send(Event("whole"))
    eventually(lambda: server.link.sent == ['5:::{"name":"whole"}'])


def test_an_interrupt_where_there_is_nothing_to_write_to_is_passed_on(connection, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(connection._protocol, "has_frames", lambda: True)
    monkeypatch.setattr(connection._protocol, "frames_to_send", interrupt)
    with pytest.raises(KeyboardInterrupt):
        connection._flush()
    monkeypatch.undo()
    assert not connection._send_lock.locked()


def test_a_write_that_fails_is_a_lost_connection_and_not_an_exception(connection, server, notices):
    connection.open()
    first = server.link
    first.aborted = True
    connection.send(event("lost"))
    eventually(lambda: notices.of(Reconnected))
    assert first.closed
    assert notices.of(TransportClosed)[0].reason == "broken"
    assert server.link.sent == []


def test_a_silent_server_is_given_up(notices):
    server = MemoryServer(heartbeat=0.01)
    connection = make_connection(server, notices)
    connection.open()
    first = server.link
    eventually(lambda: notices.of(Reconnected))
    assert first.aborted
    assert first.closed
    assert notices.of(Disconnected)[0].reason == "heartbeat timeout"
    connection.disconnect()


def test_beats_go_out_while_a_handler_runs_and_one_warning_names_it(notices, caplog):
    caplog.set_level(logging.WARNING, "sioclient")
    server = MemoryServer(heartbeat=0.02)
    connection = make_connection(server, notices)

    beats = []

    def wait_for_beats(notice):
        if isinstance(notice, Connected):
            beats.append(eventually(lambda: server.link.sent.count("2::") >= 3))

    notices.react = wait_for_beats
    connection.open()
    eventually(lambda: beats)
    connection.disconnect()
    # On a machine that is slow enough, other functions take as long.
    assert sum("'connected' has run" in record.getMessage() for record in caplog.records) == 1


def test_a_stuck_attempt_does_not_hold_open_up(server, notices):
    server.plan.append(until_aborted)
    connection = make_connection(server, notices, connect_timeout=0.05)
    with pytest.raises(ConnectError, match=r"within 0\.05 s: it did not answer"):
        connection.open()


def test_a_transport_that_comes_too_late_is_closed(server, notices):
    def come_late(attempt):
        happened(attempt.aborted)

    server.plan.append(come_late)
    connection = make_connection(server, notices, connect_timeout=0.05)
    with pytest.raises(ConnectError):
        connection.open()
    eventually(lambda: server.closed)
    # On a machine that is slow enough, the time was over before there was a transport.
    assert all(transport.closed for transport in server.transports)


def test_a_server_that_never_joins_us(server, notices):
    server.joins = False
    connection = make_connection(server, notices, connect_timeout=0.05)
    with pytest.raises(ConnectError, match="no connection within"):
        connection.open()
    eventually(lambda: server.closed)
    assert all(transport.closed for transport in server.transports)


def test_what_goes_wrong_in_an_option_is_a_connect_error(server, notices):
    def fail(attempt):
        raise KeyError("token")

    server.plan.append(fail)
    connection = make_connection(server, notices, wait_for_connection=True)
    with pytest.raises(ConnectError, match="KeyError: 'token'") as failed:
        connection.open()
    assert isinstance(failed.value.__cause__, KeyError)


def test_attempts_are_made_until_one_succeeds(server, notices):
    server.plan += [refuse, refuse]
    connection = make_connection(server, notices, wait_for_connection=True)
    connection.open()
    assert server.attempts == 3
    connection.disconnect()
    assert server.closed


def test_a_time_out_wakes_the_listener_to_report_it(connection, server, notices):
    connection.open()
    connection.send(event("x", id=connection.new_id("")), "waiter", 0.05)
    eventually(lambda: notices.of(Unanswered))
    assert notices.of(Unanswered)[0].waiter == "waiter"


def test_a_time_out_is_reported_while_the_connection_is_away(server, notices):
    connection = make_connection(server, notices)
    connection.open()
    server.plan.append(until_aborted)
    connection.send(event("x", id=connection.new_id("")), "lost")
    server.push(ConnectionLost("cut"))
    eventually(lambda: server.attempts == 2)
    connection.disconnect()
    assert [notice.waiter for notice in notices.of(Unanswered)] == ["lost"]


def test_a_time_out_is_reported_while_the_next_attempt_is_waited_for(server, notices):
    connection = make_connection(server, notices, delay=2 * PATIENCE)
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: notices.of(Retrying))
    connection.send(event("x", id=connection.new_id("")), "waiter", 0.01)
    eventually(lambda: notices.of(Unanswered))
    assert server.attempts == 1
    connection.disconnect()


def test_nothing_but_the_end_is_delivered_after_disconnect(connection, server, notices):
    held, go = threading.Event(), threading.Event()

    def hold(notice):
        if isinstance(notice, Message) and not held.is_set():
            held.set()
            happened(go)

    notices.react = hold
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    server.push("3:::third")
    happened(held)
    ending = threading.Thread(target=connection.disconnect)
    ending.start()
    eventually(lambda: not connection.connected)
    go.set()
    joined(ending)
    assert [message.data for message in notices.of(Message)] == ["first"]
    assert [type(notice) for notice in notices.all[-3:]] == [Disconnected, TransportClosed, Ended]
    assert server.link.sent == ["0::"]


def test_packets_that_were_accepted_go_out_before_the_farewell(connection, server):
    connection.open()
    server.link.may_send.clear()
    server.link.is_sending.clear()
    writer = threading.Thread(target=connection.send, args=(event("first"),))
    writer.start()
    happened(server.link.is_sending)
    second = threading.Thread(target=connection.send, args=(event("second"),))
    second.start()
    eventually(lambda: connection._protocol.has_frames())
    link = server.link
    ending = threading.Thread(target=connection.disconnect)
    ending.start()
    eventually(lambda: not connection.connected)
    link.may_send.set()
    joined(writer, second, ending)
    assert link.sent == ['5:::{"name":"first"}', '5:::{"name":"second"}', "0::"]


def test_the_listener_writes_the_farewell_if_the_heartbeat_thread_could_not(connection, server, notices):
    def leave(notice):
        if isinstance(notice, Message):
            with connection._send_lock:  # as whoever writes just now
                connection.disconnect()
                eventually(lambda: not connection._heartbeat.is_alive())

    notices.react = leave
    connection.open()
    server.push("3:::go")
    eventually(lambda: notices.of(Ended))
    assert server.link.sent == ["0::"]


def test_an_abandoned_connection_ends(connection, server, notices):
    connection.open()
    connection.abandon()
    eventually(lambda: notices.of(Ended))
    assert server.link.sent == ["0::"]


def test_an_abandoned_connection_does_not_come_back(server, notices):
    connection = make_connection(server, notices)
    connection.open()
    server.plan.append(refuse)
    notices.react = lambda notice: connection.abandon() if isinstance(notice, Disconnected) else None
    server.push(ConnectionLost("cut"))
    eventually(lambda: notices.of(Ended))
    assert not notices.of(Reconnected)


def test_an_attempt_that_fails_after_its_time_changes_nothing(server, notices):
    def fail_during_the_next(attempt):
        eventually(lambda: connection._protocol.attempt == 2)
        raise ConnectError("too late")

    server.plan.append(fail_during_the_next)
    connection = make_connection(server, notices, connect_timeout=0.05, wait_for_connection=True)
    connection.open()
    assert server.attempts == 2
    connection.disconnect()


# What handlers send while more of them are about to run leaves together


def test_what_handlers_send_leaves_in_one_write(connection, server, notices):
    notices.react = lambda notice: connection.send(event("re", notice.data)) if isinstance(notice, Message) else None
    connection.open()
    server.push_at_once(*[f"3:::{number}" for number in range(20)])
    eventually(lambda: len(server.link.sent) == 20)
    assert server.link.sent == [f'5:::{{"name":"re","args":["{number}"]}}' for number in range(20)]
    assert server.link.writes < 20


def test_fifty_frames_do_not_wait_for_the_last_handler(connection, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.CORK_TIME", 1000.0)
    written = []

    def react(notice):
        if isinstance(notice, Message):
            for number in range(60):
                connection.send(event("re", number))
                written.append(len(server.link.sent))

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    eventually(lambda: len(server.link.sent) == 120)
    assert written[:60] == [0] * 49 + [50] * 11


def test_what_a_handler_sent_does_not_wait_until_it_returns(connection, server, notices):
    go = threading.Event()

    def react(notice):
        if isinstance(notice, Message):
            connection.send(event("before a long wait", notice.data))
            happened(go)

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    eventually(lambda: server.link.sent == ['5:::{"name":"before a long wait","args":["first"]}'])
    go.set()
    eventually(lambda: len(server.link.sent) == 2)


def test_what_another_thread_sends_takes_along_what_a_handler_sent(connection, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.CORK_TIME", 1000.0)
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
    assert server.link.sent == ['5:::{"name":"a"}', '5:::{"name":"b"}']
    go.set()


def test_a_handler_that_calls_sends_before_it_waits(connection, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.CORK_TIME", 1000.0)
    answers = []

    def react(notice):
        if isinstance(notice, Message) and notice.data == "first":
            connection.send(event("a"))
            answers.append(connection.call(event("b", id=7), PATIENCE))

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    eventually(lambda: server.link.sent == ['5:::{"name":"a"}', '5:7+::{"name":"b"}'])
    server.push("6:::7+[1]")
    eventually(lambda: answers == [[1]])


def test_while_the_server_works_on_what_it_got_more_waits_a_moment(connection, server, monkeypatch):
    monkeypatch.setattr("sioclient.threads.CORK_TIME", 1000.0)
    connection.open()
    monkeypatch.setattr(connection._protocol, "is_busy", lambda: True)
    connection.send(event("a"))
    assert server.link.sent == []
    connection.send(event("b", id=1))  # somebody waits for the answer
    assert server.link.sent == ['5:::{"name":"a"}', '5:1+::{"name":"b"}']


def test_what_waits_a_moment_leaves_by_itself(connection, server, monkeypatch):
    connection.open()
    monkeypatch.setattr(connection._protocol, "is_busy", lambda: True)
    for number in range(3):
        connection.send(event("n", number))
        eventually(lambda: len(server.link.sent) == number + 1)  # noqa: B023 - it is called at once


def test_what_waits_a_moment_leaves_before_the_goodbye(connection, server, monkeypatch):
    monkeypatch.setattr("sioclient.threads.CORK_TIME", 1000.0)
    connection.open()
    monkeypatch.setattr(connection._protocol, "is_busy", lambda: True)
    connection.send(event("a"))
    connection.disconnect()
    assert server.link.sent == ['5:::{"name":"a"}', "0::"]
