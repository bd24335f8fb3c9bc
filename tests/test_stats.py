"""The numbers of a connection, over a server in memory."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from sioclient.errors import ConnectionLost
from sioclient.protocol.notices import Reconnected
from sioclient.protocol.packets import Event
from sioclient.stats import Counts, Stats
from tests.memory import NEVER, make_connection
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


def test_numbers_are_zero_in_the_beginning(connection):
    assert connection.stats() == Stats(0, 0, 0, 0, 0, 0, None, None)
    assert Counts().traffic.sent == 0


def test_numbers_cannot_be_changed(connection):
    with pytest.raises(FrozenInstanceError):
        connection.stats().queued = 5


def test_packets_are_counted_both_ways(connection, server):
    connection.open()
    server.traffic.received += 7
    server.push_at_once("3:::a", "3:::b")
    eventually(lambda: connection.stats().packets_in == 3)
    for _ in range(2):
        connection.send(Event("x", []))
    stats = connection.stats()
    assert (stats.packets_out, stats.bytes_in, stats.queued) == (2, 7, 0)
    assert 0 <= stats.last_received < PATIENCE
    connection.disconnect()
    assert connection.stats().packets_out == 3


def test_round_trip_is_that_of_the_latest_acknowledgement(connection, server):
    server.replies["5:1+"] = ["6:::1+[2]"]
    connection.open()
    assert connection.call(Event("x", [], "", 1, True), None, 5) == [2]
    assert 0 <= connection.stats().round_trip < 5


def test_round_trip_of_what_waited_for_a_session_does_not_count(connection, server, notices):
    server.replies["5:1+"] = ["6:::1+[2]"]
    connection.open()
    server.link.may_send.clear()
    server.plan.append(lambda attempt: calling.wait_until_blocked())
    server.push(ConnectionLost("cut"))
    eventually(lambda: not connection.connected)
    calling = Task(connection.call, Event("x", [], "", 1, True), None, NEVER)
    assert calling.result() == [2]
    assert connection.stats().round_trip is None


def test_reconnects_and_queued_packets_are_counted(server, notices):
    connection = make_connection(server, notices, reconnection_delay=NEVER)
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: not connection.connected)
    connection.send(Event("x", []))
    assert (connection.stats().queued, connection.stats().reconnects) == (1, 0)
    connection.disconnect()


def test_each_return_is_counted(connection, server, notices):
    connection.open()
    for number in (1, 2):
        server.push(ConnectionLost("cut"))
        eventually(lambda: len(notices.of(Reconnected)) == number)  # noqa: B023 - it is called at once
        assert connection.stats().reconnects == number
