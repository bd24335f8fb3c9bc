from __future__ import annotations

from typing import get_args

import pytest

from sioclient.protocol.packets import Ack, Event, Message, Packet, UserPacket, is_name, name_text, not_a_name


@pytest.mark.parametrize("make", [lambda: Event("e"), lambda: Ack(1)], ids=["event", "ack"])
def test_two_packets_never_share_their_arguments(make):
    first, second = make(), make()
    first.args.append(1)
    assert second.args == []


def test_packets_are_values():
    assert Message("a", "/chat", 1, True) == Message("a", endpoint="/chat", id=1, wants_data=True)
    assert Message("a") != Message("b")


def test_what_users_send_is_a_packet():
    assert set(get_args(UserPacket)) < set(get_args(Packet))


def test_texts_and_numbers_are_names():
    assert all(map(is_name, ["", "x", 5, 0.5]))
    assert not any(map(is_name, [None, True, b"x", ["x"]]))
    assert str(not_a_name(None)) == "an event's name must be text or a number, not NoneType"


@pytest.mark.parametrize(("name", "text"), [("x", "x"), ("5", "5"), (5, "5"), (5.0, "5"), (-1, "-1"), (0.5, "0.5")])
def test_a_number_has_the_text_that_javascript_gives_it(name, text):
    assert name_text(name) == text
