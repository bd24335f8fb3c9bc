"""What a connection is in every front: what it tells of itself, and what its errors say, without threads and tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..errors import LocalProtocolError, NotConnected, add_address
from ..names import name_text
from ..protocol.client import ClientProtocol
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.packets import UserPacket
from ..protocol.phases import Phase
from ..protocol.revisions.base import Dialect
from ..stats import Counts, Stats
from ..transports.base import Traffic
from .resending import ONCE


class Door(Protocol):
    """Where the protocol object is, and what else is known of a connection: the ``Guard``, or the ``Core``."""

    @property
    def dialect(self) -> Dialect | None: ...
    @property
    def transport_name(self) -> str | None: ...
    @property
    def session_id(self) -> str | None: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def open(self) -> Callable[[], AbstractContextManager[ClientProtocol]]: ...


class ConnectionBase(ABC):
    """One connection to one server.

    Args:
        guard: the way to the protocol object.
        protocol: the connection as an object without I/O.
        traffic: the bytes that its streams count.
        address: where the server is, for messages.

    Attributes:
        new_id: returns an id for a packet on an endpoint that asks for an acknowledgement.
        resending: whether what users send is written again until it is acknowledged.
    """

    def __init__(self, guard: Door, protocol: ClientProtocol, traffic: Traffic, address: str) -> None:
        self.address, self.resending = address, ONCE
        self.new_id, self._default = protocol.acks.new_id, protocol.endpoints.default
        self._guard = guard
        guard.counts.traffic = traffic

    @property
    def connected(self) -> bool:
        """Whether the server has joined us to the default endpoint."""
        return self._default.state is Joining.OPEN

    @property
    def is_open(self) -> bool:
        """Whether the connection has begun and not ended for good."""
        return self._phase() not in (Phase.IDLE, Phase.CLOSED)

    @property
    def has_ended(self) -> bool:
        """Whether the connection has ended for good."""
        return self._phase() is Phase.CLOSED

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether the connection has ended, and no function will run for it any more."""

    @property
    def revision(self) -> int | None:
        """The revision of the protocol that is spoken; None: that is not known yet."""
        dialect = self._guard.dialect
        return dialect.number if dialect is not None else None

    @property
    def session_id(self) -> str | None:
        """The id of the session; None: there is none."""
        return self._guard.session_id

    @property
    def transport_name(self) -> str | None:
        """The name of the transport that carries the session; None: there is none."""
        return self._guard.transport_name

    def stats(self) -> Stats:
        """Return what went through the connection."""
        guard = self._guard
        with guard.open() as protocol:
            queued = protocol.outbox.queued + protocol.membership.deliveries.waiting()
            numbers = protocol.lifecycle.reconnects, queued, protocol.acks.round_trip
        return guard.counts.stats(guard.clock(), *numbers)

    def default_endpoint(self, owner: Any, auth: Any = None) -> Endpoint:
        """Return the default endpoint, whose notices are for ``owner``, a reference as ``weakref.ref`` makes them."""
        guard = self._guard
        with guard.open():
            self._default.owner, self._default.auth = owner, auth
            return self._default

    @abstractmethod
    def in_handler(self) -> bool:
        """Return whether a function of the user that runs for an event has called."""

    def check_may_wait(self) -> None:
        """Raise LocalProtocolError in a handler: what comes would wait for the handler itself."""
        if self.in_handler():
            raise LocalProtocolError("waiting in a handler would wait for the handler itself: return instead")

    def _check_may_wait_for_end(self, will_open: bool) -> None:
        self.check_may_wait()
        if not will_open and self._phase() is Phase.IDLE:
            raise NotConnected("there is no connection yet: call open() first")

    def _ended_by(self) -> str | None:
        """Return who has ended the connection, or raise why it has, if nobody wanted that."""
        guard = self._guard
        with guard.open() as protocol:
            error, ended_by = protocol.lifecycle.error, protocol.lifecycle.ended_by
        if error is not None:
            add_address(error, self.address)
            raise error
        return ended_by

    def _phase(self) -> Phase:
        guard = self._guard
        with guard.open() as protocol:
            return protocol.phase


def packet_name(packet: UserPacket) -> str:
    """Return the name of a packet's event as errors show it; everywhere, the number 5 is shown as '5'."""
    return name_text(getattr(packet, "name", "message"))
