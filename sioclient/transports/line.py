"""HTTP requests one after the other, over a connection that is kept.

No request is sent twice: a POST may have been read, and socket.io 0.9 goes on to write into a GET that was cut. So that
none is lost to a server that closes what it kept, a connection is used again only soon after the server said that it
keeps it; gevent-socketio closes without a word.
"""

from __future__ import annotations

import time

from .exchange import Answer, Exchange, open_stream
from .http import HttpClient, Upgrade
from .stream import Stream

_SURE_TO_LIVE = 1.0
"""Seconds for which a server that says that it keeps a connection does so: Node keeps it for five."""


class Line:
    """Requests of one method, one after the other, over a connection that is replaced unless it is sure to live.

    ``wake`` and ``abort`` are for any thread, the rest for one at a time.

    Args:
        http: knows what every request carries.
        method: GET or POST.
        limit: bytes that an answer may have.
    """

    def __init__(self, http: HttpClient, method: str, limit: int) -> None:
        self._http, self._method, self._limit = http, method, limit
        self._wakes = method == "GET"  # nobody who posts is woken, and a connection has few descriptors
        self._stream = Stream(wakes=self._wakes)
        self._exchange: Exchange | None = None
        self._prepared: Upgrade | None = None
        self._upgrade: Upgrade | None = None
        self._lives_until = float("-inf")
        self._aborted = self._woken = False

    def prepare(self, url: str, deadline: float) -> None:
        """Have a connection for the next request. Raises TimeoutError at ``deadline``, OSError or an HTTPException."""
        if self._prepared is None:
            try:
                self._prepared = self._http.upgrade(url)
            except Exception as error:  # auth= may be a function of the user's, and no thread may die of it
                raise OSError(f"{type(error).__name__} while preparing a request: {error}") from error
        if time.monotonic() >= self._lives_until or self._stream.has_ended():
            self._connect(self._prepared, deadline)

    def ask(self, url: str, deadline: float, body: bytes | None = None, **headers: str) -> None:
        """Send a request with headers besides those of the user. Raises OSError or ``http.client.HTTPException``."""
        if self._prepared is None or time.monotonic() >= self._lives_until:
            self.prepare(url, deadline)
        self._upgrade, self._prepared = self._prepared, None
        assert self._exchange is not None
        assert self._upgrade is not None
        self._exchange.ask(self._method, self._upgrade, deadline, body, **headers)

    def answer(self, deadline: float) -> Answer:
        """Read the answer. Raises OSError or ``http.client.HTTPException``."""
        assert self._exchange is not None
        assert self._upgrade is not None
        answer = self._exchange.answer(self._upgrade, deadline, self._limit)
        self._lives_until = time.monotonic() + (_SURE_TO_LIVE if self._exchange.promises_more else 0.0)
        return answer

    def wait_for_answer(self, deadline: float | None = None) -> bool:
        """Return True when the answer begins to come, False when woken, or at ``deadline``."""
        begins = not self._woken and self._stream.wait(deadline)
        self._woken = self._woken and begins
        return begins

    def wake(self) -> None:
        """Make ``wait_for_answer`` return, now or the next time."""
        self._woken = True  # the stream may be about to be replaced
        self._stream.wake()

    def abort(self) -> None:
        """Make whatever waits raise, now or the next time."""
        self._aborted = True
        self._stream.abort()

    def close(self) -> None:
        """Free everything."""
        self._stream.close()

    def _connect(self, upgrade: Upgrade, deadline: float) -> None:
        self._lives_until = float("-inf")
        old, self._stream = self._stream, Stream(wakes=self._wakes)
        old.close()
        if self._aborted:
            raise ConnectionAbortedError("the transport was aborted")
        open_stream(self._stream, upgrade, deadline, tunnel=False)
        self._exchange = Exchange(self._stream, self._http)
        self._lives_until = time.monotonic() + _SURE_TO_LIVE
