"""The frames of RFC 6455 that a server writes: whole, without a mask and without compression."""

from __future__ import annotations

import struct
from collections.abc import Callable

TEXT, BINARY, PING = 0x81, 0x82, 0x89

_short: Callable[[int, int], bytes] = struct.Struct("!BB").pack
_medium: Callable[[int, int, int], bytes] = struct.Struct("!BBH").pack
_long: Callable[[int, int, int], bytes] = struct.Struct("!BBQ").pack


def message(data: str | bytes) -> bytes:
    """Return the frame of a message, of text or of bytes."""
    if isinstance(data, str):
        return frame(TEXT, data.encode())
    return frame(BINARY, data)


def frame(first: int, data: bytes) -> bytes:
    """Return a frame by its first byte and what it carries."""
    length = len(data)
    if length < 126:
        return _short(first, length) + data
    if length < 2**16:
        return _medium(first, 126, length) + data
    return _long(first, 127, length) + data
