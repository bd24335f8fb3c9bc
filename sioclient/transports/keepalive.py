"""HTTP requests one after the other, over a connection that is kept.

No request is sent twice: a POST may have been read, and socket.io 0.9 goes on to write into a GET that was cut. But
servers close connections that they kept, and gevent-socketio does so without a word. So that this loses no request, a
connection is used again only if the server said that it keeps it, and only for a second.
"""

from __future__ import annotations

import time

from ..errors import ConnectError
from .exchange import open_stream, read, send_request
from .http import HttpClient
from .http1 import Request, Response, ResponseReader
from .stream import Stream

SURE_TO_LIVE = 1.0
"""Seconds for which a server that says that it keeps a connection does so: Node keeps it for five."""


class KeptConnection:
    """Requests of one method, one after the other, over a connection that is replaced unless it is sure to live.

    ``wake`` and ``abort`` are for any thread, the rest for one at a time. Whatever goes wrong is raised as it is.

    Args:
        http: knows what every request carries.
        method: GET or POST.
        limit: bytes that a response may have.
    """

    def __init__(self, http: HttpClient, method: str, limit: int) -> None:
        self._http, self._method, self._limit = http, method, limit
        self._wakes = method == "GET"  # nobody who posts is woken, and a connection has few descriptors
        self._stream = Stream(http.traffic, wakes=self._wakes)
        self._prepared: Request | None = None
        self._sent: Request | None = None
        self._lives_until = float("-inf")
        self._aborted = self._woken = False

    def prepare(self, url: str, deadline: float) -> None:
        """Have a connection for the next request, or raise TimeoutError at ``deadline``."""
        if self._prepared is None:
            try:
                self._prepared = self._http.prepare(url)
            except ConnectError as error:
                raise OSError(str(error)) from error
            except Exception as error:  # auth= may be a function of the user's
                raise OSError(f"{type(error).__name__} while preparing a request: {error}") from error
        if time.monotonic() >= self._lives_until or self._stream.has_ended():
            self._connect(self._prepared, deadline)

    def send(self, url: str, deadline: float, body: bytes | None = None, **headers: str) -> None:
        """Send a request, with headers besides those of the user."""
        if self._prepared is None or time.monotonic() >= self._lives_until:
            self.prepare(url, deadline)
        assert self._prepared is not None
        self._sent, self._prepared = self._prepared, None
        send_request(self._stream, self._method, self._sent, body, headers)

    def receive(self, deadline: float) -> Response:
        """Read the response."""
        assert self._sent is not None
        response = read(self._stream, ResponseReader(self._limit), deadline)
        if "set-cookie" in response.headers:
            self._http.keep_cookies(self._sent, response.headers)
        self._lives_until = time.monotonic() + (SURE_TO_LIVE if response.is_kept else 0.0)
        return response

    def wait(self, deadline: float | None = None) -> bool:
        """Return True when the response begins to come, False when woken, or at ``deadline``."""
        begins = not self._woken and self._stream.wait(deadline)
        self._woken = self._woken and begins
        return begins

    def rest(self, until: float) -> bool:
        """Do nothing until then and return True; return False when woken."""
        is_rested = not self._woken and self._stream.rest(until)
        self._woken = self._woken and is_rested
        return is_rested

    def wake(self) -> None:
        """Make ``wait`` return, now or the next time."""
        self._woken = True  # the stream may be about to be replaced
        self._stream.wake()

    def abort(self) -> None:
        """Make whatever waits raise, now or the next time."""
        self._aborted = True
        self._stream.abort()

    def close(self) -> None:
        """Free everything."""
        self._stream.close()

    def _connect(self, request: Request, deadline: float) -> None:
        self._lives_until = float("-inf")
        old, self._stream = self._stream, Stream(self._http.traffic, wakes=self._wakes)
        old.close()
        if self._aborted:
            raise ConnectionAbortedError("the transport was aborted")
        open_stream(self._stream, request, deadline, tunnel=False)
        self._lives_until = time.monotonic() + SURE_TO_LIVE
