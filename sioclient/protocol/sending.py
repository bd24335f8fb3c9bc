"""What may be written now: all that waits, or as much of it as the fence lets through."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from .detour import Stage
from .fence import MOST_COUNTED, Fence
from .framing import MARKS
from .lifecycle import Lifecycle
from .membership import Membership
from .outbox import frames_of, size_of
from .packets import Ack, Frame
from .phases import Phase
from .receiver import Receiver
from .revisions.base import Posts
from .session import earliest

_WRITING = Phase.OPEN, Phase.CLOSED
"""Phases in which the queue is written: in the last one, what ``disconnect`` left in it."""

_LARGE = 4096
"""Characters that may wait without a look at how large the first packet is."""


class Sending:
    """Takes from the outbox of one connection what may be written.

    Args:
        membership: its outbox, and the ids for fences.
        lifecycle: its session and the fence of that.
        receiver: knows when packets came last.

    Attributes:
        now: when something else happened last.
    """

    def __init__(self, membership: Membership, lifecycle: Lifecycle, receiver: Receiver) -> None:
        self._outbox, self._acks = membership.outbox, membership.acks
        self._lifecycle, self._receiver = lifecycle, receiver
        self.now = -inf

    def frames_to_send(self) -> list[Frame]:
        """Return the frames to write now; they are written at most once, whatever becomes of them."""
        outbox, is_open = self._outbox, self._lifecycle.phase in _WRITING
        fence = self._lifecycle.fence
        if fence is not None and fence.is_spent:
            return self._spent_frames(fence)
        if fence is None:
            frames = outbox.take_urgent() if outbox.urgent else []
            if is_open:
                detour = self._lifecycle.detour
                frames += self._to_post(detour.posts) if detour and detour.posts else outbox.take()
            return frames
        now = self.now if self.now > self._receiver.now else self._receiver.now
        frames = outbox.take_urgent(fence.urgent_room) if outbox.urgent else []
        if frames and (fence.sent(frames) or outbox.urgent):
            frames += self._close_off(fence, now)
        while is_open and outbox.queued and not outbox.urgent and fence.room > 0:
            if outbox.characters > _LARGE and fence.is_too_much(size_of(outbox.next())):
                fence.is_spent = True
                frames += self._close_off(fence, now)
                break
            if fence.counts_bytes:
                taken = outbox.take(fence.room, least=fence.is_empty)
            elif outbox.characters <= fence.large:
                taken = outbox.take_first(fence.room)
            else:
                taken = outbox.take(fence.room * fence.large, least=fence.is_empty, most=fence.room)
            frames += taken
            if fence.sent(taken) or outbox.queued:
                frames += self._close_off(fence, now)
        return frames

    def has_frames(self) -> bool:
        """Return whether ``frames_to_send`` would return any."""
        lifecycle, outbox = self._lifecycle, self._outbox
        fence = lifecycle.fence
        if fence is not None and fence.is_spent:
            detour = lifecycle.detour
            is_left = detour is not None and detour.stage is Stage.LEAVING
            return not is_left and (outbox.urgent > 0 or (detour is not None and detour.owes_fence))
        if outbox.urgent:
            return fence is None or fence.urgent_room >= 1
        return lifecycle.phase in _WRITING and outbox.queued > 0 and (fence is None or fence.room > 0)

    def more_at(self) -> float | None:
        """Return when more may be written, unless an ack lets it go before; None: nothing waits for that."""
        fence, outbox = self._lifecycle.fence, self._outbox
        if fence is None or not (outbox.urgent or outbox.queued):
            return None
        due = earliest(fence.next_window, fence.deadline())
        return inf if due is None else due

    def receive_last(self, frames: Sequence[Frame], now: float) -> None:
        """Take what comes while the last packets are written: only acks of fences mean anything by then."""
        fence, self.now = self._lifecycle.fence, now
        if fence is not None:
            for packet in self._lifecycle.decode(frames):
                if type(packet) is Ack and not packet.endpoint:
                    fence.acknowledged(packet.id, now)
            fence.is_stuck(now)
            fence.use_reserve(now)

    def _to_post(self, posts: Posts) -> list[Frame]:
        """Return what is posted next beside a websocket: one body, so that the rest waits in the outbox.

        No more is on its way, and lost with the connection, than over the websocket. What cannot be posted has the
        session renewed.
        """
        lifecycle, outbox, frames = self._lifecycle, self._outbox, list[Frame]()
        room = posts.most_shared
        while len(frames) < MOST_COUNTED and outbox.queued and (size_of(outbox.next()) + MARKS <= room or not frames):
            if not posts.take(outbox.next()):
                lifecycle.empty(max(self.now, self._receiver.now))
                break
            taken = outbox.take(0, least=1)
            frames += taken
            room -= sum(map(len, taken)) + MARKS * len(taken)
        if lifecycle.fence is not None:
            frames += self._spent_frames(lifecycle.fence)
        return frames

    def _spent_frames(self, fence: Fence) -> list[Frame]:
        """Return what is written though the budget is spent: heartbeats, whose order does not matter, and fences."""
        detour, outbox, now = self._lifecycle.detour, self._outbox, max(self.now, self._receiver.now)
        if detour is not None and detour.stage is Stage.LEAVING:
            return []
        frames = outbox.take_urgent() if outbox.urgent else []
        fence.sent(frames)
        if detour is not None and detour.owes_fence:
            detour.owes_fence = False
            frames += self._close_off(fence, now)
        return frames

    def _close_off(self, fence: Fence, now: float) -> list[Frame]:
        lifecycle, number = self._lifecycle, self._acks.new_id("")
        assert lifecycle.dialect is not None, "a session with a fence has a dialect"
        frames = list(frames_of(lifecycle.dialect.fence(number, reads_ahead=fence.reads_ahead)))
        fence.close_off(number, frames, now)
        return frames
