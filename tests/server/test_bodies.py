"""Bodies, byte for byte as socket.io 0.9.19 writes and reads them."""

from __future__ import annotations

import pytest

from sioclient.protocol.revisions.jsonp1 import decode_jsonp
from sioclient.protocol.revisions.payload1 import decode_payload
from sioclient.server.bodies import POLLS, PREAMBLE, jsonp, script, split_payload

FRAMES = ["3:::a\U0001f600b", "3:::\ufffdx"]
FRAMED = "\ufffd8\ufffd3:::a\U0001f600b\ufffd6\ufffd3:::\ufffdx"


def decode(transport, body):
    """Return the frames in the body of a post."""
    return [frame for frame in POLLS[transport].decode(body) if frame is not None]


def test_polls():
    poll = POLLS["xhr-polling"]
    assert poll.encode(["1::"], "") == "1::"
    assert poll.encode(FRAMES, "") == FRAMED
    assert decode("xhr-polling", FRAMED.encode()) == FRAMES
    assert decode("xhr-polling", b"") == []


def test_scripts():
    poll = POLLS["jsonp-polling"]
    assert poll.encode(["1::"], "3") == 'io.j[3]("1::");'
    assert poll.encode(['3:::\u2028\u2029"\\'], "0") == 'io.j[0]("3:::\\u2028\\u2029\\"\\\\");'
    assert poll.encode(FRAMES, "0") == f'io.j[0]("{FRAMED}");'
    assert decode_jsonp(poll.encode(FRAMES, "0")) == FRAMED


@pytest.mark.parametrize("index", ["", "x", "0];alert(1);//", "-1", "\u0661", "1" * 10])
def test_nothing_but_a_number_gets_into_a_script(index):
    assert jsonp("1", index) == "io.j[0](1);"


@pytest.mark.parametrize(
    ("form", "frames"),
    [
        ("d=%223%3A%3A%3Aa+b%22", ["3:::a b"]),
        ("d=%22%5Cufffd5%5Cufffd3%3A%3A%3Aa%5Cufffd5%5Cufffd3%3A%3A%3Ab%22", ["3:::a", "3:::b"]),
        ("d=3%3A%3A%3Araw%20of%200.7", ["3:::raw of 0.7"]),
        ("d=%223%3A%3A%3A%F0%9F%98%80%22", ["3:::\U0001f600"]),
        ("d=%22%5Cud83d%22", ["\ufffd\ufffd\ufffd"]),  # half a pair is no text
        ("d=5", ["5"]),
        ("x=y", ["x=y"]),
        ("", []),
        ("&".join(["d=1"] * 11), ["&".join(["d=1"] * 11)]),
    ],
)
def test_forms(form, frames):
    assert decode("jsonp-polling", form.encode()) == frames


def test_what_is_no_payload_becomes_a_malformed_frame():
    assert decode("xhr-polling", "\ufffdx\ufffd3:::a".encode()) == ["\ufffdx\ufffd3:::a"]
    assert decode("xhr-polling", "\ufffd3\ufffd8::lost\ufffd3\ufffd8::".encode()) == ["8::", "lost\ufffd3\ufffd8::"]
    assert decode("xhr-polling", b"3:::\xff") == ["3:::\ufffd"]


LENGTHS = {
    "UTF-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "code points": len,
    "bytes": lambda text: len(text.encode()),
}


@pytest.mark.parametrize("counting", LENGTHS)
def test_lengths_may_count_utf16_code_points_or_bytes(counting):
    frames = ["3:::\U0001f600", "3:::\ufffdü", "3:::" + "ü" * 30, "3:::", "3:::a\U0001f600\u2028"]
    payload = "".join(f"\ufffd{LENGTHS[counting](frame)}\ufffd{frame}" for frame in frames)
    assert list(split_payload(payload)) == frames


def test_a_payload_that_is_cut_short():
    assert list(split_payload("\ufffd3\ufffd8::\ufffd9\ufffd3:::a")) == ["8::", "3:::a"]
    assert list(split_payload("\ufffd0\ufffd\ufffd3\ufffd8::")) == [None, "8::"]
    assert list(split_payload("\ufffd2\ufffd\U0001f600é!")) == ["\U0001f600", "é!"]


def test_the_lengths_are_those_that_the_client_reads():
    assert [frame for frame in split_payload(FRAMED) if frame] == decode_payload(FRAMED)


@pytest.mark.parametrize(
    ("transport", "body"),
    [
        ("xhr-polling", "\ufffd3\ufffd8::" * 1000),
        ("xhr-polling", "\ufffd0\ufffd" * 1000),
        ("jsonp-polling", "d=" + "%41" * 1_000_000),
    ],
)
def test_s15_a_body_is_read_in_many_short_steps(transport, body):
    assert len(list(POLLS[transport].decode(body.encode()))) > 200


def test_the_page_of_an_htmlfile():
    assert len(PREAMBLE) == 256
    assert PREAMBLE.startswith("<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script> ")
    assert script("1::") == '<script>_("1::");</script>'
    assert script("3::/a:</script><!--") == '<script>_("3::\\/a:\\u003c\\/script>\\u003c!--");</script>'
