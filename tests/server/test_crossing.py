"""What crosses processes: written and read, and whatever a stranger may publish."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from sioclient.errors import LocalProtocolError
from sioclient.protocol.packets import Event, Json, Message
from sioclient.server.crossing import Asked, Kicked, Sent, Told, beginning, decode, encode

VALUES = [None, True, -1, 1.5, "ü\u2028😀\ud800", [[]], {}, {"a": {"b": [1]}}, {"$bytes": "x"}, {"$$bytes": {"$a": 1}}]
VALUES += [b"", b"\x00\xff", {"deep": [b"1", {"$bytes": b"2"}]}, {"$": 1}, {"$bytes": 1, "b": 2}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_cross_unchanged(value):
    for packet in (Event("news", [value, value], "/chat"), Json(value, "")):
        assert decode(encode("ada", Sent(packet, "kitchen")).encode()) == ("ada", Sent(packet, "kitchen"))


@pytest.mark.parametrize(
    "crossing",
    [
        Sent(Message("hello", "/chat"), None, volatile=True),
        Kicked("session", "/chat"),
        Asked("ada-1", "/chat", None),
        Asked("ada-2", "", "kitchen", names=True),
        Told("ada-2", 2, ["one", "two"]),
    ],
    ids=repr,
)
def test_everything_else_crosses_unchanged(crossing):
    text = encode("ada", crossing)
    assert text.startswith(beginning("ada"))
    assert decode(text.encode()) == ("ada", crossing)


def test_other_kinds_of_bytes_and_lists_cross():
    packet = Event("news", [bytearray(b"1"), memoryview(b"2"), (1, 2)])
    assert decode(encode("ada", Sent(packet)).encode())[1].packet.args == [b"1", b"2", [1, 2]]


ENDLESS: list = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize("value", [{1, 2}, object(), ENDLESS], ids=["set", "object", "endless"])
def test_what_json_cannot_say_is_an_error(value):
    with pytest.raises((LocalProtocolError, TypeError)):
        encode("ada", Sent(Event("news", [value])))


def test_a_room_must_be_a_text():
    with pytest.raises(TypeError, match="room must be a text, not int"):
        encode("ada", Sent(Event("news", []), 5))


def message(what, **others):
    return json.dumps({"v": 1, "from": "ada", "what": what, **others}).encode()


EVENT = {"kind": "event", "endpoint": "", "room": None, "volatile": False, "name": "news", "args": []}
REPLY = {"kind": "tell", "id": "ada-1", "count": 1, "sessions": []}
MALFORMED = [
    b"",
    b"\xff",
    b"1",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"v":1,"from":"ada","what":' + b"1" * 10_000 + b"}",
    message(EVENT, v=2),
    message(EVENT, v=True),
    message(EVENT, v="1"),
    message(EVENT, **{"from": "a b"}),
    message(EVENT, **{"from": None}),
    message(None),
    message({}),
    message({"kind": []}),
    message({"kind": "eval", "code": "1"}),
    *(message({**EVENT, name: 5}) for name in EVENT),
    *(
        message({key: value for key, value in EVENT.items() if key not in ("room", name)})
        for name in EVENT
        if name != "room"
    ),
    message({**EVENT, "args": [float("nan")]}),
    message({**EVENT, "args": [{"$bytes": 5}]}),
    message({**EVENT, "args": [{"$bytes": "?"}]}),
    message({**EVENT, "args": [{"$python/object": "os.system"}]}),
    message({**EVENT, "kind": "message", "data": 5}),
    message({"kind": "kick", "session": 5, "endpoint": ""}),
    message({"kind": "ask", "id": "x" * 65, "endpoint": "", "room": None, "names": False}),
    *(message({**REPLY, "count": count}) for count in (-1, 2**60, True, 1.5, "1")),
    message({**REPLY, "sessions": [1]}),
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: repr(text[:70]))
def test_what_is_malformed_is_an_error_and_no_other(text):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the text says
        decode(text)


def test_what_is_nested_too_deep_for_python_is_malformed():
    fields = b'"kind":"json","endpoint":"","room":null,"volatile":false,"data":'
    for levels in range(400, 512, 10):
        text = b'{"v":1,"from":"x","what":{%s%s}}' % (fields, b"[" * levels + b"]" * levels)
        with suppress(ValueError):  # which of them are too deep differs from one Python to another
            decode(text)
    with pytest.raises(ValueError, match="nested too deep"):
        decode(text.replace(b"[" * levels, b"[" * 600).replace(b"]" * levels, b"]" * 600))
