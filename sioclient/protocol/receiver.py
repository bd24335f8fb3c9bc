"""What each packet of the server means for a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ChannelError, ConnectError, HandshakeRejected
from .deliveries import Delivery
from .endpoints import Joining
from .lifecycle import Lifecycle
from .membership import Membership
from .notices import Acknowledged, Disconnected, Dropped
from .packets import (
    Ack,
    Close,
    Connect,
    Disconnect,
    Error,
    Event,
    Foreign,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
    Ponged,
    Recoverable,
)
from .phases import Phase

_OPEN, _RESTORING = Joining.OPEN, Phase.RESTORING  # a look-up in an Enum takes as long as a call

_NOT_STICKY = ". If several servers share this address, revision 1 needs sticky sessions: all requests to the same one"

WARNING_INTERVAL = 60.0
"""Seconds between two notices of dropped packets."""


class Receiver:
    """Takes the packets of one connection.

    Args:
        membership: its endpoints, and what waits for them.
        lifecycle: its sessions.

    Attributes:
        now: when packets came last.
    """

    def __init__(self, membership: Membership, lifecycle: Lifecycle) -> None:
        self._membership, self._lifecycle = membership, lifecycle
        self.now = float("-inf")
        self._owes_heartbeat = False
        self._dropped, self._next_warning = 0, float("-inf")

    def receive(self, packets: list[Packet | Malformed], now: float) -> bool:
        """Take packets that came, in order; return whether events of open endpoints were all that came."""
        membership, lifecycle = self._membership, self._lifecycle
        by_name, tell = membership.endpoints.by_name, membership.notices.append
        self.now, quiet = now, True
        session = lifecycle.session
        if packets and session is not None:
            session.heard_at, session.silent_since = now, now - session.reading.unread  # ``heard``, without a call
        name, owner, join_number = None, None, 0  # of the open endpoint that the last event was for
        for packet in packets:
            if type(packet) is Event:  # nearly every packet is this
                if packet.endpoint != name:
                    endpoint = by_name.get(packet.endpoint)
                    name = None
                    if endpoint is not None and endpoint.state is _OPEN:
                        name, owner, join_number = endpoint.name, endpoint.owner, endpoint.join_number
                if name is not None:
                    packet.owner = owner
                    if packet.id is not None:
                        packet.join_number = join_number
                    tell(packet)
                    continue
            if lifecycle.session is None:
                break  # the session ended within this batch; what follows belongs to nobody
            _RECEIVERS[type(packet)](self, packet, now)
            name, quiet = None, False
        if self._owes_heartbeat or lifecycle.phase is _RESTORING:
            self._finish_batch(now)
        return quiet

    def _on_connect(self, packet: Connect, now: float) -> None:
        turns = self._membership.turns
        if turns is not None and not turns.is_free(packet.endpoint):
            turns.decided(packet.endpoint, now, is_joined=True)
            return
        endpoint = self._membership.endpoints.get(packet.endpoint)
        if endpoint is None or endpoint.state is not Joining.ASKED:
            return  # never asked for, or told twice (gevent-socketio does at every new transport)
        self._membership.joined(endpoint, packet.data)
        if endpoint is self._membership.endpoints.default:
            self._lifecycle.joined(now)
        if len(endpoint.early):
            self._membership.take_early(endpoint)
        if self._membership.deliveries.queues:
            self._membership.deliveries.start(endpoint.name, now)

    def _on_disconnect(self, packet: Disconnect, now: float) -> None:
        endpoint, turns = self._membership.endpoints.get(packet.endpoint), self._membership.turns
        if turns is not None and not turns.is_free(packet.endpoint):
            turns.kicked(packet.endpoint)
            return
        if endpoint is None:
            return
        if endpoint is self._membership.endpoints.default:
            self._lifecycle.kicked(now)
        elif endpoint.state is Joining.OPEN:
            self._membership.tell(Disconnected(endpoint.name, "server"), endpoint)
            self._membership.refuse(endpoint, ChannelError(f"the server disconnected {endpoint.name!r}"))
        elif endpoint.left_here:
            endpoint.left_here = False  # the reply to leaving the endpoint of this name before
        else:
            self._membership.refuse(endpoint, ChannelError(f"the server refused {endpoint.name!r}"))

    def _on_heartbeat(self, packet: Heartbeat, now: float) -> None:
        session = self._lifecycle.session
        if session is not None and session.owes_heartbeat(now):
            self._owes_heartbeat = True

    def _finish_batch(self, now: float) -> None:
        """Reply once to all heartbeats that came together or wait for a reply, and see who has been joined again."""
        lifecycle = self._lifecycle
        if self._owes_heartbeat and lifecycle.session is not None and lifecycle.dialect is not None:
            self._membership.outbox.push_urgent_once(lifecycle.dialect.encode(Heartbeat()))
        self._owes_heartbeat = False
        lifecycle.check_restored(now)

    def _on_text(self, packet: Message | Json, now: float) -> None:
        dialect = self._lifecycle.dialect
        if self._deliver(packet, now) and packet.id is not None and not packet.wants_data and dialect is not None:
            # A plain id asks whether the packet arrived, which is true before any handler runs.
            ack = dialect.encode(Ack(packet.id, [], packet.endpoint))
            self._membership.outbox.push(ack, packet.endpoint, of_session=True)

    def _on_event(self, packet: Event, now: float) -> None:
        endpoint = self._membership.endpoints.get(packet.endpoint)
        if packet.name == "error" and endpoint is not None and endpoint.state is Joining.ASKED and endpoint.name:
            # This is how gevent-socketio refuses an endpoint.
            why = ", ".join(str(value) for value in packet.args)
            self._membership.refuse(endpoint, ChannelError(f"the server refused {endpoint.name!r}: {why[:200]}"))
        else:
            self._deliver(packet, now)

    def _on_recoverable(self, packet: Recoverable, now: float) -> None:
        endpoint = self._membership.endpoints.get(packet.event.endpoint)
        if endpoint is not None:
            endpoint.offset = packet.offset
        self._on_event(packet.event, now)

    def _on_foreign(self, packet: Foreign, now: float) -> None:
        if self._lifecycle.phase is Phase.JOINING:
            self._lifecycle.lost("server", packet.error, now)

    def _on_ack(self, packet: Ack, now: float) -> None:
        fence = self._lifecycle.fence
        if fence is not None and fence.pending and not packet.endpoint and fence.acknowledged(packet.id, now):
            if fence.is_spent and not fence.pending:
                self._lifecycle.drained(now)
            return
        pending = self._membership.acks.resolve((packet.endpoint, packet.id))
        if pending is not None:
            session = self._lifecycle.session
            if session is not None and pending.since >= session.opened_at:
                self._membership.acks.round_trip = now - pending.since
            waiter = pending.waiter
            self._membership.notices.append(
                self._membership.deliveries.acknowledged(waiter, packet.args, now)
                if type(waiter) is Delivery
                else Acknowledged(waiter, packet.args)
            )
            if self._lifecycle.detour is not None:
                self._lifecycle.settle(now)

    def _on_error(self, packet: Error, now: float) -> None:
        endpoint, turns = self._membership.endpoints.get(packet.endpoint), self._membership.turns
        if turns is not None and not turns.is_free(packet.endpoint):
            turns.decided(packet.endpoint, now, is_joined=False)
            return
        if endpoint is None:
            return
        why = packet.reason or "no reason given"
        if endpoint.name and endpoint.state is Joining.ASKED:
            error = ChannelError(f"the server refused {endpoint.name!r}: {why[:200]}")
            error.data = packet.data
            self._membership.refuse(endpoint, error, why)
        elif not endpoint.name and packet.advice == "reconnect":
            hint = _NOT_STICKY if self._lifecycle.phase is Phase.JOINING else ""
            self._lifecycle.lost("server", ConnectError(f"the server wants a new handshake: {why[:200]}{hint}"), now)
        elif self._lifecycle.phase is Phase.JOINING:
            status = 403 if packet.final or packet.reason == "unauthorized" else 500
            rejection = HandshakeRejected(f"the server refused the session: {why[:200]}", status=status, body=why)
            rejection.data = packet.data
            self._lifecycle.rejected(packet, rejection, now)
        else:
            self._deliver(packet, now)

    def _on_ponged(self, packet: Ponged, now: float) -> None:
        if self._membership.turns is not None:
            self._membership.turns.ponged(packet.payload, now)

    def _on_close(self, packet: Close, now: float) -> None:
        self._lifecycle.lost("transport closed", ConnectError("the connection was lost: transport closed"), now)

    def _on_malformed(self, packet: Malformed, now: float) -> None:
        self._dropped += 1
        if now >= self._next_warning:
            self._membership.tell(Dropped(self._dropped, packet))
            self._dropped, self._next_warning = 0, now + WARNING_INTERVAL

    def _deliver(self, packet: Message | Json | Event | Error, now: float) -> bool:
        delivered = self._membership.deliver(packet)
        if delivered is None:
            self._on_malformed(Malformed(packet.endpoint, "too much came before the endpoint was joined"), now)
        return bool(delivered)


_RECEIVERS: dict[type, Callable[[Receiver, Any, float], None]] = {
    Connect: Receiver._on_connect,
    Disconnect: Receiver._on_disconnect,
    Heartbeat: Receiver._on_heartbeat,
    Message: Receiver._on_text,
    Json: Receiver._on_text,
    Event: Receiver._on_event,
    Ack: Receiver._on_ack,
    Error: Receiver._on_error,
    Noop: lambda receiver, packet, now: None,
    Recoverable: Receiver._on_recoverable,
    Foreign: Receiver._on_foreign,
    Ponged: Receiver._on_ponged,
    Close: Receiver._on_close,
    Malformed: Receiver._on_malformed,
}
