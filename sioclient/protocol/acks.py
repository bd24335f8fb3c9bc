"""Acknowledgements that somebody waits for: each comes or fails exactly once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

from ..errors import LocalProtocolError
from .packets import MAX_ID

AckKey = tuple[str, int]
"""Endpoint and id."""


@dataclass(slots=True)
class _Pending:
    waiter: Any
    deadline: float | None
    since: float


class Acks:
    """The table of pending acknowledgements of one connection.

    Ids are counted from 1 over all endpoints and never used twice, not even after a reconnect, so that a late
    ack finds nobody.

    Args:
        limit: how many may be pending at once.

    Attributes:
        ignored: how many acknowledgements came that nobody waited for.
        round_trip: the seconds that the latest took in a single session; None: there was none.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._ids = itertools.count(1)
        self._pending: dict[AckKey, _Pending] = {}
        self._deadlines: list[tuple[float, AckKey]] = []
        self.ignored = 0
        self.round_trip: float | None = None

    def __len__(self) -> int:
        return len(self._pending)

    def new_id(self, endpoint: str) -> int:
        """Return an id that no packet of ours on ``endpoint`` waits with. Safe from any thread."""
        number = next(self._ids)
        while (endpoint, number) in self._pending:
            number = next(self._ids)
        return number

    def add(self, key: AckKey, waiter: Any, deadline: float | None, now: float = 0.0) -> None:
        """Wait for the ack of ``key`` from ``now`` on; ``waiter`` is handed back with it.

        Raises:
            LocalProtocolError: something waits with this id already, or too much waits in all.
        """
        endpoint, number = key
        if type(number) is not int or not 1 <= number <= MAX_ID:
            raise LocalProtocolError(f"msgid must be a whole number from 1 to 2**53, not {number!r}")
        if key in self._pending:
            raise LocalProtocolError(f"the acknowledgement of {number} on {endpoint!r} is still awaited: use another")
        if len(self._pending) >= self._limit:
            raise LocalProtocolError(f"{self._limit} acknowledgements are awaited already: does the server send any?")
        pending = _Pending(waiter, deadline, now)
        if deadline is not None:  # first, as Ctrl-C may come in between, and nobody minds a deadline without an ack
            heappush(self._deadlines, (deadline, key))
        self._pending[key] = pending

    def renew(self, key: AckKey, waiter: Any, deadline: float | None, now: float) -> None:
        """Wait for the ack of ``key`` anew, or until another time."""
        self._pending[key] = _Pending(waiter, deadline, now)
        if deadline is not None:
            heappush(self._deadlines, (deadline, key))

    def resolve(self, key: AckKey) -> _Pending | None:
        """Return who waits for ``key`` and forget it; None, and counted, when nobody does."""
        pending = self._pending.pop(key, None)
        if pending is None:
            self.ignored += 1
        elif pending.deadline is not None and len(self._deadlines) > 2 * len(self._pending) + 64:
            self._forget_stale_deadlines()
        return pending

    def drop(self, condemned: Callable[[AckKey], bool]) -> list[Any]:
        """Forget all whose key is condemned; return who waited, oldest first."""
        dropped = [self._pending.pop(key).waiter for key in [key for key in self._pending if condemned(key)]]
        self._forget_stale_deadlines()
        return dropped

    def expire(self, now: float) -> Iterator[Any]:
        """Forget those whose time is over, and yield who waited."""
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, key = heappop(self._deadlines)
            if self._is_live(deadline, key):
                yield self._pending.pop(key).waiter

    def deadline(self) -> float | None:
        """Return when the next one's time is over."""
        while self._deadlines and not self._is_live(*self._deadlines[0]):
            heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def _is_live(self, deadline: float, key: AckKey) -> bool:
        pending = self._pending.get(key)
        return pending is not None and pending.deadline == deadline

    def _forget_stale_deadlines(self) -> None:
        # Acks come and endpoints end long before the time-outs: without this, a minute of calls would stay in the heap.
        if len(self._deadlines) > 2 * len(self._pending) + 64:
            self._deadlines = [entry for entry in self._deadlines if self._is_live(*entry)]
            heapify(self._deadlines)
