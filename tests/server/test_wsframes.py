"""The frames that a server writes to a websocket."""

from __future__ import annotations

import pytest

from sioclient.server.wsframes import PING, frame, message


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, "8200"),
        (125, "827d"),
        (126, "827e007e"),
        (2**16 - 1, "827effff"),
        (2**16, "827f0000000000010000"),
    ],
)
def test_the_length_has_the_shortest_form(length, head):
    assert message(b"x" * length) == bytes.fromhex(head) + b"x" * length


def test_a_text_is_utf8():
    assert message("\xe9") == b"\x81\x02\xc3\xa9"


def test_a_ping():
    assert frame(PING, b"ab") == b"\x89\x02ab"
