"""What channels ask of a connection about endpoints in every front, as far as nobody waits for the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..protocol.drafts import check_name
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.revisions.base import Opening
from ..protocol.start import encode_join
from .connectionbase import Door


class Wakes(Protocol):
    """Whoever waits for a change."""

    def wake(self) -> None:
        """Wake them."""


class Teller(Door, Protocol):
    """A door whose front hears of changes."""

    @property
    def changed(self) -> Wakes: ...

    def publish(self) -> Any:
        """Hand on what the protocol has to tell, inside the door."""

    def ring(self) -> None:
        """Wake what keeps the time if something is due before it looks by itself; inside the door."""


class JoinsBase:
    """The endpoints of one connection, as its channels see them.

    Args:
        address: where the server is, for messages.
        guard: has the protocol.
        flush: writes what asks the server.
        opening: which dialects the server may speak.
    """

    def __init__(self, address: str, guard: Teller, flush: Callable[[], None], opening: Opening) -> None:
        self._address, self._guard, self._flush, self._opening = address, guard, flush, opening

    def check_name(self, name: str) -> None:
        """Raise LocalProtocolError or TypeError if there can be no channel for an endpoint of this name."""
        dialect = self._guard.dialect
        check_name(name, self._opening.candidates if dialect is None else (dialect,))

    def expect(self, name: str, query: str, owner: Any, auth: Any) -> Endpoint:
        """Have the first session of a connection that was not opened yet join an endpoint, as a later one would."""
        endpoint = Endpoint(name, query, auth, owner, was_open=True)
        guard = self._guard
        with guard.open() as protocol:
            protocol.membership.add(endpoint)
        return endpoint

    def wants(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is joined, or will be when the connection is there."""
        guard = self._guard
        with guard.open():
            return endpoint.state is not Joining.OVER

    def ask(
        self, name: str, query: str, timeout: float | None, owner: Any, auth: Any = None, data: Any = None
    ) -> Endpoint:
        """Ask for an endpoint; ``wait_for`` waits until that is decided.

        Args:
            name, query: the endpoint's, on the wire.
            timeout: seconds that the server has to confirm.
            owner: whom its notices are for.
            auth: what the user gave.
            data: what the server gets of it now.
        """
        guard = self._guard
        encoding = encode_join(Endpoint(name, query, auth), data, guard.dialect, self._opening)
        now = guard.clock()
        with guard.open() as protocol:
            endpoint = protocol.join(name, query, timeout, now, auth, data=data, owner=owner, encoding=encoding)
            guard.ring()
        self._flush()
        return endpoint

    def leave(self, endpoint: Endpoint) -> None:
        """Leave an endpoint."""
        guard = self._guard
        with guard.open() as protocol:
            protocol.leave(endpoint)
            guard.publish()
            guard.changed.wake()
        self._flush()
