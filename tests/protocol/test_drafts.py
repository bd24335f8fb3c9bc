"""Packets in several dialects, before it is known which one the server speaks."""

from __future__ import annotations

import pytest

from sioclient.errors import ChannelError, ConnectionLost, LocalProtocolError
from sioclient.protocol.drafts import Drafts, check_name, chosen, make_drafts, translated
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import any_revision, revision5

UNKNOWN = any_revision()
ONE, FOUR, FIVE = UNKNOWN.candidates


def drafts(packet: Message | Event) -> Drafts:
    return make_drafts(lambda dialect: dialect.encode(packet), UNKNOWN.candidates)


def test_packet_is_encoded_in_every_dialect():
    packet = drafts(Message("x"))
    assert [chosen(packet, dialect) for dialect in (ONE, FOUR, FIVE)] == [
        "3:::x",
        '42["message","x"]',
        '42["message","x"]',
    ]
    assert packet == ('42["message","x"]',)


def test_dialect_that_cannot_say_it_raises_when_it_is_chosen():
    packet = drafts(Event("x", [b"bytes"]))
    assert chosen(packet, FIVE) == packet
    with pytest.raises(LocalProtocolError, match="has no bytes"):
        chosen(packet, ONE)


def test_what_no_dialect_can_say_raises_at_once():
    with pytest.raises(TypeError, match="object"):
        drafts(Event("x", [object()]))


def test_packet_in_a_single_dialect_is_taken_as_it_is():
    assert chosen("frame", ONE) == "frame"


def test_server_that_nobody_expected_is_an_error():
    with pytest.raises(LocalProtocolError, match="expected"):
        chosen(drafts(Message("x")), revision5().dialect)


def test_drafts_are_translated_and_nothing_else_is():
    packet, gone = drafts(Message("x")), ConnectionLost("gone")
    assert translated("frame", ONE, ONE, gone) == "frame"
    assert translated(packet, None, None, gone) is packet
    assert translated(packet, None, ONE, gone) == "3:::x"
    with pytest.raises(ConnectionLost, match="gone"):
        translated("frame", ONE, FIVE, gone)
    with pytest.raises(ChannelError, match="gone"):
        translated("frame", ONE, None, ChannelError("gone"))


@pytest.mark.parametrize("name", ["", "/"])
def test_no_channel_has_the_name_of_the_default_endpoint(name):
    with pytest.raises(LocalProtocolError, match="always connected"):
        check_name(name, UNKNOWN.candidates)


def test_a_name_is_good_if_one_dialect_can_say_it():
    check_name("/a,b", UNKNOWN.candidates)  # only revision 1 can
    with pytest.raises(LocalProtocolError):
        check_name("/a,b", [FIVE])
    with pytest.raises(LocalProtocolError):
        check_name("/a:b,c", UNKNOWN.candidates)
    with pytest.raises(TypeError):
        check_name(5, UNKNOWN.candidates)
