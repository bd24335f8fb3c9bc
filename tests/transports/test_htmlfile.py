"""htmlfile, against servers whose every byte the test decides."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected
from sioclient.options import Options
from sioclient.protocol.revisions import Handshake, revision1
from sioclient.transports.chunks import Chunks
from sioclient.transports.htmlfile import HtmlfileTransport
from sioclient.transports.http import HttpClient
from tests.servers_py import Peer, Script, Server, Task, hand_over, nothing_left_open, soon
from tests.transports.conftest import Authority, sent

PATH = "/socket.io/1/htmlfile/sid"
BEGINNING = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>".ljust(256)


@contextmanager
def client(**options: object) -> Iterator[HtmlfileTransport]:
    with closing(HttpClient(Options(**options), options.get("auth"))) as http:  # type: ignore[arg-type]
        http.renew()
        framing = revision1().framing("htmlfile", Handshake("sid", 60, 60, ()))
        transport = HtmlfileTransport(http, 1000, framing)  # type: ignore[arg-type]
        try:
            yield transport
        finally:
            transport.close(0)


def script(text: str) -> str:
    return f"<script>_({json.dumps(text)});</script>"


def chunk(text: str) -> bytes:
    data = text.encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def plain(text: str) -> bytes:
    return text.encode()


def begin(peer: Peer, text: str, write: object = chunk) -> None:
    """Respond with the beginning of a page."""
    peer.read_head()
    kind = "Transfer-Encoding: chunked" if write is chunk else "Connection: close"
    peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{kind}\r\n\r\n".encode())
    peer.send(chunk(text) if write is chunk else plain(text))


def paging(*texts: str) -> Script:
    """Script: respond with a page of so many chunks, then leave the connection to the test."""

    def run(peer: Peer) -> None:
        begin(peer, BEGINNING + texts[0])
        for text in texts[1:]:
            peer.send(chunk(text))
        hand_over(peer)

    return run


def frames(transport: HtmlfileTransport, count: int) -> list[str | bytes]:
    received: list[str | bytes] = []
    while len(received) < count:
        received += Task(transport.recv).result()
    return received


@pytest.mark.parametrize("write", [chunk, plain])
def test_the_scripts_of_a_page_are_frames(write: object) -> None:
    def run(peer: Peer) -> None:
        begin(peer, BEGINNING + script("1::") + script("3:::x"), write)
        hand_over(peer)

    with Server(run) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        assert frames(transport, 2) == ["1::", "3:::x"]
        waiting = Task(transport.recv)
        peer = server.next_peer()
        waiting.wait_until_blocked()
        peer.send(chunk(script("3:::ü\U0001f600")) if write is chunk else plain(script("3:::ü\U0001f600")))
        assert waiting.result() == ["3:::ü\U0001f600"]
        assert server.requests[0].target.startswith(f"{PATH}?t=")


def test_a_script_may_come_in_pieces() -> None:
    with Server(paging(script("1::")[:20], script("1::")[20:])) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        assert transport.recv() == ["1::"]
        peer = server.next_peer()
        data = chunk(script("3:::in pieces"))
        for cut in range(len(data)):
            peer.send(data[cut : cut + 1])
        assert frames(transport, 1) == ["3:::in pieces"]


def test_encrypted_pages_are_read_to_their_end_too(authority: Authority) -> None:
    with (
        Server(paging(script("1::") + script("3:::a"), script("3:::b")), tls=authority.good) as server,
        client(verify=authority.ca_file) as transport,
    ):
        transport.open(server.url(PATH, "localhost"), soon())
        assert frames(transport, 3) == ["1::", "3:::a", "3:::b"]


def test_frames_are_posted() -> None:
    with Server(paging(script("1::")), accepting) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        Task(sent, transport, ["3:::a"]).result()
        assert server.requests[1].raw.startswith(b"POST ")


def accepting(peer: Peer) -> None:
    request = peer.read_head()
    assert peer.read(int(request.header("Content-Length") or 0)) == b"3:::a"
    peer.reply("1")


def test_cookies_of_the_page_go_with_the_posts() -> None:
    def run(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: sticky=7\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send(chunk(script("1::")))
        hand_over(peer)

    with Server(run, accepting) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        Task(sent, transport, ["3:::a"]).result()
        assert server.requests[1].header("Cookie") == "sticky=7"


def test_a_wake_interrupts_reading_and_nothing_is_lost() -> None:
    with Server(paging(script("1::"))) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        transport.recv()
        peer = server.next_peer()
        for text in ("3:::a", "3:::b"):
            waiting = Task(transport.recv)
            waiting.wait_until_blocked()
            transport.wake()
            assert waiting.result() == []
            peer.send(chunk(script(text)))
            assert frames(transport, 1) == [text]


def test_abort_ends_reading_and_posting() -> None:
    def silent(peer: Peer) -> None:
        peer.read_head()
        hand_over(peer)

    with Server(paging(script("1::")), silent) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        transport.recv()
        server.next_peer()
        tasks = [Task(transport.recv), Task(sent, transport, ["3:::a"])]
        server.next_peer()
        for task in tasks:
            task.wait_until_blocked()
        transport.abort()
        for task in tasks:
            with pytest.raises(ConnectionLost):
                task.result()


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"0\r\n\r\n", "transport closed"),
        (b"", "transport closed"),
        (b"not a chunk" * 200, "not a chunk of HTTP"),
        (chunk("<script>_([]);</script>" + '<script>_(["a"]+"");</script>'), "protocol error"),
        (chunk('<script>_("' + "x" * 2000), "message too big"),
    ],
    ids=["last chunk", "end", "no chunk", "no text", "too large"],
)
def test_a_page_that_goes_wrong_is_a_lost_connection(rest: bytes, reason: str) -> None:
    with Server(paging(script("1::"))) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        peer = server.next_peer()
        if rest:
            peer.send(rest)
        else:
            peer.end()
        with pytest.raises(ConnectionLost, match=reason):
            frames(transport, 2)


def test_what_a_page_has_before_something_that_is_no_chunk_is_not_lost() -> None:
    with Server(paging(script("1::"))) as server, client() as transport:
        transport.open(server.url(PATH), soon())
        server.next_peer().send(chunk(script("2::")) + b"zz\r\n")
        assert frames(transport, 2) == ["1::", "2::"]
        with pytest.raises(ConnectionLost, match="not a chunk of HTTP"):
            frames(transport, 1)


def test_a_page_that_is_refused() -> None:
    with (
        Server(lambda peer: (peer.read_head(), peer.answer(401, b"go away"))) as server,
        client() as transport,
        pytest.raises(HandshakeRejected, match="refused htmlfile with status 401"),
    ):
        transport.open(server.url(PATH), soon())


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b'<script>_([0]");</script>'])
def test_a_page_that_is_none(body: bytes) -> None:
    with (
        Server(lambda peer: (peer.read_head(), peer.answer(200, body))) as server,
        client() as transport,
        pytest.raises(ConnectError, match="htmlfile does not work here"),
    ):
        transport.open(server.url(PATH), soon())


def test_a_page_without_a_script_does_not_open_in_time() -> None:
    with (
        Server(paging("")) as server,
        client() as transport,
        pytest.raises(ConnectError, match="did not respond in time"),
    ):
        transport.open(server.url(PATH), time.monotonic() + 0.2)


def test_nothing_is_left_open() -> None:
    with Server(paging(script("1::")), accepting) as server, nothing_left_open(), client() as transport:
        transport.open(server.url(PATH), soon())
        sent(transport, ["3:::a"])
        transport.abort()


@given(st.lists(st.binary(min_size=1), max_size=5), st.lists(st.integers(0, 300)))
def test_chunks_are_taken_off_however_they_are_cut(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(f"{len(piece):X};name=value\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
    chunks, carried = Chunks(), b""
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in pairwise(edges):
        carried += chunks.feed(data[start:end])
    assert carried == b"".join(pieces)
    assert chunks.ended


def test_what_came_before_something_that_is_no_chunk_is_not_lost() -> None:
    chunks = Chunks()
    assert chunks.feed(b"5\r\nhello\r\nzz\r\n") == b"hello"
    assert chunks.ended
    assert "not a chunk of HTTP: b'\\r\\nzz" in str(chunks.error)


def test_what_is_no_chunk_is_an_error() -> None:
    with pytest.raises(OSError, match="not a chunk"):
        Chunks().feed(b"x" * 2000)
