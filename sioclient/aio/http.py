"""HTTP for the async front: what requests carry is known to ``transports.http``, here they are made."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Any

import anyio

from ..transports.exchange import Response
from ..transports.failures import connect_errors
from ..transports.http import MOST_BODY, HttpClient
from .stream import Stream

_SURE_TO_LIVE = 1.0
"""Seconds for which a connection is used again: see ``transports.keepalive``."""


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
            with connect_errors("the handshake", url, request.proxy), fail_at(deadline):
                return await once.make(url)
        finally:
            await once.close()

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

    async def make(self, url: str, body: bytes | None = None, **headers: str) -> Response:
        """Make a request, and return its response."""
        request = self._client.prepare(url)
        if anyio.current_time() >= self._lives_until:
            await self._stream.close()
            self._stream = Stream(self._client.traffic)
            await self._stream.connect(request, tunnel=False)
        self._lives_until = float("-inf")  # until the response was read
        await self._stream.ask(self._method, request, body, headers)
        response = await self._stream.read_response(self._limit)
        self._client.keep_cookies(request, response.headers)
        if response.is_kept:
            self._lives_until = anyio.current_time() + _SURE_TO_LIVE
        return response

    async def close(self) -> None:
        """Free the connection."""
        with suppress(Exception):
            await self._stream.close()


def fail_at(deadline: float) -> AbstractContextManager[Any]:
    """Raise TimeoutError at ``deadline``, by anyio's clock."""
    return anyio.fail_after(max(deadline - anyio.current_time(), 0))
