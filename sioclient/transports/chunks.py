"""The chunks in which HTTP sends what has no length yet."""

from __future__ import annotations

import re

from ..errors import RemoteProtocolError

_CHUNK_HEAD = re.compile(rb"(?:\r\n)?([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_MOST_CHUNK_HEAD = 1024


class Chunks:
    """Takes the chunks of HTTP off, wherever they are cut.

    http.client does so too, but waits for the next chunk once it has begun to look for it, and nobody can wake it.
    """

    def __init__(self) -> None:
        self.ended = False
        self._waiting = b""
        self._left = 0  # bytes of the current chunk that are yet to come

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what they carry, or raise RemoteProtocolError."""
        data, self._waiting = self._waiting + data, b""
        at, carried = 0, []
        while at < len(data) and not self.ended:
            carried.append(data[at : at + self._left])
            at += len(carried[-1])
            self._left -= len(carried[-1])
            if self._left == 0 and at < len(data):
                at = self._next_chunk(data, at)
        return b"".join(carried)

    def _next_chunk(self, data: bytes, at: int) -> int:
        """Read the head of a chunk; return where it ends, or keep it if it is not complete yet."""
        match = _CHUNK_HEAD.match(data, at)
        if match is None:
            if len(data) - at > _MOST_CHUNK_HEAD:
                raise RemoteProtocolError(f"not a chunk: {data[at : at + 200]!r}")
            self._waiting = data[at:]
            return len(data)
        self._left = int(match[1], 16)
        self.ended = self._left == 0
        return match.end()
