"""Calls that follow each other: who takes the acknowledgements, and that nothing else suffers from it."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from math import inf

import pytest

from sioclient.errors import ConnectionLost
from sioclient.protocol.notices import Acknowledged, Ended, TransportClosed
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import revision5
from sioclient.threads import chain as module
from sioclient.threads.chain import Chain
from sioclient.threads.guard import Call
from sioclient.threads.writer import Writer
from sioclient.transports import looking
from tests.interrupts import Interrupt
from tests.memory import NEVER, MemoryServer, MemoryTransport, Notices, look_again_after, make_connection, open_guard
from tests.servers_py import Task
from tests.waiting import PATIENCE, ended, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")

LISTENER = "sioclient-listener"


def event(name, *args, id=None):
    return Event(name, list(args), "", id, id is not None)


def ask(connection, *numbers):
    """Return what calls with these ids return, made one after the other by one thread."""
    return Task(lambda: [connection.call(event("ask", id=number), None, PATIENCE) for number in numbers]).result()


def messages(notices):
    return [notice.data for notice in notices.of(Message)]


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """However slow the machine is, calls follow each other, and the listener rests until somebody wakes it."""
    monkeypatch.setattr(MemoryTransport, "can_take", True)
    monkeypatch.setattr("sioclient.threads.connection.AT_ONCE", NEVER)
    monkeypatch.setattr(module, "REST", NEVER)
    monkeypatch.setattr(looking, "MOST", PATIENCE)
    monkeypatch.setattr(looking, "_give_way", lambda: time.sleep(0.001))


@pytest.fixture
def server(server):
    server.replies = {f"5:{number}+::": [f"6:::{number}+[{number}]"] for number in range(1, 100)}
    return server


@pytest.fixture
def looks(server):
    """The names of the threads that have looked at what had come."""
    threads = []

    def note(method):
        if method == "take":
            threads.append(threading.current_thread().name)

    server.fault = note
    return threads


@pytest.fixture
def chain(connection, looks):
    """What is known of the calls of a connection after two of them: its listener rests."""
    connection.open()
    assert ask(connection, 1, 2) == [[1], [2]]
    chain = connection._listening.chain
    eventually(lambda: chain.is_resting)
    assert looks == []
    return chain


def test_a_call_that_follows_others_is_settled_by_its_own_thread(connection, chain, looks):
    assert ask(connection, 3, 4, 5) == [[3], [4], [5]]
    assert len(looks) == 3
    assert LISTENER not in looks
    assert chain.is_resting


def test_the_first_calls_and_those_that_come_later_do_not_look(connection, server, looks, monkeypatch):
    monkeypatch.setattr("sioclient.threads.connection.AT_ONCE", -inf)
    connection.open()
    assert ask(connection, *range(1, 20)) == [[number] for number in range(1, 20)]
    assert looks == []


def test_calls_of_several_threads_make_no_chain(connection, server, looks):
    connection.open()
    for number in range(1, 20):
        connection._listening.make_chain().caller = None  # as if another thread had called: idents are used again
        assert ask(connection, number) == [[number]]
    assert looks == []


def test_a_transport_that_shows_nothing_is_not_asked(connection, server, looks, monkeypatch):
    monkeypatch.setattr(MemoryTransport, "can_take", False)
    connection.open()
    assert ask(connection, *range(1, 20)) == [[number] for number in range(1, 20)]
    assert looks == []


def test_with_one_processor_nobody_rests(connection, server, looks, monkeypatch):
    monkeypatch.setattr(looking, "_give_way", None)
    connection.open()
    assert ask(connection, *range(1, 20)) == [[number] for number in range(1, 20)]
    assert looks == []


@pytest.mark.usefixtures("chain")
def test_functions_run_on_the_listener_in_order(connection, server, notices):
    threads = []
    notices.react = lambda notice: threads.append(threading.current_thread().name)
    server.replies["5:3+::"] = ["3:::a", ["3:::b", "6:::3+[3]", "3:::c"]]
    assert ask(connection, 3) == [[3]]
    eventually(lambda: len(messages(notices)) == 3)
    assert messages(notices) == ["a", "b", "c"]
    assert set(threads) == {LISTENER}


@pytest.mark.usefixtures("chain")
def test_what_comes_instead_of_an_acknowledgement_wakes_the_listener(connection, server, notices):
    del server.replies["5:3+::"]
    notices.react = lambda notice: server.push("6:::3+[3]") if isinstance(notice, Message) else None
    server.push("3:::first")
    assert ask(connection, 3) == [[3]]


def test_the_listener_rests_no_longer_than_it_must(connection, server, notices, monkeypatch):
    monkeypatch.setattr(module, "REST", 0.01)
    connection.open()
    ask(connection, *range(1, 20))
    server.push("3:::an event")
    eventually(lambda: messages(notices))


def test_the_listener_rests_on_while_calls_come(connection, server, monkeypatch):
    monkeypatch.setattr(module, "REST", 0.01)
    connection.open()
    chain, lasted = connection._listening.make_chain(), [0.0]
    rest = chain.rest

    def measured():
        begun = time.monotonic()
        rest()
        lasted.append(time.monotonic() - begun)

    monkeypatch.setattr(chain, "rest", measured)
    server.replies = {"5:": ["6:::1+[1]"]}

    def call_on():
        end = time.monotonic() + PATIENCE
        while max(lasted) < 5 * 0.01 and time.monotonic() < end:
            begun = time.monotonic()
            while time.monotonic() < begun + 0.1:
                assert connection.call(event("ask", id=1), None, PATIENCE) == [1]
            time.sleep(0.03)  # so that a rest ends

    Task(call_on).result(expect=5)
    assert max(lasted) >= 5 * 0.01


def test_nobody_rests_while_another_acknowledgement_is_awaited(connection, server, notices, looks):
    del server.replies["5:50+::"]
    connection.open()
    connection.send(event("later", id=50), None, notices, PATIENCE)
    assert ask(connection, *range(1, 10)) == [[number] for number in range(1, 10)]
    assert looks == []
    server.push("6:::50+[50]")
    eventually(lambda: notices.of(Acknowledged))


@pytest.mark.parametrize("together", [True, False])
def test_acknowledgements_of_others_are_for_the_listener(together, connection, chain, server, notices, looks):
    threads = []
    notices.react = lambda notice: threads.append(threading.current_thread().name)
    del server.replies["5:50+::"]
    connection.send(event("later", id=50), None, notices, PATIENCE)
    acks = ["6:::50+[50]", "6:::3+[3]"]
    server.replies["5:3+::"] = [acks] if together else acks
    assert ask(connection, 3) == [[3]]
    eventually(lambda: notices.of(Acknowledged))
    assert notices.of(Acknowledged)[0].args == [50]
    assert (threads, len(looks)) == ([LISTENER], 1)
    eventually(lambda: chain.is_resting)  # again
    assert ask(connection, 4, 5) == [[4], [5]]
    assert len(looks) == 3


def fence_windows_of_two(monkeypatch):
    """Have a fence behind two frames each, and servers that acknowledge it."""

    def reply(server, transport, frame):
        kind, number = frame.split(":")[:2]
        if kind in "58" and number:
            transport.incoming.put(f"6:::{number.strip('+')}" + f"+[{number.strip('+')}]" * (kind == "5"))

    monkeypatch.setattr(MemoryTransport, "name", "websocket")
    monkeypatch.setattr("sioclient.protocol.fence._WideWindow.left", 2)
    monkeypatch.setattr(MemoryServer, "reply", reply)


def test_acknowledgements_of_fences_are_taken_along(connection, server, looks, monkeypatch):
    fence_windows_of_two(monkeypatch)
    connection.open()
    ids = [connection._guard.new_id("") for _ in range(20)]  # none of a fence
    ask(connection, *ids[:2])
    chain, rests = connection._listening.chain, []
    eventually(lambda: chain.is_resting)
    rest = chain.rest
    monkeypatch.setattr(chain, "rest", lambda: (rests.append(1), rest()))
    assert ask(connection, *ids[2:]) == [[number] for number in ids[2:]]
    assert sum(frame.startswith("8:") for frame in server.link.sent) >= 10
    assert rests == []
    assert len(looks) >= 18


@pytest.mark.usefixtures("chain")
def test_one_thread_looks_at_a_time_and_the_other_wakes_the_listener(connection, server):
    looking_now, go_on = threading.Event(), threading.Event()

    def hold(method):
        if method == "take":
            looks.append(1)
            looking_now.set()
            happened(go_on)

    server.fault, looks = hold, []
    first = Task(ask, connection, 3)
    happened(looking_now)
    second = Task(ask, connection, 4)
    eventually(lambda: not connection._listening.chain.is_resting)
    assert not second.done  # the listener waits for its turn
    go_on.set()
    assert (first.result(), second.result()) == ([[3]], [[4]])
    assert ask(connection, *range(5, 5 + looking.PASSED_OVER)) == [[n] for n in range(5, 5 + looking.PASSED_OVER)]
    assert len(looks) == 1


def test_who_looks_in_vain_leaves_it_to_the_listener(connection, server, looks, monkeypatch):
    monkeypatch.setattr(looking, "MOST", 0.001)
    connection.open()
    ask(connection, 1, 2)
    eventually(lambda: connection._listening.chain.is_resting)
    del server.replies["5:3+::"]
    third = Task(ask, connection, 3)
    eventually(lambda: looks)
    third.wait_until_blocked()
    server.push("6:::3+[3]")
    assert third.result() == [[3]]
    count = len(looks)
    assert ask(connection, *range(4, 4 + looking.PASSED_OVER)) == [[n] for n in range(4, 4 + looking.PASSED_OVER)]
    assert len(looks) == count


def test_half_of_a_packet_is_left_alone(server, notices):
    opening = revision5()
    server.handshake = replace(server.handshake, opening=opening, dialect=opening.dialect)
    server.joins = False
    server.replies = {"40": ['40{"sid":"x"}'], "421": ["431[1]"], "422": ["432[2]"], "424": ["434[4]"]}
    connection = make_connection(server, notices)
    connection.open()
    ask(connection, 1, 2)
    eventually(lambda: connection._listening.chain.is_resting)
    server.replies["423"] = ['461-3[{"_placeholder":true,"num":0}]', b"bytes"]
    assert ask(connection, 3) == [[b"bytes"]]
    assert ask(connection, 4, 1, 2) == [[4], [1], [2]]
    connection.disconnect()


def test_a_session_that_is_lost_meanwhile_is_a_loss_like_any_other(connection, chain, server, notices):
    del server.replies["5:3+::"]
    server.push(ConnectionLost("cut"))
    with pytest.raises(ConnectionLost):
        ask(connection, 3)
    eventually(lambda: connection.connected and len(server.transports) == 2)
    assert [notice.reason for notice in notices.of(TransportClosed)] == ["cut"]
    assert ask(connection, 4, 5, 6) == [[4], [5], [6]]


@pytest.mark.parametrize("problem", [OSError("broken"), ZeroDivisionError("of nobody's")])
@pytest.mark.usefixtures("chain")
def test_whatever_a_look_raises_is_a_loss(problem, connection, server, notices):
    def fail(method):
        if method == "take":
            server.fault = lambda method: None
            raise problem

    server.fault = fail
    with pytest.raises(ConnectionLost):
        ask(connection, 3)
    eventually(lambda: connection.connected and len(server.transports) == 2)
    assert str(problem) in notices.of(TransportClosed)[0].reason


@pytest.mark.usefixtures("chain")
def test_the_end_of_the_connection_wakes_the_listener(connection, server):
    Task(connection.disconnect).result()
    assert ended(connection) == "client"
    assert server.closed


@pytest.mark.usefixtures("chain")
def test_a_signal_handler_may_call_while_its_thread_looks(connection, server, monkeypatch):
    """The thread that looks cannot go on before, so the listener must read although it does not get its turn."""
    monkeypatch.setattr(module, "SLICE", 0.01)
    server.replies |= {"5:4+::": ["3:::in between", "6:::4+[4]"]}
    results = []

    def interrupt(method):
        if method == "take":
            server.fault = lambda method: None
            results.append(connection.call(event("ask", id=4), None, PATIENCE))

    server.fault = interrupt
    assert ask(connection, 3, 5) == [[3], [5]]
    assert results == [[4]]


def test_without_a_session_nobody_looks(server):
    guard = open_guard(server)
    chain, call = Chain(guard, Writer(guard).log), Call()
    chain.is_resting, guard.transport = True, None
    chain.look(call, event("ask", id=1))
    assert call.outcome is None


def test_what_callers_take_is_counted_and_shown(connection, chain, caplog):
    before = connection._guard.counts.packets_in
    with caplog.at_level(logging.DEBUG, "sioclient"):
        assert ask(connection, 3) == [[3]]
    assert connection._guard.counts.packets_in == before + 1
    assert "< 6:::3+[3]" in caplog.text


@pytest.mark.usefixtures("_rests_briefly")
@pytest.mark.parametrize("beside", [None, "another acknowledgement", "fences"])
def test_ctrl_c_at_any_place_of_a_chain_loses_nothing(beside, monkeypatch):
    if beside == "fences":
        fence_windows_of_two(monkeypatch)
    look_again_after(0.2, monkeypatch)
    monkeypatch.setattr(threading, "excepthook", lambda args: pytest.fail("a thread died"))
    number, raised_at = 0, True
    while raised_at is not None:
        server, notices = MemoryServer(), Notices()
        server.replies = {f"5:{key}+::": [f"6:::{key}+[{key}]"] for key in range(1, 10)}
        connection = make_connection(server, notices)
        connection.open()
        ask(connection, 1, 2)
        if beside == "another acknowledgement":
            del server.replies["5:8+::"]
            connection.send(event("later", id=8), None, notices, PATIENCE)
            server.replies["5:3+::"] = [["6:::8+[8]", "6:::3+[3]"]]
        interrupt = Interrupt(number)
        interrupt.run(lambda: [connection.call(event("ask", id=key), None, PATIENCE) for key in (3, 4)])  # noqa: B023
        number, raised_at = number + 1, interrupt.raised_at
        eventually(lambda: connection.connected and not server.link.aborted)  # noqa: B023 - a write may be broken
        server.push("3:::still read")
        eventually(lambda: messages(notices) == ["still read"], f"an event after Ctrl-C at {raised_at}")  # noqa: B023
        assert ask(connection, 5, 6, 7) == [[5], [6], [7]], raised_at
        if (
            beside == "another acknowledgement"
            and notices.of(TransportClosed) == []
            and '5:3+::{"name":"ask"}' in server.link.sent
        ):
            assert [notice.args for notice in notices.of(Acknowledged)] == [[8]], raised_at
        assert notices.of(TransportClosed) == [] or "a write was interrupted" in notices.of(TransportClosed)[0].reason
        Task(connection.disconnect).result()
        assert isinstance(notices.all[-1], Ended)
    assert number > 100  # so it did interrupt


@pytest.fixture
def _rests_briefly(monkeypatch, _patient):
    monkeypatch.setattr(module, "REST", 0.005)
