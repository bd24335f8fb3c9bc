"""What a server wants of the other processes that serve the same application."""

from __future__ import annotations

from typing import Protocol

from ..protocol.packets import UserPacket


class Elsewhere(Protocol):
    """The other processes."""

    def publish(self, packet: UserPacket, room: str | None, *, volatile: bool) -> None:
        """Have a packet sent to the clients that the others have in a room, or on its whole endpoint."""

    def kick(self, session_id: str, endpoint: str) -> None:
        """Have a client of another process disconnected."""

    async def count(self, endpoint: str, room: str | None) -> int:
        """Return how many clients the others have in a room."""

    async def session_ids(self, endpoint: str, room: str | None) -> list[str]:
        """Return which clients the others have in a room."""
