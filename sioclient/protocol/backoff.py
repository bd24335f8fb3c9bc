"""How long to wait before the next attempt to connect, and when to give up."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Delays that double up to a limit, each spread by half of itself, and counted.

    The spread keeps the clients of a restarted server from coming back all at once.

    Args:
        delay: seconds before the first attempt, on average.
        limit: seconds that no delay exceeds.
        attempts: how many attempts there may be in a row; None: no end.
        random: returns a number from 0 up to 1; injected, so that tests know what comes.
    """

    def __init__(self, delay: float, limit: float, attempts: int | None, random: Callable[[], float]) -> None:
        self._first, self._limit, self._most, self._random = delay, limit, attempts, random
        self._average = delay
        self.attempts = 0

    def next(self, asked_for: float = 0.0) -> float | None:
        """Return the seconds until the next attempt and count it; None: the attempts are spent.

        Args:
            asked_for: seconds that the server wants it to be at least; the limit holds for them too.
        """
        if self._most is not None and self.attempts >= self._most:
            return None
        self.attempts += 1
        average, self._average = self._average, min(self._average * 2, self._limit)
        return min(max(average * (0.5 + self._random()), asked_for), self._limit)

    def succeeded(self) -> None:
        """Count anew: an attempt succeeded. The delays go on growing, as it may not last."""
        self.attempts = 0

    def reset(self) -> None:
        """Begin anew: the connection was healthy."""
        self.attempts, self._average = 0, self._first
