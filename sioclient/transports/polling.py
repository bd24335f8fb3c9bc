"""Frames over HTTP: a GET that waits for the server's, and a POST for ours.

Rules, each because an old server loses packets otherwise:

* One GET is always waiting, never two, and none is given up early: what the server has for us it writes into the one
  that it knows.
* No two POSTs are on their way at once, or they overtake each other; and none before the first GET was answered.
* No request is sent twice: a POST may have been read, and 0.9 goes on to write into a GET that was cut. So that none is
  lost to a server that closes what it kept alive, a connection is used again only soon after the server said that it
  keeps it; gevent-socketio closes without a word.
* Several frames share a POST only if nobody can count their characters wrongly.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPException

from ..errors import ConnectError, ConnectionLost, HandshakeRejected, RemoteProtocolError
from .base import Frame, Framing, Transport
from .http import Answer, Exchange, HttpClient, Upgrade, connect_error, open_stream
from .stream import Stream

_CONNECT_TIMEOUT = 10.0
"""Seconds for another connection to a server that answered before."""

_ANSWER_TIMEOUT = 60.0
"""Seconds for an answer that has begun, and for the answer to a POST."""


_SURE_TO_LIVE = 1.0
"""Seconds for which a server that says that it keeps a connection does so: Node keeps it for five."""


class PollingTransport(Transport):
    """xhr-polling, as its name is in the JavaScript client.

    Args:
        http: knows what every request carries.
        max_message_size: bytes that the answer to a GET may have.
        framing: puts frames into bodies and takes them out.
    """

    name = "xhr-polling"

    def __init__(self, http: HttpClient, max_message_size: int, framing: Framing) -> None:
        self._framing, self._limit = framing, max_message_size
        self._polls, self._posts = _Line(http, "GET", max_message_size), _Line(http, "POST", max_message_size)
        self._url = ""
        self._first: list[Frame] = []
        self._polling = False

    def open(self, url: str, deadline: float) -> None:
        """Make the first poll, which every server answers at once; see ``Transport.open``."""
        self._url = url
        try:
            self._polls.ask(self._fresh_url(), deadline)
            answer = self._polls.answer(deadline)
            self._first = list(self._frames(answer))
        except RemoteProtocolError as error:
            raise ConnectError(f"polling does not work here: {error}") from error
        except (OSError, HTTPException) as error:
            raise connect_error(url, error) from error
        if answer.status != 200:
            raise HandshakeRejected(
                f"the server refused to be polled with status {answer.status}, {answer.body[:200]!r}",
                status=answer.status,
                body=answer.body,
            )

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
            return list(self._frames(answer))
        except (OSError, HTTPException) as error:
            raise ConnectionLost(f"transport closed: {error}") from error
        except RemoteProtocolError as error:
            raise ConnectionLost(f"protocol error: {error}") from error

    def send(self, frames: list[str]) -> None:
        """Post frames, and wait until the server has them; see ``Transport.send``."""
        try:
            for body in self._bodies(frames):
                deadline = time.monotonic() + _ANSWER_TIMEOUT
                self._posts.ask(self._fresh_url(), deadline, body.encode("utf-8"))
                status = self._posts.answer(deadline).status
                if status != 200:
                    raise ConnectionLost(f"a packet was answered with status {status}")
        except (OSError, HTTPException) as error:
            raise ConnectionLost(f"transport closed: {error}") from error

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

    def _bodies(self, frames: list[str]) -> Iterator[str]:
        # Beyond the first 65,536 characters, JavaScript counts two units where Python servers count one.
        if len(frames) > 1 and all(not frame or max(frame) <= "\uffff" for frame in frames):
            yield self._framing.encode_payload(frames)
        else:
            yield from frames

    def _frames(self, answer: Answer) -> Iterator[Frame]:
        if answer.body.startswith("<"):
            raise RemoteProtocolError(f"a web page instead of packets: {answer.body[:200]!r}")
        yield from self._framing.decode_payload(answer.body)

    def _fresh_url(self) -> str:
        # The time keeps caches from answering for the server, as in the JS client.
        joint = "&" if "?" in self._url else "?"
        return f"{self._url}{joint}t={time.time_ns() // 1_000_000}"


class _Line:
    """Requests of one method, one after the other, over a connection that is replaced unless it is sure to live."""

    def __init__(self, http: HttpClient, method: str, limit: int) -> None:
        self._http, self._method, self._limit = http, method, limit
        self._stream = Stream()
        self._exchange: Exchange | None = None
        self._upgrade: Upgrade | None = None
        self._used_at = float("-inf")
        self._aborted = self._woken = False

    def ask(self, url: str, deadline: float, body: bytes | None = None) -> None:
        """Send a request."""
        try:
            self._upgrade = upgrade = self._http.upgrade(url)
        except Exception as error:  # auth= may be a function of the user's, and no thread may die of it
            raise OSError(f"{type(error).__name__} while preparing a request: {error}") from error
        if self._exchange is None or not self._is_sure_to_live(self._exchange):
            self._connect(upgrade, deadline)
        assert self._exchange is not None
        content_type = {} if body is None else {"Content-Type": "text/plain;charset=UTF-8"}
        self._exchange.ask(self._method, upgrade, deadline, body, **content_type)

    def answer(self, deadline: float) -> Answer:
        """Read the answer."""
        assert self._exchange is not None
        assert self._upgrade is not None
        answer = self._exchange.answer(self._upgrade, deadline, self._limit)
        self._used_at = time.monotonic()
        return answer

    def wait_for_answer(self) -> bool:
        """Return True when the answer begins to come, False when woken."""
        begins = not self._woken and self._stream.wait()
        self._woken = self._woken and begins
        return begins

    def wake(self) -> None:
        self._woken = True  # the stream may be about to be replaced
        self._stream.wake()

    def abort(self) -> None:
        self._aborted = True
        self._stream.abort()

    def close(self) -> None:
        self._stream.close()

    def _is_sure_to_live(self, exchange: Exchange) -> bool:
        recent = time.monotonic() < self._used_at + _SURE_TO_LIVE
        return recent and exchange.promises_more and not self._stream.has_ended()

    def _connect(self, upgrade: Upgrade, deadline: float) -> None:
        old, self._stream = self._stream, Stream()
        old.close()
        if self._aborted:
            raise ConnectionAbortedError("the transport was aborted")
        open_stream(self._stream, upgrade, deadline, tunnel=False)
        self._exchange = Exchange(self._stream, self._http)
