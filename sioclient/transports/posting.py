"""The POSTs of the transports over HTTP, one after the other.

Two POSTs that are on their way at once overtake each other, so the next one waits for the response to the last.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf

from ..address import fresh_url
from ..errors import refused
from ..protocol.framing import MARKS, Frame, Framing
from .base import Transport
from .failures import losses
from .http import HttpClient
from .keepalive import KeptConnection

POST_TIMEOUT = 60.0
"""Seconds for the response to a POST to begin, and for a connection to post on."""

_REST_TIMEOUT = 5.0
"""Seconds for the rest of the few bytes of such a response."""

_MOST_AT_ONCE = 2**16
"""Bytes of a body for which TCP surely has room. A larger one is left to the thread that waits for the responses."""

Bodies = Callable[[Sequence[Frame]], Iterable[tuple[bytes, str]]]
"""Makes bodies of frames, each with its Content-Type."""


class Poster:
    """Posts frames: ``send`` writes a first body that is small; ``finish`` reads its response and writes the others.

    Args:
        http: knows what every request carries.
        limit: bytes that a response may have.
        bodies: makes bodies of frames.

    Attributes:
        url: where to post.
    """

    def __init__(self, http: HttpClient, limit: int, bodies: Bodies) -> None:
        self.url = ""
        self._bodies = bodies
        self._connection = KeptConnection(http, "POST", limit)
        self._waiting: deque[tuple[bytes, str]] = deque()  # bodies, and their types
        self._respond_by: float | None = None  # until when the response to the POST on its way must come
        self._connect_by: float | None = None  # until when there must be a connection for the next one

    @property
    def is_busy(self) -> bool:
        """Whether a POST waits for its response, for a connection, or to be written."""
        return self._respond_by is not None or self._connect_by is not None or bool(self._waiting)

    def prepare(self, deadline: float) -> bool:
        """Wait for the responses to what was sent, and for a connection; see ``Transport.prepare``."""
        with losses:
            return self._finish(deadline) and self._connect(deadline)

    def send(self, frames: Sequence[Frame]) -> None:
        """Post frames, or the first of them; see ``Transport.send``."""
        with losses:
            self._waiting.extend(self._bodies(frames))
            if len(self._waiting[0][0]) <= _MOST_AT_ONCE:
                self._post()

    def finish(self, deadline: float) -> bool:
        """Wait until the server has all that was sent; see ``Transport.finish``."""
        with losses:
            return self._finish(deadline)

    def abort(self) -> None:
        """Make whatever waits raise, now or the next time."""
        self._connection.abort()

    def close(self) -> None:
        """Free everything."""
        self._connection.close()

    def _finish(self, deadline: float) -> bool:
        while self._respond_by is not None or self._waiting:
            if self._respond_by is not None:
                if not self._has_response(self._respond_by, deadline):
                    return False
            elif self._connect(deadline):
                self._post()
            else:
                return False
        return True

    def _has_response(self, respond_by: float, deadline: float) -> bool:
        if not self._connection.wait(min(respond_by, deadline)):
            if time.monotonic() >= respond_by:
                raise TimeoutError("no response to a POST came in time")
            return False
        response = self._connection.receive(time.monotonic() + _REST_TIMEOUT)
        if response.status != 200:
            raise refused("a POST", response.status, response.body)
        self._respond_by = None
        return True

    def _connect(self, deadline: float) -> bool:
        """Have a connection for the next POST; return whether there is one."""
        now = time.monotonic()
        self._connect_by = connect_by = self._connect_by or now + POST_TIMEOUT
        if now >= deadline:
            return False
        try:
            self._connection.prepare(fresh_url(self.url), min(deadline, connect_by))
        except TimeoutError:
            if time.monotonic() >= connect_by:
                raise
            return False
        self._connect_by = None
        return True

    def _post(self) -> None:
        body, content_type = self._waiting.popleft()
        self._respond_by = deadline = time.monotonic() + POST_TIMEOUT
        self._connection.send(fresh_url(self.url), deadline, body, **{"Content-Type": content_type})


class PostingTransport(Transport):
    """What the transports over HTTP have in common: frames are sent by ``posts``."""

    def __init__(self, posts: Poster) -> None:
        self.posts = posts

    prepares = True

    @property
    def is_busy(self) -> bool:  # type: ignore[override]
        """See ``Transport``."""
        return self.posts.is_busy

    def prepare(self, deadline: float) -> bool:
        """See ``Transport.prepare``."""
        return self.posts.prepare(deadline)

    def send(self, frames: Sequence[Frame]) -> None:
        """See ``Transport.send``."""
        self.posts.send(frames)

    def finish(self, deadline: float) -> bool:
        """See ``Transport.finish``."""
        return self.posts.finish(deadline)


def shared_bodies(framing: Framing) -> Bodies:
    """Return what makes bodies for a server of revision 1.

    Several frames share a body only if nobody can count their characters wrongly: beyond the first 65,536, JavaScript
    counts two units where Python servers count one. And only so many bytes as the framing says: socket.io 0.7 to 0.9
    decode each segment by itself, so that a mark between two frames that is cut takes both with it.
    """

    def bodies(frames: Sequence[Frame]) -> Iterator[tuple[bytes, str]]:
        for share in _shares([frame for frame in frames if isinstance(frame, str)], framing.most_shared):
            yield framing.encode_payload(share).encode("utf-8"), framing.content_type

    return bodies


def _shares(frames: Sequence[str], most: float) -> Iterator[list[str]]:
    """Yield frames in order, those together that may share a body of so many bytes."""
    share: list[str] = []
    room = most
    for frame in frames:
        size = len(frame) + MARKS if frame.isascii() else _size_of_text(frame)
        if share and size > room:
            yield share
            share, room = [], most
        share.append(frame)
        room -= size
    if share:
        yield share


def _size_of_text(frame: str) -> float:
    return inf if max(frame) > "\uffff" else len(frame.encode("utf-8")) + MARKS
