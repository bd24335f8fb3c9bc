from __future__ import annotations

import itertools

import pytest

from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected, LocalProtocolError, NotConnected
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.lifecycle import REJOIN_TIMEOUT, Phase, Policy
from sioclient.protocol.notices import (
    Answered,
    Connected,
    Disconnected,
    Ended,
    JoinFailed,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unanswered,
)
from sioclient.protocol.packets import Message

from .driver import (
    DEAD_AFTER,
    DELAY,
    HANDSHAKE,
    NO_HEARTBEATS,
    away,
    come_back,
    connecting_client,
    event,
    link,
    new_client,
    of,
    open_client,
    with_channel,
)

UNREACHABLE = ConnectError("unreachable")
FORBIDDEN = HandshakeRejected("forbidden", status=403)


def joining_client(**options) -> ClientProtocol:
    client = connecting_client(**options)
    link(client, 0.0)
    return client


def restoring_client(**options) -> ClientProtocol:
    client = connecting_client(**options)
    client.join("/chat", "", None, 0.0)
    link(client, 0.0, "1::")
    return client


def waiting_client(**options) -> ClientProtocol:
    return away(open_client(**options))


def closed_client(**options) -> ClientProtocol:
    client = open_client(**options)
    client.disconnect()
    return client


IN_PHASE = {
    Phase.IDLE: new_client,
    Phase.CONNECTING: connecting_client,
    Phase.JOINING: joining_client,
    Phase.RESTORING: restoring_client,
    Phase.OPEN: open_client,
    Phase.WAITING: waiting_client,
    Phase.CLOSED: closed_client,
}
LINKED = [Phase.CONNECTING, Phase.JOINING, Phase.RESTORING, Phase.OPEN]
phases = pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.value)


def ending(client: ClientProtocol) -> Ended:
    """Take the notices, of which the last is the end."""
    assert client.phase is Phase.CLOSED
    notice = client.notices()[-1]
    assert isinstance(notice, Ended)
    assert notice.error is client.error
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


def test_a_connection_goes_from_idle_to_open_without_a_word_of_ours():
    client = new_client()
    client.connect(0.0)
    assert client.phase is Phase.CONNECTING
    client.transport_opened(HANDSHAKE, "websocket", 1.0)
    assert client.phase is Phase.JOINING
    client.receive(["1::"], 2.0)
    assert client.phase is Phase.OPEN
    assert client.notices() == [TransportOpened("websocket"), Connected("")]
    assert client.frames_to_send() == []


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.IDLE], ids=lambda phase: phase.value)
def test_a_connection_begins_only_once(phase):
    client = IN_PHASE[phase]()
    with pytest.raises(LocalProtocolError, match="make a new one"):
        client.connect(1.0)
    assert client.phase is phase


@phases
def test_a_transport_is_wanted_while_an_attempt_goes_on(phase):
    client = IN_PHASE[phase]()
    assert client.phase is phase
    assert client.linked == (phase in LINKED)


def test_attempts_are_numbered():
    client = new_client()
    assert client.attempt == 0
    client.connect(0.0)
    assert client.attempt == 1
    link(client, 0.0, "1::")
    client.transport_lost("gone", 1.0)
    assert client.attempt == 1
    client.handle_timeout(1.0 + DELAY)
    assert client.attempt == 2


def test_the_defaults_of_the_policy_are_those_of_the_contract():
    assert Policy() == Policy(
        connect_timeout=10.0, wait_for_connection=False, reconnect_when_kicked=False, buffer_size=1000
    )


def test_a_client_without_a_policy_has_the_default_one():
    client = ClientProtocol(new_client().revision, new_client()._backoff)
    client.connect(0.0)
    assert client.deadline() == Policy().connect_timeout


# The first attempt fails


def test_an_attempt_takes_no_longer_than_it_may():
    client = connecting_client(connect_timeout=3.0)
    assert client.deadline() == 3.0
    client.handle_timeout(2.999)
    assert client.phase is Phase.CONNECTING
    client.handle_timeout(3.0)
    assert "within 3 s: it did not answer" in str(ending(client).error)


def test_the_time_of_an_attempt_includes_the_join():
    client = joining_client()
    client.handle_timeout(9.999)
    assert client.phase is Phase.JOINING
    client.handle_timeout(10.0)
    assert "within 10 s: it did not join us" in str(ending(client).error)


def test_an_open_connection_has_no_time_limit():
    client = open_client(handshake=NO_HEARTBEATS)
    assert client.deadline() is None
    client.handle_timeout(1e9)
    assert client.phase is Phase.OPEN


def test_a_first_attempt_that_fails_is_the_end():
    client = connecting_client()
    client.connect_failed(UNREACHABLE, 1.0)
    assert ending(client).error is UNREACHABLE


def test_a_first_transport_that_is_lost_before_the_join_is_the_end():
    client = joining_client()
    client.transport_lost("gone", 1.0)
    assert client.phase is Phase.CLOSED
    assert client.notices() == [TransportOpened("websocket"), TransportClosed("gone"), Ended(client.error)]
    assert "the connection was lost: gone" in str(client.error)


def test_who_waits_for_a_connection_tries_again():
    client = connecting_client(wait_for_connection=True)
    client.connect_failed(UNREACHABLE, 1.0)
    assert client.notices() == [Retrying(1, DELAY, UNREACHABLE)]
    come_back(client, 1.0 + DELAY, "1::")
    assert of(Reconnected, client) == []
    assert client.phase is Phase.OPEN


def test_who_waits_for_a_connection_tries_again_after_a_time_out_too():
    client = connecting_client(wait_for_connection=True)
    client.handle_timeout(10.0)
    assert client.phase is Phase.WAITING
    assert client.deadline() == 10.0 + DELAY


def test_who_waits_for_a_connection_need_not_want_it_back():
    client = connecting_client(wait_for_connection=True, reconnect=False)
    client.connect_failed(ConnectError("nobody there"), 1.0)
    assert client.phase is Phase.WAITING
    client.handle_timeout(1.0 + DELAY)
    link(client, 2.0, "1::")
    client.transport_lost("transport closed", 3.0)
    assert client.phase is Phase.CLOSED


def test_a_server_that_forgets_every_session_is_asked_at_most_once_a_second_on_average():
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
def test_an_error_that_stays_is_final_even_for_who_waits(error):
    client = connecting_client(wait_for_connection=True)
    client.connect_failed(error, 1.0)
    assert ending(client).error is error


# The way down, and back


def test_a_loss_is_told_and_another_attempt_is_announced():
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


def test_coming_back_is_told_with_the_number_of_attempts():
    client = open_client()
    fail_attempts(client, 2, 5.0)
    client.notices()
    come_back(client, client.deadline(), "1::")
    assert client.notices() == [TransportOpened("websocket"), Connected(""), Reconnected(3)]
    assert client.frames_to_send() == []


@pytest.mark.parametrize("phase", [p for p in Phase if p not in LINKED[1:]], ids=lambda phase: phase.value)
def test_a_loss_that_is_reported_late_changes_nothing(phase):
    client = IN_PHASE[phase]()
    client.notices()
    client.transport_lost("late", 1.0)
    assert (client.phase, client.notices()) == (phase, [])


@pytest.mark.parametrize("phase", [p for p in Phase if p is not Phase.CONNECTING], ids=lambda phase: phase.value)
def test_a_failed_attempt_that_is_reported_late_changes_nothing(phase):
    client = IN_PHASE[phase]()
    client.notices()
    client.connect_failed(UNREACHABLE, 1.0)
    assert (client.phase, client.notices()) == (phase, [])


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.CLOSED], ids=lambda phase: phase.value)
def test_a_transport_that_opens_late_changes_nothing(phase):
    client = IN_PHASE[phase]()
    client.notices()
    client.transport_opened(HANDSHAKE, "websocket", 0.5)
    assert (client.phase, client.session, client.notices()) == (phase, None, [])


def test_delays_double_up_to_the_limit():
    client = open_client(delay=1.0, limit=8.0)
    assert fail_attempts(client, 6, 1.0) == [1, 2, 4, 8, 8, 8]


def test_delays_are_spread_by_half():
    numbers = itertools.cycle([0.0, 0.999])
    client = open_client(delay=1.0, limit=100.0, random=lambda: next(numbers))
    assert fail_attempts(client, 4, 1.0) == [0.5, 2 * 1.499, 2.0, 8 * 1.499]


def test_attempts_that_are_spent_are_the_end_and_it_says_how_many_they_were():
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


def test_an_end_without_a_number_of_attempts_does_not_come():
    client = open_client(attempts=None)
    assert len(fail_attempts(client, 100, 1.0)) == 100
    assert client.phase is Phase.WAITING


def test_a_refusal_ends_the_attempts_to_come_back():
    client = away(open_client(), 1.0)
    client.handle_timeout(1.0 + DELAY)
    client.connect_failed(FORBIDDEN, 3.0)
    assert ending(client).error is FORBIDDEN


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


def test_a_session_that_was_too_short_leaves_the_delays_as_they_are():
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


# What outlives a session


def test_an_ack_of_a_written_packet_fails_with_the_loss():
    client = open_client()
    client.send(event("e", id=1), 0.0, waiter="waiter")
    client.frames_to_send()
    client.transport_lost("gone", 1.0)
    (unanswered,) = of(Unanswered, client)
    assert unanswered.waiter == "waiter"
    assert isinstance(unanswered.error, ConnectionLost)
    assert "gone" in str(unanswered.error)


def test_an_ack_of_a_packet_that_still_waits_outlives_the_loss():
    client = open_client()
    client.send(event("e", id=1, wants_data=True), 0.0, waiter="waiter")
    client.transport_lost("gone", 1.0)
    assert of(Unanswered, client) == []
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == ['5:1+::{"name":"e"}']
    client.receive(["6:::1+[5]"], 2.0)
    assert of(Answered, client) == [Answered("waiter", [5])]


def test_frames_that_were_taken_are_not_written_a_second_time():
    client = open_client()
    client.send(Message("once"), 0.0)
    assert client.frames_to_send() == ["3:::once"]
    away(client, 1.0)
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == []


def test_a_heartbeat_that_was_owed_is_not_paid_to_the_next_session():
    client = open_client()
    client.receive(["2::"], 0.5)
    away(client, 1.0)
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == []


# Endpoints come back before anything else


def test_endpoints_are_joined_again_before_any_packet_that_waits():
    client = with_channel(open_client())
    client.transport_lost("gone", 1.0)
    client.send(Message("main"), 1.5)
    client.send(Message("chat", "/chat"), 1.5)
    come_back(client, 2.0, "1::")
    assert client.phase is Phase.RESTORING
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.5)
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == ["3:::main", "3::/chat:chat"]


def test_packets_wait_until_every_endpoint_is_decided():
    client = with_channel(with_channel(open_client(), "/a"), "/b")
    client.transport_lost("gone", 1.0)
    client.send(Message("x"), 1.5)
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


def test_an_endpoint_that_stays_silent_after_a_reconnect_is_given_up_in_time():
    client = with_channel(open_client(handshake=NO_HEARTBEATS))
    client.transport_lost("gone", 1.0)
    client.send(Message("main"), 1.5)
    client.send(Message("chat", "/chat"), 1.5)
    client.handle_timeout(2.0)
    link(client, 2.0, "1::", handshake=NO_HEARTBEATS)
    client.frames_to_send()
    assert client.deadline() == 2.0 + REJOIN_TIMEOUT
    client.handle_timeout(2.0 + REJOIN_TIMEOUT)
    (failed,) = of(JoinFailed, client)
    assert (failed.endpoint, failed.again) == ("/chat", True)
    assert "in time" in str(failed.error)
    assert client.frames_to_send() == ["3:::main"]


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


@phases
def test_disconnect_is_final_from_every_phase(phase):
    client = IN_PHASE[phase]()
    client.disconnect()
    client.frames_to_send()
    assert client.notices()[-1] == Ended(None)
    assert (client.phase, client.session, client.error, client.deadline()) == (Phase.CLOSED, None, None, None)
    client.receive(["1::", "3:::x"], 1.0)
    client.handle_timeout(1e9)
    assert (client.phase, client.notices(), client.frames_to_send()) == (Phase.CLOSED, [], [])


@pytest.mark.parametrize("phase", [Phase.JOINING, Phase.RESTORING, Phase.OPEN], ids=lambda phase: phase.value)
def test_the_server_is_told_when_there_is_a_session(phase):
    client = IN_PHASE[phase]()
    client.disconnect()
    assert client.frames_to_send()[-1] == "0::"


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.CONNECTING, Phase.WAITING], ids=lambda phase: phase.value)
def test_nobody_is_told_when_there_is_no_session(phase):
    client = IN_PHASE[phase]()
    client.disconnect()
    assert client.frames_to_send() == []


def test_what_was_accepted_is_written_before_the_farewell():
    client = open_client()
    client.receive(["2::"], 0.0)
    client.send(Message("a"), 0.0)
    client.send(Message("b"), 0.0)
    client.disconnect()
    assert client.has_frames()
    assert client.frames_to_send() == ["2::", "3:::a", "3:::b", "0::"]


def test_a_second_disconnect_does_nothing():
    client = open_client()
    client.disconnect()
    client.notices()
    client.frames_to_send()
    client.disconnect()
    assert (client.notices(), client.frames_to_send()) == ([], [])


def test_the_end_closes_every_endpoint_and_says_why():
    client = with_channel(open_client())
    chat = client.endpoints.get("/chat")
    asked = client.join("/asked", "", None, 0.0)
    client.disconnect()
    assert client.notices() == [
        Disconnected("/chat", "client"), Disconnected("", "client"), TransportClosed("client"), Ended(None)
    ]  # fmt: skip
    for endpoint in (chat, asked, client.endpoints.default):
        assert endpoint.state is Joining.OVER
        assert isinstance(endpoint.error, NotConnected)
        assert "client" in str(endpoint.error)


def test_the_end_fails_every_ack_written_or_not():
    client = open_client()
    client.send(event("written", id=1), 0.0, waiter="written")
    client.frames_to_send()
    away(client, 1.0)
    client.send(event("waiting", id=2), 1.0, waiter="waiting")
    client.disconnect()
    outcomes = of(Unanswered, client)
    assert [outcome.waiter for outcome in outcomes] == ["written", "waiting"]
    assert all(isinstance(outcome.error, ConnectionLost) for outcome in outcomes)
    assert "before the packet was sent" in str(outcomes[1].error)
    assert len(client.acks) == 0


def test_the_end_forgets_what_waited_to_be_sent():
    client = away(open_client())
    client.send(Message("x"), 0.5)
    client.disconnect()
    assert len(client.outbox) == 0


def test_the_reason_of_the_end_is_told_to_the_endpoints_too():
    client = with_channel(open_client(attempts=0))
    chat = client.endpoints.get("/chat")
    client.transport_lost("gone", 1.0)
    assert "the connection was lost: gone" in str(chat.error)
    assert chat.error.__cause__ is client.error


def test_reading_is_nothing_to_a_connection_without_a_session():
    client = connecting_client()
    client.reading(False, 1.0)
    client.reading(True, 2.0)
    assert client.deadline() == 10.0


def test_a_session_is_told_when_nobody_reads():
    client = open_client()
    client.reading(False, 1.0)
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.OPEN
    client.reading(True, DEAD_AFTER)
    client.handle_timeout(2 * DEAD_AFTER)
    assert client.phase is Phase.WAITING


@pytest.mark.parametrize(("transport", "fenced"), [("websocket", True), ("xhr-polling", False)])
def test_a_session_is_fenced_where_the_revision_says_so(transport, fenced):
    client = connecting_client()
    client.transport_opened(HANDSHAKE, transport, 0.0)
    assert (client.session.fence is not None) is fenced


def test_the_third_session_in_a_row_that_is_sent_too_much_is_the_last():
    client = open_client()
    for now in (0.0, DELAY):
        client.transport_lost("message too big: 99 bytes", now)
        assert client.phase is Phase.WAITING
        come_back(client, now + DELAY, "1::")
    client.transport_lost("message too big: 99 bytes", 2 * DELAY)
    assert client.phase is Phase.CLOSED
    assert "message too big" in str(client.error)


def test_sessions_that_end_otherwise_in_between_begin_the_count_anew():
    client, now = open_client(), 0.0
    for reason in ("message too big: 1", "message too big: 2", "gone", "message too big: 3", "message too big: 4"):
        client.transport_lost(reason, now)
        now += 2 * DELAY
        come_back(client, now, "1::")
    assert client.phase is Phase.OPEN
