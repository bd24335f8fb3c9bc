from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import (
    AckTimeout,
    BufferFull,
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
)
from sioclient.protocol.client import WARNING_INTERVAL, ClientProtocol
from sioclient.protocol.early import MOST_PACKETS
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.fence import BYTE_BUDGET
from sioclient.protocol.lifecycle import Phase
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
    Unanswered,
)
from sioclient.protocol.packets import Error, Json, Message

from .driver import (
    BEAT_EVERY,
    DEAD_AFTER,
    DELAY,
    HANDSHAKE,
    NO_HEARTBEATS,
    acknowledge,
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


def ask(client: ClientProtocol, waiter: str = "waiter", timeout: float | None = None, endpoint: str = "") -> int:
    """Send an event that wants an answer, write it, and return its id."""
    number = client.acks.new_id(endpoint)
    client.send(event("ask", endpoint=endpoint, id=number, wants_data=True), 0.0, waiter, timeout)
    client.frames_to_send()
    return number


def back(client: ClientProtocol, now: float, *frames: str) -> ClientProtocol:
    """Lose the connection at ``now`` and have it back after the delay; nothing of it is left to be taken."""
    away(client, now)
    come_back(client, now + DELAY, "1::", *frames)
    assert client.phase is Phase.OPEN
    client.frames_to_send()
    client.notices()
    return client


# What arrives


def test_packets_that_come_before_the_join_are_delivered_after_it():
    client = connecting_client()
    link(client, 0.0, "3:::a", '5:::{"name":"b"}', "1::", "4:::1")
    assert client.notices() == [TransportOpened("websocket"), Connected(""), Message("a"), event("b"), Json(1)]


def test_packets_for_an_endpoint_that_come_before_its_confirmation_are_delivered_after_it():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    client.receive(["3::/chat:early"], 1.0)
    assert client.notices() == []
    client.receive(["1::/chat", "3::/chat:late"], 1.0)
    assert client.notices() == [Connected("/chat"), Message("early", "/chat"), Message("late", "/chat")]


def test_no_more_than_a_thousand_early_packets_are_kept_and_the_others_are_no_secret():
    client = connecting_client()
    link(client, 0.0, *["3:::x"] * MOST_PACKETS, "3:1::dropped", "1::")
    notices = client.notices()
    assert sum(isinstance(notice, Message) for notice in notices) == MOST_PACKETS
    assert [notice.example.problem for notice in notices if isinstance(notice, Dropped)] == [
        "too much came before the endpoint was joined"
    ]
    assert client.frames_to_send() == []  # who hears that it has arrived would not send it again


@pytest.mark.parametrize(
    ("frame", "packet"),
    [("3:::x", Message("x")), ("4:::1", Json(1)), ('5:::{"name":"e","args":[1]}', event("e", 1)),
     ("7:::why", Error("why"))],
)  # fmt: skip
def test_what_users_receive_is_the_packet_itself(frame, packet):
    client = open_client()
    client.receive([frame], 1.0)
    assert client.notices() == [packet]


@pytest.mark.parametrize(
    "frame",
    ["1::", "8::", "1::/nosuch", "0::/nosuch", "3::/nosuch:x", '5::/nosuch:{"name":"e"}', "7::/nosuch:2", "6:::99",
     "3:1:/nosuch:x", "7:::2+0/nosuch"],
)  # fmt: skip
def test_what_nobody_asked_for_is_nothing(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert (client.notices(), client.frames_to_send(), client.phase) == ([], [], Phase.OPEN)


def test_frames_behind_the_end_of_a_session_belong_to_nobody():
    client = open_client()
    client.receive(["3:::a", "0::", "3:::b", "2::"], 1.0)
    assert client.notices()[0] == Message("a")
    assert Message("b") not in client.notices()
    assert client.frames_to_send() == []


def test_decoded_packets_are_received_like_frames():
    client = open_client()
    client.receive_packets([Message("x")], 1.0)
    assert client.notices() == [Message("x")]


# Heartbeats


def test_a_heartbeat_is_answered_before_what_waits():
    client = open_client()
    client.send(Message("x"), 1.0)
    client.receive(["2::"], 1.0)
    assert client.frames_to_send() == ["2::", "3:::x"]


def test_a_heartbeat_is_answered_before_the_join_too():
    client = connecting_client()
    link(client, 0.0, "2::")
    assert client.has_frames()
    assert client.frames_to_send() == ["2::"]


def test_a_silent_server_is_dead_exactly_when_the_time_is_over():
    client = open_client()
    client.handle_timeout(DEAD_AFTER - 0.001)
    assert client.phase is Phase.OPEN
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.WAITING
    assert of(Disconnected, client) == [Disconnected("", "heartbeat timeout")]


@pytest.mark.parametrize("frame", ["2::", "8::", "3:::x", "6:::99", "garbage"])
def test_any_packet_keeps_the_server_alive(frame):
    client = open_client()
    client.receive([frame], 10.0)
    client.handle_timeout(10.0 + DEAD_AFTER - 0.001)
    assert client.phase is Phase.OPEN
    client.handle_timeout(10.0 + DEAD_AFTER)
    assert client.phase is Phase.WAITING


def test_a_read_that_brings_no_packet_is_no_sign_of_life():
    client = open_client()
    client.receive([], 10.0)
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.WAITING


def test_a_server_that_falls_silent_before_the_join_is_dead_too():
    client = connecting_client(connect_timeout=100.0)
    link(client, 0.0)
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.CLOSED
    assert "heartbeat timeout" in str(client.error)


def test_without_heartbeats_silence_says_nothing():
    client = open_client(handshake=NO_HEARTBEATS)
    assert client.deadline() is None
    client.handle_timeout(1e9)
    assert client.phase is Phase.OPEN


def test_while_nobody_reads_we_beat_at_half_the_time_out_and_the_server_cannot_die():
    client = open_client()
    client.reading(False, 1.0)
    beats = []
    while (now := client.deadline()) < 3 * DEAD_AFTER:
        client.handle_timeout(now)
        beats += [(now, frame) for frame in client.frames_to_send()]
    assert beats == [(1.0 + BEAT_EVERY * number, "2::") for number in range(1, 13)]
    assert client.phase is Phase.OPEN


def test_when_somebody_reads_again_the_silence_goes_on_and_we_stop_beating():
    client = open_client()
    heard_at = 0.0
    client.reading(False, 1.0)
    client.reading(True, 50.0)
    while (now := client.deadline()) < heard_at + 49.0 + DEAD_AFTER:
        client.handle_timeout(now)
    assert client.frames_to_send() == []
    assert client.phase is Phase.OPEN
    client.handle_timeout(now)
    assert client.phase is Phase.WAITING


# Sending


def test_packets_leave_in_the_order_in_which_they_were_sent():
    client = with_channel(open_client())
    client.send(Message("a"), 1.0)
    client.send(Json([1], "/chat"), 1.0)
    client.send(event("c", 2), 1.0)
    assert client.has_frames()
    assert client.frames_to_send() == ["3:::a", "4::/chat:[1]", '5:::{"name":"c","args":[2]}']
    assert not client.has_frames()
    assert client.frames_to_send() == []


def test_packets_sent_while_the_connection_is_away_leave_in_order_when_it_is_back():
    client = away(open_client(), 1.0)
    client.send(Message("a"), 1.0)
    client.send(Message("b"), 1.5)
    assert not client.has_frames()
    assert client.frames_to_send() == []
    come_back(client, 2.0, "1::")
    client.send(Message("c"), 2.0)
    assert client.frames_to_send() == ["3:::a", "3:::b", "3:::c"]


def test_packets_sent_before_the_join_wait_for_it():
    client = connecting_client()
    client.send(Message("a"), 0.0)
    link(client, 0.0)
    client.send(Message("b"), 0.0)
    assert client.frames_to_send() == []
    client.receive(["1::"], 0.0)
    assert client.frames_to_send() == ["3:::a", "3:::b"]


def test_more_than_the_buffer_holds_is_not_accepted_while_the_connection_is_away():
    client = away(open_client(buffer_size=2), 1.0)
    client.send(Message("a"), 1.0)
    client.send(Message("b"), 1.0)
    with pytest.raises(BufferFull):
        client.send(event("c", id=1), 1.0, waiter="waiter")
    assert len(client.acks) == 0
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["3:::a", "3:::b"]


def test_the_buffer_does_not_limit_an_open_connection():
    client = open_client(buffer_size=2)
    for _ in range(5):
        client.send(Message("x"), 1.0)
    assert client.frames_to_send() == ["3:::x"] * 5


def test_without_a_buffer_nothing_is_accepted_while_the_connection_is_away():
    client = open_client(buffer_size=0)
    client.send(Message("a"), 1.0)
    away(client, 1.0)
    with pytest.raises(NotConnected, match="buffer_size=0"):
        client.send(Message("b"), 1.0)


def test_nothing_can_be_sent_before_the_connection_begins():
    with pytest.raises(NotConnected, match=r"call open\(\) first"):
        new_client().send(Message("x"), 0.0)


def test_nothing_can_be_sent_after_the_end_and_the_error_says_why_it_ended():
    client = connecting_client()
    client.connect_failed(ConnectError("the host is down"), 0.0)
    with pytest.raises(NotConnected, match="the host is down"):
        client.send(Message("x"), 0.0)


def test_nothing_can_be_sent_after_a_disconnect():
    client = open_client()
    client.disconnect()
    with pytest.raises(NotConnected, match="make a new SocketIO"):
        client.send(Message("x"), 0.0)


def test_nothing_can_be_sent_on_an_endpoint_that_is_not_there():
    client = open_client()
    with pytest.raises(ChannelError, match="'/chat' is not connected"):
        client.send(Message("x", "/chat"), 1.0)


def test_what_cannot_be_encoded_is_not_accepted():
    client = open_client()
    with pytest.raises(LocalProtocolError):
        client.send(event("e", float("nan"), id=1), 1.0, waiter="waiter")
    assert (client.frames_to_send(), len(client.acks)) == ([], 0)


def test_a_packet_whose_id_is_awaited_already_is_not_accepted():
    client = open_client()
    ask(client, "first")
    with pytest.raises(LocalProtocolError, match="still awaited"):
        client.send(event("e", id=1), 1.0, waiter="second")
    assert client.frames_to_send() == []


# Answers to us


def test_an_answer_is_handed_to_who_waits():
    client = open_client()
    number = ask(client)
    client.receive([f'6:::{number}+["a",1]'], 1.0)
    assert client.notices() == [Answered("waiter", ["a", 1])]


def test_an_answer_finds_nobody_on_another_endpoint():
    client = with_channel(open_client())
    number = ask(client, endpoint="/chat")
    client.receive([f"6:::{number}"], 1.0)
    assert client.notices() == []
    client.receive([f"6::/chat:{number}"], 1.0)
    assert client.notices() == [Answered("waiter", [])]


def test_only_the_first_of_several_answers_counts():
    client = open_client()
    number = ask(client)
    client.receive([f"6:::{number}+[1]", f"6:::{number}+[2]"], 1.0)
    assert client.notices() == [Answered("waiter", [1])]
    assert client.acks.ignored == 1


def test_an_answer_that_nobody_waits_for_is_ignored_and_counted():
    client = open_client()
    client.receive(["6:::0", "6:::5", "6::/nosuch:1"], 1.0)
    assert client.notices() == []
    assert client.acks.ignored == 3


def test_an_answer_that_does_not_come_times_out_exactly_in_time():
    client = open_client(handshake=NO_HEARTBEATS)
    ask(client, timeout=5.0)
    assert client.deadline() == 5.0
    client.handle_timeout(4.999)
    assert client.notices() == []
    client.handle_timeout(5.0)
    (unanswered,) = client.notices()
    assert unanswered.waiter == "waiter"
    assert isinstance(unanswered.error, AckTimeout)


def test_a_late_answer_finds_nobody():
    client = open_client()
    number = ask(client, timeout=5.0)
    client.handle_timeout(5.0)
    client.notices()
    client.receive([f"6:::{number}"], 6.0)
    assert client.notices() == []
    assert client.acks.ignored == 1


def test_an_answer_times_out_while_the_connection_is_away_too():
    client = away(open_client(), 1.0)
    client.send(event("e", id=1), 1.0, "waiter", 0.5)
    client.handle_timeout(1.5)
    assert [type(notice.error) for notice in of(Unanswered, client)] == [AckTimeout]


def test_an_answer_to_an_earlier_session_finds_nobody_in_this_one():
    client = open_client()
    number = ask(client, "first")
    back(client, 1.0)
    assert ask(client, "second") > number
    client.receive([f"6:::{number}"], 3.0)
    assert client.notices() == []
    assert client.acks.ignored == 1


# Answers from us


@pytest.mark.parametrize("frame", ["3:7::x", "4:7::1"])
def test_a_message_with_a_plain_id_is_answered_at_once(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert client.frames_to_send() == ["6:::7"]


@pytest.mark.parametrize("frame", ["3:7+::x", "4:7+::1", '5:7::{"name":"e"}', '5:7+::{"name":"e"}'])
def test_what_wants_the_result_of_a_handler_is_not_answered_before_there_is_one(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert client.frames_to_send() == []
    (packet,) = client.notices()
    client.answer(packet, ["r"])
    assert client.frames_to_send() == ['6:::7+["r"]']


def test_an_answer_goes_to_the_endpoint_that_asked():
    client = with_channel(open_client())
    client.receive(["3:7:/chat:x", '5:8+:/chat:{"name":"e"}'], 1.0)
    client.answer(client.notices()[1], [])
    assert client.frames_to_send() == ["6::/chat:7", "6::/chat:8"]


def test_a_packet_without_an_id_has_no_answer():
    client = open_client()
    client.answer(event("e"), ["r"])
    assert client.frames_to_send() == []


def test_a_packet_for_an_endpoint_that_is_not_ours_is_not_answered():
    client = open_client()
    client.receive(["3:7:/nosuch:x"], 1.0)
    assert client.frames_to_send() == []


def test_a_message_that_comes_before_the_join_is_answered_after_it():
    client = connecting_client()
    link(client, 0.0, "3:7::x", "1::")
    assert of(Message, client) == [Message("x", id=7)]
    assert client.frames_to_send() == ["6:::7"]


def test_an_answer_waits_for_nothing_while_endpoints_are_restored_but_leaves_after_them():
    client = with_channel(open_client())
    away(client, 1.0)
    come_back(client, 2.0, "1::", "3:7::x")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert client.frames_to_send() == ["6:::7"]


def test_an_answer_is_dropped_while_the_connection_is_away():
    client = open_client()
    client.receive(['5:7+::{"name":"e"}'], 1.0)
    (packet,) = client.notices()
    away(client, 1.0)
    client.answer(packet, ["r"])
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == []


def test_an_answer_that_was_not_written_is_dropped_with_its_session():
    client = open_client()
    client.receive(["3:7::x"], 1.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == []


# Joining an endpoint


def test_a_join_asks_once_and_is_told_when_it_is_confirmed():
    client = open_client()
    endpoint = client.join("/chat", "?a=b", 5.0, 1.0)
    assert client.frames_to_send() == ["1::/chat:?a=b"]
    assert endpoint.state is Joining.ASKED
    client.receive(["1::/chat"], 2.0)
    assert (endpoint.state, endpoint.deadline) == (Joining.OPEN, None)
    client.receive(["1::/chat"], 2.0)
    assert client.notices() == [Connected("/chat")]
    assert client.frames_to_send() == []


def test_packets_for_an_endpoint_that_is_asked_for_leave_behind_the_join():
    client = open_client()
    client.join("/chat", "", None, 1.0)
    client.send(Message("x", "/chat"), 1.0)
    assert client.frames_to_send() == ["1::/chat", "3::/chat:x"]


def test_an_endpoint_can_be_asked_for_while_the_connection_is_away():
    client = away(open_client(), 1.0)
    client.join("/chat", "", None, 1.0)
    assert client.frames_to_send() == []
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert of(Connected, client)[-1] == Connected("/chat")


def test_an_endpoint_can_be_asked_for_while_others_are_restored():
    client = with_channel(open_client(), "/a")
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    client.join("/b", "", None, 2.0)
    assert client.frames_to_send() == ["1::/a", "1::/b"]
    client.receive(["1::/a"], 2.0)
    assert client.phase is Phase.RESTORING
    client.receive(["1::/b"], 2.0)
    assert client.phase is Phase.OPEN


def test_a_join_that_was_not_written_is_made_once_in_the_next_session():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert client.frames_to_send() == []


def test_the_default_endpoint_cannot_be_asked_for():
    with pytest.raises(LocalProtocolError, match="default endpoint"):
        open_client().join("", "", None, 0.0)


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_endpoint_cannot_be_asked_for_twice(confirmed):
    client = open_client()
    client.join("/chat", "", None, 0.0)
    if confirmed:
        client.receive(["1::/chat"], 0.0)
    with pytest.raises(ChannelError, match="connected already"):
        client.join("/chat", "", None, 0.0)
    assert client.frames_to_send() == ["1::/chat"]


def test_a_name_that_the_grammar_cannot_hold_is_no_endpoint():
    client = open_client()
    with pytest.raises(LocalProtocolError, match="colon"):
        client.join("/a:b", "", None, 0.0)
    assert client.endpoints.channels() == []


def test_no_endpoint_can_be_asked_for_before_the_connection_begins_or_after_its_end():
    with pytest.raises(NotConnected):
        new_client().join("/chat", "", None, 0.0)
    client = open_client()
    client.disconnect()
    with pytest.raises(NotConnected):
        client.join("/chat", "", None, 0.0)


REFUSALS = {
    "7::/chat:2": "unauthorized",
    "7::/chat:undefined": "undefined",
    "7::/chat:-1": "-1",
    "7::/chat": "no reason given",
    "7:::2+0/chat": "unauthorized",
    "0::/chat": "refused '/chat'",
    '5::/chat:{"name":"error","args":["no_such_namespace","nothing here"]}': "no_such_namespace, nothing here",
}


@pytest.mark.parametrize(("frame", "why"), REFUSALS.items())
def test_an_endpoint_is_refused_in_all_shapes(frame, why):
    client = open_client()
    endpoint = client.join("/chat", "", None, 0.0)
    client.receive(["3::/chat:early", frame], 1.0)
    assert endpoint.state is Joining.OVER
    assert isinstance(endpoint.error, ChannelError)
    assert why in str(endpoint.error)
    assert client.endpoints.get("/chat") is None
    assert client.notices() == [JoinFailed("/chat", endpoint.error, again=False)]
    assert client.phase is Phase.OPEN


@pytest.mark.parametrize("frame", REFUSALS)
def test_an_endpoint_that_is_refused_after_a_reconnect_is_told(frame):
    client = with_channel(open_client())
    away(client, 1.0)
    come_back(client, 2.0, "1::", frame)
    (failed,) = of(JoinFailed, client)
    assert (failed.endpoint, failed.again) == ("/chat", True)
    assert isinstance(failed.error, ChannelError)
    assert client.phase is Phase.OPEN


def test_packets_and_acks_of_a_refused_endpoint_go_with_it():
    client = away(open_client(), 1.0)
    client.join("/chat", "", None, 1.0)
    client.send(event("e", endpoint="/chat", id=1), 1.0, waiter="waiter")
    client.send(Message("main"), 1.0)
    come_back(client, 2.0, "1::")
    client.frames_to_send()
    client.receive(["7::/chat:2"], 2.0)
    (unanswered,) = of(Unanswered, client)
    assert unanswered.waiter == "waiter"
    assert isinstance(unanswered.error, ConnectionLost)
    assert client.frames_to_send() == ["3:::main"]


def test_a_very_long_refusal_is_not_repeated_whole():
    client = open_client()
    endpoint = client.join("/chat", "", None, 0.0)
    client.receive(["7::/chat:" + "x" * 10_000], 1.0)
    assert len(str(endpoint.error)) < 300


def test_a_silent_endpoint_is_given_up_exactly_in_time():
    client = open_client(handshake=NO_HEARTBEATS)
    endpoint = client.join("/nosuch", "", 5.0, 1.0)
    assert client.deadline() == 6.0
    client.handle_timeout(5.999)
    assert endpoint.state is Joining.ASKED
    client.handle_timeout(6.0)
    assert endpoint.state is Joining.OVER
    assert "does the server have an endpoint of this name" in str(endpoint.error)
    assert client.deadline() is None
    assert client.phase is Phase.OPEN


def test_a_confirmation_after_the_time_out_is_nothing():
    client = open_client()
    client.join("/chat", "", 5.0, 0.0)
    client.handle_timeout(5.0)
    assert len(of(JoinFailed, client)) == 1
    client.receive(["1::/chat", "3::/chat:x"], 6.0)
    assert client.notices() == []


def test_an_error_event_on_an_open_endpoint_is_an_event():
    client = with_channel(open_client())
    client.receive(['5::/chat:{"name":"error","args":[1]}', '5:::{"name":"error"}'], 1.0)
    assert client.notices() == [event("error", 1, endpoint="/chat"), event("error")]


def test_an_error_event_before_the_join_is_an_event_too():
    client = connecting_client()
    link(client, 0.0, '5:::{"name":"error"}', "1::")
    assert client.notices()[1:] == [Connected(""), event("error")]


def test_another_event_does_not_refuse_an_endpoint():
    client = open_client()
    endpoint = client.join("/chat", "", None, 0.0)
    client.receive(['5::/chat:{"name":"e"}'], 1.0)
    assert endpoint.state is Joining.ASKED


@pytest.mark.parametrize("frame", ["7::/chat:why", "7:::2+0/chat"])
def test_an_error_on_an_open_endpoint_leaves_it_open(frame):
    client = with_channel(open_client())
    client.receive([frame], 1.0)
    assert [type(notice) for notice in client.notices()] == [Error]
    assert client.endpoints.get("/chat").state is Joining.OPEN


# Leaving an endpoint


def test_leaving_tells_the_server_and_the_user():
    client = with_channel(open_client())
    endpoint = client.endpoints.get("/chat")
    client.leave("/chat")
    assert client.frames_to_send() == ["0::/chat"]
    assert client.notices() == [Disconnected("/chat", "client")]
    assert (endpoint.state, endpoint.error) == (Joining.OVER, None)


def test_what_was_sent_on_an_endpoint_leaves_before_it_is_left():
    client = with_channel(open_client())
    client.send(Message("bye", "/chat"), 1.0)
    client.leave("/chat")
    assert client.frames_to_send() == ["3::/chat:bye", "0::/chat"]


def test_leaving_an_endpoint_that_is_not_there_does_nothing():
    client = open_client()
    client.leave("/nosuch")
    assert (client.notices(), client.frames_to_send()) == ([], [])


def test_leaving_an_endpoint_that_is_only_asked_for_is_told_to_the_server_alone():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    client.leave("/chat")
    client.receive(["1::/chat"], 1.0)
    assert client.frames_to_send() == ["1::/chat", "0::/chat"]
    assert client.notices() == []


def test_leaving_fails_the_acks_of_this_endpoint_alone():
    client = with_channel(open_client())
    ask(client, "main")
    ask(client, "chat", endpoint="/chat")
    client.leave("/chat")
    (unanswered,) = of(Unanswered, client)
    assert unanswered.waiter == "chat"
    assert isinstance(unanswered.error, ConnectionLost)


def test_an_endpoint_left_while_the_connection_is_away_is_not_asked_for_again():
    client = with_channel(open_client())
    away(client, 1.0)
    client.send(Message("x", "/chat"), 1.0)
    client.leave("/chat")
    come_back(client, 2.0, "1::")
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == []


def test_leaving_the_last_endpoint_that_is_restored_lets_the_packets_go():
    client = with_channel(open_client())
    away(client, 1.0)
    client.send(Message("x"), 1.0)
    come_back(client, 2.0, "1::")
    client.leave("/chat")
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == ["1::/chat", "3:::x", "0::/chat"]


def test_packets_of_an_endpoint_that_was_left_do_not_outlive_the_session():
    client = with_channel(open_client())
    client.send(Message("bye", "/chat"), 1.0)
    client.leave("/chat")
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == []


def test_leaving_a_channel_unbinds_no_ack_of_another():
    client = with_channel(with_channel(open_client(), "/chat"), "/news")
    for endpoint in ("", "/news"):
        acknowledge(client, event("ask", endpoint=endpoint, id=7, wants_data=True))
    client.leave("/chat")
    come_back(away(client, 1.0), 2.0, "1::", "1::/news")
    assert client.frames_to_send() == ["1::/news"]


def test_a_late_echo_of_leaving_does_not_end_the_next_join():
    client = with_channel(open_client())
    client.leave("/chat")
    endpoint = client.join("/chat", "", None, 1.0)
    client.receive(["0::/chat"], 1.0)
    assert endpoint.state is Joining.ASKED
    client.receive(["1::/chat"], 1.0)
    assert endpoint.state is Joining.OPEN


def test_a_second_echo_is_a_refusal():
    client = with_channel(open_client())
    client.leave("/chat")
    endpoint = client.join("/chat", "", None, 1.0)
    client.receive(["0::/chat", "0::/chat"], 1.0)
    assert endpoint.state is Joining.OVER


def test_an_endpoint_left_while_the_connection_was_away_has_no_echo():
    client = with_channel(open_client())
    away(client, 1.0)
    client.leave("/chat")
    endpoint = client.join("/chat", "", None, 1.0)
    come_back(client, 2.0, "1::", "0::/chat")
    assert endpoint.state is Joining.OVER


def test_the_server_ends_one_endpoint_and_no_other():
    client = with_channel(with_channel(open_client(), "/a"), "/b")
    a = client.endpoints.get("/a")
    client.send(Message("a", "/a"), 1.0)
    client.send(Message("b", "/b"), 1.0)
    client.receive(["0::/a"], 1.0)
    assert client.notices() == [Disconnected("/a", "server")]
    assert "the server disconnected '/a'" in str(a.error)
    assert client.frames_to_send() == ["3::/b:b"]
    assert client.endpoints.get("/b").state is Joining.OPEN


def test_an_endpoint_that_the_server_ended_can_be_asked_for_again():
    client = with_channel(open_client())
    client.receive(["0::/chat"], 1.0)
    client.notices()
    with_channel(client)
    client.receive(["3::/chat:x"], 2.0)
    assert client.notices() == [Message("x", "/chat")]


# The server ends it


def test_a_kick_is_final():
    client = open_client()
    client.receive(["0::"], 1.0)
    assert client.phase is Phase.CLOSED
    assert client.notices() == [Disconnected("", "server"), TransportClosed("server"), Ended(None)]
    assert client.frames_to_send() == []


def test_a_kick_is_a_loss_for_who_wants_to_come_back():
    client = open_client(reconnect_when_kicked=True)
    client.receive(["0::"], 1.0)
    closed, _, retrying = client.notices()
    assert closed == Disconnected("", "server")
    assert "0::" in str(retrying.error)
    come_back(client, 1.0 + DELAY, "1::")
    assert of(Reconnected, client) == [Reconnected(1)]


def test_a_kick_before_the_join_is_a_failed_attempt():
    client = connecting_client()
    link(client, 0.0, "0::")
    assert client.phase is Phase.CLOSED
    assert isinstance(client.error, ConnectError)


def test_a_kick_before_the_join_is_tried_again_by_who_had_a_connection():
    client = away(open_client(), 1.0)
    come_back(client, 2.0, "0::")
    assert client.phase is Phase.WAITING


@pytest.mark.parametrize("frame", ["7:::1+0", "7:::+0", "7:::2+0"])
def test_the_advice_to_reconnect_is_taken(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert client.phase is Phase.WAITING
    assert "wants a new handshake" in str(of(Retrying, client)[0].error)


def test_the_advice_to_reconnect_ends_a_first_attempt():
    client = connecting_client()
    link(client, 0.0, "7:::1+0")
    assert client.phase is Phase.CLOSED
    assert "client not handshaken" in str(client.error)


@pytest.mark.parametrize(("frame", "status", "retryable"), [("7:::2", 403, False), ("7:::why", 500, True)])
def test_an_error_before_the_join_is_a_refusal(frame, status, retryable):
    client = connecting_client()
    link(client, 0.0, frame)
    assert client.phase is Phase.CLOSED
    assert isinstance(client.error, HandshakeRejected)
    assert (client.error.status, client.error.retryable) == (status, retryable)


@pytest.mark.parametrize("frame", ["7:::2", "7:::undefined", "7:::-1", "7:::9+9", "7::"])
def test_an_error_without_advice_leaves_the_connection_open(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert [type(notice) for notice in client.notices()] == [Error]
    assert client.phase is Phase.OPEN


# Malformed packets


def test_the_first_malformed_packet_is_told_at_once():
    client = open_client()
    client.receive(["garbage", "more"], 1.0)
    (dropped,) = client.notices()
    assert (dropped.count, dropped.example.text) == (1, "garbage")


def test_the_next_ones_are_counted_and_told_after_a_minute():
    client = open_client()
    client.receive(["a"], 1.0)
    client.receive(["b", "c"], 30.0)
    client.receive(["d"], 1.0 + WARNING_INTERVAL - 0.001)
    assert [notice.count for notice in of(Dropped, client)] == [1]
    client.receive(["e", "f"], 1.0 + WARNING_INTERVAL)
    (dropped,) = client.notices()
    assert (dropped.count, dropped.example.text) == (4, "e")


def test_a_binary_frame_is_malformed_and_the_connection_stays():
    client = open_client()
    client.receive([b"\0\1", "3:::x"], 1.0)
    assert [type(notice) for notice in client.notices()] == [Dropped, Message]


# Whatever happens


@dataclass
class Shell:
    """Drives a client through anything that a shell can meet, and keeps the promises D1 to D6 in view."""

    client: ClientProtocol = field(default_factory=lambda: connecting_client(reconnect_when_kicked=True))
    now: float = 0.0
    sent: int = 0
    written: list[int] = field(default_factory=list)
    waiting: set[int] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    ended: bool = False

    def step(self, action: str, value: str | float) -> None:
        getattr(self, action)(value)
        self.take()

    def frames(self, frame: str) -> None:
        if self.client.session is not None:
            self.client.receive([frame], self.now)

    def opened(self, _: object) -> None:
        if self.client.phase is Phase.CONNECTING:
            self.client.transport_opened(HANDSHAKE, "websocket", self.now)
            self.take()
            self.client.receive(["1::"], self.now)

    def failed(self, _: object) -> None:
        self.client.connect_failed(ConnectError("unreachable"), self.now)

    def lost(self, _: object) -> None:
        self.client.transport_lost("gone", self.now)

    def ticked(self, seconds: float) -> None:
        self.now += seconds
        self.client.handle_timeout(self.now)

    def sends(self, endpoint: str) -> None:
        number = self.sent + 1
        packet = Message(str(number), endpoint, number, True)
        try:
            self.client.send(packet, self.now, number, 30.0)
        except (NotConnected, ChannelError):
            return
        self.sent = number
        self.waiting.add(number)

    def joins(self, name: str) -> None:
        with suppress(NotConnected, ChannelError, LocalProtocolError):
            self.client.join(name, "", 5.0, self.now)

    def leaves(self, name: str) -> None:
        if name:
            self.client.leave(name)

    def pauses(self, _: object) -> None:
        self.client.reading(False, self.now)

    def resumes(self, _: object) -> None:
        self.client.reading(True, self.now)

    def disconnects(self, _: object) -> None:
        self.client.disconnect()

    def take(self) -> None:
        for notice in self.client.notices():
            assert not self.ended, "nothing comes after the end"
            self.check(notice)

    def writes(self, _: object) -> None:
        frames = self.client.frames_to_send()
        self.written += [int(frame.rpartition(":")[2]) for frame in frames if frame.startswith("3:")]

    def check(self, notice: object) -> None:
        match notice:
            case Connected(name):
                assert name not in self.connected
                assert name == "" or "" in self.connected
                self.connected.add(name)
            case Disconnected(name, _):
                self.connected.remove(name)
            case Answered(waiter, _) | Unanswered(waiter, _):
                self.waiting.remove(waiter)
            case Message(_, endpoint):
                assert endpoint in self.connected
            case Ended():
                self.ended = True

    def finish(self) -> None:
        self.step("disconnects", "")
        self.writes("")
        assert self.ended
        assert self.connected == set()
        assert self.waiting == set()
        assert self.written == sorted(set(self.written)), "in order, and once"
        assert self.client.deadline() is None


NAMES = st.sampled_from(["", "/a", "/b"])
FRAMES = st.sampled_from(
    ["1::", "1::/a", "1::/b", "0::", "0::/a", "2::", "3:::x", "3::/a:x", "3:1::x", "7::/a:2", "7:::1+0", "8::", "bad"]
    + [f"6::{endpoint}:{number}" for endpoint in ("", "/a") for number in (1, 2, 3)]
)  # fmt: skip
STEPS = (
    st.tuples(st.just("frames"), FRAMES)
    | st.tuples(st.just("ticked"), st.sampled_from([0.1, 1.0, 6.0, 22.0]))
    | st.tuples(st.sampled_from(["sends", "joins", "leaves"]), NAMES)
    | st.tuples(st.sampled_from(["opened", "opened", "writes", "lost", "failed", "pauses", "resumes"]), st.just(""))
    | st.tuples(st.just("disconnects"), st.just(""))
)


@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_notices_alternate_and_every_waiter_hears_once(steps):
    shell = Shell()
    shell.step("opened", "")
    for action, value in steps:
        shell.step(action, value)
    shell.finish()


# The fence


def burst(client: ClientProtocol, count: int, now: float = 0.0) -> list[str]:
    for number in range(count):
        client.send(event("n", number), now)
    return client.frames_to_send()


def fences(frames: list[str]) -> list[int]:
    return [int(frame.split(":")[1]) for frame in frames if frame.startswith("8:")]


def test_a_burst_is_fenced_and_goes_on_when_the_fences_are_answered():
    client = open_client()
    frames = burst(client, 1000)
    assert len(fences(frames)) == 8
    assert frames[50] == f"8:{fences(frames)[0]}::"
    assert not client.has_frames()
    assert client.is_full()
    while client.is_full():
        client.receive([f"6:::{fences(frames)[-1]}"], 0.0)
        assert client.has_frames()
        frames += client.frames_to_send()
    client.receive([f"6:::{fences(frames)[-1]}"], 0.0)
    frames += client.frames_to_send()
    assert [frame for frame in frames if frame.startswith("5:")] == [
        f'5:::{{"name":"n","args":[{number}]}}' for number in range(1000)
    ]
    assert client.notices() == []


def test_a_server_is_busy_while_it_owes_the_answer_to_a_fence():
    client = open_client()
    frames = burst(client, 50)
    assert not client.is_busy()  # it may be one that answers none
    client.receive([f"6:::{fences(frames)[0]}"], 0.0)
    assert not client.is_busy()
    frames = burst(client, 50)
    assert client.is_busy()
    client.receive([f"6:::{fences(frames)[0]}"], 0.0)
    assert not client.is_busy()


def test_urgent_frames_count_but_do_not_wait_for_the_fence():
    client = open_client()
    burst(client, 1000)
    client.receive(["2::"], 0.0)
    assert client.has_frames()
    assert client.frames_to_send() == ["2::"]


def test_over_polling_there_is_no_fence():
    client = connecting_client()
    client.transport_opened(HANDSHAKE, "xhr-polling", 0.0)
    client.receive(["1::"], 0.0)
    assert fences(burst(client, 1000)) == []
    assert not client.has_frames()


def test_a_server_that_answers_no_fence_gets_everything_after_a_second():
    client = open_client()
    frames = burst(client, 1000)
    assert client.deadline() == 1.0
    client.handle_timeout(1.0)
    assert len(frames + client.frames_to_send()) == 1000 + 8
    assert not client.is_full()


def test_a_server_that_answers_no_fence_any_more_is_lost():
    client = open_client(handshake=NO_HEARTBEATS)
    client.receive([f"6:::{fences(burst(client, 50))[0]}"], 0.0)
    burst(client, 50)
    client.handle_timeout(29.999)
    assert client.phase is Phase.OPEN
    client.handle_timeout(30.0)
    assert client.phase is Phase.WAITING


def test_a_kick_when_the_byte_budget_may_be_spent_is_a_loss():
    client = open_client()
    client.send(Message("x" * 10**6), 0.0)
    client.frames_to_send()
    for _ in range(90):
        client.send(Message("x" * 10**6), 0.0)
    (number,) = fences(client.frames_to_send())[:1]
    client.receive([f"6:::{number}", "0::"], 0.0)
    assert client.phase is Phase.WAITING
    assert "byte budget" in str(of(Retrying, client)[0].error)


def overfed_client(**options) -> ClientProtocol:
    client = open_client(**options)
    assert client.session is not None
    assert client.session.fence is not None
    client.session.fence.bytes_counted = BYTE_BUDGET
    client.receive(["0::"], 0.0)
    assert client.phase is Phase.WAITING
    return client


def test_after_such_a_kick_a_full_buffer_is_waited_for():
    client = overfed_client(buffer_size=2)
    for _ in range(2):
        assert not client.is_full("x")
        client.send(Message("x"), 0.0)
    assert client.is_full("x")
    client.handle_timeout(DELAY)
    assert client.is_full("x")
    link(client, DELAY, "1::")
    assert not client.is_full("x")


def test_such_kicks_however_many_in_a_row_do_not_make_the_way_back_longer():
    client, now = open_client(limit=100 * DELAY), 0.0
    for _ in range(5):
        assert client.session is not None
        assert client.session.fence is not None
        client.session.fence.bytes_counted = BYTE_BUDGET
        client.receive(["0::"], now)
        assert client.deadline() == now + DELAY
        now += DELAY
        client.handle_timeout(now)
        link(client, now, "1::")


def test_after_any_other_loss_and_after_the_end_it_is_not():
    for client in (overfed_client(buffer_size=0), open_client(buffer_size=0)):
        assert client.is_full("x") is (client.phase is Phase.WAITING)
        if client.phase is Phase.OPEN:
            client.transport_lost("transport closed", 0.0)
        else:
            client.disconnect()
        assert not client.is_full("x")


def test_a_kick_without_such_a_reason_is_final():
    client = open_client()
    client.send(Message("x"), 0.0)
    client.frames_to_send()
    client.receive(["0::"], 0.0)
    assert client.phase is Phase.CLOSED


def test_a_handler_that_blocks_is_not_held_against_the_fence():
    client = open_client()
    client.receive([f"6:::{fences(burst(client, 50))[0]}"], 0.0)
    client.reading(False, 0.0)
    (number,) = fences(burst(client, 50))
    while (now := client.deadline()) < 3600.0:
        client.handle_timeout(now)
        client.frames_to_send()
    assert client.phase is Phase.OPEN
    client.reading(True, 3600.0)
    client.handle_timeout(3610.0)
    client.receive([f"6:::{number}"], 3610.0)
    assert client.phase is Phase.OPEN


def test_while_a_handler_blocks_no_server_is_taken_for_one_that_answers_no_fence():
    client = open_client()
    client.reading(False, 0.0)
    burst(client, 1000)
    client.handle_timeout(4.9)
    assert client.frames_to_send() == []
    client.reading(True, 5.0)
    client.handle_timeout(5.9)
    assert client.frames_to_send() == []
    client.handle_timeout(6.0)
    assert client.frames_to_send() != []
