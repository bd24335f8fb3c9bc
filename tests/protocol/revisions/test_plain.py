from __future__ import annotations

import pytest

from sioclient.errors import LocalProtocolError
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import Event, Json, Message
from sioclient.protocol.revisions.plain import MessageCodec

CODEC = MessageCodec(JsonText())


@pytest.mark.parametrize(
    ("packet", "encoded"),
    [
        (Message("hello"), ("hello", [])),
        (Message(""), ("", [])),
        (Message("\u00e9\U0001f600"), ("\u00e9\U0001f600", [])),
        (Message(b"\0\xff"), ("", [b"\0\xff"])),
        (Message(bytearray(b"x")), ("", [b"x"])),
        (Json({"a": [1]}), ('{"a":[1]}', [])),
    ],
)
def test_encoding(packet, encoded):
    assert CODEC.encode(packet) == encoded


def test_a_packet_that_cannot_be_sent():
    with pytest.raises(LocalProtocolError, match="surrogate"):
        CODEC.encode(Message("\ud83d"))
    with pytest.raises(LocalProtocolError, match="as bytes"):
        MessageCodec(JsonText(), "\x1e").encode(Message("a\x1eb"))
    with pytest.raises(TypeError, match="not Event"):
        CODEC.encode(Event("x"))
    with pytest.raises(TypeError):
        CODEC.encode(Json({"a": b"x"}))


def test_decoding():
    reader = CODEC.reader()
    assert reader.text("4hello", 1) == Message("hello")
    assert reader.text("4", 1) == Message("")
    assert reader.data(b"\1") == Message(b"\1")


def test_the_open_packet_changes_nothing():
    codec = MessageCodec(JsonText())
    codec.meet({"sid": "x"})
    assert codec.encode(Message("x")) == ("x", [])
