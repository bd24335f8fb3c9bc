"""The lines of a recording, read."""

from __future__ import annotations

import json

import pytest

from sioclient.recordings import Recorded, decoded, read_lines

LINES = [
    '{"event": "news", "args": [{"$base64": "AP8="}], "endpoint": "", "time": 5.5}',
    "",
    '{"event": "sum", "args": [1, 2], "endpoint": "/chat", "time": 6, "sent": true, "id": 7}',
    '{"event": "note", "args": [], "endpoint": "/chat", "time": 7, "sent": true}',
    '{"ack": [3], "endpoint": "/chat", "time": 8, "id": 7}',
    '{"ack": [4], "endpoint": "/chat", "time": 8, "id": 8}',
]


def test_events_come_with_their_acknowledgements():
    assert read_lines(LINES, "x") == [
        Recorded("", "news", [b"\0\xff"], 5.5, False, None),
        Recorded("/chat", "sum", [1, 2], 6, True, [3]),
        Recorded("/chat", "note", [], 7, True, None),
    ]


def test_what_a_line_may_leave_out():
    lines = ['{"event": "a", "time": 5}', '{"event": "b"}']
    assert read_lines(lines, "x") == [Recorded("", "a", [], 5, False, None), Recorded("", "b", [], 5, False, None)]
    assert read_lines(['{"event": "b"}'], "x")[0].time == 0


@pytest.mark.parametrize(
    "line",
    ["x", "5", "[]", "{}", '{"event": 5}', '{"event": "a", "args": 5}', '{"event": "a", "time": "x"}', '{"ack": []}'],
)
def test_a_line_that_is_none_is_named(line):
    with pytest.raises(ValueError, match="line 2 of x is none of a recording: it must be JSON as sioclient listen"):
        read_lines(["", line], "x")


@pytest.mark.parametrize("text", ['{"$base64": 5}', '{"$base64": "", "a": 1}'])
def test_other_objects_are_no_bytes(text):
    assert decoded(text) == json.loads(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[-Infinity]", "{", '{"$base64": "?"}'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        decoded(text)
