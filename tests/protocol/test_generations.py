"""The core with the revisions 4 and 5 and Engine.IO alone: the same sessions, acknowledgements and endpoints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sioclient.errors import (
    ChannelError,
    ConnectError,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
    WrongRevision,
)
from sioclient.protocol.backoff import Backoff
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.lifecycle import Phase, Policy
from sioclient.protocol.notices import (
    Answered,
    Connected,
    Disconnected,
    Dropped,
    Ended,
    JoinFailed,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
)
from sioclient.protocol.packets import Error, Event, Message
from sioclient.protocol.revisions import (
    Handshake,
    Revision1,
    UnknownRevision,
    engine_alone,
    revision4,
    revision5,
)

from .driver import DELAY, away, event, of

HANDSHAKE = Handshake("x", 45.0, None, ("websocket",), ping_interval=25.0)
WELCOME = '40{"sid":"s"}'


def new_client(revision, **policy):
    client = ClientProtocol(revision, Backoff(DELAY, DELAY, 10, lambda: 0.5), Policy(**policy))
    client.connect(0.0)
    return client


def link(client, now, *frames, handshake=HANDSHAKE):
    client.transport_opened(handshake, "websocket", now)
    client.receive(frames, now)


def open_client(revision, *frames, **policy):
    """Return a client that is open at time 0; what was sent and noticed is taken."""
    client = new_client(revision, **policy)
    link(client, 0.0, *frames)
    assert client.phase is Phase.OPEN
    client.frames_to_send()
    client.notices()
    return client


def open5(**policy):
    return open_client(revision5(), WELCOME, **policy)


def open4(**policy):
    return open_client(revision4(), "40", **policy)


# Joining


def test_the_client_asks_to_join_in_revision_5():
    client = new_client(revision5())
    link(client, 0.0)
    assert client.frames_to_send() == ["40"]
    assert client.phase is Phase.JOINING
    client.receive([WELCOME], 1.0)
    assert client.phase is Phase.OPEN
    assert client.notices() == [TransportOpened("websocket"), Connected("")]
    assert client.endpoints.default.welcome == {"sid": "s"}


def test_the_server_joins_by_itself_in_revision_4():
    client = new_client(revision4())
    link(client, 0.0, "40")
    assert client.frames_to_send() == []
    assert client.notices() == [TransportOpened("websocket"), Connected("")]


def test_what_came_with_the_handshake_comes_first():
    client = new_client(revision4())
    link(client, 0.0, '42["b"]', handshake=replace(HANDSHAKE, frames=("40", '42["a"]')))
    assert of(Event, client) == [event("a"), event("b")]


def test_events_before_the_join_are_kept():
    client = new_client(revision5())
    link(client, 0.0, '42["early"]', WELCOME)
    assert client.notices()[1:] == [Connected(""), event("early")]


def test_what_the_server_is_told():
    client = new_client(revision5())
    client.endpoints.default.auth = {"token": "x"}
    link(client, 0.0)
    assert client.frames_to_send() == ['40{"token":"x"}']


def test_a_session_that_is_refused_is_final():
    client = new_client(revision5(), wait_for_connection=True)
    link(client, 0.0, '44{"message":"not authorized","data":{"why":"token"}}')
    failed, *_, ended = client.notices()[1:]
    assert isinstance(failed, JoinFailed)
    assert (failed.endpoint, failed.again, failed.reason) == ("", False, "not authorized")
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, HandshakeRejected)
    assert (ended.error.status, ended.error.data) == (403, {"why": "token"})


def test_an_error_after_the_join_is_only_told():
    client = open4()
    client.receive(['44"careful"'], 1.0)
    assert client.notices() == [Error("careful", data="careful", final=True)]
    assert client.phase is Phase.OPEN


# Endpoints


def test_an_endpoint_is_asked_for_with_what_the_server_is_told():
    client = open5()
    endpoint = client.join("/chat", "?a=b", 5.0, 0.0, {"token": "x"})
    assert client.frames_to_send() == ['40/chat,{"a":"b","token":"x"}']
    client.receive(['40/chat,{"sid":"t"}'], 1.0)
    assert client.notices() == [Connected("/chat")]
    assert endpoint.welcome == {"sid": "t"}
    client.leave("/chat")
    assert client.frames_to_send() == ["41/chat,"]


def test_an_endpoint_is_refused_with_data():
    client = open5()
    endpoint = client.join("/x", "", 5.0, 0.0)
    client.receive(['44/x,{"message":"no","data":[1]}'], 1.0)
    assert isinstance(endpoint.error, ChannelError)
    assert endpoint.error.data == [1]
    (failed,) = client.notices()
    assert failed == JoinFailed("/x", endpoint.error, again=False)
    assert failed.reason == "no"


def test_an_unanswered_endpoint_says_so_in_its_notice():
    client = open5()
    endpoint = client.join("/x", "", 5.0, 0.0)
    client.handle_timeout(5.0)
    (failed,) = of(JoinFailed, client)
    assert failed.reason == str(endpoint.error)


@pytest.mark.parametrize("make", [lambda: open_client(Revision1(), "1::"), open4])
def test_older_revisions_are_told_nothing(make):
    client = make()
    with pytest.raises(LocalProtocolError, match="query="):
        client.join("/chat", "", None, 0.0, {"token": "x"})
    assert client.endpoints.get("/chat") is None


def test_endpoints_are_joined_again_after_a_loss():
    client = open5()
    client.join("/chat", "", None, 0.0, {"token": "x"})
    client.receive(['40/chat,{"sid":"t"}'], 0.0)
    client.frames_to_send()
    away(client)
    client.send(event("waits"), 0.5)
    client.handle_timeout(DELAY)
    link(client, DELAY)
    assert client.frames_to_send() == ["40"]
    client.receive([WELCOME], DELAY)
    assert client.frames_to_send() == ['40/chat,{"token":"x"}']
    client.receive(['40/chat,{"sid":"t2"}'], DELAY)
    assert client.frames_to_send() == ['42["waits"]']
    assert of(Reconnected, client) == [Reconnected(1)]


def test_a_kick_is_final_as_ever():
    client = open5()
    client.receive(["41"], 1.0)
    assert client.notices() == [Disconnected("", "server"), TransportClosed("server"), Ended(None)]


def test_the_end_of_the_transport_is_a_loss():
    client = open5()
    client.receive(["1", '42["late"]'], 1.0)
    assert client.phase is Phase.WAITING
    assert not client.linked
    assert [type(notice) for notice in client.notices()] == [Disconnected, TransportClosed, Retrying]


@pytest.mark.parametrize(("transport", "farewell"), [("websocket", []), ("xhr-polling", ["41", "1"])])
def test_saying_goodbye(transport, farewell):
    client = new_client(revision5())
    client.transport_opened(HANDSHAKE, transport, 0.0)
    client.receive([WELCOME], 0.0)
    client.frames_to_send()
    client.send(event("last"), 0.0)
    client.disconnect()
    assert client.frames_to_send() == ['42["last"]', *farewell]


# Attachments


def test_a_packet_may_be_several_frames_both_ways():
    client = open5()
    client.send(event("x", b"1", [b"2"], id=1, wants_data=True), 0.0, "waiter")
    client.send(event("y"), 0.0)
    frames = client.frames_to_send()
    assert frames[0].startswith('452-1["x"')
    assert frames[1:] == [b"1", b"2", '42["y"]']
    client.receive(['461-1[{"_placeholder":true,"num":0}]'], 1.0)
    assert client.notices() == []
    client.receive([b"3"], 1.0)
    assert client.notices() == [Answered("waiter", [b"3"])]


def test_attachments_do_not_outlive_their_session():
    client = open5()
    client.receive(['451-["x",{"_placeholder":true,"num":0}]'], 0.0)
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY, WELCOME, b"late")
    assert of(Event, client) == []


def test_an_attachment_without_a_packet_is_dropped():
    client = open5()
    client.receive([b"x"], 0.0)
    (dropped,) = client.notices()
    assert isinstance(dropped, Dropped)
    assert client.phase is Phase.OPEN


def test_what_waits_counts_with_its_attachments():
    client = open5()
    away(client)
    client.send(event("x", b"y" * 2**19), 0.0)
    with pytest.raises(NotConnected, match="wait"):
        client.send(event("x", b"y" * 2**19), 0.0)
    client.handle_timeout(DELAY)
    link(client, DELAY, WELCOME)
    assert client.frames_to_send()[1:] == ['451-["x",{"_placeholder":true,"num":0}]', b"y" * 2**19]
    away(client, DELAY)
    client.send(event("x", b"y" * 2**19), DELAY)


# Heartbeats


def test_the_client_answers_the_server_in_revision_5():
    client = open5()
    client.receive(["2"], 25.0)
    assert client.frames_to_send() == ["3"]
    client.handle_timeout(70.9)
    assert client.phase is Phase.OPEN
    client.handle_timeout(71.0)
    assert client.phase is Phase.WAITING


def test_the_client_beats_in_revision_4():
    client = open4()
    for beat in range(1, 10):
        now = beat * 25.0
        assert client.deadline() == now
        client.handle_timeout(now - 0.1)
        assert client.frames_to_send() == []
        client.handle_timeout(now)
        assert client.frames_to_send() == ["2"]
        client.receive(["3"], now + 1)
        assert client.frames_to_send() == []


def test_the_client_goes_on_beating_while_nobody_reads_in_revision_4():
    client = open4()
    client.reading(resumed=False, now=10.0)
    client.handle_timeout(25.0)
    assert client.frames_to_send() == ["2"]
    client.reading(resumed=True, now=40.0)
    client.handle_timeout(49.9)
    assert client.frames_to_send() == []
    client.handle_timeout(50.0)
    assert client.frames_to_send() == ["2"]


def test_a_silent_server_of_revision_4_is_dead():
    client = open4()
    for now in (25.0, 45.9):
        client.handle_timeout(now)
        assert client.phase is Phase.OPEN
    client.handle_timeout(46.0)
    assert client.phase is Phase.WAITING


@pytest.mark.parametrize("make", [open4, open5])
def test_anything_that_comes_keeps_a_server_alive(make):
    client, now = make(), 0.0
    for _ in range(20):
        now += 45.0
        client.receive(['42["data, and no beat"]'], now)
        client.handle_timeout(now)
        client.frames_to_send()
    assert client.linked
    client.handle_timeout(now + 46.0)
    assert not client.linked


def test_every_beat_of_the_server_is_answered_once_while_nobody_reads():
    """python-engineio counts the answers, and asks once more for each."""
    client = open5()
    client.receive(["2"], 20.0)
    assert client.frames_to_send() == ["3"]
    client.reading(resumed=False, now=20.0)
    for now in (55.0, 90.0):
        client.handle_timeout(now)
        assert client.frames_to_send() == ["3"]
    client.reading(resumed=True, now=120.0)
    client.receive(["2", "2", "2"], 120.0)
    assert client.frames_to_send() == ["3"]
    client.receive(["2"], 140.0)
    assert client.frames_to_send() == ["3"]


def test_a_pause_that_begins_late_is_beaten_in_time():
    """The server asks 25 s after the last answer, and waits for 20 s."""
    client = open5()
    client.receive(["2"], 20.0)
    client.frames_to_send()
    client.reading(resumed=False, now=40.0)
    assert client.deadline() == 55.0
    client.handle_timeout(55.0)
    assert client.frames_to_send() == ["3"]
    client.reading(resumed=True, now=60.0)
    client.receive(["2"], 60.0)
    assert client.frames_to_send() == []


def test_a_pause_after_a_late_beat_of_the_server_is_beaten_in_time():
    client = open5()
    client.handle_timeout(35.0)
    look = client.deadline()
    assert 35.0 < look <= 41.0
    client.reading(resumed=False, now=36.0)
    client.handle_timeout(look)
    assert client.frames_to_send() == ["3"]


def test_whoever_sleeps_until_the_deadline_is_never_late():
    client = open5()
    for second in range(1, 40):
        now = float(second)
        slept_until = client.deadline()
        client.reading(resumed=False, now=now)
        client.reading(resumed=True, now=now + 0.1)
        assert slept_until is not None
        client.reading(resumed=False, now=now + 0.2)
        # The server may have asked since then, at the earliest; it is answered before its patience ends.
        assert min(slept_until, client.deadline()) <= max(35.0, now + 0.2 + 20.0)
        client.reading(resumed=True, now=now + 0.3)


def test_no_beat_goes_out_unasked_while_somebody_reads_in_revision_5():
    client = open5()
    client.handle_timeout(36.0)
    assert client.frames_to_send() == []


# Recovery


def recoverable():
    client = open_client(revision5(), '40{"sid":"s","pid":"p"}')
    client.receive(['42["news","a","Q7zcg4t"]'], 0.0)
    assert of(Event, client) == [event("news", "a")]
    return client


def test_a_session_is_recovered():
    client = recoverable()
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY)
    assert client.frames_to_send() == ['40{"pid":"p","offset":"Q7zcg4t"}']
    # What was missed comes before the answer to the join.
    client.receive(['42["news","missed","Q7zcg4u"]', '40{"sid":"s","pid":"p"}'], DELAY)
    assert client.endpoints.default.recovered
    assert of(Event, client) == [event("news", "missed")]
    assert client.endpoints.default.offset == "Q7zcg4u"


def test_a_session_that_is_not_recovered_is_a_new_one():
    client = recoverable()
    client.endpoints.default.auth = {"token": "x"}
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY)
    assert client.frames_to_send() == ['40{"token":"x","pid":"p","offset":"Q7zcg4t"}']
    client.receive(['40{"sid":"s2","pid":"p2"}'], DELAY)
    assert not client.endpoints.default.recovered


@pytest.mark.parametrize(
    "frame",
    [
        '42["news","not an offset"]',
        '42["news"]',
        '42["news",5]',
        '421["asks","Q7zcg4u"]',
        '42["news","short"]',
    ],
)
def test_what_is_no_offset_stays(frame):
    client = recoverable()
    client.receive([frame], 1.0)
    assert client.endpoints.default.offset == "Q7zcg4t"
    assert of(Event, client) == client.revision.decoder()([frame])


def test_the_offset_of_a_stream():
    client = recoverable()
    client.receive(['42["news","a","1700000000000-0"]'], 1.0)
    assert client.endpoints.default.offset == "1700000000000-0"


def test_an_offset_for_an_endpoint_that_was_left():
    client = recoverable()
    client.join("/chat", "", None, 1.0)
    client.receive(['40/chat,{"sid":"t","pid":"q"}'], 1.0)
    client.leave("/chat")
    client.notices()
    client.receive(['42/chat,["late","Q7zcg4u"]'], 1.0)
    assert client.notices() == []
    assert client.endpoints.default.offset == "Q7zcg4t"


def test_without_recovery_nothing_is_taken_off():
    client = open5()
    client.receive(['42["news","Q7zcg4t"]'], 1.0)
    assert of(Event, client) == [event("news", "Q7zcg4t")]


# What is not known yet


def test_the_handshake_says_what_is_spoken():
    five = revision5()
    client = new_client(UnknownRevision({"1": Revision1, "4": lambda: five}))
    with pytest.raises(NotConnected, match="not known"):
        client.send(event("x"), 0.0)
    link(client, 0.0, WELCOME, handshake=replace(HANDSHAKE, revision=five))
    assert client.revision is five
    assert client.frames_to_send() == ["40"]
    assert client.phase is Phase.OPEN


def test_what_was_found_out_is_kept():
    five = revision5()
    client = new_client(UnknownRevision({"4": lambda: five}))
    link(client, 0.0, WELCOME, handshake=replace(HANDSHAKE, revision=five))
    away(client)
    assert client.revision is five
    client.handle_timeout(DELAY)
    link(client, DELAY, WELCOME)
    assert client.phase is Phase.OPEN


def test_what_was_found_out_is_found_out_anew_after_an_attempt_that_failed_with_it():
    five, unknown = revision5(), UnknownRevision({"4": revision5})
    client = new_client(unknown)
    link(client, 0.0, WELCOME, handshake=replace(HANDSHAKE, revision=five))
    assert client.asking is five
    away(client)
    assert client.asking is five
    client.handle_timeout(DELAY)
    client.connect_failed(ConnectError("nobody is there"), DELAY)
    assert client.asking is unknown
    client.handle_timeout(2 * DELAY)
    link(client, 2 * DELAY, WELCOME, handshake=replace(HANDSHAKE, revision=five))
    assert client.asking is client.revision is five


# Another server comes back

ONE, FOUR, FIVE = Revision1(), revision4(), revision5()
OTHER = "it is not the server of before"


def away_from(before, frame):
    """Return a client that found ``before`` out, and whose server has gone; a time-out later it tries again."""
    client = new_client(UnknownRevision({"1": lambda: ONE, "3": lambda: FOUR, "4": lambda: FIVE}))
    link(client, 0.0, frame, handshake=replace(HANDSHAKE, revision=before))
    client.frames_to_send()
    return client


@pytest.mark.parametrize("error", [WrongRevision("x"), HandshakeRejected("x", status=404)])
def test_a_server_of_another_revision_gets_what_waits_in_its_own_words(error):
    client = away_from(FIVE, WELCOME)
    client.join("/chat", "", None, 0.0)
    client.receive(['40/chat,{"sid":"t"}'], 0.0)
    client.frames_to_send()
    away(client)
    client.send(event("first", 1, id=1, wants_data=True), 0.0, "waiter")
    client.send(Event("second", [2], "/chat"), 0.0)
    client.send(event("bytes", b"x", id=2, wants_data=True), 0.0, "bytes")
    client.handle_timeout(DELAY)
    client.notices()
    client.connect_failed(error, DELAY)
    (retrying,) = client.notices()
    assert str(retrying.error).startswith(OTHER)
    client.handle_timeout(2 * DELAY)
    client.transport_opened(replace(HANDSHAKE, revision=ONE), "xhr-polling", 2 * DELAY)
    dropped, failed, *_ = client.notices()
    assert (dropped.count, failed.waiter) == (1, "bytes")
    client.receive(["1::"], 2 * DELAY)
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2 * DELAY)
    frames = ['5:1+::{"name":"first","args":[1]}', '5::/chat:{"name":"second","args":[2]}']
    assert client.frames_to_send() == frames
    client.receive(["6:::1+[5]"], 2 * DELAY)
    assert of(Answered, client) == [Answered("waiter", [5])]


@pytest.mark.parametrize(("name", "query", "why"), [("chat", "", "slash"), ("/chat", "?a=b,c", "query")])
def test_an_endpoint_that_the_other_server_cannot_have_is_refused(name, query, why):
    client = away_from(ONE, "1::")
    endpoint = client.join(name, query, None, 0.0)
    client.receive([f"1::{name}"], 0.0)
    away(client)
    client.send(Event("waits", [], name), 0.0)
    client.handle_timeout(DELAY)
    link(client, DELAY, "40", handshake=replace(HANDSHAKE, revision=FOUR))
    assert client.frames_to_send() == []
    assert isinstance(endpoint.error, ChannelError)
    assert why in str(endpoint.error)


def test_a_server_that_joins_us_in_the_words_of_revision_4_is_found_out():
    client = away_from(FIVE, WELCOME)
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY, "40")
    assert client.phase is Phase.WAITING
    assert client.asking.number is None
    assert str(of(Retrying, client)[-1].error).startswith(OTHER)


@pytest.mark.parametrize("error", [WrongRevision("x"), HandshakeRejected("x", status=401)])
def test_a_refusal_stays_final(error):
    """If the user has said which revision, or if it has nothing to do with that."""
    client = open5() if isinstance(error, WrongRevision) else away_from(FIVE, WELCOME)
    away(client)
    client.handle_timeout(DELAY)
    client.connect_failed(error, DELAY)
    assert client.error is error


def test_the_words_of_revision_4_are_final_for_who_wants_revision_5():
    client = new_client(revision5())
    link(client, 0.0, "40")
    assert isinstance(client.error, WrongRevision)


def test_and_mean_nothing_once_we_are_joined():
    client = open5()
    client.receive(["40"], 0.0)
    assert client.phase is Phase.OPEN


# Engine.IO alone


def test_engine_io_alone():
    client = new_client(engine_alone(4))
    link(client, 0.0, "4hello", b"\1", "2", handshake=replace(HANDSHAKE, frames=("0",)))
    assert client.notices() == [TransportOpened("websocket"), Connected(""), Message("hello"), Message(b"\1")]
    client.send(Message("x"), 0.0)
    client.send(Message(b"y"), 0.0)
    assert client.frames_to_send() == ["3", "4x", b"y"]
    with pytest.raises(LocalProtocolError, match="no endpoints"):
        client.revision.check_endpoint("/chat")
    client.disconnect()
    assert client.frames_to_send() == []
    assert isinstance(of(Ended, client)[0], Ended)


def test_a_loss_before_the_join_is_a_failed_attempt():
    client = new_client(revision5())
    link(client, 0.0, "1")
    (ended,) = of(Ended, client)
    assert isinstance(ended.error, ConnectError)
