"""The bodies of Engine.IO: responses to polls, and what is posted."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.protocol.revisions.serving import serving4, serving5
from sioclient.server.enginebodies import forbidden, read_post, write_poll
from sioclient.server.handshake import Response

V4, V5 = serving4(), serving5()
PLAIN = "text/plain; charset=UTF-8"


@pytest.mark.parametrize(
    ("dialect", "frames", "text_only", "expected"),
    [
        (V5, ["4a", b"\1\2"], False, (PLAIN, "4a\x1ebAQI=")),
        (V4, ["4a", "2"], False, (PLAIN, "2:4a1:2")),
        (V4, ["4a", b"\4\1"], False, ("application/octet-stream", b"\0\2\xff4a\1\2\xff\4\1")),
        (V4, ["4a", b"\4\1"], True, (PLAIN, "2:4a6:b4AQ==")),
    ],
)
def test_the_response_to_a_poll(dialect, frames, text_only, expected):
    assert write_poll(dialect, frames, text_only=text_only, index=None) == expected


def test_a_script():
    kind, body = write_poll(V4, ["4\u2028\u2029</script>"], text_only=True, index="3")
    assert kind.startswith("text/javascript")
    assert body == '___eio[3]("12:4\\u2028\\u2029</script>");'
    assert json.loads(body[10:-2]) == "12:4\u2028\u2029</script>"
    assert write_poll(V5, ["2"], text_only=True, index="x(")[1] == '___eio[0]("2");'


@pytest.mark.parametrize(
    ("dialect", "body", "is_form", "frames"),
    [
        (V5, b"4a\x1ebAQI=", False, ["4a", b"\1\2"]),
        (V4, b"2:4a1:2", False, ["4a", "2"]),
        (V4, b"d=3%3A4a%0A", True, ["4a\n"]),
        (V4, b"x=1&d=6%3A4%5Cn%5C%5Cn+%C3%A9", True, ["4\n\\n \u00e9"]),
        (V5, b"4a\x1eb!\x1e4b", False, ["4a", ""]),
        (V4, b"2:4axx", False, ["4a", ""]),
        (V4, b"e=1", True, [""]),
        (V4, b"d=x", True, [""]),
        (V4, b"&" * 20 + b"d=1:2", True, [""]),
    ],
)
def test_what_is_posted(dialect, body, is_form, frames):
    assert [frame for frame in read_post(dialect, body, is_form=is_form) if frame is not None] == frames


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (V5, b"abc"),
        (V5, b"b!"),
        (V5, b""),
        (V4, b""),
        (V4, b"1:a"),
        (V4, b"x"),
    ],
)
def test_what_is_no_payload(dialect, body):
    with pytest.raises(ValueError, match=r"."):
        read_post(dialect, body, is_form=False)


@given(st.sampled_from([V4, V5]), st.binary(max_size=60), st.booleans())
def test_any_body_is_frames_or_a_value_error(dialect, body, is_form):
    with suppress(ValueError):
        for frame in read_post(dialect, body, is_form=is_form):
            assert frame is None or isinstance(frame, (str, bytes))


def test_the_status_of_a_refusal():
    assert forbidden(Response(500, "text/plain", "handshake error"))[0] == 403
    assert forbidden(Response(503, "text/plain", "full")) == (503, "application/json", '{"code":4,"message":"full"}')
