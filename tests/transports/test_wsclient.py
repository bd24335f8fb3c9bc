"""WsClient: what websocket-client reads beside the usual frames. The upgrade is tested with the transport."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sioclient.errors import ConnectionLost, RemoteProtocolError
from sioclient.options import Options
from sioclient.transports.base import Traffic
from sioclient.transports.failures import TooLarge
from sioclient.transports.framestream import FrameReader, FrameWriter
from sioclient.transports.http import HttpClient
from sioclient.transports.websocket import WebSocketTransport
from sioclient.transports.wsclient import WsClient
from tests.servers_py import BINARY, CLOSE, PING, PONG, TEXT, frame
from tests.transports.conftest import Chunks
from tests.transports.test_frames import cut

LIMIT = 300


def client(stream: Any, limit: int = LIMIT) -> WsClient:
    """Return a client whose upgrade is done."""
    return WsClient(FrameReader(stream, limit, Traffic()), FrameWriter(stream), limit)


def transport(stream: Any, limit: int) -> WebSocketTransport:
    """Return an open transport over ``stream``."""
    made = WebSocketTransport(HttpClient(Options()), limit)
    made._stream.close()
    made._stream, made._reader, made._writer = stream, FrameReader(stream, limit, Traffic()), FrameWriter(stream)
    made._client = WsClient(made._reader, made._writer, limit)
    made._is_up = True
    return made


def outcome(data: list[bytes], limit: int = LIMIT, *, short_way: bool) -> tuple[list[str | bytes], str]:
    """Return all messages, and how it ended."""
    ours = transport(Chunks(data), limit)
    messages: list[str | bytes] = []
    try:
        while True:
            ours._client.is_inside = ours._client.is_inside or not short_way
            messages += ours.recv()
    except ConnectionLost as loss:
        # What websocket-client says of bytes that are no UTF-8 has the length of what it had in hand.
        return messages, str(loss).split(":")[0]


payloads = st.one_of(
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=20),
    st.sampled_from([0, 1, 125, 126, 127, LIMIT, LIMIT + 1, 70_000]).map(lambda size: b"x" * size),
)
usual = payloads.map(frame)
any_frame = st.builds(
    frame,
    payloads,
    st.one_of(st.sampled_from([TEXT, BINARY, 0, CLOSE, PING, PONG]), st.integers(0, 15)),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 0, 1, 4]),
    masked=st.sampled_from([False, False, False, True]),
)
long_lengths = st.builds(
    lambda kind, size, payload: bytes([0x81, kind]) + struct.pack("!H" if kind == 126 else "!Q", size) + payload,
    st.sampled_from([126, 127]),
    st.one_of(st.integers(0, 400), st.just(2**16 - 1)),
    st.binary(max_size=400),
)
streams = st.lists(st.one_of(usual, usual, usual, any_frame, long_lengths, st.binary(max_size=12)), max_size=12).map(
    b"".join
)


@example(frame("x") + frame("y", PING) + frame(b"\0", BINARY), [1], LIMIT)
@example(frame(b"\xed\xa0\xbd") + frame(b"\xff"), [], LIMIT)
@settings(max_examples=400, deadline=None)
@given(streams, st.lists(st.integers(0, 10**6), max_size=8), st.integers(0, 200))
def test_any_bytes_are_read_as_websocket_client_reads_them(data: bytes, places: list[int], limit: int) -> None:
    for most in (LIMIT, limit + 1):
        expected = outcome([data], most, short_way=False)
        assert outcome(cut(data, places), most, short_way=True) == expected


def test_twenty_thousand_pieces_take_no_longer_than_their_bytes() -> None:
    size, count = 15 * 2**20, 20_000
    data = frame(b"x" * size, fin=False) + frame(b"y", 0, fin=False) * count + frame(b"z", 0)
    begin = time.process_time()
    assert client(Chunks([data]), 2**24).recv() == "x" * size + "y" * count + "z"
    assert time.process_time() - begin < 5  # 21.7 s when each piece copied all that came before


@pytest.mark.parametrize("piece", [frame(b"y", 0, fin=False), frame(b"", 0, fin=False), frame(b"", PING)])
def test_a_message_comes_in_so_many_frames_at_most(piece: bytes) -> None:
    data = frame(b"x", fin=False) + piece * 10**6 + frame(b"z", 0)
    begin = time.process_time()
    with pytest.raises(TooLarge, match="more than 65536 frames for one message"):
        client(Chunks([data]), 2**24).recv()
    assert time.process_time() - begin < 5  # 7 microseconds each: 100 s for 15 million


def test_frames_are_counted_anew_for_each_message() -> None:
    data = (frame(b"x", fin=False) + frame(b"y", 0, fin=False) * 40_000 + frame(b"z", 0)) * 3
    ours = client(Chunks([data]), 2**24)
    assert [len(ours.recv()) for _ in range(3)] == [40_002] * 3


def test_pings_within_a_message_get_one_pong() -> None:
    stream = Chunks([frame(b"x", fin=False) + frame(b"a", PING) * 1000 + frame(b"b", PING) + frame(b"z", 0)])
    assert client(stream).recv() == "xz"
    assert [data[:2] for data in stream.written] == [b"\x8a\x81"]
    (data,) = stream.written
    assert data[6] ^ data[2] == ord("b")


def test_pieces_of_nothing_take_no_memory() -> None:
    ours = client(Chunks([frame(b"", BINARY, fin=False) + frame(b"", 0, fin=False) * 5000 + frame(b"ab", 0)]))
    assert ours.recv() == b"ab"


def test_pieces_of_bytes_are_bytes() -> None:
    ours = client(Chunks([frame(b"\0", BINARY, fin=False) + frame(b"\xff", 0) + frame(b"\1", BINARY)]))
    received = [ours.recv(), ours.recv()]
    assert received == [b"\0\xff", b"\1"]
    assert {type(message) for message in received} == {bytes}


def test_it_is_inside_a_message_until_that_ends() -> None:
    ours = client(Chunks([frame("a", fin=False), b"", frame("b", 0)]))
    with pytest.raises(TimeoutError):
        ours.recv()
    assert ours.is_inside
    assert ours.recv() == "ab"
    assert not ours.is_inside


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (frame("x", rsv=4), RemoteProtocolError),
        (frame("x", masked=True), RemoteProtocolError),
        (frame("x", 0), RemoteProtocolError),
        (frame("x" * (LIMIT + 1)), TooLarge),
        (frame("x" * 200, fin=False) + frame("x" * 101, 0), TooLarge),
        (frame(b"\xff"), UnicodeDecodeError),
        (frame(struct.pack("!H", 1000), CLOSE), ConnectionResetError),
        (b"", ConnectionResetError),
    ],
    ids=["reserved", "masked", "no beginning", "too large", "too large together", "no text", "close", "end"],
)
def test_what_is_no_message_is_an_error_of_ours(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        client(Chunks([data] if data else [])).recv()


@pytest.mark.parametrize("opcode", [PING, CLOSE])
def test_a_reply_that_cannot_be_sent_is_the_end_and_no_wake(opcode: int) -> None:
    class Stalled(Chunks):
        def sendall(self, data: bytes) -> None:
            raise TimeoutError("the other side has taken nothing")

    with pytest.raises(ConnectionResetError, match="taken nothing"):
        client(Stalled([frame("", opcode)])).recv()
    with pytest.raises(ConnectionLost, match="transport closed"):
        transport(Stalled([frame("", opcode)]), LIMIT).recv()


def test_a_close_frame_has_its_status() -> None:
    stream = Chunks([])
    client(stream).send_close(1009)
    (data,) = stream.written
    assert data[:2] == b"\x88\x82"
    assert bytes(byte ^ mask for byte, mask in zip(data[6:], data[2:], strict=False)) == struct.pack("!H", 1009)


def test_a_close_frame_that_cannot_be_sent_is_not_sent() -> None:
    class Broken(Chunks):
        def sendall(self, data: bytes) -> None:
            raise BrokenPipeError("the other side has gone")

    client(Broken([])).send_close(1000)
