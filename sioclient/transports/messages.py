"""All frames of a websocket, cut out of bytes without I/O, for fronts that leave none of them to a library.

``FrameDecoder`` finds the messages of text that nearly all frames are; here is the rest: messages of bytes and in
pieces, pings, pongs and close frames. The length of each message is checked when its header is there.
"""

from __future__ import annotations

import struct
import sys

from ..errors import RemoteProtocolError
from ..protocol.framing import PING_MARK, Frame, Pong
from .failures import TooLarge, close_error
from .frames import MOST_PIECES, FrameDecoder, control_frame, decode

_PIECE, _TEXT, _BYTES, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_WHOLE_TEXT = 0x81
_LENGTHS = {126: struct.Struct("!H"), 127: struct.Struct("!Q")}


class MessageDecoder:
    """Cuts messages out of what a server sends over a websocket.

    Args:
        limit: bytes that a message may have.

    Attributes:
        pong: the frame that responds to the latest ping; empty: nobody waits for one. Whoever writes it clears this:
            who sends many pings is owed the last pong (RFC 6455, 5.5.3).
    """

    __slots__ = ("_error", "_frames", "_kind", "_limit", "_others", "_pieces", "_texts", "pong")

    def __init__(self, limit: int) -> None:
        self.pong = b""
        self._limit, self._texts = limit, FrameDecoder(limit)
        self._others: bytearray | None = None  # the bytes of frames that are no whole texts, and what follows them
        self._pieces: bytearray | None = None  # of a message that has not ended
        self._kind, self._frames = _TEXT, 0  # how many frames that message has had, those between its pieces included
        self._error: Exception | None = None  # what the bytes after the last messages are

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the messages that they complete. What comes before an end is not lost.

        Raises:
            RemoteProtocolError, UnicodeDecodeError, TooLarge: what came is none.
            OSError: the server sent a close frame.
        """
        messages: list[Frame] = []
        if self._error is None:
            try:
                self._feed(data, messages)
            except Exception as error:
                self._error = error
        if self._error is not None and not messages:
            raise self._error
        return messages

    @property
    def has_ended(self) -> bool:
        """Whether the next ``feed`` raises, whatever it gets."""
        return self._error is not None

    def _feed(self, data: bytes, messages: list[Frame]) -> None:
        while True:
            if self._others is None:
                found = self._texts.feed(data)
                messages += found
                if self._texts.ping is not None:
                    self.pong, self._texts.ping = control_frame(_PONG, self._texts.ping), None
                if self._texts.is_foreign and not found:
                    self._others = bytearray(self._texts.take(sys.maxsize))
                elif not self._texts.has_rest or not found:
                    return
            else:
                self._others += data
            data = b""
            if self._others is not None:
                if not self._cut(messages):
                    return
                data, self._others = bytes(self._others), None

    def _cut(self, messages: list[Frame]) -> bool:
        """Take the frames that are complete; return whether a whole text may follow."""
        others = self._others
        assert others is not None
        while others and (self._pieces is not None or others[0] != _WHOLE_TEXT or others[1:2] > b"\x7f"):
            if len(others) < 2:
                return False
            first, size, start = others[0], others[1], 2
            opcode, is_last = first & 0x0F, first & 0x80
            if first & 0x70 or size & 0x80 or opcode not in (_PIECE, _TEXT, _BYTES, _CLOSE, _PING, _PONG):
                raise RemoteProtocolError("a frame with reserved bits, a mask or an unknown opcode")
            if opcode >= _CLOSE and (size > 125 or not is_last):
                raise RemoteProtocolError("a control frame that is too long, or in pieces")
            if size in _LENGTHS:
                length = _LENGTHS[size]
                start += length.size
                if len(others) < start:
                    return False
                (size,) = length.unpack_from(others, 2)
            of_message = size + (0 if self._pieces is None or opcode >= _CLOSE else len(self._pieces))
            if of_message > self._limit and opcode < _CLOSE:
                raise TooLarge(f"{of_message} bytes, the limit is {self._limit}")
            if len(others) < start + size:
                return False
            payload = bytes(others[start : start + size])
            del others[: start + size]
            self._take(opcode, payload, messages, is_last=bool(is_last))
        return True

    def _take(self, opcode: int, payload: bytes, messages: list[Frame], *, is_last: bool) -> None:
        self._frames = 0 if self._pieces is None else self._frames + 1
        if self._frames > MOST_PIECES:
            raise TooLarge(f"more than {MOST_PIECES} frames for one message")
        if opcode == _CLOSE:
            raise close_error(payload)
        if opcode == _PING:
            self.pong = control_frame(_PONG, payload)
        elif opcode == _PONG:
            messages += [Pong(payload)] if payload.startswith(PING_MARK) else []
        else:
            if (opcode == _PIECE) is (self._pieces is None):
                raise RemoteProtocolError("a piece of no message, or a message within the pieces of another")
            if self._pieces is None:
                self._kind, self._pieces = opcode, bytearray()
            self._pieces += payload
            if is_last:
                whole, self._pieces = bytes(self._pieces), None
                messages.append(decode(whole) if self._kind == _TEXT else whole)
