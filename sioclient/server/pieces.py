"""A stream that is written to in pieces, so that others have their turn while one is sent thousands of frames."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from itertools import islice
from typing import Generic, TypeVar

from .sessionbase import LinkKind

Frame = TypeVar("Frame")

MOST_AT_ONCE = 500
"""Frames that are written in one turn of the loop; one takes Tornado ten microseconds, and some machines longer."""


class PieceLink(ABC, Generic[Frame]):
    """A link to a client that writes no more than so many frames in a turn of the loop.

    Args:
        busy: the links that have something to write; a server that stops finishes them.
    """

    kind = LinkKind.STREAM

    def __init__(self, busy: set[PieceLink[Frame]]) -> None:
        self._busy = busy
        self._rest: deque[Frame] = deque()
        self._is_closing = False
        self._next: asyncio.Handle | None = None

    def is_ready(self) -> bool:
        """Return whether the network has taken what was written before."""
        return not self._rest and self._has_room()

    @property
    def is_going_on(self) -> bool:
        """Whether what is written now is not the first piece: who wrote that does not look for more any longer."""
        return self in self._busy

    def write(self, frames: list[Frame]) -> None:
        """Write frames, the first of them at once."""
        self._rest += frames
        if len(self._rest) == len(frames):
            self._go_on()

    def close(self) -> None:
        """Close the transport after what was written."""
        self._is_closing = True
        if not self._rest:
            self._shut()

    def finish(self) -> None:
        """Write all that is left at once."""
        while self in self._busy:
            self._go_on()

    def _go_on(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        piece = list(islice(self._rest, MOST_AT_ONCE))
        if piece and not self._write_piece(piece):
            self._rest.clear()
        for _ in range(min(len(piece), len(self._rest))):
            self._rest.popleft()
        if self._rest:
            self._busy.add(self)
            self._next = asyncio.get_running_loop().call_soon(self._go_on)
            return
        self._busy.discard(self)
        if self._is_closing:
            self._shut()

    @abstractmethod
    def _has_room(self) -> bool:
        """Return whether the network has taken everything."""

    @abstractmethod
    def _write_piece(self, frames: list[Frame]) -> bool:
        """Write some frames; return False if the connection is lost."""

    @abstractmethod
    def _shut(self) -> None:
        """Close the transport."""
