"""The two threads of a connection, its two locks, and the way of every frame and every notice between them.

Threads
    The *listener* connects, reads, runs the user's functions, and connects again. The *heartbeat* thread sleeps until
    the protocol has something to do, writes what it owes, and aborts a dead peer. Application threads write
    their own frames.

Locks
    ``_lock`` guards the protocol object. It is held only for calls that stay in memory: never across network I/O, user
    code or a wait. ``_send_lock`` serialises "take the frames to send, then send them"; it is taken before ``_lock``,
    never after. ``abort`` and ``wake`` of a link need neither.

docs/threads.md has the path of a received frame and that of an emit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf

from .call import Call
from .connector import Abortable, Attempt, Connector, as_connect_error
from .errors import ConnectionLost
from .protocol.client import ClientProtocol
from .protocol.fence import WINDOW
from .protocol.lifecycle import Phase
from .protocol.notices import Answered, Notice, Unanswered
from .protocol.packets import Event, Frame, Json, Message
from .transports.base import Transport
from .watch import Watch, warn

GOODBYE_TIMEOUT = 1.0
"""Seconds that the server has to end its side."""

CORK_TIME = 0.005
"""Seconds that what a handler sends may wait for what the next one sends."""

WRITE_TIMEOUT = 5.0
"""Seconds that who sends may wait for room, for another that writes, or for a connection; then others see to it."""

_LOOK = 0.05
"""Seconds between two looks of the heartbeat thread at what others have left to it."""

MOST_DEFERRED = 16 * 2**20
"""Characters that may come for other handlers while one reads on for an answer of its own."""

_USER_PACKETS = frozenset({Message, Json, Event})
_OF_PACKETS = _USER_PACKETS | {Answered}  # none of these changes the state of the connection
_CLOSED = Phase.CLOSED  # a look-up in an Enum takes as long as a call


class Threads:
    """What runs a protocol object over transports; ``Connection`` is what other threads ask of it.

    Args:
        protocol: the connection as an object without I/O.
        connector: makes handshakes and opens transports.
        connect_timeout: seconds that one attempt may take.
        deliver: returns what runs the user's functions for a notice, on the listener thread, and raises nothing; or
            None, when nobody has any use for notices any more.
    """

    def __init__(
        self,
        protocol: ClientProtocol,
        connector: Connector,
        connect_timeout: float,
        deliver: Callable[[], Callable[[Notice], None] | None],
    ) -> None:
        self.transport_name: str | None = None
        self.session_id: str | None = None
        self._protocol, self._connector, self._connect_timeout = protocol, connector, connect_timeout
        self._deliver = deliver
        self._lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._changed = threading.Condition(self._lock)  # for whoever waits for the state of the connection
        self._timer = threading.Condition(self._lock)  # for the heartbeat thread
        self._room = threading.Condition(self._lock)  # for whoever has more to send than may wait
        self._waiting_for_room = self._times_room_was_made = 0
        self._asleep_until, self._corked_until = -inf, inf
        self._inbox: deque[Notice] = deque()
        self._running: Notice | None = None  # what the user's functions run for, for the watch
        self._first_to_run: Notice | None = None
        self._watch = Watch()
        self._link: Abortable | None = None  # the attempt, then the transport that it opened
        self._transport: Transport | None = None
        self._abandoned = self._left = self._over = False
        self._listener = threading.Thread(target=self._listen, name="sioclient-listener", daemon=True)
        self._heartbeat = threading.Thread(target=self._keep_time, name="sioclient-heartbeat", daemon=True)

    # The listener

    def _listen(self) -> None:
        try:
            self._live()
        finally:
            self.begin_disconnect()  # it is over already, unless something here is wrong: nobody may wait for ever
            self._connector.close()
            with self._lock:
                self._over = True
                self._changed.notify_all()

    def _live(self) -> None:
        while True:
            with self._lock:
                while self._protocol.phase is Phase.WAITING and not self._inbox:
                    self._changed.wait()
                phase = self._protocol.phase
            if self._abandoned:
                self.begin_disconnect()
            elif phase is Phase.CONNECTING and not self._inbox:
                self._run_attempt()
            self._dispatch()
            if self._protocol.phase is Phase.CLOSED and not self._inbox:
                return

    def _run_attempt(self) -> None:
        with self._lock:
            number = self._protocol.attempt
            self._connector.revision = self._protocol.asking
            self._link = attempt = self._connector.attempt(self._connect_timeout)
        try:
            opened = self._connect(attempt, number)
            if opened is not None:
                try:
                    self._flush()
                    self._read(opened, number)
                finally:
                    self._close(opened)
        finally:
            self._link = None

    def _connect(self, attempt: Attempt, number: int) -> Transport | None:
        try:
            handshake, transport = attempt.run()
        except Exception as problem:
            with self._lock:
                if self._protocol.attempt == number:
                    self._protocol.connect_failed(as_connect_error(problem), time.monotonic())
                    self._collect()
            return None
        with self._lock:
            if self._is_current(number):
                self._link = self._transport = transport
                self.transport_name, self.session_id = transport.name, handshake.session_id
                self._protocol.transport_opened(handshake, transport.name, time.monotonic())
                self._collect()
                return transport
        transport.close(0)
        return None

    def _read(self, transport: Transport, number: int) -> None:
        while self._is_current(number):
            if self._inbox:
                self._dispatch()
            elif self._read_once(transport) is None:
                return

    def _read_once(self, transport: Transport) -> list[Frame] | None:
        """Take what comes next, and return it; None: nothing will come any more."""
        try:
            frames = transport.recv()
        except ConnectionLost as loss:
            self._lose(transport, str(loss))
            return None
        if self._abandoned:
            self.begin_disconnect()
        # Decoding needs no lock: only this thread decodes, and JSON may be the user's code.
        packets = self._protocol.decode(frames)
        with self._lock:
            self._protocol.receive_packets(packets, time.monotonic())
            self._collect()
        if self._protocol.outbox:
            self._flush()
        return frames

    def _read_while(self, waiting: Callable[[], bool]) -> None:
        """Read in the middle of a handler; what arrives for handlers stays in the inbox, which is bounded."""
        self._flush()
        transport, number, room = self._transport, self._protocol.attempt, MOST_DEFERRED
        self._set_reading(True)
        try:
            while transport is not None and waiting() and self._is_current(number) and room > 0:
                room -= sum(map(len, self._read_once(transport) or ()))
        finally:
            self._set_reading(False)

    def _dispatch(self) -> None:
        """Run the user's functions for everything in the inbox."""
        if not self._inbox:
            return
        self._first_to_run = self._inbox[0]
        self._set_reading(False)
        try:
            inbox, deliver = self._inbox, self._deliver()
            while inbox:
                self._running = notice = inbox.popleft()
                # Who has left hears only of that. What the server said before it ended the session, he still hears.
                if deliver is not None and not (self._left and type(notice) in _USER_PACKETS):
                    deliver(notice)
        finally:
            self._running = self._first_to_run = None
            if self._corked_until != inf:
                self._corked_until = inf
                self._flush()
            self._set_reading(True)

    def _close(self, transport: Transport) -> None:
        with self._send_lock:
            # Whoever writes now would look again, but only after this has let go of the transport.
            with self._lock:
                frames, self._transport = self._protocol.frames_to_send(), None
                self.transport_name = self.session_id = None
            deadline = time.monotonic() + WRITE_TIMEOUT
            with suppress(ConnectionLost):
                if frames and transport.prepare(deadline):
                    transport.send(frames)
                if frames or self._left:
                    transport.finish(deadline)  # the farewell, whoever has written it
        transport.close(GOODBYE_TIMEOUT)

    # The heartbeat thread

    def _keep_time(self) -> None:
        while self._sleep():
            with self._lock:
                number, link = self._protocol.attempt, self._link
                now = time.monotonic()
                if now >= self._corked_until:
                    self._corked_until = inf
                self._protocol.handle_timeout(now)
                news = self._collect()
                self._changed.notify_all()
                ended = not self._is_current(number)
                spare = self._deadline() - now
            if ended and link is not None:
                link.abort()
            self._flush(min(max(spare, _LOOK), WRITE_TIMEOUT), keeps_time=True)
            if news:
                self._wake_link()
            warn(self._watch.look(self._running, self._first_to_run, self._protocol.session, now))
        self._flush(keeps_time=True)

    def _sleep(self) -> bool:
        """Return True at the protocol's deadline, False at the end of the connection."""
        with self._lock:
            while self._protocol.phase is not _CLOSED:
                self._asleep_until = deadline = self._deadline()
                left = deadline - time.monotonic()
                if left <= 0:
                    return True
                self._timer.wait(None if deadline == inf else min(left, threading.TIMEOUT_MAX))
                self._asleep_until = -inf
        return False

    # With the lock held

    def _reset_timer(self) -> None:
        """Wake the heartbeat thread if there is something to do before it would look by itself."""
        if self._protocol.phase is _CLOSED or self._deadline() < self._asleep_until:
            self._timer.notify()

    def _deadline(self) -> float:
        deadline = self._protocol.deadline()
        return self._corked_until if deadline is None else min(deadline, self._corked_until)

    def _collect(self) -> bool:
        """Take the protocol's notices: calls get their answers, the inbox the rest. Return whether there were any."""
        notices = self._protocol.notices()
        kinds = set(map(type, notices))
        if kinds <= _USER_PACKETS:
            self._inbox.extend(notices)
            return bool(notices)
        for notice in notices:
            if isinstance(notice, (Answered, Unanswered)) and isinstance(notice.waiter, Call):
                notice.waiter.settle(notice)
            else:
                self._inbox.append(notice)
        if not kinds <= _OF_PACKETS:
            self._changed.notify_all()
            self._room.notify_all()
            self._reset_timer()
        return bool(notices)

    # Without a lock

    def begin_disconnect(self) -> None:
        """Tell the server and the threads that this is the end."""
        self._left = True
        with self._lock:
            self._protocol.disconnect()
            self._collect()
            self._timer.notify()  # the heartbeat thread writes the farewell: over HTTP, that may wait for an answer
            self._changed.notify_all()
        self._wake_link()

    def _is_current(self, number: int) -> bool:
        return self._protocol.attempt == number and self._protocol.linked

    def _on_listener(self) -> bool:
        return threading.get_ident() == self._listener.ident

    def _set_reading(self, resumed: bool) -> None:
        with self._lock:
            self._protocol.reading(resumed, time.monotonic())

    def _wake_link(self) -> None:
        """Make the listener look at the inbox and the phase, wherever it waits."""
        link = self._link
        if isinstance(link, Transport):
            link.wake()
        elif link is not None and not self._protocol.linked:
            link.abort()

    def _look_in(self, seconds: float) -> None:
        """Let the heartbeat thread look after what waits to be written, so many seconds from now at the latest."""
        with self._lock:
            self._corked_until = min(self._corked_until, time.monotonic() + seconds)
            if self._corked_until < self._asleep_until:
                self._timer.notify()

    def _lose(self, transport: Transport, reason: str) -> None:
        """The transport said that it is broken."""
        with self._lock:
            self._protocol.transport_lost(reason, time.monotonic())
            self._collect()
        transport.abort()

    def _flush_soon(self, patience: float = WRITE_TIMEOUT) -> None:
        """Write what a user sends; if more handlers are about to run, or the server is busy, it may wait for more.

        It leaves with the last of them, with the fiftieth frame, with whatever another thread writes, before a handler
        waits for the network, or after ``CORK_TIME`` by the heartbeat thread: whatever comes first.
        """
        protocol = self._protocol
        more = protocol.is_busy() or (self._inbox and self._on_listener())
        if not more or (protocol.outbox.queued >= WINDOW and protocol.has_frames()):
            self._flush(patience)
        elif self._corked_until == inf:
            self._look_in(CORK_TIME)

    def _flush(self, patience: float = WRITE_TIMEOUT, *, keeps_time: bool = False) -> None:
        """Write what there is to write.

        The listener does not wait for another thread that writes: if the server reads only while it is read from, both
        would wait for each other. Its frames are not forgotten: whoever writes looks again after it let go of the lock.
        Nobody waits for long: what cannot be written yet stays in the outbox, and the heartbeat thread looks after it.
        It alone waits for answers, if the server answers what is sent; what others send meanwhile leaves together.
        """
        protocol, give_up = self._protocol, None
        while (has_frames := protocol.has_frames()) or self._is_busy():
            if self._is_busy() and not keeps_time:
                self._look_in(0)
                return
            give_up = give_up or time.monotonic() + patience
            if not self._send_lock.acquire(blocking=False):
                left = 0 if keeps_time or self._on_listener() else give_up - time.monotonic()
                if left <= 0 or not self._send_lock.acquire(timeout=left):
                    return
            try:
                written = self._write(give_up, has_frames)
            finally:
                self._send_lock.release()
            if not written:
                self._look_in(_LOOK)
                return
        if protocol.outbox.queued:
            with self._lock:
                self._reset_timer()  # what the fence holds back, its deadline lets go

    def _is_busy(self) -> bool:
        return (transport := self._transport) is not None and transport.is_busy

    def _write(self, give_up: float, has_frames: bool) -> bool:
        """Write what may be written now, with the lock for sending held; return False if no more can be for a while."""
        protocol, transport = self._protocol, self._transport
        try:
            if transport is not None and not (transport.prepare if has_frames else transport.finish)(give_up):
                return False
            with self._lock:
                frames = protocol.frames_to_send() if transport is self._transport else []
                makes_room = self._waiting_for_room > 0 and bool(frames)
                if makes_room:
                    self._times_room_was_made += 1
                    self._room.notify_all()
            if makes_room:
                self._wake_link()
            if transport is not None and frames:
                transport.send(frames)
        except BaseException as problem:  # Ctrl-C, for one: nobody knows how much was written
            if transport is not None:
                self._lose(transport, str(problem) or "a write was interrupted")
            if not isinstance(problem, ConnectionLost):
                raise
            return self._transport is not transport
        return True
