"""Faults at the moment when they hurt: a thread that sends is stopped before each lock that it takes, one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from sioclient import SocketIO
from sioclient.errors import ConnectionLost
from tests.memory import MemoryServer
from tests.servers_py import Task
from tests.waiting import eventually, happened

_RLock = threading.RLock


class Schedule:
    """Stops one thread before it takes a lock, as if the system let others run just then."""

    def __init__(self) -> None:
        self.thread: int | None = None
        self.taken = 0
        self.stops: dict[int, tuple[threading.Event, threading.Event]] = {}

    def stop_before(self, number: int) -> tuple[threading.Event, threading.Event]:
        """Return what is set when the thread is about to take a lock for the so-manieth time, and what lets it go."""
        return self.stops.setdefault(number, (threading.Event(), threading.Event()))

    def begin(self, function: Any, *args: Any) -> Any:
        """Run a function in the thread that is stopped."""
        self.thread = threading.get_ident()
        try:
            return function(*args)
        finally:
            self.thread = None
            for reached, _ in self.stops.values():
                reached.set()

    def step(self) -> None:
        if self.thread == threading.get_ident():
            reached, go = self.stops.get(self.taken, (None, None))
            self.taken += 1
            if reached is not None and go is not None:
                reached.set()
                happened(go)


class WatchedLock:
    """An RLock that tells a schedule who is about to take it."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule, self._lock = schedule, _RLock()
        self.release, self._is_owned = self._lock.release, self._lock._is_owned

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        self._schedule.step()
        return self._lock.acquire(blocking, timeout)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def within(seconds: float, condition: Callable[[], object]) -> None:
    """Wait for a condition that may not come yet."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)


@pytest.fixture
def watched(monkeypatch):
    """Connect to a server in memory, with locks that a schedule watches."""
    made = []

    def connect() -> tuple[SocketIO, MemoryServer, Schedule]:
        server, schedule = MemoryServer(), Schedule()
        with monkeypatch.context() as during:
            during.setattr("sioclient.threads.connection.Connector", lambda *args: server)
            during.setattr(threading, "RLock", lambda: WatchedLock(schedule))
            made.append(SocketIO("localhost", revision=1, auto_connect=False, reconnection_delay=0.01))
        made[-1].open()
        return made[-1], server, schedule

    yield connect
    for socket in made:
        socket.disconnect()


def test_f57_a_frame_is_kept_while_one_transport_replaces_another(watched):
    socket, _, schedule = watched()
    schedule.begin(socket.emit, "kept")
    assert schedule.taken >= 3, "an emit takes the lock of the protocol, that for sending, and the first again"
    for position in range(schedule.taken):
        emit_while_the_connection_is_lost(watched, position)


def emit_while_the_connection_is_lost(watched: Callable[[], Any], position: int) -> None:
    """Lose the connection before a thread that emits takes a lock, and have it back before it takes the next one."""
    socket, server, schedule = watched()
    lost, go_on = schedule.stop_before(position)
    back, finish = schedule.stop_before(position + 1)
    way_back = threading.Event()
    server.plan.append(lambda attempt: happened(way_back))
    emitting = Task(schedule.begin, socket.emit, "kept")
    happened(lost)
    server.push(ConnectionLost("cut"))
    within(0.1, lambda: server.attempts == 2)  # not before the thread has gone on, if it has a lock that others need
    go_on.set()
    happened(back)
    way_back.set()
    within(0.1, lambda: len(server.transports) == 2 and socket.connected)
    finish.set()
    emitting.result()
    eventually(lambda: len(server.transports) == 2 and socket.connected, "the second session")
    eventually(lambda: any(transport.handed for transport in server.transports), f"the frame, lost before {position}")
    assert [frame for transport in server.transports for frame in transport.handed] == ['5:::{"name":"kept"}']
