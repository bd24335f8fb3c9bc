"""Frames over HTTP: a GET that waits for the server's, and a POST for ours.

Rules, each because an old server loses packets otherwise:

* One GET is always waiting, never two, and none is given up early: what the server has for us it writes into the one
  that it knows.
* No two POSTs are on their way at once, or they overtake each other; and none before the first GET was answered.
* Several frames share a POST only if nobody can count their characters wrongly: beyond the first 65,536, JavaScript
  counts two units where Python servers count one. And only if they fit into the smallest segment of TCP: socket.io 0.7
  to 0.9 decode each piece that arrives by itself, so that a mark between two frames that is cut takes both with it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from math import inf

from ..errors import ConnectError, ConnectionLost, HandshakeRejected, RemoteProtocolError
from .base import Frame, Framing, Transport
from .exchange import Answer, TooLarge
from .http import HttpClient, connect_error
from .line import Line

_CONNECT_TIMEOUT = 10.0
"""Seconds for another connection to a server that answered before."""

_ANSWER_TIMEOUT = 60.0
"""Seconds for an answer that has begun, for the answer to a POST, and for a connection to post on."""

_REST_TIMEOUT = 5.0
"""Seconds for the rest of the few bytes that answer a POST."""

_MOST_SHARED = 500
"""Bytes of a body that several frames share: every host takes a segment of 536."""

_MARKS = 9
"""Bytes that a frame needs besides its own in such a body: two marks, and its length in between."""


@contextmanager
def _losses() -> Iterator[None]:
    """Say as ConnectionLost what goes wrong with a POST."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise ConnectionLost(f"transport closed: {error}") from error


class PostingTransport(Transport):
    """What the transports over HTTP have in common: frames are sent in POSTs.

    ``send`` returns when the first of them is written; ``finish`` reads its answer, and goes on with the others.

    Args:
        http: knows what every request carries.
        max_message_size: bytes that an answer may have.
        framing: puts frames into bodies and takes them out.
    """

    def __init__(self, http: HttpClient, max_message_size: int, framing: Framing) -> None:
        self._framing = framing
        self._posts = Line(http, "POST", max_message_size)
        self._url = ""
        self._waiting: deque[tuple[bytes, str]] = deque()  # bodies of POSTs, and their types
        self._answer_by: float | None = None  # until when the POST that is on its way must be answered
        self._connect_by: float | None = None  # until when there must be a connection for the next one

    @property
    def is_busy(self) -> bool:  # type: ignore[override]
        """See ``Transport``."""
        return self._answer_by is not None or self._connect_by is not None

    def prepare(self, deadline: float) -> bool:
        """Wait for the answers to what was sent, and for a connection; see ``Transport.prepare``."""
        with _losses():
            return self._finish(deadline) and self._connect(deadline)

    def send(self, frames: Sequence[Frame]) -> None:
        """Post frames, or the first of them; see ``Transport.send``."""
        self._waiting.extend(self._bodies(frames))
        with _losses():
            self._post()

    def finish(self, deadline: float) -> bool:
        """Wait until the server has all that was sent; see ``Transport.finish``."""
        with _losses():
            return self._finish(deadline)

    def _finish(self, deadline: float) -> bool:
        while self._answer_by is not None or self._waiting:
            if self._answer_by is not None:
                if not self._has_answer(self._answer_by, deadline):
                    return False
            elif self._connect(deadline):
                self._post()
            else:
                return False
        return True

    def _has_answer(self, answer_by: float, deadline: float) -> bool:
        """Wait for the answer to the POST that is on its way."""
        if not self._posts.wait_for_answer(min(answer_by, deadline)):
            if time.monotonic() >= answer_by:
                raise TimeoutError("a packet was not answered in time")
            return False
        status = self._posts.answer(time.monotonic() + _REST_TIMEOUT).status
        if status != 200:
            raise ConnectionLost(f"a packet was answered with status {status}")
        self._answer_by = None
        return True

    def _connect(self, deadline: float) -> bool:
        """Have a connection for the next POST; return whether there is one."""
        now = time.monotonic()
        self._connect_by = connect_by = self._connect_by or now + _ANSWER_TIMEOUT
        if now >= deadline:
            return False
        try:
            self._posts.prepare(self._fresh_url(), min(deadline, connect_by))
        except TimeoutError:
            if time.monotonic() >= connect_by:
                raise
            return False
        self._connect_by = None
        return True

    def _post(self) -> None:
        body, content_type = self._waiting.popleft()
        self._answer_by = deadline = time.monotonic() + _ANSWER_TIMEOUT
        self._posts.ask(self._fresh_url(), deadline, body, **{"Content-Type": content_type})

    def _bodies(self, frames: Sequence[Frame]) -> Iterator[tuple[bytes, str]]:
        """Yield the bodies of POSTs and their types."""
        for share in _shares([frame for frame in frames if isinstance(frame, str)]):
            yield self._framing.encode_payload(share).encode("utf-8"), self._framing.content_type

    def _fresh_url(self) -> str:
        # The time keeps caches from answering for the server, as in the JS client.
        joint = "&" if "?" in self._url else "?"
        return f"{self._url}{joint}t={time.time_ns() // 1_000_000}"


def _shares(frames: Sequence[str]) -> Iterator[list[str]]:
    """Yield frames in order, those together that may share a body."""
    share: list[str] = []
    room: float = _MOST_SHARED
    for frame in frames:
        is_alone = len(frame) > _MOST_SHARED or max(frame, default="") > "\uffff"
        size = inf if is_alone else len(frame.encode("utf-8")) + _MARKS
        if share and size > room:
            yield share
            share, room = [], _MOST_SHARED
        share.append(frame)
        room -= size
    if share:
        yield share


class PollingTransport(PostingTransport):
    """xhr-polling, as its name is in the JavaScript client."""

    name = "xhr-polling"

    def __init__(self, http: HttpClient, max_message_size: int, framing: Framing) -> None:
        super().__init__(http, max_message_size, framing)
        self._polls = Line(http, "GET", max_message_size)
        self._first: list[Frame] = []
        self._polling = False

    def open(self, url: str, deadline: float) -> None:
        """Make the first poll, which every server answers at once; see ``Transport.open``."""
        self._url = url
        try:
            self._polls.ask(self._fresh_url(), deadline)
            answer = self._polls.answer(deadline)
        except (OSError, HTTPException) as error:
            raise connect_error(url, error) from error
        if answer.status != 200:
            raise HandshakeRejected(
                f"the server refused {self.name} with status {answer.status}, {answer.body[:200]!r}",
                status=answer.status,
                body=answer.body,
            )
        try:
            self._first = self._frames(answer)
        except RemoteProtocolError as error:
            raise ConnectError(f"{self.name} does not work here: {error}") from error

    def recv(self) -> list[Frame]:
        """Return what the next poll brings; see ``Transport.recv``."""
        if self._first:
            frames, self._first = self._first, []
            return frames
        try:
            if not self._polling:
                self._polls.ask(self._fresh_url(), time.monotonic() + _CONNECT_TIMEOUT)
                self._polling = True
            if not self._polls.wait_for_answer():
                return []
            self._polling = False
            answer = self._polls.answer(time.monotonic() + _ANSWER_TIMEOUT)
            if answer.status != 200:
                raise ConnectionLost(f"a poll was answered with status {answer.status}")
            return self._frames(answer)
        except TooLarge as error:
            raise ConnectionLost(f"message too big: {error}: see max_message_size=") from error
        except (OSError, HTTPException) as error:
            raise ConnectionLost(f"transport closed: {error}") from error
        except RemoteProtocolError as error:
            raise ConnectionLost(f"protocol error: {error}") from error

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._polls.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._polls.abort()
        self._posts.abort()

    def close(self, timeout: float) -> None:
        """Free everything: the farewell was a packet; see ``Transport.close``."""
        self._polls.close()
        self._posts.close()

    def _frames(self, answer: Answer) -> list[Frame]:
        if answer.body.startswith("<"):
            raise RemoteProtocolError(f"a web page instead of packets: {answer.body[:200]!r}")
        return list(self._framing.decode_payload(answer.body))


class JsonpTransport(PollingTransport):
    """jsonp-polling, with which old browsers reached other hosts: forms there, scripts back."""

    name = "jsonp-polling"
