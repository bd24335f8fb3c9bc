from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.protocol.revisions import engine4

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x1e")).map(lambda text: "4" + text)
FRAMES = st.lists(TEXTS | st.binary(), min_size=1)


def test_bytes_are_a_frame_as_they_are():
    assert engine4.wrap_bytes(b"\4\1") == b"\4\1"
    assert engine4.unwrap_bytes(b"") == b""


@given(FRAMES)
def test_frames_survive_a_round_trip(frames):
    assert engine4.decode_payload(engine4.body(frames)) == frames


@given(FRAMES)
def test_a_body_is_as_large_as_its_frames(frames):
    assert len(engine4.body(frames).encode("utf-8")) + 1 == sum(map(engine4.size, frames))


@given(st.text(max_size=40))
def test_any_text_is_frames_or_a_remote_error(body):
    try:
        frames = engine4.decode_payload(body)
    except RemoteProtocolError:
        return
    assert "" not in frames


@pytest.mark.parametrize("count", [100_000])
def test_a_body_of_many_frames_is_read_in_time(count):
    frames = ["42[1]"] * count
    assert engine4.decode_payload(engine4.join(frames)) == frames


@pytest.mark.parametrize("body", ["b!", "b\u20ac", "2\x1ebA"])
def test_bytes_that_are_not_base64_are_an_error(body):
    with pytest.raises(RemoteProtocolError, match="payload cannot be read"):
        engine4.decode_payload(body)


@pytest.mark.parametrize(
    ("body", "frames"),
    [("4a", ["4a"]), ("4\u00e9\x1e2\x1ebAQIDBA==", ["4\u00e9", "2", b"\1\2\3\4"]), ("b", [b""])],
)
def test_what_clients_post(body, frames):
    assert list(engine4.read_body(body.encode())) == frames


@pytest.mark.parametrize("body", ["", "abc", "4a\x1e", "4a\x1e\x1e4b", "7"])
def test_packets_without_a_type(body):
    with pytest.raises(ValueError, match="without a type"):
        engine4.read_body(body.encode())


def test_bytes_that_are_not_base64():
    with pytest.raises(RemoteProtocolError):
        list(engine4.read_body(b"4a\x1eb!"))
