"""The chunks in which HTTP sends what has no length yet."""

from __future__ import annotations

import re

from .failures import TooLarge

_CHUNK_HEAD = re.compile(rb"(?:\r\n)?([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_CUT_HEAD = re.compile(rb"\r?|(?:\r\n)?[0-9A-Fa-f]{0,8}[ \t]*(?:;[^\r\n]*)?\r?")
_MOST_CHUNK_HEAD, _MOST_TRAILER = 1024, 2**16
_END = b"\r\n\r\n"


class Chunks:
    """Takes the chunks of HTTP off, wherever they are cut.

    Attributes:
        ended: whether the last chunk has come.
        is_complete: whether the headers that may follow it have come, too.
        rest: what follows those.
    """

    def __init__(self) -> None:
        self.ended = self.is_complete = False
        self.rest = b""
        self._waiting = b""
        self._left = 0  # bytes of the current chunk that are yet to come

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what they carry, or raise OSError: it is no chunk, or too large."""
        data, self._waiting = self._waiting + data, b""
        at, carried = 0, []
        while at < len(data) and not self.ended:
            carried.append(data[at : at + self._left])
            at += len(carried[-1])
            self._left -= len(carried[-1])
            if self._left == 0 and at < len(data):
                at = self._next_chunk(data, at)
        if self.ended and not self.is_complete:
            self._read_trailer(data, at)
        return b"".join(carried)

    def _next_chunk(self, data: bytes, at: int) -> int:
        """Read the head of a chunk; return where it ends, or keep it if it is not complete yet."""
        match = _CHUNK_HEAD.match(data, at)
        if match is None:
            if len(data) - at > _MOST_CHUNK_HEAD or not _CUT_HEAD.fullmatch(data, at):
                raise OSError(f"not a chunk of HTTP: {data[at : at + 200]!r}")
            self._waiting = data[at:]
            return len(data)
        self._left = int(match[1], 16)
        self.ended = self._left == 0
        return match.end()

    def _read_trailer(self, data: bytes, at: int) -> None:
        """Look for the empty line behind the last chunk, of which the line break is kept: the line may be the next."""
        begin = max(at - 2, 0)
        end = data.find(_END, begin)
        if end >= 0:
            self.is_complete, self.rest = True, data[end + len(_END) :]
        elif len(data) - begin > _MOST_TRAILER:
            raise TooLarge("the end of the response is too large")
        else:
            self._waiting = data[begin:]
