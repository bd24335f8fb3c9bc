from __future__ import annotations

from typing import Any

from sioclient.errors import ChannelError
from sioclient.protocol.endpoints import MOST_LEFT, Endpoint, Endpoints, Joining
from sioclient.protocol.packets import Connect, Message

WHY = ChannelError("no")


def asked(endpoints: Endpoints, name: str, **fields: Any) -> Endpoint:
    endpoint = Endpoint(name, **fields)
    endpoints.add(endpoint)
    return endpoint


def opened(endpoints: Endpoints, name: str) -> Endpoint:
    endpoint = endpoints.get(name) or asked(endpoints, name)
    endpoint.state = Joining.OPEN
    return endpoint


def test_the_default_endpoint_is_always_there():
    endpoints = Endpoints()
    assert endpoints.get("") is endpoints.default
    assert endpoints.default.name == ""
    assert endpoints.channels() == []
    assert list(endpoints) == [endpoints.default]


def test_endpoints_are_listed_in_order_and_the_default_one_last():
    endpoints = Endpoints()
    a, b = asked(endpoints, "/a"), asked(endpoints, "/b")
    assert endpoints.channels() == [a, b]
    assert list(endpoints) == [a, b, endpoints.default]


def test_an_added_endpoint_is_asked_for():
    endpoints = Endpoints()
    endpoint = asked(endpoints, "/chat", query="?a=b", deadline=5.0)
    assert endpoints.get("/chat") is endpoint
    assert (endpoint.name, endpoint.query, endpoint.state, endpoint.deadline) == ("/chat", "?a=b", Joining.ASKED, 5.0)


def test_a_closed_endpoint_is_forgotten_and_says_why():
    endpoints = Endpoints()
    endpoint = asked(endpoints, "/chat", deadline=5.0, auth={"token": "x"})
    endpoint.early.keep(Message("x"))
    endpoints.close(endpoint, WHY)
    assert endpoint.auth is None
    assert endpoints.get("/chat") is None
    assert (endpoint.state, endpoint.error, endpoint.deadline, len(endpoint.early)) == (Joining.OVER, WHY, None, 0)
    endpoints.close(endpoint, None)
    assert endpoint.error is None


def test_the_default_endpoint_stays_there_when_it_is_closed():
    endpoints = Endpoints()
    endpoints.close(endpoints.default, WHY)
    assert endpoints.get("") is endpoints.default
    assert endpoints.default.state is Joining.OVER


def test_an_endpoint_that_was_left_is_known_when_joined_again():
    endpoints = Endpoints()
    first = opened(endpoints, "/chat")
    endpoints.leave(first)
    assert first.error is None
    assert asked(endpoints, "/chat").left_here
    assert not asked(endpoints, "/other").left_here


def test_what_was_left_is_forgotten_with_the_session():
    endpoints = Endpoints()
    endpoints.leave(opened(endpoints, "/a"))
    endpoints.leave(opened(endpoints, "/b"))
    again = asked(endpoints, "/a")
    endpoints.end_session()
    assert not again.left_here
    assert not asked(endpoints, "/b").left_here


def test_only_the_latest_names_that_were_left_are_remembered():
    endpoints = Endpoints()
    for number in range(MOST_LEFT):
        endpoints.leave(opened(endpoints, f"/{number}"))
    endpoints.leave(opened(endpoints, "/0"))
    endpoints.leave(opened(endpoints, "/last"))
    known = [name for name in ("/0", "/1", "/2", "/last") if asked(endpoints, name).left_here]
    assert known == ["/0", "/2", "/last"]


def test_a_session_ends_with_the_open_ones_to_be_joined_again():
    endpoints = Endpoints()
    chat, other = opened(endpoints, "/chat"), asked(endpoints, "/other", request="40/other,")
    opened(endpoints, "")
    other.early.keep(Message("x"))
    assert endpoints.end_session() == [chat, endpoints.default]
    assert {endpoint.state for endpoint in endpoints} == {Joining.ASKED}
    assert (chat.was_open, other.was_open, endpoints.default.was_open) == (True, False, True)
    assert (len(other.early), other.request) == (0, ())


def test_a_deadline_outlives_the_session():
    endpoints = Endpoints()
    own, chat = asked(endpoints, "/own", deadline=30.0), opened(endpoints, "/chat")
    endpoints.end_session()
    assert (own.deadline, chat.deadline) == (30.0, None)
    assert endpoints.deadline() == 30.0


def test_all_are_decided_when_none_is_asked_for():
    endpoints = Endpoints()
    assert not endpoints.all_decided()
    opened(endpoints, "")
    assert endpoints.all_decided()
    chat = asked(endpoints, "/chat")
    assert not endpoints.all_decided()
    endpoints.leave(chat)
    assert endpoints.all_decided()
    asked(endpoints, "/chat")  # its join is queued behind the packet that leaves
    assert endpoints.all_decided()


def test_a_confirmation_is_overdue_at_its_deadline():
    endpoints = Endpoints()
    early, late = asked(endpoints, "/early", deadline=1.0), asked(endpoints, "/late", deadline=2.0)
    asked(endpoints, "/patient")
    assert endpoints.overdue(0.999) == []
    assert endpoints.overdue(1.0) == [early]
    assert endpoints.overdue(2.0) == [early, late]


def test_the_next_deadline_is_the_earliest_of_those_asked_for():
    endpoints = Endpoints()
    assert endpoints.deadline() is None
    early = asked(endpoints, "/early", deadline=1.0)
    asked(endpoints, "/late", deadline=2.0)
    assert endpoints.deadline() == 1.0
    early.joined(None)
    assert endpoints.deadline() == 2.0
    assert endpoints.overdue(1.5) == []


def test_a_join_names_the_session_that_is_to_be_recovered():
    endpoint, data = Endpoint("/chat", "?a=b", deadline=5.0), {"token": "x"}
    assert endpoint.join_packet(data) == Connect("/chat", "?a=b", data=data)
    endpoint.joined({"sid": "a", "pid": "private"})
    endpoint.offset = "offset"
    assert (endpoint.state, endpoint.deadline, endpoint.recovered) == (Joining.OPEN, None, False)
    assert endpoint.join_packet(data).data == {"token": "x", "pid": "private", "offset": "offset"}
    assert endpoint.join_packet(None).data == {"pid": "private", "offset": "offset"}
    endpoint.joined({"sid": "a", "pid": "private"})
    assert endpoint.recovered
    endpoint.joined(None)
    assert not endpoint.recovered
    assert endpoint.join_packet(data).data is data
