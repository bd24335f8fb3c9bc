"""Thread 1: it connects, reads, runs functions, closes, and comes back."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import weakref
from contextlib import suppress
from dataclasses import replace

import pytest

from sioclient.errors import AckTimeout, ConnectError, ConnectionLost, NotConnected
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.notices import (
    Acknowledged,
    Connected,
    Disconnected,
    Ended,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unacknowledged,
)
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import Handshake, revision5
from sioclient.threads import listener as module
from tests.memory import NEVER, MemoryTransport, in_handler, make_connection, refuse, until_aborted
from tests.servers_py import Task
from tests.waiting import PATIENCE, ended, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


class OddBase(BaseException):
    """One that is past most guards."""


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


def texts(notices):
    return [message.data for message in notices.of(Message)]


# What arrives


def test_notices_are_delivered_on_one_thread_in_order(connection, server, notices):
    threads = set()
    notices.react = lambda notice: threads.add(threading.current_thread().name)
    connection.open()
    server.push(*[f"3:::{number}" for number in range(100)])
    eventually(lambda: len(notices.of(Message)) == 100)
    assert texts(notices) == [str(number) for number in range(100)]
    assert threads == {"sioclient-listener"}


def test_messages_before_the_end_of_the_session_are_delivered(connection, server, notices):
    connection.open()
    server.push(["3:::last", "0::", "3:::too late"])
    eventually(lambda: notices.of(Ended))
    assert texts(notices) == ["last"]
    assert [type(notice) for notice in notices.all][-4:] == [Message, Disconnected, TransportClosed, Ended]


def test_listener_reads_on_while_a_write_is_stuck(connection, server, notices):
    connection.open()
    server.link.may_send.clear()
    writing = Task(connection.send, event("stuck"))
    happened(server.link.is_sending)
    server.push("2::", "3:::read all the same")
    eventually(lambda: notices.of(Message))
    server.link.may_send.set()
    writing.result()
    eventually(lambda: server.link.sent == ['5:::{"name":"stuck"}', "2::"])


def test_only_the_end_is_delivered_after_disconnect(connection, server, notices):
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
    ending = Task(connection.disconnect)
    eventually(lambda: not connection.connected)
    go.set()
    ending.result()
    assert texts(notices) == ["first"]
    assert [type(notice) for notice in notices.all[-3:]] == [Disconnected, TransportClosed, Ended]
    assert server.link.sent == ["0::"]


def test_acknowledgement_goes_to_its_waiter(connection, server, notices):
    server.replies["5:1+"] = ["6:::1+[2]", "3:::next"]
    connection.open()
    connection.send(event("x", id=1), None, notices)
    eventually(lambda: notices.of(Message))
    assert [(notice.waiter, notice.args) for notice in notices.of(Acknowledged)] == [(notices, [2])]


def test_notice_for_nobody_is_dropped(connection, server, notices):
    class Owner:
        def deliver(self, notice):
            raise AssertionError("nobody holds this any more")

    server.replies["1::/gone"] = ["1::/gone", "3::/gone:for nobody", "3:::next"]
    connection.open()
    connection.joins.ask("/gone", "", None, weakref.ref(Owner()))
    eventually(lambda: texts(notices) == ["next"])


def test_owners_take_turns(connection, server, notices):
    others = type(notices)()
    server.replies["1::/chat"] = ["1::/chat"]
    connection.open()
    connection.joins.wait_for(connection.joins.ask("/chat", "", PATIENCE, weakref.ref(others)))
    server.push_at_once("3:::a", "3::/chat:b", "3::/chat:c", "3:::d")
    eventually(lambda: len(notices.of(Message)) == 2)
    assert (texts(notices), texts(others)) == (["a", "d"], ["b", "c"])


def test_what_is_read_is_shown_at_debug(connection, server, notices, caplog):
    caplog.set_level(logging.DEBUG, "sioclient")
    server.handshake = replace(server.handshake, frames=("3:::early",))
    connection.open()
    server.push("3:::late")
    eventually(lambda: "late" in texts(notices))
    assert [text for text in caplog.messages if text.startswith("<")] == ["< 3:::early", "< 1::", "< 3:::late"]


# What functions of the user raise


@pytest.mark.parametrize(
    "problem",
    [asyncio.CancelledError(), GeneratorExit(), KeyboardInterrupt(), SystemExit(3), OddBase(), ValueError()],
    ids=lambda problem: type(problem).__name__,
)
def test_function_that_raises_past_every_guard_ends_nothing(problem, connection, server, notices, caplog):
    def react(notice):
        if isinstance(notice, Message) and notice.data == "bad":
            raise problem

    notices.react = react
    connection.open()
    server.push_at_once("3:::bad", "3:::next")
    server.push("3:::after")
    eventually(lambda: texts(notices) == ["bad", "next", "after"])
    assert connection.connected
    assert [record.exc_info[1] for record in caplog.records if "a function for" in record.getMessage()] == [problem]


def test_logging_that_raises_ends_nothing(connection, server, notices, raising_log):
    def react(notice):
        raise KeyboardInterrupt

    notices.react = react
    connection.open()
    server.push("3:::one", "3:::two")
    eventually(lambda: texts(notices) == ["one", "two"])
    server.push(ConnectionLost("cut"))
    eventually(lambda: notices.of(Reconnected))


# What a transport raises


class Odd(Exception):
    """An exception of nobody's."""


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("method", ["recv", "send", "prepare", "finish", "wake", "abort", "close"])
@pytest.mark.parametrize("kind", [ConnectionLost, ValueError, OverflowError, Odd, OddBase])
def test_whatever_a_transport_raises_is_a_loss(kind, method, number, connection, server, notices, monkeypatch):
    """At each call of each method, on whatever thread; only an OddBase of a user's own write reaches that user."""
    monkeypatch.setattr(MemoryTransport, "prepares", True)
    calls, raised = [], []

    def fault(name):
        if name == method and not raised:
            calls.append(name)
            if len(calls) > number:
                raised.append(name)
                raise kind("the reason")

    def provoke():
        with suppress(OddBase):
            connection.send(event("x", id=connection.new_id("")), None, notices, 0.001)
        server.push(ConnectionLost("cut") if method in ("abort", "close") else "3:::x")
        return raised

    connection.open()
    server.fault = fault
    eventually(provoke)
    eventually(lambda: notices.of(Reconnected))
    reasons = [notice.reason for notice in notices.of(TransportClosed)]
    assert any("the reason" in reason for reason in reasons) or method in ("abort", "close")
    eventually(lambda: connection.connected)
    server.fault = lambda name: None
    eventually(lambda: server.push("3:::after") or "after" in texts(notices))
    Task(connection.disconnect).result()
    assert isinstance(notices.all[-1], Ended)
    assert notices.all[-1].error is None


@pytest.mark.parametrize("problem", [ValueError("x"), OddBase("x")], ids=["ValueError", "OddBase"])
def test_connector_that_raises_when_it_is_closed_ends_nothing(problem, connection, server, monkeypatch):
    def close():
        raise problem

    connection.open()
    monkeypatch.setattr(server, "close", close)
    Task(connection.disconnect).result()
    ended(connection)


# Errors of our own


def test_error_of_our_own_is_raised_by_wait(connection, server, notices, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    connection.open()
    # There is no other way to have an error in this package.
    monkeypatch.setattr("sioclient.protocol.receiver.Receiver.receive", lambda receiver, packets, now: 1 / 0)
    server.push("3:::x")
    with pytest.raises(ConnectError, match="ZeroDivisionError") as caught:
        ended(connection)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert not connection.is_open
    assert server.closed
    assert server.link.closed


# Attempts


def test_attempts_are_made_until_one_succeeds(server, notices):
    server.plan += [refuse, refuse]
    connection = make_connection(server, notices, wait_for_connection=True)
    connection.open()
    assert server.attempts == 3
    connection.disconnect()
    assert server.closed


def test_first_attempt_is_the_only_one(server, notices):
    server.plan.append(refuse)
    with pytest.raises(ConnectError, match="refused"):
        make_connection(server, notices).open()
    assert server.attempts == 1


@pytest.mark.parametrize("problem", [KeyError("token"), OddBase("token"), asyncio.CancelledError("token")])
def test_whatever_an_option_raises_is_a_connect_error(problem, server, notices):
    def fail(attempt):
        raise problem

    server.plan.append(fail)
    connection = make_connection(server, notices, wait_for_connection=True)
    with pytest.raises(ConnectError, match=f"{type(problem).__name__}: .?token") as failed:
        connection.open()
    assert failed.value.__cause__ is problem


def test_stuck_attempt_does_not_hold_open_up(server, notices):
    server.plan.append(until_aborted)
    connection = make_connection(server, notices, connect_timeout=0.05)
    with pytest.raises(ConnectError, match=r"within 0\.05 s"):
        connection.open()


def test_transport_that_comes_too_late_is_closed(server, notices):
    def come_late(attempt):
        happened(attempt.aborted)

    server.plan.append(come_late)
    server.fault = lambda method: 1 / 0 if method == "close" else None
    connection = make_connection(server, notices, connect_timeout=0.05)
    with pytest.raises(ConnectError):
        connection.open()
    eventually(lambda: server.closed)
    assert server.link.closed
    with pytest.raises(ConnectError, match=r"within 0\.05 s"):
        ended(connection)


def test_server_that_never_joins_us_is_given_up(server, notices):
    server.joins = False
    connection = make_connection(server, notices, connect_timeout=0.05)
    with pytest.raises(ConnectError, match="no connection within"):
        connection.open()
    eventually(lambda: server.closed)
    assert all(transport.closed for transport in server.transports)


def test_failure_of_an_attempt_of_before_changes_nothing(server, notices):
    def fail_during_the_next(attempt):
        eventually(lambda: connection._guard.current > 1)  # nothing public tells of it before the listener is free
        raise ConnectError("too late")

    server.plan.append(fail_during_the_next)
    connection = make_connection(server, notices, connect_timeout=0.1, wait_for_connection=True)
    connection.open()
    assert server.attempts == 2
    connection.disconnect()


def test_session_that_cannot_be_begun_leaves_no_transport(server, notices):
    class Broken:
        loads = staticmethod(json.loads)

        def dumps(self, value):
            if isinstance(value, dict):
                raise OddBase("no JSON")
            return json.dumps(value)

    opening = revision5(JsonText(Broken()))
    server.handshake = replace(server.handshake, opening=opening, dialect=opening.dialect)
    connection = make_connection(server, notices)
    connection.default_endpoint(weakref.ref(notices), {"token": 1})
    with pytest.raises(ConnectError, match="no JSON"):
        connection.open()
    assert server.link.closed


def test_loss_is_told_while_the_next_attempt_is_under_way(server, notices):
    connection = make_connection(server, notices)
    connection.open()
    server.plan.append(until_aborted)
    connection.send(event("x", id=connection.new_id("")), None, notices)
    server.push(ConnectionLost("cut"))
    eventually(lambda: server.attempts == 2)
    connection.disconnect()
    assert [notice.waiter for notice in notices.of(Unacknowledged)] == [notices]


def test_time_out_is_told_while_the_next_attempt_is_waited_for(server, notices):
    connection = make_connection(server, notices, reconnection_delay=NEVER)
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: notices.of(Retrying))
    connection.send(event("x", id=connection.new_id("")), None, notices, 0.01)
    eventually(lambda: notices.of(Unacknowledged))
    assert server.attempts == 1
    connection.disconnect()


def test_next_attempt_begins_when_a_function_returns(server, notices):
    """None is due while it runs, so the thread that keeps the time must be told afterwards."""
    connection = make_connection(server, notices, connect_timeout=NEVER)
    begun, go_on = threading.Event(), threading.Event()
    in_handler(notices, lambda: (begun.set(), happened(go_on)))
    connection.open()
    server.push("3:::x")
    happened(begun)
    connection._guard.lose(server.link, ConnectionLost("cut"))
    go_on.set()
    eventually(lambda: notices.of(Reconnected))
    connection.disconnect()


# A connection that nobody holds


def test_abandoned_connection_ends(connection, server, notices):
    connection.open()
    connection.abandon("nobody holds it")
    eventually(lambda: notices.of(Ended))
    assert server.link.sent == ["0::"]


def test_abandoned_connection_does_not_come_back(server, notices):
    connection = make_connection(server, notices)
    connection.open()
    server.plan.append(refuse)
    notices.react = lambda notice: connection.abandon("nobody holds it") if isinstance(notice, Disconnected) else None
    server.push(ConnectionLost("cut"))
    eventually(lambda: notices.of(Ended))
    assert not notices.of(Reconnected)


# Reading on in a handler


def test_call_in_a_handler_reads_and_defers(connection, server, notices):
    server.replies["5:1+"] = ["3:::later", '6:::1+["now"]']
    results = in_handler(
        notices, lambda: connection.call(event("ask", id=1), None, PATIENCE) if not results else "later"
    )
    connection.open()
    server.push("3:::go")
    eventually(lambda: len(results) == 2)
    assert results == [["now"], "later"]


def test_call_in_a_handler_fails_with_the_connection(connection, server, notices):
    server.replies["5:1+"] = [ConnectionLost("cut")]
    results = in_handler(notices, lambda: connection.call(event("ask", id=1), None, PATIENCE))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert isinstance(results[0], ConnectionLost)


def test_call_in_a_handler_gives_up_when_too_much_else_comes(connection, server, notices, monkeypatch):
    monkeypatch.setattr(module, "MOST_DEFERRED", 100)
    results = in_handler(
        notices, lambda: connection.call(event("ask", id=1), None, PATIENCE) if not results else "later"
    )
    connection.open()
    server.push("3:::go", "3:::" + "x" * 60, "3:::" + "y" * 60)
    eventually(lambda: len(results) == 3)
    assert isinstance(results[0], AckTimeout)
    assert results[1:] == ["later", "later"]


def test_call_in_a_handler_of_a_lost_connection_says_so(connection, server, notices):
    results = []

    def react(notice):
        if isinstance(notice, Disconnected) and not results:
            with pytest.raises(NotConnected, match="after this handler") as refused:
                connection.call(event("ask", id=1), None, PATIENCE)
            results.append(refused.value)

    notices.react = react
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: results)


def test_join_in_a_handler(connection, server, notices):
    server.replies["1::/chat"] = ["1::/chat"]

    def join():
        endpoint = connection.joins.ask("/chat", "", PATIENCE, weakref.ref(notices))
        connection.joins.wait_for(endpoint)
        return endpoint.state

    results = in_handler(notices, join)
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert results == [Joining.OPEN]


# A websocket whose byte budget is spent


@pytest.fixture
def spent(connection, server, notices, monkeypatch):
    """A way to open a connection whose websocket takes no more than one window, and to have its fence acknowledged."""
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr("sioclient.protocol.fence.SPENT_AT", 0)

    def open_with(*transports):
        server.handshake = Handshake("B1SIjBHFbBGrJL8Eo2Wn", None, None, transports)
        connection.open()
        eventually(lambda: notices.of(Connected))
        connection.send(event("a"))
        acknowledge(server)

    return open_with


def acknowledge(server):
    """Acknowledge the latest fence."""
    eventually(lambda: server.link.sent and server.link.sent[-1].startswith("8:"))
    server.push(f"6:::{server.link.sent[-1].split(':')[1]}")


def test_packets_are_posted_beside_a_websocket_that_takes_no_more(connection, server, notices, spent):
    spent("websocket", "xhr-polling")
    eventually(lambda: len(server.transports) == 2)
    acknowledge(server)
    connection.send(event("b"))
    eventually(lambda: '5:::{"name":"b"}' in server.link.sent)
    assert '5:::{"name":"b"}' not in server.transports[0].sent
    server.push("3:::hi")
    eventually(lambda: "hi" in texts(notices))
    assert not notices.of(TransportClosed)
    connection.disconnect()
    assert server.link.sent[-1] == "0::"
    assert server.link.closed


def test_session_is_renewed_where_nothing_can_be_posted(connection, server, notices, spent):
    spent("websocket")
    eventually(lambda: server.link.left)
    connection.send(event("b"))
    server.push("3:::last words", ConnectionLost("transport closed"))
    eventually(lambda: len(server.transports) == 2 and '5:::{"name":"b"}' in server.link.sent)
    assert texts(notices) == ["last words"]
    assert [notice.reason for notice in notices.of(TransportClosed)] == ["byte budget"]
    assert server.transports[0].sent[:1] == ['5:::{"name":"a"}']
    acknowledge(server)  # else it is waited for at the end


def test_transport_that_cannot_be_left_is_lost(connection, server, notices, spent):
    def fault(method):
        if method == "leave":
            raise Odd("leave")

    server.fault = fault
    spent("websocket")
    eventually(lambda: len(server.transports) == 2)
    assert [notice.reason for notice in notices.of(TransportClosed)] == ["byte budget"]


def test_lifecycle_is_told_in_order(connection, server, notices):
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: notices.of(Reconnected))
    eventually(lambda: len(notices.of(Connected)) == 2)
    kinds = [type(notice) for notice in notices.all]
    assert kinds == [
        TransportOpened,
        Connected,
        Disconnected,
        TransportClosed,
        Retrying,
        TransportOpened,
        Connected,
        Reconnected,
    ]


def test_abandoned_connection_that_was_ended_already_needs_no_warning(connection, server, caplog):
    def end(method):
        if method == "recv":
            connection.abandon("nobody holds it")
            connection.begin_disconnect()

    connection.open()
    server.fault = end
    server.push("3:::x")
    ended(connection)
    assert caplog.messages == []


def test_listener_waits_until_the_one_before_is_over(server, notices):
    before, later = make_connection(server, notices), make_connection(server, notices)
    later.come_after(before)
    opening = Task(later.open)
    opening.wait_until_blocked()
    assert server.attempts == 0
    before.disconnect()
    opening.result()
    later.disconnect()
