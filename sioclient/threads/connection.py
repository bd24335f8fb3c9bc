"""What channels ask of a connection, from user threads and in handlers: open, send, call, wait, disconnect.

A connection is put together of five objects: ``guard`` has the protocol and its lock, ``writer`` writes, ``listener``
and ``heartbeat`` are its two threads, ``joins`` is for endpoints. docs/architecture.md follows a packet through them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from logging import Logger
from math import inf
from typing import Any

from ..address import Address
from ..errors import (
    AckTimeout,
    BufferFull,
    ConnectionLost,
    NotConnected,
    SocketIOError,
    add_address,
    unacknowledged,
)
from ..fronts.connectionbase import ConnectionBase, packet_name
from ..fronts.connector import Connector
from ..options import Options
from ..protocol.client import ClientProtocol, Verdict
from ..protocol.drafts import Drafts, make_drafts
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.notices import Acknowledged
from ..protocol.packets import Ack, UserPacket
from ..protocol.phases import Phase
from ..protocol.revisions.base import Opening
from ..transports.base import Transport
from .chain import AT_ONCE
from .guard import SLICE, Call, Guard
from .heartbeat import Heartbeat
from .joins import Joins
from .listener import CLOSE_TIMEOUT, Listener
from .process import finish, keep_track
from .writer import WRITE_TIMEOUT, Writer

DISCONNECT_TIMEOUT = 5.0
"""Seconds that ``disconnect`` may take, whatever the network does."""

_FULL, _WRITE = Verdict.FULL, Verdict.WRITE  # a look-up in an Enum takes as long as a call


class Connection(ConnectionBase):
    """One connection to one server, for any number of threads.

    Args:
        protocol: the connection as an object without I/O.
        connector: makes attempts to reach the server.
        address: where the server is, for the log.
        logger: where packets are shown.

    Attributes:
        joins: what may be asked about its endpoints.
    """

    _guard: Guard

    def __init__(
        self, protocol: ClientProtocol, connector: Connector, address: str = "", logger: Logger | None = None
    ) -> None:
        guard = Guard(protocol)
        super().__init__(guard, protocol, connector.traffic, address)
        self._next: Connection | None = None
        self._writer = Writer(guard, logger)
        self._listening = Listener(guard, self._writer, connector)
        self.joins = Joins(address, guard, self._writer.flush, protocol.lifecycle.opening, self._listening)
        self._opening = protocol.lifecycle.opening
        heartbeat = Heartbeat(guard, self._writer, self._listening)
        self._threads = (
            threading.Thread(target=self._listening.run, name="sioclient-listener", daemon=True),
            threading.Thread(target=heartbeat.run, name="sioclient-heartbeat", daemon=True),
        )

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended, and no function will run for it any more."""
        return self.has_ended and not self._threads[0].is_alive()

    def in_handler(self) -> bool:
        """Return whether a function of the user that runs for an event has called: this is the listener."""
        return self._guard.on_listener()

    def open(self, wait: bool = True) -> bool:
        """Connect, unless that was begun before, and return when it is done; False: the connection has ended before.

        Args:
            wait: whether to wait for the first session. In a handler, nobody waits, since it might be for the handler.

        Raises:
            ConnectError: it did not work out.
        """
        guard, begins = self._guard, False
        wait = wait and guard.reader != threading.get_ident()
        with guard.open() as protocol:
            if protocol.lifecycle.phase is Phase.CLOSED:
                return False
            if protocol.lifecycle.phase is Phase.IDLE:
                protocol.connect(time.monotonic(), is_awaited=wait)
                begins = True
        try:
            if begins:
                keep_track(self)
                for thread in reversed(self._threads):  # the listener last, so that nobody interrupts its attempt
                    thread.start()
            if wait:
                self._wait_for_session()
        except SocketIOError:
            raise
        except BaseException:  # Ctrl-C, or a thread that cannot be started
            if begins:
                self.disconnect()
            raise
        return True

    def _wait_for_session(self) -> None:
        """Return when the server has joined us, or raise why there is no connection."""
        guard = self._guard
        guard.wait_until(
            lambda protocol: self._default.state is Joining.OPEN or protocol.lifecycle.phase is Phase.CLOSED,
            guard.changed,
        )
        with guard.open() as protocol:
            has_failed = protocol.lifecycle.error is not None
        if has_failed and not self.connected:
            guard.wait_until(lambda protocol: guard.over, guard.changed, time.monotonic() + CLOSE_TIMEOUT)
            self._ended_by()

    def follow(self, make: Callable[[Connection], Connection]) -> Connection:
        """Return the connection that comes in the place of this one, once it has ended; one thread makes it of this."""
        with self._guard.open() as protocol:
            if protocol.phase is Phase.CLOSED and self._next is None:
                self._next = make(self)
            return self._next or self

    def come_after(self, before: Connection) -> None:
        """Have the functions of this connection run only when all of the one before have."""
        self._guard.come_after(before._guard)

    def send(
        self,
        packet: UserPacket,
        endpoint: Endpoint | None = None,
        waiter: Any = None,
        timeout: float | None = None,
        volatile: bool = False,
    ) -> None:
        """Send a packet; if it has an id, ``waiter`` gets its acknowledgement: see ``ClientProtocol.push``."""
        guard = self._guard
        try:
            dialect = guard.dialect  # JSON may be the user's code, so packets are encoded outside the door
            encoding = dialect, dialect.encode(packet) if dialect is not None else self._drafts_of(packet)
            more = bool(guard.inbox) and guard.reader == threading.get_ident()
            began, patience, waited = inf, WRITE_TIMEOUT, False
            while True:
                now = time.monotonic()
                with guard.open() as protocol:
                    verdict = protocol.push(
                        packet, now, encoding, endpoint, waiter, timeout, volatile=volatile, more=more, waited=waited
                    )
                    if timeout is not None and now + timeout < guard.asleep_until:
                        guard.alarm.wake()
                    sleeper = guard.room.sleeper() if verdict is _FULL else None
                if sleeper is None:
                    break
                began = min(began, now)
                waited = self._wait_for_room(sleeper, began)
                patience = max(began + WRITE_TIMEOUT - time.monotonic(), 0)
            if verdict is _WRITE:
                self._writer.flush(patience)
            else:
                self._writer.cork(verdict)
            if waiter is not None and guard.reader == threading.get_ident() and guard.transport is not None:
                guard.transport.hasten()  # this thread is about to read
        except SocketIOError as error:
            add_address(error, self.address, f"{packet_name(packet)!r:.200} was not sent to")
            raise

    def call(self, packet: UserPacket, endpoint: Endpoint | None, timeout: float | None) -> list[Any]:
        """Send a packet with an id and return what its acknowledgement has; in a handler, read on meanwhile.

        Raises:
            AckTimeout, ConnectionLost: there is no acknowledgement.
            NotConnected, ChannelError, LocalProtocolError, TypeError: it was not sent.
        """
        guard, call, caller = self._guard, Call(), threading.get_ident()
        on_listener = guard.reader == caller
        if on_listener and guard.transport is None:
            raise NotConnected("the connection is away, and comes back only after this handler has returned")
        again = self.resending.retries and self.resending.of_call(call, timeout, on_listener)
        chain = self._listening.chain or self._listening.make_chain()
        if chain.caller != caller:
            chain.caller = caller
        elif time.monotonic() - chain.ended_at < AT_ONCE and not (on_listener or again):
            chain.goes_on(call)
        self.send(packet, endpoint, *(again or (call, timeout)))
        if on_listener:
            self._listening.read_while(lambda: call.outcome is None)
        else:
            if chain.is_resting:
                chain.look(call, packet)
            patience = SLICE if timeout is None else min(timeout + 0.5, SLICE)
            while call.outcome is None and not call.settled.acquire(timeout=patience) and self._remind():
                pass
            chain.ended_at = time.monotonic()
        if isinstance(call.outcome, Acknowledged):
            return call.outcome.args
        error: SocketIOError = ConnectionLost("the connection was lost")
        if call.outcome is not None:
            error, timeout = call.outcome.error, None if again else timeout  # what was resent tells of all its tries
        elif guard.current:
            error, timeout = AckTimeout("too much else came before it: let the handler return, and use callback="), None
        raise unacknowledged(error, packet_name(packet), self.address or "the server", timeout)

    def acknowledge(self, packet: UserPacket, args: list[Any]) -> None:
        """Acknowledge a packet that the server sent."""
        guard = self._guard
        dialect = guard.dialect
        if packet.id is None or dialect is None:
            return
        frames = dialect.encode(Ack(packet.id, args, packet.endpoint))
        with guard.open() as protocol:
            verdict = protocol.acknowledge(packet, args, encoding=(dialect, frames), more=bool(guard.inbox))
        if verdict is _WRITE:
            self._writer.flush()
        else:
            self._writer.cork(verdict)

    def wait(self, seconds: float | None, *, will_open: bool = False) -> str | None:
        """Return who ended the connection when it has ended for good, or None after ``seconds``.

        Args:
            seconds: to wait at most.
            will_open: whether another thread is about to open it.

        Raises:
            SocketIOError: it ended by itself, and this is why.
            LocalProtocolError: this is a handler, which the end would wait for.
        """
        guard = self._guard
        self._check_may_wait_for_end(will_open)
        deadline = None if seconds is None else time.monotonic() + seconds
        if not guard.wait_until(lambda protocol: guard.over, guard.changed, deadline):
            return None
        return self._ended_by()

    def disconnect(self) -> None:
        """End the connection for good, and both threads; in a handler, they end after it has returned."""
        self._guard.end()
        if not self._guard.on_listener():
            finish([self], DISCONNECT_TIMEOUT)
            if self._threads[0].ident is None:
                self._guard.finish()  # the thread never began

    def begin_disconnect(self) -> None:
        """Begin to end the connection for good, without waiting for the threads."""
        self._guard.end()

    def join_threads(self, deadline: float) -> None:
        """Wait for the end of both threads until ``deadline``."""
        self._guard.join(*self._threads, deadline)

    def abort_link(self) -> None:
        """End whatever is still under way on the network."""
        link = self._guard.link
        if link is not None:
            self._guard.abort(link)

    def abandon(self, told: str) -> None:
        """End the connection soon, for its user is gone; ``told`` is for the log.

        The garbage collector calls this anywhere, so it takes no lock but that of the stream, which is reentrant.
        """
        self._listening.connection = self  # until it has ended: the end of the program waits for it
        self._guard.abandoned = told
        link = self._guard.link
        if isinstance(link, Transport):
            with suppress(BaseException):
                link.wake()

    def forget(self) -> None:
        """Become unusable without touching the network: see ``Guard.forget``."""
        self._guard.forget()

    def _remind(self) -> bool:
        """Wake the thread that has time-outs happen; return whether it and the other one live."""
        self._guard.alarm.wake()
        return not self._guard.over

    def _drafts_of(self, packet: UserPacket) -> Drafts:
        return make_drafts(lambda dialect: dialect.encode(packet), self._opening.candidates)

    def _wait_for_room(self, sleeper: threading.Lock, since: float) -> bool:
        """Return True when room was made; see ``Writer``. The listener reads for it, since nobody else does.

        Raises:
            BufferFull: the server takes nothing.
        """
        guard, made = self._guard, False
        if not guard.on_listener():
            return self._writer.wait_for_room(sleeper, since)

        def waits() -> bool:
            nonlocal made
            made = sleeper.acquire(blocking=False)
            return not made

        self._listening.read_while(waits)
        if not made:
            guard.room.discard(sleeper)
            raise BufferFull(
                "too much waits to be written, and room comes only after this handler has returned: send less"
            )
        return True


def make_connection(address: Address, options: Options, opening: Opening, logger: Logger | None = None) -> Connection:
    """Return a connection that is not open yet."""
    protocol = ClientProtocol(opening, options, random.random)
    return Connection(protocol, Connector(address, options), str(address), logger)
