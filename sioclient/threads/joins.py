"""What user threads ask about endpoints: to be joined to one, whether that is decided, to leave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ChannelError, add_address
from ..fronts.joinsbase import JoinsBase
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.revisions.base import Opening
from .guard import Guard
from .listener import Listener


class Joins(JoinsBase):
    """The endpoints of one connection, as its channels see them.

    Args:
        listener: reads while a handler waits.
        others: those of ``JoinsBase``.
    """

    _guard: Guard

    def __init__(
        self, address: str, guard: Guard, flush: Callable[[], None], opening: Opening, listener: Listener
    ) -> None:
        super().__init__(address, guard, flush, opening)
        self._listening = listener

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
        super().leave(endpoint)
        self._guard.wake_link()
