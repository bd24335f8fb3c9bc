"""The core with the revisions 4 and 5 and Engine.IO alone: the same sessions, acknowledgements and endpoints."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import ANY

import pytest

from sioclient.errors import (
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
    WrongRevision,
)
from sioclient.protocol.notices import (
    Acknowledged,
    Connected,
    Disconnected,
    Dropped,
    Ended,
    JoinFailed,
    Left,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unacknowledged,
)
from sioclient.protocol.packets import Error, Event, Message
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import Handshake, any_revision, engine_alone, revision1, revision4, revision5
from sioclient.protocol.start import make_start

from .driver import DELAY, away, connecting_client, event, joined, link, new_client, of

HANDSHAKE = Handshake("x", 45.0, None, ("websocket",), ping_interval=25.0)
JOINED = '40{"sid":"s"}'


def connecting(opening, **options):
    return connecting_client(opening=opening, **options)


def open_client(opening, *frames, **options):
    """Return a client that is open at time 0; what was sent and noticed is taken."""
    client = connecting(opening, **options)
    link(client, 0.0, *frames, handshake=HANDSHAKE)
    assert client.phase is Phase.OPEN
    client.frames_to_send()
    client.notices()
    return client


def open5(**options):
    return open_client(revision5(), JOINED, **options)


def open4(**options):
    return open_client(revision4(), "40", **options)


# Joining


def test_the_client_asks_to_join_in_revision_5():
    client = connecting(revision5())
    link(client, 0.0, handshake=HANDSHAKE)
    assert client.frames_to_send() == ["40"]
    assert client.phase is Phase.JOINING
    client.receive([JOINED], 1.0)
    assert client.phase is Phase.OPEN
    assert client.notices() == [TransportOpened("websocket"), Connected("")]
    assert client.endpoints.default.connect_data == {"sid": "s"}


def test_the_server_joins_by_itself_in_revision_4():
    client = connecting(revision4())
    link(client, 0.0, "40", handshake=HANDSHAKE)
    assert client.frames_to_send() == []
    assert client.notices() == [TransportOpened("websocket"), Connected("")]


def test_what_came_with_the_handshake_comes_first():
    client = connecting(revision4())
    link(client, 0.0, '42["b"]', handshake=replace(HANDSHAKE, frames=("40", '42["a"]')))
    assert of(Event, client) == [event("a"), event("b")]


def test_events_before_the_join_are_kept():
    client = connecting(revision5())
    link(client, 0.0, '42["early"]', JOINED, handshake=HANDSHAKE)
    assert client.notices()[1:] == [Connected(""), event("early")]


def test_the_auth_of_the_connection_is_in_the_join():
    client = connecting(revision5())
    client.endpoints.default.auth = {"token": "x"}
    link(client, 0.0, handshake=HANDSHAKE)
    assert client.frames_to_send() == ['40{"token":"x"}']


def test_a_session_that_is_refused_is_final():
    client = connecting(revision5(), wait_for_connection=True)
    link(client, 0.0, '44{"message":"not authorized","data":{"why":"token"}}', handshake=HANDSHAKE)
    failed, *_, ended = client.notices()[1:]
    assert isinstance(failed, JoinFailed)
    assert (failed.endpoint, failed.again, failed.reason) == ("", False, "not authorized")
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, HandshakeRejected)
    assert (ended.error.status, ended.error.data) == (403, {"why": "token"})


def test_an_error_after_the_join_ends_nothing():
    client = open4()
    client.receive(['44"careful"'], 1.0)
    assert client.notices() == [Error("careful", data="careful", final=True)]
    assert client.phase is Phase.OPEN


def test_a_loss_before_the_join_is_a_failed_attempt():
    client = connecting(revision5())
    link(client, 0.0, "1", handshake=HANDSHAKE)
    (ended,) = of(Ended, client)
    assert isinstance(ended.error, ConnectError)


# Endpoints


def test_the_auth_of_an_endpoint_is_in_its_join():
    client = open5()
    endpoint = client.join("/chat", "?a=b", 5.0, 0.0, {"token": "x"})
    assert client.frames_to_send() == ['40/chat,{"a":"b","token":"x"}']
    client.receive(['40/chat,{"sid":"t"}'], 1.0)
    assert client.notices() == [Connected("/chat")]
    assert endpoint.connect_data == {"sid": "t"}
    client.leave(joined(client))
    assert client.frames_to_send()[:-1] == ["41/chat,"]


def test_an_endpoint_is_refused_with_data():
    client = open5()
    endpoint = client.join("/x", "", 5.0, 0.0)
    client.receive(['44/x,{"message":"no","data":[1]}'], 1.0)
    assert isinstance(endpoint.error, ChannelError)
    assert endpoint.error.data == [1]
    failed, left = client.notices()
    assert (failed, left) == (JoinFailed("/x", endpoint.error, again=False), Left("/x"))
    assert failed.reason == "no"


def test_an_endpoint_that_is_never_confirmed_says_so():
    client = open5()
    endpoint = client.join("/x", "", 5.0, 0.0)
    client.handle_timeout(5.0)
    (failed,) = of(JoinFailed, client)
    assert failed.reason == str(endpoint.error)


@pytest.mark.parametrize("make", [lambda: open_client(revision1(), "1::"), open4])
def test_older_revisions_have_no_auth(make):
    client = make()
    with pytest.raises(LocalProtocolError, match="query="):
        client.join("/chat", "", None, 0.0, {"token": "x"})
    assert client.endpoints.channels() == []


def test_endpoints_are_joined_again_after_a_loss():
    client = open5()
    client.join("/chat", "", None, 0.0, {"token": "x"})
    client.receive(['40/chat,{"sid":"t"}'], 0.0)
    client.frames_to_send()
    away(client)
    client.push(event("waits"), 0.5)
    client.handle_timeout(DELAY)
    link(client, DELAY, handshake=HANDSHAKE)
    assert client.frames_to_send() == ["40"]
    client.receive([JOINED], DELAY)
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


@pytest.mark.parametrize(("transport", "last"), [("websocket", []), ("xhr-polling", ["41", "1"])])
def test_the_last_packets_depend_on_the_transport(transport, last):
    client = connecting(revision5())
    client.transport_opened(HANDSHAKE, transport, 0.0)
    client.receive([JOINED], 0.0)
    client.frames_to_send()
    client.push(event("last"), 0.0)
    client.disconnect()
    assert client.frames_to_send() == ['42["last"]', *last]


# Attachments


def test_a_packet_may_be_several_frames_both_ways():
    client = open5()
    client.push(event("x", b"1", [b"2"], id=1, wants_data=True), 0.0, waiter="waiter")
    client.push(event("y"), 0.0)
    frames = client.frames_to_send()
    assert frames[0].startswith('452-1["x"')
    assert frames[1:] == [b"1", b"2", '42["y"]']
    client.receive(['461-1[{"_placeholder":true,"num":0}]'], 1.0)
    assert client.notices() == []
    client.receive([b"3"], 1.0)
    assert client.notices() == [Acknowledged("waiter", [b"3"])]


def test_attachments_do_not_outlive_their_session():
    client = open5()
    client.receive(['451-["x",{"_placeholder":true,"num":0}]'], 0.0)
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY, JOINED, b"late", handshake=HANDSHAKE)
    assert of(Event, client) == []


def test_an_attachment_without_a_packet_is_dropped():
    client = open5()
    client.receive([b"x"], 0.0)
    (dropped,) = client.notices()
    assert isinstance(dropped, Dropped)
    assert client.phase is Phase.OPEN


def test_queued_packets_count_with_their_attachments():
    client = open5()
    away(client)
    client.push(event("x", b"y" * 2**19), 0.0)
    with pytest.raises(NotConnected, match="wait"):
        client.push(event("x", b"y" * 2**19), 0.0)
    client.handle_timeout(DELAY)
    link(client, DELAY, JOINED, handshake=HANDSHAKE)
    assert client.frames_to_send()[1:] == ['451-["x",{"_placeholder":true,"num":0}]', b"y" * 2**19]
    away(client, DELAY)
    client.push(event("x", b"y" * 2**19), DELAY)


# Heartbeats


def test_the_server_pings_in_revision_5():
    client = open5()
    client.receive(["2"], 25.0)
    assert client.frames_to_send() == ["3"]
    client.handle_timeout(70.9)
    assert client.phase is Phase.OPEN
    client.handle_timeout(71.0)
    assert client.phase is Phase.WAITING


def test_the_client_pings_in_revision_4():
    client = open4()
    for number in range(1, 10):
        now = number * 25.0
        assert client.deadline() == now
        client.handle_timeout(now - 0.1)
        assert client.frames_to_send() == []
        client.handle_timeout(now)
        assert client.frames_to_send() == ["2"]
        client.receive(["3"], now + 1)
        assert client.frames_to_send() == []


def test_the_client_of_revision_4_pings_while_nobody_reads_too():
    client = open4()
    client.reading.pause(10.0)
    client.handle_timeout(25.0)
    assert client.frames_to_send() == ["2"]
    client.reading.resume(40.0)
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
        client.receive(['42["data, and no pong"]'], now)
        client.handle_timeout(now)
        client.frames_to_send()
    assert client.linked
    client.handle_timeout(now + 46.0)
    assert not client.linked


def test_every_ping_gets_one_pong_while_nobody_reads():
    """python-engineio counts the pongs, and sends another ping for each."""
    client = open5()
    client.receive(["2"], 20.0)
    assert client.frames_to_send() == ["3"]
    client.reading.pause(20.0)
    for now in (55.0, 90.0):
        client.handle_timeout(now)
        assert client.frames_to_send() == ["3"]
    client.reading.resume(120.0)
    client.receive(["2", "2", "2"], 120.0)
    assert client.frames_to_send() == ["3"]
    client.receive(["2"], 140.0)
    assert client.frames_to_send() == ["3"]


def test_a_pong_goes_out_in_time_if_a_pause_begins_late():
    """The server sends a ping 25 s after the last pong, and waits for 20 s."""
    client = open5()
    client.receive(["2"], 20.0)
    client.frames_to_send()
    client.reading.pause(40.0)
    assert client.deadline() == 55.0
    client.handle_timeout(55.0)
    assert client.frames_to_send() == ["3"]
    client.reading.resume(60.0)
    client.receive(["2"], 60.0)
    assert client.frames_to_send() == []


def test_a_pong_goes_out_in_time_after_a_late_ping():
    client = open5()
    client.handle_timeout(35.0)
    look = client.deadline()
    assert 35.0 < look <= 41.0
    client.reading.pause(36.0)
    client.handle_timeout(look)
    assert client.frames_to_send() == ["3"]


def test_sleeping_until_the_deadline_is_never_too_long():
    client = open5()
    for second in range(1, 40):
        now = float(second)
        slept_until = client.deadline()
        client.reading.pause(now)
        client.reading.resume(now + 0.1)
        assert slept_until is not None
        client.reading.pause(now + 0.2)
        # The server may have sent a ping since then, at the earliest; the pong comes before its patience ends.
        assert min(slept_until, client.deadline()) <= max(35.0, now + 0.2 + 20.0)
        client.reading.resume(now + 0.3)


def test_no_pong_goes_out_unasked_while_frames_are_read():
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
    link(client, DELAY, handshake=HANDSHAKE)
    assert client.frames_to_send() == ['40{"pid":"p","offset":"Q7zcg4t"}']
    # What was missed comes before the confirmation.
    client.receive(['42["news","missed","Q7zcg4u"]', '40{"sid":"s","pid":"p"}'], DELAY)
    assert client.endpoints.default.recovered
    assert of(Event, client) == [event("news", "missed")]
    assert client.endpoints.default.offset == "Q7zcg4u"


def test_a_session_that_is_not_recovered_is_a_new_one():
    client = recoverable()
    client.endpoints.default.auth = {"token": "x"}
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY, handshake=HANDSHAKE)
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
    assert of(Event, client) == client.dialect.decoder()([frame])


def test_the_offset_of_a_stream():
    client = recoverable()
    client.receive(['42["news","a","1700000000000-0"]'], 1.0)
    assert client.endpoints.default.offset == "1700000000000-0"


def test_an_offset_for_an_endpoint_that_was_left():
    client = recoverable()
    client.join("/chat", "", None, 1.0)
    client.receive(['40/chat,{"sid":"t","pid":"q"}'], 1.0)
    client.leave(joined(client))
    client.notices()
    client.receive(['42/chat,["late","Q7zcg4u"]'], 1.0)
    assert client.notices() == []
    assert client.endpoints.default.offset == "Q7zcg4t"


def test_without_recovery_nothing_is_taken_off():
    client = open5()
    client.receive(['42["news","Q7zcg4t"]'], 1.0)
    assert of(Event, client) == [event("news", "Q7zcg4t")]


# What is not known yet


ONE, FOUR, FIVE = revision1(), revision4(), revision5()


def by(opening, **fields):
    """Return the handshake of a server that speaks what an opening opens."""
    return replace(HANDSHAKE, opening=opening, dialect=opening.dialect, **fields)


def test_the_handshake_says_what_is_spoken():
    client = connecting(any_revision())
    assert client.dialect is None
    link(client, 0.0, JOINED, handshake=by(FIVE))
    assert client.dialect is FIVE.dialect
    assert client.frames_to_send() == ["40"]
    assert client.phase is Phase.OPEN


def test_what_was_found_out_is_kept():
    client = connecting(any_revision())
    link(client, 0.0, JOINED, handshake=by(FIVE))
    away(client)
    assert client.dialect is FIVE.dialect
    client.handle_timeout(DELAY)
    link(client, DELAY, JOINED, handshake=by(FIVE))
    assert client.phase is Phase.OPEN


def test_what_is_spoken_is_found_out_anew_after_a_failure():
    unknown = any_revision()
    client = connecting(unknown)
    link(client, 0.0, JOINED, handshake=by(FIVE))
    away(client)
    assert client.lifecycle.opening is FIVE
    client.handle_timeout(DELAY)
    client.connect_failed(ConnectError("nobody is there"), DELAY)
    assert client.lifecycle.opening is unknown
    client.handle_timeout(2 * DELAY)
    link(client, 2 * DELAY, JOINED, handshake=by(FIVE))
    assert client.lifecycle.opening is FIVE


# Another server comes back


OTHER = "it is not the server of before"


def found_out(opening, frame):
    """Return a client that found out what its server speaks, and is open."""
    client = connecting(any_revision())
    link(client, 0.0, frame, handshake=by(opening))
    client.frames_to_send()
    return client


def test_another_revision_is_looked_for_after_its_refusal():
    error, client = WrongRevision("x"), away(found_out(FIVE, JOINED))
    client.handle_timeout(DELAY)
    client.notices()
    client.connect_failed(error, DELAY)
    (retrying,) = client.notices()
    assert str(retrying.error).startswith(OTHER)
    assert retrying.error.__cause__ is error


@pytest.mark.parametrize("status", [400, 404, 503])
def test_a_refusal_may_be_that_of_another_revision_or_of_a_load_balancer(status):
    error, client = HandshakeRejected("x", status=status), away(found_out(FIVE, JOINED))
    client.handle_timeout(DELAY)
    client.notices()
    client.connect_failed(error, DELAY)
    (retrying,) = client.notices()
    assert retrying.error is error
    assert client.lifecycle.opening.dialect is None


def test_packets_queued_for_another_revision_fail():
    client = found_out(FIVE, JOINED)
    client.join("/chat", "", None, 0.0, owner="chat")
    client.receive(['40/chat,{"sid":"t"}'], 0.0)
    client.frames_to_send()
    away(client)
    client.push(event("first", 1, id=1), 0.0, waiter="waiter")
    client.push(event("second", 2, endpoint="/chat"), 0.0)
    client.handle_timeout(DELAY)
    client.notices()
    client.transport_opened(by(ONE), "xhr-polling", DELAY)
    dropped, failed, opened = client.notices()
    why = "the server that is there now speaks revision 1; this was queued for revision 5"
    assert (dropped.count, dropped.example.problem) == (2, why)
    assert (failed.waiter, type(failed.error), str(failed.error)) == ("waiter", ConnectionLost, why)
    assert opened == TransportOpened("xhr-polling")
    client.receive(["1::"], DELAY)
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], DELAY)
    client.push(event("third"), DELAY)
    assert client.frames_to_send() == ['5:::{"name":"third"}']


def test_without_queued_packets_none_are_dropped():
    client = away(found_out(FIVE, JOINED))
    client.handle_timeout(DELAY)
    link(client, DELAY, "1::", handshake=by(ONE))
    assert of(Dropped, client) == []


@pytest.mark.parametrize(("name", "query", "why"), [("chat", "", "slash"), ("/chat", "?a=b,c", "query")])
def test_an_endpoint_that_the_other_server_lacks_is_refused(name, query, why):
    client = found_out(ONE, "1::")
    endpoint = client.join(name, query, None, 0.0, owner="chat")
    client.receive([f"1::{name}"], 0.0)
    away(client)
    client.push(event("waits", endpoint=name), 0.0)
    client.handle_timeout(DELAY)
    client.notices()
    link(client, DELAY, "40", handshake=by(FOUR))
    failed, left, *_ = client.notices()
    assert (failed, left) == (JoinFailed(name, endpoint.error, again=True), Left(name))
    assert failed.owner == left.owner == "chat"
    assert client.frames_to_send() == []
    assert isinstance(endpoint.error, ChannelError)
    assert why in str(endpoint.error)


def test_an_endpoint_with_an_auth_is_refused_by_an_older_server():
    client = found_out(FIVE, JOINED)
    endpoint = client.join("/chat", "", None, 0.0, {"token": "x"})
    away(client)
    client.handle_timeout(DELAY)
    link(client, DELAY, "40", handshake=by(FOUR))
    assert client.phase is Phase.OPEN
    assert "revision 4 has no auth=" in str(endpoint.error)


@pytest.mark.parametrize(("other", "frame"), [(FOUR, None), (FIVE, "40/chat,")])
def test_a_join_during_an_attempt_is_for_the_server_of_before(other, frame):
    client = away(found_out(FIVE, JOINED))
    client.handle_timeout(DELAY)
    start = make_start(by(other), other.dialect, client.endpoints, None)
    endpoint = client.join("/chat", "", None, DELAY)
    client.transport_opened(by(other), "websocket", DELAY, start)
    client.receive(["40" if other is FOUR else JOINED], DELAY)
    if frame is None:
        assert "another server came" in str(endpoint.error)
    else:
        assert client.frames_to_send() == ["40", frame]


def test_a_websocket_of_revision_4_is_found_out():
    client = away(found_out(FIVE, JOINED))
    client.handle_timeout(DELAY)
    link(client, DELAY, "40", handshake=by(FIVE))
    assert client.phase is Phase.WAITING
    assert client.lifecycle.opening.dialect is None
    assert str(of(Retrying, client)[-1].error).startswith(OTHER)


def test_another_revision_than_the_wanted_one_may_go_away_again():
    error, client = WrongRevision("x"), away(open5())
    client.handle_timeout(DELAY)
    client.notices()
    client.connect_failed(error, DELAY)
    (retrying,) = client.notices()
    assert retrying.error is error
    assert client.phase is Phase.WAITING


def test_a_websocket_of_revision_4_is_final_if_5_is_wanted():
    client = connecting(revision5())
    link(client, 0.0, "40", handshake=HANDSHAKE)
    assert isinstance(client.lifecycle.error, WrongRevision)


def test_its_join_means_nothing_after_ours():
    client = open5()
    client.receive(["40"], 0.0)
    assert client.phase is Phase.OPEN


# Engine.IO alone


def test_engine_io_alone():
    client = connecting(engine_alone(4))
    link(client, 0.0, "4hello", b"\1", "2", handshake=replace(HANDSHAKE, frames=("0",)))
    assert client.notices() == [TransportOpened("websocket"), Connected(""), Message("hello"), Message(b"\1")]
    client.push(Message("x"), 0.0)
    client.push(Message(b"y"), 0.0)
    assert client.frames_to_send() == ["3", "4x", b"y"]
    with pytest.raises(LocalProtocolError, match="no endpoints"):
        client.dialect.check_endpoint("/chat")
    client.disconnect()
    assert client.frames_to_send() == []
    assert isinstance(of(Ended, client)[0], Ended)


def test_what_the_server_cannot_take_fails_when_it_is_known():
    unknown = any_revision()
    client = connecting(unknown)
    client.push(Message("x"), 0.0)
    client.push(Event("bytes", [b"x"], "", 1, True), 0.0, waiter="first")
    client.push(Event("bytes", [b"x"]), 0.0)
    client.join("/chat", "", None, 0.0, {"token": "x"})
    client.join("/query", "?a=b", None, 0.0)
    endpoints = list(client.endpoints)
    client.join("/late", "", None, 0.0)
    client.join("/refused", "", None, 0.0, {"token": "x"})
    one = unknown.candidates[0]
    handshake = replace(by(ONE), dialect=one)
    client.transport_opened(handshake, "websocket", 0.0, make_start(handshake, one, endpoints, None))
    client.receive(["1::", "1::/query", "1::/late"], 0.0)
    assert client.phase is Phase.OPEN
    notices = client.notices()
    failed = [(notice.endpoint, str(notice.error)) for notice in notices if isinstance(notice, JoinFailed)]
    why = "cannot be joined: revision 1 has no auth= for endpoints: give query="
    assert sorted(failed) == [("/chat", f"'/chat' {why}"), ("/refused", f"'/refused' {why}")]
    (unacknowledged,) = [notice for notice in notices if isinstance(notice, Unacknowledged)]
    assert unacknowledged.waiter == "first"
    assert isinstance(unacknowledged.error, LocalProtocolError)
    (dropped,) = [notice for notice in notices if isinstance(notice, Dropped)]
    assert dropped.count == 2
    assert "revision 1" in dropped.example.problem
    assert client.frames_to_send() == ["1::/query:?a=b", "1::/late", "3:::x"]


def test_what_every_server_can_take_is_kept():
    unknown = any_revision()
    client = connecting(unknown)
    client.push(Message("x"), 0.0)
    link(client, 0.0, JOINED, handshake=replace(by(FIVE), dialect=unknown.candidates[2]))
    assert client.frames_to_send() == ["40", '42["message","x"]']
    assert not [notice for notice in client.notices() if isinstance(notice, Dropped)]


@pytest.mark.parametrize("is_awaited", [True, False])
def test_first_connection_that_fails_is_told_if_nobody_waits(is_awaited):
    client = new_client(opening=any_revision())
    client.connect(0.0, is_awaited=is_awaited)
    client.push(Event("x", [], "", 1, True), 0.0, waiter="w")
    client.connect_failed(ConnectError("refused"), 0.0)
    error = client.lifecycle.error
    told = [] if is_awaited else [JoinFailed("", error, False, "refused")]
    assert client.notices() == [*told, Unacknowledged("w", ANY), Ended(error)]


def test_refusal_of_the_first_connection_is_told_once():
    client = new_client(opening=revision5())
    client.connect(0.0, is_awaited=False)
    link(client, 0.0, '44{"message":"no"}', handshake=HANDSHAKE)
    assert len([notice for notice in client.notices() if isinstance(notice, JoinFailed)]) == 1
    assert client.phase is Phase.CLOSED
