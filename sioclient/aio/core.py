"""The state of a connection that its tasks share, what it writes, and how tasks tell each other of changes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from math import inf
from typing import Any

import anyio

from ..errors import text_of
from ..fronts.packetlog import PacketLog
from ..protocol.client import ClientProtocol
from ..protocol.framing import Frame
from ..protocol.notices import Acknowledged, Notice, Unacknowledged
from ..protocol.packets import Event, Json, Message
from ..protocol.phases import Phase
from ..protocol.revisions.base import Dialect
from ..stats import Counts
from .living import Living
from .transports import Transport
from .wakeups import Broadcast

_logger = logging.getLogger("sioclient")

USER_PACKETS = frozenset({Event, Message, Json})

_NOTHING: deque[tuple[Notice, int]] = ()  # type: ignore[assignment]
"""An inbox in which nothing waits: an empty deque takes 760 bytes."""

CORK_TIME = 0.0005
"""Seconds after a write for which small packets wait for a task that writes them together."""


def _is_for_caller(problem: BaseException) -> bool:
    return False  # Ctrl-C and cancellations come where a task waits, and the log does not


@lru_cache(16)
def _log_of(logger: logging.Logger) -> PacketLog:
    """Return the log of all connections with this logger."""
    return PacketLog(logger, _is_for_caller)


class Call:
    """An acknowledgement that a task waits for.

    Attributes:
        outcome: what came; None: nothing yet.
    """

    __slots__ = ("outcome", "settled")

    def __init__(self) -> None:
        self.outcome: Acknowledged | Unacknowledged | None = None
        self.settled = anyio.Event()


class Core:
    """What the tasks of one connection share.

    Args:
        protocol: the connection as an object without I/O.
        logger: where packets are shown.

    Attributes:
        counts: what goes through the connection.
        living: its tasks.
        transport: carries the session; None: there is none.
        broken: the latest transport that was lost.
        transport_name, session_id: those of the session; None: there is none.
        attempt, link: the number of the attempt that is under way, and what cancels it, or the reading after it.
        inbox, waiting: what the user's functions run for, each with the characters that it stands for; their sum.
        runner: the id of the task in which a function of the user runs; None: none does.
        calls: how many tasks wait for an acknowledgement.
        leaving, over: whether the user has ended the connection; whether all tasks have ended.
        is_writing, is_running: whether there is a task that writes, and one that runs functions.
        asleep_until: when a task looks at the time by itself; -inf: it is about to look.
        sleep: the scope in which the task that keeps the time waits, cancelled to wake it; None: there is none.
        writing: the scope of the task that writes, or of the latest one.
        before: that of the connection in whose place this one comes; None: there is none, or it is over.
        changed, room: wake all that wait for the state of the connection, or for room.
    """

    __slots__ = (
        "_is_left", "_keeper", "_log", "_written_at", "asleep_until", "attempt", "before", "broken", "calls",
        "changed", "counts", "inbox", "is_running", "is_writing", "leaving", "link", "living", "over",
        "protocol", "room", "runner", "session_id", "sleep", "transport", "transport_name", "waiting",
        "writing",
    )  # fmt: skip

    clock = staticmethod(anyio.current_time)

    def __init__(self, protocol: ClientProtocol, logger: logging.Logger) -> None:
        self.protocol, self.counts = protocol, Counts()
        self.living: Living
        self.before: Core | None = None
        self.transport: Transport | None = None
        self.broken: Transport | None = None
        self.transport_name: str | None = None
        self.session_id: str | None = None
        self.attempt = self.waiting = self.calls = 0
        self.link: anyio.CancelScope | None = None
        self.inbox = _NOTHING
        self.runner: int | None = None
        self.over = self.leaving = self.is_writing = self.is_running = False
        self.asleep_until = self._written_at = -inf
        self.sleep: anyio.CancelScope | None = None
        self._is_left, self._keeper = False, 0  # whether the main task leaves the time to another; the number of that
        self.writing: anyio.CancelScope | None = None
        self.changed, self.room = Broadcast(), Broadcast()
        self._log = _log_of(logger)

    @property
    def phase(self) -> Phase:
        """Where the connection is."""
        return self.protocol.lifecycle.phase

    @property
    def dialect(self) -> Dialect | None:
        """What is spoken at the moment; None: that is not known."""
        return self.protocol.lifecycle.dialect

    def open(self) -> AbstractContextManager[ClientProtocol]:
        """Return the way to the protocol object, as a guard does: here, nobody else runs meanwhile."""
        return nullcontext(self.protocol)

    def in_function(self) -> bool:
        """Return whether a function of the user that runs for this connection, or for one before, has called."""
        if self.runner is not None and self.runner == anyio.get_current_task().id:
            return True
        return self.before is not None and self.before.in_function()

    def publish(self, size: int | None = None) -> None:
        """Hand on what the protocol has to tell.

        Args:
            size: characters that were read, which the last of it stands for, by who runs functions next; None: another
                task is to run them.
        """
        only_packets = True
        for notice in self.protocol.notices():
            call = getattr(notice, "waiter", None)
            if type(call) is Call:
                call.outcome = notice  # type: ignore[assignment]
                call.settled.set()
            else:
                fresh = self.inbox or deque[tuple[Notice, int]]()
                self.inbox = self.inbox or fresh  # garbage may have been collected in between, and a channel have left
                self.inbox.append((notice, 0))
            only_packets = only_packets and type(notice) in USER_PACKETS
        if size and self.inbox:
            self.waiting += size
            notice, before = self.inbox[-1]
            self.inbox[-1] = (notice, before + size)
        if not only_packets:
            self.changed.wake()
            self.room.wake()
            self.ring()
            if self.link is not None and self.protocol.lifecycle.current != self.attempt:
                self.link.cancel()
                return  # the main task runs functions next
        if self.inbox and size is None and not self.is_running:
            self._start(None)

    def lose(self, transport: Transport, problem: Exception) -> None:
        """The transport raised something, so it is broken."""
        if transport is self.transport:
            self.broken = transport
            self.protocol.transport_lost(text_of(problem), anyio.current_time())
            self.publish()

    def end(self) -> None:
        """The user leaves: no function of his runs any more."""
        self.leaving = True
        if self.phase is not Phase.CLOSED:
            self.protocol.disconnect()
            self.publish()
        if self.before is not None:
            self.before.changed.wake()  # the main task waits there

    def finish(self) -> None:
        """All tasks have ended."""
        self.inbox, self.over = _NOTHING, True
        self.changed.wake()

    async def end_of_all(self) -> None:
        """Wait until all tasks have ended."""
        await self.until(lambda: self.over)

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until this is so."""
        await self.changed.until(done)

    def show(self, mark: str, frames: Sequence[Frame]) -> None:
        """Show frames in the log."""
        if frames and self._log.is_on():
            self._log.show(mark, frames)

    # How the time is kept

    def ring(self) -> None:
        """Have a task look at the time at once if something is due before one looks by itself."""
        is_due = self.phase is Phase.CLOSED
        if not is_due and self.asleep_until > -inf:
            deadline = self.protocol.deadline()
            is_due = deadline is not None and deadline < self.asleep_until
        if is_due:
            self.wake_keeper()

    def wake_keeper(self) -> None:
        """Wake the task that keeps the time; if the main task has left that to another, and there is none, start it."""
        if self.sleep is not None:
            self.sleep.cancel()
        elif self._is_left and self.living.is_on and self.phase is not Phase.CLOSED:
            self.asleep_until = -inf
            self.living.start(self._keep_time, self._keeper)

    def until_due(self) -> anyio.CancelScope:
        """Return a scope that ends when something is due."""
        deadline = self.protocol.deadline()
        self.asleep_until = inf if deadline is None else deadline
        self.sleep = anyio.CancelScope(deadline=self.asleep_until)
        return self.sleep

    def leave_time(self, until: float = inf) -> None:
        """Have another task keep the time as soon as something is due before ``until``, when the main task looks."""
        if not self._is_left:
            self._is_left, self.sleep, self.asleep_until = True, None, until
        self.ring()

    def take_time(self) -> None:
        """Undo ``leave_time``."""
        if self._is_left:
            self._is_left, self._keeper = False, self._keeper + 1
            self.wake_keeper()
            self.sleep, self.asleep_until = None, -inf

    def look_at_time(self) -> None:
        """Have time-outs happen, if any is due."""
        self.sleep, self.asleep_until = None, -inf
        now, deadline = anyio.current_time(), self.protocol.deadline()
        if deadline is not None and deadline <= now:
            self.protocol.handle_timeout(now)
            self.publish()
            self.changed.wake()  # the next attempt may begin, of which there is no notice
            self.flush()

    async def _keep_time(self, number: int) -> None:
        while self._keeper == number and self.phase is not Phase.CLOSED:
            with self.until_due():
                await anyio.sleep_forever()
            if self._keeper == number:
                self.look_at_time()

    # What is written

    def flush(self, now: float = inf) -> None:
        """Write what may be written, at once if the network takes it; if much comes at this time, soon."""
        transport = self.transport
        if transport is None or self.is_writing or not self.living.is_on:
            return
        if transport.is_stream and now > self._written_at + CORK_TIME:
            while transport is self.transport and not transport.backlog and (frames := self.take()):
                try:
                    transport.put(frames)
                except Exception as problem:
                    self.lose(transport, problem)
            self._written_at = now if now < inf else self._written_at
        if transport is self.transport and (transport.backlog or self.protocol.has_frames()):
            self.is_writing = True
            self.living.start(self._write, transport)

    def take(self) -> list[Frame]:
        """Return the frames to write now."""
        frames = self.protocol.frames_to_send()
        if frames:
            self.room.wake()
            self.counts.packets_out += len(frames)
            self.show(">", frames)
        if self.protocol.outbox.queued:
            self.ring()  # what the fence holds back, its deadline lets go
        return frames

    async def _write(self, transport: Transport) -> None:
        """Write what the network does not take at once, or takes by POSTs."""
        try:
            with anyio.CancelScope() as self.writing:
                while transport is self.transport and ((frames := self.take()) or transport.backlog):
                    await transport.send(frames)
        except Exception as problem:
            self.lose(transport, problem)
        finally:
            self.is_writing = False
            self.changed.wake()
            if transport is not self.transport:
                self.flush()

    async def stop_writing(self) -> None:
        """Cancel the task that writes, and wait for its end: it could open a connection that nobody would close."""
        if self.is_writing and self.writing is not None:
            self.writing.cancel()
        await self.until(lambda: not self.is_writing)

    # What runs

    def run_functions(self, me: int) -> None:
        """Run functions for what is in the inbox: plain ones at once, in this task; others in a task of their own."""
        if self.inbox and not self.is_running:
            self.is_running = True
            running = self._deliver(me)
            self.is_running = False
            if running is not None:
                self._start(running)

    def _start(self, running: Awaitable[Any] | None) -> None:
        if self.living.is_on:
            self.is_running = True
            self.living.start(self._run_functions, running)

    def _deliver(self, me: int) -> Awaitable[Any] | None:
        """Run the user's functions for what is in the inbox until one must be awaited; return that, or None."""
        self.runner = me
        try:
            while self.inbox:
                notice, size = self.inbox.popleft()
                owner = notice.owner
                receiver = owner() if owner is not None else getattr(notice, "waiter", None)
                deliver = getattr(receiver, "deliver", None)
                if deliver is not None and not (self.leaving and type(notice) in USER_PACKETS):
                    try:
                        running: Awaitable[Any] | None = deliver(notice)
                    except Exception:
                        _logger.exception("a function for %.200r raised", notice)
                    else:
                        if running is not None:
                            self.inbox.appendleft((notice, size))  # until it is over
                            return running
                self._let_in(size)
            self.inbox = _NOTHING
        finally:
            self.runner = None
        return None

    async def _run_functions(self, running: Awaitable[Any] | None) -> None:
        me = anyio.get_current_task().id
        try:
            running = running or self._deliver(me)
            while running is not None:
                notice, size = self.inbox[0]
                self.runner = me
                try:
                    await running
                except Exception:
                    _logger.exception("a function for %.200r raised", notice)
                finally:
                    self.runner = None
                self.inbox.popleft()
                self._let_in(size)
                running = self._deliver(me)
        finally:
            self.is_running = False

    def _let_in(self, size: int) -> None:
        if size:
            self.waiting -= size
            self.room.wake()
