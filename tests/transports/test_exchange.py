"""Heads and bodies of HTTP responses, over streams that are none; over sockets they are tested in test_http."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import ConnectError
from sioclient.transports.exchange import open_stream, read, send_request
from sioclient.transports.failures import TooLarge
from sioclient.transports.http1 import Head, HeadReader, Request, Response, ResponseReader, merge_headers
from sioclient.transports.stream import Stream


class Pieces:
    """A stream with so many pieces to read."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.writes: list[bytes] = []

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)

    def recv_until(self, deadline: float, size: int = 65536) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        self.unread(piece[size:])
        return piece[:size]

    def unread(self, data: bytes) -> None:
        if data:
            self.pieces.insert(0, data)

    def sendall(self, data: bytes) -> None:
        self.writes.append(data)


def head_of(stream: Any) -> Head:
    return read(stream, HeadReader(), 0)


def response_of(stream: Any, limit: int = 100) -> Response:
    return read(stream, ResponseReader(limit), 0)


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\nhello"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted(place % (len(data) - 1) + 1 for place in places)
    return [piece for piece in (data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)) if piece]


@given(st.lists(st.integers(0, 1000), max_size=8))
def test_a_response_is_read_however_it_is_cut(places: list[int]) -> None:
    response = response_of(Pieces(*cut(WHOLE, places)))
    assert (response, response.is_kept) == (Response(200, "hello", "text/plain"), True)


@given(st.lists(st.integers(0, 1000), max_size=8))
def test_what_follows_a_head_stays_in_the_stream(places: list[int]) -> None:
    stream = Pieces(*cut(WHOLE, places))
    assert head_of(stream).status == 200
    assert b"".join(stream.pieces) == b"hello"


def test_lines_may_end_with_a_line_feed_alone() -> None:
    stream = Pieces(b"HTTP/1.1 101 X\nUpgrade: y\n\n\x81\x00")
    assert head_of(stream).get("upgrade") == "y"
    assert stream.pieces == [b"\x81\x00"]


def test_interim_responses_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    assert response_of(Pieces(interim + WHOLE)).body == "hello"
    assert head_of(Pieces(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")).status == 101


@pytest.mark.parametrize(
    "piece",
    [b"X: " + b"y" * 1000 + b"\r\n", b"y" * 1000, b"\r\n\r\nHTTP/1.1 100 Continue\r\nX: y" + b"y" * 1000],
    ids=["lines", "one line", "interim"],
)
def test_an_endless_head_is_refused(piece: bytes) -> None:
    stream = Pieces(b"HTTP/1.1 100 Continue\r\nX: y", *[piece] * 1000)
    with pytest.raises(TooLarge, match="head of the response"):
        head_of(stream)
    assert len(stream.pieces) > 900


@pytest.mark.parametrize("headers", [[b"X: " + b"y" * 9000], [b"X: y"] * 100], ids=["a long line", "many"])
def test_headers_beyond_the_limits_are_refused(headers: list[bytes]) -> None:
    with pytest.raises(TooLarge, match="head of the response"):
        head_of(Pieces(b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"", b""])))


def test_headers_within_the_limits_are_read() -> None:
    head = head_of(Pieces(b"\r\n".join([b"HTTP/1.1 200 OK", b"X: " + b"y" * 8000, *[b"Y: z"] * 98, b"", b""])))
    assert [len(values) for values in head.headers.values()] == [1, 98]


def test_what_is_not_http_is_refused_at_once() -> None:
    stream = Pieces(b"SSH-2.0-OpenSSH_9\r\n", b"never read")
    with pytest.raises(OSError, match=r"not a response of HTTP: b'SSH-2\.0-OpenSSH_9"):
        head_of(stream)
    assert stream.pieces == [b"never read"]


@pytest.mark.parametrize(
    ("data", "where"),
    [(b"", "without a response"), (WHOLE[:20], "in the head of its response"), (WHOLE[:-1], "in the middle")],
)
def test_a_response_that_is_cut_is_an_error(data: bytes, where: str) -> None:
    with pytest.raises(ConnectionResetError, match=where):
        response_of(Pieces(data) if data else Pieces())


def test_a_body_beyond_its_limit_is_refused() -> None:
    assert response_of(Pieces(WHOLE), 5).body == "hello"
    with pytest.raises(TooLarge, match="larger than 4 bytes"):
        response_of(Pieces(WHOLE), 4)


def test_chunks_that_carry_little_are_bounded_too() -> None:
    chunks = [b"1;" + b"x" * 60_000 + b"\r\ny\r\n"] * 3
    with pytest.raises(TooLarge, match="the response is too large"):
        response_of(Pieces(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *chunks))


def test_a_request_is_written_whole() -> None:
    stream: Any = Pieces()
    request = Request(False, "::1", 8000, "/path?a=b", {"X-Key": "1"})
    send_request(stream, "POST", request, b"body", {"Content-Type": "text/plain"})
    head, _, body = stream.written.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /path?a=b HTTP/1.1"
    assert set(head.split(b"\r\n")[1:]) == {
        b"Host: [::1]:8000",
        b"Accept-Encoding: identity",
        b"X-Key: 1",
        b"Content-Type: text/plain",
        b"Content-Length: 4",
    }
    assert body == b"body"
    assert stream.writes[1:] == [b"body"], "TCP would cut a small body: socket.io 0.9 misreads that"
    assert request.url == "http://[::1]:8000/path?a=b"
    assert Request(True, "host", 443, "/", {}).url == "https://host/"


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("verify", {"ca": "/missing.pem"}),
        ("cert", {"cert": ("/missing.pem", None)}),
        ("cert", {"cert": (__file__, "/missing.pem")}),
    ],
)
def test_file_that_is_not_there_is_named(option: str, given: dict[str, Any]) -> None:
    with (
        closing(Stream()) as stream,
        pytest.raises(ConnectError, match=f"no file '/missing.pem', which {option}= names"),
    ):
        open_stream(stream, Request(True, "localhost", 1, "/", {}, **given), 0, tunnel=False)


def test_files_are_not_looked_at_without_tls() -> None:
    with closing(Stream()) as stream, pytest.raises(TimeoutError):
        open_stream(stream, Request(False, "localhost", 1, "/", {}, ca="/missing.pem"), 0, tunnel=False)


def test_a_header_is_sent_once_however_it_is_written() -> None:
    assert merge_headers({"Host": "a", "X": "1"}, {"host": "b", "Y": "2"}, {"HOST": "c"}) == {
        "HOST": "c",
        "X": "1",
        "Y": "2",
    }
    stream = Pieces()
    request = Request(False, "h", 80, "/", {"host": "mine", "accept-encoding": "br", "content-type": "text/x"})
    send_request(stream, "POST", request, b"body", {"Content-Type": "text/plain"})  # type: ignore[arg-type]
    names = [name.lower() for name, _, _ in (line.partition(b":") for line in stream.written.split(b"\r\n")[1:-3])]
    assert sorted(names) == sorted(set(names))
    assert b"host: mine\r\n" in stream.written
    assert b"Content-Type: text/plain\r\n" in stream.written
