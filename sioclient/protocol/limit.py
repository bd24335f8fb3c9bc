"""The largest message that a server takes, if it has announced that."""

from __future__ import annotations

from math import inf

from ..errors import LocalProtocolError
from .packets import Encoded, Frame

_MOST_BYTES = 4
"""Bytes that a character may have in UTF-8."""


class Limit:
    """Measures packets before they are written, for a server ends the session in which a larger one comes.

    What was announced holds until the next session, since nearly always the same server comes back.

    Attributes:
        free: the length of a text that is within the limit, whatever its characters are; most texts are, so callers
            look here before they call ``check``.
    """

    free = _most = inf
    _in_bodies = False

    def announce(self, most: int | None, transport: str) -> None:
        """A session begins.

        Args:
            most: bytes that the server takes in one message of a websocket, or in one body; None: it did not say.
            transport: the name of the transport.
        """
        self._most = most or inf
        self.free = self._most / _MOST_BYTES
        self._in_bodies = transport != "websocket"

    def check(self, encoded: Encoded) -> None:
        """Raise LocalProtocolError if the server would not take a packet."""
        size = self._largest(encoded)
        if size > self._most:
            raise LocalProtocolError(self._told(size))

    def refusal(self, encoded: Encoded) -> str:
        """Return why the server would not take a packet; empty: it would."""
        size = self._largest(encoded)
        return self._told(size) if size > self._most else ""

    def _told(self, size: int) -> str:
        return (
            f"this packet has {size} bytes, and the server takes {self._most:.0f} at once (its maxPayload): send less, "
            "or raise maxHttpBufferSize (max_http_buffer_size) there"
        )

    def _largest(self, encoded: Encoded) -> int:
        if self._most == inf:
            return 0
        return self._size(encoded) if isinstance(encoded, str) else max(map(self._size, encoded), default=0)

    def _size(self, frame: Frame) -> int:
        if isinstance(frame, str):
            return len(frame) if frame.isascii() else len(frame.encode("utf-8", "surrogatepass"))
        # Servers that announce a limit speak Engine.IO 4, in whose bodies bytes are base64 behind a letter.
        return 1 + 4 * ((len(frame) + 2) // 3) if self._in_bodies else len(frame)
