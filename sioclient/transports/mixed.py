"""Frames over a websocket to us, and by POSTs from us, in one session.

socket.io 0.9 takes only so many bytes over one websocket, and as many anew with each POST.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..errors import ConnectionLost
from ..protocol.framing import Frame, Framing
from .base import Transport
from .http import HttpClient
from .posting import Poster, PostingTransport, shared_bodies

MOST_RESPONSE = 65536
"""Bytes that the response to a POST may have."""

_TRIAL = 5.0
"""Seconds for which a POST that failed before any had a response is no loss."""


class Trial:
    """Whether POSTs arrive; that the first one fails is no loss."""

    def __init__(self) -> None:
        self.has_arrived = False
        self.failed_at: float | None = None

    def check(self, now: float) -> bool:
        """Return whether to post; raise ConnectionLost if the trial is long over, and has failed."""
        if self.failed_at is not None and now > self.failed_at + _TRIAL:
            raise ConnectionLost("the server takes no POSTs")
        return self.failed_at is None

    @contextmanager
    def watch(self, clock: Callable[[], float]) -> Iterator[None]:
        """Raise what goes wrong inside once a POST has arrived; until then, remember it."""
        try:
            yield
        except ConnectionLost:
            if self.has_arrived:
                raise
            self.failed_at = clock()


class MixedTransport(PostingTransport):
    """Receives over a websocket that is open, and sends by POSTs.

    That the first POST fails is no loss: the protocol tries with it whether POSTs arrive, and has the websocket closed
    in good order if they do not.

    Args:
        websocket: receives.
        http: knows what every request carries.
        framing: puts frames into bodies.
        url: where to post.
    """

    name = "websocket"

    def __init__(self, websocket: Transport, http: HttpClient, framing: Framing, url: str) -> None:
        super().__init__(Poster(http, MOST_RESPONSE, shared_bodies(framing)))
        self.posts.url = url
        self._websocket = websocket
        self.hasten = websocket.hasten  # type: ignore[method-assign]  # a call less
        self._trial = Trial()

    @property
    def is_busy(self) -> bool:  # type: ignore[override]
        """See ``Transport``."""
        return self._trial.failed_at is None and self.posts.is_busy

    def open(self, url: str, deadline: float) -> None:
        """Do nothing: the websocket is open."""

    def recv(self) -> list[Frame]:
        """See ``Transport.recv``."""
        return self._websocket.recv()

    def recv_until(self, deadline: float) -> list[Frame]:
        """See ``Transport.recv_until``."""
        return self._websocket.recv_until(deadline)

    def prepare(self, deadline: float) -> bool:
        """See ``Transport.prepare``."""
        if not self._trial.check(time.monotonic()):
            return False
        with self._trial.watch(time.monotonic):
            return super().prepare(deadline)
        return False

    def send(self, frames: Sequence[Frame]) -> None:
        """See ``Transport.send``."""
        with self._trial.watch(time.monotonic):
            super().send(frames)

    def finish(self, deadline: float) -> bool:
        """See ``Transport.finish``."""
        if self._trial.failed_at is None:
            with self._trial.watch(time.monotonic):
                self._trial.has_arrived |= super().finish(deadline)
                return not self.posts.is_busy
        return True

    def leave(self) -> None:
        """See ``Transport.leave``."""
        self._websocket.leave()

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._websocket.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._websocket.abort()
        self.posts.abort()

    def close(self, timeout: float) -> None:
        """See ``Transport.close``."""
        self._websocket.close(timeout)
        self.posts.close()
