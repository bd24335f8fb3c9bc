"""The session of later revisions, alone and together with the client's protocol object. Nothing waits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import AckTimeout, ConnectionLost
from sioclient.protocol import Acknowledged, ClientProtocol, Connected, Disconnected, Dropped, Event, Options
from sioclient.protocol.notices import JoinFailed, Unacknowledged
from sioclient.protocol.packets import Message
from sioclient.protocol.revisions import revision4, revision5
from sioclient.protocol.revisions.serving import PlainDialect, serving4, serving5, serving_alone
from sioclient.server.enginesession import CLOSING_TIME, EngineSession
from sioclient.server.sessionbase import MOST_ENDPOINTS, JoinAsked, Left, LinkKind
from sioclient.server.settings import Settings

STREAM, POLL, NONE = LinkKind.STREAM, LinkKind.POLL, LinkKind.NONE
DIALECTS = {4: serving4(), 5: serving5()}


def make(number=5, link=STREAM, *, joined=True, **settings):
    """Return a session at time 0 whose open packet was sent; over polling, the next poll waits."""
    session = EngineSession(DIALECTS[number], Settings(**settings), 0, "id", ["websocket"], lambda: "own")
    session.attach(link, 0)
    if joined:
        if number == 5:
            session.receive(["40"], 0)
        session.accept("")
    session.frames_to_send(0)
    session.notices()
    session.attach(link, 0)
    return session


@pytest.fixture(params=[4, 5])
def number(request):
    return request.param


class Pair:
    """A client's protocol object and a server's session, connected to each other."""

    def __init__(self, number):
        opening = {4: revision4(), 5: revision5()}[number]
        self.server = EngineSession(DIALECTS[number], Settings(), 0, "id", [], lambda: "own")
        self.server.attach(STREAM, 0)
        self.client = ClientProtocol(opening, Options(max_reconnection_attempts=0))
        self.told, self.heard, self.now = [], [], 0.0
        self.client.connect(0)
        handshake = opening.read_open_packet([self.server.frames_to_send(0)[0]])
        self.client.transport_opened(handshake, "websocket", 0)
        self.exchange()

    def exchange(self):
        while True:
            for notice in self.server.notices():
                self.told.append(notice)
                if isinstance(notice, JoinAsked):
                    self.server.refuse(notice.endpoint, "no", [1]) if notice.endpoint == "/no" else self.server.accept(
                        notice.endpoint
                    )
            down = self.server.frames_to_send(self.now)
            self.client.receive(down, self.now)
            up = self.client.frames_to_send()
            self.server.receive(up, self.now)
            self.heard += self.client.notices()
            if not (down or up):
                return


def test_a_conversation_with_our_own_client(number):
    pair = Pair(number)
    pair.client.join("/chat", "", None, 0)
    pair.client.join("/no", "", None, 0)
    pair.exchange()
    kinds = [type(notice) for notice in pair.heard]
    assert kinds.count(Connected) == 2
    (failed,) = (notice for notice in pair.heard if isinstance(notice, JoinFailed))
    assert failed.error.data == [1]
    pair.client.push(Event("a", [b"x", 1], id=7, wants_data=True), 0, waiter="client")
    pair.server.send(Event("b", [b"y"], "/chat"), "server")
    pair.exchange()
    (asked,) = (notice for notice in pair.told if isinstance(notice, Event))
    assert asked.args == [b"x", 1]
    pair.server.acknowledge(asked, [b"z"])
    (event,) = (notice for notice in pair.heard if isinstance(notice, Event))
    pair.client.acknowledge(event, [2])
    pair.exchange()
    assert Acknowledged("client", [b"z"]) in pair.heard
    assert pair.told[-1] == Acknowledged("server", [2])
    pair.server.kick("/chat")
    pair.exchange()
    assert [notice.endpoint for notice in pair.heard if isinstance(notice, Disconnected)] == ["/chat"]
    pair.server.kick()
    pair.exchange()
    assert pair.server.is_over
    assert pair.told[-1] == Left("", "booted")


def test_the_open_packet(number):
    session = EngineSession(
        DIALECTS[number], Settings(heartbeat_interval=1.5, heartbeat_timeout=2), 0, "id", ["websocket"]
    )
    session.attach(POLL, 0)
    first = session.frames_to_send(0)[0]
    assert json.loads(first[1:]) == {
        "sid": "id",
        "upgrades": ["websocket"],
        "pingInterval": 1500,
        "pingTimeout": 2000,
        **({"maxPayload": 2**20} if number == 5 else {}),
    }
    assert session.link is NONE
    assert session.notices() == ([JoinAsked("", "")] if number == 4 else [])
    assert session.revision == number


def test_what_is_sent_before_a_join_is_accepted_comes_after_it():
    session = make(joined=False)
    session.send(Event("early"))
    session.receive(["40"], 0)
    session.send(Event("a"))
    assert session.frames_to_send(0) == []
    session.accept("")
    assert session.frames_to_send(0) == ['40{"sid":"own"}', '42["a"]']


def test_a_join_that_is_repeated(number):
    session = make(number)
    session.receive(["40"], 0)
    assert session.notices() == []
    assert session.frames_to_send(0) == (["40"] if number == 4 else [])


def test_a_refusal_leaves_the_session_open(number):
    session = make(number)
    session.receive(["40/chat,", "40/none"], 0)
    session.refuse("/chat")
    session.refuse("/none", None)
    session.refuse("/other")
    reasons = [frame.partition(",")[2] for frame in session.frames_to_send(0)]
    assert reasons == (
        ['"unauthorized"', '"Invalid namespace"']
        if number == 4
        else ['{"message":"unauthorized"}', '{"message":"Invalid namespace"}']
    )
    assert session.ended is None


def test_endpoints_are_bounded():
    session = make()
    session.receive([f"40/{number}," for number in range(MOST_ENDPOINTS + 9)], 0)
    assert len(session.notices()) == MOST_ENDPOINTS


def test_an_endpoint_on_which_nothing_can_be_sent_ends_the_session():
    session = make()
    session.receive(["40/\x01,"], 0)
    assert session.ended == "malformed packet"


def test_a_client_leaves_an_endpoint():
    session = make()
    session.receive(["40/chat,"], 0)
    session.accept("/chat")
    session.send(Event("a", endpoint="/chat"), "waiter")
    session.notices()
    session.receive(["41/chat,", "41/chat,", '42/chat,["b"]'], 0)
    lost, left = session.notices()
    assert isinstance(lost, Unacknowledged)
    assert isinstance(lost.error, ConnectionLost)
    assert left == Left("/chat", "client")
    session.kick("/chat")
    session.report("no packet", "")
    assert session.ended is None


def test_an_acknowledgement_that_does_not_come():
    session = make(heartbeat_interval=100)
    session.send(Event("a"), "waiter", 3)
    assert session.deadline() == 3
    session.handle_timeout(3)
    (late,) = session.notices()
    assert (late.waiter, type(late.error)) == ("waiter", AckTimeout)
    session.receive(["431[]"], 4)
    assert session.notices() == []
    session.drop()
    session.send(Event("b"), "waiter")
    assert isinstance(session.notices()[-1], Unacknowledged)


# Heartbeats


def test_the_server_pings_in_revision_5():
    session = make(heartbeat_interval=10, heartbeat_timeout=5)
    assert session.deadline() == 10
    session.handle_timeout(10)
    assert session.frames_to_send(10) == ["2"]
    session.receive(["3"], 12)
    assert session.deadline() == 22
    session.handle_timeout(22)
    session.handle_timeout(27)
    assert session.ended == "heartbeat timeout"
    assert session.is_over
    assert session.deadline() is None


def test_the_client_pings_in_revision_4():
    session = make(4, heartbeat_interval=10, heartbeat_timeout=5)
    session.receive(["2"], 12)
    assert session.frames_to_send(12) == ["3"]
    session.receive(['42["a"]'], 20)
    assert session.deadline() == 35
    session.handle_timeout(35)
    assert session.ended == "heartbeat timeout"


def test_who_is_not_read_need_not_say_anything(number):
    session = make(number, heartbeat_interval=10, heartbeat_timeout=5)
    before = session.deadline()
    session.postpone(7)
    assert session.deadline() == before + 7
    session.keep_alive(9)
    assert session.frames_to_send(9) == [DIALECTS[number].heartbeat]
    session.drop()
    session.postpone(10)
    session.keep_alive(10)
    assert session.deadline() is None


@pytest.mark.parametrize(("frame", "prompt"), [("2", True), ("3", True), ("6", True), ("42[]", False), (b"2", False)])
def test_signs_of_life_need_not_wait(frame, prompt):
    assert make().is_prompt(frame) is prompt


def test_a_client_that_joins_nothing_is_dropped():
    session = make(joined=False, handshake_timeout=3)
    assert session.deadline() == 3
    session.handle_timeout(3)
    assert session.ended == "handshake timeout"
    assert make(handshake_timeout=3).deadline() > 3


# Transports


def test_the_end_of_a_transport_is_that_of_the_session():
    for link in (STREAM, POLL):
        session = make(link=link)
        assert session.ends_with(link)
        session.detach(1)
        assert (session.ended, session.notices()) == ("socket end", [Left("", "socket end")])
        session.attach(link, 2)
        assert session.link is NONE
        session.detach(3)


def test_what_was_not_read_yet_keeps_a_session():
    session = make()
    session.detach(1, unread=True)
    assert session.ended is None
    session.receive(['42["a"]'], 1)
    assert session.notices() == [Event("a")]


def test_an_upgrade_ends_the_poll_that_waits():
    session = make(link=POLL)
    session.pause()
    session.pause()
    assert session.frames_to_send(1) == ["6"]
    session.attach(POLL, 2)
    assert session.frames_to_send(2) == ["6"]
    session.send(Event("a"))
    session.attach(STREAM, 3)
    assert (session.is_upgrading, session.frames_to_send(3)) == (False, ['42["a"]'])


def test_an_upgrade_that_comes_to_nothing():
    session = make(link=POLL)
    session.send(Event("a"))
    session.pause()
    assert session.frames_to_send(1) == ['42["a"]']
    session.pause()
    session.resume()
    session.attach(POLL, 2)
    assert session.frames_to_send(2) == []


# The end


def test_the_client_closes(number):
    session = make(number)
    session.receive(["1", '42["a"]'], 0)
    assert (session.ended, session.notices(), session.frames_to_send(0)) == ("client", [Left("", "client")], [])
    session = make(number, POLL)
    session.receive(["1"], 0)
    assert session.frames_to_send(0) == ["6"]
    assert session.is_over


def test_a_kick_tells_of_every_endpoint_and_closes_later():
    session = make(link=POLL)
    session.receive(["40/chat,"], 0)
    session.accept("/chat")
    session.frames_to_send(0)
    session.kick()
    session.kick()
    assert [notice.endpoint for notice in session.notices()[-2:]] == ["/chat", ""]
    session.attach(POLL, 1)
    assert session.frames_to_send(1) == ["41", "41/chat,"]  # read with these, the close would be handled first
    assert (session.is_over, session.deadline()) == (False, 1 + CLOSING_TIME)
    session.attach(POLL, 2)
    assert session.frames_to_send(2) == ["1"]
    assert session.is_over


def test_a_close_that_nobody_fetches():
    session = make(link=POLL)
    session.frames_to_send(0)
    session.kick()
    session.frames_to_send(0)
    session.handle_timeout(CLOSING_TIME)
    assert session.is_over


def test_a_stop_lets_the_client_come_back(number):
    session = make(number)
    session.close()
    assert (session.frames_to_send(0), session.is_over) == ([], True)
    session = make(number, POLL)
    session.close()
    session.close()
    assert session.frames_to_send(0) == ["1"]


@pytest.mark.parametrize("frame", ["4abc", "abc", b"", "42{}", "4\x82\xa4type\x02\xa4data\x91\xa1a\xa3nsp\xa1/"])
def test_what_is_no_packet_ends_the_session(frame):
    session = make(link=POLL)
    session.receive([frame, '42["a"]'], 0)
    dropped, left = session.notices()
    assert (type(dropped), left) == (Dropped, Left("", "malformed packet"))
    assert session.frames_to_send(0) == ["1"]
    session.fail("again")
    assert session.ended == "malformed packet"


def test_between_two_polls_nobody_is_told():
    session = make(link=POLL)
    session.send(Event("a"))
    session.frames_to_send(0)
    session.fail("x")
    assert session.is_over


def test_a_client_that_does_not_read_is_dropped():
    session = make(max_queued=10)
    for _ in range(3):
        session.send(Event("a" * 20))
    assert session.ended == "the client does not read"


ANYTHING = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=30),
    st.from_regex(r"4[0-6]([0-9]-)?(/[a-z\x00,]{0,3},)?[0-9]{0,3}(\[\"[a-z]\"\]|\{\}|\[|\"x\")?", fullmatch=True),
    st.sampled_from(["0", "1", "2", "2probe", "3", "5", "6", "40", "41", '451-["a",{"_placeholder":true,"num":7}]']),
)


@given(st.sampled_from([4, 5]), st.lists(ANYTHING, max_size=12))
def test_nothing_that_a_client_sends_raises(number, frames):
    session = make(number)
    for frame in frames:
        session.receive([frame], 1)
        for notice in session.notices():
            if isinstance(notice, JoinAsked):
                session.accept(notice.endpoint) if len(frames) % 2 else session.refuse(notice.endpoint, None)
            elif isinstance(notice, Event):
                session.acknowledge(notice, [1])
        session.frames_to_send(1)
    session.drop()
    assert session.is_over


def test_engine_io_without_socket_io():
    session = EngineSession(serving_alone(4), Settings(), 0, "id")
    session.attach(STREAM, 0)
    session.accept("")
    session.send(Message(b"x"))
    assert session.frames_to_send(0)[1:] == [b"x"]
    session.receive(["4y"], 0)
    assert session.notices() == [JoinAsked("", ""), Message("y")]
    session.kick()
    assert session.frames_to_send(0) == []
    early = EngineSession(PlainDialect(), Settings(), 0, "id")
    early.close()
    assert early.is_over
    refused = EngineSession(serving_alone(3), Settings(), 0, "id")
    refused.refuse("")
    assert refused.ended == "refused"
