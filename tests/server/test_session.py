"""The server's session, alone and together with the client's protocol object. Time is a number; nothing waits."""

from __future__ import annotations

from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex, lists

from sioclient.errors import HandshakeRejected, LocalProtocolError
from sioclient.protocol import (
    Acknowledged,
    ClientProtocol,
    Connected,
    Disconnected,
    Dropped,
    Ended,
    Event,
    Handshake,
    JoinFailed,
    Json,
    Message,
    Options,
    TransportOpened,
    revision1,
)
from sioclient.protocol.notices import Unacknowledged
from sioclient.server.session import MOST_ENDPOINTS, JoinAsked, Left, LinkKind, ServerSession
from sioclient.server.settings import Settings

SETTINGS = Settings()
ONE_ATTEMPT = Options(max_reconnection_attempts=0)


def make(link=None, *, accept=True, **settings):
    """Return a session at time 0, over a link if there is one."""
    session = ServerSession(revision1().dialect, Settings(**settings), 0)
    if link is not None:
        session.attach(link, 0)
        if accept:
            session.accept("")
            session.frames_to_send(0)
            session.notices()
            if link is LinkKind.POLL:
                session.attach(link, 0)
    return session


@pytest.fixture(params=[LinkKind.STREAM, LinkKind.POLL])
def link(request):
    return request.param


class Pair:
    """A client's protocol object and a server's session, connected to each other."""

    def __init__(self, link):
        self.link, self.now = link, 0.0
        opening = revision1()
        self.client = ClientProtocol(opening, ONE_ATTEMPT)
        self.server = ServerSession(opening.dialect, SETTINGS, 0)
        self.accepts = {"", "/chat"}
        self.heard, self.told = [], []
        self.client.connect(0)
        transport = "websocket" if link is LinkKind.STREAM else "xhr-polling"
        self.client.transport_opened(Handshake("id", 60, 60, (transport,)), transport, 0)
        self.server.attach(link, 0)
        self.exchange()

    def exchange(self):
        """Carry frames both ways until there are none, as a network would."""
        while True:
            told = self.server.notices()
            self.told += told
            for notice in told:
                if isinstance(notice, JoinAsked):
                    (self.server.accept if notice.endpoint in self.accepts else self.server.refuse)(notice.endpoint)
            down = self.server.frames_to_send(self.now)
            if down and self.link is LinkKind.POLL:
                self.server.attach(self.link, self.now)
            self.client.receive(down, self.now)
            up = self.client.frames_to_send()
            self.server.receive(up, self.now)
            self.heard += self.client.notices()
            if not (down or up or told):
                return

    def pass_time(self, seconds):
        """Let both see the time pass."""
        end = self.now + seconds
        while True:
            due = min(time for time in (self.client.deadline(), self.server.deadline(), end) if time is not None)
            self.now = min(due, end)
            self.client.handle_timeout(self.now)
            self.server.handle_timeout(self.now)
            self.exchange()
            if self.now >= end:
                return


@pytest.fixture
def pair(link):
    return Pair(link)


# Together with the client's protocol object


def test_a_connection(pair):
    assert isinstance(pair.heard[0], TransportOpened)
    assert pair.heard[1:] == [Connected("")]
    assert pair.told == [JoinAsked("", "")]


def test_events_messages_and_json_both_ways(pair):
    packets = [Event("n", [1, "ü\ufffd"]), Message("text"), Message(""), Json({"a": None})]
    for packet in packets:
        pair.client.push(packet, 0)
        pair.server.send(packet)
    pair.exchange()
    assert pair.told[1:] == packets
    assert pair.heard[2:] == packets


def test_acknowledgements_both_ways(pair):
    pair.client.push(Event("sum", [1, 2], id=7, wants_data=True), 0, waiter="the client waits")
    pair.server.send(Event("ask"), "the server waits")
    pair.exchange()
    asked, asking = pair.told[-1], pair.heard[-1]
    pair.server.acknowledge(asked, [3])
    pair.client.acknowledge(asking, ["x", None])
    pair.exchange()
    assert pair.heard[-1] == Acknowledged("the client waits", [3])
    assert pair.told[-1] == Acknowledged("the server waits", ["x", None])


def test_endpoints(pair):
    chat = pair.client.join("/chat", "a=b", None, 0)
    pair.client.join("/other", "", None, 0)
    pair.exchange()
    assert pair.told[1:] == [JoinAsked("/chat", "a=b"), JoinAsked("/other", "")]
    assert pair.heard[2] == Connected("/chat")
    assert isinstance(pair.heard[3], JoinFailed)
    pair.server.send(Event("n", endpoint="/chat"))
    pair.exchange()
    assert pair.heard[-1] == Event("n", [], "/chat")
    pair.client.leave(chat)
    pair.exchange()
    assert pair.told[-1] == Left("/chat", "client")


def test_a_kick_from_an_endpoint_and_from_all(pair):
    pair.client.join("/chat", "", None, 0)
    pair.exchange()
    pair.server.kick("/chat")
    pair.exchange()
    assert pair.heard[-2] == Disconnected("/chat", "server")
    pair.server.kick()
    pair.exchange()
    assert pair.server.is_over
    assert pair.told[-1] == Left("", "booted")
    assert pair.heard[-1] == Ended(None)


def test_the_client_disconnects(pair):
    pair.client.join("/chat", "", None, 0)
    pair.exchange()
    pair.client.push(Event("last"), 0)
    pair.client.disconnect()
    pair.exchange()
    assert pair.told[-3:] == [Event("last"), Left("/chat", "client"), Left("", "client")]
    assert pair.server.ended == "client"


def test_a_refused_connection(link):
    server = ServerSession(revision1().dialect, SETTINGS, 0)
    client = ClientProtocol(revision1(), ONE_ATTEMPT)
    client.connect(0)
    client.transport_opened(Handshake("id", 60, 60, ()), "websocket", 0)
    server.attach(link, 0)
    server.refuse("")
    client.receive(server.frames_to_send(0), 0)
    ended = client.notices()[-1]
    assert isinstance(ended.error, HandshakeRejected)
    assert ended.error.status == 403
    assert server.is_over


def test_a_day_with_its_heartbeats(pair):
    pair.pass_time(86_400)
    assert pair.server.ended is None
    assert pair.heard[1:] == [Connected("")]


def test_both_notice_a_dead_connection():
    pair = Pair(LinkKind.STREAM)
    pair.server.receive = lambda frames, now: None
    pair.client.receive = lambda frames, now: None
    pair.pass_time(90)
    assert pair.server.ended == "heartbeat timeout"
    assert any(isinstance(notice, Disconnected) for notice in pair.heard)


# The frames, as socket.io 0.9.19 sends them


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("2::", []),
        ("8::", []),
        ("8:7::", ["6:::7"]),
        ("3:1::hi", ["6:::1"]),
        ("4:3::{}", ["6:::3"]),
        ('5:5::{"name":"x"}', ["6:::5"]),
        ('5:6+::{"name":"x"}', []),
        ("3:6+::hi", []),
        ("1::", ["1::"]),
        ("6:::99+[1]", []),
        ("7:::2", []),
        ("0::/nosuch", []),
        ("3::/nosuch:x", []),
        ("no packet", []),
    ],
)
def test_what_a_packet_makes_the_server_send(sent, received):
    session = make(LinkKind.STREAM)
    session.receive([sent], 1)
    assert session.frames_to_send(1) == received


def test_a_second_join_is_confirmed_and_no_notice():
    session = make(LinkKind.STREAM)
    session.receive(["1::/chat", "1::/chat"], 0)
    assert session.notices() == [JoinAsked("/chat", "")]
    session.accept("/chat")
    session.accept("/chat")
    session.receive(["1::/chat"], 0)
    assert session.notices() == []
    assert session.frames_to_send(0) == ["1::/chat", "1::/chat"]


@pytest.mark.parametrize("frame", ["1::/chat:?y=2", "1::/chat?y=2", "1::/chat:y=2"])
def test_the_query_of_an_endpoint(frame):
    session = make(LinkKind.STREAM)
    session.receive([frame], 0)
    assert session.notices() == [JoinAsked("/chat", "y=2")]
    session.accept("/chat")
    assert session.frames_to_send(0) == ["1::/chat"]


def test_packets_wait_until_a_join_is_accepted():
    session = make(LinkKind.STREAM)
    session.receive(["1:1:/chat"], 0)
    session.send(Event("hello", endpoint="/chat"))
    assert session.frames_to_send(0) == []
    session.accept("/chat")
    assert session.frames_to_send(0) == ["1::/chat", "6::/chat:1", '5::/chat:{"name":"hello"}']
    assert session.queued == 0


def test_refusals():
    session = make(LinkKind.STREAM)
    session.receive(["1::/a", "1::/b", "1::/c"], 0)
    session.send(Event("never", endpoint="/a"))
    session.refuse("/a")
    session.refuse("/b", "not today")
    session.refuse("/c", None)
    session.refuse("/d")
    assert session.frames_to_send(0) == ["7::/a:2", "7::/b:not today"]
    assert session.queued == 0
    assert not session.is_open("/a")


def test_an_error_on_an_endpoint():
    session = make(LinkKind.STREAM)
    session.report("not like this", "")
    assert session.frames_to_send(0) == ["7:::not like this"]


def test_the_first_poll_gets_the_connect_packet_alone():
    session = make(LinkKind.POLL, accept=False)
    session.accept("")
    session.send(Event("hello"))
    assert session.frames_to_send(0) == ["1::"]
    assert session.frames_to_send(0) == []
    session.attach(LinkKind.POLL, 0)
    assert session.frames_to_send(0) == ['5:::{"name":"hello"}']


def test_one_poll_gets_all_packets_that_wait():
    session = make(LinkKind.POLL)
    for number in range(3):
        session.send(Event("n", [number]))
    assert len(session.frames_to_send(0)) == 3
    session.send(Message("later"))
    assert session.frames_to_send(0) == []
    session.attach(LinkKind.POLL, 0)
    assert session.frames_to_send(0) == ["3:::later"]


def test_another_transport_gets_no_second_connect_packet():
    session = make(LinkKind.POLL)
    session.frames_to_send(0)
    session.send(Message("x"))
    session.attach(LinkKind.STREAM, 0)
    assert session.frames_to_send(0) == ["3:::x"]
    assert session.notices() == []


def test_a_post_before_the_first_poll_opens_the_session():
    session = make()
    session.receive(["3:::early"], 0)
    assert session.notices() == [JoinAsked("", ""), Message("early")]
    session.accept("")
    session.attach(LinkKind.POLL, 0)
    assert session.frames_to_send(0) == ["1::"]


def test_each_malformed_packet_is_a_notice():
    session = make(LinkKind.STREAM)
    session.receive(["9::", b"\0", "3:::x"], 0)
    first, second, message = session.notices()
    assert isinstance(first, Dropped)
    assert isinstance(second, Dropped)
    assert message == Message("x")


def test_an_ack_counts_once_and_not_after_its_endpoint_was_left():
    session = make(LinkKind.STREAM)
    session.send(Event("a"), "waiter")
    assert session.frames_to_send(0) == ['5:1+::{"name":"a"}']
    session.receive(["6:::1+[1]", "6:::1+[2]"], 0)
    assert session.notices() == [Acknowledged("waiter", [1])]
    session.receive(["1::/chat"], 0)
    session.accept("/chat")
    session.send(Event("b", endpoint="/chat"), "waiter")
    session.receive(["0::/chat", "6::/chat:2"], 0)
    lost = Unacknowledged("waiter", ANY)
    assert session.notices() == [JoinAsked("/chat", ""), lost, Left("/chat", "client")]


def test_sending_to_an_endpoint_that_is_closed_does_nothing():
    session = make(LinkKind.STREAM)
    session.send(Message("x", "/chat"), "waiter")
    session.acknowledge(Message("x", "/chat", id=1), [])
    session.send_frames("3::/chat:x", "/chat")
    session.report("x", "/chat")
    session.kick("/chat")
    assert session.frames_to_send(0) == []


def test_a_packet_that_cannot_be_encoded_leaves_nothing():
    session = make(LinkKind.STREAM)
    with pytest.raises(TypeError):
        session.send(Event("x", [object()]), "waiter")
    with pytest.raises(LocalProtocolError):
        session.send(Message("\ud83d"))
    assert session.frames_to_send(0) == []
    assert len(session._acks) == 0


@pytest.mark.parametrize(
    "frame",
    ["1:1:/a\x01", "1::/a\x01", "1::/a\n?x=y", "3:1:/a\x7f:x", "8:1:/a\0", '5:1:/a\t:{"name":"x"}', "0::/a\x01"],
)
def test_s15_an_endpoint_with_a_control_character_is_dropped(frame):
    session = make(LinkKind.STREAM)
    session.receive([frame, "8:2::"], 0)
    assert session.frames_to_send(0) == ["6:::2"]
    assert all(isinstance(notice, Dropped) for notice in session.notices())
    assert session.ended is None


@given(frames=lists(from_regex(r"[0-8]:[0-9]{0,3}\+?:(/[\x00-\x7f\ufffd]{0,3})?(:[\x00-\x7f]{0,9})?", fullmatch=True)))
def test_s15_no_frame_raises(frames):
    session = make(LinkKind.STREAM)
    session.receive(frames, 0)
    for notice in session.notices():
        if isinstance(notice, JoinAsked):
            session.accept(notice.endpoint)
    session.receive(frames, 0)


def test_s15_endpoints_of_one_client_are_bounded():
    session = make(LinkKind.STREAM)
    session.receive([f"1::/{number}" for number in range(2 * MOST_ENDPOINTS)], 0)
    assert len(session.notices()) == MOST_ENDPOINTS


# Time


def test_a_handshake_without_a_transport_is_forgotten():
    session = make()
    assert session.deadline() == 30
    session.handle_timeout(29.9)
    assert not session.is_over
    session.handle_timeout(30)
    assert session.is_over
    assert session.deadline() is None
    session.handle_timeout(99)
    session.attach(LinkKind.POLL, 99)
    assert session.notices() == []


def test_heartbeats():
    session = make(LinkKind.STREAM)
    assert session.deadline() == 25
    session.handle_timeout(25)
    assert session.frames_to_send(25) == ["2::"]
    assert session.deadline() == 85
    session.receive(["3:::only a heartbeat counts"], 50)
    assert session.deadline() == 85
    session.receive(["2::"], 60)
    assert session.deadline() == 85
    session.handle_timeout(85)
    assert session.frames_to_send(85) == ["2::"]
    session.handle_timeout(145)
    assert session.ended == "heartbeat timeout"
    assert session.is_over


def test_an_unprompted_heartbeat_counts():
    session = make(LinkKind.STREAM)
    session.receive(["2::"], 20)
    assert session.deadline() == 45


def test_polls_end_with_a_noop_and_need_no_heartbeats():
    session = make(LinkKind.POLL)
    assert session.deadline() == 20
    session.handle_timeout(20)
    assert session.frames_to_send(20) == ["8::"]
    assert session.deadline() == 80
    session.receive(["2::"], 30)
    assert session.deadline() == 80
    session.handle_timeout(80)
    assert session.ended == "close timeout"


def test_an_aborted_poll_loses_nothing():
    session = make(LinkKind.POLL)
    session.detach(5)
    session.detach(5)
    assert session.deadline() == 65
    session.send(Message("kept"))
    session.attach(LinkKind.POLL, 6)
    assert session.frames_to_send(6) == ["3:::kept"]


def test_the_end_of_a_stream_ends_the_session():
    session = make(LinkKind.STREAM)
    session.detach(5)
    assert session.ended == "socket end"
    assert session.notices() == [Left("", "socket end")]


def test_a_kick_between_two_polls_waits_for_the_next(link):
    session = make(LinkKind.POLL)
    session.detach(1)
    session.kick()
    session.kick()
    assert not session.is_over
    session.receive(["3:::too late"], 2)
    session.attach(link, 2)
    assert session.notices() == [Left("", "booted")]
    assert session.frames_to_send(2) == ["0::"]
    assert session.is_over


def test_a_kick_that_is_never_fetched_is_forgotten():
    session = make(LinkKind.POLL)
    session.detach(0)
    session.kick()
    session.handle_timeout(60)
    assert session.is_over
    assert session.ended == "booted"


def test_a_disconnect_by_post_ends_the_poll():
    session = make(LinkKind.POLL)
    session.receive(["0::"], 0)
    assert session.frames_to_send(0) == ["0::"]


def test_a_disconnect_between_two_polls_ends_the_session():
    session = make()
    session.receive(["0::"], 0)
    assert session.is_over
    assert session.frames_to_send(0) == []


def test_closing_a_session_sends_what_waits_and_no_disconnect(link):
    session = make(link)
    session.send(Message("last"))
    session.close()
    session.close()
    assert session.notices() == [Left("", "the server stops")]
    assert not session.is_over
    assert session.frames_to_send(0) == ["3:::last"]
    assert session.is_over


def test_a_lost_stream_with_unread_frames_ends_at_the_close_timeout():
    session = make(LinkKind.STREAM)
    session.detach(5, unread=True)
    session.receive(["3:::came before"], 6)
    assert session.notices() == [Message("came before")]
    assert session.deadline() == 65
    session.handle_timeout(65)
    assert session.ended == "close timeout"


def test_a_session_that_nobody_reads_is_kept_alive():
    session = make(LinkKind.STREAM)
    for now in (25, 50, 75, 100):
        session.keep_alive(now)
        assert session.frames_to_send(now) == ["2::"]
        assert session.deadline() == now + 25
    session.kick()
    session.keep_alive(101)
    assert session.frames_to_send(101) == ["0::"]


@pytest.mark.parametrize(
    ("frame", "prompt"), [("2::", True), ("8:1::", True), (b"2::", False), ("3:::2:", False), ("", False)]
)
def test_heartbeats_and_noops_need_not_wait(frame, prompt):
    assert make().is_prompt(frame) is prompt


def test_dropping_a_session():
    session = make(LinkKind.STREAM)
    session.kick()
    session.drop()
    assert session.is_over
    assert session.frames_to_send(0) == []


def test_postpone_starts_the_heartbeat_interval_again():
    session = make(LinkKind.STREAM)
    session.handle_timeout(25)
    session.postpone(80)
    assert session.deadline() == 105
    session.kick()
    session.postpone(90)
    assert session.deadline() == 105


# How much may wait for a slow reader


def test_s15_a_slow_reader_is_dropped():
    session = make(LinkKind.POLL, max_queued=1000)
    session.detach(0)
    session.send(Message("x" * 5000))  # one packet alone may be of any size
    assert session.ended is None
    session.send(Message("y"))
    assert session.ended == "the client does not read"
    assert session.is_over
    assert session.queued == 0


def test_s15_packets_that_wait_for_a_join_count():
    session = make(LinkKind.STREAM, max_queued=1000)
    session.receive(["1::/chat"], 0)
    for _ in range(3):
        session.send(Message("x" * 600, "/chat"))
    assert session.ended == "the client does not read"


def test_pending_acknowledgements_are_bounded():
    session = make(LinkKind.STREAM)
    for _ in range(10_000):
        session.send(Event("x"), "waiter")
        session.frames_to_send(0)
    with pytest.raises(LocalProtocolError, match="awaited already"):
        session.send(Event("x"), "waiter")


def test_a_session_ends_with_its_stream_and_not_with_a_poll(link):
    session = make(link)
    assert session.ends_with(link) == (link is LinkKind.STREAM)
    session.detach(1)
    assert [type(notice) for notice in session.notices()] == ([Left] if link is LinkKind.STREAM else [])
