from __future__ import annotations

from typing import get_args

import pytest

from sioclient.protocol.packets import Ack, Event, Message, Packet, UserPacket


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
