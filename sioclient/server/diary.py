"""The server's log, of which a client can cause no more than one line per second, whatever it does."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger("sioclient.server")


class Diary:
    """Writes at most one line per second, and says how many were left out before it.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = float("-inf")
        self._left_out = 0

    def note(self, text: str, *args: object, error: BaseException | None = None) -> None:
        """Write a warning, or an error with its traceback; what came from a client belongs into ``args``, as ``%r``."""
        now = self._clock()
        if now < self._next:
            self._left_out += 1
            return
        level = logging.WARNING if error is None else logging.ERROR
        more = f" (and {self._left_out} more lines since the last)" if self._left_out else ""
        logger.log(level, text + more, *args, exc_info=error)
        self._next, self._left_out = now + 1, 0
