"""The life of a connection: its attempts, its sessions one after the other, and its end; ``phases`` has the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import eq

from ..errors import ChannelError, ConnectError, ConnectionLost, LocalProtocolError, SocketIOError, WrongRevision
from ..options import Options
from ..reading import Reading
from .backoff import Backoff
from .detour import Detour, Stage
from .drafts import chosen
from .endpoints import Endpoint, Joining
from .fence import Fence
from .limit import Limit
from .membership import Membership
from .notices import Dropped, Ended, JoinFailed, Reconnected, Retrying, TransportOpened
from .packets import Disconnect, Encoded, Error, Malformed
from .phases import LINKED, TRANSITIONS, Phase, Step
from .retry import OVERFED, Retry
from .revisions.base import Decoder, Dialect, Handshake, Opening
from .session import Session
from .start import Start
from .turns import Turns

REJOIN_TIMEOUT = 10.0
"""Seconds that a server has to confirm an endpoint again after a reconnect."""

_RENEWED = "the server takes no more over one websocket (socket.io 0.9.17 to 0.9.19), so the session is renewed"


class Lifecycle:
    """Where a connection is on its way through the phases.

    Args:
        membership: what is kept from one session to the next.
        opening: how sessions begin; that of one revision, or the one that finds out.
        options: the user's decisions.
        random: returns a number from 0 up to 1, which spreads the delays between attempts.

    Attributes:
        phase: see ``phases``.
        opening: what the next attempt begins with. What was found out is remembered until an attempt fails with it.
        dialect: what is spoken; None: that is not known yet.
        attempt: counts the attempts to connect.
        current: the number of the attempt that is under way, or whose transport is wanted; 0: there is none.
        reconnects: counts how often the server joined us again.
        reading: who reads frames.
        session: the session that stands; None: there is none.
        fence: counts what is sent in it; None: the server needs none.
        detour: what follows as its byte budget is spent; None: it is not.
        takes_orders: whether the shell does what ``detour.order`` asks for.
        limit: what the server takes at once.
        transport: the name of the latest transport.
        decode: reads the frames of the session.
        error: why the connection has ended; None: it has not, or somebody ended it.
        ended_by: who ended it, "client" or "server"; None: it has not ended, or because of ``error``.
        is_awaited: whether somebody waits for the first session, who gets the error if there is none.
    """

    def __init__(self, membership: Membership, opening: Opening, options: Options, random: Callable[[], float]) -> None:
        self._membership, self._options = membership, options
        delay, limit, most = options.reconnection_delay, options.reconnection_limit, options.max_reconnection_attempts
        self._retry = Retry(options, Backoff(delay, limit, most, random))
        self.phase = Phase.IDLE
        self.opening = self._wanted = opening
        self.dialect: Dialect | None = opening.dialect
        self.attempt = self.current = self.reconnects = 0
        self.reading = Reading()
        self.session: Session | None = None
        self.fence: Fence | None = None
        self.detour: Detour | None = None
        self.takes_orders = False
        self._posts_arrive = True  # for all that is known
        self._counts_bytes = False  # whether a server with a session id of its own kicked as if it did
        self._spent: Fence | None = None  # that of a websocket beside which packets are posted
        self.limit = Limit()
        self.transport = ""
        self.decode: Decoder = lambda frames: []
        self.error: SocketIOError | None = None
        self.ended_by: str | None = None
        self._due: float | None = None  # when the phase is overdue, see ``deadline``
        self.is_awaited = True
        self._told_of: SocketIOError | None = None  # the refusal that a notice has

    @property
    def comes_back_in_a_moment(self) -> bool:
        """Whether a connection that is away is so because of us only: the server is there, and takes us back."""
        return self._retry.in_a_moment

    def deadline(self) -> float | None:
        """Return when the phase is overdue; None: it may last, or does so while functions of the user run.

        No attempt begins while they keep the thread that would make it: all attempts would be used up. What the server
        has to do has its time by the clock of reading, but for the first join: whoever waits for that gave the time.
        """
        if self.phase is Phase.WAITING:
            return self._due if self.reading.away_since is None else None
        if self._due is None or not self._retry.was_joined:
            return self._due
        return self.reading.when(self._due)

    def begin_attempt(self, step: Step, now: float) -> None:
        """An attempt to connect begins."""
        self.attempt += 1
        self._go(step)
        self._due = (self.reading.clock(now) if self._retry.was_joined else now) + self._options.connect_timeout

    def opened(self, handshake: Handshake, dialect: Dialect, transport: str, now: float, start: Start) -> None:
        """A transport carries the session that ``handshake`` opened."""
        self._speak(dialect, handshake.opening or self.opening, start)
        self.session, self.decode = Session(handshake, dialect, self.reading, now, transport), start.decode
        if dialect.needs_fence(transport):
            counts_bytes = self._counts_bytes or dialect.may_count_bytes(handshake)
            self.fence = Fence(self.reading, counts_bytes=counts_bytes, reads_ahead=dialect.reads_ahead(handshake))
            self.session.fence = self.fence
        else:
            self.fence = None
        if dialect.takes_turns:
            self._membership.turns = self.session.turns = Turns(
                self._membership.outbox,
                self._membership.endpoints,
                self.reading,
                needs_pongs=transport == "websocket",
            )
        self._go(Step.OPENED)
        self.transport = transport
        self.limit.announce(handshake.max_payload, transport)
        if self._membership.outbox.queued or self._membership.deliveries.queues:
            self._refuse_larger()
        self._membership.tell(TransportOpened(transport))
        if request := self._membership.endpoints.default.request:  # some servers join us unasked
            self._membership.outbox.push_urgent(request)

    def joined(self, now: float) -> None:
        """The server joined us to the default endpoint: the others are next."""
        self._go(Step.JOINED)
        self._due = None
        if self._retry.was_joined:
            self.reconnects += 1
            self._membership.tell(Reconnected(self._retry.attempts))
        self._retry.joined()
        if len(self._membership.endpoints.by_name) > 1:
            self._due = self.reading.clock(now) + REJOIN_TIMEOUT
            for endpoint in self._membership.endpoints.channels():
                self._membership.outbox.push_urgent(endpoint.request)

    def check_restored(self, now: float) -> None:
        """Let the queued packets go once every endpoint is decided: none of them leaves before its endpoint."""
        if self.phase is Phase.RESTORING and self._membership.endpoints.all_decided():
            self._due = None
            self._go(Step.RESTORED)
            self._membership.deliveries.flows = True
            if self._membership.deliveries.queues:
                self._membership.deliveries.start_all(now)

    def end_of(self, name: str) -> Encoded | None:
        """Return the packet that ends an endpoint; None: the server has none to be told of it."""
        if self.dialect is None or not self._is_joined:
            return None
        return self.dialect.encode(Disconnect(name))

    def overdue(self, now: float) -> None:
        """The deadline of the phase has come."""
        if self.phase is Phase.WAITING:
            self.begin_attempt(Step.DUE, now)
        elif self.phase is Phase.RESTORING:
            self._give_up_joins(now)
        else:
            missing = "a response" if self.phase is Phase.CONNECTING else "the join of the default endpoint"
            error = f"no connection within {self._options.connect_timeout:g} s: {missing} did not come"
            self.lost("connect timeout", ConnectError(error + self._join_advice()), now)

    def lost(self, reason: str, error: SocketIOError, now: float) -> None:
        """The transport, or the attempt to have one, is gone: wait for another, or end."""
        is_renewal = self.detour is not None and self.detour.stage is Stage.LEAVING
        if is_renewal:
            reason, error = OVERFED, ConnectError(_RENEWED)
        if reason == "transport closed" and self._join_advice():
            error = ConnectError(f"the server ended the session instead of letting us join{self._join_advice()}")
        if self.phase in (Phase.CONNECTING, Phase.JOINING):
            error = self._find_out_anew(error)
        in_session = self.session is not None
        delay = self._retry.lost(reason, error, in_session=in_session, was_healthy=self._was_healthy(now))
        delay = 0.0 if is_renewal and delay is not None else delay
        if delay is None:
            self.end(self._retry.final(error), reason)
            return
        self._end_session(reason)
        self._go(Step.LOST)
        self._due = now + delay
        self._membership.tell(Retrying(self._retry.attempts, delay, error))

    def kicked(self, now: float) -> None:
        """The server ended the session."""
        fence = self.fence
        if fence is not None and fence.may_have_kicked:
            self._counts_bytes = True
            why = "the server's byte budget for one websocket was probably spent (socket.io 0.9.17 to 0.9.19)"
            self.lost(OVERFED, ConnectError(why), now)
        elif self.phase is Phase.JOINING or self._options.reconnect_when_kicked:
            self.lost("server", ConnectError("the server ended the session (0::)"), now)
        else:
            self.end(None, "server")

    def drained(self, now: float) -> None:
        """The server has read everything, and the byte budget is nearly spent."""
        session, dialect = self.session, self.dialect
        assert session is not None
        assert dialect is not None
        if self.detour is None:
            may_try = self.takes_orders and self._posts_arrive
            posts = dialect.posts_beside(self.transport, session.handshake) if may_try else None
            self.detour = Detour(self.reading, now, posts)
        else:
            self.detour.drained(now)
            if self.detour.stage is Stage.POSTING:
                self._spent, self.fence, session.fence = self.fence, None, None
        self.settle(now)

    def settle(self, now: float) -> None:
        """Leave the server if the session is to be renewed and no acknowledgement is awaited any more."""
        detour, membership = self.detour, self._membership
        if detour is not None and detour.stage is Stage.SETTLING:
            unwritten = membership.outbox.acks() + membership.deliveries.waiting()
            if len(membership.acks) == unwritten:
                detour.leave(now)

    def empty(self, now: float) -> None:
        """Have the session renewed once the server has read what was posted."""
        assert self.detour is not None
        assert self.session is not None
        self.fence = self.session.fence = self._spent
        self.detour.empty(now)

    def detour_overdue(self, now: float) -> None:
        """Renew the session if a stage of the detour lasts for too long."""
        assert self.detour is not None
        deadline = self.detour.deadline()
        if deadline is not None and now >= deadline:
            if self.detour.stage is Stage.TRYING:
                self._posts_arrive = False
            self.detour.stage = Stage.LEAVING
            self.lost(OVERFED, ConnectError(_RENEWED), now)

    def rejected(self, packet: Error, error: SocketIOError, now: float) -> None:
        """The server refuses the default endpoint."""
        if packet.final:
            again = self._membership.endpoints.default.was_open
            self._membership.tell(JoinFailed("", error, again, packet.reason or str(error)))
            self._told_of = error
        self.lost("server", error, now)

    def end(self, error: SocketIOError | None, reason: str) -> None:
        """End for good."""
        held = self._membership.outbox.held
        if held and error is None:
            self._membership.tell(Dropped(held, Malformed("", "the end came before their endpoints were joined")))
        self._membership.deliveries.end_tries()
        self._end_session(reason)
        if error is not None and not (self._retry.was_joined or self.is_awaited or error is self._told_of):
            self._membership.tell(JoinFailed("", error, False, str(error)))
        self._due, self.error, self.ended_by = None, error, reason if error is None else None
        self._membership.end(error, reason)
        reports = error is not None and self._retry.was_joined
        self._membership.tell(Ended(error, reports=reports, by=self.ended_by))
        self._go(Step.ENDED)  # last, so that what Ctrl-C interrupts is done anew

    @property
    def _is_joined(self) -> bool:
        """Whether the default endpoint is joined."""
        return self.phase in (Phase.RESTORING, Phase.OPEN)

    def _give_up_joins(self, now: float) -> None:
        """Refuse the endpoints that were not joined again in time; those with a deadline of their own may still be."""
        self._due = self.reading.clock(now) + REJOIN_TIMEOUT  # for what is asked for from now on
        for endpoint in self._membership.endpoints.channels():
            if endpoint.state is Joining.ASKED and endpoint.deadline is None:
                self._membership.give_up(endpoint, self.end_of(endpoint.name), now)

    def _go(self, step: Step) -> None:
        phase = TRANSITIONS[self.phase, step]
        self.current = self.attempt if phase in LINKED else 0
        self.phase = phase

    def _end_session(self, reason: str) -> None:
        self._membership.end_session(reason, had_transport=self.session is not None)
        self.session = self.fence = self.detour = self._spent = None

    def _speak(self, dialect: Dialect, opening: Opening, start: Start) -> None:
        """Speak a dialect from now on; what was queued in another cannot be sent."""
        before, self.dialect, self.opening = self.dialect, dialect, opening
        for endpoint in self._membership.endpoints:
            request = start.requests.get(endpoint)
            if request is None:
                request = _late_request(endpoint, dialect, before)
            if isinstance(request, ChannelError):
                self._membership.refuse(endpoint, request)
            else:
                endpoint.request = request
        if before is None and (self._membership.outbox.queued or self._membership.deliveries.queues):
            self._settle_drafts(dialect)
        elif before is not None and before is not dialect:
            self._forget_queued(f"revision {dialect.number}; this was queued for revision {before.number}")

    def _settle_drafts(self, dialect: Dialect) -> None:
        """Keep of what was queued before the dialect was known what is in it."""
        refused = [*self._membership.outbox.settle(dialect), *self._membership.deliveries.settle(dialect)]
        for key, error in refused:
            why = LocalProtocolError(f"the server speaks revision {dialect.number}, which cannot say this: {error}")
            self._membership.fail_acks(partial(eq, key), why)
        if refused:
            self._membership.tell(Dropped(len(refused), Malformed("", f"revision {dialect.number}: {refused[-1][1]}")))

    def _forget_queued(self, what: str) -> None:
        why = f"the server that is there now speaks {what}"
        lost = self._membership.outbox.forget_all()
        if lost:
            self._membership.tell(Dropped(lost, Malformed("", why)))
        self._membership.fail_acks(lambda key: True, ConnectionLost(why))

    def _refuse_larger(self) -> None:
        """Forget what was queued before this server had said that it does not take it."""
        membership, refusal = self._membership, self.limit.refusal
        larger = [(entry.ack, entry.encoded) for entry in membership.outbox.take_out(refusal)]
        larger += [(delivery.key, delivery.encoded) for delivery in membership.deliveries if refusal(delivery.encoded)]
        if larger:
            why, keys = refusal(larger[-1][1]), {key for key, _ in larger}
            membership.tell(Dropped(len(larger), Malformed("", why)))
            membership.fail_acks(lambda key: key in keys, LocalProtocolError(why))

    def _find_out_anew(self, error: SocketIOError) -> SocketIOError:
        """Have the next attempt find out what is spoken, if the user left it open; return the error to be told."""
        was_known, self.opening = self.opening is not self._wanted, self._wanted
        if not (was_known and isinstance(error, WrongRevision) and self._retry.was_joined):
            return error
        why = str(error).partition(";")[0]  # and not what to do about it
        anew = ConnectError(f"it is not the server of before, so what it speaks is found out anew: {why}")
        anew.__cause__ = error
        return anew

    def _join_advice(self) -> str:
        """Return what may be wrong if a server takes our request to join and says nothing, as text to be added."""
        if self.phase is not Phase.JOINING or self.dialect is None or self._retry.was_joined:
            return ""
        return self.dialect.join_advice and f" ({self.dialect.join_advice})"

    def _was_healthy(self, now: float) -> bool:
        session = self.session
        return session is not None and self._is_joined and now >= session.opened_at + session.healthy_after


def _late_request(endpoint: Endpoint, dialect: Dialect, before: Dialect | None) -> Encoded | ChannelError:
    """Return the join of an endpoint that was asked for since the attempt began, or why it cannot be joined."""
    if before is not None and before is not dialect:
        return ChannelError(f"another server came while {endpoint.name!r} was being joined: connect it again")
    try:
        return chosen(endpoint.request, dialect)
    except (LocalProtocolError, TypeError) as error:
        return ChannelError(f"{endpoint.name!r} cannot be joined: {error}")
