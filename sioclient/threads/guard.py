"""The lock of a connection, the protocol object that it guards, and what the threads of a connection share.

``with guard.open() as protocol:`` is the only way to the protocol object. Whoever is inside stays in memory: no
network, no function of the user, no wait. Three snapshots may be read from outside, each a single look-up: ``dialect``
(what is spoken at the moment), ``current`` (the attempt whose link is wanted; 0: none) and ``new_id``.

Ctrl-C may strike a thread between any two bytecodes, and must never leave the lock taken. So entering and leaving are
one call of C each.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from ..errors import text_of
from ..protocol.client import ClientProtocol
from ..protocol.notices import Acknowledged, Notice, Unacknowledged
from ..protocol.packets import Event, Json, Message
from ..protocol.phases import Phase
from ..protocol.revisions.base import Dialect
from ..stats import Counts
from ..transports.base import Transport
from .wakeups import Wakeups

SLICE = 1.0
"""Seconds after which whoever waits looks again: a wake-up may be lost to Ctrl-C, which on Windows does not interrupt
the wait for a lock either."""

USER_PACKETS = frozenset({Message, Json, Event})
_ACKS = (Acknowledged, Unacknowledged)
_QUIET = USER_PACKETS | {Acknowledged}  # notices that tell of no change of the connection's state
_CLOSED = Phase.CLOSED  # a look-up in an Enum takes as long as a call

_INSIDE = "only inside the door"  # asked as Condition asks; a lock has no public word for it before Python 3.14


class Abortable(Protocol):
    """Anything that blocks one thread and can be interrupted by another."""

    def abort(self) -> None:
        """Make it stop, now or at its next step."""


class Call:
    """An acknowledgement that a thread waits for.

    Attributes:
        outcome: what came; None: nothing yet.
        settled: taken until there is an outcome.
    """

    def __init__(self) -> None:
        self.outcome: Acknowledged | Unacknowledged | None = None
        self.settled = threading.Lock()
        self.settled.acquire()


class Guard:
    """One connection's lock and what it guards.

    Args:
        protocol: the connection as an object without I/O.

    Attributes:
        link: what is under way on the network: the attempt, then the transport that it opened.
        transport: carries the session; None: there is none.
        transport_name, session_id: those of the session; None: there is none.
        inbox: notices for the user's functions; the listener takes them.
        changed: threads that wait for the state of the connection, or for who reads; the listener that rests.
        room: threads that have more to send than may wait.
        alarm: the heartbeat thread, asleep.
        asleep_until: when the heartbeat thread looks by itself.
        reader, keeper: the ids of the listener thread and of the heartbeat thread while they live.
        leaving: whether the user has ended the connection.
        abandoned: what the log says because nobody holds the connection any more; empty: somebody does.
        over, has_kept: whether the listener, and the heartbeat thread, has done its last step.
        before: the guard of the connection in whose place this one comes; None: there is none, or it is over.
        new_id: returns an id for a packet that asks for an acknowledgement; see ``Acks.new_id``.
        open: returns the door, which is this object: ``with guard.open() as protocol``.
        reading: who reads; see ``standin`` for how the role passes on.
        counts: what the threads count.
    """

    def __init__(self, protocol: ClientProtocol) -> None:
        self._lock = threading.RLock()  # reentrant, as the garbage collector may enter anywhere
        self._protocol = protocol
        self._enter = map({True: protocol}.__getitem__, iter(self._lock.acquire, None)).__next__
        self.open: Callable[[], Guard] = weakref.ref(self)  # type: ignore[assignment]  # a call of C that returns this
        self.new_id = protocol.acks.new_id
        self.reading = protocol.reading
        self.counts = Counts()
        self.link: Abortable | None = None
        self.transport: Transport | None = None
        self.transport_name: str | None = None
        self.session_id: str | None = None
        self.inbox: deque[Notice] = deque()
        self.changed, self.room, self.alarm = Wakeups(), Wakeups(), Wakeups()
        self.asleep_until = -inf
        self.reader: int | None = None
        self.keeper: int | None = None
        self.leaving = self.over = self.has_kept = False
        self.before: Guard | None = None
        self.abandoned = ""

    if TYPE_CHECKING:

        def __enter__(self) -> ClientProtocol: ...
        def __exit__(self, *exception: object) -> None: ...

    else:
        # Taking the lock returns True, and the protocol stands under that key: no bytecode is between the two.
        __enter__ = property(attrgetter("_enter"))
        __exit__ = property(attrgetter("_lock.__exit__"))

    clock = staticmethod(time.monotonic)

    # The snapshots: single look-ups, also made without a bytecode in between.
    dialect: Dialect | None = property(attrgetter("_protocol.lifecycle.dialect"))  # type: ignore[assignment]
    current: int = property(attrgetter("_protocol.lifecycle.current"))  # type: ignore[assignment]

    # Inside the door

    def publish(self, *, only_events: bool = False) -> bool:
        """Hand on what the protocol has to tell, inside the door: calls get their acknowledgements, the inbox the rest.

        Args:
            only_events: whether there is nothing but events to tell, as nearly always.

        Returns:
            Whether there was anything.
        """
        assert self._lock._is_owned(), _INSIDE  # type: ignore[attr-defined]
        membership = self._protocol.membership
        notices = membership.notices
        if only_events:
            self.inbox.extend(notices)
            membership.notices = []
            return bool(notices)
        kinds = set(map(type, notices))
        for notice in notices:
            if isinstance(notice, _ACKS) and type(notice.waiter) is Call:
                notice.waiter.outcome = notice
                if notice.waiter.settled.locked():  # after an interrupt, this may happen again
                    notice.waiter.settled.release()
            else:
                self.inbox.append(notice)
        if not kinds <= _QUIET:
            for threads in (self.changed, self.room):
                if threads.sleepers:
                    threads.wake()
            self.ring()
        membership.notices = []  # last, so that an interrupt before makes notices come twice, and not never
        return bool(notices)

    def ring(self) -> None:
        """Wake the heartbeat thread if something is due before it looks by itself; inside the door."""
        assert self._lock._is_owned(), _INSIDE  # type: ignore[attr-defined]
        deadline = self._protocol.deadline()
        if self._protocol.lifecycle.phase is _CLOSED or (deadline is not None and deadline < self.asleep_until):
            self.alarm.wake()

    def ring_by(self, when: float) -> None:
        """Wake the heartbeat thread if it would sleep beyond ``when``; inside the door."""
        assert self._lock._is_owned(), _INSIDE  # type: ignore[attr-defined]
        if when < self.asleep_until:
            self.alarm.wake()

    # Outside the door

    def wait_until(
        self, done: Callable[[ClientProtocol], bool], wakeups: Wakeups, deadline: float | None = None
    ) -> bool:
        """Wait until ``done`` of the protocol; return False at ``deadline``.

        No wake-up is relied on: an interrupt may have taken it away, so this looks again now and then.
        """
        sleeper: threading.Lock | None = None
        try:
            while True:
                with self.open() as protocol:
                    if done(protocol):
                        return True
                    sleeper = wakeups.sleeper()
                left = inf if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    return False
                if not sleeper.acquire(timeout=min(left, SLICE)):
                    wakeups.discard(sleeper)
                sleeper = None
        finally:
            if sleeper is not None:
                wakeups.discard(sleeper)

    def on_listener(self) -> bool:
        """Return whether the calling thread is the listener: a function of the user runs on it."""
        return threading.get_ident() == self.reader

    def is_for_caller(self, problem: BaseException) -> bool:
        """Return whether what a transport raised is not of the transport but for the user's thread: Ctrl-C, for one."""
        return not isinstance(problem, Exception) and threading.get_ident() not in (self.reader, self.keeper)

    def lose(self, transport: Transport, problem: BaseException, untold: str = "") -> None:
        """The transport raised something, so it is broken; ``untold`` is why if the exception does not say it."""
        reason = text_of(problem, untold)
        with self.open() as protocol:
            if transport is self.transport:
                protocol.transport_lost(reason, time.monotonic())
                self.publish()
        self.abort(transport)

    def abort(self, link: Abortable) -> None:
        """End what is under way on the network; whatever it raises, nothing more comes from it."""
        try:
            link.abort()
        except BaseException as problem:
            if self.is_for_caller(problem):
                raise

    def end(self) -> None:
        """Tell the server and the threads that this is the end."""
        self.leaving = True
        with self.open() as protocol:
            protocol.disconnect()
            self.publish()
            self.alarm.wake()  # the heartbeat thread writes the last packets: over HTTP, that may wait for a response
            self.changed.wake()
        self.wake_link()

    def fail(self, error: BaseException) -> None:
        """A thread met an error that is one of ours: end, and let ``wait`` raise it."""
        with self.open() as protocol:
            protocol.fail(error)
            self.publish()

    def come_after(self, before: Guard) -> None:
        """Wait with everything until the listener of another connection is over; until then, it is our listener too."""
        self.before, self.reader = before, before.reader

    def wait_for_before(self) -> None:
        """Wait until the connection is over in whose place this one comes: its functions run before ours."""
        before = self.before
        while before is not None:  # one that ended before its listener began has waited for none
            before.wait_until(partial(_is_over, before), before.changed)
            before = before.before
        self.before = None  # last, since others may come after this one

    def finish(self) -> None:
        """The listener has done its last step, or will never do one."""
        with self.open():
            self.over = True
            self.changed.wake()
            self.alarm.wake()

    def join(self, listener: threading.Thread, keeper: threading.Thread, deadline: float) -> None:
        """Wait for the end of both threads until ``deadline``; one that was not started needs none."""
        self.wait_until(
            lambda protocol: (self.over or listener.ident is None) and (self.has_kept or keeper.ident is None),
            self.changed,
            deadline,
        )
        # Before Python 3.13, Ctrl-C within this marks a thread as ended, so it comes when there is nearly nothing left.
        for thread in (listener, keeper):
            with suppress(RuntimeError):  # another thread is about to start it: it will end at once
                thread.join(max(deadline - time.monotonic(), 0))

    def wake_link(self) -> None:
        """Make the listener look at the inbox and the phase, wherever it waits."""
        link = self.link
        if isinstance(link, Transport):
            try:
                link.wake()
            except BaseException as problem:
                self.lose(link, problem)
                if self.is_for_caller(problem):
                    raise
        elif link is not None and not self.current:
            self.abort(link)

    def forget(self) -> None:
        """Become unusable without touching the network: it belongs to the process that this one was forked from."""
        self._lock = _OfAnotherProcess()  # type: ignore[assignment]
        self._enter = self._lock.acquire  # type: ignore[assignment]
        self.link = self.transport = None
        self._protocol.forget()


def _is_over(guard: Guard, protocol: ClientProtocol) -> bool:
    return guard.over


class _OfAnotherProcess:
    """What is in the place of a lock that nobody here can release: its threads are in another process."""

    def acquire(self) -> None:
        raise RuntimeError("this connection belongs to the process that was forked: make a new SocketIO in this one")

    def __exit__(self, *_: object) -> None:  # pragma: no cover - it must be there, but nobody ever enters
        """Do nothing."""
