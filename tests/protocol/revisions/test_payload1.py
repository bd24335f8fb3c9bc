from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.protocol.revisions.payload1 import decode_payload, encode_payload

MARK = "\ufffd"
TEXT = st.text() | st.text("\ufffd0123\U0001f600\U0010ffff\u2028\xe9:")
FRAMES = st.lists(TEXT.map("3:::{}".format), min_size=1, max_size=6)


def framed(frames: list[str], length) -> str:
    return "".join(f"{MARK}{length(frame)}{MARK}{frame}" for frame in frames)


@given(FRAMES)
def test_every_payload_survives_a_round_trip(frames):
    assert decode_payload(encode_payload(frames)) == frames


@given(FRAMES)
def test_lengths_are_written_as_javascript_counts(frames):
    expected = framed(frames, lambda frame: len(frame.encode("utf-16-le")) // 2)
    assert encode_payload(frames) == (expected if len(frames) > 1 else frames[0])


@given(st.lists(st.text("ab\U0001f600\xe9\u20ac").map("3:::{}".format), min_size=1, max_size=6))
def test_lengths_of_servers_that_count_code_points_are_understood(frames):
    assert decode_payload(framed(frames, len)) == frames


def test_of_two_countings_that_fit_javascript_wins():
    # In code points the first length would reach to the very end.
    frames = ["3:::" + "\U0001f600" * 6, "8::"]
    assert decode_payload(encode_payload(frames)) == frames


def test_lengths_in_bytes_are_understood_if_no_other_fits():
    frames = ["3:::a\U0001f600b", "3:::\xe9\u20ac", "3:::end"]
    assert decode_payload(framed(frames, lambda frame: len(frame.encode()))) == frames


def test_a_single_frame_is_the_body():
    assert encode_payload(["1::"]) == "1::"


def test_no_frame_is_no_body():
    assert encode_payload([]) == ""
    assert decode_payload("") == []


def test_one_frame_with_its_length_is_read():
    assert decode_payload(f"{MARK}8{MARK}0::/chat") == ["0::/chat"]


def test_empty_frames_are_left_out():
    assert decode_payload(f"{MARK}0{MARK}{MARK}3{MARK}8::{MARK}0{MARK}") == ["8::"]


def test_a_last_length_that_is_too_large_takes_the_rest():
    assert decode_payload(f"{MARK}3{MARK}1::{MARK}99{MARK}3:::x") == ["1::", "3:::x"]


@pytest.mark.parametrize(
    "body",
    [
        MARK,
        MARK * 2,
        f"{MARK}7",
        f"{MARK}ab{MARK}3:::x",
        f"{MARK}-1{MARK}3:::x",
        f"{MARK}+5{MARK}3:::x",
        f"{MARK} 5{MARK}3:::x",
        f"{MARK}\u0665{MARK}3:::x",
        f"{MARK}99999999999{MARK}3:::x",
        f"{MARK}3{MARK}1::garbage",
        f"{MARK}2{MARK}1::{MARK}3{MARK}2::",
    ],
)
def test_a_body_without_good_lengths_is_a_remote_error(body):
    with pytest.raises(RemoteProtocolError, match="payload cannot be read"):
        decode_payload(body)


@given(st.text("\ufffd0123456789:ab\U0001f600\xe9\ud83d\ude00").map(MARK.__add__) | TEXT | st.text(st.characters()))
def test_no_body_raises_another_error(body):
    try:
        frames = decode_payload(body)
    except RemoteProtocolError:
        return
    assert all(frames)


def test_the_error_does_not_repeat_a_large_body():
    with pytest.raises(RemoteProtocolError) as caught:
        decode_payload(MARK + "x" * 100_000)
    assert len(str(caught.value)) < 500


def test_ten_thousand_frames_in_one_body_are_all_read():
    frames = [f"5:::{number}" for number in range(10_000)]
    assert decode_payload(encode_payload(frames)) == frames
