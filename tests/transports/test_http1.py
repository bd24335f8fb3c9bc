"""Requests of HTTP as bytes, and responses out of bytes however they are cut: bounded, and read as http.client does."""

from __future__ import annotations

import http.client
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import ConnectError
from sioclient.transports.failures import TooLarge
from sioclient.transports.http1 import HeadReader, Request, Response, ResponseReader, connect_head, request_head
from sioclient.transports.proxy import proxy_parts

LIMIT = 100


def read(data: bytes, size: int, limit: int = LIMIT) -> tuple[Response, bytes]:
    """Read a response from parts of a size, and the end of the stream; return what follows it, too."""
    parts = [data[at : at + size] for at in range(0, len(data), size)] + [b""]
    reader, response = ResponseReader(limit), None
    while response is None:
        response = reader.feed(parts.pop(0))
    return response, reader.rest + b"".join(parts)


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
@pytest.mark.parametrize("kind", ["length", "chunks"])
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


def test_the_end_of_the_stream_behind_the_last_chunk_is_enough() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
    assert read(data, 1)[0].body == "hello"


def test_what_follows_the_last_chunk_takes_no_longer_than_its_bytes() -> None:
    reader = ResponseReader(LIMIT)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    for _ in range(20_000):
        assert reader.feed(b"x") is None
        assert len(reader._chunks._waiting) <= 2


def test_what_no_header_may_have_is_a_space() -> None:
    head = HeadReader().feed(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\rX: y\0\r\n\r\n")
    assert head is not None
    assert head.headers == {"set-cookie": ["a=b X: y"]}


def test_what_is_no_chunk_is_an_error() -> None:
    with pytest.raises(OSError, match="not a chunk"):
        read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"x" * 2000, 1000)


def test_what_is_no_http_is_an_error() -> None:
    with pytest.raises(OSError, match="not a response of HTTP"):
        read(b"SSH-2.0-OpenSSH_9.2\r\n", 1000)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("kind", ["length", "chunks", "trailer", "interim"])
def test_what_follows_a_response_does_not_belong_to_it(kind: str, size: int) -> None:
    response, rest = read(RESPONSES[kind] + b"HTTP/1.1 408 Late\r\n\r\n", size)
    assert (response.body, rest) == ("hello", b"HTTP/1.1 408 Late\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
def test_some_responses_never_have_a_body(status: int) -> None:
    response, rest = read(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\nhello" % status, 1000)
    assert (response.body, rest) == ("", b"hello")


def test_a_long_body_is_refused_before_all_of_it_has_come() -> None:
    reader = ResponseReader(LIMIT)
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") is None
    assert reader.feed(b"x" * LIMIT) is None
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        reader.feed(b"x")


def test_a_compressed_response_is_refused() -> None:
    with pytest.raises(OSError, match="is compressed"):
        read(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 1000)


def body_of(data: bytes) -> str:
    return read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data), 1000)[0].body


def test_a_body_is_utf_8_unless_its_first_byte_says_otherwise() -> None:
    assert body_of("ä€".encode()) == "ä€"
    assert body_of(b"\xed\xa0\xbd") == "\ud83d"
    assert body_of(b"a\xff") == "a\ufffd"
    assert body_of(b"\0\xff") == "\0\xff"
    assert body_of(b"\1\xff") == "\1\xff"


# What http.client reads, this reads

NAMES = st.sampled_from(["X", "x-y", "Set-Cookie", "Connection", "Content-Type", "Content-Encoding", "5~"])
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0"), max_size=12)
LINES = st.lists(st.tuples(NAMES, VALUES), max_size=6)
LENGTHS = st.sampled_from(["0", "3", "5", "05", "", "-1", "x", "5, 5", "9" * 30])
CODINGS = st.sampled_from(["chunked", "Chunked", "identity", "gzip, chunked", ""])
BODIES = st.sampled_from(
    [
        b"",
        b"hello",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"2;a\r\nhe\r\n0\r\nX: y\r\n\r\n",
        b"5\nhello\r\n0\n\n",
        b" 5 \r\nhello\r\n0\r\n\r\n",
        b"0000000005\r\nhello\r\n000000000\r\n\r\n",
        b"5\r\nhello\r\n0\r\n",
        b"5\r\nhello\r\n0\r\n\n",
        b"0\r\nX: y\n\n",
    ]
)


class Socket(io.BytesIO):
    """What http.client takes for one."""

    def makefile(self, mode: str) -> io.BytesIO:
        return self


@st.composite
def responses(draw: Any) -> bytes:
    """Make heads that have their quirks, and a body."""
    end = draw(st.sampled_from(["\r\n", "\n"]))
    lines = [f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{value}" for name, value in draw(LINES)]
    lines += [f"Content-Length: {length}" for length in draw(st.lists(LENGTHS, max_size=2))]
    lines += [f"Transfer-Encoding: {coding}" for coding in draw(st.lists(CODINGS, max_size=1))]
    lines = draw(st.permutations(lines))
    status = draw(st.sampled_from(["200 OK", "200", "101 X", "204 None", "304 Same", "404 a: b", "999 x", "500 "]))
    version = draw(st.sampled_from(["1.1", "1.0"]))
    head = end.join([f"HTTP/{version} {status}", *lines, "", ""]).encode("latin-1")
    return head + draw(BODIES)


@given(responses(), st.integers(1, 40))
def test_heads_and_bodies_are_read_as_http_client_reads_them(data: bytes, size: int) -> None:
    theirs = http.client.HTTPResponse(Socket(data))  # type: ignore[arg-type]
    theirs.begin()
    reader, head, at = HeadReader(), None, 0
    while head is None:
        head = reader.feed(data[at : at + size])
        at += size
    length, is_chunked = head.size_of_body()
    assert (head.status, is_chunked) == (theirs.status, theirs.chunked and length is None)
    assert head.headers == {
        name.lower(): [value.strip(" \t") for value in theirs.headers.get_all(name, [])] for name in theirs.headers
    }
    assert length == (min(theirs.length, 10**15 - 1) if theirs.length is not None else None)
    if length == 0 or head.get("content-encoding"):
        return
    try:
        whole = theirs.read()
    except (http.client.HTTPException, ValueError, OverflowError):
        with pytest.raises(OSError, match=r"not a chunk|in the middle of its response"):
            read(data, size)
    else:
        assert read(data, size)[0].body.encode() == whole


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (b"X: a\r\n b\r\n\tc\r\n", {"x": ["a b c"]}),
        (b"no header\r\nX: y\r\n", {"x": ["y"]}),
        (b"X : y\r\n", {}),
        (b": y\r\n", {}),
    ],
    ids=["folded", "none", "a space before the colon", "no name"],
)
def test_odd_lines_of_a_head(line: bytes, names: dict[str, list[str]]) -> None:
    head = HeadReader().feed(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n")
    assert head is not None
    assert head.headers == names


@pytest.mark.parametrize(
    "line", [b"HTTP/2 200", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000", b"HTTP/1.1", b"HTTP/1.1 abc", b"HTTP/1.1\t\n200 OK"]
)
def test_what_is_no_status_line_is_an_error(line: bytes) -> None:
    with pytest.raises(OSError, match="not a response of HTTP"):
        HeadReader().feed(line + b"\r\n\r\n")


def test_a_head_of_many_spaces_is_read_in_no_time() -> None:
    head = HeadReader().feed(b"HTTP/1.1 200 OK\r\n" + (b"X: " + b" \t" * 4000 + b"y\r\n") * 8 + b"\r\n")
    assert head is not None
    assert head.get("x") == ", ".join("y" * 8)


def test_a_request_has_the_headers_of_all() -> None:
    request = Request(secure=False, host="x", port=81, path="/a?b", headers={"X-Mine": "1", "Accept": "a"})
    lines = request_head("POST", request, {"accept": "b"}, 4).split(b"\r\n")
    assert (lines[0], lines[-2:]) == (b"POST /a?b HTTP/1.1", [b"", b""])
    assert {b"Host: x:81", b"X-Mine: 1", b"accept: b", b"Content-Length: 4"} <= set(lines)
    assert b"Content-Length" not in request_head("GET", request)
    assert b"Content-Length: 0\r\n" in request_head("POST", request, size=0)


def test_a_request_by_a_proxy_names_the_whole_url() -> None:
    request = Request(False, "x", 81, "/a", {}, proxy="http://me:word@proxy:3128")
    assert request_head("GET", request).startswith(b"GET http://x:81/a HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n" in request_head("GET", request)
    tunnel = connect_head(Request(True, "::1", 443, "/a", {}), proxy_parts("http://me:word@proxy:3128"))
    assert tunnel.startswith(b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic ")
    assert request_head("GET", Request(True, "x", 443, "/a", {}, proxy="http://proxy")).startswith(b"GET /a ")
    assert request_head("GET", Request(False, "x", 80, "/a", {}, proxy="socks5://proxy")).startswith(b"GET /a ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "\0"),
        ("X", "\u20ac"),
        ("X:", "a"),
        ("X Y", "a"),
        ("X\n", "a"),
        ("", "a"),
    ],
)
def test_nothing_is_smuggled_into_a_request(name: str, value: str) -> None:
    with pytest.raises(ConnectError, match=r"the header .* has a character that no header may have$") as refused:
        request_head("GET", Request(False, "x", 80, "/", {name: value}))
    assert not refused.value.retryable


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\x7f", "/ä", ""])
def test_a_path_is_quoted_before(path: str) -> None:
    with pytest.raises(ConnectError, match="must be quoted") as refused:
        request_head("GET", Request(False, "x", 80, path, {}))
    assert not refused.value.retryable


def test_what_is_secret_stays_out_of_the_errors() -> None:
    with pytest.raises(ConnectError) as refused:
        request_head("GET", Request(False, "x", 80, "/a?token=sec ret", {}))
    assert "token" not in str(refused.value)
    with pytest.raises(ConnectError, match="the header 'X'") as refused:
        request_head("GET", Request(False, "x", 80, "/", {"X": "secret\u20ac"}))
    assert "secret" not in repr(refused.value.__context__)
    assert "secret" not in str(refused.value)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_whatever_comes_is_read_or_is_an_error(data: bytes, size: int) -> None:
    for begin in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        with suppress(OSError):
            read(begin + data, size)
