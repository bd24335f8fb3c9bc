"""Thread 2: it sleeps until something is due, has time-outs happen, and writes what others left."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from sioclient.errors import ConnectError
from sioclient.protocol.notices import (
    Connected,
    Disconnected,
    Ended,
    Reconnected,
    Unacknowledged,
)
from sioclient.protocol.packets import Event, Message
from tests.memory import MemoryServer, look_again_after, make_connection, until_aborted
from tests.servers_py import Task
from tests.waiting import PATIENCE, ended, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


@pytest.fixture
def beating(server, notices):
    """Return a function that opens a connection whose server announces this heartbeat time-out."""
    made = []

    def open_it(heartbeat):
        server.handshake = MemoryServer(heartbeat).handshake
        made.append(make_connection(server, notices))
        made[0].open()
        return made[0]

    yield open_it
    for connection in made:
        connection.disconnect()


# Time-outs


def test_silent_server_is_given_up(beating, server, notices):
    beating(0.01)
    first = server.link
    eventually(lambda: notices.of(Reconnected))
    assert first.aborted
    assert first.closed
    assert notices.of(Disconnected)[0].reason == "heartbeat timeout"


def test_abort_that_raises_does_not_keep_a_silent_server(beating, server, notices):
    server.fault = lambda method: 1 / 0 if method == "abort" else None
    beating(0.01)
    eventually(lambda: notices.of(Reconnected))


def test_acknowledgement_that_does_not_come_is_told(connection, server, notices):
    connection.open()
    connection.send(event("x", id=1), None, notices, 0.05)
    eventually(lambda: notices.of(Unacknowledged))
    assert notices.of(Unacknowledged)[0].waiter is notices


def test_earlier_time_out_wakes_the_sleeping_thread(connection, server, notices):
    connection.open()
    connection.send(event("x", id=1), None, "later", PATIENCE)
    connection.send(event("x", id=2), None, notices, 0.05)
    eventually(lambda: notices.of(Unacknowledged))


def test_stuck_attempt_is_aborted(server, notices):
    server.plan.append(until_aborted)
    with pytest.raises(ConnectError, match=r"within 0\.05 s"):
        make_connection(server, notices, connect_timeout=0.05).open()


# Functions that take long


def test_heartbeats_go_out_while_a_function_runs_that_is_warned_of(beating, server, notices, caplog):
    caplog.set_level(logging.WARNING, "sioclient")
    sent = []

    def wait_for_heartbeats(notice):
        if isinstance(notice, Connected) and not sent:
            sent.append(eventually(lambda: server.link.sent.count("2::") >= 3))

    notices.react = wait_for_heartbeats
    beating(0.02)
    eventually(lambda: sent)
    # On a machine that is slow enough, other functions take as long.
    assert sum("'connected' has run" in record.getMessage() for record in caplog.records) == 1


def test_warning_that_raises_ends_nothing(beating, server, notices):
    class Raising(logging.Handler):
        def emit(self, record):
            raised.append(record)
            raise GeneratorExit

    def wait_for_the_warning(notice):
        if isinstance(notice, Connected) and not raised:
            eventually(lambda: server.link.sent.count("2::") >= 4)

    raised, handler = [], Raising()
    notices.react = wait_for_the_warning
    logging.getLogger("sioclient").addHandler(handler)
    try:
        connection = beating(0.05)
        eventually(lambda: raised)
    finally:
        logging.getLogger("sioclient").removeHandler(handler)
    eventually(lambda: connection.connected)
    connection.send(event("x", id=1), None, notices, 0.01)
    eventually(lambda: notices.of(Unacknowledged))


# What others left


def test_heartbeat_thread_writes_what_was_corked(connection, server, notices):
    go = threading.Event()

    def react(notice):
        if isinstance(notice, Message):
            connection.send(event("x"))
            happened(go)

    notices.react = react
    connection.open()
    server.push_at_once("3:::first", "3:::second")
    eventually(lambda: server.link.sent == ['5:::{"name":"x"}'])
    go.set()


def test_listener_writes_the_last_packet_if_nobody_else_could(connection, server, notices):
    def leave(notice):
        if isinstance(notice, Message):
            connection.disconnect()
            eventually(lambda: "sioclient-heartbeat" not in threads())
            link.may_send.set()

    notices.react = leave
    connection.open()
    server.link.may_send.clear()
    writing = Task(connection.send, event("stuck"))
    happened(server.link.is_sending)
    link = server.link
    server.push("3:::go")
    writing.result()
    eventually(lambda: notices.of(Ended))
    eventually(lambda: link.sent == ['5:::{"name":"stuck"}', "0::"])


def threads():
    """Return the names of the threads that live."""
    return {thread.name for thread in threading.enumerate()}


# Sleep and wake-ups


def test_call_ends_in_time_although_its_wake_up_is_lost(connection, monkeypatch):
    """As when Ctrl-C strikes between taking a sleeper and waking it."""
    look_again_after(0.2, monkeypatch)
    connection.open()
    monkeypatch.setattr("sioclient.threads.guard.Wakeups.wake", lambda wakeups: wakeups.sleepers.clear())
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        Task(connection.call, event("ask", id=1), None, 0.1).result()
    assert time.monotonic() - begun < PATIENCE / 2


def test_thread_sleeps_again_if_nothing_is_due(connection, server, notices, monkeypatch):
    look_again_after(0.01, monkeypatch)
    connection.open()
    connection.send(event("x", id=1), None, notices, 0.1)
    eventually(lambda: notices.of(Unacknowledged))


# The end


def failing(monkeypatch, name):
    """Have a method of the protocol fail, as it never should, and nobody print that."""
    monkeypatch.setattr(threading, "excepthook", lambda args: None)

    def fail(*args):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(f"sioclient.protocol.client.ClientProtocol.{name}", fail)


def test_error_of_our_own_is_raised_by_wait(connection, server, notices, monkeypatch):
    connection.open()
    failing(monkeypatch, "handle_timeout")
    connection.send(event("x", id=1), None, notices, 0.01)
    with pytest.raises(ConnectError, match="ZeroDivisionError: a bug") as caught:
        ended(connection)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert server.link.closed


def test_error_of_our_own_ends_an_attempt(server, notices, monkeypatch):
    server.plan.append(until_aborted)
    failing(monkeypatch, "handle_timeout")
    with pytest.raises(ConnectError, match="ZeroDivisionError: a bug"):
        make_connection(server, notices, connect_timeout=0.05).open()


def test_thread_ends_when_the_listener_failed(connection, server, notices, monkeypatch):
    connection.open()
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    monkeypatch.setattr("sioclient.protocol.receiver.Receiver.receive", lambda receiver, packets, now: 1 / 0)
    server.push("3:::x")
    with pytest.raises(ConnectError, match="ZeroDivisionError"):
        ended(connection)
    eventually(lambda: "sioclient-heartbeat" not in threads())
