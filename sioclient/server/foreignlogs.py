"""What Tornado logs of the requests to a server: as little of each kind as the server itself does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .logs import Pauses

LOGGERS = ("tornado.access", "tornado.application", "tornado.general")


class Filter(logging.Filter):
    """Lets at most one record per second pass of those that one place in Tornado's code writes in one thread.

    A body of a form without a boundary for a path that does not exist, for one, made it write 2,700 records a second.
    Other threads may have a Tornado of their own, which is none of this filter's business.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._pauses = Pauses(clock)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be written; say in it how many were not."""
        if record.thread != self._thread:
            return True
        more = self._pauses.pass_by((record.pathname, record.lineno))
        if more:
            record.msg, record.args = record.getMessage() + more, ()
        return more is not None


@contextmanager
def limited(clock: Callable[[], float]) -> Iterator[None]:
    """Limit what Tornado logs in this thread during the block."""
    loggers, limit = [logging.getLogger(name) for name in LOGGERS], Filter(clock)
    for logger in loggers:
        logger.addFilter(limit)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(limit)
