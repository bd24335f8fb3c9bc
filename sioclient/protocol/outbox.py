"""Packets that wait to be written: in order, bounded while the connection is away, and at most once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

from ..errors import BufferFull, LocalProtocolError, NotConnected
from .acks import AckKey
from .drafts import chosen
from .packets import Encoded, Frame
from .revisions.base import Dialect


class Entry(NamedTuple):
    """A packet that waits: its frames, the key of its acknowledgement, and where it belongs."""

    encoded: Encoded
    ack: AckKey | None
    endpoint: str
    of_session: bool


MOST_QUEUED = 100
"""Packets that may wait to be written although the buffer has no room, before whoever sends more waits."""

SPACING = 10
"""Characters for which a frame counts besides its own, so that small ones do not become too many."""

_new_entry = tuple.__new__  # half the time of Entry()

_NOTHING: deque[Entry] = ()  # type: ignore[assignment]
"""The queue of a connection that has sent nothing: an empty deque takes 760 bytes, and half a microsecond to make."""


class Outbox:
    """Two queues: *urgent* packets are the protocol's own and leave with the next write; the others keep their order.

    Besides, packets are *held* for endpoints that are not joined yet; they join the queue when that is so.

    Args:
        most_packets: how many packets may wait while the connection is away; 0: none.
        most_characters: how many characters they may have in all.

    Attributes:
        characters: of the packets that wait, but for the urgent ones.
    """

    def __init__(self, most_packets: int = 1000, most_characters: int = 2**20) -> None:
        self._most_packets, self._most_characters = most_packets, most_characters
        self.urgent = self.queued = 0  # how many frames, and how many packets, wait in each queue
        self._urgent: list[Frame] = []
        self._queue = _NOTHING
        self._held: list[Entry] = []
        self.characters = 0

    @property
    def held(self) -> int:
        """How many packets are held."""
        return len(self._held)

    def __len__(self) -> int:
        return self.urgent + self.queued

    def push(self, encoded: Encoded, endpoint: str, *, ack: AckKey | None = None, of_session: bool = False) -> None:
        """Put a packet at the end. One ``of_session`` means nothing to any later session."""
        # Ctrl-C may come after each call. That a packet was counted which is not there, ``take`` finds out. One that is
        # there and was not counted would stay until there is another.
        self.queued = len(self._queue) + 1
        self.characters += len(encoded) if isinstance(encoded, str) else size_of(encoded)
        if self._queue is _NOTHING:
            fresh = deque[Entry]()
            self._queue = self._queue or fresh  # garbage may have been collected in between, and a channel have left
        self._queue.append(_new_entry(Entry, (encoded, ack, endpoint, of_session)))

    def hold(self, encoded: Encoded, endpoint: str, *, ack: AckKey | None = None) -> None:
        """Keep a packet until its endpoint is joined, or raise BufferFull."""
        if not self.has_room(encoded):
            raise BufferFull(
                f"{endpoint!r} is not joined yet and {len(self._queue) + len(self._held)} packets ({self.characters} "
                "characters) wait already: send less, or set a larger buffer_size"
            )
        self._held.append(Entry(encoded, ack, endpoint, False))
        self.characters += size_of(encoded)

    def release(self, endpoint: str) -> None:
        """Queue what is held for an endpoint."""
        released = [entry for entry in self._held if entry.endpoint == endpoint]
        if released:
            self._keep([*self._queue, *released], [entry for entry in self._held if entry.endpoint != endpoint])

    def drop_held(self, endpoint: str) -> None:
        """Forget what is held for an endpoint."""
        if self._held:
            self._keep(self._queue, [entry for entry in self._held if entry.endpoint != endpoint])

    def push_urgent(self, encoded: Encoded) -> None:
        """Put a packet of this session before all others."""
        frames = frames_of(encoded)
        self.urgent = len(self._urgent) + len(frames)  # before, as in ``push``
        self._urgent += frames

    def push_urgent_once(self, encoded: Encoded) -> None:
        """Put a packet of this session before all others, unless the same waits there already."""
        frames = frames_of(encoded)
        if not all(frame in self._urgent for frame in frames):
            self.push_urgent(encoded)

    def has_room(self, encoded: Encoded) -> bool:
        """Return whether a packet may wait for the connection to come back, besides what waits already."""
        fits = self.characters + size_of(encoded) <= self._most_characters
        return fits and len(self._queue) + len(self._held) < self._most_packets

    @property
    def is_low(self) -> bool:
        """Whether so little waits that who waits for room is to be woken: room for one packet is not worth it."""
        if self.queued <= MOST_QUEUED // 2:
            return True
        return self.queued <= self._most_packets // 2 and self.characters <= self._most_characters // 2

    def check_room(self, encoded: Encoded) -> None:
        """Raise unless a packet may wait for the connection to come back.

        Raises:
            NotConnected: nothing may wait.
            BufferFull: too much waits already.
        """
        if self._most_packets == 0:
            raise NotConnected("the connection is away, and buffer_size=0 lets nothing wait for it")
        if not self.has_room(encoded):
            raise BufferFull(
                f"the connection is away and {len(self._queue)} packets ({self.characters} characters) wait for it "
                "already: send less, or set a larger buffer_size"
            )

    def take_urgent(self, most: float = inf) -> list[Frame]:
        """Return and forget the urgent frames, or so many of them."""
        if most < len(self._urgent):
            frames, self._urgent = self._urgent[: int(most)], self._urgent[int(most) :]
        else:
            frames, self._urgent = self._urgent, []
        self.urgent = len(self._urgent)
        return frames

    def take(self, room: float = inf, *, least: int = 0, most: float = inf) -> list[Frame]:
        """Return and forget the frames of the queue; if there are more, those of the first packets.

        Args:
            room: characters that the frames may have, and ``SPACING`` more each.
            least: packets to be taken whatever they have.
            most: packets to be taken.
        """
        is_all = self.characters + SPACING * len(self._queue) <= room
        return self.take_first(most if is_all else min(self._packets_in(room, least), most))

    def take_first(self, count: float) -> list[Frame]:
        """Return and forget the frames of so many packets of the queue."""
        queue, frames = self._queue, list[Frame]()
        for _ in range(len(queue) if count >= len(queue) else int(count)):
            encoded = queue.popleft().encoded
            if isinstance(encoded, str):
                frames.append(encoded)
            else:
                frames += encoded
        size = sum(map(len, frames))
        self.characters = self.characters - size if queue or self._held else 0
        self.queued = len(queue)
        return frames

    def take_packets(self) -> list[Encoded]:
        """Return and forget the packets of the queue."""
        packets = [entry.encoded for entry in self._queue]
        self._keep([])
        return packets

    def next(self) -> Encoded:
        """Return the first packet of the queue, which stays there."""
        return self._queue[0].encoded

    def acks(self) -> int:
        """Return how many packets wait to be written for which an acknowledgement is awaited."""
        return sum(entry.ack is not None for entry in (*self._queue, *self._held))

    def end_session(self) -> set[AckKey]:
        """Forget what belongs to the session; return the keys of the packets that stay and were never written."""
        self.take_urgent()
        self._keep([entry for entry in (*self._queue, *self._held) if not entry.of_session], ())
        return {entry.ack for entry in self._queue if entry.ack is not None}

    def settle(self, dialect: Dialect) -> list[tuple[AckKey | None, Exception]]:
        """Keep the drafts that are in this dialect; return those that it cannot say, and why."""
        kept, refused = list[Entry](), list[tuple[AckKey | None, Exception]]()
        for entry in self._queue:
            try:
                kept.append(entry._replace(encoded=chosen(entry.encoded, dialect)))
            except (LocalProtocolError, TypeError) as error:
                refused.append((entry.ack, error))
        self._keep(kept)
        return refused

    def forget_all(self) -> int:
        """Forget all packets but the urgent ones; return how many they were."""
        count = len(self._queue) + len(self._held)
        self._keep([], [])
        return count

    def take_out(self, unwanted: Callable[[Encoded], object]) -> list[Entry]:
        """Forget the packets of the queue that are unwanted, and return them."""
        out = [entry for entry in self._queue if unwanted(entry.encoded)]
        if out:
            self._keep([entry for entry in self._queue if entry not in out])
        return out

    def bind_to_session(self, endpoint: str) -> None:
        """Have what waits for an endpoint that is being left end with the session: the next one does not have it."""
        self._keep([entry._replace(of_session=True) if entry.endpoint == endpoint else entry for entry in self._queue])

    def drop_endpoint(self, endpoint: str) -> None:
        """Forget what waits for an endpoint that will not be there."""
        kept = [entry for entry in self._queue if entry.endpoint != endpoint]
        self._keep(kept, [entry for entry in self._held if entry.endpoint != endpoint])

    def _packets_in(self, room: float, least: int) -> int:
        """Return how many of the first packets fit into so many characters."""
        for count, entry in enumerate(self._queue):
            room -= size_of(entry.encoded) + SPACING
            if room < 0 and count >= least:
                return count
        return len(self._queue)

    def holds(self, ack: AckKey) -> bool:
        """Return whether the packet with this acknowledgement has not been taken yet."""
        return any(entry.ack == ack for entry in self._queue)

    def withdraw(self, ack: AckKey) -> bool:
        """Forget the packet with this acknowledgement if it has not been taken yet; return whether that was so."""
        held = self.holds(ack)
        if held:
            self._keep([entry for entry in self._queue if entry.ack != ack])
        return held

    def _keep(self, entries: Sequence[Entry], held: Sequence[Entry] | None = None) -> None:
        """Have these packets in the queue and, if that changes, these held."""
        self._queue = deque(entries) if entries else _NOTHING
        self._held = self._held if held is None else list(held)
        self.characters = sum(size_of(entry.encoded) for entry in (*self._queue, *self._held))
        self.queued = len(entries)


def frames_of(encoded: Encoded) -> tuple[Frame, ...]:
    """Return the frames of a packet."""
    return (encoded,) if isinstance(encoded, str) else encoded


def size_of(encoded: Encoded) -> int:
    """Return the characters, or bytes, of a packet."""
    return len(encoded) if isinstance(encoded, str) else sum(map(len, encoded))
