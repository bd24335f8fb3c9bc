"""Thread 2 of a connection: it sleeps until something is due, has time-outs happen, and writes what others left."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from math import inf

from .guard import SLICE, Guard
from .listener import Listener
from .protocol.phases import Phase
from .watch import Watch, warn
from .writer import LOOK, WRITE_TIMEOUT, Writer


class Heartbeat:
    """What thread 2 does.

    Args:
        guard: has the protocol and the link.
        writer: writes what is due.
        listener: runs the user's functions, which are watched.
    """

    def __init__(self, guard: Guard, writer: Writer, listener: Listener) -> None:
        self._guard, self._writer, self._listener = guard, writer, listener
        self._watch = Watch()

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
            self._guard.keeper = None  # the next thread may get the same id

    def _sleep(self) -> bool:
        """Return True when something is due, False at the end of the connection."""
        guard = self._guard
        while True:
            with guard.open() as protocol:
                if protocol.lifecycle.phase is Phase.CLOSED:
                    return False
                deadline = protocol.deadline()
                due = min(inf if deadline is None else deadline, self._writer.corked_until)
                left = due - time.monotonic()
                if left <= 0:
                    return True
                guard.asleep_until, sleeper = due, guard.alarm.sleeper()
            if not sleeper.acquire(timeout=min(left, SLICE)):
                guard.alarm.discard(sleeper)

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
        writer.flush(min(max(spare, LOOK), WRITE_TIMEOUT), keeps_time=True)
        if news:
            guard.wake_link()
        with suppress(BaseException):  # what logs is the user's
            warn(seen)
