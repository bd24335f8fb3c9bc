from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.protocol.revisions import engine4

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x1e")).map(lambda text: "4" + text)
FRAMES = st.lists(TEXTS | st.binary(), min_size=1)


def size(body):
    return len(body.encode("utf-8"))


def test_bytes_are_a_frame_as_they_are():
    assert engine4.wrap_bytes(b"\4\1") == b"\4\1"
    assert engine4.unwrap_bytes(b"") == b""


@given(FRAMES, st.none() | st.integers(1, 60))
def test_frames_survive_there_and_back(frames, most):
    bodies = list(engine4.bodies(frames, most))
    assert [frame for body in bodies for frame in engine4.decode_payload(body)] == frames


@given(FRAMES, st.integers(1, 60))
def test_a_body_is_too_large_only_if_one_frame_alone_is(frames, most):
    for body in engine4.bodies(frames, most):
        assert size(body) <= most or "\x1e" not in body


def test_a_body_is_filled_to_its_limit():
    assert list(engine4.bodies(["4abc", "4de", "4f", "4\u20ac"], 8)) == ["4abc\x1e4de", "4f\x1e4\u20ac"]
    assert list(engine4.bodies(["4abc", "4de"], 7)) == ["4abc", "4de"]
    assert list(engine4.bodies([], 7)) == []


@given(st.text(max_size=40))
def test_any_text_is_frames_or_one_kind_of_error(body):
    try:
        frames = engine4.decode_payload(body)
    except RemoteProtocolError:
        return
    assert "" not in frames


@pytest.mark.parametrize("count", [100_000])
def test_many_frames_take_no_longer_each(count):
    frames = ["42[1]"] * count
    assert engine4.decode_payload(engine4.join(frames)) == frames
