"""What follows when the byte budget of a websocket is nearly spent: POSTs, or a session that is renewed."""

from __future__ import annotations

import pytest

from sioclient.protocol.client import ClientProtocol, Verdict
from sioclient.protocol.detour import LEAVING, SETTLING, TRIAL, Detour, Order, Stage
from sioclient.protocol.fence import BYTE_BUDGET, MOST_COUNTED, SPENT_AT
from sioclient.protocol.framing import MOST_IN_FORM, MOST_SHARED, Ping
from sioclient.protocol.notices import Acknowledged, Disconnected, Retrying, TransportClosed, Unacknowledged
from sioclient.protocol.packets import Message
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import Handshake
from sioclient.protocol.revisions.base import Posts
from sioclient.reading import Reading

from .driver import SESSION_ID, connecting_client, event, of

OFFERS_POLLING = Handshake(SESSION_ID, None, None, ("websocket", "xhr-polling"))
OFFERS_FORMS = Handshake(SESSION_ID, None, None, ("websocket", "xhr-polling", "jsonp-polling"))
OFFERS_NONE = Handshake(SESSION_ID, None, None, ("websocket",))
LARGE = Message("x" * 4000)
LONG_TEXT = Message("é" * 1000)
"""What a server may misread in a body."""


def new_session(
    handshake: Handshake = OFFERS_POLLING, *, takes_orders: bool = True, **options: object
) -> ClientProtocol:
    client = connecting_client(**options)
    begin(client, 0.0, handshake, takes_orders=takes_orders)
    return client


def begin(client: ClientProtocol, now: float, handshake: Handshake, *, takes_orders: bool = True) -> None:
    client.transport_opened(handshake, "websocket", now, takes_orders=takes_orders)
    client.receive(["1::"], now)
    assert client.phase is Phase.OPEN


def write(client: ClientProtocol) -> list[str]:
    """Write what may be written, and have its fences acknowledged; return the frames but for the fences."""
    frames = client.frames_to_send()
    for frame in frames:
        if frame.startswith("8:"):
            client.receive([f"6:::{frame.split(':')[1]}"], client.receiver.now)
    return [frame for frame in frames if not frame.startswith("8:")]


def spend(client: ClientProtocol, now: float = 0.0) -> None:
    """Send large packets until the budget is nearly spent, and all that was written is read."""
    client.push(LARGE, now)
    client.lifecycle.fence.bytes_counted = SPENT_AT
    while client.lifecycle.detour is None:
        assert write(client) in ([], [f"3:::{LARGE.data}"])
    assert client.lifecycle.detour is not None


def posting(handshake: Handshake = OFFERS_POLLING) -> ClientProtocol:
    client = new_session(handshake)
    spend(client)
    assert write(client) == []
    assert client.lifecycle.detour.stage is Stage.POSTING
    client.lifecycle.detour.order = None
    return client


def test_no_packet_is_written_before_the_last_fence_is_acknowledged():
    client = new_session()
    client.push(LARGE, 0.0)
    client.lifecycle.fence.bytes_counted = SPENT_AT
    _, fence = client.frames_to_send()
    client.push(Message("more"), 0.0)
    assert not client.has_frames()
    assert client.frames_to_send() == []
    client.outbox.push_urgent("2::")
    assert client.has_frames()
    assert client.frames_to_send() == ["2::"]
    client.receive([f"6:::{fence.split(':')[1]}"], 0.0)
    assert client.lifecycle.detour.stage is Stage.TRYING


def test_posts_are_tried_with_a_fence_first():
    client = new_session()
    spend(client)
    assert client.lifecycle.detour.order is Order.POST
    client.push(Message("more"), 0.0)
    assert client.has_frames()
    (fence,) = client.frames_to_send()
    assert not client.has_frames()
    assert client.frames_to_send() == []
    client.receive([f"6:::{fence.split(':')[1]}"], 0.0)
    assert client.has_frames()
    client.outbox.push_urgent("2::")
    assert client.frames_to_send() == ["2::", "3:::more"]
    assert client.notices()[-1:] != [TransportClosed("byte budget")]
    assert client.deadline() is None


def test_no_more_is_taken_to_be_posted_than_a_body_may_have():
    client = posting()
    for _ in range(3):
        client.push(Message("x" * 300), 0.0)
    assert client.frames_to_send() == ["3:::" + "x" * 300]
    client.push(LARGE, 0.0)
    assert [len(client.frames_to_send()) for _ in range(4)] == [1, 1, 1, 0]


def test_a_form_takes_many_packets_of_any_text():
    client, large = posting(OFFERS_FORMS), Message("é" * MOST_IN_FORM)
    client.push(LONG_TEXT, 0.0)
    for _ in range(MOST_COUNTED + 2):
        client.push(Message("x" * 300), 0.0)
    client.push(large, 0.0)
    assert client.frames_to_send() == [f"3:::{LONG_TEXT.data}", *["3:::" + "x" * 300] * (MOST_COUNTED - 1)]
    assert client.frames_to_send() == ["3:::" + "x" * 300] * 3
    assert client.frames_to_send() == [f"3:::{large.data}"]
    assert client.lifecycle.detour.stage is Stage.POSTING


def test_the_session_goes_on_with_its_acks_and_channels():
    client = new_session()
    joined = client.join("/chat", "", None, 0.0)
    client.frames_to_send()
    client.receive(["1::/chat"], 0.0)
    client.push(event("ask", id=7), 0.0, waiter="waiter")
    write(client)
    spend(client)
    while client.lifecycle.fence is not None or client.outbox.queued:
        write(client)
    client.notices()
    client.receive(["6:::7+[1]"], 0.0)
    client.push(event("x", endpoint="/chat"), 0.0, endpoint=joined)
    assert client.frames_to_send() == ['5::/chat:{"name":"x"}']
    assert client.notices() == [Acknowledged("waiter", [1])]


def test_a_frame_that_would_spend_the_budget_waits_for_the_detour():
    client = new_session()
    client.lifecycle.fence.bytes_counted = SPENT_AT - 10_000
    client.push(Message("x" * 50_000), 0.0)
    (fence,) = client.frames_to_send()
    assert fence.startswith("8:")
    client.receive([f"6:::{fence.split(':')[1]}"], 0.0)
    assert write(client) == []
    assert client.frames_to_send() == ["3:::" + "x" * 50_000]


def test_a_kick_while_packets_are_posted_is_a_kick():
    client = posting()
    client.receive(["0::"], 0.0)
    assert client.phase is Phase.CLOSED


# Where there are no POSTs


@pytest.mark.parametrize(("handshake", "takes_orders"), [(OFFERS_NONE, True), (OFFERS_POLLING, False)])
def test_where_nothing_can_be_posted_the_session_is_renewed(handshake, takes_orders):
    client = new_session(handshake, takes_orders=takes_orders)
    spend(client)
    assert client.lifecycle.detour.order is Order.CLOSE
    assert client.push(Message("later"), 1.0) is Verdict.WRITE
    client.outbox.push_urgent("2::")
    assert not client.has_frames()
    assert client.frames_to_send() == []
    client.transport_lost("transport closed", 1.0)
    assert (client.phase, client.deadline()) == (Phase.WAITING, 1.0)
    notices = client.notices()
    assert [notice for notice in notices if isinstance(notice, (Disconnected, TransportClosed))] == [
        Disconnected("", "byte budget"),
        TransportClosed("byte budget"),
    ]
    assert "so the session is renewed" in str(next(n for n in notices if isinstance(n, Retrying)).error)
    client.handle_timeout(1.0)
    begin(client, 1.0, handshake)
    assert client.frames_to_send() == ["3:::later"]


def test_acks_that_are_awaited_get_some_time():
    client = new_session(OFFERS_NONE)
    client.push(event("slow", id=7), 0.0, waiter="slow")
    client.push(event("slower", id=8), 0.0, waiter="slower")
    write(client)
    spend(client)
    client.push(event("later", id=9), 0.0, waiter="later")
    assert client.lifecycle.detour.stage is Stage.SETTLING
    client.receive(["6:::8", "6:::99"], 1.0)
    assert client.lifecycle.detour.stage is Stage.SETTLING
    client.receive(["6:::7"], 1.0)
    assert client.lifecycle.detour.order is Order.CLOSE
    client.handle_timeout(1.0 + LEAVING)
    assert client.phase is Phase.WAITING
    assert of(Unacknowledged, client) == []  # the last was not written yet


def test_an_ack_that_does_not_come_is_not_waited_for_longer():
    client = new_session(OFFERS_NONE)
    client.push(event("never", id=7), 0.0, waiter="never")
    write(client)
    spend(client)
    assert client.deadline() == SETTLING
    client.handle_timeout(SETTLING - 0.001)
    assert client.phase is Phase.OPEN
    client.handle_timeout(SETTLING)
    assert client.phase is Phase.WAITING
    assert len(of(Unacknowledged, client)) == 1


def test_nobody_is_in_a_hurry_while_nobody_reads():
    reading = Reading()
    reading.pause(0.0)
    detour = Detour(reading, 0.0, Posts("xhr-polling", MOST_SHARED))
    assert detour.deadline() is None
    reading.resume(100.0)
    assert detour.deadline() == 100.0 + TRIAL


def test_posts_that_do_not_arrive_are_not_tried_again():
    client = new_session()
    spend(client)
    client.frames_to_send()
    client.handle_timeout(TRIAL)
    assert client.phase is Phase.WAITING
    client.handle_timeout(TRIAL)
    begin(client, TRIAL, OFFERS_POLLING)
    spend(client, TRIAL)
    assert client.lifecycle.detour.order is Order.CLOSE


def test_without_reconnect_the_connection_ends_instead():
    client = new_session(OFFERS_NONE, reconnect=False)
    spend(client)
    client.transport_lost("transport closed", 0.0)
    assert client.phase is Phase.CLOSED


def test_renewals_do_not_count_as_failures():
    client, now = new_session(OFFERS_NONE, limit=100.0, attempts=3), 0.0
    for _ in range(10):
        spend(client, now)
        client.transport_lost("transport closed", now)
        assert client.deadline() == now
        client.handle_timeout(now)
        begin(client, now, OFFERS_NONE)


def test_what_a_body_cannot_carry_whole_goes_over_the_next_websocket():
    client = posting()
    client.push(Message("before"), 0.0)
    assert client.frames_to_send() == ["3:::before"]
    client.push(Message("still before"), 0.0)
    client.push(LONG_TEXT, 0.0)
    client.push(Message("waits"), 0.0)
    assert client.frames_to_send() == ["3:::still before"]
    assert client.has_frames()
    (fence,) = client.frames_to_send()
    assert client.lifecycle.detour.stage is Stage.EMPTYING
    assert not client.has_frames()
    client.receive([f"6:::{fence.split(':')[1]}"], 0.0)
    assert client.lifecycle.detour.order is Order.CLOSE
    client.transport_lost("transport closed", 0.0)
    client.handle_timeout(0.0)
    begin(client, 0.0, OFFERS_POLLING)
    sent = write(client)
    while client.outbox.queued:
        sent += write(client)
    assert sent == [f"3:::{LONG_TEXT.data}", "3:::waits"]


def test_what_is_posted_last_must_be_read_in_time():
    client = posting()
    client.push(LONG_TEXT, 0.0)
    assert len(client.frames_to_send()) == 1  # a fence
    client.handle_timeout(TRIAL)
    assert client.phase is Phase.WAITING


# For ever (row F51)


def say_every_second(client: ClientProtocol, first: int, count: int) -> int:
    """Say something of 200 bytes every second; return the most that the server may have counted."""
    packet, most = event("say", "x" * 170), 0
    for second in range(first, first + count):
        client.push(packet, float(second))
        for frame in client.frames_to_send():
            if frame.startswith("8:"):
                client.receive([f"6:::{frame.split(':')[1]}"], second + 0.05)
        if client.lifecycle.fence is not None:
            most = max(most, client.lifecycle.fence.bytes_counted)
    return most


def test_f51_ten_million_seconds_of_events_never_reach_the_budget():
    client = new_session()
    seconds = 0
    while client.lifecycle.fence is not None:  # over the websocket
        assert say_every_second(client, seconds, 1000) < BYTE_BUDGET * 0.95
        seconds += 1000
    assert 10_000 < seconds < 200_000
    # From now on nothing goes over the websocket, so that its bytes need not be counted: all seconds are alike.
    for later in (seconds, 10**6, 10**7 - 1000):
        assert say_every_second(client, later, 1000) == 0
    assert client.phase is Phase.OPEN
    assert of(Disconnected, client) == []


@pytest.mark.parametrize("count", [2000, 4000, 20_000])
@pytest.mark.parametrize("round_trip", [0.0001, 0.05])
def test_f51_two_thousand_small_events_a_second_leave_over_any_way(round_trip, count):
    client, now, left, acks, posted_at = new_session(OFFERS_FORMS), 0.0, count, [], -round_trip
    while left or client.outbox.queued:
        while left and client.push(event("n", "x" * 60), now) is not Verdict.FULL:
            left -= 1
        detour = client.lifecycle.detour
        if detour is None or now >= posted_at + round_trip:  # no POST before the last had its response
            frames, posted_at = client.frames_to_send(), now
            acks += [(now + round_trip, frame.split(":")[1]) for frame in frames if frame.startswith("8:")]
        times = client.deadline(), *(time for time, _ in acks[:1]), detour and posted_at + round_trip
        now = min((time for time in times if time is not None and time > now), default=now)
        while acks and acks[0][0] <= now:
            client.receive([f"6:::{acks.pop(0)[1]}"], now)
        client.handle_timeout(now)
    assert now < count / 2000
    assert of(Disconnected, client) == []


def test_f51_without_polling_each_session_stays_below_the_budget():
    client, seconds = new_session(OFFERS_NONE), 0
    for _ in range(2):
        while client.lifecycle.detour is None:
            assert say_every_second(client, seconds, 100) < BYTE_BUDGET * 0.95
            seconds += 100
        client.transport_lost("transport closed", float(seconds))
        client.handle_timeout(float(seconds))
        begin(client, float(seconds), OFFERS_NONE)
    assert len(of(Retrying, client)) == 2


def test_a_kick_has_the_bytes_of_any_server_counted_from_then_on():
    client = new_session(Handshake("1147268131116410573", None, None, ("websocket",)))
    fence = client.lifecycle.fence
    assert not fence.counts_bytes
    fence.bytes_counted = BYTE_BUDGET
    client.receive(["0::"], 1.0)
    assert client.phase is Phase.WAITING
    client.handle_timeout(client.deadline())
    begin(client, 5.0, Handshake("2147268131116410573", None, None, ("websocket",)))
    assert client.lifecycle.fence.counts_bytes


def test_a_server_that_counts_no_bytes_gets_a_loop_at_once():
    client = new_session(Handshake("1147268131116410573", None, None, ("websocket",)))
    for _ in range(60):
        client.push(event("x"), 0.0)
    assert len(client.frames_to_send()) == 60 + 1  # and a fence


def test_large_packets_are_as_many_as_small_ones_for_who_reads_no_further():
    client = new_session(Handshake("1147268131116410573", None, None, ("websocket",)))
    for _ in range(30):
        client.push(event("x" * 30_000), 0.0)
    assert len(client.frames_to_send()) == 30


def test_tornadio_gets_half_a_million_characters_before_an_ack():
    client = new_session(Handshake("744eeef560942ece3b8b659bd8655a13", None, None, ("websocket",)))
    for _ in range(30):
        client.push(event("x" * 30_000), 0.0)
    frames = client.frames_to_send()
    windows = "".join("f" if isinstance(frame, Ping) else "x" for frame in frames).split("f")
    assert all(4 <= len(window) <= 5 for window in windows[:-1]), windows
    assert len(frames) < 30, "no more than it surely takes before its first ack"
