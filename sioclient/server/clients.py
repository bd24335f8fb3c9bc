"""The clients of a server as a mapping, found by their session's id or by their address and port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .connection import SocketConnection


class Clients(Mapping[str, SocketConnection]):
    """The connections on the default endpoint, as they were when this was made.

    Args:
        by_id: the connections by their session ids.
    """

    def __init__(self, by_id: Mapping[str, SocketConnection]) -> None:
        self._by_id = by_id

    def __getitem__(self, key: str | tuple[str, int]) -> SocketConnection:
        """Return the connection of a session id, or of an address and port."""
        if isinstance(key, str):
            return self._by_id[key]
        for connection in self._by_id.values():
            if connection.address == key:
                return connection
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)
