"""The life of a connection: its attempts, its sessions one after the other, and its end.

Theory of operation: a connection is in one phase, and these are its ways from one to the next.

::

    IDLE ──connect()──▶ CONNECTING ──transport_opened()──▶ JOINING ──joined──▶ RESTORING ──▶ OPEN
                          ▲    │                             │                    │           │
                          │    └──────── failed, lost ───────┴────────────────────┴───────────┘
                          │                    │
                          └──time is over── WAITING            disconnect(), a kick, no attempt left ──▶ CLOSED

Everything that happens is a method: what the user wants, what the network brings, what time it is. What follows from it
is fetched afterwards: ``frames_to_send()`` for the wire, ``notices()`` for the user, ``deadline()`` for the clock.
``now`` is in seconds on any clock that never goes back.

``revision`` is what is spoken, and ``asking`` what the next attempt begins with. If the user has left it open, what was
found out is remembered until an attempt fails with it: there may be another server now.

``attempt`` counts the attempts to connect, and ``linked`` says whether the current one still wants its transport: when
a call turned it false, the caller closes the transport and need not report its loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from ..errors import (
    ChannelError,
    ConnectError,
    ConnectionLost,
    LocalProtocolError,
    NotConnected,
    SocketIOError,
    WrongRevision,
)
from .acks import AckKey, Acks
from .backoff import Backoff
from .endpoints import Endpoint, Endpoints, Joining
from .fence import Fence
from .notices import (
    Disconnected,
    Dropped,
    Ended,
    JoinFailed,
    Notice,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unanswered,
)
from .outbox import Outbox
from .packets import Connect, Encoded, Malformed
from .revisions.base import Handshake, Revision
from .revisions.rewriting import rewritten
from .session import Session

OVERFED = "byte budget"
"""The reason of a loss because the server was sent more than it takes over one transport."""

TOO_BIG = "message too big"
"""How the reason of a loss begins if the server sent more at once than ``max_message_size``."""

_MOST_TOO_BIG = 3
"""Sessions in a row that may end so: a server that does it again and again will not do otherwise."""

_NOT_THIS_WAY = (400, 404)
"""What servers answer to the handshake of another revision, if they say no more."""

REJOIN_TIMEOUT = 10.0
"""Seconds that a server has to confirm an endpoint again after a reconnect."""


class Phase(Enum):
    """Where a connection is on its way; see the module's drawing."""

    IDLE = "idle"
    CONNECTING = "connecting"
    JOINING = "joining"
    RESTORING = "restoring"
    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


_LINKED = (Phase.OPEN, Phase.RESTORING, Phase.JOINING, Phase.CONNECTING)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What to do when; times in seconds.

    Attributes:
        connect_timeout: how long one attempt may take, from the name look-up to the joined default endpoint.
        wait_for_connection: whether to try again when the very first attempt fails.
        reconnect: whether to come back after a loss.
        reconnect_when_kicked: whether to come back after the server said ``0::``.
        buffer_size: packets kept while the connection is away.
    """

    connect_timeout: float = 10.0
    wait_for_connection: bool = False
    reconnect: bool = True
    reconnect_when_kicked: bool = False
    buffer_size: int = 1000


class Lifecycle:
    """What a connection is on its way through the phases; ``ClientProtocol`` adds what is said on it."""

    def __init__(self, revision: Revision, backoff: Backoff, policy: Policy | None = None) -> None:
        self.revision = self.asking = self._wanted = revision
        self.decode = revision.decoder()
        self.phase = Phase.IDLE
        self.attempt = 0
        self.session: Session | None = None
        self.transport = ""  # the name of the last one
        self.error: SocketIOError | None = None
        self.endpoints = Endpoints()
        self.acks = Acks()
        self._policy = policy or Policy()
        self.outbox = Outbox(self._policy.buffer_size)
        self._backoff = backoff
        self._was_open = False
        self._overfed = False  # the latest loss was of our own making: the server is there, and takes us back
        self._too_big = 0  # sessions in a row that ended so
        self._deadline: float | None = None
        self._notices: list[Notice] = []

    @property
    def linked(self) -> bool:
        """Whether the current attempt goes on: its transport is wanted."""
        return self.phase in _LINKED

    def connect(self, now: float) -> None:
        """Begin. The caller makes the handshake and opens a transport, then says how it went.

        Raises:
            LocalProtocolError: it has begun before.
        """
        if self.phase is not Phase.IDLE:
            raise LocalProtocolError("this connection was opened before: make a new one")
        self._begin_attempt(now)

    def transport_opened(self, handshake: Handshake, transport: str, now: float) -> None:
        """A transport carries the session that ``handshake`` opened; one that comes too late changes nothing."""
        if self.phase is not Phase.CONNECTING:
            return
        self._speak(handshake.revision or self.asking)
        self.session, self.decode = Session(handshake, self.revision, now), self.revision.decoder()
        if self.revision.needs_fence(transport):
            self.session.fence = Fence()
        self.phase = Phase.JOINING
        self.transport = transport
        self._notices.append(TransportOpened(transport))
        if self.revision.asks_to_join:
            self._ask_to_join(self.endpoints.default)

    def connect_failed(self, error: ConnectError, now: float) -> None:
        """The attempt failed: no handshake, or no transport."""
        if self.phase is Phase.CONNECTING:
            self._attempt_over("no connection", error, now)

    def transport_lost(self, reason: str, now: float) -> None:
        """The transport ended by itself; whoever hears of it when the next attempt has begun, comes too late."""
        if self.session is not None:
            self._attempt_over(reason, ConnectError(f"the connection was lost: {reason}"), now)

    def disconnect(self) -> None:
        """End the connection for good. What was accepted is still written, then the server is told."""
        if self.phase is Phase.CLOSED:
            return
        farewell: list[Encoded] = [tuple(self.outbox.take_urgent())]
        farewell += [tuple(self.outbox.take())] if self.phase is Phase.OPEN else []
        if self.phase in (Phase.JOINING, Phase.RESTORING, Phase.OPEN):
            farewell.append(self.revision.farewell(self.transport))
        self._end(None, "client")
        for packet in farewell:
            self.outbox.push_urgent(packet)

    def reading(self, resumed: bool, now: float) -> None:
        """Frames are read again, or are not while user code runs: see ``Session``."""
        session = self.session
        if session is not None and resumed:
            session.resume(now)
        elif session is not None:
            session.pause(now)

    def _begin_attempt(self, now: float) -> None:
        self.phase = Phase.CONNECTING
        self.attempt += 1
        self._deadline = now + self._policy.connect_timeout

    def _joined(self, now: float) -> None:
        self.phase, self._deadline = Phase.RESTORING, None
        if self._was_open:
            self._notices.append(Reconnected(self._backoff.attempts))
        self._backoff.succeeded()
        self._was_open = True
        for endpoint in self.endpoints.begin_session(now + REJOIN_TIMEOUT):
            self._ask_to_join(endpoint)

    def _ask_to_join(self, endpoint: Endpoint) -> None:
        self.outbox.push_urgent(self._encode_join(endpoint))

    def _encode_join(self, endpoint: Endpoint) -> Encoded:
        return self.revision.encode(Connect(endpoint.name, endpoint.query, data=endpoint.claim()))

    def _phase_overdue(self, now: float) -> None:
        if self.phase is Phase.WAITING:
            self._begin_attempt(now)
            return
        missing = (
            "it did not answer" if self.phase is Phase.CONNECTING else "it did not join us to the default endpoint"
        )
        error = f"no connection within {self._policy.connect_timeout:g} s: {missing}"
        self._attempt_over("connect timeout", ConnectError(error), now)

    def _attempt_over(self, reason: str, error: SocketIOError, now: float) -> None:
        """The transport, or the attempt to have one, is gone: wait for another, or end."""
        self._overfed = reason == OVERFED
        if self.phase in (Phase.CONNECTING, Phase.JOINING):
            error = self._ask_anew(error)
        if self.session is not None and (self._overfed or self._was_healthy(now)):
            self._backoff.reset()
            self._too_big = 0
        if self.session is not None:
            self._too_big = self._too_big + 1 if reason.startswith(TOO_BIG) else 0
        may_retry = self._policy.reconnect if self._was_open else self._policy.wait_for_connection
        may_retry = may_retry and (not isinstance(error, ConnectError) or error.retryable)
        may_retry = may_retry and self._too_big < _MOST_TOO_BIG
        delay = self._backoff.next() if may_retry else None
        if delay is None:
            self._end(self._spent(error) if may_retry else error, reason)
            return
        self._end_session(reason)
        self.phase, self._deadline = Phase.WAITING, now + delay
        self._notices.append(Retrying(self._backoff.attempts, delay, error))

    def _ask_anew(self, error: SocketIOError) -> SocketIOError:
        """Let the next attempt find out what is spoken, if that is ours to do; return the error, final or not."""
        was_known, self.asking = self.asking is not self._wanted, self._wanted
        other = isinstance(error, WrongRevision) or getattr(error, "status", None) in _NOT_THIS_WAY
        if not (was_known and other and self._was_open):
            return error
        why = str(error).partition(";")[0]  # and not what to do about it
        anew = ConnectError(f"it is not the server of before, so what it speaks is found out anew: {why}")
        anew.__cause__ = error
        return anew

    def _speak(self, revision: Revision) -> None:
        """Speak a revision from now on; what waits is said in its words, as far as it has them."""
        before, self.revision, self.asking = self.revision, revision, revision
        if revision is before or before is self._wanted:
            return
        for endpoint in self.endpoints.channels():
            try:
                self._encode_join(endpoint)
            except LocalProtocolError as error:
                self._refuse(endpoint, ChannelError(f"the server that is there now has no {endpoint.name!r}: {error}"))
        lost = self.outbox.rewrite(partial(rewritten, before.decoder(), revision))
        if lost:
            example = Malformed(repr(lost[-1].encoded)[:200], "the server that is there now speaks another revision")
            self._notices.append(Dropped(len(lost), example))
        keys = {entry.ack for entry in lost}
        self._fail_acks(keys.__contains__, ConnectionLost("the server that is there now cannot be asked this"))

    def _was_healthy(self, now: float) -> bool:
        session = self.session
        return session is not None and self._deadline is None and now >= session.opened_at + session.healthy_after

    def _spent(self, error: SocketIOError) -> SocketIOError:
        attempts = self._backoff.attempts
        if not attempts:
            return error
        final = ConnectError(f"gave up after {attempts} attempts to connect again: {error}", retryable=False)
        final.__cause__ = error
        return final

    def _end_session(self, reason: str) -> None:
        """Forget all that belongs to one session; what may outlive it stays."""
        unwritten = self.outbox.end_session()
        were_open = self.endpoints.end_session()
        self._notices += [Disconnected(endpoint.name, reason) for endpoint in were_open]
        if self.session is not None:
            self._notices.append(TransportClosed(reason))
            self.session = None
        lost = ConnectionLost(f"the connection was lost before the answer came: {reason}")
        self._fail_acks(lambda key: key not in unwritten, lost)

    def _end(self, error: SocketIOError | None, reason: str) -> None:
        """End for good."""
        self._end_session(reason)
        self.phase, self._deadline, self.error = Phase.CLOSED, None, error
        gone = NotConnected(f"the connection has ended: {error or reason}")
        gone.__cause__ = error
        for endpoint in list(self.endpoints):
            self.endpoints.close(endpoint, gone)
        self.outbox.take()
        self._fail_acks(lambda key: True, ConnectionLost(f"the connection ended before the packet was sent: {reason}"))
        self._notices.append(Ended(error))

    def _refuse(self, endpoint: Endpoint, error: ChannelError, why: str = "") -> None:
        """An endpoint is not to be had, or not any more."""
        if endpoint.state is Joining.ASKED:
            self._notices.append(JoinFailed(endpoint.name, error, endpoint.was_open, why or str(error)))
        self.endpoints.close(endpoint, error)
        self.outbox.drop_endpoint(endpoint.name)
        self._fail_acks(lambda key: key[0] == endpoint.name, ConnectionLost(str(error)))
        self._check_restored()

    def _check_restored(self) -> None:
        """Let the waiting packets go once every endpoint is decided: not one of them before its endpoint."""
        if self.phase is Phase.RESTORING and self.endpoints.all_decided():
            self.phase = Phase.OPEN

    def _fail_acks(self, condemned: Callable[[AckKey], bool], error: SocketIOError) -> None:
        self._notices += [Unanswered(waiter, error) for waiter in self.acks.drop(condemned)]
