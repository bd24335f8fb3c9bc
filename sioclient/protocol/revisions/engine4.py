"""The grammar of Engine.IO 4: who sends the ping, how bytes look in a frame, and how frames share one HTTP body.

Source: the Engine.IO protocol text, revision 4, and what socket.io 3.1.2 and 4.8.1, engine.io 6 and python-engineio 4
do. The server sends a ping and the client a pong. Bytes are a frame as they are. In a body, U+001E stands
between the frames, and bytes are base64 behind a ``b``.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence

from ...errors import RemoteProtocolError
from ..framing import Frame
from ..packets import Heartbeat, Noop, Packet
from .floods import check_count, without_runs

NUMBER = 4
HEARTBEAT = "3"
"""A pong; while nobody reads the pings, the client sends it unasked."""

HEARTBEATS_UNPROMPTED = False
PACKETS: dict[str, Packet] = {"2": Heartbeat()}

SERVER_HEARTBEAT = "2"
"""What the server sends: a ping."""

PACKETS_OF_CLIENTS: dict[str, Packet] = {"2": Noop(), "3": Heartbeat()}

SEPARATOR = "\x1e"

_IDLE = ("2", "3", "6")
"""Pings, pongs and noops, of which any number in a row says no more than one."""


_NO_TYPE = re.compile(r"(?:\A|\x1e)(?![0-6b])")


def wrap_bytes(data: bytes) -> Frame:
    """Return the frame of a message of bytes."""
    return data


def unwrap_bytes(frame: bytes) -> bytes:
    """Return the bytes of the message in a frame."""
    return frame


def size(frame: Frame) -> int:
    """Return how many bytes a frame with its separator adds to a body."""
    if isinstance(frame, bytes):
        return 2 + 4 * ((len(frame) + 2) // 3)
    return 1 + (len(frame) if frame.isascii() else len(frame.encode("utf-8")))


def body(frames: Sequence[Frame]) -> Frame:
    """Return the body that carries frames in order."""
    return join(list(map(text_of, frames)))


def text_of(frame: Frame) -> str:
    """Return a frame as a text."""
    return frame if isinstance(frame, str) else "b" + b64encode(frame).decode("ascii")


def join(texts: Sequence[str]) -> str:
    """Return the body that carries texts."""
    return SEPARATOR.join(texts)


def read_body(body: bytes) -> Iterator[Frame]:
    """Return an iterator over the frames that a client has posted, a short step for each.

    Raises:
        ValueError: a packet has no type, or bytes are not base64; the iterator may raise it.
    """
    text = body.decode("utf-8", "replace")
    if _NO_TYPE.search(text):
        raise ValueError("a packet without a type")
    return _frames(text)


def _frames(text: str) -> Iterator[Frame]:
    start = 0
    while start <= len(text):
        end = text.find(SEPARATOR, start)
        end = len(text) if end < 0 else end
        yield _read(text[start:end])
        start = end + 1


def decode_payload(body: str) -> list[Frame]:
    """Return the frames of one body, in order; empty ones are left out.

    Raises:
        RemoteProtocolError: bytes are not base64, or there are too many frames.
    """
    body = without_runs(body, SEPARATOR, _IDLE)
    check_count(body.count(SEPARATOR) + 1)
    return [_read(text) for text in body.split(SEPARATOR) if text]


def _read(text: str) -> Frame:
    if not text.startswith("b"):
        return text
    try:
        return b64decode(text[1:], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RemoteProtocolError(f"a payload cannot be read: {error}: {text[:200]!r}") from error
