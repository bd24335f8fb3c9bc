"""Keeps an old server from choking on what it is sent: so many frames, then a round trip.

socket.io 0.8 and 0.9 parse the frames of one TCP read recursively: two thousand small ones at once overflow the stack,
which ends the connection or the whole server; five hundred were safe. Those servers acknowledge a noop with an id, so
one is sent after every ``WINDOW`` frames, and at most two of them are unacknowledged. TornadIO2 and gevent-socketio do
not acknowledge it, and need no fence: when the first one stays without an ack, there are no more.

socket.io 0.9.17 to 0.9.19 also count the bytes of a websocket, those that share a TCP read again and again, and
kick at 10^8. ``bytes_counted`` is what they may have counted at worst: everything unacknowledged in one read.
"""

from __future__ import annotations

from collections.abc import Sequence

from .packets import Frame

WINDOW = 50
"""Frames between two fences."""

MOST_UNPROVEN = 400
"""Frames that may be on their way before the first fence is acknowledged."""

PATIENCE = 1.0
"""Seconds that a server has to acknowledge the first fence."""

MOST_SILENCE = 30.0
"""Seconds after which a server that has acknowledged fences before must have acknowledged one."""

BYTE_BUDGET = 10**8
"""Bytes by its own count at which socket.io 0.9.17 to 0.9.19 kicks."""

_READ_SIZE = 65536  # Node reads no more at once
_RECOUNTS = 4  # each of a frame's parts (opcode, length, mask, data) has the server count what follows anew
_FRAME_HEAD = 14


class Fence:
    """The fence of one session over a websocket.

    Attributes:
        room: how many frames may be sent before the next fence is due or acknowledged.
        awaited: whether a server that acknowledges fences owes an ack.
        pending: the fences without an ack, by id: the frames that each closes off, and when it was sent, by a clock
            that stands still while nobody reads.
        in_flight: frames that the server may have in one read.
        bytes_counted: what it may have counted.
    """

    def __init__(self) -> None:
        self.bytes_counted = self.in_flight = 0
        self.room, self.awaited = WINDOW, False
        self.pending: dict[int, tuple[int, float]] = {}
        self._unfenced = 0  # frames since the last fence
        self._proven: bool | None = None

    def sent(self, frames: Sequence[Frame]) -> bool:
        """Count frames that are sent; return whether a fence must follow them."""
        for position, frame in enumerate(frames, self.in_flight + 1):
            size = len(frame) * (1 if frame.isascii() else 4) + _FRAME_HEAD
            self.bytes_counted += _RECOUNTS * (size if size < _READ_SIZE else _READ_SIZE) * position + size
        self._unfenced += len(frames)
        self.in_flight += len(frames)
        if self._proven is False:
            self.in_flight -= self._unfenced
            self._unfenced = 0
            self.room = WINDOW
        elif self._proven is None and self.in_flight >= MOST_UNPROVEN:
            self.room = 0
        elif self.room:
            self.room = WINDOW - self._unfenced
        return self._unfenced >= WINDOW

    def close_off(self, number: int, now: float, unread: float = 0.0) -> None:
        """A fence with this id is sent.

        Args:
            number: the id.
            now: seconds on the caller's clock.
            unread: seconds of that clock in which nobody read: those before the ack comes do not count.
        """
        self.pending[number] = (self._unfenced + 1, now - unread)
        self.in_flight += 1
        self._unfenced = 0
        self._look()

    def acknowledged(self, number: int) -> bool:
        """Return whether an acknowledgement was that of a fence: the server has read everything before it."""
        if number not in self.pending:
            return False
        self._proven = True
        for fence in [fence for fence in self.pending if fence <= number]:
            self.in_flight -= self.pending.pop(fence)[0]
        self._look()
        return True

    def deadline(self, unread: float = 0.0) -> float | None:
        """Return until when the oldest fence must be acknowledged; None: there is none, or no ack is expected."""
        if self._proven is False or not self.pending:
            return None
        _, since = next(iter(self.pending.values()))
        return since + unread + (MOST_SILENCE if self._proven else PATIENCE)

    def is_stuck(self, now: float, unread: float = 0.0) -> bool:
        """Return whether a server that acknowledged fences no longer does.

        If none was ever acknowledged, there are no more fences; should an ack still come, it counts.
        """
        deadline = self.deadline(unread)
        if deadline is None or now < deadline:
            return False
        if self._proven is None:
            self._proven = False
            self._look()
        return self._proven

    def _look(self) -> None:
        self.awaited = bool(self.pending and self._proven)
        unproven = self._proven is None and self.in_flight >= MOST_UNPROVEN
        self.room = 0 if unproven or (self._proven and len(self.pending) > 1) else WINDOW - self._unfenced
