"""The lock of a connection and what it guards, without the connection's threads."""

from __future__ import annotations

import threading
import time
from math import inf

import pytest

from sioclient.errors import ConnectError, ConnectionLost
from sioclient.options import Options
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.notices import (
    Acknowledged,
    Connected,
    Disconnected,
    Ended,
    TransportClosed,
    Unacknowledged,
)
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import revision1
from sioclient.threads.guard import Call, Guard
from tests.memory import NEVER, MemoryServer, look_again_after, open_guard
from tests.servers_py import Task
from tests.waiting import happened

# The door


@pytest.fixture
def protocol() -> ClientProtocol:
    return ClientProtocol(revision1(), Options())


@pytest.fixture
def guard(server: MemoryServer) -> Guard:
    return open_guard(server)


def test_door_lets_one_thread_to_the_protocol(protocol: ClientProtocol) -> None:
    guard, order = Guard(protocol), []

    def enter() -> None:
        with guard.open() as found:
            order.append(found)

    with guard.open() as found, guard.open() as again:
        assert found is again is protocol
        task = Task(enter)
        task.wait_until_blocked()
        order.append(None)
    task.result()
    assert order == [None, protocol]


def test_door_is_left_by_what_is_raised_inside(protocol: ClientProtocol) -> None:
    guard = Guard(protocol)

    def enter() -> None:
        with guard.open():
            raise KeyError

    with pytest.raises(KeyError):
        enter()
    with pytest.raises(KeyError):
        Task(enter).result()


@pytest.mark.parametrize("verb", [Guard.publish, Guard.ring, lambda guard: guard.ring_by(0.0)])
def test_verbs_of_the_inside_are_refused_outside(verb, guard: Guard) -> None:
    with pytest.raises(AssertionError, match="inside the door"):
        verb(guard)
    task = Task(verb, guard)
    with guard.open(), pytest.raises(AssertionError):
        task.result()


def test_snapshots_are_read_outside(guard: Guard) -> None:
    assert guard.dialect is not None
    assert (guard.dialect.number, guard.current) == (1, 1)
    guard.end()
    assert guard.current == 0


def test_guard_comes_after_another(guard: Guard, protocol: ClientProtocol) -> None:
    guard.reader, later = 5, Guard(protocol)
    later.wait_for_before()
    later.come_after(guard)
    assert later.reader == 5
    task = Task(later.wait_for_before)
    task.wait_until_blocked()
    guard.finish()
    task.result()
    assert later.before is None


def test_guard_comes_after_all_that_were_before(guard: Guard, protocol: ClientProtocol) -> None:
    between, later = Guard(protocol), Guard(protocol)
    between.come_after(guard)
    later.come_after(between)
    between.finish()  # as when it ended before its listener began
    task = Task(later.wait_for_before)
    task.wait_until_blocked()
    guard.finish()
    task.result()
    assert later.before is None


# What the protocol tells


def publish(guard: Guard, *notices) -> bool:
    with guard.open() as protocol:
        protocol.membership.notices += notices
        return guard.publish()


def test_packets_for_handlers_go_to_the_inbox_in_order(guard: Guard) -> None:
    packets = [Event("a"), Message("b"), Event("c")]
    assert publish(guard, *packets[:2])
    assert publish(guard, *packets[2:])
    assert not publish(guard)
    assert list(guard.inbox) == packets


def test_events_alone_go_to_the_inbox(guard: Guard) -> None:
    changed = guard.changed.sleeper()
    for events in ([Event("a"), Event("b")], []):
        with guard.open() as protocol:
            protocol.membership.notices += events
            assert guard.publish(only_events=True) is bool(events)
    assert list(guard.inbox) == [Event("a"), Event("b")]
    assert not changed.acquire(blocking=False)


def test_call_gets_its_acknowledgement_and_others_the_inbox(guard: Guard) -> None:
    call, for_call, for_callback = Call(), Acknowledged(None, [1]), Acknowledged("waiter", [2])
    for_call.waiter = call
    assert publish(guard, for_call, Event("a"), for_callback)
    assert call.outcome is for_call
    assert list(guard.inbox) == [Event("a"), for_callback]


@pytest.mark.parametrize(
    ("notice", "wakes"), [(Connected(""), True), (Event("a"), False), (Acknowledged("waiter", []), False)]
)
def test_only_changes_of_state_wake_who_waits_for_them(notice, wakes: bool, guard: Guard) -> None:
    guard.asleep_until = -inf
    sleepers = [guard.changed.sleeper(), guard.room.sleeper()]
    publish(guard, notice)
    assert [sleeper.acquire(blocking=False) for sleeper in sleepers] == [wakes] * 2


def test_notices_are_not_lost_to_an_interrupt(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    call = Call()
    guard.changed.sleeper()
    monkeypatch.setattr(guard.changed, "wake", interrupt)
    notices = Unacknowledged(call, ConnectionLost("cut")), Ended(None)
    with pytest.raises(KeyboardInterrupt):
        publish(guard, *notices)
    monkeypatch.undo()
    assert publish(guard)
    assert guard.inbox[-1] is notices[1]
    assert call.outcome is notices[0]
    assert not publish(guard)


@pytest.mark.parametrize(("asleep_until", "rings"), [(100.0, False), (inf, True)])
def test_alarm_rings_if_something_is_due_before_it(asleep_until: float, rings: bool, guard: Guard) -> None:
    with guard.open() as protocol:
        protocol.push(Event("x", id=1), 0.0, timeout=200.0)
        guard.asleep_until, sleeper = asleep_until, guard.alarm.sleeper()
        guard.ring()
        assert sleeper.acquire(blocking=False) is rings
        guard.ring_by(asleep_until)
        sleeper = guard.alarm.sleeper()
        guard.ring_by(asleep_until)
        assert not sleeper.acquire(blocking=False)
        guard.ring_by(99.0)
        assert sleeper.acquire(blocking=False)


def test_alarm_does_not_ring_if_nothing_is_due(guard: Guard) -> None:
    with guard.open():
        guard.asleep_until, sleeper = inf, guard.alarm.sleeper()
        guard.ring()
        assert not sleeper.acquire(blocking=False)


# Waiting for a change


def test_who_waits_goes_on_when_woken(guard: Guard, server: MemoryServer) -> None:
    waiting = Task(guard.wait_until, lambda protocol: protocol.phase is Phase.CLOSED, guard.changed)
    waiting.wait_until_blocked()
    guard.changed.wake()
    waiting.wait_until_blocked()
    guard.end()
    assert waiting.result()
    assert not guard.changed.sleepers


def test_who_waits_goes_on_at_the_deadline(guard: Guard) -> None:
    assert not guard.wait_until(lambda protocol: False, guard.changed, time.monotonic() + 0.01)
    assert not guard.changed.sleepers


def test_who_waits_looks_again_although_nobody_wakes(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    look_again_after(0.01, monkeypatch)
    looks = iter([False, False, True])
    assert Task(guard.wait_until, lambda protocol: next(looks), guard.changed).result()
    assert not guard.changed.sleepers


def test_who_is_interrupted_leaves_no_sleeper(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def acquire(self, timeout: float) -> bool:
            raise KeyboardInterrupt

    def sleeper() -> Interrupted:
        guard.changed.sleepers.append(interrupted)  # type: ignore[arg-type]
        return interrupted

    interrupted = Interrupted()
    monkeypatch.setattr(guard.changed, "sleeper", sleeper)
    with pytest.raises(KeyboardInterrupt):
        guard.wait_until(lambda protocol: False, guard.changed)
    assert not guard.changed.sleepers


# Losses


class Odd(Exception):
    """An exception of nobody's."""


class Mute(Exception):
    """An exception that cannot say what it is."""

    def __str__(self) -> str:
        raise LookupError


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (ConnectionLost("cut"), "cut"),
        (ConnectionLost(), "ConnectionLost"),
        (ValueError("too long"), "ValueError: too long"),
        (OverflowError("deadline"), "OverflowError: deadline"),
        (Odd("odd"), "Odd: odd"),
        (Mute(), "Mute"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_reason_of_a_loss_is_what_was_raised(problem, reason: str, guard: Guard, server: MemoryServer) -> None:
    guard.lose(server.link, problem)
    assert [notice.reason for notice in guard.inbox if isinstance(notice, TransportClosed)] == [reason]
    assert server.link.aborted


def test_reason_of_a_loss_without_text_may_be_given(guard: Guard, server: MemoryServer) -> None:
    guard.lose(server.link, KeyboardInterrupt(), "a write was interrupted")
    assert guard.inbox[0].reason == "KeyboardInterrupt: a write was interrupted"


def test_loss_of_a_transport_of_before_changes_nothing(guard: Guard, server: MemoryServer) -> None:
    current = server.link
    before = open_guard(server).transport
    guard.lose(before, ConnectionLost("cut"))
    assert not guard.inbox
    assert guard.current == 1
    assert before.aborted
    assert not current.aborted


@pytest.mark.parametrize("problem", [ValueError("no"), Odd()])
def test_abort_that_raises_is_an_abort(problem: Exception, guard: Guard, server: MemoryServer) -> None:
    def fail(method: str) -> None:
        raise problem

    server.fault = fail
    guard.lose(server.link, ConnectionLost("cut"))
    assert server.link.aborted


def interrupt(method: str) -> None:
    raise KeyboardInterrupt


def test_interrupt_is_for_the_users_thread_only(guard: Guard, server: MemoryServer) -> None:
    server.fault = interrupt
    with pytest.raises(KeyboardInterrupt):
        guard.abort(server.link)
    guard.reader = threading.get_ident()
    guard.abort(server.link)
    guard.reader, guard.keeper = None, threading.get_ident()
    guard.abort(server.link)


# The link


class Attempt:
    aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_wake_reaches_the_transport(guard: Guard, server: MemoryServer) -> None:
    server.link.incoming.get()  # the join
    guard.wake_link()
    assert server.link.recv() == []


def test_transport_that_cannot_be_woken_is_lost(guard: Guard, server: MemoryServer) -> None:
    def fail(method: str) -> None:
        if method == "wake":
            raise ValueError("stuck")

    server.fault = fail
    guard.wake_link()
    assert [type(notice) for notice in guard.inbox][:2] == [Disconnected, TransportClosed]
    assert guard.inbox[1].reason == "ValueError: stuck"
    assert server.link.aborted


def test_interrupt_of_a_wake_is_passed_on(guard: Guard, server: MemoryServer) -> None:
    server.fault = lambda method: interrupt(method) if method == "wake" else None
    with pytest.raises(KeyboardInterrupt):
        guard.wake_link()
    assert server.link.aborted


def test_listener_knows_itself(guard: Guard) -> None:
    assert not guard.on_listener()
    guard.reader = threading.get_ident()
    assert guard.on_listener()
    assert not Task(guard.on_listener).result()


def test_attempt_is_aborted_once_it_is_not_wanted(guard: Guard) -> None:
    guard.link = attempt = Attempt()
    guard.wake_link()
    assert not attempt.aborted
    guard.end()
    assert attempt.aborted


def test_nothing_on_the_network_needs_no_wake(protocol: ClientProtocol) -> None:
    Guard(protocol).wake_link()


# The end


def test_end_tells_the_server_and_wakes_both_threads(guard: Guard, server: MemoryServer) -> None:
    sleepers = [guard.changed.sleeper(), guard.alarm.sleeper()]
    guard.end()
    assert all(sleeper.acquire(blocking=False) for sleeper in sleepers)
    assert guard.leaving
    with guard.open() as protocol:
        assert protocol.frames_to_send() == ["0::"]
    assert isinstance(guard.inbox[-1], Ended)


def test_error_of_our_own_is_why_the_connection_ended(guard: Guard) -> None:
    problem = KeyError("oops")
    alarm = guard.alarm.sleeper()
    guard.fail(problem)
    guard.fail(ValueError("later"))
    with guard.open() as protocol:
        error = protocol.lifecycle.error
    assert isinstance(error, ConnectError)
    assert error.__cause__ is problem
    assert alarm.acquire(blocking=False)


def test_finish_wakes_who_waits_for_the_end(guard: Guard) -> None:
    waiting = Task(guard.wait_until, lambda protocol: guard.over, guard.changed)
    waiting.wait_until_blocked()
    alarm = guard.alarm.sleeper()
    guard.finish()
    assert waiting.result()
    assert alarm.acquire(blocking=False)


def test_both_threads_are_waited_for(guard: Guard) -> None:
    go_on, began = threading.Event(), [threading.Event() for _ in range(2)]

    def live(number: int) -> None:
        began[number].set()
        happened(go_on)

    listener, keeper = (threading.Thread(target=live, args=(number,)) for number in range(2))
    guard.join(listener, keeper, inf)  # neither was started
    for thread, event in zip((listener, keeper), began, strict=True):
        thread.start()
        happened(event)
    guard.join(listener, keeper, time.monotonic() + 0.02)
    waiting = Task(guard.join, listener, keeper, time.monotonic() + NEVER)
    guard.finish()
    waiting.wait_until_blocked()
    with guard.open():
        guard.has_kept = True
        guard.changed.wake()
    go_on.set()
    waiting.result()
    assert not listener.is_alive()
    assert not keeper.is_alive()


def test_connection_of_another_process_is_refused(guard: Guard) -> None:
    guard.forget()
    guard.wake_link()
    for verb in (guard.end, guard.finish, lambda: guard.wait_until(lambda protocol: True, guard.changed)):
        with pytest.raises(RuntimeError, match="make a new SocketIO"):
            verb()
    assert guard.transport is None
