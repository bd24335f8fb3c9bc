"""Frames over HTTP: a GET that waits for the server's, and POSTs for ours.

One GET is always waiting, never two, whichever thread reads, and none is given up early: what an old server has for us
it writes into the GET that it knows, and loses otherwise. No POST is sent before the first GET had its response.

Servers may respond with nothing at once, such as one that waits for a websocket to take over which never came about.
After a few such responses, there is one poll a second on average.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from ..address import fresh_url
from ..errors import HandshakeRejected, RemoteProtocolError, advice, refused
from ..protocol.framing import Frame, Framing
from .failures import connect_errors, losses
from .http import HttpClient
from .http1 import Response
from .keepalive import KeptConnection
from .posting import Bodies, Poster, PostingTransport, shared_bodies

CONNECT_TIMEOUT = 10.0
"""Seconds for another connection to a server that responded before."""

MOST_FRAMES = 1000
"""Frames that are returned at once: as packets, the shortest need a hundred times their bytes."""

_PACE = 1.0
"""Seconds between two polls on average, while they bring nothing."""

_HELD = 0.1
"""Seconds for which a server that has nothing to say must hold a poll, so that the next one may follow at once."""

_MOST_AT_ONCE = 5
"""Polls in a row that may bring nothing at once."""

_REST_TIMEOUT = 60.0
"""Seconds for the rest of a response that has begun to come."""


class Pace:
    """Says when the next poll may follow: each that brought nothing at once is paid for with some time.

    Args:
        framing: knows how frames begin that say nothing.
    """

    def __init__(self, framing: Framing) -> None:
        self._framing, self._paid_until = framing, float("-inf")

    @property
    def next_at(self) -> float:
        """When the next poll may be sent."""
        return self._paid_until - _PACE * (_MOST_AT_ONCE - 1)

    def count(self, frames: list[Frame], asked_at: float, now: float) -> None:
        """Take what a poll has brought."""
        noop = self._framing.noop
        if now - asked_at < _HELD and all(isinstance(frame, str) and frame.startswith(noop) for frame in frames):
            self._paid_until = max(self._paid_until, now) + _PACE
        else:
            self._paid_until = float("-inf")


class Polled:
    """What polls have brought.

    Args:
        name: that of the transport.
        framing: takes frames out of bodies.

    Attributes:
        pace: says when the next poll may follow.
    """

    def __init__(self, name: str, framing: Framing) -> None:
        self._name, self._framing, self.pace = name, framing, Pace(framing)
        self._waiting: Iterator[Frame] = iter(())

    def begin(self, response: Response) -> None:
        """Take the response to the first poll, or raise HandshakeRejected."""
        if response.status != 200:
            raise HandshakeRejected(
                f"the server refused {self._name} with status {response.status}, {response.body[:200]!r}: "
                f"{advice(response.status, response.body)}",
                status=response.status,
                body=response.body,
                retry_after=response.retry_after,
            )
        self._waiting = iter(self._frames_of(response))

    def put(self, response: Response, asked_at: float, now: float) -> list[Frame]:
        """Take the response to another poll, and return what ``take`` does."""
        frames = self._frames_of(response)
        self.pace.count(frames, asked_at, now)
        self._waiting = iter(frames)
        return self.take()

    def take(self) -> list[Frame]:
        """Return the next frames, at most a thousand."""
        return list(islice(self._waiting, MOST_FRAMES))

    def _frames_of(self, response: Response) -> list[Frame]:
        if response.status != 200:
            raise refused("a poll", response.status, response.body)
        if response.body.startswith("<"):
            raise RemoteProtocolError(f"a web page instead of packets: {response.body[:200]!r}")
        return list(self._framing.decode_payload(response.body))


class PollingTransport(PostingTransport):
    """xhr-polling, as its name is in the JavaScript client.

    Args:
        http: knows what every request carries.
        max_message_size: bytes that a response may have.
        framing: puts frames into bodies and takes them out.
        bodies: makes the bodies of POSTs; None: ``shared_bodies`` does.
    """

    name = "xhr-polling"
    dies_unread = True  # socket.io 0.x forgets whoever does not poll for its close time-out

    def __init__(self, http: HttpClient, max_message_size: int, framing: Framing, bodies: Bodies | None = None) -> None:
        super().__init__(Poster(http, max_message_size, bodies or shared_bodies(framing)))
        self._polls, self._polled = KeptConnection(http, "GET", max_message_size), Polled(self.name, framing)
        self._polling = False
        self._polled_at = 0.0

    def open(self, url: str, deadline: float) -> None:
        """Make the first poll, to which every server responds at once; see ``Transport.open``."""
        self.posts.url = url
        with connect_errors(self.name, url):
            self._polls.send(fresh_url(url), deadline)
            self._polled.begin(self._polls.receive(deadline))

    def recv(self) -> list[Frame]:
        """Return what the last poll has brought, at most a thousand frames, or the next; see ``Transport.recv``."""
        return self.recv_until(None)

    def recv_until(self, deadline: float | None) -> list[Frame]:
        """See ``Transport.recv_until``; at the deadline the poll stays on its way, and the next call waits for it."""
        if frames := self._polled.take():
            return frames
        with losses:
            if not (self._polling or self._rest(deadline)):
                return []
            if not self._polling:
                self._polls.send(fresh_url(self.posts.url), time.monotonic() + CONNECT_TIMEOUT)
                self._polling, self._polled_at = True, time.monotonic()
            if not self._polls.wait(deadline):
                return []
            self._polling = False
            response = self._polls.receive(time.monotonic() + _REST_TIMEOUT)
            return self._polled.put(response, self._polled_at, time.monotonic())

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._polls.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._polls.abort()
        self.posts.abort()

    def close(self, timeout: float) -> None:
        """Free everything: a packet has told the server; see ``Transport.close``."""
        self._polls.close()
        self.posts.close()

    def _rest(self, deadline: float | None) -> bool:
        """Wait until it is time for the next poll; return False if woken before, or at ``deadline``."""
        until = self._polled.pace.next_at
        if deadline is None or until <= deadline:
            return time.monotonic() >= until or self._polls.rest(until)
        self._polls.rest(deadline)
        return False


class JsonpTransport(PollingTransport):
    """jsonp-polling, with which old browsers reached other hosts: forms there, scripts back."""

    name = "jsonp-polling"
