"""Bodies, byte for byte as socket.io 0.9.19 writes and reads them."""

from __future__ import annotations

import pytest

from sioclient.protocol.revisions.jsonp1 import decode_jsonp
from sioclient.server.wire import POLLS, PREAMBLE, jsonp, script

FRAMES = ["3:::a\U0001f600b", "3:::\ufffdx"]
FRAMED = "\ufffd8\ufffd3:::a\U0001f600b\ufffd6\ufffd3:::\ufffdx"


def test_polls():
    poll = POLLS["xhr-polling"]
    assert poll.encode(["1::"], "") == "1::"
    assert poll.encode(FRAMES, "") == FRAMED
    assert poll.decode(FRAMED.encode()) == FRAMES
    assert poll.decode(b"") == []


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
    assert POLLS["jsonp-polling"].decode(form.encode()) == frames


def test_a_post_that_is_no_payload_is_one_frame_that_is_no_packet():
    assert POLLS["xhr-polling"].decode("\ufffdx\ufffd3:::a".encode()) == ["\ufffdx\ufffd3:::a"]
    assert POLLS["xhr-polling"].decode(b"3:::\xff") == ["3:::\ufffd"]


def test_the_page_of_an_htmlfile():
    assert len(PREAMBLE) == 256
    assert PREAMBLE.startswith("<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script> ")
    assert script("1::") == '<script>_("1::");</script>'
    assert script("3::/a:</script><!--") == '<script>_("3::\\/a:\\u003c\\/script>\\u003c!--");</script>'
