"""What user threads ask about endpoints: to be joined to one, whether that is decided, to leave it."""

from __future__ import annotations

import time
from typing import Any

from .errors import ChannelError, add_address
from .guard import Guard
from .listener import Listener
from .options import auth_data
from .protocol.drafts import check_name
from .protocol.endpoints import Endpoint, Joining
from .protocol.revisions.base import Opening
from .protocol.start import encode_join
from .writer import Writer


class Joins:
    """The endpoints of one connection, as its channels see them.

    Args:
        address: where the server is, for messages.
        guard: has the protocol.
        writer: writes what asks the server.
        listener: reads while a handler waits.
        opening: which dialects the server may speak.
    """

    def __init__(self, address: str, guard: Guard, writer: Writer, listener: Listener, opening: Opening) -> None:
        self._address, self._guard, self._writer, self._listening = address, guard, writer, listener
        self._opening = opening

    def check_name(self, name: str) -> None:
        """Raise LocalProtocolError or TypeError if there can be no channel for an endpoint of this name."""
        dialect = self._guard.dialect
        check_name(name, self._opening.candidates if dialect is None else (dialect,))

    def expect(self, name: str, query: str, owner: Any, auth: Any) -> Endpoint:
        """Have the first session of a connection that was not opened yet join an endpoint, as a later one would."""
        endpoint = Endpoint(name, query, auth, owner, was_open=True)
        with self._guard.open() as protocol:
            protocol.membership.add(endpoint)
        return endpoint

    def wants(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is joined, or will be when the connection is there."""
        with self._guard.open():
            return endpoint.state is not Joining.OVER

    def ask(self, name: str, query: str, timeout: float | None, owner: Any, auth: Any = None) -> Endpoint:
        """Ask for an endpoint; ``wait_for`` waits until that is decided."""
        guard, data = self._guard, auth_data(auth)
        encoding = encode_join(Endpoint(name, query, auth), data, guard.dialect, self._opening)
        now = time.monotonic()
        with guard.open() as protocol:
            endpoint = protocol.join(name, query, timeout, now, auth, data=data, owner=owner, encoding=encoding)
            guard.ring()
        self._writer.flush()
        return endpoint

    def wait_for(self, endpoint: Endpoint) -> None:
        """Return when the endpoint is open.

        Raises:
            ChannelError: it was refused, or the server did not confirm it in time.
            NotConnected: the connection ended.
        """
        guard = self._guard
        if guard.on_listener():
            self._listening.read_while(lambda: endpoint.state is Joining.ASKED)
        else:
            guard.wait_until(lambda protocol: endpoint.state is not Joining.ASKED, guard.changed)
        with guard.open():
            state, error = endpoint.state, endpoint.error
        if state is Joining.ASKED:
            self.leave(endpoint)
            error = ChannelError(f"the connection was lost, or too much else came, before {endpoint.name!r} was joined")
        if error is not None:
            add_address(error, self._address)
            raise error

    def leave_unheld(self, name: str, owner: Any) -> bool:
        """Leave an endpoint if it is that of an owner whom Ctrl-C struck while he joined it: nobody will hold it."""
        with self._guard.open() as protocol:
            endpoint = protocol.endpoints.get(name)
        if endpoint is None or endpoint.owner is not owner:
            return False
        self.leave(endpoint)
        return True

    def leave(self, endpoint: Endpoint) -> None:
        """Leave an endpoint."""
        guard = self._guard
        with guard.open() as protocol:
            protocol.leave(endpoint)
            guard.publish()
            guard.changed.wake()
        self._writer.flush()
        guard.wake_link()
