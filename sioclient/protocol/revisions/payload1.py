"""How revision 1 puts several packets into one HTTP body.

A single packet has nothing around it; before each of several is its length between two U+FFFD. Node counts UTF-16
units, Python servers count code points, and a packet may hold U+FFFD itself. So a body is read by the lengths, never
split at the marks, and the right counting is the one by which every packet ends where the next begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ...errors import RemoteProtocolError
from .floods import check_count, end_of_run
from .utf16 import from_units, to_units

_MARK = "\ufffd"
_IDLE = frozenset({"2", "2::", "2:::", "8", "8::", "8:::"})
"""Heartbeats and noops, of which any number in a row says no more than one."""

_LENGTH = re.compile(r"[0-9]{1,10}")


class _Counting(NamedTuple):
    """One way to count: how to make a text of units, the mark in them, and the way back."""

    to_units: Callable[[str], str]
    mark: str
    to_text: Callable[[str], str]


def _utf8_units(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _from_utf8_units(units: str) -> str:
    return units.encode("latin-1").decode("utf-8", "surrogatepass")


_UTF16 = _Counting(to_units, _MARK, from_units)
_CODE_POINTS = _Counting(str, _MARK, str)
_UTF8 = _Counting(_utf8_units, _utf8_units(_MARK), _from_utf8_units)


def encode_payload(frames: list[str]) -> str:
    """Return the body that carries ``frames``: a single one as it is, several with their lengths in UTF-16 units."""
    if len(frames) == 1:
        return frames[0]
    return "".join(f"{_MARK}{len(to_units(frame))}{_MARK}{frame}" for frame in frames)


def decode_payload(body: str) -> list[str]:
    """Return the frames of one body, in order; empty ones are left out, and of a flood of heartbeats, all but a few.

    Raises:
        RemoteProtocolError: the lengths are not numbers, or are missing, or there are too many frames.
    """
    if not body.startswith(_MARK):
        return [body] if body else []
    for counting in (_UTF16, _CODE_POINTS, _UTF8):
        try:
            frames = _split(counting, body, exact=True)
        except ValueError:
            continue
        return [frame for frame in frames if frame]
    try:
        # If the last length is too large, every server and the JS client take what is there.
        return [frame for frame in _split(_UTF16, body, exact=False) if frame]
    except ValueError as error:
        raise RemoteProtocolError(f"a payload cannot be read: {error}: {body[:200]!r}") from error


def _split(counting: _Counting, body: str, *, exact: bool) -> list[str]:
    units, mark = counting.to_units(body), counting.mark
    frames, position = [], 0
    while position < len(units):
        start = units.find(mark, position + len(mark))
        length = _LENGTH.fullmatch(units, position + len(mark), max(start, 0))
        if not units.startswith(mark, position) or length is None:
            raise ValueError(f"no length at {position}")
        start += len(mark)
        end = start + int(length[0])
        if exact and end > len(units):
            raise ValueError(f"a length beyond the end at {position}")
        frame = units[start:end]
        frames.append(counting.to_text(frame))
        check_count(len(frames))
        position = end_of_run(units, units[position:end], end) if frame in _IDLE else end
    return frames
