"""Looks a few more times before a thread falls asleep, when a server nearby is about to respond.

To fall asleep and to be woken takes a thread 10 to 50 microseconds, about as long as such a server takes. A thread that
has just sent what it awaits the acknowledgement of looks again for that long instead. If nothing has come by then, the
server is farther away, and the next times nobody looks: so a server that takes long costs a few microseconds for each
round trip. With a single processor, nobody looks at all: the server may need it. Nor does a thread that is a greenlet
of gevent or eventlet: the others wait until it sleeps.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from collections.abc import Callable

MOST = 100e-6
"""Seconds for which a thread looks."""

PASSED_OVER = 15
"""How often nobody looks after it was in vain: that makes 6 microseconds for each time."""

_is_green = type(allocate_lock()).__module__.startswith(("gevent", "eventlet"))
_is_alone = (os.cpu_count() or 1) == 1
_give_way: Callable[[], None] | None = None if _is_green or _is_alone else getattr(os, "sched_yield", None)


class Looking:
    """Whether the thread that reads looks again, for that thread.

    Attributes:
        until: until when, by the monotonic clock; 0: it does not.
    """

    until = 0.0
    _passes = 0  # how often nobody looks from now on

    def begin(self) -> None:
        """Look again from now on: something is about to come."""
        if self._passes:
            self._passes -= 1
        elif _give_way is not None:
            self.until = time.monotonic() + MOST

    def again(self) -> bool:
        """Return whether to look again, instead of sleeping; let other threads and processes go first."""
        if not self.until:
            return False
        if time.monotonic() < self.until and _give_way is not None:
            _give_way()
            return True
        self.pass_over()
        return False

    def pass_over(self) -> None:
        """It was in vain: look no more, and not the next times either."""
        self.until, self._passes = 0.0, PASSED_OVER
