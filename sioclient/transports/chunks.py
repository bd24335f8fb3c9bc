"""The chunks in which HTTP sends what has no length yet."""

from __future__ import annotations

import re

from .failures import TooLarge

_CHUNK_HEAD = re.compile(rb"(?:\r?\n)?[ \t]*0*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CUT_HEAD = re.compile(rb"\r?|(?:\r?\n)?[ \t]*[0-9A-Fa-f]*[ \t]*(?:;[^\r\n]*)?\r?")
_MOST_CHUNK_HEAD, _MOST_TRAILER = 1024, 2**16
_END = re.compile(rb"\n\r?\n")


class Chunks:
    """Takes the chunks of HTTP off, wherever they are cut.

    Attributes:
        ended: whether the last chunk has come, or something that is no chunk.
        error: what is wrong with that; None: nothing is.
        is_complete: whether the headers that may follow the last chunk have come, too.
        rest: what follows those.
    """

    def __init__(self) -> None:
        self.ended = self.is_complete = False
        self.error: OSError | None = None
        self.rest = b""
        self._waiting = b""
        self._left = 0  # bytes of the current chunk that are yet to come
        self._trailer = 0  # how many bytes have come behind the last chunk

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what they carry.

        Raises:
            OSError: they are no chunk; if something was carried before that, it is returned, and ``error`` is set.
        """
        data, self._waiting = self._waiting + data, b""
        at, carried = 0, []
        while at < len(data) and not self.ended:
            carried.append(data[at : at + self._left])
            at += len(carried[-1])
            self._left -= len(carried[-1])
            if self._left == 0 and at < len(data):
                at = self._next_chunk(data, at)
        if self.ended and self.error is None and not self.is_complete:
            self._read_trailer(data, at)
        whole = b"".join(carried)
        if self.error is not None and not whole:
            raise self.error
        return whole

    def _next_chunk(self, data: bytes, at: int) -> int:
        """Read the head of a chunk; return where it ends, or keep it if it is not complete yet."""
        match = _CHUNK_HEAD.match(data, at)
        if match is None:
            self._waiting = data[at:]
            if len(self._waiting) > _MOST_CHUNK_HEAD or not _CUT_HEAD.fullmatch(self._waiting):
                self.ended, self.error = True, OSError(f"not a chunk of HTTP: {self._waiting[:200]!r}")
            return len(data)
        self._left = int(match[1], 16)
        self.ended = self._left == 0
        return match.end()

    def _read_trailer(self, data: bytes, at: int) -> None:
        """Look for the empty line behind the last chunk; it may follow the line of that chunk at once."""
        self._trailer += len(data) - at
        begin = max(at - 1, 0)
        if (end := _END.search(data, begin)) is not None:
            self.is_complete, self.rest = True, data[end.end() :]
        elif self._trailer > _MOST_TRAILER:
            self.error = TooLarge("the end of the response is too large")
        else:
            self._waiting = data[max(begin, len(data) - 2) :]
            self._trailer -= len(self._waiting)
