"""FrameDecoder and FrameEncoder: no socket, no thread, only bytes and messages."""

from __future__ import annotations

import platform
import struct
import subprocess
import sys
import tracemalloc
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sioclient.protocol.framing import Ping, Pong
from sioclient.transports import frames as frames_module
from sioclient.transports.failures import TooLarge
from sioclient.transports.frames import FrameDecoder, FrameEncoder
from tests.servers_py import BINARY, CLOSE, PING, PONG, frame


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted(place % (len(data) + 1) for place in places)
    return [data[begin:end] for begin, end in zip([0, *marks], [*marks, len(data)], strict=True)]


def fed(decoder: FrameDecoder, chunks: list[bytes]) -> list[str | bytes]:
    """Return the messages in so many chunks."""
    messages: list[str | bytes] = []
    for chunk in chunks:
        messages += decoder.feed(chunk)
        while more := decoder.feed(b""):
            messages += more
    return messages


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([0, 5, 124, 126, 32_766, 32_768, 60_000, 65_534, 65_536, 200_000]), max_size=5),
    st.lists(st.integers(0, 10**6), max_size=8),
)
def test_messages_of_all_sizes_arrive_whole_however_cut(sizes: list[int], places: list[int]) -> None:
    data = b"".join(frame("é" * (size // 2)) for size in sizes)
    assert fed(FrameDecoder(2**20), cut(data, places)) == ["é" * (size // 2) for size in sizes]


def test_every_cut_of_three_frames() -> None:
    data = frame("a") + frame("b" * 130) + frame("c" * 70_000)
    for place in [*range(150), *range(150, len(data), 9973)]:
        assert fed(FrameDecoder(2**20), [data[:place], data[place:]]) == ["a", "b" * 130, "c" * 70_000]


def test_a_large_message_may_be_read_into_its_buffer() -> None:
    decoder, data = FrameDecoder(2**20), frame("x" * 70_000)
    assert decoder.feed(data[:1000]) == []
    assert decoder.buffer is not None
    assert len(decoder.buffer) == len(data) - 1000
    decoder.buffer[:9000] = data[1000:10_000]
    assert decoder.filled(9000) == []
    decoder.buffer[:] = data[10_000:]
    assert decoder.filled(len(data) - 10_000) == ["x" * 70_000]
    assert decoder.buffer is None


def test_memory_of_a_large_message_is_kept_unless_it_is_much() -> None:
    texts = ["a" * 100_000, "b" * 70_000, "c" * 3_000_000, "d" * 70_000]
    decoder, kept = FrameDecoder(2**22), []
    for text in texts:
        assert fed(decoder, cut(frame(text), [1000])) == [text]
        kept.append(len(decoder._memory))
    assert kept == [100_000, 100_000, 0, 70_000]


def test_much_memory_is_free_when_its_message_is_taken() -> None:
    decoder = FrameDecoder(2**24)
    tracemalloc.start()
    try:
        fed(decoder, cut(frame("x" * 2**23), [1000]))
        assert tracemalloc.get_traced_memory()[0] < 2**20
    finally:
        tracemalloc.stop()


def test_a_thousand_messages_at_a_time() -> None:
    decoder = FrameDecoder(10)
    assert [len(decoder.feed(data)) for data in (frame("") * 2500, b"", b"", b"")] == [1000, 1000, 500, 0]


def test_messages_before_one_that_is_too_big_arrive() -> None:
    decoder = FrameDecoder(10)
    assert decoder.feed(frame("fine") + frame("x" * 11)) == ["fine"]
    with pytest.raises(TooLarge, match="11 bytes, the limit is 10"):
        decoder.feed(b"")


@pytest.mark.parametrize("size", [200, 2**63 - 1])
def test_a_message_takes_no_memory_before_its_header_was_believed(size: int) -> None:
    with pytest.raises(TooLarge):
        FrameDecoder(100).feed(b"\x81\x7f" + struct.pack("!Q", size))


@pytest.mark.parametrize(
    "other",
    [
        frame(b"x", BINARY),
        frame("x", fin=False),
        b"\x81\xff",
        b"\x82",
        frame("x" * 11, PING),
        b"\x8a\xfe",
        frame("", CLOSE),
    ],
)
def test_other_frames_are_left_to_others(other: bytes) -> None:
    decoder = FrameDecoder(10)
    assert decoder.feed(frame("a") + other) == ["a"]
    assert decoder.feed(b"") == []
    assert decoder.is_foreign
    assert decoder.take(1) + decoder.take(1000) == other
    assert decoder.take(1) == b""
    assert decoder.feed(b"") == []
    assert not decoder.is_foreign
    decoder.add(b"xyz")
    assert (decoder.take(2), decoder.take(2), decoder.has_rest) == (b"xy", b"z", False)
    decoder.add(b"")
    assert not decoder.has_rest
    assert decoder.feed(frame("b")) == ["b"]


def test_pings_and_pongs_between_messages_are_taken() -> None:
    decoder = FrameDecoder(10)
    pings = frame("first", PING) + frame("", PONG) + frame("second", PING)
    assert decoder.feed(pings) == []
    assert (decoder.ping, decoder.has_rest, decoder.is_foreign) == (b"second", False, False)
    decoder.ping = None
    assert decoder.feed(frame("a") + frame("x", PONG) + frame("b") + frame("third", PING) + frame("c")) == [
        "a",
        "b",
        "c",
    ]
    assert decoder.ping == b"third"


def test_a_pong_to_a_ping_of_ours_is_a_message() -> None:
    decoder = FrameDecoder(20)
    received = decoder.feed(frame("a") + frame("sioclient 1", PONG) + frame("unasked", PONG) + frame("b"))
    assert received == ["a", b"sioclient 1", "b"]
    assert type(received[1]) is Pong


def test_every_cut_of_a_ping() -> None:
    data = frame("a") + frame("x" * 10, PING) + frame("b")
    for cut in range(len(data) + 1):
        decoder = FrameDecoder(10)
        assert decoder.feed(data[:cut]) + decoder.feed(data[cut:]) == ["a", "b"]
        assert decoder.ping == b"x" * 10


def test_a_thousand_messages_are_returned_at_once_however_many_pings() -> None:
    decoder = FrameDecoder(10)
    received = decoder.feed((frame("a") + frame("", PING)) * 5000)
    assert 1000 <= len(received) < 2000
    while decoder.has_rest:
        received += decoder.feed(b"")
    assert received == ["a"] * 5000


def test_half_a_surrogate_pair_is_text_and_other_bytes_are_not() -> None:
    decoder = FrameDecoder(10)
    assert decoder.feed(frame("a") + frame(b"\xed\xa0\xbd") + frame(b"\xff")) == ["a"]
    assert decoder.feed(b"") == ["\ud83d"]
    with pytest.raises(UnicodeDecodeError):
        decoder.feed(b"")


def test_a_header_that_is_not_there_yet_has_no_length() -> None:
    assert frames_module._length(b"\x81") == (0, 0)
    assert frames_module._length(b"\x81\x7e\x01") == (0, 0)
    assert frames_module._length(b"\x81\x7e\x01\x02") == (4, 258)


# Encoding


def encoded(messages: list[str | bytes]) -> list[bytes]:
    return [bytes(block) for block in FrameEncoder().encode(messages)]


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
def test_what_is_encoded_is_what_a_server_reads(messages: list[str]) -> None:
    assert unmask(b"".join(encoded(list(messages)))) == messages


@pytest.mark.parametrize("size", [125, 126, 699, 700, 701, 65535, 65536, 2**18 + 3])
def test_every_length_is_written_right(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    assert unmask(b"".join(encoded(["x" * size, "next"]))) == ["x" * size, "next"]
    assert unmask(b"".join(encoded(["x" * size]))) == ["x" * size]


@pytest.mark.parametrize("size", [700, 701, 702, 703, 65535, 65536, 2**18 + 3])
@pytest.mark.parametrize("text", ["x", "é"])
def test_a_program_that_has_numpy_masks_with_it(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    numpy, used, module = pytest.importorskip("numpy"), [], ModuleType("numpy")

    def from_buffer(*arguments: Any) -> Any:
        used.append(arguments)
        return numpy.frombuffer(*arguments)

    module.frombuffer = from_buffer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "numpy", module)
    assert unmask(b"".join(encoded([text * size, "next"]))) == [text * size, "next"]
    assert used


@pytest.mark.parametrize("module", [ModuleType("numpy"), MagicMock()], ids=["being imported", "a mock"])
def test_what_is_not_all_of_numpy_is_not_used(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", module)
    assert unmask(b"".join(encoded(["x" * 1000]))) == ["x" * 1000]


@pytest.mark.parametrize("messages", [[b"\0\xff"], [b"\0\xff", ""], [b"\0\xff" * 400]])
def test_bytes_are_written_as_such(messages: list[str | bytes]) -> None:
    (data,) = encoded(messages)
    size = len(messages[0])
    start = 2 if size < 126 else 4
    mask, payload = data[start : start + 4], data[start + 4 : start + 4 + size]
    assert data[0] == 0x82
    assert bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) == messages[0]


def test_small_messages_leave_together() -> None:
    assert len(encoded(["5:::{}"] * 50)) == 1


def test_no_block_is_large() -> None:
    assert max(map(len, encoded(["x" * 600] * 500))) < 2**17
    assert max(map(len, encoded(["x" * 2**20, "y" * 600, "z" * 2**17]))) < 2**17 + 700


@pytest.mark.parametrize("count", [2, 31, 32, 33, 64, 65, 200])
@pytest.mark.parametrize("long", [0, 1, 700, 70_000])
def test_messages_are_written_in_order_whatever_is_masked_together(count: int, long: int) -> None:
    messages = [f"{number}é" * (number % 150) for number in range(count)]
    messages[count // 2 : count // 2] = ["x" * long] * 2
    assert unmask(b"".join(encoded(messages))) == messages


def test_nothing_is_written_for_nothing() -> None:
    assert encoded([]) == []


def test_every_frame_has_a_mask_of_its_own() -> None:
    data = b"".join(encoded(["", ""] * 300))
    assert len({data[i : i + 4] for i in range(2, len(data), 6)}) == 600


@pytest.mark.parametrize("message", ["", "text", "é" * 100, b"\0\xff"])
def test_a_short_message_alone_is_written_as_one_of_many(message: str | bytes) -> None:
    encoder = FrameEncoder()
    for _ in range(300):  # from the second one on, there is a mask
        (data,) = encoder.encode([message])
        assert data[0] == (0x81 if isinstance(message, str) else 0x82)
        size = data[1] & 0x7F if data[1] != 0xFE else int.from_bytes(data[2:4], "big")
        start = len(data) - size
        payload = bytes(byte ^ data[start - 4 + i % 4] for i, byte in enumerate(data[start:]))
        assert payload == (message.encode() if isinstance(message, str) else message)


@pytest.mark.parametrize("messages", [[Ping(b"p1")], ["a", Ping(b"p1"), b"b"]])
def test_a_ping_is_a_control_frame(messages: list[str | bytes]) -> None:
    encoder = FrameEncoder()
    list(encoder.encode(["first", "second"]))  # so that there are masks
    data = b"".join(encoder.encode(messages))
    at, kinds = 0, []
    while at < len(data):
        kinds.append(data[at])
        at += 6 + (data[at + 1] & 0x7F)
    assert kinds == [{str: 0x81, bytes: 0x82, Ping: 0x89}[type(message)] for message in messages]


_DECODE_LARGE = """
import resource, struct, threading
from sioclient.transports.frames import FrameDecoder
frame = b"\\x81\\x7f" + struct.pack("!Q", 2**20) + bytes(2**20)
def decode():
    decoder, before = FrameDecoder(2**24), None
    for turn in range(60):
        if turn == 10:
            before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        decoder.feed(frame[:100])
        decoder.feed(frame[100:])[0].upper()
    print((resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before) // 50)
thread = threading.Thread(target=decode)
thread.start()
thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="whether memory is kept is up to the allocator")
def test_memory_of_a_large_message_serves_the_next_one() -> None:
    done = subprocess.run([sys.executable, "-c", _DECODE_LARGE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50, "the system hands out the memory of each message anew: 256 pages are a MiB"
