"""The grammar of Engine.IO 3: who sends the ping, how bytes look in a frame, and how frames share one HTTP body.

Source: the Engine.IO protocol text, revision 3, and what socket.io 1.7.4 and 2.5.1 and engine.io 3 do. The client sends
a ping and the server a pong. A frame of bytes has the packet's type as its first byte.

A body is a text, in which every frame stands behind its length in UTF-16 units and a colon, and bytes are base64
behind ``b4``; or it is bytes, in which every frame stands behind a 0 (text) or 1 (bytes), the digits of its length as
one byte each, and 255. socket.io 1.x encodes the characters of a text body twice, and expects the same of others. It
cannot be told from 2.x, so only ASCII goes out as text. It sends its own bodies as bytes, unless asked for base64.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import AnyStr

from ...errors import RemoteProtocolError
from ..framing import Frame
from ..packets import Heartbeat, Noop, Packet
from .floods import check_count, end_of_run
from .utf16 import from_units, to_units

NUMBER = 3
HEARTBEAT = "2"
HEARTBEATS_UNPROMPTED = True
PACKETS: dict[str, Packet] = {"3": Noop()}

SERVER_HEARTBEAT = "3"
"""What the server sends: the pong to each ping."""

PACKETS_OF_CLIENTS: dict[str, Packet] = {"2": Heartbeat(), "3": Noop()}

SEPARATOR = ""
"""Nothing separates two frames in a body: each has its length."""

_MESSAGE = 4
_MOST_HEAD = 12
"""Bytes before a frame in a body, at most: ten digits and two marks."""

_LENGTH = re.compile(r"([0-9]{1,10}):")
_BINARY_LENGTH = re.compile(rb"([\x00\x01])([\x00-\x09]{1,10})\xff")


def wrap_bytes(data: bytes) -> Frame:
    """Return the frame of a message of bytes."""
    return bytes([_MESSAGE]) + data


def unwrap_bytes(frame: bytes) -> bytes:
    """Return the bytes of the message in a frame, or raise ValueError."""
    if frame[:1] != bytes([_MESSAGE]):
        raise ValueError("bytes that are not a message")
    return frame[1:]


def size(frame: Frame) -> int:
    """Return how many bytes a frame with its length adds to a body, at most."""
    return _MOST_HEAD + (len(frame) if isinstance(frame, bytes) or frame.isascii() else len(frame.encode("utf-8")))


def body(frames: Sequence[Frame]) -> Frame:
    """Return the body that carries frames in order: text if all of them are ASCII, else bytes."""
    texts = [frame for frame in frames if isinstance(frame, str) and frame.isascii()]
    return join(texts) if len(texts) == len(frames) else b"".join(map(_binary, frames))


def text_of(frame: Frame) -> str:
    """Return a frame as a text, for a client that takes no bytes."""
    return frame if isinstance(frame, str) else f"b{frame[0]}{b64encode(frame[1:]).decode('ascii')}"


def join(texts: Sequence[str]) -> str:
    """Return the body that carries texts, each behind its length in UTF-16 units."""
    return "".join(f"{len(to_units(text))}:{text}" for text in texts)


def read_body(body: bytes) -> Iterator[Frame]:
    """Return an iterator over the frames that a client has posted, a short step for each.

    socket.io-client 1.x encodes the characters of a text twice. It cannot be told from 2.x by anything else, so a text
    is taken for such a one if it can be.

    Raises:
        ValueError: a length is wrong or missing, or bytes are not base64; the iterator raises it.
    """
    if body[:1] in (b"\0", b"\1"):
        return _split_bytes(body)
    return map(_undoubled, _split_text(body.decode("utf-8", "replace")))


def decode_payload(body: str) -> list[Frame]:
    """Return the frames of one body, in order; empty ones are left out.

    Args:
        body: a text; or bytes, one character for each.

    Raises:
        RemoteProtocolError: the lengths are wrong or missing, bytes are not base64, or there are too many frames.
    """
    try:
        split = _split_bytes(body.encode("latin-1")) if body[:1] in ("\0", "\1") else _split_text(body)
        return [frame for frame in split if frame]
    except ValueError as error:
        raise RemoteProtocolError(f"a payload cannot be read: {error}: {body[:200]!r}") from error


def _binary(frame: Frame) -> bytes:
    kind, data = (b"\0", frame.encode("utf-8")) if isinstance(frame, str) else (b"\1", frame)
    return kind + bytes(map(int, str(len(data)))) + b"\xff" + data


def _split_bytes(body: bytes) -> Iterator[Frame]:
    for head, data in _frames(body, _BINARY_LENGTH, lambda head: int("".join(map(str, head[2])))):
        yield data.decode("utf-8") if head[1] == b"\0" else data


def _split_text(body: str) -> Iterator[Frame]:
    for _, units in _frames(to_units(body), _LENGTH, lambda head: int(head[1])):
        yield _from_base64(units) if units.startswith("b") else from_units(units)


def _frames(
    body: AnyStr, pattern: re.Pattern[AnyStr], length: Callable[[re.Match[AnyStr]], int]
) -> Iterator[tuple[re.Match[AnyStr], AnyStr]]:
    """Yield the length before each frame, and the frame; of a long run of pings, pongs or noops, only a few."""
    idle: Collection[AnyStr] = ("2", "3", "6") if isinstance(body, str) else (b"2", b"3", b"6")
    position = count = 0
    while position < len(body):
        head = pattern.match(body, position)
        if head is None:
            raise ValueError(f"no length at {position}")
        end = head.end() + length(head)
        if end > len(body):
            raise ValueError(f"a length beyond the end at {position}")
        data = body[head.end() : end]
        yield head, data
        count += 1
        check_count(count)
        position = end_of_run(body, body[position:end], end) if data in idle else end


def _undoubled(frame: Frame) -> Frame:
    if isinstance(frame, bytes) or frame.isascii():
        return frame
    try:
        return frame.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return frame


def _from_base64(text: str) -> bytes:
    try:
        return bytes([int(text[1:2])]) + b64decode(text[2:], validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
