"""What ``-v`` and ``-vv`` show: the log of sioclient, on stderr."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .output import BOLD, CYAN, DIM, GREEN, RED, YELLOW
from .text import printable

LOGGER = logging.getLogger("sioclient")

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class Shown(NamedTuple):
    """A record of the log: a mark, a text, and a colour for both."""

    mark: str
    text: str
    colour: str


class Narrator(logging.Handler):
    """Shows records, each as a line: ``>`` is a packet that was written, ``<`` one that was read, ``*`` the life.

    Args:
        show: what shows them.
    """

    def __init__(self, show: Callable[[Shown], None]) -> None:
        super().__init__()
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        try:
            self._show(shown(record))
        except Exception:
            self.handleError(record)


def shown(record: logging.LogRecord) -> Shown:
    """Return how a record is shown."""
    text = printable(record.getMessage())
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        text += printable(f": {type(error).__name__}: {error}")
    if record.levelno >= logging.WARNING:
        return Shown("!", text, RED if record.levelno >= logging.ERROR else YELLOW)
    if text[:2] in ("> ", "< "):
        return Shown(text[0], text[2:], GREEN if text[0] == ">" else CYAN)
    return Shown("*", text, DIM if record.levelno < logging.INFO else BOLD)


@contextmanager
def narrated(level: int, show: Callable[[Shown], None]) -> Iterator[None]:
    """Show the log of sioclient from a level on, during the block."""
    narrator, before, propagates = Narrator(show), LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(narrator)
    LOGGER.setLevel(level)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(narrator)
        LOGGER.setLevel(before)
        LOGGER.propagate = propagates
