"""What a connection keeps from one session to the next: its endpoints, and all that waits for them.

An endpoint that ends takes along what was queued for it and the acknowledgements that were awaited on it, and its owner
is told. The tables are in ``endpoints``, ``acks`` and ``outbox``; here is what happens to them together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from ..errors import AckTimeout, ChannelError, ConnectionLost, NotConnected, SocketIOError
from .acks import AckKey, Acks
from .deliveries import Deliveries, Delivery
from .endpoints import Endpoint, Endpoints, Joining
from .notices import Connected, Disconnected, JoinFailed, Left, Notice, TransportClosed, Unacknowledged
from .outbox import Outbox
from .packets import Encoded, Error, Event, Json, Message, UserPacket
from .turns import Turns


class Membership:
    """The endpoints, acknowledgements and queued packets of one connection.

    Args:
        buffer_size: packets that are kept while the connection is away.

    Attributes:
        turns: whose turn it is at a name of the session that stands; None: there is none, or its server does not care.
    """

    def __init__(self, buffer_size: int) -> None:
        self.endpoints, self.acks, self.outbox = Endpoints(), Acks(max(10_000, buffer_size)), Outbox(buffer_size)
        self.deliveries = Deliveries(self.endpoints, self.acks, self.outbox, buffer_size)
        self.turns: Turns | None = None
        self.notices: list[Notice] = []
        self._join_numbers = itertools.count(1)

    def tell(self, notice: Any, endpoint: Endpoint | None = None) -> None:
        """Add a notice for the owner of an endpoint; by default, of the default one."""
        notice.owner = (endpoint or self.endpoints.default).owner
        self.notices.append(notice)

    def check(self, name: str, endpoint: Endpoint | None = None) -> bool:
        """Raise ChannelError unless packets may be sent on an endpoint; without one, on that of this name.

        Returns:
            Whether they must be held until it is joined.
        """
        found = self.endpoints.get(name) if endpoint is None else endpoint
        if found is None or found.state is Joining.OVER:
            if found is None:
                raise ChannelError(f"{name!r} is not connected: open its channel, or connect it again, to send on it")
            raise ChannelError(f"{name!r} is not connected any more: connect it again to send on it") from found.error
        found.was_used = True
        return self.turns is not None and found.state is Joining.ASKED and found is not self.endpoints.default

    def add(self, endpoint: Endpoint) -> None:
        """Ask for an endpoint, or raise ChannelError if that is asked for already: servers would connect it twice."""
        if self.endpoints.get(endpoint.name) is not None:
            raise ChannelError(f"{endpoint.name!r} is connected already: use that channel, or disconnect it first")
        self.endpoints.add(endpoint)

    def joined(self, endpoint: Endpoint, data: dict[str, Any] | None) -> None:
        """The server confirmed an endpoint, and sent this with it."""
        endpoint.joined(data)
        endpoint.join_number = next(self._join_numbers)
        if self.turns is not None:
            self.outbox.release(endpoint.name)
        self.tell(Connected(endpoint.name), endpoint)

    def take_early(self, endpoint: Endpoint) -> None:
        """Tell of what came before the confirmation."""
        for packet in endpoint.early.take():
            self._hand_out(packet, endpoint)

    def deliver(self, packet: Message | Json | Event | Error) -> bool | None:
        """Tell of a packet if its endpoint is ours; until that is confirmed it is kept.

        Returns:
            Whether it is for an endpoint of ours; None: it is, but too much is kept already.
        """
        endpoint = self.endpoints.get(packet.endpoint)
        if endpoint is None or endpoint.left_here:
            return False  # before the confirmation, what comes is for the endpoint of this name that was left
        if endpoint.state is not Joining.OPEN:
            return endpoint.early.keep(packet) or None
        self._hand_out(packet, endpoint)
        return True

    def still_joined(self, packet: UserPacket) -> bool:
        """Return whether the endpoint of a packet has been joined since the packet came."""
        endpoint = self.endpoints.get(packet.endpoint)
        return endpoint is not None and endpoint.state is Joining.OPEN and endpoint.join_number == packet.join_number

    def ask(self, endpoint: Endpoint) -> None:
        """Queue the join of an endpoint; if its name is not free, that is done when it becomes so."""
        if self.turns is None or self.turns.is_free(endpoint.name):
            # For no endpoint: it is sent also if its endpoint is forgotten, as nobody knows then whether it was.
            self.outbox.push(endpoint.request, "" if self.turns else endpoint.name, of_session=True)

    def leave(self, endpoint: Endpoint, packet: Encoded | None, now: float) -> None:
        """Leave an endpoint.

        Args:
            packet: tells the server; None: it does not have the endpoint.
        """
        was_open, name = endpoint.state is Joining.OPEN, endpoint.name
        if packet is None:
            self.outbox.drop_endpoint(name)
            self.endpoints.close(endpoint, None)
        else:
            self.outbox.drop_held(name)
            self.deliveries.write_rest([name])
            self.outbox.bind_to_session(name)
            self._tell_of_end(endpoint, packet, now)
            self.endpoints.leave(endpoint)
        if was_open:
            self.tell(Disconnected(name, "client"), endpoint)
        lost = ConnectionLost(f"{name!r} was disconnected before the acknowledgement came")
        self.fail_acks(lambda key: key[0] == name, lost)
        self.tell(Left(name), endpoint)

    def give_up(self, endpoint: Endpoint, packet: Encoded | None, now: float) -> None:
        """The server has not decided about a join in time; what ends the endpoint follows if it still confirms it."""
        error = ChannelError(f"no reply for {endpoint.name!r} in time: does the server have an endpoint of this name?")
        error.timed_out = True
        self.refuse(endpoint, error)
        if self.turns is not None and packet is not None:
            self._tell_of_end(endpoint, packet, now)
            self.endpoints.remember(endpoint.name)

    def _tell_of_end(self, endpoint: Endpoint, packet: Encoded, now: float) -> None:
        """Send the packet that ends an endpoint, unless its join was not sent."""
        if self.turns is None:
            self.outbox.push(packet, endpoint.name, of_session=True)
        elif self.turns.is_free(endpoint.name):
            self.turns.end(endpoint, packet, now)

    def refuse(self, endpoint: Endpoint, error: ChannelError, why: str = "") -> None:
        """The server does not have an endpoint, or not any more; ``why`` in its own words, if it has any."""
        if endpoint.state is Joining.ASKED:
            self.tell(JoinFailed(endpoint.name, error, endpoint.was_open, why or str(error)), endpoint)
        self.endpoints.close(endpoint, error)
        self.outbox.drop_endpoint(endpoint.name)
        self.fail_acks(lambda key: key[0] == endpoint.name, ConnectionLost(str(error)))
        self.tell(Left(endpoint.name), endpoint)

    def end_session(self, reason: str, *, had_transport: bool) -> None:
        """Forget all that belongs to one session; what may outlive it stays."""
        self.turns = None
        delivered_later = self.deliveries.end_session()
        unwritten = self.outbox.end_session() | delivered_later
        for endpoint in self.endpoints.end_session():
            self.tell(Disconnected(endpoint.name, reason), endpoint)
        if had_transport:
            self.tell(TransportClosed(reason))
        lost = ConnectionLost(f"the connection was lost before the acknowledgement came: {reason}")
        self.fail_acks(lambda key: key not in unwritten, lost)

    def end(self, error: SocketIOError | None, reason: str) -> None:
        """Forget everything: the connection has ended."""
        gone = NotConnected(f"the connection has ended: {error or reason}")
        gone.__cause__ = error
        channels = self.endpoints.channels()
        for endpoint in (*channels, self.endpoints.default):
            self.endpoints.close(endpoint, gone)
        self.outbox.forget_all()
        self.fail_acks(lambda key: True, ConnectionLost(f"the connection ended before the packet was sent: {reason}"))
        for endpoint in channels:
            self.tell(Left(endpoint.name), endpoint)

    def fail_acks(self, condemned: Callable[[AckKey], bool], error: SocketIOError) -> None:
        """Fail the acknowledgements whose keys are condemned."""
        waiter_of = self.deliveries.waiter_of
        self.notices += [Unacknowledged(waiter_of(waiter), error) for waiter in self.acks.drop(condemned)]

    def forget_ack(self, key: AckKey, now: float) -> None:
        """Nobody waits for an acknowledgement any more; if its packet is not written yet, it need not be."""
        for waiter in self.acks.drop(lambda awaited: awaited == key):
            self.outbox.withdraw(key)
            if self.deliveries.waiter_of(waiter) is not waiter:
                self.deliveries.start(key[0], now)

    def expire_acks(self, now: float, *, is_read: bool) -> None:
        """Fail the acknowledgements whose time is over, but those of packets that are written again.

        Args:
            now: the time.
            is_read: whether somebody reads what the server sends.
        """
        for waiter in self.acks.expire(now):
            error: AckTimeout | None = AckTimeout("no acknowledgement came in time")
            if type(waiter) is Delivery:
                error = self.deliveries.expired(waiter, now, is_read=is_read)
                waiter = waiter.waiter
            if error is not None:
                self.notices.append(Unacknowledged(waiter, error))

    def _hand_out(self, packet: Message | Json | Event | Error, endpoint: Endpoint) -> None:
        if not isinstance(packet, Error):
            packet.join_number = endpoint.join_number
        self.tell(packet, endpoint)
