"""The dialects of a server by themselves; ``test_later`` tests what clients get by them."""

from __future__ import annotations

import pytest

from sioclient.errors import LocalProtocolError
from sioclient.protocol.packets import Ack, Connect, Event, Json, Message
from sioclient.server.dialects import OldDialect


@pytest.mark.parametrize(
    ("packet", "frame"),
    [
        (Event("e", [b"12", {"a": bytearray(b"1")}], "/chat"), '5::/chat:{"name":"e","args":[2,{"a":1}]}'),
        (Ack(3, [(b"12",)]), "6:::3+[[2]]"),
        (Json([b"12"], id=4), "4:4::[2]"),
        (Message("text"), "3:::text"),
    ],
)
def test_bytes_become_what_the_function_says(packet, frame):
    assert OldDialect(len).encode(packet) == frame


def test_the_error_about_bytes_names_the_setting():
    with pytest.raises(LocalProtocolError, match="convert_bytes="):
        OldDialect(None).encode(Event("e", [b"12"]))


def test_the_function_helps_against_no_other_error():
    with pytest.raises(LocalProtocolError, match="/a:b"):
        OldDialect(len).encode(Connect("/a:b"))
