"""Thread 2 of a connection: it sleeps until something is due, has time-outs happen, and writes what others left.

Over polling, it reads instead of sleeping while a function of the user keeps the listener: see ``standin``.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from math import inf

from ..protocol.phases import Phase
from ..reading import Reader
from .guard import Guard
from .listener import TAKE_OVER, Listener
from .standin import StandIn
from .watch import Watch, warn
from .writer import LOOK, WRITE_TIMEOUT, Writer

SLICE = 10.0
"""Seconds after which the thread looks again though nothing is due: a wake-up may be lost to Ctrl-C."""


class Heartbeat:
    """What thread 2 does.

    Args:
        guard: has the protocol and the link.
        writer: writes what is due.
        listener: runs the user's functions, which are watched.
    """

    def __init__(self, guard: Guard, writer: Writer, listener: Listener) -> None:
        self._guard, self._writer, self._listener = guard, writer, listener
        self._watch, self._stand_in = Watch(), StandIn(guard, listener)

    def run(self) -> None:
        """Live until the connection has ended."""
        self._guard.keeper = threading.get_ident()
        try:
            while self._sleep():
                self._look()
            self._writer.flush(keeps_time=True)  # the last packets
        except BaseException as error:
            self._guard.fail(error)
            self._guard.wake_link()
            raise
        finally:
            with self._guard.open():
                if self._guard.reading.holder is Reader.KEEPER:
                    self._stand_in.let_go(time.monotonic())
                self._guard.keeper = None  # the next thread may get the same id
                self._guard.has_kept = True
                self._guard.changed.wake()

    def _sleep(self) -> bool:
        """Return True when something is due, False at the end of the connection."""
        guard, stand_in = self._guard, self._stand_in
        while True:
            with guard.open() as protocol:
                now, guard.asleep_until = time.monotonic(), inf
                transport = guard.transport
                turn = stand_in.due(now) if transport is not None and transport.dies_unread else inf
                if turn > now and guard.reading.holder is Reader.KEEPER:
                    stand_in.let_go(now)
                if protocol.lifecycle.phase is Phase.CLOSED:
                    return False
                deadline = protocol.deadline()
                due = min(inf if deadline is None else deadline, self._writer.corked_until)
                if due <= now:
                    return True
                if turn <= now:
                    guard.asleep_until = due = min(due, now + TAKE_OVER)
                    transport = stand_in.take_over(now)
                    break
                guard.asleep_until, sleeper = min(due, turn), guard.alarm.sleeper()
            if not sleeper.acquire(timeout=min(guard.asleep_until - now, SLICE)):
                guard.alarm.discard(sleeper)
        stand_in.read(transport, due)
        return True

    def _look(self) -> None:
        guard, writer, listener = self._guard, self._writer, self._listener
        now = time.monotonic()
        with guard.open() as protocol:
            attempt, link = guard.current, guard.link
            if now >= writer.corked_until:
                writer.corked_until = inf
            protocol.handle_timeout(now)
            news = guard.publish()
            guard.changed.wake()
            ended = attempt != 0 and guard.current != attempt
            deadline = protocol.deadline()
            seen = self._watch.look(listener.running, listener.first_to_run, protocol.session, now)
        if ended and link is not None:
            guard.abort(link)
        spare = WRITE_TIMEOUT if deadline is None else deadline - now
        if guard.reading.holder is Reader.KEEPER:
            spare = LOOK  # the next poll must not wait for the response to a POST
        writer.flush(min(max(spare, LOOK), WRITE_TIMEOUT), keeps_time=True)
        if news:
            guard.wake_link()
        with suppress(BaseException):  # what logs is the user's
            warn(seen)
