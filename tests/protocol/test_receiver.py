"""What each packet of the server means, by frames of revision 1 that a whole connection receives."""

from __future__ import annotations

import pytest

from sioclient.errors import ChannelError, ConnectError, HandshakeRejected, WrongRevision
from sioclient.protocol.deliveries import Delivery
from sioclient.protocol.early import MOST_PACKETS
from sioclient.protocol.endpoints import Joining
from sioclient.protocol.fence import WINDOW
from sioclient.protocol.notices import (
    Acknowledged,
    Connected,
    Delivered,
    Disconnected,
    Dropped,
    Ended,
    JoinFailed,
    Left,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
)
from sioclient.protocol.packets import Close, Error, Event, Foreign, Json, Message, Recoverable
from sioclient.protocol.phases import Phase
from sioclient.protocol.receiver import WARNING_INTERVAL
from sioclient.protocol.revisions import Handshake, revision5

from .driver import (
    DEAD_AFTER,
    DELAY,
    ask,
    away,
    come_back,
    connecting_client,
    event,
    joined,
    link,
    of,
    open_client,
    with_channel,
)

# What arrives


def test_packets_before_the_join_are_delivered_after_it():
    client = connecting_client()
    link(client, 0.0, "3:::a", '5:::{"name":"b"}', "1::", "4:::1")
    assert client.notices() == [TransportOpened("websocket"), Connected(""), Message("a"), event("b"), Json(1)]


def test_an_acknowledgement_lets_the_next_packet_go_that_is_written_again():
    client = open_client()
    for number in (1, 2):
        client.push(event("n", id=number), 0.0, waiter=Delivery(number, 1, 5.0))
    assert client.frames_to_send() == ['5:1::{"name":"n"}']
    client.receive(["6:::1+[7]"], 1.0)
    assert client.notices() == [Delivered(1, [7])]
    assert client.frames_to_send() == ['5:2::{"name":"n"}']


def test_a_confirmation_lets_packets_go_that_are_written_again():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    client.push(event("n", endpoint="/chat", id=1), 0.0, waiter=Delivery(1, 1, 5.0))
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 1.0)
    assert client.frames_to_send() == ['5:1:/chat:{"name":"n"}']


def test_packets_before_a_confirmation_are_delivered_after_it():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    client.receive(["3::/chat:early"], 1.0)
    assert client.notices() == []
    client.receive(["1::/chat", "3::/chat:late"], 1.0)
    assert client.notices() == [Connected("/chat"), Message("early", "/chat"), Message("late", "/chat")]


def test_more_than_a_thousand_early_packets_are_told_as_dropped():
    client = connecting_client()
    link(client, 0.0, *["3:::x"] * MOST_PACKETS, "3:1::dropped", "1::")
    notices = client.notices()
    assert sum(isinstance(notice, Message) for notice in notices) == MOST_PACKETS
    assert [notice.example.problem for notice in notices if isinstance(notice, Dropped)] == [
        "too much came before the endpoint was joined"
    ]
    assert client.frames_to_send() == []  # after an acknowledgement, the server would not send it again


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
def test_packets_that_concern_nobody_change_nothing(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert (client.notices(), client.frames_to_send(), client.phase) == ([], [], Phase.OPEN)


def test_packets_after_the_end_of_a_session_are_ignored():
    client = open_client()
    client.receive(["3:::a", "0::", "3:::b", "2::"], 1.0)
    assert client.notices()[0] == Message("a")
    assert Message("b") not in client.notices()
    assert client.frames_to_send() == []


def test_an_early_event_does_not_refuse_an_endpoint():
    client = open_client()
    endpoint = client.join("/chat", "", None, 0.0)
    client.receive(['5::/chat:{"name":"e"}'], 1.0)
    assert endpoint.state is Joining.ASKED


def test_an_error_event_on_an_open_endpoint_is_an_event():
    client = with_channel(open_client())
    client.receive(['5::/chat:{"name":"error","args":[1]}', '5:::{"name":"error"}'], 1.0)
    assert client.notices() == [event("error", 1, endpoint="/chat"), event("error")]


def test_an_error_event_before_the_join_is_an_event_too():
    client = connecting_client()
    link(client, 0.0, '5:::{"name":"error"}', "1::")
    assert client.notices()[1:] == [Connected(""), event("error")]


@pytest.mark.parametrize("frame", ["7::/chat:why", "7:::2+0/chat"])
def test_an_error_on_an_open_endpoint_leaves_it_open(frame):
    client = with_channel(open_client())
    client.receive([frame], 1.0)
    assert [type(notice) for notice in client.notices()] == [Error]
    assert joined(client).state is Joining.OPEN


@pytest.mark.parametrize("frame", ["7:::2", "7:::undefined", "7:::-1", "7:::9+9", "7::"])
def test_an_error_without_advice_leaves_the_connection_open(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert [type(notice) for notice in client.notices()] == [Error]
    assert client.phase is Phase.OPEN


def test_notices_have_the_owner_of_their_endpoint():
    client = with_channel(open_client())
    client.endpoints.default.owner = "socket"
    other = client.join("/other", "", None, 0.0, owner="other")
    client.receive(["1::/other", '5:::{"name":"e"}', '5::/chat:{"name":"e"}', '5::/other:{"name":"e"}'], 1.0)
    client.receive(["3::/chat:x", "4:::1", "7::/other:why", "0::/other", "garbage"], 1.0)
    owners = [(type(notice), notice.owner) for notice in client.notices()]
    assert owners == [
        (Connected, "other"), (Event, "socket"), (Event, "/chat"), (Event, "other"), (Message, "/chat"),
        (Json, "socket"), (Error, "other"), (Disconnected, "other"), (Left, "other"), (Dropped, "socket"),
    ]  # fmt: skip
    assert other.state is Joining.OVER


def test_packets_for_an_endpoint_left_are_not_for_the_next():
    client = with_channel(open_client())
    client.leave(joined(client))
    client.join("/chat", "", None, 1.0, owner="next")
    client.notices()
    client.receive(['5::/chat:{"name":"late"}', "3:7:/chat:late", "1::/chat", '5::/chat:{"name":"e"}'], 1.0)
    assert [(type(notice), notice.owner) for notice in client.notices()] == [(Connected, "next"), (Event, "next")]
    assert client.frames_to_send() == ["0::/chat", "1::/chat"]


def test_many_events_of_one_batch_are_delivered_in_order():
    client = with_channel(open_client())
    client.receive([f'5:::{{"name":"n","args":[{number}]}}' for number in range(3)], 1.0)
    assert client.notices() == [event("n", number) for number in range(3)]


def test_events_after_a_kick_in_the_same_batch_are_ignored():
    client = open_client()
    client.receive(["0::", '5:::{"name":"e"}'], 1.0)
    assert of(Event, client) == []


def test_a_batch_that_ends_one_endpoint_goes_on_for_the_others():
    client = with_channel(open_client())
    event_of_chat = '5::/chat:{"name":"e"}'
    client.receive([event_of_chat, "0::/chat", event_of_chat, '5:::{"name":"e"}'], 1.0)
    assert client.notices() == [
        event("e", endpoint="/chat"),
        Disconnected("/chat", "server"),
        Left("/chat"),
        event("e"),
    ]


def test_an_offset_is_kept_for_the_next_join():
    client = open_client()
    client.receive_packets([Recoverable(event("e", 1), "offset"), Recoverable(event("e", 1, endpoint="/no"), "x")], 1.0)
    assert client.notices() == [event("e", 1)]
    assert client.endpoints.default.offset == "offset"


def test_packets_of_another_revision_end_an_attempt_only():
    foreign = Foreign(WrongRevision("it speaks another revision"))
    client = open_client()
    client.receive_packets([foreign], 1.0)
    assert client.phase is Phase.OPEN
    client = connecting_client()
    link(client, 0.0)
    client.receive_packets([foreign], 1.0)
    assert client.lifecycle.error is foreign.error


def test_the_end_of_the_transport_is_a_loss():
    client = open_client()
    client.receive_packets([Close(), Message("late")], 1.0)
    assert client.notices()[:2] == [Disconnected("", "transport closed"), TransportClosed("transport closed")]
    assert client.phase is Phase.WAITING


# Heartbeats


def test_a_heartbeat_gets_its_reply_before_what_is_queued():
    client = open_client()
    client.push(Message("x"), 1.0)
    client.receive(["2::"], 1.0)
    assert client.frames_to_send() == ["2::", "3:::x"]


def test_heartbeats_that_came_together_get_one_reply():
    client = open_client()
    client.receive(["2::"] * 1000, 1.0)
    client.receive(["2::", "3:::x", "2::"], 1.0)
    assert client.frames_to_send() == ["2::"]
    client.receive(["2::"], 1.0)
    assert client.frames_to_send() == ["2::"]


def test_heartbeat_before_the_end_of_its_session_gets_no_reply():
    client = open_client(reconnect_when_kicked=True)
    client.receive(["2::", "0::"], 1.0)
    come_back(client, 1.0 + DELAY, "1::")
    assert "2::" not in client.frames_to_send()


def test_a_heartbeat_gets_its_reply_before_the_join_too():
    client = connecting_client()
    link(client, 0.0, "2::")
    assert client.has_frames()
    assert client.frames_to_send() == ["2::"]


def test_a_ping_that_had_its_pong_ahead_gets_none():
    client = connecting_client(opening=revision5())
    link(client, 0.0, '40{"sid":"s"}', handshake=Handshake("x", 45.0, None, (), ping_interval=25.0))
    client.frames_to_send()
    client.reading.pause(1.0)
    client.handle_timeout(35.0)
    assert client.frames_to_send() == ["3"]
    client.reading.resume(36.0)
    client.receive(["2"], 36.0)
    assert client.frames_to_send() == []
    client.receive(["2"], 60.0)
    assert client.frames_to_send() == ["3"]


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


# Acknowledgements


def test_an_ack_goes_to_its_waiter():
    client = open_client()
    number = ask(client)
    client.receive([f'6:::{number}+["a",1]'], 1.0)
    assert client.notices() == [Acknowledged("waiter", ["a", 1])]


def test_an_ack_on_another_endpoint_finds_nobody():
    client = with_channel(open_client())
    number = ask(client, endpoint="/chat")
    client.receive([f"6:::{number}"], 1.0)
    assert client.notices() == []
    client.receive([f"6::/chat:{number}"], 1.0)
    assert client.notices() == [Acknowledged("waiter", [])]


def test_only_the_first_of_several_acks_counts():
    client = open_client()
    number = ask(client)
    client.receive([f"6:::{number}+[1]", f"6:::{number}+[2]"], 1.0)
    assert client.notices() == [Acknowledged("waiter", [1])]
    assert client.acks.ignored == 1


def test_an_ack_that_nobody_waits_for_is_ignored_and_counted():
    client = open_client()
    client.receive(["6:::0", "6:::5", "6::/nosuch:1"], 1.0)
    assert client.notices() == []
    assert client.acks.ignored == 3


@pytest.mark.parametrize("frame", ["3:7::x", "4:7::1"])
def test_a_message_with_a_plain_id_is_acknowledged_at_once(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert client.frames_to_send() == ["6:::7"]


@pytest.mark.parametrize("frame", ["3:7+::x", "4:7+::1", '5:7::{"name":"e"}', '5:7+::{"name":"e"}'])
def test_what_wants_the_result_of_a_handler_waits_for_it(frame):
    client = open_client()
    client.receive([frame], 1.0)
    assert client.frames_to_send() == []
    (packet,) = client.notices()
    client.acknowledge(packet, ["r"])
    assert client.frames_to_send() == ['6:::7+["r"]']


def test_a_message_for_an_unknown_endpoint_is_not_acknowledged():
    client = open_client()
    client.receive(["3:7:/nosuch:x"], 1.0)
    assert client.frames_to_send() == []


def test_a_message_before_the_join_is_acknowledged_after_it():
    client = connecting_client()
    link(client, 0.0, "3:7::x", "1::")
    assert of(Message, client) == [Message("x", id=7)]
    assert client.frames_to_send() == ["6:::7"]


def test_an_ack_leaves_after_the_endpoints_are_restored():
    client = with_channel(open_client())
    away(client, 1.0)
    come_back(client, 2.0, "1::", "3:7::x")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert client.frames_to_send() == ["6:::7"]


def test_an_ack_that_was_not_written_ends_with_its_session():
    client = open_client()
    client.receive(["3:7::x"], 1.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == []


def test_the_ack_of_a_fence_is_for_nobody_else():
    client = open_client()
    number = ask(client)
    client.push(Message("x" * WINDOW), 0.0)
    client.frames_to_send()
    client.receive([f"6:::{number + 1}", f"6:::{number}"], 1.0)
    assert client.notices() == [Acknowledged("waiter", [])]
    assert client.acks.ignored == 0


# The server refuses or ends an endpoint


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
    assert client.endpoints.channels() == []
    assert client.notices() == [JoinFailed("/chat", endpoint.error, again=False), Left("/chat")]
    assert client.phase is Phase.OPEN


@pytest.mark.parametrize("frame", REFUSALS)
def test_a_refusal_after_a_reconnect_says_so(frame):
    client = with_channel(open_client())
    away(client, 1.0)
    come_back(client, 2.0, "1::", frame)
    (failed,) = of(JoinFailed, client)
    assert (failed.endpoint, failed.again) == ("/chat", True)
    assert isinstance(failed.error, ChannelError)
    assert client.phase is Phase.OPEN


def test_a_very_long_refusal_is_not_repeated_whole():
    client = open_client()
    endpoint = client.join("/chat", "", None, 0.0)
    client.receive(["7::/chat:" + "x" * 10_000], 1.0)
    assert len(str(endpoint.error)) < 300


def test_a_confirmation_after_the_time_out_is_ignored():
    client = open_client()
    client.join("/chat", "", 5.0, 0.0)
    client.handle_timeout(5.0)
    assert len(of(JoinFailed, client)) == 1
    client.receive(["1::/chat", "3::/chat:x"], 6.0)
    assert client.notices() == []


def test_the_server_ends_one_endpoint_and_no_other():
    client = with_channel(with_channel(open_client(), "/a"), "/b")
    a = joined(client, "/a")
    client.push(Message("a", "/a"), 1.0)
    client.push(Message("b", "/b"), 1.0)
    client.receive(["0::/a"], 1.0)
    assert client.notices() == [Disconnected("/a", "server"), Left("/a")]
    assert "the server disconnected '/a'" in str(a.error)
    assert client.frames_to_send() == ["3::/b:b"]
    assert joined(client, "/b").state is Joining.OPEN


def test_an_endpoint_that_the_server_ended_can_be_joined_again():
    client = with_channel(open_client())
    client.receive(["0::/chat"], 1.0)
    client.notices()
    with_channel(client)
    client.receive(["3::/chat:x"], 2.0)
    assert client.notices() == [Message("x", "/chat")]


def test_a_late_echo_of_leaving_does_not_end_the_next_join():
    client = with_channel(open_client())
    client.leave(joined(client))
    endpoint = client.join("/chat", "", None, 1.0)
    client.receive(["0::/chat"], 1.0)
    assert endpoint.state is Joining.ASKED
    client.receive(["1::/chat"], 1.0)
    assert endpoint.state is Joining.OPEN


def test_a_second_echo_is_a_refusal():
    client = with_channel(open_client())
    client.leave(joined(client))
    endpoint = client.join("/chat", "", None, 1.0)
    client.receive(["0::/chat", "0::/chat"], 1.0)
    assert endpoint.state is Joining.OVER


def test_an_endpoint_left_while_away_has_no_echo():
    client = with_channel(open_client())
    away(client, 1.0)
    client.leave(joined(client))
    endpoint = client.join("/chat", "", None, 1.0)
    come_back(client, 2.0, "1::", "0::/chat")
    assert endpoint.state is Joining.OVER


# The server ends the session


def test_a_kick_is_final():
    client = open_client()
    client.receive(["0::"], 1.0)
    assert client.phase is Phase.CLOSED
    assert client.notices() == [Disconnected("", "server"), TransportClosed("server"), Ended(None)]
    assert client.frames_to_send() == []


def test_a_kick_is_a_loss_if_the_user_wants_that():
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
    assert isinstance(client.lifecycle.error, ConnectError)


def test_a_kick_before_a_later_join_is_retried():
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
    assert "client not handshaken" in str(client.lifecycle.error)


@pytest.mark.parametrize(("frame", "status", "retryable"), [("7:::2", 403, False), ("7:::why", 500, True)])
def test_an_error_before_the_join_is_a_refusal(frame, status, retryable):
    client = connecting_client()
    link(client, 0.0, frame)
    assert client.phase is Phase.CLOSED
    assert isinstance(client.lifecycle.error, HandshakeRejected)
    assert (client.lifecycle.error.status, client.lifecycle.error.retryable) == (status, retryable)


# Malformed packets


def test_the_first_malformed_packet_is_reported_at_once():
    client = open_client()
    client.receive(["garbage", "more"], 1.0)
    (dropped,) = client.notices()
    assert (dropped.count, dropped.example.text) == (1, "garbage")


def test_the_next_ones_are_counted_and_reported_after_a_minute():
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


def test_a_round_trip_counts_only_within_the_session():
    client = open_client()
    before = away(client, 1.0).acks.new_id("")
    client.push(event("ask", id=before, wants_data=True), 2.0, waiter="waiter")
    come_back(client, 3.0, "1::")
    client.receive([f"6:::{before}"], 4.0)
    assert client.acks.round_trip is None
    now = client.acks.new_id("")
    client.push(event("ask", id=now, wants_data=True), 5.0, waiter="waiter")
    client.frames_to_send()
    client.receive([f"6:::{now}"], 7.5)
    assert client.acks.round_trip == 2.5
