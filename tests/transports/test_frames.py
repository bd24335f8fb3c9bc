"""FrameReader and FrameWriter: the short way says what websocket-client says, wherever the bytes are cut."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sioclient.errors import ConnectionLost
from sioclient.transports import frames as frames_module
from sioclient.transports.frames import FrameReader, FrameWriter, MessageTooBig
from sioclient.transports.websocket import WebSocketTransport
from tests.servers_py import BINARY, CLOSE, PING, PONG, TEXT, frame

LIMIT = 300


class Chunks:
    """A stream whose reads return what a test has cut; an empty chunk is a wake."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks
        self.written: list[bytes] = []

    def recv(self, size: int) -> bytes:
        chunk = self.chunks.pop(0) if self.chunks else None
        if chunk == b"":
            raise TimeoutError
        if chunk is not None and len(chunk) > size:
            self.chunks.insert(0, chunk[size:])
        return (chunk or b"")[:size]

    def recv_into(self, buffer: memoryview) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes | memoryview) -> int:
        self.written.append(bytes(data[:1000]))
        return len(self.written[-1])


def reader_of(stream: Any, limit: int) -> FrameReader:
    return FrameReader(stream, limit, FrameWriter(stream))


def transport(stream: Any, limit: int) -> WebSocketTransport:
    """Return an open transport over ``stream``."""
    made = WebSocketTransport(None, limit)  # type: ignore[arg-type]  # it is only asked for what an upgrade needs
    made._stream.close()
    made._stream = stream
    made._writer = FrameWriter(stream)
    made._reader = FrameReader(stream, limit, made._writer)
    made._ws.sock, made._ws.connected = made._reader, True  # type: ignore[assignment]
    return made


def outcome(data: list[bytes], limit: int = LIMIT, *, short_way: bool) -> tuple[list[str | bytes], str]:
    """Return all messages, and how it ended."""
    stream = Chunks(data)
    ours = transport(stream, limit)
    messages: list[str | bytes] = []
    try:
        while True:
            ours._is_inside = ours._is_inside or not short_way
            messages += ours.recv()
    except ConnectionLost as loss:
        # What websocket-client says of bytes that are no UTF-8 has the length of what it had in hand.
        return messages, str(loss).split(":")[0]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted(place % (len(data) + 1) for place in places)
    return [data[begin:end] for begin, end in zip([0, *marks], [*marks, len(data)], strict=True)]


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
def test_any_bytes_cut_anywhere_are_read_as_websocket_client_reads_them(
    data: bytes, places: list[int], limit: int
) -> None:
    for most in (LIMIT, limit + 1):
        expected = outcome([data], most, short_way=False)
        assert outcome(cut(data, places), most, short_way=True) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([0, 5, 125, 126, 60_000, 65_535, 65_536, 200_000]), max_size=5),
    st.lists(st.integers(0, 10**6), max_size=8),
)
def test_large_messages_arrive_whole(sizes: list[int], places: list[int]) -> None:
    data = b"".join(frame("é" * (size // 2)) for size in sizes)
    messages, end = outcome(cut(data, places), 2**20, short_way=True)
    assert messages == ["é" * (size // 2) for size in sizes]
    assert end == "transport closed"


def test_memory_serves_one_large_message_after_the_other_unless_it_is_very_much() -> None:
    texts = ["a" * 100_000, "b" * 70_000, "c" * 3_000_000, "d" * 70_000]
    stream = Chunks([])
    reader = reader_of(stream, 2**22)
    kept = []
    for text in texts:
        stream.chunks = [frame(text)[:1000], frame(text)[1000:]]
        assert reader.messages() == [text]
        kept.append(len(reader._buffer))
    assert kept == [100_000, 100_000, 0, 70_000]


def test_every_cut_of_three_frames() -> None:
    data = frame("a") + frame("b" * 130) + frame("c" * 70_000)
    for place in [*range(150), *range(150, len(data), 9973)]:
        assert outcome([data[:place], data[place:]], 2**20, short_way=True)[0] == ["a", "b" * 130, "c" * 70_000]


def test_a_thousand_messages_at_a_time() -> None:
    reader = reader_of(Chunks([frame("") * 2500]), 10)
    assert [len(reader.messages()) for _ in range(3)] == [1000, 1000, 500]


def test_messages_before_one_that_is_too_big_arrive() -> None:
    reader = reader_of(Chunks([frame("fine") + frame("x" * 11)]), 10)
    assert reader.messages() == ["fine"]
    with pytest.raises(MessageTooBig, match="11 bytes, the limit is 10"):
        reader.messages()


def test_a_large_message_takes_no_memory_before_its_header_was_believed() -> None:
    announced = b"\x81\x7f" + struct.pack("!Q", 2**63 - 1)
    with pytest.raises(MessageTooBig):
        reader_of(Chunks([announced]), 2**24).messages()


def test_it_reads_more_at_a_time_while_much_comes() -> None:
    asked: list[int] = []

    class Flood(Chunks):
        def recv(self, size: int) -> bytes:
            asked.append(size)
            return b"" if len(asked) > 6 else frame("x" * 100)[: 5 if len(asked) > 4 else size].ljust(size, b"\x81")

    stream = Flood([])
    reader = reader_of(stream, 1000)
    while len(asked) < 4:
        reader._data = b""
        reader._at = 0
        reader._read_more(b"")
    assert asked == [2**14, 2**16, 2**18, 2**18]


def test_the_end_in_the_middle_of_a_large_message_is_the_end() -> None:
    assert outcome([frame("x" * 70_000)[:-1]], 2**20, short_way=True) == ([], "transport closed")


# Writing


def written(messages: list[str]) -> list[bytes]:
    stream = Chunks([])
    FrameWriter(stream).write(messages)  # type: ignore[arg-type]
    return stream.written


def unmask(data: bytes) -> list[str]:
    """Return the messages in what a client wrote."""
    messages = []
    while data:
        assert data[0] == 0x81
        assert data[1] & 0x80
        size, start = data[1] & 0x7F, 2
        if size > 125:
            width = 2 if size == 126 else 8
            size, start = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
        mask, payload = data[start : start + 4], data[start + 4 : start + 4 + size]
        messages.append(bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)).decode())
        data = data[start + 4 + size :]
    return messages


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.text(), st.integers(0, 2000).map(lambda size: "é" * size)), max_size=5))
def test_what_is_written_is_what_a_server_reads(messages: list[str]) -> None:
    assert unmask(b"".join(written(messages))) == messages


def test_a_control_frame_that_comes_during_a_message_is_written_behind_it() -> None:
    class Meanwhile(Chunks):
        def send(self, data: bytes | memoryview) -> int:
            if len(self.written) == 1:
                reader.send(b"first pong")
                reader.send(b"last pong")
            return super().send(data)

    stream = Meanwhile([])
    writer = FrameWriter(stream)  # type: ignore[arg-type]
    reader = FrameReader(stream, LIMIT, writer)  # type: ignore[arg-type]
    assert reader.send(b"at once") == 7
    writer.write(["message"])
    assert [stream.written[0], *stream.written[2:]] == [b"at once", b"last pong"]
    assert unmask(stream.written[1]) == ["message"]


def test_two_threads_that_would_write_the_same_control_frame_write_it_once() -> None:
    stream = Chunks([])
    writer = FrameWriter(stream)  # type: ignore[arg-type]

    class Late:
        """A lock that is had only when the other thread has written already."""

        def acquire(self, blocking: bool) -> bool:
            writer._control.clear()
            return True

        def release(self) -> None:
            """Do nothing."""

    writer._writing = Late()  # type: ignore[assignment]
    writer.write_control(b"pong")
    assert stream.written == []


@pytest.mark.parametrize("size", [125, 126, 699, 700, 701, 65535, 65536, 2**18 + 3])
def test_every_length_is_written_right(size: int) -> None:
    assert unmask(b"".join(written(["x" * size, "next"]))) == ["x" * size, "next"]


def test_bytes_are_written_as_such() -> None:
    (data,) = written([b"\0\xff"])
    assert data[:2] == b"\x82\x82"
    assert bytes(byte ^ mask for byte, mask in zip(data[6:], data[2:], strict=False)) == b"\0\xff"


def test_small_messages_leave_together() -> None:
    assert len(written(["5:::{}"] * 50)) == 1


def test_nothing_is_written_for_nothing() -> None:
    assert written([]) == []


def test_every_frame_has_a_mask_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(written(["", ""] * 300))
    assert len({data[i : i + 4] for i in range(2, len(data), 6)}) == 600


def test_the_reader_is_all_of_a_socket_that_websocket_client_needs() -> None:
    ended: list[Callable[..., Any] | bool] = []

    class Ending(Chunks):
        def abort(self) -> None:
            ended.append(True)

    stream = Ending([])
    reader = reader_of(stream, 10)
    reader.settimeout(1)
    assert reader.gettimeout() is None
    assert reader.send(b"abc") == 3
    reader.close()
    assert ended == []
    reader.shutdown(socket.SHUT_RDWR)
    assert ended == [True]


def test_a_reserved_length_is_none_of_ours() -> None:
    assert frames_module._length(b"\x81") == (0, 0)
    assert frames_module._length(b"\x81\x7e\x01") == (0, 0)
    assert frames_module._length(b"\x81\x7e\x01\x02") == (4, 258)
