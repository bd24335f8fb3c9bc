"""Packets that are written again until they are acknowledged: at least once, one at a time, in order.

This is what JavaScript's client does with its options ``retries`` and ``ackTimeout`` (socket.io-client 4.6 and later).
On each endpoint, the first packet is written and the others wait. It is written again when its time is over, and after
each reconnect, until it is acknowledged or its tries are spent; then it is the turn of the next. While the connection
is away, nothing is written and no try is spent.

Three things are better than there. All tries of a packet have one id, so that an acknowledgement counts also if it
comes late, and causes no duplicate. A try that was queued but never written is none, and its packet is taken back from
the queue: what waits here is in no other buffer. What waits is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from ..errors import AckTimeout, BufferFull, LocalProtocolError
from .acks import AckKey, Acks
from .drafts import chosen
from .endpoints import Endpoints, Joining
from .notices import Delivered
from .outbox import Outbox, size_of
from .packets import Encoded
from .revisions.base import Dialect

_OPEN = Joining.OPEN  # a look-up in an Enum takes as long as a call


@dataclass(slots=True, eq=False)
class Delivery:
    """A packet that is written again until it is acknowledged. It stands where a waiter does.

    Attributes:
        waiter: who gets the acknowledgement, or hears that there is none.
        retries: how often the packet is written again at most.
        timeout: seconds that each try has.
        limit: seconds after which it is given up in any case; None: there is no such limit.
        of_session: whether it is given up at the end of the session.
        encoded, key: the packet, and where its acknowledgement is awaited.
        until: when the limit is reached; inf: never.
        tries: how often it was written, or queued to be written.
        under_way: whether a try goes on.
    """

    waiter: Any
    retries: int
    timeout: float
    limit: float | None = None
    of_session: bool = False
    encoded: Encoded = ""
    key: AckKey = ("", 0)
    until: float = inf
    tries: int = 0
    under_way: bool = False


class Deliveries:
    """The deliveries of one connection: a queue for each endpoint.

    Args:
        endpoints, acks, outbox: those of the connection.
        most_packets: how many may wait, over all endpoints.
        most_characters: how many characters they may have in all.

    Attributes:
        queues: what waits, by the name of the endpoint; the first one is under way, if anything can be.
        flows: whether packets are written: the connection is open, and its endpoints are restored.
    """

    def __init__(
        self, endpoints: Endpoints, acks: Acks, outbox: Outbox, most_packets: int, most_characters: int = 2**20
    ) -> None:
        self._endpoints, self._acks, self._outbox = endpoints, acks, outbox
        self._most_packets, self._most_characters = max(most_packets, 1), most_characters
        self._characters = 0
        self.queues: dict[str, deque[Delivery]] = {}
        self.flows = False

    def __iter__(self) -> Iterator[Delivery]:
        """Iterate over all that is not acknowledged."""
        return iter([delivery for queue in self.queues.values() for delivery in queue])

    def waiting(self) -> int:
        """Return how many packets wait for others, or for the connection."""
        return sum(not delivery.under_way for delivery in self)

    def take(self, delivery: Delivery, encoded: Encoded, key: AckKey, now: float, *, waits: bool) -> bool:
        """Take a packet, and write it if it is the first; return False if it must wait for room.

        Args:
            delivery: how it is to be delivered.
            encoded: the packet.
            key: its endpoint and its id.
            now: the time.
            waits: whether the caller can wait for room.

        Raises:
            BufferFull: there is no room, and the caller cannot wait.
            LocalProtocolError: something waits with this id already.
        """
        count = sum(map(len, self.queues.values()))
        fits = not count or self._characters + size_of(encoded) <= self._most_characters
        if not fits or count >= self._most_packets:
            if waits:
                return False
            raise BufferFull(
                f"{count} packets ({self._characters} characters) wait for their acknowledgement, which retries= asks "
                "for, and the connection is away: send less, or set a larger buffer_size"
            )
        delivery.encoded, delivery.key = encoded, key
        if delivery.limit is not None:
            delivery.until = now + delivery.limit
        self._acks.add(key, delivery, _or_none(delivery.until), now)
        self.queues.setdefault(key[0], deque()).append(delivery)
        self._characters = size_of(encoded) + (self._characters if count else 0)
        self.start(key[0], now)
        return True

    def start(self, name: str, now: float) -> None:
        """Write the first packet for an endpoint, unless that is under way or cannot be written now."""
        queue, endpoint = self.queues.get(name), self._endpoints.get(name)
        if self.flows and queue and not queue[0].under_way and endpoint is not None and endpoint.state is _OPEN:
            self._write(queue[0], now)

    def start_all(self, now: float) -> None:
        """The connection is open: write the first packet for each endpoint."""
        for name in list(self.queues):
            self.start(name, now)

    def acknowledged(self, delivery: Delivery, args: list[Any], now: float) -> Delivered:
        """Return what is told of an acknowledgement that came; it is the turn of the next packet."""
        if delivery.tries > 1:
            self._outbox.withdraw(delivery.key)  # the ack of a try before, and the latest may not be written yet
        self._forget(delivery)
        self.start(delivery.key[0], now)
        return Delivered(delivery.waiter, args)

    def expired(self, delivery: Delivery, now: float, *, is_read: bool) -> AckTimeout | None:
        """No acknowledgement came in time: try again, or return the error to be told, and write the next packet.

        A try goes on if its packet is not written yet, or if nobody reads: then the acknowledgement may be there.
        """
        if now < delivery.until:
            if self._outbox.holds(delivery.key) or not is_read:
                self._wait(delivery, now + delivery.timeout, now)
                return None
            if delivery.tries <= delivery.retries:
                self._write(delivery, now)
                return None
        self._outbox.withdraw(delivery.key)
        self._forget(delivery)
        self.start(delivery.key[0], now)
        return AckTimeout(_why(delivery, in_time=now < delivery.until))

    def settle(self, dialect: Dialect) -> list[tuple[AckKey, Exception]]:
        """Keep of drafts what is in this dialect; return the keys of those that it cannot say, and why."""
        refused = list[tuple[AckKey, Exception]]()
        for delivery in self:
            try:
                encoded = chosen(delivery.encoded, dialect)
            except (LocalProtocolError, TypeError) as error:
                refused.append((delivery.key, error))
            else:
                self._characters += size_of(encoded) - size_of(delivery.encoded)
                delivery.encoded = encoded
        return refused

    def end_session(self) -> set[AckKey]:
        """Take back what was under way; return the keys of all that another session may deliver."""
        self.flows, kept = False, set()
        for delivery in self:
            if delivery.under_way and self._outbox.withdraw(delivery.key):
                delivery.tries -= 1
            if delivery.tries <= delivery.retries and not delivery.of_session:
                kept.add(delivery.key)
                if delivery.under_way:
                    delivery.under_way = False
                    self._wait(delivery, inf)
        return kept

    def end_tries(self) -> None:
        """There will be no other session: what was written before is not written again."""
        for delivery in self:
            if delivery.tries:
                delivery.retries = 0

    def write_rest(self, names: list[str] | None = None) -> None:
        """Write what was never written, for endpoints that are about to be left: by default, for all."""
        for delivery in self if self.flows else ():
            name = delivery.key[0]
            endpoint = self._endpoints.get(name)
            wanted = (names is None or name in names) and endpoint is not None and endpoint.state is _OPEN
            if wanted and not delivery.under_way:
                delivery.under_way, delivery.tries = True, delivery.tries + 1
                self._outbox.push(delivery.encoded, name, ack=delivery.key)

    def waiter_of(self, waiter: Any) -> Any:
        """Return who is told that an acknowledgement will not come, and forget the delivery if there was one."""
        if type(waiter) is not Delivery:
            return waiter
        self._forget(waiter)
        return waiter.waiter

    def _write(self, delivery: Delivery, now: float) -> None:
        try:
            delivery.under_way, delivery.tries = True, delivery.tries + 1
            self._wait(delivery, now + delivery.timeout, now)
            self._outbox.push(delivery.encoded, delivery.key[0], ack=delivery.key)
        except BaseException:  # Ctrl-C
            if not self._outbox.holds(delivery.key):
                delivery.under_way, delivery.tries = False, delivery.tries - 1
            raise

    def _wait(self, delivery: Delivery, until: float, now: float = 0.0) -> None:
        self._acks.renew(delivery.key, delivery, _or_none(min(until, delivery.until)), now)

    def _forget(self, delivery: Delivery) -> None:
        queue = self.queues.get(delivery.key[0])
        if queue and delivery in queue:  # it is not if Ctrl-C came in ``take``
            queue.remove(delivery)
            self._characters -= size_of(delivery.encoded)
        if not queue:
            self.queues.pop(delivery.key[0], None)


def _or_none(when: float) -> float | None:
    return None if when == inf else when


def _why(delivery: Delivery, *, in_time: bool) -> str:
    """Return why a delivery was given up: its tries were spent, or its time was over."""
    times = {1: "once", 2: "twice"}.get(delivery.tries, f"{delivery.tries} times")
    written = f"it was written {times}" if delivery.tries else "it was never written"
    if in_time:
        return f"{written}, and given {delivery.timeout:g} s each time"
    return f"{written}, and given {delivery.limit:g} s in all"
