"""HTTP for the async front: what requests carry is known to ``transports.http``, here they are made."""

from __future__ import annotations

from math import inf

import anyio

from ..transports.failures import connect_errors
from ..transports.http import MOST_BODY, HttpClient
from ..transports.http1 import Request, Response, ResponseReader
from ..transports.keepalive import SURE_TO_LIVE
from ..transports.polling import CONNECT_TIMEOUT
from .stream import Stream


class Http:
    """Makes the small requests of one connection.

    Args:
        client: knows what they carry.
    """

    def __init__(self, client: HttpClient) -> None:
        self.client = client

    async def get(self, url: str, deadline: float) -> Response:
        """GET a small text; see ``HttpClient.get``."""
        once = Requests(self, "GET", MOST_BODY)
        request = self.client.prepare(url)
        try:
            with connect_errors("the handshake", url, request.proxy):
                await once.ask(request, deadline)
                return await once.response()
        finally:
            once.close()

    def abort(self) -> None:
        """Do nothing: whoever waits is cancelled."""


class Requests:
    """Requests of one method, one after the other, over a connection that is replaced unless it is sure to live.

    Args:
        http: knows what they carry.
        method: GET or POST.
        limit: bytes that a response may have.
    """

    def __init__(self, http: Http, method: str, limit: int) -> None:
        self._client, self._method, self._limit = http.client, method, limit
        self._stream = Stream(self._client.traffic)
        self._lives_until = float("-inf")
        self._asked: Request | None = None

    async def ask(self, request: Request, deadline: float, body: bytes | None = None, **headers: str) -> None:
        """Send a request, over a new connection unless the one of before is sure to live.

        Raises:
            TimeoutError: by anyio's clock, ``deadline`` has come; this holds for the response, too.
        """
        is_kept = anyio.current_time() < self._lives_until and not self._stream.has_ended()
        if not is_kept:
            self._stream.close()
            self._stream = Stream(self._client.traffic)
        self._stream.deadline = deadline
        if not is_kept:
            await self._stream.connect(request, tunnel=False)
        self._lives_until, self._asked = float("-inf"), request  # until the response was read
        await self._stream.ask(self._method, request, headers, body)

    async def response(self) -> Response:
        """Read the response."""
        response = await self._stream.read(ResponseReader(self._limit))
        if "set-cookie" in response.headers and self._asked is not None:
            self._client.keep_cookies(self._asked, response.headers)
        if response.is_kept:
            self._lives_until = anyio.current_time() + SURE_TO_LIVE
        return response

    async def make(self, url: str, body: bytes | None = None, *, deadline: float = inf, **headers: str) -> Response:
        """Make a request, and return its response, or raise TimeoutError at ``deadline``."""
        until = min(deadline, anyio.current_time() + CONNECT_TIMEOUT)
        await self.ask(self._client.prepare(url), until, body, **headers)
        self._stream.deadline = deadline
        return await self.response()

    def close(self) -> None:
        """Free the connection."""
        self._stream.close()
