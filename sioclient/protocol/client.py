"""The client's side of a connection as an object without I/O.

Everything that happens is a method: what the user wants, what the network brings, what time it is. What follows from it
is fetched afterwards: ``frames_to_send()`` for the wire, ``notices()`` for the user, ``deadline()`` for the clock.
``now`` is in seconds on any clock that never goes back.

It is put together of four objects. ``membership`` keeps endpoints, acknowledgements and queued packets; ``lifecycle``
goes through the phases; ``receiver`` knows what each packet of the server means; ``sending`` what may be written when.

JSON may be the user's code. A shell that holds a lock around this object therefore calls ``encode`` before it takes the
lock for ``push``, ``acknowledge`` or ``join``, and ``start.make_start`` before ``transport_opened``, and passes what it
gets. Without it, these methods do so themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from ..errors import ChannelError, ConnectError, ConnectionLost, LocalProtocolError, NotConnected
from ..options import Options
from ..reading import Reading
from .deliveries import Delivery
from .drafts import make_drafts, translated
from .endpoints import Endpoint, Joining
from .lifecycle import Lifecycle
from .membership import Membership
from .notices import Notice
from .outbox import MOST_QUEUED
from .packets import Ack, Encoded, Frame, Heartbeat, Malformed, Packet, UserPacket
from .phases import Phase, Step
from .receiver import Receiver
from .revisions.base import Decoder, Dialect, Handshake, Opening
from .sending import Sending
from .session import Session, earliest
from .start import Start, encode_join, make_start

_OPEN, _CLOSED, _IDLE = Phase.OPEN, Phase.CLOSED, Phase.IDLE  # a look-up in an Enum takes as long as a call

MOST_CORKED = 50
"""Packets that may wait to be written with more."""

_OTHER_SERVER = "another server has come, of another revision, and this was encoded for the one before: send it again"

Encoding = tuple[Dialect | None, Encoded]
"""A packet on the wire, and the dialect that it is in; None: it is ``Drafts``."""


class Verdict(Enum):
    """What becomes of a packet that was pushed."""

    WRITE = "it is queued: write what may be written now"
    MORE = "it is queued, and may wait until more is written with it"
    FULL = "it is not queued: wait for room, and push it again"
    DROPPED = "it is forgotten: it was volatile and could not be written now, or nobody waits for it any more"


_WRITE, _MORE = Verdict.WRITE, Verdict.MORE


class ClientProtocol:
    """A client's connection.

    Args:
        opening: how sessions begin; that of one revision, or the one that finds out.
        options: the user's decisions.
        random: returns a number from 0 up to 1, which spreads the delays between attempts.

    Attributes:
        sending: knows what may be written when, also after the end.
        frames_to_send, has_frames: its methods of these names.
    """

    def __init__(
        self, opening: Opening, options: Options | None = None, random: Callable[[], float] = lambda: 0.5
    ) -> None:
        options = options or Options()
        self.membership = membership = Membership(options.buffer_size)
        self.lifecycle = Lifecycle(membership, opening, options, random)
        self.receiver = Receiver(membership, self.lifecycle)
        self.endpoints, self.acks, self.outbox = membership.endpoints, membership.acks, membership.outbox
        self.sending = Sending(membership, self.lifecycle, self.receiver)
        self.frames_to_send, self.has_frames = self.sending.frames_to_send, self.sending.has_frames

    @property
    def phase(self) -> Phase:
        """Where the connection is; see ``phases``."""
        return self.lifecycle.phase

    @property
    def linked(self) -> bool:
        """Whether the current attempt goes on.

        When a call turned this false, the caller closes the transport and need not report its loss.
        """
        return self.lifecycle.current != 0

    @property
    def session(self) -> Session | None:
        """The session that stands; None: there is none."""
        return self.lifecycle.session

    @property
    def dialect(self) -> Dialect | None:
        """What is spoken; None: that is not known yet."""
        return self.lifecycle.dialect

    @property
    def reading(self) -> Reading:
        """Who reads frames: the threads say so here, after which ``deadline`` may be another one."""
        return self.lifecycle.reading

    @property
    def decode(self) -> Decoder:
        """What reads the frames of the session."""
        return self.lifecycle.decode

    # What the user wants

    def connect(self, now: float, *, is_awaited: bool = True) -> None:
        """Begin. The caller makes the handshake and opens a transport, then says how it went.

        Unless somebody waits for the first session, ``is_awaited``, a notice tells if there is none.

        Raises:
            LocalProtocolError: it has begun before.
        """
        if self.lifecycle.phase is not _IDLE:
            raise LocalProtocolError("this connection was opened before: make a new one")
        self.lifecycle.is_awaited = is_awaited
        self.lifecycle.begin_attempt(Step.START, now)

    def encode(self, packet: Packet) -> Encoding:
        """Return a packet as it is on the wire now, or drafts of it; safe without the lock of a shell.

        Raises:
            LocalProtocolError, TypeError: the protocol cannot say this.
        """
        dialect = self.lifecycle.dialect
        if dialect is None:
            return None, make_drafts(lambda dialect: dialect.encode(packet), self.lifecycle.opening.candidates)
        return dialect, dialect.encode(packet)

    def push(
        self,
        packet: UserPacket,
        now: float,
        encoding: Encoding | None = None,
        endpoint: Endpoint | None = None,
        waiter: Any = None,
        timeout: float | None = None,
        *,
        volatile: bool = False,
        more: bool = False,
        waited: bool = False,
    ) -> Verdict:
        """Take a packet of the user, or raise a SocketIOError or TypeError that says why it was not accepted.

        Args:
            packet: one with an id asks for an acknowledgement, which ``waiter`` gets, in ``timeout`` seconds at most;
                if that is a Delivery, the packet is written again until it comes.
            encoding: what ``encode`` returned for it.
            endpoint: its endpoint; by default the one that has the packet's name for it.
            volatile: whether to forget the packet if it cannot be written now.
            more, waited: whether the caller is about to push more; whether it has waited for room, which was made.
        """
        is_open, is_held = self.lifecycle.phase is _OPEN, False
        self.sending.now = now
        if not is_open or packet.endpoint:
            self._check_alive()
            is_held = self.membership.check(packet.endpoint, endpoint)
        if volatile and (not is_open or is_held or self.outbox.queued >= MOST_QUEUED):
            return Verdict.DROPPED
        dialect, frames = encoding or self.encode(packet)
        if dialect is not self.lifecycle.dialect:
            frames = translated(frames, dialect, self.lifecycle.dialect, ConnectionLost(_OTHER_SERVER))
        if type(frames) is not str or len(frames) > self.lifecycle.limit.free:
            self.lifecycle.limit.check(frames)
        if (not is_open or self.outbox.queued >= MOST_QUEUED) and self._must_wait(frames, waited):
            return Verdict.FULL
        push = self.outbox.hold if is_held else self.outbox.push
        if packet.id is None:
            push(frames, packet.endpoint)
            fence = self.lifecycle.fence
            if not more and (fence is None or not fence.awaited):
                return _WRITE
            return _MORE if self.outbox.queued < MOST_CORKED or not self.has_frames() else _WRITE
        if type(waiter) is Delivery:
            waits, key = is_open or self.lifecycle.comes_back_in_a_moment, (packet.endpoint, packet.id)
            return _WRITE if self.membership.deliveries.take(waiter, frames, key, now, waits=waits) else Verdict.FULL
        self.acks.add((packet.endpoint, packet.id), waiter, None if timeout is None else now + timeout, now)
        push(frames, packet.endpoint, ack=(packet.endpoint, packet.id))
        return _WRITE  # somebody waits for the acknowledgement

    def acknowledge(
        self, packet: UserPacket, args: list[Any], *, encoding: Encoding | None = None, more: bool = False
    ) -> Verdict:
        """Acknowledge a packet that asked for it, as long as its endpoint has been joined since.

        In another session, and after the endpoint was left, the id is that of another packet or of none; socket.io 4
        ends the session of a client that sends on an endpoint after leaving it.

        Args:
            packet: as it came.
            args: what the acknowledgement carries.
            encoding: what ``encode`` returned for the Ack.
            more: whether the caller is about to push more.
        """
        if packet.id is None or not self.membership.still_joined(packet):
            return Verdict.DROPPED
        _, frames = encoding or self.encode(Ack(packet.id, args, packet.endpoint))
        self.lifecycle.limit.check(frames)
        self.outbox.push(frames, packet.endpoint, of_session=True)
        return _MORE if more and (self.outbox.queued < MOST_CORKED or not self.has_frames()) else _WRITE

    def join(
        self,
        name: str,
        query: str,
        timeout: float | None,
        now: float,
        auth: Any = None,
        *,
        data: Any = None,
        owner: Any = None,
        encoding: Encoding | None = None,
    ) -> Endpoint:
        """Ask the server to join us to an endpoint; its ``state`` says when that is decided.

        Args:
            name: the endpoint's name.
            query: what the join carries.
            timeout: seconds that the server has to confirm; None: as long as the session.
            auth: what the user gave; kept for the next sessions.
            data: what the server gets of it now; by default ``auth`` itself.
            owner: whom the notices about this endpoint are for.
            encoding: what ``start.encode_join`` returned.

        Raises:
            ChannelError: it is asked for or open already, or ``encoding`` is for a server that is no longer there.
            LocalProtocolError: there can be no endpoint of this name.
            NotConnected: the connection has ended, or not begun.
        """
        if not name:
            raise LocalProtocolError("the default endpoint is always connected: give the name of another")
        self._check_alive()
        endpoint = Endpoint(name, query, auth, owner, deadline=None if timeout is None else now + timeout)
        if self.endpoints.get(name) is None:
            data = auth if data is None else data
            dialect, frames = encoding or encode_join(endpoint, data, self.dialect, self.lifecycle.opening)
            gone = ChannelError(f"another server came while {name!r} was being joined: connect it again")
            endpoint.request = translated(frames, dialect, self.dialect, gone)
            self.lifecycle.limit.check(endpoint.request)
        self.membership.add(endpoint)
        if self.lifecycle.phase is _OPEN or endpoint.left_here:
            # The packet that leaves the endpoint of before may still be queued: this one goes behind it.
            self.membership.ask(endpoint)
        elif self.lifecycle.phase is Phase.RESTORING:
            self.outbox.push_urgent(endpoint.request)
        return endpoint

    def leave(self, endpoint: Endpoint) -> None:
        """Leave an endpoint; leaving one that is closed already does nothing."""
        if endpoint.state is Joining.OVER:
            return
        self.membership.leave(endpoint, self.lifecycle.end_of(endpoint.name), max(self.sending.now, self.receiver.now))
        self.lifecycle.check_restored(max(self.sending.now, self.receiver.now))

    def disconnect(self) -> None:
        """End the connection for good. What was accepted is still written, then the server is told."""
        if self.lifecycle.phase is _CLOSED:
            return
        self.membership.deliveries.write_rest()
        fence, last = self.lifecycle.fence, list[Encoded]((frame,) for frame in self.outbox.take_urgent())
        last += self.outbox.take_packets() if self.lifecycle.phase is _OPEN else []
        if self.session is not None and self.dialect is not None:
            last.append(self.dialect.disconnect_packets(self.lifecycle.transport))
        self.lifecycle.end(None, "client")
        self.lifecycle.fence = fence
        if fence is not None:
            fence.use_reserve(max(self.sending.now, self.receiver.now))
        for packet in last:
            self.outbox.push(packet, "")

    def fail(self, error: BaseException) -> None:
        """End the connection because of an error of the shell's own, which becomes that of the connection."""
        if self.lifecycle.phase is not _CLOSED:
            internal = ConnectError(f"an error inside sioclient: {type(error).__name__}: {error}", retryable=False)
            internal.__cause__ = error
            self.lifecycle.end(internal, "internal error")

    def forget(self) -> None:
        """Be closed, without a notice: after a fork, the connection is that of the parent process."""
        self.lifecycle.phase, self.endpoints.default.state = _CLOSED, Joining.OVER

    # What the network brings

    def transport_opened(
        self,
        handshake: Handshake,
        transport: str,
        now: float,
        start: Start | None = None,
        *,
        takes_orders: bool = False,
    ) -> None:
        """A transport carries the session that ``handshake`` opened; one that comes too late changes nothing.

        Args:
            handshake: what the opening has read.
            transport: the name of the transport.
            start: what ``start.make_start`` returned for it.
            takes_orders: whether the caller does what ``lifecycle.detour.order`` asks for.
        """
        if self.lifecycle.phase is not Phase.CONNECTING:
            return
        dialect = handshake.dialect or self.dialect
        assert dialect is not None, "only tests make handshakes without a dialect, and for known openings"
        start = start or make_start(handshake, dialect, self.endpoints, None)
        self.lifecycle.opened(handshake, dialect, transport, now, start)
        self.lifecycle.takes_orders = takes_orders
        self.receive_packets(start.packets, now)

    def connect_failed(self, error: ConnectError, now: float) -> None:
        """The attempt failed: no handshake, or no transport."""
        if self.lifecycle.phase is Phase.CONNECTING:
            self.lifecycle.lost("no connection", error, now)

    def transport_lost(self, reason: str, now: float) -> None:
        """The transport ended by itself; once the next attempt has begun, this comes too late and changes nothing."""
        if self.session is not None:
            self.lifecycle.lost(reason, ConnectError(f"the connection was lost: {reason}"), now)

    def receive(self, frames: Sequence[Frame], now: float) -> None:
        """Take frames that came, in order."""
        self.receive_packets(self.decode(frames), now)

    def receive_packets(self, packets: list[Packet | Malformed], now: float) -> None:
        """Take packets that came, in order; ``decode`` made them of frames."""
        self.receiver.receive(packets, now)

    # What time it is

    def deadline(self) -> float | None:
        """Return when ``handle_timeout`` has something to do; None: not before something else happens."""
        session = self.lifecycle.session
        of_session = session.deadline() if session is not None else None
        phase, fence, detour = self.lifecycle.deadline(), self.lifecycle.fence, self.lifecycle.detour
        if fence is not None and self.outbox.queued and self.lifecycle.phase is not _CLOSED:
            phase = earliest(phase, fence.next_window)
        if detour is not None:
            phase = earliest(phase, detour.deadline())
        return earliest(phase, of_session, self.acks.deadline(), self.endpoints.deadline())

    def handle_timeout(self, now: float) -> None:
        """Do whatever is due."""
        self.sending.now = now
        self.membership.expire_acks(now, is_read=self.lifecycle.reading.holder is not None)
        for endpoint in self.endpoints.overdue(now):
            self.membership.give_up(endpoint, self.lifecycle.end_of(endpoint.name), now)
        if self.membership.turns is not None:
            self.membership.turns.give_up(now)
        if self.session is not None and self.session.heartbeat_due(now):
            self.outbox.push_urgent(self.encode(Heartbeat())[1])
        if self.lifecycle.fence is not None:
            self.lifecycle.fence.look(now)
        if self.session is not None and self.session.fence_is_stuck(now):
            self.transport_lost("the server reads no more", now)
        if self.session is not None and self.session.is_dead(now):
            self.transport_lost("heartbeat timeout", now)
        if (due := self.lifecycle.deadline()) is not None and now >= due:
            self.lifecycle.overdue(now)
        if self.lifecycle.detour is not None:
            self.lifecycle.detour_overdue(now)
        self.lifecycle.check_restored(now)

    # What follows

    def notices(self) -> list[Notice]:
        """Return what happened since the last call, in order."""
        membership = self.membership
        notices, membership.notices = membership.notices, []
        return notices

    def _must_wait(self, frames: Encoded, waited: bool) -> bool:
        """Return whether frames must wait for room; raise if there is none and the connection may not be back soon."""
        if self.lifecycle.phase is _OPEN:
            return not (waited or self.outbox.has_room(frames))
        if self.lifecycle.comes_back_in_a_moment:
            return not self.outbox.has_room(frames)
        self.outbox.check_room(frames)
        return False

    def _check_alive(self) -> None:
        if self.lifecycle.phase is _IDLE:
            raise NotConnected("there is no connection yet: call open() first")
        if self.lifecycle.phase is _CLOSED:
            why = self.lifecycle.error or "open it again to come back"
            raise NotConnected(f"the connection has ended: {why}")
