"""The server's log: clients cannot cause more than one record per second of each kind, whatever they do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable

logger = logging.getLogger("sioclient.server")

PAUSE = 1.0
"""Seconds between two records of a kind."""


class Pauses:
    """When the last record of each kind was written, and how many have been left out since.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kinds: dict[Hashable, tuple[float, int]] = {}  # the next one may be written then; and how many were not

    def pass_by(self, kind: Hashable) -> str | None:
        """Return what a record of a kind has to say of those that were left out; None: leave it out, too."""
        now = self._clock()
        then, left_out = self._kinds.get(kind, (now, 0))
        if now < then:
            self._kinds[kind] = (then, left_out + 1)
            return None
        self._kinds[kind] = (now + PAUSE, 0)
        return f" (and {left_out} more since the last record)" if left_out else ""


class RateLimitedLog:
    """Writes at most one record of each kind per second, and counts those that it leaves out.

    What is written with the same text is of one kind: a flood of malformed packets hides no error of a handler.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._pauses = Pauses(clock)

    def write(self, text: str, *args: object, error: BaseException | None = None) -> None:
        """Write a warning, or an error with its traceback. Text from a client must be in ``args``, for a ``%r``."""
        more = self._pauses.pass_by(text)
        if more is not None:
            level = logging.WARNING if error is None else logging.ERROR
            logger.log(level, text + more, *args, exc_info=error)
