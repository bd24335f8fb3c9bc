"""Responses of HTTP are read from bytes however they are cut, and bounded."""

from __future__ import annotations

import pytest

from sioclient.errors import RemoteProtocolError
from sioclient.transports.exchange import Request, Response
from sioclient.transports.failures import TooLarge
from sioclient.transports.incremental import BodyReader, HeadReader, request_bytes

LIMIT = 100


def read(data: bytes, size: int, limit: int = LIMIT) -> tuple[Response, bytes]:
    """Read a response from parts of a size, and the end of the stream; return what is left, too."""
    parts = [data[at : at + size] for at in range(0, len(data), size)] + [b""]
    reader, head = HeadReader(), None
    while head is None:
        head = reader.feed(parts.pop(0))
    body = BodyReader(head, limit)
    if reader.rest and not body.is_complete:
        body.feed(reader.rest)
    while not body.is_complete:
        body.feed(parts.pop(0))
    return body.response(), b"".join(parts)


RESPONSES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
    "trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "end of the stream": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_is_read_however_it_is_cut(kind: str, size: int) -> None:
    response, _ = read(RESPONSES[kind], size)
    assert (response.status, response.body, response.is_kept) == (200, "hello", kind == "length")


def test_a_response_without_a_body_is_complete_at_once() -> None:
    response, left = read(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 1000)
    assert (response.status, response.body, left) == (204, "", b"")


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("kind", ["length", "chunks", "trailer"])
def test_a_response_that_was_cut_is_an_error(kind: str, size: int) -> None:
    with pytest.raises(ConnectionResetError, match="in the middle of its response"):
        read(RESPONSES[kind][:-3], size)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_a_head_that_was_cut_is_an_error(data: bytes) -> None:
    with pytest.raises(ConnectionResetError, match="closed the connection"):
        read(data, 1000)


@pytest.mark.parametrize("kind", ["length", "chunks", "end of the stream"])
def test_a_response_is_not_larger_than_it_may_be(kind: str) -> None:
    assert read(RESPONSES[kind], 1000, 5)[0].body == "hello"
    with pytest.raises(TooLarge, match="larger than 4 bytes"):
        read(RESPONSES[kind], 1000, 4)


def test_what_follows_the_last_chunk_is_bounded() -> None:
    begin = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    with pytest.raises(TooLarge, match="the end of the response"):
        read(begin + b"x" * 300_000, 2**16)


def test_what_is_no_chunk_is_an_error() -> None:
    with pytest.raises(RemoteProtocolError, match="not a chunk"):
        read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"x" * 2000, 1000)


def test_what_is_no_http_is_an_error() -> None:
    with pytest.raises(OSError, match="not a response of HTTP"):
        read(b"SSH-2.0-OpenSSH_9.2\r\n", 1000)


def test_a_request_has_the_headers_of_all() -> None:
    request = Request(secure=False, host="x", port=81, path="/a?b", headers={"X-Mine": "1", "Accept": "a"})
    sent = request_bytes("POST", request, b"body", {"accept": "b"})
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert (lines[0], body) == (b"POST /a?b HTTP/1.1", b"body")
    assert {b"Host: x:81", b"X-Mine: 1", b"accept: b", b"Content-Length: 4"} <= set(lines)
    assert request_bytes("GET", request).startswith(b"GET /a?b HTTP/1.1\r\n")
