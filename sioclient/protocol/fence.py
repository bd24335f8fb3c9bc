"""Keeps an old server from choking on what it is sent: so many bytes, then a round trip.

socket.io 0.8 and 0.9 parse the frames of one TCP read recursively: two thousand small ones at once overflow the stack,
which ends the connection or the whole server; five hundred were safe. Behind each part of a frame they copy all that
was read with it, so the time for one read grows with the square of its size: a real 0.9.19 takes windows of a kilobyte
faster than larger ones. And socket.io 0.9.17 to 0.9.19 count the bytes that they copy, and kick at 10^8.

So the frames go in windows. Behind each goes a fence, a noop with an id, which those servers acknowledge, and the next
window waits for the ack. Over a long way that would be slow, so there windows are sent at a pace, ``PACE`` apart, as
long as the acks come as quickly as they can: what is written two milliseconds apart is mostly read apart, too.

TornadIO2 reads as much as comes, and gets to a heartbeat only behind all that, too late if that is 60 MB: it kicks. It
acknowledges no noop, so there a fence is a ping, and the pong is the ack. gevent-socketio acknowledges no fence: when
the first stays without an ack, there are no more.

``bytes_counted`` is what the server may have counted at worst: what is written is counted as if it were in one read
with all that has no ack yet. So over a long way the budget is soon spent, and POSTs carry the rest. Nothing is
concluded from times: where a machine has too much to do, a near server looks like a far one (measured: 12.3 million
counted by the server, where windows that seemed to be read apart made 8.9 million).

A near server that has counted little yet gets larger windows, and two of them at once: otherwise both sides would wait
for each other. The more it has counted, the smaller they are. So the first ten thousand packets of a session go two to
three times as fast (measured), and a loop of a hundred thousand a sixth faster.

A server that counts no bytes gets windows of fifty frames, TornadIO2 of 125,000 characters at most, and four of them at
once: with two, client and server wait for each other now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ..reading import Reading
from .outbox import SPACING
from .packets import Frame

WINDOW = 800
"""Characters between two fences, unless a single frame has more."""

WIDEST = 2_400
"""The same for what waits for a near server that has counted nothing yet."""

SPARING_AT = 60 * 10**6
"""Bytes of the budget after which a near server gets no more at once than a far one."""

WIDE_WINDOW = 50
"""Frames between two fences for a server that counts no bytes."""

WIDE_FRAME = 2_500
"""Characters of a frame from which it counts as several, if the server reads ahead: 125,000 are a window."""

MOST_WIDE = 200
"""Frames that may be on their way to a server that counts no bytes before an ack is waited for."""

PACE = 0.002
"""Seconds between two windows of which the second does not wait for an ack."""

MOST_IN_FLIGHT = 400
"""Frames that may be on their way before an ack is waited for."""

MOST_COUNTED = 200
"""The same if the server counts bytes, and then counts each frame as often: two thousand a second over 100 ms."""

MOST_AT_ONCE = 500
"""The same with urgent ones, such as many joins: so many in one read were safe, a thousand were not."""

SLOW_PACE, MOST_LATE = 0.05, 100
"""Seconds between windows while an ack is late or nobody reads, and how many frames may be on their way then."""

PATIENCE = 1.0
"""Seconds that a server has to acknowledge the first fence, if it may be one that acknowledges none."""

LONG_PATIENCE = 4.0
"""The same if its session id says that it acknowledges them: it may only be busy, and then a burst would end it.

It is less than the time for which ``emit`` waits for room."""

MOST_SILENCE = 30.0
"""Seconds after which a server that has acknowledged fences before must have acknowledged one."""

BYTE_BUDGET = 10**8
"""Bytes by its own count at which socket.io 0.9.17 to 0.9.19 kicks."""

SPENT_AT = 90 * 10**6
"""Bytes of the budget after which no more is written; the rest is for what is written when the connection ends."""

_READ_SIZE = 65536  # Node reads no more at once
_LATE = 0.001  # seconds by which an ack may come later than it should before it is waited for


class _Window:
    """Frames between two fences, on their way.

    Attributes:
        left: characters for which it has room; frames, if the server counts no bytes.
        frames: how many it has; if the server reads ahead, large ones are several.
        parts: of how many parts they are: behind each, the server counts anew what it has read beyond.
        size: bytes of them that one read can hold.
        beside: the id of the first fence whose frames it is counted together with.
        until: when the fence behind them was sent.
        due_since: the same as ``until``, by the clock of reading.
    """

    left: float = WINDOW
    frames: float = 0
    parts = size = 0
    beside = until = due_since = inf


class _WideWindow(_Window):
    """The same for a server that counts no bytes."""

    left = WIDE_WINDOW


class Fence:
    """The fence of one session over a websocket.

    Args:
        reading: the clock by which acknowledgements are waited for.
        counts_bytes: whether the server may have a byte budget.
        reads_ahead: whether it looks at a frame only when it has read all that came.

    Attributes:
        counts_bytes, reads_ahead: as above.
        large: characters of a frame from which it counts as several, if the server counts no bytes.
        room: characters, or frames if the server counts no bytes, that may be sent before the next fence is due,
            acknowledged, or no longer waited for.
        is_empty: whether nothing was sent since the last fence.
        awaited: whether a server that acknowledges fences owes an ack.
        pending: the windows without an ack, by the ids of their fences.
        is_spent: whether nothing more may be written, as the server's budget is nearly spent; a fence was the last.
        next_window: when a window may be sent for which there is no room now; None: an ack must come first.
        bytes_counted: what the server may have counted.
        quickest: seconds of the quickest round trip.
    """

    def __init__(self, reading: Reading, *, counts_bytes: bool = True, reads_ahead: bool = False) -> None:
        self._reading = reading
        self.counts_bytes, self._new_window = counts_bytes, _Window if counts_bytes else _WideWindow
        self._patience = LONG_PATIENCE if counts_bytes else PATIENCE
        self.reads_ahead, self.large = reads_ahead, WIDE_FRAME if reads_ahead else inf
        self.bytes_counted = 0
        self.room: float = self._new_window.left
        self.is_empty, self.awaited, self.is_spent = True, False, False
        self.pending: dict[int, _Window] = {}
        self.quickest = inf
        self.next_window: float | None = None
        self._proven: bool | None = None
        self._window = self._new_window()
        self._parts_before = 0  # of the other windows that may be in one read with the next frame
        self._sent_at = 0.0  # when the last fence was
        self._pace_at = 0.0  # from when on the next window need not wait for an ack

    @property
    def may_have_kicked(self) -> bool:
        """Whether a kick may be that of a budget that is spent."""
        return self.bytes_counted >= BYTE_BUDGET

    @property
    def urgent_room(self) -> float:
        """How many urgent frames may be sent now."""
        return inf if self._proven is False else max(MOST_AT_ONCE - self.in_flight(), 0)

    def in_flight(self) -> float:
        """Return how many frames the server may have in one read."""
        return self._window.frames + sum(window.frames for window in self.pending.values())

    def is_too_much(self, size: int) -> bool:
        """Return whether a frame of so many characters would spend what is left of the byte budget."""
        worst = 4 * size + 14
        recounted = min(worst, _READ_SIZE) * (self._parts_before + self._window.parts + 3)
        return self.counts_bytes and self._proven is not False and self.bytes_counted + recounted + worst > SPENT_AT

    def sent(self, frames: Sequence[Frame]) -> bool:
        """Count frames that are sent; return whether a fence must follow them."""
        window, counted = self._window, self.bytes_counted
        if frames:
            self.is_empty = False
        count: float = len(frames)
        if self.counts_bytes:
            left, counted = self._count(frames, window, counted)
        else:
            size = sum(map(len, frames))
            count = max(count, size / self.large)
            left = window.left - count
            window.parts += 4 * len(frames)
            counted += (4 * size + 14 * len(frames)) * (self._parts_before + window.parts + 1)
        self.bytes_counted, window.left = counted, left
        window.frames += count
        if self._proven is False:
            self._window, self.is_empty = self._new_window(), True
            return False
        if counted > SPENT_AT and self.counts_bytes:
            self.is_spent = True
        if self.room:
            self.room = max(left, 0)
        return left <= 0 or self.is_spent

    def close_off(self, number: int, fence: Sequence[Frame], now: float) -> None:
        """A fence is sent, which has this id and these frames."""
        self.sent(fence)
        window = self._window
        window.until, window.due_since = now, self._reading.clock(now)
        begun = max(self._pace_at, now - PACE) if self.pending else now  # who was late makes up for it, once
        self.pending[number] = window
        self._sent_at, self._pace_at = now, min(begun, now) + PACE
        self._count_before()
        self.look(now)

    def acknowledged(self, number: int, now: float) -> bool:
        """Return whether an acknowledgement was that of a fence: the server has read everything before it."""
        if number not in self.pending:
            return False
        self._proven = True
        self.quickest = min(self.quickest, now - self.pending[number].until)
        for fence in [fence for fence in self.pending if fence <= number]:
            del self.pending[fence]
        self._parts_before = sum(w.parts for n, w in self.pending.items() if n >= self._window.beside)
        self.look(now)
        return True

    def look(self, now: float) -> None:
        """Look whether the next window may be sent."""
        self.awaited, self.next_window = bool(self.pending and self._proven), None
        if self._proven is False:
            self.room = inf
            return
        due = self._next_at() if self.pending else now
        if due is None or now < due:
            self.room, self.next_window = 0, due
        elif self.is_empty and self._is_generous():
            self.room = max(WIDEST * (1 - self.bytes_counted / SPARING_AT), WINDOW)
        else:
            self.room = max(self._window.left, 0)

    def use_reserve(self, now: float) -> None:
        """Count anew if the budget is spent and the server has read everything: the reserve is for the last packets."""
        if self.is_spent and not self.pending:
            self.is_spent, self.bytes_counted = False, 0
        self.look(now)

    def deadline(self) -> float | None:
        """Return until when the oldest fence must be acknowledged; None: there is none, or no ack is expected."""
        if self._proven is False or not self.pending:
            return None
        since = next(iter(self.pending.values())).due_since
        return self._reading.when(since + (MOST_SILENCE if self._proven else self._patience))

    def is_stuck(self, now: float) -> bool:
        """Return whether a server that acknowledged fences no longer does.

        If none was ever acknowledged, there are no more fences; should an ack still come, it counts.
        """
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return False
        if self._proven is None:
            self._proven, self.is_spent = False, False
            self.look(now)
        return self._proven

    def _count(self, frames: Sequence[Frame], window: _Window, counted: int) -> tuple[float, int]:
        """Return the characters that are left then, and what the server may have counted."""
        before, left, readable = self._parts_before, window.left, 0
        parts = before + window.parts
        for frame in frames:
            left -= len(frame) + SPACING
            size = len(frame) if frame.isascii() else 4 * len(frame)
            if size < 126:
                size += 6
                parts += 3  # opcode, mask, data
            else:
                size += 8 if size < _READ_SIZE else 14
                parts += 4  # and the length
            in_one_read = size if size < _READ_SIZE else _READ_SIZE
            readable += in_one_read
            counted += in_one_read * (parts - 1) + size
        window.size += readable
        window.parts = parts - before
        return left, counted

    def _next_at(self) -> float | None:
        """Return when the next window may be sent without an ack; None: too many are without one."""
        in_flight, most = self.in_flight(), MOST_IN_FLIGHT
        if self.counts_bytes:
            if len(self.pending) == 1 and self._is_generous():
                return self._sent_at
            most = MOST_COUNTED
        elif in_flight < MOST_WIDE:
            return self._sent_at
        elif self.quickest < 2 * PACE:
            return None  # the ack comes about as soon
        late_at = next(iter(self.pending.values())).until + 1.4 * self.quickest + _LATE
        if in_flight < most and (not self._proven or self._pace_at <= late_at):
            return self._pace_at
        return self._sent_at + SLOW_PACE if in_flight < MOST_LATE else None

    def _is_generous(self) -> bool:
        """Return whether the budget may be spent on speed: the server is near, and much of its budget is left."""
        return self.counts_bytes and self.quickest < PACE and self.bytes_counted < SPARING_AT

    def _count_before(self) -> None:
        """Begin a window: of those on their way, the ones that fit into a read together are counted with it."""
        size, beside, self._parts_before = 0, inf, 0
        for number, window in reversed(self.pending.items()):
            self._parts_before += window.parts
            size, beside = size + window.size, number
            if size >= _READ_SIZE:
                break
        self.is_empty = True
        self._window = self._new_window()
        self._window.beside = beside
