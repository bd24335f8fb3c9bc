"""What other threads ask of a connection: open, send, call, join, wait, disconnect.

``threads`` has the rules that all of it keeps.
"""

from __future__ import annotations

import atexit
import os
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .call import SLICE, Call
from .errors import AckTimeout, BufferFull, ChannelError, ConnectionLost, LocalProtocolError, NotConnected
from .options import claim_of
from .protocol.endpoints import Endpoint, Joining
from .protocol.lifecycle import Phase
from .protocol.notices import Answered
from .protocol.packets import Ack, Encoded, UserPacket
from .threads import GOODBYE_TIMEOUT, WRITE_TIMEOUT, Threads
from .transports.base import Transport

CLOSE_TIMEOUT = 5.0
"""Seconds that ``disconnect`` may take, whatever the network does."""

_EXIT_TIMEOUT = 1.0
"""Seconds that the end of the program may wait for all connections together."""

_ABORT_TIMEOUT = 0.5
"""Seconds for threads to end whose network connection was aborted."""

_open_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


class Connection(Threads):
    """One connection to one server, for any number of threads."""

    @property
    def connected(self) -> bool:
        """Whether the server has joined us to the default endpoint."""
        return self._protocol.endpoints.default.state is Joining.OPEN

    @property
    def is_open(self) -> bool:
        """Whether the connection has begun and not ended for good."""
        return self._protocol.phase not in (Phase.IDLE, Phase.CLOSED)

    @property
    def revision(self) -> int | None:
        """The revision of the protocol that is spoken; None: that is not known yet."""
        return self._protocol.revision.number

    @property
    def default_endpoint(self) -> Endpoint:
        """The endpoint that the server joins us to by itself."""
        return self._protocol.endpoints.default

    def open(self) -> None:
        """Connect, and return when that is done.

        Raises:
            ConnectError: it did not work out.
            LocalProtocolError: it was opened before.
        """
        with self._lock:
            self._protocol.connect(time.monotonic())
            _open_connections.add(self)
        try:
            self._listener.start()
            self._heartbeat.start()
            with self._lock:
                while not (self.connected or self._protocol.phase is Phase.CLOSED):
                    self._changed.wait(SLICE)
        except BaseException:  # Ctrl-C: nobody will ever hold this connection
            self.disconnect()
            raise
        if self._protocol.error is not None and not self.connected:
            self._listener.join(GOODBYE_TIMEOUT)
            raise self._protocol.error

    def check_endpoint(self, name: str) -> None:
        """Raise LocalProtocolError or TypeError if there can be no endpoint of this name."""
        self._protocol.revision.check_endpoint(name)

    def new_id(self, endpoint: str) -> int:
        """Return an id for a packet that wants an answer."""
        return self._protocol.acks.new_id(endpoint)

    def is_ready(self) -> bool:
        """Return whether what is sent now is written now."""
        return self.connected and not self._protocol.is_full()

    def send(self, packet: UserPacket, waiter: Any = None, timeout: float | None = None) -> None:
        """Send a packet; if it has an id, ``waiter`` comes back in a notice: see ``ClientProtocol.send``."""
        protocol = self._protocol
        key = None if packet.id is None else (packet.endpoint, packet.id)
        while True:
            revision = protocol.revision
            frame = revision.encode(packet)  # without the lock: JSON may be the user's code
            if protocol.is_full(frame) and self._on_listener():
                self._read_for_room(frame)
            with self._lock:
                patience = self._wait_for_room(frame) if protocol.is_full(frame) else WRITE_TIMEOUT
                if protocol.revision is not revision:
                    continue  # another server has just taken the place of the one before
                now = time.monotonic()
                protocol.send_frame(frame, packet.endpoint, now, key, waiter, timeout)
                if timeout is not None and now + timeout < self._asleep_until:
                    self._timer.notify()
                break
        if key is None:
            self._flush_soon(patience)
        else:
            self._flush(patience)  # somebody waits for the answer

    def call(self, packet: UserPacket, timeout: float | None) -> list[Any]:
        """Send a packet with an id and return the answer; in a handler, read the connection meanwhile.

        Raises:
            AckTimeout, ConnectionLost: there is no answer.
            NotConnected, ChannelError, LocalProtocolError, TypeError: it was not sent.
        """
        if self._on_listener() and not self._protocol.linked:
            raise NotConnected("the connection is away, and comes back only after this handler has returned")
        call = Call()
        self.send(packet, call, timeout)
        if self._on_listener():
            self._read_while(lambda: call.outcome is None)
        else:
            call.wait()
        if isinstance(call.outcome, Answered):
            return call.outcome.args
        if call.outcome is None and self._protocol.linked:
            raise AckTimeout("no acknowledgement came before too much else: let the handler return, and use a callback")
        raise call.outcome.error if call.outcome else ConnectionLost("the connection was lost")

    def answer(self, packet: UserPacket, args: list[Any]) -> None:
        """Acknowledge a packet that the server sent."""
        if packet.id is None:
            return
        frame = self._protocol.revision.encode(Ack(packet.id, args, packet.endpoint))
        with self._lock:
            self._protocol.answer_frame(frame, packet.endpoint)
        self._flush_soon()

    def claim(self, endpoint: Endpoint, auth: Any) -> None:
        """Have the server told ``auth``, or what it returns, whenever it is asked for an endpoint."""
        self._connector.claims.pop(endpoint.name, None)
        if auth is not None:
            self._connector.claims[endpoint.name] = (endpoint, auth)

    def join(
        self, name: str, query: str, timeout: float | None, register: Callable[[Endpoint], None], auth: Any = None
    ) -> Endpoint:
        """Ask for an endpoint; ``wait_for_join`` waits for the answer.

        ``register`` is called under the lock, so before any notice about the endpoint: it must stay in memory.
        """
        claim = claim_of(auth)
        with self._lock:
            endpoint = self._protocol.join(name, query, timeout, time.monotonic(), claim)
            self.claim(endpoint, auth)
            register(endpoint)
            self._reset_timer()
        self._flush()
        return endpoint

    def wait_for_join(self, endpoint: Endpoint) -> None:
        """Return when the endpoint is open.

        Raises:
            ChannelError: it was refused, or there was no answer in time.
            NotConnected: the connection ended.
        """
        try:
            if self._on_listener():
                self._read_while(lambda: endpoint.state is Joining.ASKED)
            else:
                with self._lock:
                    while endpoint.state is Joining.ASKED:
                        self._changed.wait(SLICE)
        except BaseException:  # Ctrl-C: nobody will ever hold this channel
            self.leave(endpoint)
            raise
        if endpoint.state is Joining.ASKED:
            self.leave(endpoint)
            raise ChannelError(f"the connection was lost, or too much else came, before {endpoint.name!r} was joined")
        if endpoint.error is not None:
            raise endpoint.error

    def leave(self, endpoint: Endpoint) -> None:
        """Leave an endpoint, if it is still the one of its name."""
        with self._lock:
            if self._protocol.endpoints.get(endpoint.name) is endpoint:
                self._protocol.leave(endpoint.name)
                self._collect()
                self._changed.notify_all()
        self._flush()
        self._wake_link()

    def wait(self, seconds: float | None) -> None:
        """Return when the connection has ended for good, or after ``seconds``.

        Raises:
            SocketIOError: it ended by itself, and this is why.
            LocalProtocolError: this is a handler, which the end would wait for.
        """
        if self._on_listener():
            raise LocalProtocolError("wait() in a handler would wait for the handler itself: return instead")
        if self._protocol.phase is Phase.IDLE:
            raise NotConnected("there is no connection yet: call open() first")
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            while not self._over:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                self._changed.wait(min((s for s in (left, SLICE) if s is not None), default=None))
        if self._protocol.error is not None:
            raise self._protocol.error

    def disconnect(self) -> None:
        """End the connection for good, and both threads; in a handler, they end after it has returned."""
        self.begin_disconnect()
        if not self._on_listener():
            _finish([self], CLOSE_TIMEOUT)

    def join_threads(self, deadline: float) -> None:
        """Wait for the end of both threads until ``deadline``."""
        for thread in (self._listener, self._heartbeat):
            if thread.ident is not None:
                thread.join(max(deadline - time.monotonic(), 0))

    def abort_link(self) -> None:
        """End whatever is still under way on the network."""
        link = self._link
        if link is not None:
            link.abort()

    def abandon(self) -> None:
        """End the connection soon, for its user is gone.

        The garbage collector calls this anywhere, so it takes no lock but that of the stream, which is reentrant.
        """
        self._abandoned = True
        link = self._link
        if isinstance(link, Transport):
            link.wake()

    def _read_for_room(self, frame: Encoded) -> None:
        """Read while too much waits to be written: room comes with what is read, and nobody else does that."""
        with self._lock:
            self._waiting_for_room += 1
        try:
            self._read_while(lambda: self._protocol.is_full(frame))
        finally:
            with self._lock:
                self._waiting_for_room -= 1

    def _wait_for_room(self, frame: Encoded) -> float:
        """Wait while too much waits to be written. The lock is held, but for the time of waiting.

        What is true when this returns so is still true when the frame is queued, though a loss may come at any time.

        Returns:
            The seconds that are left for writing.

        Raises:
            BufferFull: the server takes nothing.
        """
        protocol, on_listener = self._protocol, self._on_listener()
        times, deadline = self._times_room_was_made, time.monotonic() + WRITE_TIMEOUT
        self._waiting_for_room += 1
        try:
            while protocol.is_full(frame) and (protocol.linked or not on_listener):
                if self._times_room_was_made > times and protocol.phase is Phase.OPEN:
                    break  # others were faster to fill it, but who has waited has a right to it
                left = deadline - time.monotonic()
                if left <= 0:
                    raise BufferFull(
                        f"the server has taken nothing for {WRITE_TIMEOUT:g} s, or a handler has kept its answers "
                        "from being read for as long: send less, or later"
                    )
                self._room.wait(left)
        finally:
            self._waiting_for_room -= 1
        return max(deadline - time.monotonic(), 0)

    def forget(self) -> None:
        """Become unusable without touching the network: it belongs to the process that this one was forked from."""
        self._lock = self._send_lock = _OfAnotherProcess()  # type: ignore[assignment]
        self._link = self._transport = None
        self._protocol.phase, self._protocol.endpoints.default.state = Phase.CLOSED, Joining.OVER


class _OfAnotherProcess:
    """What is in the place of a lock that nobody here can release: its threads are in another process."""

    def __enter__(self) -> None:
        raise RuntimeError("this connection belongs to the process that was forked: make a new SocketIO in this one")

    def __exit__(self, *_: object) -> None:  # pragma: no cover - it must be there, but nobody ever enters
        """Do nothing."""


def _forget_all() -> None:
    for connection in list(_open_connections):
        connection.forget()
    _open_connections.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_forget_all)


@atexit.register
def _disconnect_all() -> None:
    """Tell the servers at the end of the program; all connections share one deadline."""
    connections = list(_open_connections)
    for connection in connections:
        with suppress(Exception):
            connection.begin_disconnect()
    _finish(connections, _EXIT_TIMEOUT)


def _finish(connections: list[Connection], timeout: float) -> None:
    """Wait for the threads of connections, then end what they wait for; a handler that blocks is left behind."""
    deadline = time.monotonic() + timeout
    for connection in connections:
        connection.join_threads(deadline)
    for connection in connections:
        connection.abort_link()
    for connection in connections:
        connection.join_threads(deadline + _ABORT_TIMEOUT)
