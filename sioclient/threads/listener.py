"""Thread 1 of a connection: it connects, reads, runs the user's functions, closes, and connects again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf

from ..errors import as_connect_error
from ..fronts.attempt import Attempt, session_steps
from ..fronts.connector import Connector
from ..fronts.steps import run_steps
from ..protocol.detour import Order
from ..protocol.endpoints import Endpoint
from ..protocol.framing import Frame
from ..protocol.notices import Notice
from ..protocol.phases import Phase
from ..protocol.revisions.base import Decoder
from ..transports.base import Transport
from .chain import Chain
from .guard import USER_PACKETS, Guard
from .writer import Writer

logger = logging.getLogger("sioclient")

CLOSE_TIMEOUT = 1.0
"""Seconds of silence after which a server that has not ended its side is not waited for."""

TAKE_OVER = 0.25
"""Seconds that functions of the user may keep the listener before another thread reads, if anybody must."""

MOST_DEFERRED = 16 * 2**20
"""Characters that may come for other handlers while one reads on for an acknowledgement of its own."""


class Listener:
    """What thread 1 does.

    Args:
        guard: has the protocol, the link and the inbox.
        writer: writes what the protocol has to send.
        connector: makes attempts.

    Attributes:
        connection: kept because nobody else holds it any more; None: somebody does, or it has ended.
        running: the notice that a function of the user runs for; None: none runs.
        first_to_run: the first notice that functions have run for since the reading paused.
    """

    def __init__(self, guard: Guard, writer: Writer, connector: Connector) -> None:
        self._guard, self._writer, self._connector = guard, writer, connector
        self._log = writer.log
        self._decode: Decoder = lambda frames: []
        self.chain: Chain | None = None
        self.connection: object = None
        self.running: Notice | None = None
        self.first_to_run: Notice | None = None

    def run(self) -> None:
        """Live until the connection has ended."""
        try:
            if self._guard.before is not None:
                self._guard.wait_for_before()
            self._guard.reader = threading.get_ident()
            self._live()
        except BaseException as error:
            self._guard.fail(error)
            raise
        finally:
            with suppress(BaseException):
                self._connector.close()
            self._guard.reader = None  # the next thread may get the same id
            self._guard.finish()
            self.connection = None

    def read_while(self, waiting: Callable[[], bool]) -> None:
        """Read in the middle of a handler; what arrives for handlers stays in the inbox, which is bounded."""
        guard, room = self._guard, MOST_DEFERRED
        self._writer.flush()
        attempt = guard.current
        reading, transport = guard.reading, guard.transport
        shared = transport is not None and transport.dies_unread
        self._take_back() if shared else reading.resume(time.monotonic())
        try:
            while (transport := guard.transport) and waiting() and guard.current == attempt != 0 and room > 0:
                room -= sum(map(len, self.read_once(transport) or ()))
        finally:
            reading.pause(time.monotonic())
            if shared:
                self._ask_for_stand_in()

    def read_once(self, transport: Transport, until: float | None = None) -> list[Frame] | None:
        """Take what comes next, and return it; None: nothing will come any more.

        Args:
            transport: from which to read.
            until: when to give up, for the heartbeat thread, which writes afterwards; None: the listener itself reads.
        """
        guard = self._guard
        try:
            frames = transport.recv() if until is None else transport.recv_until(until)
        except BaseException as problem:  # whatever it is, this transport brings nothing more
            guard.lose(transport, problem)
            return None
        if self._log.is_on():
            self._log.show("<", frames)
        if guard.abandoned:
            self._end_abandoned()
        packets = self._decode(frames)  # JSON may be the user's code, so outside the door
        now = time.monotonic()
        if frames:
            guard.counts.packets_in += len(frames)
            guard.counts.heard_at = now
        with guard.open() as protocol:
            only_events = protocol.receiver.receive(packets, now)
            guard.publish(only_events=only_events)
            has_frames = protocol.outbox.urgent or protocol.outbox.queued
            detour = protocol.lifecycle.detour
            if detour is not None and detour.order is Order.POST and protocol.session is not None:
                detour.order, has_frames = None, True
                guard.transport = guard.link = self._connector.beside(transport, protocol.session.handshake)
        if has_frames and until is None:
            self._writer.flush()
        if detour is not None and detour.order is Order.CLOSE:
            detour.order = None
            self._leave(transport)
        return frames

    def make_chain(self) -> Chain:
        """Return what is known of calls that follow each other; most connections make none."""
        with self._guard.open():
            self.chain = self.chain or Chain(self._guard, self._log)
            return self.chain

    def _live(self) -> None:
        guard = self._guard
        while True:
            guard.wait_until(
                lambda protocol: protocol.lifecycle.phase is not Phase.WAITING or bool(guard.inbox), guard.changed
            )
            if guard.abandoned:
                self._end_abandoned()
            with guard.open() as protocol:
                phase = protocol.lifecycle.phase
            if phase is Phase.CONNECTING and not guard.inbox:
                self._run_attempt()
            self._dispatch()
            with guard.open() as protocol:
                if protocol.lifecycle.phase is Phase.CLOSED and not guard.inbox:
                    return
                guard.ring()  # no attempt was due while functions ran

    def _run_attempt(self) -> None:
        guard = self._guard
        with guard.open() as protocol:
            attempt = protocol.lifecycle.attempt
            endpoints = list(protocol.endpoints.by_name.values())
            guard.link = attempting = self._connector.attempt(protocol.lifecycle.opening, endpoints)
        try:
            opened = self._connect(attempting, attempt, endpoints)
            if opened is not None:
                try:
                    self._writer.flush()
                    self._read(attempt)
                finally:
                    opened = guard.transport or opened  # it may send by POSTs by now
                    self._writer.close(opened)
                    _close(opened, CLOSE_TIMEOUT)
        finally:
            guard.link = None

    def _connect(self, attempting: Attempt, attempt: int, endpoints: list[Endpoint]) -> Transport | None:
        guard = self._guard
        try:
            opened, start = run_steps(session_steps(attempting, endpoints))
        except BaseException as problem:  # options may be functions of the user, and JSON may be his code
            with guard.open() as protocol:
                if protocol.lifecycle.attempt == attempt:
                    protocol.connect_failed(as_connect_error(problem), time.monotonic())
                    guard.publish()
            return None
        transport = opened.transport
        if self._log.is_on():
            self._log.show("<", opened.handshake.frames)
        guard.counts.packets_in += len(opened.handshake.frames)
        with guard.open() as protocol:
            if guard.current == attempt:
                guard.link = guard.transport = transport
                guard.transport_name, guard.session_id = transport.name, opened.handshake.session_id
                self._decode = start.decode
                now = time.monotonic()
                protocol.transport_opened(opened.handshake, transport.name, now, start, takes_orders=True)
                guard.publish()
                return transport
        _close(transport, 0)
        return None

    def _read(self, attempt: int) -> None:
        guard = self._guard
        while guard.current == attempt and (transport := guard.transport) is not None:
            chain = self.chain
            if guard.inbox:
                self._dispatch()
            elif chain is not None and chain.awaited is not None and chain.awaited.outcome is not None:
                chain.rest()
                self._writer.flush()  # a fence may have let go what waits; callers leave it to this thread
            elif self.read_once(transport) is None:
                return

    def _ask_for_stand_in(self) -> None:
        """Wake the heartbeat thread if it would sleep for longer than nobody may read."""
        guard, by = self._guard, time.monotonic() + TAKE_OVER
        # It sets that time before it looks who reads, and this thread looks at it after it has let go of the role.
        if guard.asleep_until > by:
            with guard.open():
                guard.ring_by(by)

    def _take_back(self) -> None:
        """Take the role of the reader again, from the heartbeat thread if that stands in."""
        guard, reading = self._guard, self._guard.reading

        def resumes(protocol: object) -> bool:
            is_free = reading.holder is None
            if is_free:
                reading.resume(time.monotonic())
            return is_free

        reading.away_since = None  # from now on, nobody stands in
        with guard.open() as protocol:
            has_resumed = resumes(protocol)
        if not has_resumed:
            guard.wake_link()
            guard.wait_until(resumes, guard.changed)

    def _leave(self, transport: Transport) -> None:
        """End our side of a session that is to be renewed, and read on."""
        try:
            transport.leave()
        except BaseException as problem:
            self._guard.lose(transport, problem)

    def _end_abandoned(self) -> None:
        """End the connection, since nobody holds it; the garbage collector, which found that, must not log."""
        if not self._guard.leaving:
            self._guard.end()
            with suppress(BaseException):  # what logs is the user's
                logger.warning("%s", self._guard.abandoned)

    def _dispatch(self) -> None:
        """Run the user's functions for everything in the inbox."""
        guard, inbox, deliver, reference = self._guard, self._guard.inbox, None, None
        if not inbox:
            return
        self.first_to_run = inbox[0]
        reading, transport = guard.reading, guard.transport
        shared = transport is not None and transport.dies_unread
        reading.pause(time.monotonic())
        if shared:
            self._ask_for_stand_in()
        try:
            while inbox:  # how long one turn of this loop takes decides about much
                self.running = notice = inbox.popleft()
                owner = notice.owner
                if owner is None or owner is not reference:
                    receiver = owner() if owner is not None else getattr(notice, "waiter", None)
                    reference, deliver = owner, getattr(receiver, "deliver", None)
                # Once the user has left, he hears only of that; what came before the server left is still delivered.
                if deliver is None or (guard.leaving and type(notice) in USER_PACKETS):
                    continue
                try:
                    deliver(notice)
                except BaseException:  # a function of the user's, or what logs for it, raised past every guard
                    with suppress(BaseException):
                        logger.exception("a function for %.200r raised", notice)
        finally:
            self.running = self.first_to_run = None
            self._take_back() if shared else reading.resume(time.monotonic())
            if self._writer.corked_until != inf:
                self._writer.uncork()


def _close(transport: Transport, timeout: float) -> None:
    """Close a transport; whatever it raises, the session is over."""
    with suppress(BaseException):
        transport.close(timeout)
