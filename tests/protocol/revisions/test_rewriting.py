from __future__ import annotations

import pytest

from sioclient.protocol.packets import Connect, Event, Json, Message
from sioclient.protocol.revisions import Revision1, engine_alone, revision4, revision5
from sioclient.protocol.revisions.rewriting import rewritten

ONE, FOUR, FIVE = Revision1(), revision4(), revision5()
ENGINE3, ENGINE4 = engine_alone(3), engine_alone(4)


@pytest.mark.parametrize(
    ("before", "now", "packet"),
    [
        (ONE, FIVE, Event("x", [1, {"a": "\u00e9"}], "/chat", 7, True)),
        (ONE, FOUR, Event("x")),
        (ONE, FOUR, Message("hello", "/chat")),
        (ONE, FIVE, Json([1])),
        (FIVE, ONE, Event("x", [1], "/chat", 7, True)),
        (FIVE, FOUR, Event("x", [b"1", [b"2"]])),
        (FOUR, FIVE, Event("x", [b"1"], "", 7, True)),
        (ENGINE3, ENGINE4, Message("x")),
        (ENGINE4, ENGINE3, Message(b"x")),
    ],
)
def test_it_is_as_if_it_had_been_said_to_the_other(before, now, packet):
    assert rewritten(before.decoder(), now, before.encode(packet)) == now.encode(packet)


@pytest.mark.parametrize(
    ("before", "now", "packet"),
    [
        (FIVE, ONE, Event("x", [b"1"])),
        (FIVE, ONE, Event("x", [1], "/a:b")),
        (FOUR, FIVE, Event("disconnect")),
        (ONE, FIVE, Event("x", [], "chat")),
        (ONE, FIVE, Connect("/chat")),
    ],
)
def test_what_the_other_does_not_have(before, now, packet):
    assert rewritten(before.decoder(), now, before.encode(packet)) is None


def test_our_own_words_are_not_taken_for_those_of_a_server_that_recovers():
    five = revision5()
    five.decoder()(['40{"sid":"s","pid":"p"}'])
    packet = Event("x", [1, "Q7zcg4t"], "")
    assert rewritten(five.decoder(), ONE, five.encode(packet)) == ONE.encode(packet)
