"""The server's log: clients cannot cause more than one record per second, whatever they do."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger("sioclient.server")


class RateLimitedLog:
    """Writes at most one record per second, and counts those that it leaves out.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = float("-inf")
        self._left_out = 0

    def write(self, text: str, *args: object, error: BaseException | None = None) -> None:
        """Write a warning, or an error with its traceback. Text from a client must be in ``args``, for a ``%r``."""
        now = self._clock()
        if now < self._next:
            self._left_out += 1
            return
        level = logging.WARNING if error is None else logging.ERROR
        more = f" (and {self._left_out} more since the last record)" if self._left_out else ""
        logger.log(level, text + more, *args, exc_info=error)
        self._next, self._left_out = now + 1, 0
