"""What follows when the byte budget of a websocket is nearly spent: see ``fence``.

The session goes on. Its packets are posted to the URL of its polling from now on, while the websocket goes on
receiving: socket.io 0.8 and 0.9 take both, and every POST has a budget of its own. Packets keep their order, as the
websocket's last fence was acknowledged before the first POST, and no POST is sent before the last had its response. A
fence is posted first: an old server responds to POSTs of sessions that it does not know as if all were well, so only an
acknowledgement proves that they arrive.

Where that does not work, the session is renewed in good order. Every packet was read; the acknowledgements that are
still awaited get some time; the websocket is closed, and read until the server has closed it too. Packets that were not
written yet wait for the next session.
"""

from __future__ import annotations

from enum import Enum

from ..reading import Reading
from .revisions.base import Posts

TRIAL = 2.0
"""Seconds that a server has to acknowledge the fence that is posted."""

SETTLING = 2.0
"""Seconds for the acknowledgements that are awaited when the session is to be renewed."""

LEAVING = 1.0
"""Seconds that the server has to close a websocket."""


class Stage(Enum):
    """Where a session is whose websocket has no byte budget left.

    TRYING: a fence is posted. POSTING: packets are. EMPTYING: something cannot be posted, so the session is to be
    renewed, and a last fence is posted. SETTLING: acknowledgements are awaited. LEAVING: the websocket is being closed.
    """

    TRYING = "trying"
    POSTING = "posting"
    EMPTYING = "emptying"
    SETTLING = "settling"
    LEAVING = "leaving"


class Order(Enum):
    """What the shell is asked to do."""

    POST = "send by POSTs from now on, and receive as before"
    CLOSE = "close the websocket, and receive until the server has closed it too"


class Detour:
    """The detour of one session.

    Args:
        reading: the clock of the stages, as they end with what is read.
        now: seconds on the caller's clock.
        posts: the POSTs that may be tried; None: there are none.

    Attributes:
        posts: as above.
        stage: where it is.
        order: what the shell is asked to do; whoever does it sets this to None.
        owes_fence: whether a fence is to be sent now.
    """

    def __init__(self, reading: Reading, now: float, posts: Posts | None) -> None:
        self._reading, self.posts = reading, posts
        self.stage = Stage.TRYING
        self.order: Order | None = Order.POST if posts else None
        self.owes_fence = posts is not None
        self._due = 0.0
        self._enter(*((Stage.TRYING, TRIAL) if posts else (Stage.SETTLING, SETTLING)), now)

    def drained(self, now: float) -> None:
        """The fence that was posted is acknowledged."""
        if self.stage is Stage.TRYING:
            self.stage = Stage.POSTING
        else:
            self._enter(Stage.SETTLING, SETTLING, now)

    def empty(self, now: float) -> None:
        """Something cannot be posted."""
        self.owes_fence = True
        self._enter(Stage.EMPTYING, TRIAL, now)

    def leave(self, now: float) -> None:
        """Nothing is in flight any more."""
        self.order = Order.CLOSE
        self._enter(Stage.LEAVING, LEAVING, now)

    def deadline(self) -> float | None:
        """Return when the stage is overdue; None: it may last, or nobody reads what it waits for."""
        return None if self.stage is Stage.POSTING else self._reading.when(self._due)

    def _enter(self, stage: Stage, seconds: float, now: float) -> None:
        self.stage, self._due = stage, self._reading.clock(now) + seconds
