"""Signals: SIGTERM ends a command in good order; Ctrl-C does so by itself, and Python ignores SIGPIPE.

Another one wakes the main thread when it waits for a line that is being typed. Windows has no such signal: there the
next line that is typed wakes it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_WAKE: Any = getattr(signal, "SIGUSR1", None)


class Terminated(SystemExit):
    """SIGTERM came."""


class Woken(Exception):
    """Something has happened that who waits for a line should know."""


@contextmanager
def terminating() -> Iterator[None]:
    """Let SIGTERM raise Terminated in the main thread, during the block."""
    with _handling(signal.SIGTERM, _terminate):
        yield


@contextmanager
def waking(is_waiting: Callable[[], bool]) -> Iterator[Callable[[], None]]:
    """Yield a function that raises Woken in the main thread if that is waiting just then.

    After the block nobody may call it: by default, this signal ends the program.
    """

    def wake(number: int, frame: Any) -> None:
        if is_waiting():
            raise Woken

    if _WAKE is None:
        yield lambda: None
        return
    with _handling(_WAKE, wake):
        yield lambda: os.kill(os.getpid(), _WAKE)


@contextmanager
def _handling(number: Any, handler: Callable[[int, Any], None]) -> Iterator[None]:
    try:
        before: Any = signal.signal(number, handler)
    except ValueError:  # this is not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)


def _terminate(number: int, frame: Any) -> None:
    raise Terminated
