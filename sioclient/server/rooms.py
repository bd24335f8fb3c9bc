"""Who is where: the open connections of each endpoint and each room, and sending to many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..protocol.packets import Event, Json, Message, UserPacket

if TYPE_CHECKING:
    from .connection import SocketConnection

Place = tuple[str, "str | None"]
"""An endpoint and a room; None: the whole endpoint."""


class Audience:
    """Connections on one endpoint, to be sent the same; it is looked up anew each time.

    Args:
        endpoint: whose packets they get.
        members: returns them.
        encode: writes a packet once for all.
    """

    def __init__(
        self, endpoint: str, members: Callable[[], Iterable[SocketConnection]], encode: Callable[[UserPacket], str]
    ) -> None:
        self._endpoint, self._members, self._encode = endpoint, members, encode

    def __iter__(self) -> Iterator[SocketConnection]:
        """Iterate over the connections."""
        return iter(list(self._members()))

    def emit(self, name: str, *args: Any) -> None:
        """Send an event to all."""
        self._send(Event(name, list(args), self._endpoint))

    def send(self, message: Any) -> None:
        """Send a text, or anything else as JSON, to all."""
        self._send((Message if isinstance(message, str) else Json)(message, self._endpoint))

    def _send(self, packet: UserPacket) -> None:
        frame = self._encode(packet)
        for connection in self:
            connection._client.send_frame(frame, self._endpoint)


class Rooms:
    """The table of places and of who is there, both ways."""

    def __init__(self) -> None:
        # Dictionaries as sets that keep the order of arrival.
        self._members: dict[Place, dict[SocketConnection, None]] = defaultdict(dict)
        self._places: dict[SocketConnection, dict[Place, None]] = defaultdict(dict)

    def enter(self, connection: SocketConnection, room: str | None = None) -> None:
        """Let a connection be in a room, or on its endpoint at all."""
        place = (connection.endpoint, room)
        self._members[place][connection] = None
        self._places[connection][place] = None

    def leave(self, connection: SocketConnection, room: str | None) -> None:
        """Let a connection be in a room no more."""
        self._remove(connection, (connection.endpoint, room))
        self._places.get(connection, {}).pop((connection.endpoint, room), None)

    def leave_all(self, connection: SocketConnection) -> None:
        """Forget a connection."""
        for place in self._places.pop(connection, ()):
            self._remove(connection, place)

    def members(self, endpoint: str, room: str | None = None) -> Iterable[SocketConnection]:
        """Return who is in a room, or on an endpoint."""
        return self._members.get((endpoint, room), ())

    def _remove(self, connection: SocketConnection, place: Place) -> None:
        members = self._members.get(place, {})
        members.pop(connection, None)
        if not members:
            self._members.pop(place, None)
