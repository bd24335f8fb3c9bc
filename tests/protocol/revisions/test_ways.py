from __future__ import annotations

from sioclient.protocol.revisions import Handshake, any_revision, revision1, revision5
from sioclient.protocol.revisions.base import KnownOpening
from sioclient.protocol.revisions.framing1 import JsonpFraming, PageFraming, PlainFraming
from sioclient.protocol.revisions.ways import Way, first_steps, way_after_rejection, way_beside, ways_of

WEBSOCKET_OF_5 = "/socket.io/?EIO=4&transport=websocket"
NO_POLLING = '{"code":0,"message":"Transport unknown"}'


def announced(opening: KnownOpening, *transports: str) -> Handshake:
    return Handshake("sid", None, None, transports, opening=opening, dialect=opening.dialect)


def ways(opening: KnownOpening, offered: list[str], wanted: list[str]) -> list[Way]:
    return ways_of(announced(opening, *offered), "socket.io", wanted)


def check_opens(way: Way | None) -> None:
    """Fail unless it is the websocket of revision 5 that opens a session, without a probe."""
    assert way is not None
    assert (way.name, way.kind, way.path) == ("websocket", "websocket", WEBSOCKET_OF_5)
    assert way.probe is None


def test_a_websocket_that_comes_first_opens_a_session_by_itself():
    opening = revision5()
    direct, requests = first_steps(opening, "socket.io", ["websocket", "xhr-polling"])
    check_opens(direct)
    assert requests == opening.requests("socket.io")


def test_a_websocket_alone_needs_no_request_of_a_known_revision():
    direct, requests = first_steps(revision5(), "socket.io", ["websocket"])
    check_opens(direct)
    assert requests == ()
    direct, requests = first_steps(any_revision(only_websocket=True), "socket.io", ["websocket"])
    check_opens(direct)
    assert [request.path for request in requests] == ["/socket.io/1/"]


def test_polling_that_comes_first_needs_a_handshake():
    opening = revision5()
    assert first_steps(opening, "socket.io", ["xhr-polling", "websocket"]) == (None, opening.requests("socket.io"))


def test_revision_1_always_needs_a_handshake():
    opening = revision1()
    assert first_steps(opening, "socket.io", ["websocket", "xhr-polling"]) == (None, opening.requests("socket.io"))


def test_the_order_of_the_user_counts_not_that_of_the_server():
    offered, wanted = ["xhr-polling", "htmlfile", "websocket"], ["websocket", "htmlfile", "xhr-polling"]
    assert [way.name for way in ways(revision1(), offered, wanted)] == wanted


def test_what_the_server_does_not_offer_is_left_out():
    found = ways(revision1(), ["xhr-polling"], ["websocket", "xhr-polling"])
    assert [way.name for way in found] == ["xhr-polling"]


def test_what_the_revision_does_not_have_is_left_out():
    found = ways(revision5(), ["websocket", "htmlfile"], ["htmlfile", "websocket"])
    assert [way.name for way in found] == ["websocket"]


def test_a_server_that_did_not_say_is_offered_all():
    found = ways(revision1(), [], ["xhr-polling", "websocket"])
    assert [way.name for way in found] == ["xhr-polling", "websocket"]


def test_there_may_be_no_way():
    assert ways(revision1(), ["flashsocket"], ["websocket", "xhr-polling"]) == []


def test_a_way_into_a_session_of_revision_1():
    wanted = ["websocket", "htmlfile", "xhr-polling", "jsonp-polling"]
    found = ways(revision1(), wanted, wanted)
    assert [way.path for way in found] == [
        "/socket.io/1/websocket/sid",
        "/socket.io/1/htmlfile/sid",
        "/socket.io/1/xhr-polling/sid",
        "/socket.io/1/jsonp-polling/sid?i=0",
    ]
    assert [type(way.framing) for way in found] == [PlainFraming, PageFraming, PlainFraming, JsonpFraming]
    assert [way.kind for way in found] == [revision1().transports[name] for name in wanted]
    assert [way.probe for way in found] == [None] * 4


def test_a_websocket_is_probed_before_it_takes_a_session_over():
    opening = revision5()
    polling, websocket = ways(opening, [], ["xhr-polling", "websocket"])
    assert websocket.path == f"{WEBSOCKET_OF_5}&sid=sid"
    assert websocket.probe == opening.probe("websocket")
    assert websocket.probe is not None
    assert polling.probe is None


def test_the_bodies_are_no_larger_than_the_server_announced():
    opening = revision5()
    handshake = Handshake("sid", None, None, (), max_payload=5, opening=opening, dialect=opening.dialect)
    (way,) = ways_of(handshake, "socket.io", ["xhr-polling"])
    assert list(way.framing.bodies(["4ab", "4cd"])) == ["4ab", "4cd"]


def test_a_server_without_polling_may_have_a_websocket():
    check_opens(way_after_rejection(revision5(), "socket.io", NO_POLLING, ["xhr-polling", "websocket"]))
    check_opens(way_after_rejection(any_revision(), "socket.io", NO_POLLING, ["websocket"]))


def test_no_websocket_is_opened_that_the_user_does_not_want():
    assert way_after_rejection(revision5(), "socket.io", NO_POLLING, ["xhr-polling"]) is None


def test_no_websocket_is_opened_after_another_rejection():
    assert way_after_rejection(revision5(), "socket.io", "forbidden", ["websocket"]) is None
    assert way_after_rejection(revision1(), "socket.io", NO_POLLING, ["websocket"]) is None


def test_packets_are_posted_to_the_polling_of_the_same_session():
    opening = revision1()
    offered = Handshake("sid", None, None, ("websocket", "xhr-polling"), opening=opening, dialect=opening.dialect)
    way = way_beside(offered, "socket.io", "websocket")
    assert (way.name, way.path) == ("xhr-polling", "/socket.io/1/xhr-polling/sid")


def test_no_websocket_is_opened_twice():
    assert way_after_rejection(revision5(), "socket.io", NO_POLLING, ["websocket"], WEBSOCKET_OF_5) is None
