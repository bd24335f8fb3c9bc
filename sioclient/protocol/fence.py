"""Keeps an old server from choking on what it is sent: so many frames, then a round trip.

socket.io 0.8 and 0.9 parse the frames of one TCP read recursively: two thousand small ones at once overflow the stack,
which ends the connection or the whole server; five hundred were safe. A noop with an id is answered by those servers,
so after every ``WINDOW`` frames one is sent, and at most two of them are unanswered. TornadIO2 and gevent-socketio do
not answer, and need no fence: when the first one stays without an answer, there are no more.

socket.io 0.9.17 to 0.9.19 also count the bytes of a websocket, those that share a TCP read again and again, and
kick at 10^8. ``bytes_counted`` is what they may have counted at worst: everything unanswered in one read.
"""

from __future__ import annotations

from collections.abc import Sequence

from .packets import Frame

WINDOW = 50
"""Frames between two fences."""

MOST_UNPROVEN = 400
"""Frames that may be on their way before the first fence is answered."""

PATIENCE = 1.0
"""Seconds that a server has to answer the first fence."""

MOST_SILENCE = 30.0
"""Seconds after which a server that has answered fences before must have answered one."""

BYTE_BUDGET = 10**8
"""Bytes by its own count at which socket.io 0.9.17 to 0.9.19 kicks."""

_READ_SIZE = 65536  # Node reads no more at once
_RECOUNTS = 4  # each of a frame's parts (opcode, length, mask, data) has the server count what follows anew
_FRAME_HEAD = 14


class Fence:
    """The fence of one session over a websocket."""

    def __init__(self) -> None:
        self.bytes_counted = 0
        self.in_flight = 0  # frames that the server may have in one read
        self._unfenced = 0  # frames since the last fence
        self._unanswered: dict[int, tuple[int, float]] = {}  # by their ids: the frames that each closes off, and when
        self._proven: bool | None = None

    def room(self) -> int:
        """Return how many frames may be sent before the next fence is due or answered."""
        if self._proven is None and self.in_flight >= MOST_UNPROVEN:
            return 0
        if self._proven and len(self._unanswered) > 1:
            return 0
        return WINDOW - self._unfenced

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
        return self._unfenced >= WINDOW

    def close_off(self, number: int, now: float) -> None:
        """A fence with this id is sent."""
        self._unanswered[number] = (self._unfenced + 1, now)
        self.in_flight += 1
        self._unfenced = 0

    def answered(self, number: int) -> bool:
        """Return whether an acknowledgement was that of a fence: the server has read everything before it."""
        if number not in self._unanswered:
            return False
        self._proven = True
        for fence in [fence for fence in self._unanswered if fence <= number]:
            self.in_flight -= self._unanswered.pop(fence)[0]
        return True

    def is_awaited(self) -> bool:
        """Return whether a server that answers fences owes an answer."""
        return bool(self._unanswered and self._proven)

    def deadline(self) -> float | None:
        """Return until when the oldest fence must be answered; None: there is none, or no answer is expected."""
        if self._proven is False or not self._unanswered:
            return None
        _, since = next(iter(self._unanswered.values()))
        return since + (MOST_SILENCE if self._proven else PATIENCE)

    def postpone(self, seconds: float) -> None:
        """Let the server have more time: for so long, nobody read its answers."""
        if not self._unanswered:
            return
        self._unanswered = {number: (frames, since + seconds) for number, (frames, since) in self._unanswered.items()}

    def is_stuck(self, now: float) -> bool:
        """Return whether a server that answers fences does not any more.

        If none was ever answered, there will be no more fences instead; should an answer still come, that counts.
        """
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return False
        if self._proven is None:
            self._proven = False
        return self._proven
