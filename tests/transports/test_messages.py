"""All frames of a websocket, from bytes that are cut anywhere."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.transports.failures import TooLarge
from sioclient.transports.messages import MessageDecoder

LIMIT = 100_000


def made(opcode: int, payload: bytes, *, last: bool = True) -> bytes:
    first, size = opcode | (0x80 if last else 0), len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + struct.pack("!H", size) + payload
    return bytes((first, 127)) + struct.pack("!Q", size) + payload


TEXT = st.text(max_size=300).map(lambda text: ([text], made(1, text.encode())))
BYTES = st.binary(max_size=300).map(lambda data: ([data], made(2, data)))
CONTROL = st.sampled_from([([], made(9, b"hi")), ([], made(10, b""))])


@st.composite
def in_pieces(draw):
    whole, cut = draw(st.binary(max_size=200)), draw(st.integers(0, 200))
    between = draw(CONTROL)[1]
    return [whole], made(2, whole[:cut], last=False) + between + made(0, whole[cut:])


@given(st.lists(st.one_of(TEXT, BYTES, CONTROL, in_pieces())), st.lists(st.integers(0, 3000)))
def test_messages_come_in_order_however_bytes_are_cut(parts, cuts):
    expected = [message for messages, _ in parts for message in messages]
    data = b"".join(frame for _, frame in parts)
    decoder, found = MessageDecoder(LIMIT), []
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in pairwise(edges):
        found += decoder.feed(data[start:end])
    assert found == expected


def test_large_messages_of_both_kinds():
    decoder = MessageDecoder(LIMIT)
    data = made(1, b"x" * 70_000) + made(2, b"y" * 70_000) + made(1, b"z" * 40_000)
    found = [message for at in range(0, len(data), 9000) for message in decoder.feed(data[at : at + 9000])]
    assert found == ["x" * 70_000, b"y" * 70_000, "z" * 40_000]


def test_last_of_many_pings_is_owed_a_pong():
    decoder = MessageDecoder(LIMIT)
    assert decoder.feed(made(9, b"1") + made(9, b"22")) == []
    pong = decoder.pong
    mask, masked = pong[2:6], pong[6:]
    assert pong[:2] == bytes((0x8A, 0x82))
    assert bytes(a ^ b for a, b in zip(masked, mask, strict=False)) == b"22"


@pytest.mark.parametrize("frame", [made(1, b"x" * 101), made(2, b"x" * 101), made(2, b"x" * 70_000)])
def test_size_is_bounded_by_the_header_alone(frame):
    with pytest.raises(TooLarge, match="the limit is 100"):
        MessageDecoder(100).feed(frame[:10])


def test_sizes_of_pieces_count_together():
    decoder = MessageDecoder(100)
    decoder.feed(made(1, b"x" * 60, last=False))
    with pytest.raises(TooLarge, match="120 bytes"):
        decoder.feed(made(0, b"x" * 60)[:2])


UNENDED = made(1, b"a", last=False) + made(1, b"b")


@pytest.mark.parametrize(
    "frame",
    [b"\xc1\x00", b"\x81\x81", b"\x83\x00", made(9, b"x", last=False), b"\x89\x7e\x00\x80", made(0, b"x"), UNENDED],
)
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(RemoteProtocolError):
        MessageDecoder(LIMIT).feed(frame)


def test_close_frame_ends_with_its_code():
    with pytest.raises(OSError, match=r"1001 \(going away\), 'bye'"):
        MessageDecoder(LIMIT).feed(made(8, struct.pack("!H", 1001) + b"bye"))


def test_messages_before_the_end_are_not_lost():
    decoder = MessageDecoder(LIMIT)
    assert decoder.feed(made(1, b"0::") + made(8, b"")) == ["0::"]
    assert decoder.has_ended
    with pytest.raises(OSError, match="close frame"):
        decoder.feed(b"")


def test_text_that_is_none_is_refused():
    with pytest.raises(UnicodeDecodeError):
        MessageDecoder(LIMIT).feed(made(1, b"\xff", last=False) + made(0, b"\xff"))
