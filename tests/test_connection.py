"""What other threads ask of a connection, over a server in memory."""

from __future__ import annotations

import json
import threading

import pytest

from sioclient import connection as module
from sioclient.connection import _disconnect_all
from sioclient.errors import AckTimeout, BufferFull, ChannelError, ConnectionLost, LocalProtocolError, NotConnected
from sioclient.protocol import fence
from sioclient.protocol.client import MOST_QUEUED
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.notices import Connected, Disconnected, JoinFailed, Reconnected, TransportClosed
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import Revision1, revision5
from tests.memory import MemoryTransport, make_connection, refuse, until_aborted
from tests.servers_py import Task
from tests.waiting import PATIENCE, ended, eventually, happened, joined

pytestmark = pytest.mark.usefixtures("no_thread_left")


def ask(connection):
    return Event("ask", [], "", connection.new_id(""), True)


def in_handler(notices, function):
    """Run ``function`` when a message arrives; its value or its exception is put into the list returned."""
    results = []

    def react(notice):
        if isinstance(notice, Message):
            try:
                results.append(function())
            except Exception as error:
                results.append(error)

    notices.react = react
    return results


def join(connection, name="/chat", timeout=PATIENCE):
    endpoint = connection.join(name, "", timeout, lambda joined: None)
    connection.wait_for_join(endpoint)
    return endpoint


def test_it_is_open_from_connecting_to_the_end(connection):
    assert not connection.is_open
    connection.open()
    assert connection.is_open
    assert connection.connected
    assert connection.default_endpoint.state is Joining.OPEN
    assert (connection.revision, connection.transport_name, connection.session_id) == (1, "memory", "id")
    connection.disconnect()
    assert not connection.is_open


def test_a_call_returns_the_answer(connection, server):
    server.answers["5:1+"] = ['6:::1+["a","b"]']
    connection.open()
    assert connection.call(ask(connection), None) == ["a", "b"]


def test_a_call_fails_when_its_time_is_over(connection):
    connection.open()
    with pytest.raises(AckTimeout):
        connection.call(ask(connection), 0.05)


def test_a_call_fails_when_the_connection_is_lost(connection, server):
    server.answers["5:1+"] = [ConnectionLost("cut")]
    connection.open()
    with pytest.raises(ConnectionLost, match="cut"):
        connection.call(ask(connection), PATIENCE)


def test_a_call_in_a_handler_reads_and_defers(connection, server, notices):
    server.answers["5:1+"] = ["3:::later", '6:::1+["now"]']
    results = in_handler(notices, lambda: connection.call(ask(connection), PATIENCE) if not results else "later")
    connection.open()
    server.push("3:::go")
    eventually(lambda: len(results) == 2)
    assert results == [["now"], "later"]


def test_a_call_in_a_handler_fails_when_the_connection_is_lost(connection, server, notices):
    server.answers["5:1+"] = [ConnectionLost("cut")]
    results = in_handler(notices, lambda: connection.call(ask(connection), PATIENCE))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert isinstance(results[0], ConnectionLost)


def test_a_call_in_a_handler_of_a_lost_connection_says_so(connection, server, notices):
    results = in_handler(notices, lambda: None)

    def react(notice):
        if isinstance(notice, Disconnected):
            with pytest.raises(NotConnected, match="after this handler") as refused:
                connection.call(ask(connection), PATIENCE)
            results.append(refused.value)

    notices.react = react
    connection.open()
    server.push(ConnectionLost("cut"))
    eventually(lambda: results)
    notices.react = lambda notice: None


def test_joining_waits_for_the_answer(connection, server):
    server.answers["1::/chat"] = ["1::/chat"]
    connection.open()
    assert join(connection).state is Joining.OPEN


def test_a_join_that_is_refused(connection, server, notices):
    server.answers["1::/chat"] = ["7::/chat:unauthorized"]
    connection.open()
    with pytest.raises(ChannelError, match="unauthorized"):
        join(connection)
    eventually(lambda: notices.of(JoinFailed))


def test_a_join_in_a_handler(connection, server, notices):
    server.answers["1::/chat"] = ["1::/chat"]
    results = in_handler(notices, lambda: join(connection).state)
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert results == [Joining.OPEN]


def test_a_join_in_a_handler_fails_when_the_connection_is_lost(connection, server, notices):
    server.answers["1::/chat"] = [ConnectionLost("cut")]
    results = in_handler(notices, lambda: join(connection))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert isinstance(results[0], ChannelError)
    eventually(lambda: notices.of(Reconnected))
    assert server.link.sent == []


def test_a_join_outlives_a_lost_connection(connection, server, notices):
    server.answers["1::/chat"] = [ConnectionLost("cut")]
    connection.open()
    results = []
    joining = threading.Thread(target=lambda: results.append(join(connection)))
    joining.start()
    eventually(lambda: server.transports[0].sent)
    server.answers["1::/chat"] = ["1::/chat"]
    joined(joining)
    assert results[0].state is Joining.OPEN


def test_leaving_lets_whoever_waits_for_the_join_go(connection, server):
    connection.open()
    endpoint = connection.join("/chat", "", None, lambda joined: None)
    waiting = threading.Thread(target=connection.wait_for_join, args=(endpoint,))
    waiting.start()
    connection.leave(endpoint)
    connection.leave(endpoint)
    joined(waiting)
    assert server.link.sent == ["1::/chat", "0::/chat"]


def test_the_end_lets_whoever_waits_go(connection, server):
    connection.open()
    failures = []

    def wait_for(function):
        try:
            function()
        except (NotConnected, ConnectionLost) as error:
            failures.append(error)

    threads = [
        threading.Thread(target=wait_for, args=(function,))
        for function in (lambda: join(connection), lambda: connection.call(ask(connection), None))
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: len(server.link.sent) == 2)
    connection.disconnect()
    joined(*threads)
    assert {type(failure) for failure in failures} == {NotConnected, ConnectionLost}


def test_answers_go_out_only_for_packets_that_ask(connection, server):
    connection.open()
    connection.answer(Event("x", [], "", 3, True), [1])
    connection.answer(Event("x"), [1])
    assert server.link.sent == ["6:::3+[1]"]


def test_wait_returns_after_its_time(connection):
    connection.open()
    connection.wait(0.01)
    assert connection.connected


def test_wait_before_open(connection):
    with pytest.raises(NotConnected, match=r"open\(\)"):
        connection.wait(None)


def test_wait_in_a_handler(connection, server, notices):
    results = in_handler(notices, lambda: connection.wait(None))
    connection.open()
    server.push("3:::go")
    eventually(lambda: results)
    assert isinstance(results[0], LocalProtocolError)


def test_wait_raises_why_it_ended(server, notices):
    connection = make_connection(server, notices, attempts=0)
    connection.open()
    server.push(ConnectionLost("cut"))
    with pytest.raises(ConnectionError, match="cut"):
        connection.wait(None)


def test_the_end_of_the_program_ends_everything(server, notices):
    connections = [make_connection(server, notices) for _ in range(3)]
    for connection in connections:
        connection.open()
    connections.append(make_connection(server, notices))
    _disconnect_all()
    assert not any(connection.is_open for connection in connections[:3])
    assert [transport.sent for transport in server.transports] == [["0::"]] * 3


def test_disconnecting_aborts_what_does_not_end_by_itself(server, notices):
    connection = make_connection(server, notices)
    connection.open()
    server.plan.append(until_aborted)
    server.push(ConnectionLost("cut"))
    eventually(lambda: server.attempts == 2)
    connection.disconnect()
    assert not connection.is_open


def test_disconnecting_aborts_a_write_that_is_stuck(connection, server, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_TIMEOUT", 0.05)
    connection.open()
    link = server.link
    link.may_send.clear()
    writer = Task(connection.send, Event("stuck"))
    happened(link.is_sending)
    connection.disconnect()
    writer.result()
    assert link.aborted


def test_interrupting_open_disconnects(server, notices, monkeypatch):
    # There is no other way to have a KeyboardInterrupt at just this place; test_programs has the real one.
    connection = make_connection(server, notices)
    server.plan.append(until_aborted)

    def interrupt(timeout=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(connection._changed, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        connection.open()
    assert not connection.is_open


def test_interrupting_a_join_leaves_the_endpoint(connection, server, monkeypatch):
    connection.open()

    def interrupt(timeout=None):
        raise KeyboardInterrupt

    endpoint = connection.join("/chat", "", None, lambda joined: None)
    monkeypatch.setattr(connection._changed, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        connection.wait_for_join(endpoint)
    monkeypatch.undo()
    assert server.link.sent == ["1::/chat", "0::/chat"]


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


def test_disconnecting_in_a_handler_returns_at_once(connection, server, notices):
    results = in_handler(notices, connection.disconnect)
    connection.open()
    server.push("3:::go")
    ended(connection)
    assert results == [None]


def test_disconnecting_before_open(connection):
    connection.disconnect()
    assert not connection.is_open


def test_an_abandoned_connection_ends_by_itself(connection):
    connection.open()
    connection.abandon()
    ended(connection)
    assert not connection.is_open


def test_one_that_is_abandoned_before_it_begins_ends_as_soon(connection):
    connection.abandon()
    connection.open()
    ended(connection)
    assert not connection.is_open


def test_what_is_sent_now_is_written_now_only_while_connected(connection, server):
    assert not connection.is_ready()
    connection.open()
    assert connection.is_ready()
    connection.disconnect()
    assert not connection.is_ready()


def test_what_the_server_is_told_is_forgotten_with_the_endpoint(connection, server):
    endpoint = connection.default_endpoint
    connection.claim(endpoint, {"token": "x"})
    assert server.claims == {"": (endpoint, {"token": "x"})}
    connection.claim(endpoint, None)
    assert server.claims == {}
    connection.check_endpoint("/chat")


def test_a_call_in_a_handler_gives_up_when_too_much_else_comes(connection, server, notices, monkeypatch):
    monkeypatch.setattr("sioclient.threads.MOST_DEFERRED", 100)
    results = in_handler(notices, lambda: connection.call(ask(connection), PATIENCE) if not results else "later")
    connection.open()
    server.push("3:::go", "3:::" + "x" * 60, "3:::" + "y" * 60)
    eventually(lambda: len(results) == 3)
    assert isinstance(results[0], AckTimeout)
    assert results[1:] == ["later", "later"]


def test_what_was_forked_is_dead_and_says_so(server, notices, monkeypatch):
    connection = make_connection(server, notices)
    monkeypatch.setattr(module, "_open_connections", {connection})
    module._forget_all()
    for verb in (connection.open, connection.disconnect, lambda: connection.send(Message("x"))):
        with pytest.raises(RuntimeError, match="make a new SocketIO"):
            verb()
    assert not connection.is_open
    assert not connection.connected
    assert not module._open_connections


def test_what_is_encoded_while_another_server_comes_is_said_in_its_words(connection, server):
    class Slow:
        """A JSON module that takes so long that the revision has changed when it is done."""

        loads = staticmethod(json.loads)

        def dumps(self, value):
            connection._protocol.revision = revision5()
            return json.dumps(value)

    connection.open()
    connection._protocol.revision = Revision1(JsonText(Slow()))
    connection.send(Event("x", [1]))
    assert server.link.sent == ['42["x",1]']


@pytest.fixture
def overfed(server, notices, monkeypatch):
    """Return a connection with room for one packet whose server ends it as its byte budget is spent, and a way back."""
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    connection, way_back = make_connection(server, notices, buffer_size=1), threading.Event()
    connection.open()
    connection._protocol.session.fence.bytes_counted = fence.BYTE_BUDGET
    server.plan.append(lambda attempt: happened(way_back))
    yield connection, way_back
    way_back.set()
    connection.disconnect()


def test_who_sends_more_than_may_wait_for_an_overfed_server_waits_for_it(overfed, server, notices):
    connection, way_back = overfed
    server.push("0::")
    eventually(lambda: notices.of(TransportClosed))
    connection.send(Event("a"))
    second = Task(connection.send, Event("b"))
    second.wait_until_blocked()
    way_back.set()
    second.result()
    eventually(lambda: server.link.sent == ['5:::{"name":"a"}', '5:::{"name":"b"}'])


def test_a_handler_does_not_wait_for_a_server_that_only_its_own_thread_can_reach(overfed, server, notices):
    connection, way_back = overfed
    raised = []

    def react(notice):
        if isinstance(notice, TransportClosed):
            connection.send(Event("a"))
            try:
                connection.send(Event("b"))
            except BufferFull as error:
                raised.append(error)
            way_back.set()

    notices.react = react
    server.push("0::")
    eventually(lambda: raised)
    notices.react = lambda notice: None


def test_who_waits_for_a_server_that_takes_nothing_gives_up(overfed, server, notices, monkeypatch):
    monkeypatch.setattr(module, "WRITE_TIMEOUT", 0.05)
    connection, _ = overfed
    server.push("0::")
    eventually(lambda: notices.of(TransportClosed))
    connection.send(Event("a"))
    with pytest.raises(BufferFull, match=r"nothing for 0\.05 s"):
        connection.send(Event("b"))


def test_who_has_waited_for_room_has_a_right_to_it_though_others_were_faster_to_fill_it(connection, server):
    connection.open()
    server.link.may_send.clear()
    server.link.is_sending.clear()
    writer = Task(connection.send, Event("stuck"))
    happened(server.link.is_sending)
    with connection._lock:
        for _ in range(MOST_QUEUED):
            connection._protocol.send_frame("3:::x", "", 0.0)
    waiting = Task(connection.send, Event("waits"))
    waiting.wait_until_blocked()
    with connection._lock:  # as when frames are written, and others push as many before anybody who waits looks
        connection._times_room_was_made += 1
        connection._room.notify_all()
    eventually(lambda: connection._protocol.outbox.queued == MOST_QUEUED + 1)
    server.link.may_send.set()
    writer.result()
    waiting.result()
    eventually(lambda: server.link.sent[-1] == '5:::{"name":"waits"}')


def test_a_handler_that_sends_more_than_a_server_has_read_reads_on_until_it_has(
    connection, server, notices, monkeypatch
):
    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr(fence, "PATIENCE", 2 * PATIENCE)
    results = in_handler(notices, lambda: [connection.send(Event("n")) for _ in range(fence.MOST_UNPROVEN + 150)])
    connection.open()
    server.push("3:::go")
    eventually(lambda: connection._waiting_for_room)
    last = [frame for frame in server.link.sent if frame.startswith("8:")][-1]
    server.push(f"6:::{last.split(':')[1]}")
    eventually(lambda: results)
    assert results == [[None] * (fence.MOST_UNPROVEN + 150)]
