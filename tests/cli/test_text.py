"""What others sent becomes harmless text, and JSON stays JSON."""

from __future__ import annotations

import json

import pytest

from sioclient.cli.text import encoded, printable
from sioclient.recordings import decoded

NASTY = "\x1b[31m\x07\r\n\x7f\x9b\u202e\u2028\ud800\U000e0001 é 日本"


def test_control_characters_are_escaped():
    text = printable(NASTY)
    assert text.isprintable()
    assert text.startswith("\\x1b[31m\\x07\\r\\n\\x7f\\x9b\\u202e")
    assert text.endswith(" é 日本")
    assert printable("plain é") == "plain é"


def test_json_of_anything_is_printable_and_means_the_same():
    line = encoded({"nasty": NASTY, NASTY: [1, True, None, 1.5]})
    assert line.isprintable()
    assert "日本" in line
    assert json.loads(line) == {"nasty": NASTY, NASTY: [1, True, None, 1.5]}


def test_json_may_be_ascii_only():
    assert encoded("é", ascii_only=True) == '"\\u00e9"'


@pytest.mark.parametrize("value", [b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")])
def test_bytes_are_base64_both_ways(value):
    assert encoded([value]) == '[{"$base64": "AP8="}]'
    assert decoded('[{"$base64": "AP8="}]') == [b"\0\xff"]


def test_infinity_becomes_null_as_in_javascript():
    assert encoded({"a": [float("inf"), (float("nan"), 1)]}) == '{"a": [null, [null, 1]]}'


def test_what_is_nested_too_deeply_is_said_to_be():
    value = []
    for _ in range(100_000):
        value = [value]
    assert json.loads(encoded(value)) == {"$error": "this is nested too deeply to be shown"}


def test_what_json_cannot_hold_is_an_error():
    with pytest.raises(TypeError, match="set is nothing"):
        encoded({1})
