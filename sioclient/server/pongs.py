"""How much a client that sends pings, and reads none of the pongs, may have the server keep."""

from __future__ import annotations

import asyncio
from typing import Protocol

MOST_UNREAD = 2**16
"""Bytes of pongs that may wait for a client; beyond them its connection ends."""

OVERHEAD = 64
"""Bytes that count for each pong beside its data: an empty one is not free either."""


class Stream(Protocol):
    """What is needed of a connection's stream."""

    def writing(self) -> bool:
        """Return whether something waits for the network."""

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Return what is done once all that was written has left."""


class Pongs:
    """Counts the pongs that were written and have not left.

    Tornado 6.5, the last one for Python 3.10, writes a pong for every ping: 531 MB were kept after fifteen seconds of a
    flood. Tornado 6.6 keeps one.

    Args:
        stream: the stream of a websocket.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._counted = self._before_mark = 0
        self._mark: asyncio.Future[None] | None = None  # is done once the pongs before it have left

    def are_too_many(self, size: int) -> bool:
        """Count the pong of a ping that has ``size`` bytes; return whether too much of them waits."""
        if not self._stream.writing():
            self._counted = 0
            return False
        self._counted += size + OVERHEAD
        if self._mark is None:
            self._before_mark, self._mark = self._counted, self._stream.write(b"")
            self._mark.add_done_callback(self._on_mark)
        return self._counted > MOST_UNREAD

    def _on_mark(self, mark: asyncio.Future[None]) -> None:
        self._counted, self._mark = max(0, self._counted - self._before_mark), None
