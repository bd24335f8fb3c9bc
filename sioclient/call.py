"""An acknowledgement that a thread waits for."""

from __future__ import annotations

import sys
import threading

from .protocol.notices import Answered, Unanswered

# On Windows no lock's acquire is interrupted by Ctrl-C, so there a wait looks up now and then.
SLICE = 1.0 if sys.platform == "win32" else None


class Call:
    """Settled by one thread, waited for by another."""

    def __init__(self) -> None:
        self.outcome: Answered | Unanswered | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def settle(self, outcome: Answered | Unanswered) -> None:
        """Let the waiting thread go on with ``outcome``."""
        self.outcome = outcome
        self._done.release()

    def wait(self) -> None:
        """Return when this is settled."""
        while not self._done.acquire(timeout=-1 if SLICE is None else SLICE):
            pass
