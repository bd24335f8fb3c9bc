"""Endpoints with all that waits for them: by themselves, and in a connection that joins and leaves many."""

from __future__ import annotations

from typing import Any

import pytest

from sioclient.errors import ChannelError, ConnectError, ConnectionLost, NotConnected
from sioclient.protocol.deliveries import Delivery
from sioclient.protocol.early import MOST_PACKETS
from sioclient.protocol.endpoints import MOST_LEFT, Endpoint, Joining
from sioclient.protocol.membership import Membership
from sioclient.protocol.notices import (
    Connected,
    Disconnected,
    JoinFailed,
    Left,
    TransportClosed,
    Unacknowledged,
)
from sioclient.protocol.packets import Error, Message

from .driver import NO_HEARTBEATS, connecting_client, event, link, size

NO = ChannelError("no")


def new_membership(*names: str) -> tuple[Membership, list[Endpoint]]:
    """Return one whose default endpoint and others are open; each has its name as owner."""
    membership = Membership(buffer_size=1000)
    membership.endpoints.default.owner = "socket"
    endpoints = [Endpoint(name, owner=name) for name in names]
    membership.joined(membership.endpoints.default, None)
    for endpoint in endpoints:
        membership.add(endpoint)
        membership.joined(endpoint, None)
    membership.notices.clear()
    return membership, endpoints


def queue(membership: Membership, name: str, number: int, *, has_ack: bool = True) -> None:
    """Queue a packet whose text is its number, and wait for its acknowledgement."""
    key = (name, number)
    membership.acks.add(key, number, None)
    membership.outbox.push(str(number), name, ack=key if has_ack else None)


def told(membership: Membership) -> list[tuple[Any, Any]]:
    """Take the notices: each with its owner; of an acknowledgement that failed, its waiter."""
    notices, membership.notices = membership.notices, []
    return [
        (Unacknowledged, notice.waiter) if isinstance(notice, Unacknowledged) else (notice, notice.owner)
        for notice in notices
    ]


# Owners


def test_a_notice_is_for_the_owner_of_its_endpoint():
    membership, (chat,) = new_membership("/chat")
    membership.tell(Message("x"), chat)
    membership.tell(TransportClosed("gone"))
    assert told(membership) == [(Message("x"), "/chat"), (TransportClosed("gone"), "socket")]


def test_a_confirmation_is_told_and_counted():
    membership, (chat, other) = new_membership("/chat", "/other")
    assert membership.endpoints.default.join_number < chat.join_number < other.join_number
    membership.end_session("gone", had_transport=False)
    membership.notices.clear()
    before = other.join_number
    membership.joined(chat, {"sid": "s"})
    assert told(membership) == [(Connected("/chat"), "/chat")]
    assert chat.connect_data == {"sid": "s"}
    assert chat.join_number > before


# Sending


def test_packets_may_be_sent_on_an_endpoint_that_is_asked_for():
    membership, _ = new_membership()
    membership.check("")
    membership.add(chat := Endpoint("/chat"))
    membership.check("/chat")
    membership.check("/chat", chat)


def test_packets_may_not_be_sent_on_an_endpoint_that_is_over():
    membership, (chat,) = new_membership("/chat")
    with pytest.raises(ChannelError, match="'/no' is not connected"):
        membership.check("/no")
    membership.refuse(chat, NO)
    with pytest.raises(ChannelError, match="'/chat' is not connected") as caught:
        membership.check("/chat", chat)
    assert caught.value.__cause__ is NO


def test_an_endpoint_is_asked_for_once():
    membership, _ = new_membership("/chat")
    with pytest.raises(ChannelError, match="connected already"):
        membership.add(Endpoint("/chat"))


# What comes


@pytest.mark.parametrize("packet", [Message("x", "/chat"), event("e", endpoint="/chat"), Error("e", endpoint="/chat")])
def test_a_packet_for_an_open_endpoint_is_told(packet):
    membership, _ = new_membership("/chat")
    assert membership.deliver(packet)
    assert told(membership) == [(packet, "/chat")]


def test_a_packet_for_an_unknown_endpoint_is_not_told():
    membership, _ = new_membership()
    assert membership.deliver(Message("x", "/chat")) is False
    assert told(membership) == []


def test_early_packets_are_told_after_the_confirmation():
    membership, _ = new_membership()
    membership.add(chat := Endpoint("/chat", owner="owner"))
    packet = Message("early", "/chat", id=7)
    assert membership.deliver(packet)
    assert told(membership) == []
    membership.joined(chat, None)
    membership.take_early(chat)
    assert told(membership) == [(Connected("/chat"), "owner"), (packet, "owner")]
    assert membership.still_joined(packet)


def test_too_many_early_packets_are_neither_kept_nor_told():
    membership, _ = new_membership()
    membership.add(Endpoint("/chat"))
    assert all(membership.deliver(Message("x", "/chat")) for _ in range(MOST_PACKETS))
    assert membership.deliver(Message("x", "/chat")) is None


def test_nothing_is_kept_for_an_endpoint_that_is_joined_again():
    membership, (chat,) = new_membership("/chat")
    membership.leave(chat, "0::/chat", 0.0)
    membership.add(again := Endpoint("/chat"))
    assert membership.deliver(Message("for the one that was left", "/chat")) is False
    membership.joined(again, None)
    assert membership.deliver(Message("x", "/chat"))


def test_an_endpoint_is_still_joined_until_its_end():
    membership, (chat,) = new_membership("/chat")
    packet = Message("x", "/chat")
    membership.deliver(packet)
    assert membership.still_joined(packet)
    assert not membership.still_joined(Message("never came", "/chat"))
    membership.end_session("gone", had_transport=True)
    assert not membership.still_joined(packet)
    membership.joined(chat, None)
    assert not membership.still_joined(packet)
    membership.refuse(chat, NO)
    assert not membership.still_joined(packet)


# The end of an endpoint


def test_leaving_lets_queued_packets_go_and_tells_the_server():
    membership, (chat, _) = new_membership("/chat", "/other")
    queue(membership, "/chat", 1)
    queue(membership, "/other", 2)
    membership.leave(chat, "leaves", 0.0)
    notices = [(Disconnected("/chat", "client"), "/chat"), (Unacknowledged, 1), (Left("/chat"), "/chat")]
    assert told(membership) == notices
    assert (chat.state, chat.error) == (Joining.OVER, None)
    assert membership.outbox.take() == ["1", "2", "leaves"]


def test_what_an_endpoint_left_has_queued_ends_with_the_session():
    membership, (chat, _) = new_membership("/chat", "/other")
    queue(membership, "/chat", 1)
    queue(membership, "/other", 2)
    membership.leave(chat, "leaves", 0.0)
    membership.end_session("gone", had_transport=True)
    assert membership.outbox.take() == ["2"]


def test_leaving_while_away_forgets_queued_packets():
    membership, (chat,) = new_membership("/chat")
    membership.end_session("gone", had_transport=True)
    membership.notices.clear()
    queue(membership, "/chat", 1)
    membership.leave(chat, None, 0.0)
    assert told(membership) == [(Unacknowledged, 1), (Left("/chat"), "/chat")]
    assert len(membership.outbox) == 0


@pytest.mark.parametrize(("why", "reason"), [("", "no"), ("not today", "not today")])
def test_a_refusal_takes_along_what_waits(why, reason):
    membership, _ = new_membership()
    membership.add(chat := Endpoint("/chat", owner="/chat"))
    queue(membership, "/chat", 1)
    queue(membership, "", 2)
    membership.refuse(chat, NO, why)
    assert membership.notices[0].reason == reason
    notices = [(JoinFailed("/chat", NO, again=False), "/chat"), (Unacknowledged, 1), (Left("/chat"), "/chat")]
    assert told(membership) == notices
    assert (chat.state, chat.error) == (Joining.OVER, NO)
    assert membership.outbox.take() == ["2"]


def test_an_open_endpoint_that_is_refused_was_joined():
    membership, (chat,) = new_membership("/chat")
    membership.refuse(chat, NO)
    assert told(membership) == [(Left("/chat"), "/chat")]


# The end of a session, and of all


@pytest.mark.parametrize("had_transport", [True, False])
def test_the_end_of_a_session_keeps_what_was_not_written(had_transport):
    membership, _ = new_membership("/chat")
    queue(membership, "/chat", 1)
    queue(membership, "", 2, has_ack=False)  # as if it was written
    membership.end_session("gone", had_transport=had_transport)
    closed = [(TransportClosed("gone"), "socket")] if had_transport else []
    disconnected = [(Disconnected("/chat", "gone"), "/chat"), (Disconnected("", "gone"), "socket")]
    assert told(membership) == [*disconnected, *closed, (Unacknowledged, 2)]
    assert len(membership.acks) == 1


def test_the_end_of_all_takes_everything_along():
    membership, (chat,) = new_membership("/chat")
    queue(membership, "/chat", 1)
    error = ConnectError("unreachable")
    membership.end(error, "no connection")
    lost, _ = membership.notices
    assert told(membership) == [(Unacknowledged, 1), (Left("/chat"), "/chat")]
    assert isinstance(lost.error, ConnectionLost)
    assert "before the packet was sent: no connection" in str(lost.error)
    for endpoint in (chat, membership.endpoints.default):
        assert isinstance(endpoint.error, NotConnected)
        assert endpoint.error.__cause__ is error
    assert (len(membership.outbox), len(membership.acks)) == (0, 0)


# Many endpoints


@pytest.mark.parametrize("end", ["left", "left, with a reply", "left at once", "ended by the server"])
def test_ten_thousand_endpoints_leave_nothing_behind(end):
    client, sizes = connecting_client(), []
    link(client, 0.0, "1::", handshake=NO_HEARTBEATS, transport="xhr-polling")
    for number in range(10_000):
        name, key = f"/{number}", client.acks.new_id(f"/{number}")
        endpoint = client.join(name, "", 60.0, 0.0, owner=object())
        if end != "left at once":
            client.receive([f"1::{name}", f'5::{name}:{{"name":"e"}}'], 0.0)
        client.push(event("ask", endpoint=name, id=key), 0.0, waiter=object(), timeout=3600.0)
        client.frames_to_send()
        if end == "ended by the server":
            client.receive([f"0::{name}"], 0.0)
        else:
            client.leave(endpoint)
        client.receive([f"0::{name}"] if end == "left, with a reply" else [], 0.0)
        client.frames_to_send()
        client.notices()
        if number in (2 * MOST_LEFT, 9_999):
            sizes.append(size(client))
    early, late = sizes
    assert late - early < 10_000
    assert client.endpoints.channels() == []
    assert len(client.acks) == 0


# What is written again


def test_an_acknowledgement_whose_time_is_over_fails_unless_there_is_another_try():
    membership, _ = new_membership("/chat")
    membership.deliveries.flows = True
    delivery = Delivery("resent", retries=1, timeout=1.0)
    assert membership.deliveries.take(delivery, "again", ("/chat", 1), 0.0, waits=False)
    membership.acks.add(("/chat", 2), "plain", 1.0)
    assert membership.outbox.take() == ["again"]
    membership.expire_acks(1.0, is_read=True)
    assert told(membership) == [(Unacknowledged, "plain")]
    assert membership.outbox.take() == ["again"]
    membership.expire_acks(2.0, is_read=True)
    assert told(membership) == [(Unacknowledged, "resent")]
    membership.expire_acks(3.0, is_read=True)
    assert told(membership) == []
    assert membership.outbox.take() == []


def test_what_is_written_again_outlives_a_session_and_not_its_endpoint():
    membership, (chat,) = new_membership("/chat")
    membership.deliveries.flows = True
    membership.deliveries.take(Delivery("one", 1, 1.0), "1", ("/chat", 1), 0.0, waits=False)
    membership.deliveries.take(Delivery("two", 1, 1.0), "2", ("/chat", 2), 0.0, waits=False)
    membership.outbox.take()
    membership.end_session("gone", had_transport=False)
    assert [entry for entry in told(membership) if entry[0] is Unacknowledged] == []
    membership.joined(chat, None)
    membership.notices.clear()
    membership.deliveries.flows = True
    membership.deliveries.start("/chat", 1.0)
    membership.leave(chat, "0::/chat", 0.0)
    assert [entry for entry in told(membership) if entry[0] is Unacknowledged] == [
        (Unacknowledged, "one"),
        (Unacknowledged, "two"),
    ]
    assert membership.outbox.take() == ["1", "2", "0::/chat"]


def test_an_old_server_that_says_nothing_of_a_join_is_told_nothing_more():
    client = connecting_client()
    link(client, 0.0, "1::", handshake=NO_HEARTBEATS)
    client.join("/chat", "", 5.0, 0.0)
    client.frames_to_send()
    client.notices()
    client.handle_timeout(5.0)
    assert [notice.error.timed_out for notice in client.notices() if isinstance(notice, JoinFailed)] == [True]
    assert client.frames_to_send() == []


# Acknowledgements that nobody waits for any more


def test_a_packet_whose_ack_is_given_up_is_not_written():
    membership, _ = new_membership("/chat")
    queue(membership, "/chat", 1)
    queue(membership, "/chat", 2)
    membership.forget_ack(("/chat", 1), 0.0)
    membership.forget_ack(("/chat", 3), 0.0)
    assert membership.outbox.take() == ["2"]
    membership.forget_ack(("/chat", 2), 0.0)
    membership.end(ConnectError("unreachable"), "no connection")
    assert [entry for entry in told(membership) if entry[0] is Unacknowledged] == []


def test_the_next_packet_is_written_when_a_resent_one_is_given_up():
    membership, _ = new_membership("/chat")
    membership.deliveries.flows = True
    membership.deliveries.take(Delivery("one", 1, 1.0), "1", ("/chat", 1), 0.0, waits=False)
    membership.deliveries.take(Delivery("two", 1, 1.0), "2", ("/chat", 2), 0.0, waits=False)
    assert membership.outbox.take() == ["1"]
    membership.forget_ack(("/chat", 1), 0.5)
    assert membership.outbox.take() == ["2"]
    membership.expire_acks(1.0, is_read=True)
    assert membership.outbox.take() == []
    membership.expire_acks(1.5, is_read=True)
    assert membership.outbox.take() == ["2"]
    assert told(membership) == []
