"""Writes what waits in the protocol: the send lock, the cork, and room for more.

The send lock makes "take the frames, then send them" one step, so that frames keep their order. It is taken before the
lock of the guard, never after it. Only this module calls ``transport.send``.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from math import inf

from ..errors import BufferFull
from ..fronts.packetlog import PacketLog
from ..protocol.client import Verdict
from ..transports.base import Transport
from .guard import SLICE, Guard

_logger = logging.getLogger("sioclient")

WRITE_TIMEOUT = 5.0
"""How long a sending thread waits for space, the send lock or a connection before it leaves the write to the heartbeat
thread, in seconds."""

CORK_TIME = 0.005
"""Seconds that what a handler sends may wait for what the next one sends."""

LOOK = 0.05
"""Seconds until the heartbeat thread looks after what another thread has left to it."""


class Writer:
    """Writes the frames of one connection, for any thread.

    Args:
        guard: has the protocol and the transport.
        logger: where packets are shown, at DEBUG.

    Attributes:
        log: shows them.
        corked_until: when the heartbeat thread writes what waits; inf: nothing does.
    """

    def __init__(self, guard: Guard, logger: logging.Logger | None = None) -> None:
        self._guard = guard
        self.log = PacketLog(logger or _logger, guard.is_for_caller)
        self._is_shown = self.log.is_on
        self._lock = threading.RLock()  # its release tells whose it is, which matters after Ctrl-C
        self._wanted = False  # somebody has queued frames since the latest write began
        self._taken_at = -inf  # when packets were last taken that had waited: heartbeats and fences make no room
        self.corked_until = inf

    def cork(self, verdict: Verdict) -> None:
        """Have a packet wait for more, if the protocol said that it may.

        It leaves with the last handler of a batch, with the fiftieth packet, with whatever another thread writes,
        before a handler waits for the network, or after ``CORK_TIME``: whatever comes first.
        """
        if verdict is Verdict.MORE and self.corked_until == inf:
            self.look_in(CORK_TIME)

    def look_in(self, seconds: float) -> None:
        """Have the heartbeat thread look after what waits to be written, so many seconds from now at the latest."""
        with self._guard.open():
            self.corked_until = min(self.corked_until, time.monotonic() + seconds)
            self._guard.ring_by(self.corked_until)

    def uncork(self) -> None:
        """Write what waits for more, if anything does."""
        if self.corked_until != inf:
            self.corked_until = inf
            self.flush()

    def flush(self, patience: float = WRITE_TIMEOUT, *, keeps_time: bool = False) -> None:
        """Write what may be written.

        The listener does not wait for another thread that writes: if the server reads only while it is read from, both
        would wait for each other. Its frames are not forgotten: whoever writes looks again after it let go of the lock.
        Nobody waits for long: what cannot be written yet stays in the outbox, and the heartbeat thread looks after it.
        It alone waits for the responses to POSTs; what others send meanwhile leaves together.

        Args:
            patience: seconds to wait at most.
            keeps_time: whether this is the heartbeat thread.
        """
        give_up = time.monotonic() + patience
        self._wanted = True
        while True:
            transport = self._guard.transport
            try:
                is_busy = transport is not None and transport.is_busy
            except BaseException as problem:
                assert transport is not None
                is_busy = False
                self._lose(transport, problem)
            if not (is_busy or self._wanted):
                return
            if is_busy and not keeps_time:
                self.look_in(0)
                return
            try:
                if not (self._lock.acquire(False) or self._take_turn(give_up, keeps_time)):
                    return
                self._wanted = False
                written = self._write(give_up, keeps_time)
            except BaseException:  # Ctrl-C: others may rely on this thread to write what they have queued
                self.look_in(0)
                raise
            finally:
                try:  # noqa: SIM105 - suppress() costs ten times as much, and this is done for each packet
                    self._lock.release()
                except RuntimeError:
                    pass  # it was not our turn
            if not written:
                self.look_in(LOOK)
                return

    def close(self, transport: Transport) -> None:
        """Write the last frames of a session, and let go of its transport; for the listener."""
        guard = self._guard
        with self._lock:
            with guard.open():
                guard.transport = guard.transport_name = guard.session_id = None
            deadline = time.monotonic() + WRITE_TIMEOUT
            with suppress(BaseException):  # whatever is wrong with the transport, the session is over
                if self._write_last(transport, deadline) or guard.leaving:
                    transport.finish(deadline)  # the last packets, whoever has written them

    def wait_for_room(self, sleeper: threading.Lock, since: float) -> bool:
        """Wait in a sleeper of ``guard.room``; return True when room was made, False after a while: look again.

        As long as packets are written, room will be made, although on a busy machine that may take longer than
        ``WRITE_TIMEOUT``: an old server that is slow to acknowledge takes four packets at a time.

        Args:
            sleeper: what ``wake`` releases.
            since: when the caller began to wait.

        Raises:
            BufferFull: the server takes nothing.
        """
        left = max(since, self._taken_at) + WRITE_TIMEOUT - time.monotonic()
        if sleeper.acquire(timeout=max(min(left, SLICE), 0)):
            return True
        self._guard.room.discard(sleeper)
        if time.monotonic() < max(since, self._taken_at) + WRITE_TIMEOUT:
            return False
        raise BufferFull(
            f"the server has taken nothing for {WRITE_TIMEOUT:g} s (with retries=: acknowledged nothing), or a handler "
            "has kept its acknowledgements from being read for as long: send less, or later"
        )

    def _take_turn(self, give_up: float, keeps_time: bool) -> bool:
        left = 0.0 if keeps_time or self._guard.on_listener() else give_up - time.monotonic()
        return left > 0 and self._lock.acquire(timeout=left)

    def _write(self, give_up: float, keeps_time: bool) -> bool:
        """Write what may be written now, with the send lock held; return False if no more can be for a while."""
        guard, transport = self._guard, self._guard.transport
        if transport is None:
            return True
        try:
            is_busy = transport.is_busy
            if is_busy and not keeps_time:
                return True  # another thread has just made it so: ``flush`` looks again
            if (is_busy or transport.prepares) and not self._prepare(transport, give_up):
                return False
            with guard.open() as protocol:
                fence, outbox = protocol.lifecycle.fence, protocol.outbox
                waiting = outbox.queued
                frames = protocol.frames_to_send() if transport is guard.transport else []
                self._taken_at = time.monotonic() if outbox.queued < waiting else self._taken_at
                makes_room = bool(frames and guard.room.sleepers and outbox.is_low)
                if outbox.queued and (fence is None or not fence.awaited or fence.next_window is not None):
                    guard.ring()  # what the fence holds back, its deadline lets go
            if makes_room:
                guard.room.wake()
                if not guard.on_listener():
                    guard.wake_link()
            if frames:
                if self._is_shown():
                    self.log.show(">", frames)
                guard.counts.packets_out += len(frames)
                transport.send(frames)
        except BaseException as problem:  # Ctrl-C, for one: nobody knows how much was written
            self._lose(transport, problem)
            return guard.transport is not transport
        return True

    def _write_last(self, transport: Transport, deadline: float) -> bool:
        """Write what waits, and read the acks that let more of it go; return whether there was anything."""
        guard, wrote = self._guard, False
        while True:
            with guard.open() as protocol:
                frames, more_at = protocol.frames_to_send(), protocol.sending.more_at()
            if frames:
                wrote = True
                if not transport.prepare(deadline):
                    return wrote
                if self._is_shown():
                    self.log.show(">", frames)
                guard.counts.packets_out += len(frames)
                transport.send(frames)
            if more_at is None or time.monotonic() >= deadline:
                return wrote
            received = transport.recv_until(min(more_at, deadline))
            with guard.open() as protocol:
                protocol.sending.receive_last(received, time.monotonic())

    def _lose(self, transport: Transport, problem: BaseException) -> None:
        """End a session whose transport raised, and raise what is not of the transport but for the caller."""
        self._guard.lose(transport, problem, "a write was interrupted")
        if self._guard.is_for_caller(problem):
            raise problem

    def _prepare(self, transport: Transport, give_up: float) -> bool:
        """Wait until a POST may be made if there is anything for it, else for the response to the one before."""
        with self._guard.open() as protocol:
            has_frames = protocol.has_frames()
        return (transport.prepare if has_frames else transport.finish)(give_up)
