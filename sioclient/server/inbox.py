"""Inbox: what one client sent and nobody has parsed yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

Frame = str | bytes

OVERHEAD = 64
"""Bytes that Python needs for a frame beside its text: without them, a mebibyte of tiny frames would be twenty."""

_END = object()


@dataclass(slots=True)
class _Parcel:
    """What came at once: its size, the frame to take next (or None, or ``_END``), and those after it."""

    size: int
    ahead: object
    frames: Iterator[Frame | None]


class Inbox:
    """Frames in the order of arrival, in the form in which they came: as text, or as the body of a POST.

    Parsed, they may need twenty times the memory (``{},{},{}``), so whoever takes a frame parses it just then.

    Attributes:
        size: bytes that are held.
    """

    def __init__(self) -> None:
        self.size = 0
        self._parcels: deque[_Parcel] = deque()

    def __bool__(self) -> bool:
        """Return whether anything is held."""
        return bool(self._parcels)

    def put(self, frame: Frame) -> None:
        """Hold a frame."""
        self._put(_Parcel(len(frame) + OVERHEAD, frame, iter(())))

    def put_body(self, frames: Iterator[Frame | None], size: int) -> None:
        """Hold a body of ``size`` bytes as an iterator over its frames, which is not touched before its turn.

        Each of its steps must be short; one that completes no frame yields None.
        """
        self._put(_Parcel(size + OVERHEAD, None, frames))

    def take(self) -> tuple[Frame, ...]:
        """Make one step: return the next frame, or nothing."""
        parcel = self._parcels[0]
        frame, parcel.ahead = parcel.ahead, next(parcel.frames, _END)
        if parcel.ahead is _END:
            self._parcels.popleft()
            self.size -= parcel.size
        return (frame,) if isinstance(frame, (str, bytes)) else ()

    def clear(self) -> None:
        """Forget everything."""
        self._parcels.clear()
        self.size = 0

    def _put(self, parcel: _Parcel) -> None:
        self._parcels.append(parcel)
        self.size += parcel.size
