from __future__ import annotations

from sioclient.errors import ChannelError
from sioclient.protocol.endpoints import Endpoint, Endpoints, Joining
from sioclient.protocol.packets import Message

WHY = ChannelError("no")


def opened(endpoints: Endpoints, name: str) -> Endpoint:
    endpoint = endpoints.get(name) or endpoints.add(name, "", None)
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
    a, b = endpoints.add("/a", "", None), endpoints.add("/b", "", None)
    assert endpoints.channels() == [a, b]
    assert list(endpoints) == [a, b, endpoints.default]


def test_an_added_endpoint_is_asked_for():
    endpoint = Endpoints().add("/chat", "?a=b", 5.0)
    assert (endpoint.name, endpoint.query, endpoint.state, endpoint.deadline) == ("/chat", "?a=b", Joining.ASKED, 5.0)


def test_a_closed_endpoint_is_forgotten_and_says_why():
    endpoints = Endpoints()
    endpoint = endpoints.add("/chat", "", 5.0)
    endpoint.early.keep(Message("x"))
    endpoints.close(endpoint, WHY)
    assert endpoints.get("/chat") is None
    assert (endpoint.state, endpoint.error, endpoint.deadline, len(endpoint.early)) == (Joining.OVER, WHY, None, 0)
    endpoints.close(endpoint, None)
    assert endpoint.error is None


def test_the_default_endpoint_stays_there_when_it_is_closed():
    endpoints = Endpoints()
    endpoints.close(endpoints.default, WHY)
    assert endpoints.get("") is endpoints.default
    assert endpoints.default.state is Joining.OVER


def test_an_endpoint_that_was_left_is_known_by_it_when_it_is_asked_for_again():
    endpoints = Endpoints()
    first = opened(endpoints, "/chat")
    endpoints.leave(first)
    assert first.error is None
    assert endpoints.add("/chat", "", None).left_here
    assert not endpoints.add("/other", "", None).left_here


def test_what_was_left_is_forgotten_with_the_session():
    endpoints = Endpoints()
    endpoints.leave(opened(endpoints, "/a"))
    endpoints.leave(opened(endpoints, "/b"))
    again = endpoints.add("/a", "", None)
    endpoints.end_session()
    assert not again.left_here
    assert not endpoints.add("/b", "", None).left_here


def test_a_session_begins_with_all_channels_and_gives_them_a_deadline():
    endpoints = Endpoints()
    opened(endpoints, "")
    own, none = endpoints.add("/own", "", 3.0), endpoints.add("/none", "", None)
    assert endpoints.begin_session(10.0) == [own, none]
    assert endpoints.overdue(3.0) == [own]
    assert endpoints.overdue(9.999) == [own]
    assert endpoints.overdue(10.0) == [own, none]


def test_a_session_ends_with_the_open_ones_to_be_asked_for_again():
    endpoints = Endpoints()
    chat, asked = opened(endpoints, "/chat"), endpoints.add("/asked", "", None)
    opened(endpoints, "")
    asked.early.keep(Message("x"))
    assert endpoints.end_session() == [chat, endpoints.default]
    assert {endpoint.state for endpoint in endpoints} == {Joining.ASKED}
    assert (chat.was_open, asked.was_open, endpoints.default.was_open) == (True, False, True)
    assert len(asked.early) == 0


def test_the_deadline_of_a_session_ends_with_it():
    endpoints = Endpoints()
    own, chat = endpoints.add("/own", "", 30.0), opened(endpoints, "/chat")
    chat.was_open = True
    never_confirmed = endpoints.add("/never", "", None)
    endpoints.end_session()
    endpoints.begin_session(10.0)
    endpoints.end_session()
    assert (own.deadline, chat.deadline, never_confirmed.deadline) == (30.0, None, None)
    assert endpoints.deadline() == 30.0


def test_all_are_decided_when_none_is_asked_for():
    endpoints = Endpoints()
    assert not endpoints.all_decided()
    opened(endpoints, "")
    assert endpoints.all_decided()
    chat = endpoints.add("/chat", "", None)
    assert not endpoints.all_decided()
    endpoints.close(chat, WHY)
    assert endpoints.all_decided()


def test_a_confirmation_is_overdue_at_its_deadline():
    endpoints = Endpoints()
    early, late = endpoints.add("/early", "", 1.0), endpoints.add("/late", "", 2.0)
    endpoints.add("/patient", "", None)
    assert endpoints.overdue(0.999) == []
    assert endpoints.overdue(1.0) == [early]
    assert endpoints.overdue(2.0) == [early, late]


def test_the_next_deadline_is_that_of_the_earliest_that_is_asked_for():
    endpoints = Endpoints()
    assert endpoints.deadline() is None
    early = endpoints.add("/early", "", 1.0)
    endpoints.add("/late", "", 2.0)
    assert endpoints.deadline() == 1.0
    early.state = Joining.OPEN
    assert endpoints.deadline() == 2.0
    assert endpoints.overdue(1.5) == []


def test_an_endpoint_is_open_once_the_server_said_so():
    endpoints = Endpoints()
    assert not endpoints.is_open("/chat")
    endpoints.add("/chat", "", None)
    assert not endpoints.is_open("/chat")
    opened(endpoints, "/chat")
    assert endpoints.is_open("/chat")


def test_a_session_is_asked_for_again_by_its_private_id_and_what_came_last():
    endpoint = Endpoints().add("/chat", "", 5.0, {"token": "x"})
    assert endpoint.claim() == {"token": "x"}
    endpoint.joined({"sid": "a", "pid": "private"})
    endpoint.offset = "offset"
    assert (endpoint.state, endpoint.deadline, endpoint.recovered) == (Joining.OPEN, None, False)
    assert endpoint.claim() == {"token": "x", "pid": "private", "offset": "offset"}
    endpoint.joined({"sid": "a", "pid": "private"})
    assert endpoint.recovered
    endpoint.joined(None)
    assert not endpoint.recovered
    assert endpoint.claim() == {"token": "x"}
