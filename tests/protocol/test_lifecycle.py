from __future__ import annotations

import itertools
from dataclasses import replace
from unittest.mock import ANY

import pytest

from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected, NotConnected
from sioclient.options import Options
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.deliveries import Delivery
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.fence import BYTE_BUDGET
from sioclient.protocol.lifecycle import REJOIN_TIMEOUT
from sioclient.protocol.notices import (
    Acknowledged,
    Connected,
    Disconnected,
    Ended,
    JoinFailed,
    Left,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unacknowledged,
)
from sioclient.protocol.packets import Error, Message
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import revision1, revision5

from .driver import (
    DEAD_AFTER,
    DELAY,
    HANDSHAKE,
    NO_HEARTBEATS,
    away,
    client_in,
    come_back,
    connecting_client,
    event,
    joined,
    link,
    new_client,
    of,
    open_client,
    with_channel,
)

LARGE = Message("x" * 1000)
UNREACHABLE = ConnectError("unreachable")
FORBIDDEN = HandshakeRejected("forbidden", status=403)


def ending(client: ClientProtocol) -> Ended:
    """Take the notices, of which the last is the end."""
    assert client.phase is Phase.CLOSED
    notice = client.notices()[-1]
    assert isinstance(notice, Ended)
    assert notice.error is client.lifecycle.error
    return notice


def fail_attempts(client: ClientProtocol, count: int, now: float) -> list[float]:
    """Lose the connection, let so many attempts fail, and return the delays before them."""
    client.transport_lost("gone", now)
    delays = []
    for _ in range(count):
        delays += [notice.delay for notice in of(Retrying, client)]
        now = client.deadline()
        client.handle_timeout(now)
        client.connect_failed(UNREACHABLE, now)
    return delays


# The way up


def test_nothing_happens_before_connect():
    client = new_client()
    client.handle_timeout(1e9)
    assert (client.phase, client.deadline(), client.frames_to_send(), client.notices()) == (Phase.IDLE, None, [], [])


def test_a_connection_is_opened_without_a_packet_of_ours():
    client = new_client()
    client.connect(0.0)
    assert client.phase is Phase.CONNECTING
    client.transport_opened(HANDSHAKE, "websocket", 1.0)
    assert client.phase is Phase.JOINING
    client.receive(["1::"], 2.0)
    assert client.phase is Phase.OPEN
    assert client.notices() == [TransportOpened("websocket"), Connected("")]
    assert client.frames_to_send() == []


def test_attempts_are_numbered():
    client = new_client()
    assert client.lifecycle.attempt == 0
    client.connect(0.0)
    assert client.lifecycle.attempt == 1
    link(client, 0.0, "1::")
    client.transport_lost("gone", 1.0)
    assert client.lifecycle.attempt == 1
    client.handle_timeout(1.0 + DELAY)
    assert client.lifecycle.attempt == 2


def test_a_client_without_options_has_the_default_ones():
    client = ClientProtocol(revision1())
    client.connect(0.0)
    assert client.deadline() == Options().connect_timeout


# The first attempt fails


def test_an_attempt_takes_no_longer_than_it_may():
    client = connecting_client(connect_timeout=3.0)
    assert client.deadline() == 3.0
    client.handle_timeout(2.999)
    assert client.phase is Phase.CONNECTING
    client.handle_timeout(3.0)
    assert "within 3 s: a response did not come" in str(ending(client).error)


def test_the_time_of_an_attempt_includes_the_join():
    client = client_in(Phase.JOINING)
    client.handle_timeout(9.999)
    assert client.phase is Phase.JOINING
    client.handle_timeout(10.0)
    assert "within 10 s: the join of the default endpoint did not come" in str(ending(client).error)


def joining_client_of_revision_5():
    client = connecting_client(opening=revision5(), attempts=0)
    link(client, 0.0)
    assert client.phase is Phase.JOINING
    return client


def test_an_end_instead_of_a_join_may_come_from_another_parser():
    client = joining_client_of_revision_5()
    client.transport_lost("transport closed", 1.0)
    assert "instead of letting us join (as a server does that speaks msgpack" in str(ending(client).error)


def test_silence_instead_of_a_join_may_come_from_another_parser():
    client = joining_client_of_revision_5()
    client.handle_timeout(10.0)
    assert "did not come (as a server does that speaks msgpack: see parser='msgpack')" in str(ending(client).error)


def test_a_server_that_has_joined_us_before_has_our_parser():
    client = connecting_client(opening=revision5())
    link(client, 0.0, '40{"sid":"x"}')
    away(client)
    client.notices()
    come_back(client, 2.0)
    client.transport_lost("transport closed", 3.0)
    (retrying,) = of(Retrying, client)
    assert str(retrying.error) == "the connection was lost: transport closed"


def test_an_open_connection_has_no_time_limit():
    client = open_client(handshake=NO_HEARTBEATS)
    assert client.deadline() is None
    client.handle_timeout(1e9)
    assert client.phase is Phase.OPEN


def test_a_first_attempt_that_fails_is_the_end():
    client = connecting_client()
    client.connect_failed(UNREACHABLE, 1.0)
    assert ending(client).error is UNREACHABLE


def test_a_first_transport_lost_before_the_join_is_the_end():
    client = client_in(Phase.JOINING)
    client.transport_lost("gone", 1.0)
    assert client.phase is Phase.CLOSED
    assert client.notices() == [TransportOpened("websocket"), TransportClosed("gone"), Ended(client.lifecycle.error)]
    assert "the connection was lost: gone" in str(client.lifecycle.error)


def test_a_first_attempt_is_made_again_if_the_user_waits():
    client = connecting_client(wait_for_connection=True)
    client.connect_failed(UNREACHABLE, 1.0)
    assert client.notices() == [Retrying(1, DELAY, UNREACHABLE)]
    come_back(client, 1.0 + DELAY, "1::")
    assert of(Reconnected, client) == []
    assert client.phase is Phase.OPEN


def test_a_first_attempt_that_times_out_is_made_again_too():
    client = connecting_client(wait_for_connection=True)
    client.handle_timeout(10.0)
    assert client.phase is Phase.WAITING
    assert client.deadline() == 10.0 + DELAY


def test_waiting_for_a_connection_is_not_wanting_it_back():
    client = connecting_client(wait_for_connection=True, reconnect=False)
    client.connect_failed(ConnectError("nobody there"), 1.0)
    assert client.phase is Phase.WAITING
    client.handle_timeout(1.0 + DELAY)
    link(client, 2.0, "1::")
    client.transport_lost("transport closed", 3.0)
    assert client.phase is Phase.CLOSED


def test_a_forgetful_server_is_asked_once_a_second_on_average():
    client = connecting_client(delay=0.5, limit=10.0, attempts=None, random=lambda: 0.0, wait_for_connection=True)
    requests, now = [], 0.0
    while now < 1000.0:
        requests += [now, now]  # the handshake and the first poll
        link(client, now, "7:::1+0")
        assert client.phase is Phase.WAITING
        now = client.deadline()
        client.handle_timeout(now)
    assert len([time for time in requests if time < 1.0]) <= 6
    assert all(len([time for time in requests if time < seconds]) <= seconds for seconds in (20, 60, 1000))


@pytest.mark.parametrize("error", [FORBIDDEN, ConnectError("bad certificate", retryable=False)])
def test_an_error_that_stays_is_final_even_if_the_user_waits(error):
    client = connecting_client(wait_for_connection=True)
    client.connect_failed(error, 1.0)
    assert ending(client).error is error


# The way down, and back


def test_a_loss_is_reported_and_another_attempt_announced():
    client = open_client()
    client.transport_lost("gone", 5.0)
    closed, lost, retrying = client.notices()
    assert (closed, lost) == (Disconnected("", "gone"), TransportClosed("gone"))
    assert (retrying.attempt, retrying.delay) == (1, DELAY)
    assert "the connection was lost: gone" in str(retrying.error)
    assert client.deadline() == 5.0 + DELAY


def test_the_next_attempt_begins_exactly_after_the_delay():
    client = away(open_client(), 5.0)
    client.handle_timeout(5.0 + DELAY - 0.001)
    assert client.phase is Phase.WAITING
    client.handle_timeout(5.0 + DELAY)
    assert client.phase is Phase.CONNECTING
    assert client.deadline() == 5.0 + DELAY + 10.0


def test_no_attempt_begins_while_a_function_keeps_the_thread_that_connects():
    client = open_client(attempts=1)
    client.lifecycle.reading.pause(4.0)
    away(client, 5.0)
    for now in (5.0 + DELAY, 60.0, 3600.0):
        client.handle_timeout(now)
        assert client.phase is Phase.WAITING
        assert client.deadline() is None
    client.lifecycle.reading.resume(3601.0)
    assert client.deadline() == 5.0 + DELAY
    client.handle_timeout(3601.0)
    assert client.phase is Phase.CONNECTING
    assert client.deadline() == 3611.0


def test_a_join_that_nobody_reads_of_is_not_overdue_after_a_loss():
    client = away(open_client(), 5.0)
    client.handle_timeout(5.0 + DELAY)
    link(client, 6.0)
    client.lifecycle.reading.pause(8.0)
    client.handle_timeout(3600.0)
    assert client.phase is Phase.JOINING
    client.lifecycle.reading.resume(3600.0)
    client.receive(["8::"], 3600.0)
    client.handle_timeout(3600.0 + 8.0 - 0.001)  # two of ten seconds are over
    assert client.phase is Phase.JOINING
    client.handle_timeout(3600.0 + 8.0)
    assert client.phase is Phase.WAITING


def test_the_first_join_is_overdue_although_a_function_runs():
    """Whoever waits for the first session waits no longer than he wanted."""
    client = client_in(Phase.JOINING)
    client.lifecycle.reading.pause(1.0)
    client.handle_timeout(10.0)
    assert "within 10 s" in str(ending(client).error)


def test_coming_back_is_reported_with_the_number_of_attempts():
    client = open_client()
    fail_attempts(client, 2, 5.0)
    client.notices()
    come_back(client, client.deadline(), "1::")
    assert client.notices() == [TransportOpened("websocket"), Connected(""), Reconnected(3)]
    assert client.frames_to_send() == []


def test_delays_double_up_to_the_limit():
    client = open_client(delay=1.0, limit=8.0)
    assert fail_attempts(client, 6, 1.0) == [1, 2, 4, 8, 8, 8]


def test_delays_are_spread_by_half():
    numbers = itertools.cycle([0.0, 0.999])
    client = open_client(delay=1.0, limit=100.0, random=lambda: next(numbers))
    assert fail_attempts(client, 4, 1.0) == [0.5, 2 * 1.499, 2.0, 8 * 1.499]


def test_the_end_says_how_many_attempts_were_spent():
    client = open_client(attempts=3)
    fail_attempts(client, 3, 1.0)
    error = ending(client).error
    assert "gave up after 3 attempts" in str(error)
    assert "unreachable" in str(error)
    assert error.__cause__ is UNREACHABLE
    assert not error.retryable


def test_without_attempts_a_loss_is_the_end_and_its_own_reason():
    client = open_client(attempts=0)
    client.transport_lost("gone", 1.0)
    assert str(ending(client).error) == "the connection was lost: gone"


def test_without_a_limit_attempts_do_not_end():
    client = open_client(attempts=None)
    assert len(fail_attempts(client, 100, 1.0)) == 100
    assert client.phase is Phase.WAITING


def test_a_refusal_does_not_end_the_attempts_to_come_back():
    client = away(open_client(), 1.0)
    client.handle_timeout(1.0 + DELAY)
    client.notices()
    client.connect_failed(FORBIDDEN, 3.0)
    (retrying,) = client.notices()
    assert retrying.error is FORBIDDEN
    assert client.phase is Phase.WAITING


def retry_number(client: ClientProtocol) -> int:
    return of(Retrying, client)[0].attempt


def test_a_healthy_session_makes_the_delays_begin_anew():
    client = open_client(limit=8.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    client.notices()
    client.receive(["8::"], 20.0)
    client.transport_lost("gone", 2.0 + DEAD_AFTER)
    assert of(Retrying, client)[0].delay == DELAY


def test_a_short_session_leaves_the_delays_as_they_are():
    client = open_client(limit=8.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    client.notices()
    client.receive(["8::"], 20.0)
    client.transport_lost("gone", 2.0 + DEAD_AFTER - 0.001)
    assert of(Retrying, client)[0].delay == 2 * DELAY


@pytest.mark.parametrize(("lasted", "delay"), [(59.999, 2 * DELAY), (60.0, DELAY)])
def test_a_session_without_heartbeats_is_healthy_after_a_minute(lasted, delay):
    client = away(open_client(limit=8.0))
    client.handle_timeout(DELAY)
    link(client, DELAY, "1::", handshake=NO_HEARTBEATS)
    client.notices()
    client.transport_lost("gone", DELAY + lasted)
    assert of(Retrying, client)[0].delay == delay


def test_attempts_are_counted_anew_after_each_that_succeeded():
    client = open_client(attempts=2)
    for number in range(5):
        away(client, 10.0 * number)
        assert retry_number(client) == 1
        come_back(client, 10.0 * number + DELAY, "1::")
        client.notices()


def test_a_session_that_never_joined_was_not_healthy():
    client = away(open_client(connect_timeout=1000.0))
    client.handle_timeout(DELAY)
    link(client, DELAY, handshake=NO_HEARTBEATS)
    client.notices()
    client.transport_lost("gone", DELAY + 500.0)
    assert retry_number(client) == 2


def test_the_third_oversized_message_in_a_row_is_the_end():
    client = open_client()
    for now in (0.0, DELAY):
        client.transport_lost("message too big: 99 bytes", now)
        assert client.phase is Phase.WAITING
        come_back(client, now + DELAY, "1::")
    client.transport_lost("message too big: 99 bytes", 2 * DELAY)
    assert client.phase is Phase.CLOSED
    assert "message too big" in str(client.lifecycle.error)


def test_other_losses_begin_the_count_of_those_anew():
    client, now = open_client(), 0.0
    for reason in ("message too big: 1", "message too big: 2", "gone", "message too big: 3", "message too big: 4"):
        client.transport_lost(reason, now)
        now += 2 * DELAY
        come_back(client, now, "1::")
    assert client.phase is Phase.OPEN


# What outlives a session


def test_an_ack_of_a_written_packet_fails_with_the_loss():
    client = open_client()
    client.push(event("e", id=1), 0.0, waiter="waiter")
    client.frames_to_send()
    client.transport_lost("gone", 1.0)
    (failed,) = of(Unacknowledged, client)
    assert failed.waiter == "waiter"
    assert isinstance(failed.error, ConnectionLost)
    assert "gone" in str(failed.error)


def test_an_ack_of_a_queued_packet_outlives_the_loss():
    client = open_client()
    client.push(event("e", id=1, wants_data=True), 0.0, waiter="waiter")
    client.transport_lost("gone", 1.0)
    assert of(Unacknowledged, client) == []
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == ['5:1+::{"name":"e"}']
    client.receive(["6:::1+[5]"], 2.0)
    assert of(Acknowledged, client) == [Acknowledged("waiter", [5])]


def test_frames_that_were_taken_are_not_written_a_second_time():
    client = open_client()
    client.push(Message("once"), 0.0)
    assert client.frames_to_send() == ["3:::once"]
    away(client, 1.0)
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == []


def test_a_heartbeat_is_not_written_in_the_next_session():
    client = open_client()
    client.receive(["2::"], 0.5)
    away(client, 1.0)
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == []


# Endpoints come back before anything else


def test_endpoints_are_joined_again_before_any_queued_packet():
    client = with_channel(open_client())
    client.transport_lost("gone", 1.0)
    client.push(Message("main"), 1.5)
    client.push(Message("chat", "/chat"), 1.5)
    come_back(client, 2.0, "1::")
    assert client.phase is Phase.RESTORING
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.5)
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == ["3:::main", "3::/chat:chat"]


def test_packets_wait_until_every_endpoint_is_decided():
    client = with_channel(with_channel(open_client(), "/a"), "/b")
    client.transport_lost("gone", 1.0)
    client.push(Message("x"), 1.5)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["1::/a", "1::/b"]
    client.receive(["1::/b"], 2.5)
    assert client.frames_to_send() == []
    client.receive(["7::/a:2"], 2.5)
    assert client.frames_to_send() == ["3:::x"]


def test_an_endpoint_is_joined_again_with_its_query():
    client = open_client()
    client.join("/chat", "?a=b", None, 0.0)
    client.receive(["1::/chat"], 0.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["1::/chat:?a=b"]


def test_an_endpoint_silent_after_a_loss_is_given_up_in_time():
    client = with_channel(open_client(handshake=NO_HEARTBEATS))
    client.transport_lost("gone", 1.0)
    client.push(Message("main"), 1.5)
    client.push(Message("chat", "/chat"), 1.5)
    client.handle_timeout(2.0)
    link(client, 2.0, "1::", handshake=NO_HEARTBEATS)
    client.frames_to_send()
    assert client.deadline() == 2.0 + REJOIN_TIMEOUT
    client.handle_timeout(2.0 + REJOIN_TIMEOUT)
    (failed,) = of(JoinFailed, client)
    assert (failed.endpoint, failed.again) == ("/chat", True)
    assert "in time" in str(failed.error)
    assert client.frames_to_send() == ["3:::main"]


def test_an_endpoint_is_not_given_up_while_nobody_reads():
    client = with_channel(open_client(handshake=NO_HEARTBEATS))
    client.transport_lost("gone", 1.0)
    client.handle_timeout(2.0)
    link(client, 2.0, "1::", handshake=NO_HEARTBEATS)
    client.lifecycle.reading.pause(2.0)
    assert client.deadline() is None
    client.handle_timeout(3.0 + REJOIN_TIMEOUT)
    client.lifecycle.reading.resume(4.0 + REJOIN_TIMEOUT)
    assert client.deadline() == 4.0 + 2 * REJOIN_TIMEOUT
    client.receive(["1::/chat"], 4.0 + REJOIN_TIMEOUT)
    assert of(JoinFailed, client) == []
    assert (client.phase, client.deadline()) == (Phase.OPEN, None)


def test_an_endpoint_with_a_deadline_of_its_own_is_not_given_up_with_the_others():
    client = with_channel(open_client(handshake=NO_HEARTBEATS))
    client.join("/own", "", 3 * REJOIN_TIMEOUT, 0.0)
    client.transport_lost("gone", 1.0)
    client.handle_timeout(2.0)
    link(client, 2.0, "1::", handshake=NO_HEARTBEATS)
    client.handle_timeout(2.0 + REJOIN_TIMEOUT)
    assert [failed.endpoint for failed in of(JoinFailed, client)] == ["/chat"]
    client.join("/late", "", None, 3.0 + REJOIN_TIMEOUT)
    assert client.deadline() == 2.0 + 2 * REJOIN_TIMEOUT
    client.handle_timeout(2.0 + 2 * REJOIN_TIMEOUT)
    assert [failed.endpoint for failed in of(JoinFailed, client)] == ["/late"]
    assert client.phase is Phase.RESTORING
    client.handle_timeout(3 * REJOIN_TIMEOUT)
    assert [failed.endpoint for failed in of(JoinFailed, client)] == ["/own"]
    assert client.phase is Phase.OPEN


def test_an_endpoint_has_all_its_time_again_in_each_session():
    client = with_channel(open_client(delay=12.0, limit=12.0))
    client.transport_lost("gone", 1.0)
    come_back(client, 13.0, "1::")
    client.transport_lost("gone again", 14.0)
    client.handle_timeout(13.0 + REJOIN_TIMEOUT)
    assert of(JoinFailed, client) == []
    come_back(client, 26.0, "1::")
    client.handle_timeout(26.0 + REJOIN_TIMEOUT - 0.001)
    assert of(JoinFailed, client) == []


# The end


def test_the_end_closes_every_endpoint_and_says_why():
    client = with_channel(open_client())
    chat = joined(client)
    asked = client.join("/asked", "", None, 0.0)
    client.disconnect()
    assert client.notices() == [
        Disconnected("/chat", "client"), Disconnected("", "client"), TransportClosed("client"),
        Left("/chat"), Left("/asked"), Ended(None),
    ]  # fmt: skip
    for endpoint in (chat, asked, client.endpoints.default):
        assert endpoint.state is Joining.OVER
        assert isinstance(endpoint.error, NotConnected)
        assert "client" in str(endpoint.error)


def test_the_end_fails_every_ack_written_or_not():
    client = open_client()
    client.push(event("written", id=1), 0.0, waiter="written")
    client.frames_to_send()
    away(client, 1.0)
    client.push(event("waiting", id=2), 1.0, waiter="waiting")
    client.disconnect()
    outcomes = of(Unacknowledged, client)
    assert [outcome.waiter for outcome in outcomes] == ["written", "waiting"]
    assert all(isinstance(outcome.error, ConnectionLost) for outcome in outcomes)
    assert "before the packet was sent" in str(outcomes[1].error)
    assert len(client.acks) == 0


def test_the_end_forgets_queued_packets():
    client = away(open_client())
    client.push(Message("x"), 0.5)
    client.disconnect()
    assert len(client.outbox) == 0


def test_endpoints_have_the_reason_of_the_end_too():
    client = with_channel(open_client(attempts=0))
    chat = joined(client)
    client.transport_lost("gone", 1.0)
    assert "the connection was lost: gone" in str(chat.error)
    assert chat.error.__cause__ is client.lifecycle.error


def test_a_kick_ends_a_session_that_stood():
    client = open_client()
    client.lifecycle.kicked(1.0)
    assert client.notices() == [Disconnected("", "server"), TransportClosed("server"), Ended(None)]
    assert client.lifecycle.ended_by == "server"


def test_who_ended_the_connection_is_told():
    for end, by in ((ClientProtocol.disconnect, "client"), (lambda client: client.fail(ValueError("x")), None)):
        client = open_client()
        end(client)
        assert (ending(client).by, client.lifecycle.ended_by) == (by, by)


def test_a_kick_before_the_join_is_an_attempt_that_failed():
    client = client_in(Phase.JOINING)
    client.lifecycle.kicked(1.0)
    assert "0::" in str(ending(client).error)


def test_a_kick_over_the_byte_budget_is_a_loss_of_our_own_making():
    client = open_client()
    client.lifecycle.fence.bytes_counted = BYTE_BUDGET
    client.lifecycle.kicked(1.0)
    assert client.phase is Phase.WAITING
    assert client.lifecycle.comes_back_in_a_moment


@pytest.mark.parametrize(("final", "failed"), [(True, [JoinFailed("", FORBIDDEN, again=False)]), (False, [])])
def test_only_a_final_rejection_says_that_the_join_failed(final, failed):
    client = client_in(Phase.JOINING)
    client.notices()
    client.lifecycle.rejected(Error("forbidden", final=final), FORBIDDEN, 1.0)
    assert client.notices() == [*failed, TransportClosed("server"), Ended(FORBIDDEN)]


# Sessions


def test_reading_means_nothing_without_a_session():
    client = connecting_client()
    client.reading.pause(1.0)
    client.reading.resume(2.0)
    assert client.deadline() == 10.0


def test_a_session_does_not_die_while_nobody_reads():
    client = open_client()
    client.reading.pause(1.0)
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.OPEN
    client.reading.resume(DEAD_AFTER)
    client.handle_timeout(2 * DEAD_AFTER)
    assert client.phase is Phase.WAITING


@pytest.mark.parametrize(("transport", "fenced"), [("websocket", True), ("xhr-polling", False)])
def test_a_session_is_fenced_where_the_dialect_says_so(transport, fenced):
    client = connecting_client()
    client.transport_opened(HANDSHAKE, transport, 0.0)
    assert (client.session.fence is not None) is fenced


def test_packets_that_are_written_again_wait_until_every_endpoint_is_decided():
    client = with_channel(open_client())
    client.push(event("n", id=1), 0.0, waiter=Delivery(1, 1, 5.0))
    assert client.frames_to_send() == ['5:1::{"name":"n"}']
    away(client)
    come_back(client, DELAY, "1::")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert client.frames_to_send() == ['5:1::{"name":"n"}']
    assert client.acks.deadline() == 7.0
    away(client)
    assert of(Unacknowledged, client) == [Unacknowledged(1, ANY)]


def test_at_the_end_nothing_is_left_to_be_written_again():
    client = open_client()
    client.push(event("n", id=1), 0.0, waiter=Delivery(1, 1, 5.0))
    client.frames_to_send()
    client.lifecycle.end(None, "server")
    assert of(Unacknowledged, client) == [Unacknowledged(1, ANY)]


def test_what_was_queued_for_a_server_that_takes_less_is_told():
    client = away(open_client())
    client.push(Message("small"), 0.0)
    client.push(LARGE, 0.0)
    client.push(replace(LARGE, id=7), 0.0, waiter="waiter")
    client.push(replace(LARGE, id=8), 0.0, waiter=Delivery("again and again", 2, 5.0))
    client.handle_timeout(DELAY)
    client.notices()
    client.transport_opened(replace(HANDSHAKE, max_payload=1000), "websocket", DELAY)
    dropped, *failed, _ = client.notices()
    assert dropped.count == 3
    assert "the server takes 1000 at once" in dropped.example.problem
    assert [notice.waiter for notice in failed] == ["waiter", "again and again"]
    assert {str(notice.error) for notice in failed} == {dropped.example.problem}
    client.receive(["1::"], DELAY)
    assert client.frames_to_send() == ["3:::small"]


def test_a_channel_that_is_left_while_the_connection_is_away_needs_no_word():
    client = away(with_channel(open_client()))
    client.leave(joined(client))
    come_back(client, DELAY, "1::")
    assert not any("/chat" in str(frame) for frame in client.frames_to_send())
