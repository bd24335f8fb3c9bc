"""The table of rooms: which connections are on each endpoint and in each of its rooms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from .elsewhere import Elsewhere

Member = TypeVar("Member", bound=Hashable)

Room = tuple[str, "str | None"]
"""An endpoint and the name of a room; None: everybody on the endpoint."""


class Rooms(Generic[Member]):
    """The members of each room, and the rooms of each member.

    Attributes:
        elsewhere: the processes that have members of the same rooms; None: there is only this one.
    """

    def __init__(self) -> None:
        self.elsewhere: Elsewhere | None = None
        # The inner dictionaries are sets that keep the order of arrival.
        self._members: dict[Room, dict[Member, None]] = defaultdict(dict)
        self._rooms: dict[Member, dict[Room, None]] = defaultdict(dict)

    def enter(self, member: Member, endpoint: str, name: str | None = None) -> None:
        """Add a member to a room, or to an endpoint."""
        room = (endpoint, name)
        self._members[room][member] = None
        self._rooms[member][room] = None

    def leave(self, member: Member, endpoint: str, name: str) -> None:
        """Remove a member from a room; nothing happens if it is not there."""
        room = (endpoint, name)
        self._remove(member, room)
        self._rooms.get(member, {}).pop(room, None)

    def leave_all(self, member: Member) -> None:
        """Forget a member."""
        for room in self._rooms.pop(member, ()):
            self._remove(member, room)

    def members(self, endpoint: str, name: str | None = None) -> Iterable[Member]:
        """Return the members of a room, or all of an endpoint, in the order of arrival."""
        return self._members.get((endpoint, name), ())

    def _remove(self, member: Member, room: Room) -> None:
        members = self._members.get(room, {})
        members.pop(member, None)
        if not members:
            self._members.pop(room, None)
