"""What user threads ask about endpoints, over a server in memory."""

from __future__ import annotations

import weakref

import pytest

from sioclient.address import parse_address
from sioclient.errors import ChannelError, ConnectionLost, LocalProtocolError
from sioclient.options import Options
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.notices import JoinFailed, Reconnected
from sioclient.protocol.revisions import any_revision
from sioclient.threads.connection import make_connection as make_real_connection
from tests.memory import in_handler, join
from tests.servers_py import Task
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


def test_join_waits_for_the_reply(connection, server, notices):
    server.replies["1::/chat"] = ["1::/chat"]
    connection.open()
    endpoint = join(connection, notices)
    assert endpoint.state is Joining.OPEN
    assert connection.joins.wants(endpoint)


def test_join_that_is_refused(connection, server, notices):
    server.replies["1::/chat"] = ["7::/chat:unauthorized"]
    connection.open()
    with pytest.raises(ChannelError, match="unauthorized") as caught:
        join(connection, notices)
    assert not caught.value.timed_out
    eventually(lambda: notices.of(JoinFailed))


def test_join_that_is_never_confirmed(connection, notices):
    connection.open()
    with pytest.raises(ChannelError, match="in time") as caught:
        join(connection, notices, timeout=0.05)
    assert caught.value.timed_out


def test_join_in_a_handler(connection, server, notices):
    server.replies["1::/chat"] = ["1::/chat"]
    results = in_handler(notices, lambda: join(connection, notices).state)
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert results == [Joining.OPEN]


def test_join_in_a_handler_fails_with_the_connection(connection, server, notices):
    server.replies["1::/chat"] = [ConnectionLost("cut")]
    results = in_handler(notices, lambda: join(connection, notices))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert isinstance(results[0], ChannelError)
    eventually(lambda: notices.of(Reconnected))
    assert server.link.sent == []


def test_join_outlives_a_lost_connection(connection, server, notices):
    server.replies["1::/chat"] = [ConnectionLost("cut")]
    connection.open()
    joining = Task(join, connection, notices)
    eventually(lambda: server.transports[0].sent)
    server.replies["1::/chat"] = ["1::/chat"]
    assert joining.result().state is Joining.OPEN


def test_leaving_lets_whoever_waits_for_the_join_go(connection, server, notices):
    connection.open()
    endpoint = connection.joins.ask("/chat", "", None, weakref.ref(notices))
    waiting = Task(connection.joins.wait_for, endpoint)
    waiting.wait_until_blocked()
    connection.joins.leave(endpoint)
    connection.joins.leave(endpoint)
    waiting.result()
    assert server.link.sent == ["1::/chat", "0::/chat"]


def test_name_of_an_endpoint_is_checked_once_the_revision_is_known(connection, server, notices):
    connection.joins.check_name("/chat")
    with pytest.raises(LocalProtocolError, match="always connected"):
        connection.joins.check_name("")
    with pytest.raises(LocalProtocolError, match="query="):
        connection.joins.check_name("/chat?x")


def test_endpoint_is_left_for_the_owner_who_joined_it_only(connection, server, notices):
    connection.open()
    owner = weakref.ref(notices)
    connection.joins.leave_unheld("/chat", owner)
    connection.joins.ask("/chat", "", None, owner)
    connection.joins.leave_unheld("/chat", weakref.ref(server))
    assert server.link.sent == ["1::/chat"]
    connection.joins.leave_unheld("/chat", owner)
    assert server.link.sent == ["1::/chat", "0::/chat"]


def test_name_of_an_endpoint_must_be_one_that_some_server_can_have():
    unknown = make_real_connection(parse_address("h", 80, None, "socket.io"), Options(), any_revision())
    unknown.joins.check_name("/a,b")  # revision 1 can
    with pytest.raises(LocalProtocolError):
        unknown.joins.check_name("/a:b,c")
    with pytest.raises(TypeError):
        unknown.joins.check_name(5)


def test_expected_endpoint_is_joined_with_the_first_session(connection, server, notices):
    server.replies["1::/chat"] = ["1::/chat"]
    endpoint = connection.joins.expect("/chat", "?a=b", weakref.ref(notices), None)
    assert endpoint.state is Joining.ASKED
    connection.open()
    eventually(lambda: endpoint.state is Joining.OPEN)
    assert server.link.sent == ["1::/chat:?a=b"]


def test_what_left_unheld_returns(connection, notices):
    connection.open()
    owner = weakref.ref(notices)
    assert not connection.joins.leave_unheld("/chat", owner)
    connection.joins.ask("/chat", "", None, owner)
    assert connection.joins.leave_unheld("/chat", owner)
