"""How often something may happen: so many times at once, and so many times a second afterwards."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable


class Rate:
    """How often one thing may happen.

    Args:
        per_second: how often in the long run.
        at_once: how often right after a time in which it did not happen.
        clock: returns the time in seconds.
    """

    def __init__(self, per_second: float, at_once: float, clock: Callable[[], float]) -> None:
        self._per_second, self._at_once, self._clock = per_second, at_once, clock
        self._left, self._then = at_once, clock()

    def take(self) -> bool:
        """Return whether it may happen now, and count it if so."""
        now = self._clock()
        self._left = min(self._at_once, self._left + (now - self._then) * self._per_second)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Rates:
    """A rate for each of many, such as the addresses of clients; those of which nothing came for long are forgotten.

    Args:
        per_second, at_once, clock: as for ``Rate``.
    """

    def __init__(self, per_second: float, at_once: float, clock: Callable[[], float]) -> None:
        self._per_second, self._at_once, self._clock = per_second, at_once, clock
        self._rates: OrderedDict[Hashable, tuple[float, Rate]] = OrderedDict()  # with the time when it is whole again

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._rates)

    def take(self, key: Hashable) -> bool:
        """Return whether it may happen now for ``key``, and count it if so."""
        now = self._clock()
        while self._rates and next(iter(self._rates.values()))[0] <= now:
            self._rates.popitem(last=False)
        _, rate = self._rates.pop(key, (now, None))
        rate = rate or Rate(self._per_second, self._at_once, self._clock)
        self._rates[key] = (now + self._at_once / self._per_second, rate)
        return rate.take()
