"""Responses of HTTP out of bytes as they come, without I/O, for fronts that do not wait inside of a parser."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPResponse
from math import inf
from urllib.parse import SplitResult

from .chunks import Chunks
from .exchange import Request, Response, make_response, read_head, send_connect, send_request
from .failures import TooLarge

_MOST_TRAILER = 2**17
"""Bytes that may follow the last chunk, with those that come together with it."""

_END = b"\r\n\r\n"


def request_bytes(method: str, request: Request, body: bytes | None = None, headers: Mapping[str, str] = {}) -> bytes:
    """Return a request as it is sent, with headers besides its own."""
    outgoing = _Outgoing()
    send_request(outgoing, method, request, body, headers)  # type: ignore[arg-type]
    return bytes(outgoing)


def connect_bytes(request: Request, proxy: SplitResult) -> bytes:
    """Return what asks a proxy for a connection to where a request goes."""
    outgoing = _Outgoing()
    send_connect(outgoing, request, proxy)  # type: ignore[arg-type]
    return bytes(outgoing)


class HeadReader:
    """Reads the head of a response.

    Attributes:
        rest: what follows the head.
    """

    def __init__(self) -> None:
        self._data, self._has_ended, self.rest = b"", False, b""

    def feed(self, data: bytes) -> HTTPResponse | None:
        """Take the next bytes, none at the end of the stream; return the head, or None as long as it is incomplete.

        Raises:
            OSError: it is none, or it is too large.
        """
        self._has_ended = not data
        self._data = self.rest = self._data + data
        try:
            with read_head(self, inf) as head:  # type: ignore[arg-type]
                return head
        except _Incomplete:
            return None

    def recv_until(self, deadline: float, size: int = 0) -> bytes:
        """Return all bytes that there are, as ``read_head`` expects it of a stream."""
        data, self.rest = self.rest, b""
        if not data and not self._has_ended:
            raise _Incomplete
        return data

    def unread(self, data: bytes) -> None:
        """Take back what ``read_head`` does not need."""
        self.rest = data


class BodyReader:
    """Reads the body of a response.

    Args:
        head: that of the response.
        limit: bytes that the body may have.

    Attributes:
        is_complete: whether nothing more belongs to it.
    """

    def __init__(self, head: HTTPResponse, limit: int) -> None:
        self._head, self._limit, self._body = head, limit, bytearray()
        self._chunks = Chunks() if head.chunked else None
        self._tail, self._after = b"", 0
        self.is_complete = head.length == 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes, none at the end of the stream.

        Raises:
            OSError, RemoteProtocolError: the body was cut, or is none.
        """
        head, chunks = self._head, self._chunks
        if not data and (chunks is not None or head.length is not None):
            raise ConnectionResetError("the server closed the connection in the middle of its response")
        self._body += data if chunks is None else chunks.feed(data)
        self.is_complete = not data or len(self._body) > self._limit
        if chunks is not None:
            self._tail = (self._tail + data)[-len(_END) :]
            self._after += len(data) if chunks.ended else 0
            self.is_complete |= chunks.ended and self._tail == _END
            if self._after > _MOST_TRAILER and not self.is_complete:
                raise TooLarge("the end of the response is too large")
        elif head.length is not None:
            self.is_complete |= len(self._body) >= head.length

    def response(self) -> Response:
        """Return the response, or raise OSError: it is too large, or compressed."""
        return make_response(self._head, bytes(self._body), self._limit)


class _Outgoing(bytearray):
    """What a request is written to."""

    def sendall(self, data: bytes) -> None:
        self += data


class _Incomplete(Exception):
    """More bytes are needed."""
