from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.protocol.revisions import engine3

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1).map(lambda text: "4" + text)
FRAMES = st.lists(TEXTS | st.binary().map(engine3.wrap_bytes))


def wire(body):
    """Return the body as the transport passes it on."""
    return body if isinstance(body, str) else body.decode("latin-1")


def test_a_frame_of_bytes_begins_with_its_type():
    assert engine3.wrap_bytes(b"\1\2") == b"\4\1\2"
    assert engine3.unwrap_bytes(b"\4\1\2") == b"\1\2"
    for frame in (b"", b"\2", b"\1\4"):
        with pytest.raises(ValueError, match="not a message"):
            engine3.unwrap_bytes(frame)


@example(["4\u00e9", b"\4\1"])
@given(FRAMES)
def test_frames_survive_a_round_trip(frames):
    assert engine3.decode_payload(wire(engine3.body(frames))) == frames


@given(FRAMES)
def test_a_body_is_no_larger_than_its_frames(frames):
    body = engine3.body(frames)
    assert len(body.encode("utf-8") if isinstance(body, str) else body) <= sum(map(engine3.size, frames))


@given(st.lists(TEXTS))
def test_texts_survive_as_one_text(texts):
    assert engine3.decode_payload(engine3.join(texts)) == texts


@pytest.mark.parametrize("frames", [["4\u00e9"], ["4\U0001f600", "2"], [b"\4\1"], ["2", b"\4"]])
def test_only_ascii_is_sent_as_text(frames):
    assert isinstance(engine3.body(frames), bytes)
    assert engine3.body(["2", "40"]) == "1:22:40"


@given(st.text(max_size=40))
def test_any_text_is_frames_or_a_remote_error(body):
    try:
        frames = engine3.decode_payload(body)
    except RemoteProtocolError:
        return
    assert all(frames)


@given(st.binary(max_size=40))
def test_any_bytes_are_frames_or_a_remote_error(body):
    try:
        frames = engine3.decode_payload("\0" + body.decode("latin-1"))
    except RemoteProtocolError:
        return
    assert all(frames)


def test_a_body_of_many_frames_is_read_in_time():
    frames = ["42[1]"] * 100_000
    assert engine3.decode_payload(engine3.join(frames)) == frames


def test_bytes_in_a_text_body_are_base64():
    assert engine3.decode_payload("6:b4AAE=1:2") == [b"\4\0\1", "2"]


@pytest.mark.parametrize("body", ["x", "5:40", "\0\x01", "\0\x05\xff4", "3:b4!", "2:bx"])
def test_a_body_with_wrong_lengths_is_an_error(body):
    with pytest.raises(RemoteProtocolError, match="payload cannot be read"):
        engine3.decode_payload(body)


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        ("6:4hello1:2", ["4hello", "2"]),
        ("4:4\u00e9\U0001f6001:2", ["4\u00e9\U0001f600", "2"]),
        ("3:4\u00c3\u00a9", ["4\u00e9"]),  # socket.io-client 1.x encodes it twice
        ("3:4\u00c3\u20ac", ["4\u00c3\u20ac"]),
        ("10:b4AQIDBA==", [b"\4\1\2\3\4"]),
        ("", []),
    ],
)
def test_what_clients_post_as_text(body, frames):
    assert list(engine3.read_body(body.encode())) == frames


def test_what_clients_post_as_bytes():
    assert list(engine3.read_body(b"\0\3\xff4\xc3\xa9\1\2\xff\4\xff")) == ["4\u00e9", b"\4\xff"]


@pytest.mark.parametrize("body", [b"abc", b"9:4", b"\0\t\xff4", b"3:b4x"])
def test_what_no_client_posts(body):
    with pytest.raises(ValueError, match=r"."):
        list(engine3.read_body(body))


def test_a_frame_as_a_text():
    assert engine3.text_of("4x") == "4x"
    assert engine3.text_of(b"\4\1\2\3\4") == "b4AQIDBA=="
