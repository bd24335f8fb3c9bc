"""Recovery: what clients of socket.io 4.6 and later missed while they were away, as far as it was kept.

Each event that can be sent again has an offset behind its arguments, and is kept for a while. A client that comes back
says who it was, by an id that nobody else knows, and the offset of the last event that it saw. Everything here is
limited: the time, what is kept for one client and for all, and how many clients that were lost are remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

from ..protocol.packets import Encoded, Event, Packet, UserPacket
from .settings import Settings

RECOVERABLE = 5
"""The revision whose clients can be recovered."""

MOST_PACKETS = 10_000
"""Events that are kept in all: a client that comes back has them looked through."""

MOST_OWN = 1000
"""Events that are kept for one client alone; those for rooms are kept once for all."""

OVERHEAD = 256
"""Bytes that an event needs beside its text."""

LOSSES = ("socket end", "heartbeat timeout", "dropped")
"""Why a session ended that may be gone on with; after other ends, its client or the application wanted it so."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH = 7


class Encoder(Protocol):
    """What is needed of the dialect of revision 5."""

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame or frames of a packet."""


class Holder(Protocol):
    """The client of one session, which has a state for each of its endpoints."""

    states: dict[str, State]

    def is_open(self, endpoint: str) -> bool:
        """Return whether it is on an endpoint."""

    def drop(self) -> None:
        """End its session at once."""


@dataclass(eq=False, slots=True)
class State:
    """A client on an endpoint, over all its sessions.

    Attributes:
        endpoint: the endpoint.
        sid: the id that it has there.
        pid: the id by which it proves who it is.
        rooms: when it entered each room, as an offset; None: the endpoint itself.
        seen: the offset of the last event that it saw, when it came back.
        floor: the latest of its own events that was forgotten too early.
        own: the events that are kept for it alone.
        size: their bytes.
    """

    endpoint: str
    sid: str
    pid: str
    rooms: dict[str | None, int]
    seen: int
    floor: int = 0
    own: deque[_Kept] = field(default_factory=deque)
    size: int = 0


@dataclass(eq=False, slots=True)
class _Kept:
    offset: int
    time: float
    endpoint: str
    frames: Encoded | None
    size: int
    to: State | None
    room: str | None
    except_: State | None


class Recovery:
    """What is kept for all clients of a server.

    Args:
        settings: times and limits.
        dialect: how events are encoded.
        clock: returns the time in seconds, on a clock that never goes back.
        milliseconds: returns the time of day, from which offsets are made.
        new_id: returns an id that nobody can guess.
    """

    def __init__(
        self,
        settings: Settings,
        dialect: Encoder,
        clock: Callable[[], float],
        milliseconds: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._settings, self._dialect, self._clock = settings, dialect, clock
        self._milliseconds, self._new_id = milliseconds, new_id
        self._time = settings.recovery_time or 0.0
        # Whoever has sent a pong has seen what was sent before the ping; so a loss is found out within this time.
        self._lifetime = self._time + settings.heartbeat_interval + settings.heartbeat_timeout
        self._last = self._floor = 0
        self._kept: deque[_Kept] = deque()
        self._size = 0
        self._held: dict[str, Holder] = {}
        self._lost: dict[str, tuple[State, float]] = {}

    # Clients

    def join(self, holder: Holder, endpoint: str, auth: Any) -> tuple[State, list[Encoded] | None]:
        """Give a client that joins its state, and return that and what it missed.

        It is a new state, and the client missed None, unless ``auth`` names one that was lost.
        """
        state, missed = self._find_missed(endpoint, auth if isinstance(auth, dict) else {})
        holder.states[endpoint], self._held[state.pid] = state, holder
        return state, missed

    def _find_missed(self, endpoint: str, auth: dict[str, Any]) -> tuple[State, list[Encoded] | None]:
        state = self._find(endpoint, auth)
        if state is not None:
            missed = list(self._missed(state))[::-1]
            if sum(kept.size for kept in missed) <= self._settings.max_queued:
                return state, [kept.frames for kept in missed if kept.frames is not None]
        return State(endpoint, self._new_id(), self._new_id(), {}, self._last), None

    def _find(self, endpoint: str, auth: dict[str, Any]) -> State | None:
        pid, offset = auth.get("pid"), auth.get("offset")
        if not isinstance(pid, str):
            return None
        self._take_over(pid, endpoint)
        if pid not in self._lost or self._lost[pid][0].endpoint != endpoint:
            return None
        state, since = self._lost.pop(pid)
        seen = state.seen if offset is None else read_offset(offset)
        if seen is None or seen > self._last or self._clock() - since > self._time:
            return None
        state.seen = max(seen, state.seen)
        return state if state.seen >= max(self._floor, state.floor) else None

    def _take_over(self, pid: str, endpoint: str) -> None:
        """Lose a client that is back before anybody noticed that it was lost, as after a change of its network."""
        holder = self._held.get(pid)
        state = None if holder is None else holder.states.get(endpoint)
        if holder is not None and state is not None and state.pid == pid and holder.is_open(endpoint):
            del holder.states[endpoint]
            self.leave(state, is_lost=True)
            holder.drop()

    def leave(self, state: State, *, is_lost: bool) -> None:
        """Forget a client that has left, or remember it if it was lost."""
        self._held.pop(state.pid, None)
        if is_lost:
            self._lose(state)

    def _lose(self, state: State) -> None:
        self._lost[state.pid] = (state, self._clock())
        while len(self._lost) > self._settings.max_clients or self._is_late(next(iter(self._lost.values()))[1]):
            del self._lost[next(iter(self._lost))]

    def _is_late(self, since: float) -> bool:
        return self._clock() - since > self._time

    def enter(self, state: State, room: str | None) -> None:
        """Take note that a client is in a room, or on its endpoint, from now on."""
        state.rooms.setdefault(room, self._last)

    # Events

    def keep(
        self, packet: UserPacket, *, to: State | None = None, room: str | None = None, except_: State | None = None
    ) -> Encoded:
        """Keep an event for one client, or for all of a room or an endpoint; return it encoded, with its offset.

        Raises:
            LocalProtocolError, TypeError: it cannot be encoded.
        """
        offset = max(self._last + 1, self._milliseconds())
        name, args = (packet.name, packet.args) if isinstance(packet, Event) else ("message", [packet.data])
        frames = self._dialect.encode(Event(name, [*args, write_offset(offset)], packet.endpoint))
        self._last = offset
        size = OVERHEAD + (len(frames) if isinstance(frames, str) else sum(map(len, frames)))
        kept = _Kept(offset, self._clock(), packet.endpoint, frames, size, to, room, except_)
        self._kept.append(kept)
        self._size += size
        if to is not None:
            to.own.append(kept)
            to.size += size
            while len(to.own) > MOST_OWN or to.size > self._settings.max_queued:
                self._forget_own(to)
        self._forget_old()
        return frames

    def _missed(self, state: State) -> Iterator[_Kept]:
        for kept in reversed(self._kept):
            if kept.offset <= state.seen:
                break
            if kept.to is state or (
                kept.to is None
                and kept.endpoint == state.endpoint
                and kept.except_ is not state
                and kept.offset > state.rooms.get(kept.room, inf)
            ):
                yield kept

    def _forget_own(self, state: State) -> None:
        """Forget the oldest event for one client, which cannot be recovered from before it."""
        kept = state.own.popleft()
        state.floor, state.size = kept.offset, state.size - kept.size
        self._size -= kept.size - OVERHEAD
        kept.frames, kept.size = None, OVERHEAD

    def _forget_old(self) -> None:
        now = self._clock()
        while self._kept:
            oldest = self._kept[0]
            is_old = now - oldest.time > self._lifetime
            if not is_old and len(self._kept) <= MOST_PACKETS and self._size <= self._settings.max_recoverable:
                return
            self._kept.popleft()
            self._size -= oldest.size
            if oldest.to is not None and oldest.frames is not None:
                oldest.to.own.popleft()
                oldest.to.size -= oldest.size
            if not is_old:
                self._floor = oldest.offset


def write_offset(number: int) -> str:
    """Return an offset as socket.io writes its own: milliseconds in base 64, by which clients may know it."""
    digits = ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, 64)
        digits = _DIGITS[digit] + digits
    return digits


def read_offset(text: Any) -> int | None:
    """Return the number of an offset; None: it is none of this server's."""
    if not isinstance(text, str) or len(text) != _LENGTH or not set(text) <= _VALUES.keys():
        return None
    number = 0
    for digit in text:
        number = number * 64 + _VALUES[digit]
    return number
