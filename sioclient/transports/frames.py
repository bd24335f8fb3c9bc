"""The websocket frames that nearly all are: whole messages of text, and many of them at a time.

Reading takes what there is, as much as a thousand small messages, and cuts it up; a large message goes into a buffer of
its own size. Writing puts the frames of one call together.

The rule: this reads a frame only if it is a message of text as a whole (first byte 0x81, no mask) and its length, known
from the header, is within the limit. Everything else is left where it is for websocket-client, which reads it through
``FrameReader.recv``.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from .base import Frame
from .stream import Stream

_TEXT = 0x81
"""The first byte of a frame that is a message of text as a whole."""

_LENGTHS = {126: struct.Struct("!H"), 127: struct.Struct("!Q")}
"""How a length that is no single byte is written, by what stands in its place."""

_LEAST_READ, _MOST_READ = 2**14, 2**18
_LARGE = 2**15
"""Bytes from which a message that is not there yet gets a buffer of its own."""

_MOST_KEPT = 2**21
"""Bytes of such a buffer that is kept for the next one: fresh memory takes longer than copying into it."""

_MOST_MESSAGES = 1000
"""Messages that are returned at once: as texts, the shortest need forty times the bytes of their frames."""

_MOST_JOINED = 2**16
"""Bytes that are put together before they are written."""

_PIECE = 2**16
"""Bytes of a large message that are masked at a time: whole masks, so each piece begins with the first byte of one."""

_LONG = 700
"""Bytes from which masking each fourth of them by a table is faster than one large number: measured."""


class MessageTooBig(Exception):
    """A header announces more than the limit. Not an exception of websocket-client, which would take it for its own."""


class FrameReader:
    """Cuts messages out of a stream; websocket-client takes it for the socket.

    Args:
        stream: the connection.
        limit: bytes that a message may have.
        writer: writes what websocket-client answers.
    """

    def __init__(self, stream: Stream, limit: int, writer: FrameWriter) -> None:
        self._stream, self._limit, self._writer = stream, limit, writer
        self._data, self._at = b"", 0  # what was read, and how far it is used
        self._read_size = _LEAST_READ
        self._buffer = bytearray()
        self._large: memoryview | None = None  # the part of it for a message whose end is still to come
        self._filled = 0

    def messages(self) -> list[Frame]:
        """Wait for messages and return them; none: what comes next is for websocket-client.

        Raises:
            TimeoutError: the stream was woken; nothing is lost, call again.
            MessageTooBig, UnicodeDecodeError: the next message is too large, or is no text.
            OSError: the connection broke, or was aborted.
        """
        while self._large is None:
            if self._at == len(self._data):
                if not self._read_more(b""):
                    return []
                continue
            messages = self._cut()
            if messages:
                return messages
            begun = self._data[self._at :]
            if begun[0] != _TEXT or begun[1:2] > b"\x7f":
                return []
            start, size = _length(begun)
            if size > self._limit:
                raise MessageTooBig(f"{size} bytes, the limit is {self._limit}: see max_message_size=")
            if start and start + size <= len(begun):
                self._at += start + size
                return [decode(begun[start : start + size])]  # not what everybody calls UTF-8
            if size >= _LARGE:
                self._begin_large(size, begun[start:])
            elif not self._read_more(begun):
                return []
        return [self._finish_large(self._large)]

    def _cut(self) -> list[Frame]:
        """Return the messages that are there as a whole. How long one turn of its loop takes decides about all."""
        data, at, end, limit = self._data, self._at, len(self._data), self._limit
        most_in_a_byte = min(125, limit)
        messages: list[Frame] = []
        try:
            for _ in range(_MOST_MESSAGES):
                if data[at] != _TEXT:
                    break
                size, start = data[at + 1], at + 2
                if size > most_in_a_byte:
                    length = _LENGTHS[size]
                    (size,) = length.unpack_from(data, start)
                    start += length.size
                    if size > limit:
                        break
                stop = start + size
                if stop > end:
                    break
                messages.append(data[start:stop].decode())
                at = stop
                if stop == end:
                    break
        except (IndexError, KeyError, struct.error, UnicodeDecodeError):
            pass  # a header that is not there yet, or anything that needs a closer look
        self._at = at
        return messages

    def _read_more(self, begun: bytes) -> bool:
        """Wait for more, and return whether there is any."""
        data = self._stream.recv(self._read_size)
        # Reading much at a time pays only where much comes: a large buffer costs time by itself.
        full = len(data) == self._read_size
        self._read_size = min(self._read_size * 4, _MOST_READ) if full else _LEAST_READ
        self._data, self._at = begun + data, 0
        return bool(data)

    def _begin_large(self, size: int, begun: bytes) -> None:
        self._data, self._at = b"", 0
        if size > len(self._buffer):
            self._buffer = bytearray(size)
        self._large, self._filled = memoryview(self._buffer)[:size], len(begun)
        self._large[: len(begun)] = begun

    def _finish_large(self, large: memoryview) -> str:
        while self._filled < len(large):
            count = self._stream.recv_into(large[self._filled :])
            if not count:
                raise ConnectionResetError("the connection ended in the middle of a message")
            self._filled += count
        self._large = None
        if len(self._buffer) > _MOST_KEPT:
            self._buffer = bytearray()
        return decode(large)

    # What websocket-client asks of a socket

    def recv(self, size: int) -> bytes:
        """Return what was read already, or else wait as ``Stream.recv`` does."""
        if self._at == len(self._data):
            return self._stream.recv(size)
        begun = self._at
        self._at = min(begun + size, len(self._data))
        return self._data[begun : self._at]

    def send(self, data: bytes) -> int:
        """Write ``data``, which is a frame, now or soon."""
        self._writer.write_control(data)
        return len(data)

    def gettimeout(self) -> None:
        """Return that waiting has no limit here: whoever waits is woken or aborted."""

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing: see ``gettimeout``."""

    def shutdown(self, how: int) -> None:
        """End the connection."""
        self._stream.abort()

    def close(self) -> None:
        """Leave that to the transport."""


class FrameWriter:
    """Makes frames of messages and writes them, for one thread at a time; the reading one has it write control frames.

    Args:
        stream: the connection.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._masks: list[bytes] = []
        self._writing = Lock()
        self._control: list[bytes] = []  # one frame at most, that waits for the end of a message

    def write(self, messages: Sequence[Frame]) -> None:
        """Write messages of text and of bytes, in as few pieces as there can be. Raises OSError."""
        with self._writing:
            self._write_messages(messages)
        if self._control:
            self._write_control()

    def write_control(self, frame: bytes) -> None:
        """Write a frame that is ready, or leave it to whoever is writing a message: it may not be in the middle of one.

        The next one takes the place of one that waits: who sends many pings is owed the last pong (RFC 6455, 5.5.3).
        """
        self._control[:] = [frame]
        self._write_control()

    def _write_messages(self, messages: Sequence[Frame]) -> None:
        joined = b""
        payload: Frame
        pieces: Iterable[bytes | bytearray]
        for message in messages:
            if isinstance(message, bytes):
                first, payload = b"\x82", message
            elif len(message) < _LONG or not message.isascii():
                first, payload = b"\x81", message.encode()
            else:
                first, payload = b"\x81", message  # a byte for each character: only pieces of it need be bytes
            if not self._masks:
                self._masks = _masks()
            mask = self._masks.pop()
            joined += _head(first, len(payload)) + mask
            if isinstance(payload, bytes) and len(payload) < _LONG:
                pieces = (_masked(payload, mask),)
            else:
                pieces = _masked_long(payload, mask)
            for piece in pieces:
                joined += piece
                if len(joined) > _MOST_JOINED:
                    self._write_all(joined)
                    joined = b""
        self._write_all(joined)

    def _write_control(self) -> None:
        # Whoever writes looks again after it let go of the lock, so nothing is forgotten; and within it, as another may
        # have been faster.
        while self._control and self._writing.acquire(blocking=False):
            try:
                while self._control:
                    self._write_all(self._control.pop())
            finally:
                self._writing.release()

    def _write_all(self, data: bytes) -> None:
        sent = self._stream.send(data) if data else 0
        if sent < len(data):
            with memoryview(data) as view:
                while sent < len(data):
                    sent += self._stream.send(view[sent:])


def decode(data: bytes | memoryview) -> str:
    """Return the text of a message, or raise UnicodeDecodeError."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        # TornadIO2 sends half a surrogate pair as three bytes; anything else raises again.
        return str(data, "utf-8", "surrogatepass")


def _length(frame: bytes) -> tuple[int, int]:
    """Return where the payload of a frame begins, and its length; zeros while the header is not there."""
    length = _LENGTHS.get(frame[1]) if len(frame) > 1 else None
    if length is None:
        return (2, frame[1]) if len(frame) > 1 else (0, 0)
    start = 2 + length.size
    return (start, *length.unpack_from(frame, 2)) if len(frame) >= start else (0, 0)


def _head(first: bytes, size: int) -> bytes:
    if size < 126:
        return first + (size | 0x80).to_bytes(1, "big")
    if size < 65536:
        return first + b"\xfe" + size.to_bytes(2, "big")
    return first + b"\xff" + size.to_bytes(8, "big")


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    mask = mask * (size // 4 + 1)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")


def _masked_long(payload: Frame, mask: bytes) -> Iterator[bytearray]:
    # In pieces, as fresh memory for all of a large message takes longer than the copying.
    for start in range(0, len(payload), _PIECE):
        part = payload[start : start + _PIECE]
        piece = bytearray(part, "ascii") if isinstance(part, str) else bytearray(part)
        for position, key in enumerate(mask):
            piece[position::4] = piece[position::4].translate(_XOR[key])
        yield piece


_BYTES = bytes(range(256))
_XOR = [_masked(_BYTES, bytes([key]) * 4) for key in range(256)]
"""For each byte of a mask: what becomes of every byte."""


def _masks() -> list[bytes]:
    """Return masks that nobody can foresee; asking the system for each would take longer than the frame.

    They are no generator: that would end for good if Ctrl-C came while it runs.
    """
    block = os.urandom(1024)
    return [block[position : position + 4] for position in range(0, len(block), 4)]
