"""What user threads ask about endpoints: to be joined to one, whether that is decided, to leave it."""

from __future__ import annotations

import time
from typing import Any, NoReturn

from .errors import ChannelError, NotConnected, add_address
from .guard import Guard
from .listener import Listener
from .options import auth_data
from .protocol.endpoints import Endpoint, Joining
from .protocol.packets import Connect
from .writer import Writer


class Joins:
    """The endpoints of one connection, as its channels see them.

    Args:
        address: where the server is, for messages.
        guard: has the protocol.
        writer: writes what asks the server.
        listener: reads while a handler waits.
    """

    def __init__(self, address: str, guard: Guard, writer: Writer, listener: Listener) -> None:
        self._address, self._guard, self._writer, self._listening = address, guard, writer, listener

    def check_name(self, name: str) -> None:
        """Raise LocalProtocolError or TypeError if there can be no endpoint of this name."""
        dialect = self._guard.dialect
        if dialect is not None:
            dialect.check_endpoint(name)

    def wants(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is joined, or will be when the connection is there."""
        with self._guard.open():
            return endpoint.state is not Joining.OVER

    def ask(self, name: str, query: str, timeout: float | None, owner: Any, auth: Any = None) -> Endpoint:
        """Ask for an endpoint; ``wait_for`` waits until that is decided."""
        guard, data = self._guard, auth_data(auth)
        dialect = guard.dialect or unknown_dialect()
        encoding = (dialect, dialect.encode(Connect(name, query, data=data)))
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

    def leave_unheld(self, name: str, owner: Any) -> None:
        """Leave an endpoint if it is that of an owner whom Ctrl-C struck while he joined it: nobody will hold it."""
        with self._guard.open() as protocol:
            endpoint = protocol.endpoints.get(name)
        if endpoint is not None and endpoint.owner is owner:
            self.leave(endpoint)

    def leave(self, endpoint: Endpoint) -> None:
        """Leave an endpoint."""
        guard = self._guard
        with guard.open() as protocol:
            protocol.leave(endpoint)
            guard.publish()
            guard.changed.wake()
        self._writer.flush()
        guard.wake_link()


def unknown_dialect() -> NoReturn:
    """Raise NotConnected: there is nothing to encode packets in."""
    raise NotConnected("it is not known yet what the server speaks: call open() first, or wait for on_connect")
