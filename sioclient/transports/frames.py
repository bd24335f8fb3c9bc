"""The websocket frames that nearly all are: whole messages of text. There is no I/O in here.

``FrameDecoder`` cuts as much as a thousand small messages out of the bytes of one read, and has a large message read
into a buffer of its own size. ``FrameEncoder`` puts the frames of several messages into one block.

The rule: the decoder takes a frame only if it is a message of text as a whole (first byte 0x81, no mask), and its
length, known from the header, is within the limit; and pings and pongs between such messages, of which a read of
256 KiB may hold 131,072. It leaves everything else to websocket-client: see ``wsclient``.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from ..protocol.framing import PING_MARK, Frame, Ping, Pong
from .failures import TooLarge

MOST_PIECES = 2**16
"""Frames that a message may come in: websocket-client takes 7 microseconds for each, so a limit in bytes is not enough.
"""

_TEXT = 0x81
"""The first byte of a frame that is a message of text as a whole."""

_PING = 0x89
_CONTROLS = b"\x89\x8a"
"""The first bytes of pings and pongs."""

_LENGTHS = {126: struct.Struct("!H"), 127: struct.Struct("!Q")}
"""How a length that is no single byte is written, by what stands in its place."""

_LARGE = 2**15
"""Bytes from which a message that has not arrived yet gets a buffer of its own."""

_MOST_KEPT = 2**21
"""Bytes of such a buffer that is kept for the next one: fresh memory takes longer than copying into it."""

_STEADY, _MOST_STEADY = 8, 2**23
"""A block of so many times the bytes of a large message, and of so many at most, is made and freed before. As long as
none of its size was, glibc hands the memory of each message back to the system, which then has to clear it for the next
one: that were 570 page faults for a MiB. Nobody writes into the block, so it takes no memory."""

_MOST_MESSAGES = 1000
"""Messages that are returned at once: as texts, the shortest need forty times the bytes of their frames."""

_MOST_JOINED = 2**16
"""Bytes that are put together into one block."""

_PART = 2**16
"""Bytes of a large message that are masked at a time: whole masks, so each part begins with the first byte of one."""

_MOST_TOGETHER = 32
"""Short messages that are masked together."""

_LONGEST_HEAD = 14
"""Bytes before a payload at most."""

_UNMASKED = bytes(_LONGEST_HEAD)
"""What a head is masked with."""

_SHORTEST = 126
"""Bytes from which a length is no single byte."""

_LONG = 700
"""Bytes from which masking each fourth of them by a table is faster than one large number: measured."""


_NOTHING = memoryview(b"")
"""All decoders share it, as each would take 300 bytes."""


class FrameDecoder:
    """Cuts messages out of bytes.

    Args:
        limit: bytes that a message may have.

    Attributes:
        buffer: where the rest of a large message belongs. ``feed`` copies it there; whoever reads into the buffer
            instead calls ``filled``. None: there is no such message.
        has_rest: whether there are bytes that were fed and not used yet.
        ping: what the latest ping carries, until somebody has sent a pong and set this to None. The pings before it
            need none (RFC 6455, 5.5.3).
        is_foreign: when ``feed`` returned nothing, whether the next frame is one for others, who ``take`` its bytes.
    """

    __slots__ = ("_at", "_data", "_large", "_limit", "_memory", "buffer", "has_rest", "is_foreign", "ping")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.buffer: memoryview | None = None
        self.ping: bytes | None = None
        self.is_foreign = self.has_rest = False
        self._data, self._at = b"", 0  # what was fed, and how far it is used
        self._memory = bytearray()
        self._large = _NOTHING  # the part of the memory for a large message

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the messages that are complete, at most a thousand. Feed nothing for the rest.

        Raises:
            TooLarge, UnicodeDecodeError: the next message is too large, or is no text.
        """
        if self.buffer is not None:
            count = min(len(data), len(self.buffer))
            self.buffer[:count] = data[:count]
            self._data = data[count:]
            self.has_rest = bool(self._data)
            return self.filled(count)
        if data:
            self._data, self._at = self._data[self._at :] + data if self.has_rest else data, 0
        elif not self.has_rest:
            self.is_foreign = False
            return []
        messages = self._cut()
        while self.has_rest and len(messages) < _MOST_MESSAGES and self._take_controls(messages):
            messages += self._cut()
        return messages or self._look_closer()

    def filled(self, count: int) -> list[Frame]:
        """Take so many bytes that were put into the buffer; return the message if it is complete."""
        assert self.buffer is not None
        self.buffer = self.buffer[count:]
        if self.buffer:
            return []
        self.buffer = None
        large, self._large = self._large, _NOTHING
        if len(self._memory) > _MOST_KEPT:
            self._memory = bytearray()
        return [decode(large)]

    def add(self, data: bytes) -> None:
        """Have more bytes for ``take``, which has taken all of those before."""
        self._data, self._at, self.has_rest = data, 0, bool(data)

    def take(self, size: int) -> bytes:
        """Return at most so many of the bytes that were fed or added, and not used yet: nothing if there are none."""
        begin = self._at
        self._at = min(begin + size, len(self._data))
        self.has_rest, self.is_foreign = self._at < len(self._data), False
        return self._data[begin : self._at]

    def _cut(self) -> list[Frame]:
        """Return the messages that are there as a whole. The time that its loop takes decides about all speed."""
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
        self._at, self.has_rest = at, at < end
        return messages

    def _take_controls(self, messages: list[Frame]) -> bool:
        """Take the pings and pongs that are next and there as a whole; return whether there were any.

        Pongs to pings of ours are added to the messages.
        """
        data, at, end, most = self._data, self._at, len(self._data), min(125, self._limit)
        while end - at > 1 and data[at] in _CONTROLS and (size := data[at + 1]) <= most and at + 2 + size <= end:
            payload = data[at + 2 : at + 2 + size]
            if data[at] == _PING:
                self.ping = payload
            elif payload.startswith(PING_MARK):
                messages.append(Pong(payload))
            at += 2 + size
        was_at, self._at, self.has_rest = self._at, at, at < end
        return at > was_at

    def _look_closer(self) -> list[Frame]:
        """Return the next message if it is there; find out what it is if not."""
        data, at = self._data, self._at
        begun = data[at : at + _LONGEST_HEAD]
        self.is_foreign = self._is_foreign(begun)
        if self.is_foreign or begun[:1] != b"\x81":
            return []
        start, size = _length(begun)
        if size > self._limit:
            raise TooLarge(f"{size} bytes, the limit is {self._limit}")
        if start and at + start + size <= len(data):
            self._at += start + size
            self.has_rest = self._at < len(data)
            return [decode(data[at + start : at + start + size])]  # not what everybody calls UTF-8
        if size >= _LARGE:
            self._begin_large(size, data[at + start :])
        return []

    def _is_foreign(self, begun: bytes) -> bool:
        """Return whether a frame that begins so is for others."""
        if not begun:
            return False
        if begun[0] in _CONTROLS:
            return begun[1:2] > bytes([min(125, self._limit)])
        return begun[0] != _TEXT or begun[1:2] > b"\x7f"

    def _begin_large(self, size: int, begun: bytes) -> None:
        self._data, self._at, self.has_rest = b"", 0, False
        if size > len(self._memory):
            bytearray(min(_STEADY * size, _MOST_STEADY))  # made and freed: see there
            self._memory = bytearray(size)
        self._large = memoryview(self._memory)[:size]
        self._large[: len(begun)] = begun
        self.buffer = self._large[len(begun) :]


class FrameEncoder:
    """Makes the frames of messages, each masked with a mask of its own."""

    def encode(self, messages: Sequence[Frame]) -> Iterable[bytes]:
        """Return the frames of messages of text and of bytes, in as few blocks as there can be."""
        if len(messages) == 1 and len(messages[0]) < _SHORTEST:
            # As most: a generator would take a quarter of the time, and each call a twentieth.
            try:
                message, mask = messages[0], _MASKS.pop()
            except IndexError:
                return self._blocks(messages)
            payload = message.encode() if isinstance(message, str) else message
            size = len(payload)
            if size < 126:
                first, key = 0x81 if isinstance(message, str) else _opcode(message), mask * (size // 4 + 1)
                masked = int.from_bytes(payload, "big") ^ int.from_bytes(key[:size], "big")
                return (bytes((first, 0x80 | size)) + mask + masked.to_bytes(size, "big"),)
        return self._blocks(messages)

    def _blocks(self, messages: Sequence[Frame]) -> Iterator[bytes]:
        joined, start = b"", 0
        for position, message in enumerate(messages):
            if len(message) < _LONG and position - start < _MOST_TOGETHER:
                continue
            if position > start:
                joined += self._short(messages[start:position])
            start = position
            if len(message) >= _LONG:
                start += 1
                payload = message.encode() if isinstance(message, str) and not message.isascii() else message
                mask = self._mask()
                joined += _head(message, len(payload)) + mask
                # In parts, as fresh memory for all of a large message takes longer than the copying.
                for begin in range(0, len(payload), _PART):
                    joined += _masked_long(payload[begin : begin + _PART], mask)
                    if len(joined) > _MOST_JOINED:
                        yield joined
                        joined = b""
            if len(joined) > _MOST_JOINED:
                yield joined
                joined = b""
        if start < len(messages):
            joined += self._short(messages[start:])
        if joined:
            yield joined

    def _short(self, messages: Sequence[Frame]) -> bytes:
        """Return the frames of short messages: those of many are masked as one number, in half the time."""
        plain, keys = list[bytes](), list[bytes]()
        for message in messages:
            payload = message.encode() if isinstance(message, str) else message
            size, mask = len(payload), self._mask()
            head = _head(message, size) + mask
            plain += (head, payload)
            keys += (_UNMASKED[: len(head)], (mask * (size // 4 + 1))[:size])
        return _xor(b"".join(plain), b"".join(keys))

    def _mask(self) -> bytes:
        while True:
            try:
                return _MASKS.pop()
            except IndexError:
                _MASKS.extend(_masks())


def control_frame(opcode: int, payload: bytes) -> bytes:
    """Return a control frame, whose payload has at most 125 bytes."""
    mask = os.urandom(4)
    return bytes((0x80 | opcode, 0x80 | len(payload))) + mask + _masked(payload, mask)


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


def _opcode(message: bytes) -> int:
    """Return the first byte of a frame of bytes, or of a ping."""
    return 0x89 if type(message) is Ping else 0x82


def _head(message: Frame, size: int) -> bytes:
    first = b"\x81" if isinstance(message, str) else bytes((_opcode(message),))
    if size < 126:
        return first + (size | 0x80).to_bytes(1, "big")
    if size < 65536:
        return first + b"\xfe" + size.to_bytes(2, "big")
    return first + b"\xff" + size.to_bytes(8, "big")


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    return _xor(payload, (mask * (size // 4 + 1))[:size])


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _masked_long(part: Frame, mask: bytes) -> bytearray:
    masked = bytearray(part, "ascii") if isinstance(part, str) else bytearray(part)
    numpy: Any = sys.modules.get(
        "numpy"
    )  # it takes a tenth of the time; to import it for that would take half a second
    from_buffer = getattr(numpy, "frombuffer", None)  # another thread may be importing it
    if from_buffer is not None and type(numpy) is ModuleType:  # and no test's stand-in
        words = from_buffer(masked, "u4", len(masked) // 4)
        words ^= from_buffer(mask, "u4")
        for position in range(len(masked) & ~3, len(masked)):
            masked[position] ^= mask[position & 3]
        return masked
    for position, key in enumerate(mask):
        masked[position::4] = masked[position::4].translate(_XOR[key])
    return masked


_ALL, _ONES = int.from_bytes(bytes(range(256)), "big"), int.from_bytes(b"\1" * 256, "big")
_XOR = [(_ALL ^ _ONES * key).to_bytes(256, "big") for key in range(256)]
"""For each byte of a mask: what becomes of every byte."""


_MASKS: list[bytes] = []
"""Masks for all connections, each for a single use: taking one is one step. 256 of them take eleven kilobytes."""


def _masks() -> list[bytes]:
    """Return masks that nobody can foresee; asking the system for each would take longer than the frame.

    They are no generator: that would end for good if Ctrl-C came while it runs.
    """
    block = os.urandom(1024)
    return [block[position : position + 4] for position in range(0, len(block), 4)]
