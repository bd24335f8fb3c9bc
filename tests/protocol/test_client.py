from __future__ import annotations

from dataclasses import replace

import pytest

from sioclient.errors import (
    AckTimeout,
    BufferFull,
    ChannelError,
    ConnectError,
    ConnectionLost,
    LocalProtocolError,
    NotConnected,
)
from sioclient.protocol.client import MOST_CORKED, ClientProtocol, Verdict
from sioclient.protocol.deliveries import Delivery
from sioclient.protocol.endpoints import Endpoint, Joining
from sioclient.protocol.fence import BYTE_BUDGET, LONG_PATIENCE, MOST_AT_ONCE, MOST_COUNTED, PACE
from sioclient.protocol.notices import Connected, Disconnected, Ended, Left, Unacknowledged
from sioclient.protocol.outbox import MOST_QUEUED
from sioclient.protocol.packets import Connect, Event, Json, Message
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import any_revision, revision1, revision5
from sioclient.protocol.start import encode_join
from sioclient.protocol.turns import PATIENCE

from .driver import (
    DEAD_AFTER,
    DELAY,
    HANDSHAKE,
    HEARTBEAT_EVERY,
    NO_HEARTBEATS,
    ask,
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


def back(client: ClientProtocol, now: float) -> ClientProtocol:
    """Lose the connection at ``now`` and have it back after the delay; nothing of it is left to be taken."""
    away(client, now)
    come_back(client, now + DELAY, "1::")
    assert client.phase is Phase.OPEN
    client.frames_to_send()
    client.notices()
    return client


def test_decoded_packets_are_received_like_frames():
    client = open_client()
    client.receive_packets([Message("x")], 1.0)
    assert client.notices() == [Message("x")]


# The clock


def test_a_silent_server_is_dead_exactly_in_time():
    client = open_client()
    client.handle_timeout(DEAD_AFTER - 0.001)
    assert client.phase is Phase.OPEN
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.WAITING
    assert of(Disconnected, client) == [Disconnected("", "heartbeat timeout")]


def test_a_server_that_is_silent_before_the_join_is_dead_too():
    client = connecting_client(connect_timeout=100.0)
    link(client, 0.0)
    client.handle_timeout(DEAD_AFTER)
    assert client.phase is Phase.CLOSED
    assert "heartbeat timeout" in str(client.lifecycle.error)


def test_without_heartbeats_silence_means_nothing():
    client = open_client(handshake=NO_HEARTBEATS)
    assert client.deadline() is None
    client.handle_timeout(1e9)
    assert client.phase is Phase.OPEN


def test_while_nobody_reads_heartbeats_are_sent_unasked():
    client = open_client()
    client.reading.pause(1.0)
    sent = []
    while (now := client.deadline()) < 3 * DEAD_AFTER:
        client.handle_timeout(now)
        sent += [(now, frame) for frame in client.frames_to_send()]
    assert sent == [(1.0 + HEARTBEAT_EVERY * number, "2::") for number in range(1, 13)]
    assert client.phase is Phase.OPEN


def test_when_reading_restarts_the_clock_of_silence_goes_on():
    client = open_client()
    client.reading.pause(1.0)
    client.reading.resume(50.0)
    while (now := client.deadline()) < 49.0 + DEAD_AFTER:
        client.handle_timeout(now)
    assert client.frames_to_send() == []
    assert client.phase is Phase.OPEN
    client.handle_timeout(now)
    assert client.phase is Phase.WAITING


def test_acks_that_time_out_do_not_keep_a_dead_server_alive():
    client, now = open_client(), 0.0
    while client.phase is Phase.OPEN:
        client.push(event("ask", id=client.acks.new_id("")), now, waiter="waiter", timeout=2.0)
        now += 2.0
        client.handle_timeout(now)
        client.reading.pause(now)  # the waiter runs
        client.reading.resume(now)
    assert now == 22.0


# Pushing


def test_packets_leave_in_the_order_of_their_pushes():
    client = with_channel(open_client())
    client.push(Message("a"), 1.0)
    client.push(Json([1], "/chat"), 1.0)
    client.push(event("c", 2), 1.0)
    assert client.has_frames()
    assert client.frames_to_send() == ["3:::a", "4::/chat:[1]", '5:::{"name":"c","args":[2]}']
    assert not client.has_frames()
    assert client.frames_to_send() == []


def test_packets_pushed_while_away_leave_in_order():
    client = away(open_client(), 1.0)
    client.push(Message("a"), 1.0)
    client.push(Message("b"), 1.5)
    assert not client.has_frames()
    assert client.frames_to_send() == []
    come_back(client, 2.0, "1::")
    client.push(Message("c"), 2.0)
    assert client.frames_to_send() == ["3:::a", "3:::b", "3:::c"]


def test_packets_pushed_before_the_join_wait_for_it():
    client = connecting_client()
    client.push(Message("a"), 0.0)
    link(client, 0.0)
    client.push(Message("b"), 0.0)
    assert client.frames_to_send() == []
    client.receive(["1::"], 0.0)
    assert client.frames_to_send() == ["3:::a", "3:::b"]


def test_a_full_buffer_takes_nothing_while_away():
    client = away(open_client(buffer_size=2), 1.0)
    client.push(Message("a"), 1.0)
    client.push(Message("b"), 1.0)
    with pytest.raises(BufferFull):
        client.push(event("c", id=1), 1.0, waiter="waiter")
    assert len(client.acks) == 0
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["3:::a", "3:::b"]


def test_the_buffer_does_not_limit_an_open_connection():
    client = open_client(buffer_size=2)
    for _ in range(5):
        client.push(Message("x"), 1.0)
    assert client.frames_to_send() == ["3:::x"] * 5


def test_without_a_buffer_nothing_is_taken_while_away():
    client = open_client(buffer_size=0)
    client.push(Message("a"), 1.0)
    away(client, 1.0)
    with pytest.raises(NotConnected, match="buffer_size=0"):
        client.push(Message("b"), 1.0)


def test_packets_that_were_not_taken_are_kept_over_a_loss():
    client = open_client()
    client.push(Message("a"), 0.0)
    ask_later = event("b", id=1, wants_data=True)
    client.push(ask_later, 0.0, waiter="waiter")
    away(client, 1.0)
    assert of(Unacknowledged, client) == []
    come_back(client, 1.0 + DELAY, "1::")
    assert client.frames_to_send() == ["3:::a", '5:1+::{"name":"b"}']
    away(client, 3.0)
    come_back(client, 3.0 + DELAY, "1::")
    assert client.frames_to_send() == []


def test_a_packet_is_written_at_once_or_with_those_after_it():
    client = open_client()
    assert client.push(Message("x"), 0.0) is Verdict.WRITE
    assert client.push(Message("x"), 0.0, more=True) is Verdict.MORE
    assert client.push(event("x", id=1), 0.0, more=True) is Verdict.WRITE
    verdicts = [client.push(Message("x"), 0.0, more=True) for _ in range(MOST_CORKED - 3)]
    assert verdicts == [Verdict.MORE] * (MOST_CORKED - 4) + [Verdict.WRITE]
    burst(client, 1000)
    assert not client.has_frames()
    assert client.push(Message("x"), 0.0, more=True, waited=True) is Verdict.MORE


@pytest.mark.parametrize(
    ("buffer_size", "size", "most"), [(0, 1, MOST_QUEUED), (150, 1, 150), (1000, 8000, 2**20 // 8004), (50, 1, 100)]
)
def test_packets_wait_in_the_buffer_while_the_server_takes_nothing(buffer_size, size, most):
    client = open_client(buffer_size=buffer_size)
    for _ in range(most):
        assert client.push(Message("x" * size), 0.0) is not Verdict.FULL
    assert client.push(Message("x" * size), 0.0) is Verdict.FULL


def test_too_many_queued_packets_must_wait_for_room():
    client = open_client(buffer_size=0)
    for _ in range(MOST_QUEUED):
        assert client.push(Message("x"), 0.0) is not Verdict.FULL
    assert client.push(event("e", id=1), 0.0, waiter="waiter") is Verdict.FULL
    assert len(client.acks) == 0
    assert client.push(event("e", id=1), 0.0, waiter="waiter", waited=True) is Verdict.WRITE
    client.frames_to_send()
    assert client.push(Message("x"), 0.0) is not Verdict.FULL


def test_a_volatile_packet_is_dropped_if_it_must_wait():
    client = open_client()
    assert client.push(Message("x"), 0.0, volatile=True) is Verdict.WRITE
    burst(client, 1000)
    assert client.push(Message("x"), 0.0, volatile=True, waited=True) is Verdict.DROPPED
    away(client)
    assert client.push(Message("x"), 0.0, volatile=True) is Verdict.DROPPED
    with pytest.raises(NotConnected):
        new_client().push(Message("x"), 0.0, volatile=True)


def test_what_was_encoded_before_is_written():
    client = open_client()
    packet = Message("x")
    client.push(packet, 0.0, client.encode(packet))
    client.push(packet, 0.0, (client.dialect, "3:::other"))
    assert client.frames_to_send() == ["3:::x", "3:::other"]


def test_what_was_encoded_for_another_server_is_not_taken():
    client = open_client()
    packet = event("x", id=1)
    with pytest.raises(ConnectionLost, match="another server"):
        client.push(packet, 0.0, (revision5().dialect, "2"), waiter="waiter")
    assert (client.frames_to_send(), len(client.acks)) == ([], 0)


def test_what_is_sent_before_it_is_known_what_is_spoken_waits():
    unknown = any_revision()
    client = connecting_client(opening=unknown)
    assert client.dialect is None
    client.push(Message("x"), 0.0)
    client.join("/chat", "", None, 0.0)
    late = client.encode(Message("y")), client.encode(Event("z", [b"bytes"]))
    one = unknown.candidates[0]
    link(client, 0.0, "1::", handshake=replace(HANDSHAKE, opening=revision1(), dialect=one))
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 0.0)
    assert client.frames_to_send() == ["3:::x"]
    client.push(Message("y"), 0.0, late[0])
    with pytest.raises(LocalProtocolError, match="bytes"):
        client.push(Event("z", [b"bytes"]), 0.0, late[1])
    assert client.frames_to_send() == ["3:::y"]


def test_join_that_was_encoded_before_it_was_known_what_is_spoken():
    unknown = any_revision()
    client, chat = connecting_client(opening=unknown), Endpoint("/chat")
    late = encode_join(chat, None, None, unknown)
    link(client, 0.0, "1::", handshake=replace(HANDSHAKE, opening=revision1(), dialect=unknown.candidates[0]))
    client.join("/chat", "", None, 0.0, encoding=late)
    assert client.frames_to_send() == ["1::/chat"]


def test_nothing_is_sent_before_it_was_opened():
    client = new_client(opening=any_revision())
    for verb in (lambda: client.push(Message("x"), 0.0), lambda: client.join("/chat", "", None, 0.0)):
        with pytest.raises(NotConnected, match=r"call open\(\)"):
            verb()


def test_packets_of_an_endpoint_that_was_left_are_not_taken():
    client = with_channel(open_client())
    first = joined(client)
    client.leave(first)
    client.join("/chat", "", None, 0.0)
    with pytest.raises(ChannelError, match="not connected any more"):
        client.push(Message("x", "/chat"), 0.0, endpoint=first)
    client.push(Message("x", "/chat"), 0.0, endpoint=joined(client))
    assert client.frames_to_send() == ["0::/chat", "1::/chat", "3::/chat:x"]


def test_nothing_can_be_pushed_before_the_connection_begins():
    with pytest.raises(NotConnected, match=r"call open\(\) first"):
        new_client().push(Message("x"), 0.0)


def test_a_push_after_the_end_says_why_it_ended():
    client = connecting_client()
    client.connect_failed(ConnectError("the host is down"), 0.0)
    with pytest.raises(NotConnected, match="the host is down"):
        client.push(Message("x"), 0.0)


def test_nothing_can_be_pushed_after_a_disconnect():
    client = open_client()
    client.disconnect()
    with pytest.raises(NotConnected, match="open it again"):
        client.push(Message("x"), 0.0)


def test_nothing_can_be_pushed_on_an_unknown_endpoint():
    client = open_client()
    with pytest.raises(ChannelError, match="'/chat' is not connected"):
        client.push(Message("x", "/chat"), 1.0)


def test_what_cannot_be_encoded_is_not_taken():
    client = open_client()
    with pytest.raises(LocalProtocolError):
        client.push(event("e", float("nan"), id=1), 1.0, waiter="waiter")
    assert (client.frames_to_send(), len(client.acks)) == ([], 0)


def test_an_id_that_is_awaited_is_not_taken_again():
    client = open_client()
    ask(client, "first")
    with pytest.raises(LocalProtocolError, match="still awaited"):
        client.push(event("e", id=1), 1.0, waiter="second")
    assert client.frames_to_send() == []


# Acknowledgements


def test_an_ack_times_out_exactly_in_time():
    client = open_client(handshake=NO_HEARTBEATS)
    ask(client, timeout=5.0)
    assert client.deadline() == 5.0
    client.handle_timeout(4.999)
    assert client.notices() == []
    client.handle_timeout(5.0)
    (failed,) = client.notices()
    assert failed.waiter == "waiter"
    assert isinstance(failed.error, AckTimeout)


def test_a_late_ack_finds_nobody():
    client = open_client()
    number = ask(client, timeout=5.0)
    client.handle_timeout(5.0)
    client.notices()
    client.receive([f"6:::{number}"], 6.0)
    assert client.notices() == []
    assert client.acks.ignored == 1


def test_an_ack_times_out_while_away_too():
    client = away(open_client(), 1.0)
    client.push(event("e", id=1), 1.0, waiter="waiter", timeout=0.5)
    client.handle_timeout(1.5)
    assert [type(notice.error) for notice in of(Unacknowledged, client)] == [AckTimeout]


def test_an_ack_of_an_earlier_session_finds_nobody():
    client = open_client()
    number = ask(client, "first")
    back(client, 1.0)
    assert ask(client, "second") > number
    client.receive([f"6:::{number}"], 3.0)
    assert client.notices() == []
    assert client.acks.ignored == 1


def test_an_acknowledgement_goes_to_the_endpoint_that_asked():
    client = with_channel(open_client())
    client.receive(["3:7:/chat:x", '5:8+:/chat:{"name":"e"}'], 1.0)
    client.acknowledge(client.notices()[1], [])
    assert client.frames_to_send() == ["6::/chat:7", "6::/chat:8"]


def test_a_packet_without_an_id_is_not_acknowledged():
    client = open_client()
    client.acknowledge(event("e"), ["r"])
    assert client.frames_to_send() == []


def test_an_acknowledgement_is_dropped_while_away():
    client = open_client()
    client.receive(['5:7+::{"name":"e"}'], 1.0)
    (packet,) = client.notices()
    away(client, 1.0)
    client.acknowledge(packet, ["r"])
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == []


def request(client: ClientProtocol, frame: str = '5:7+::{"name":"e"}') -> Event:
    """Receive a packet that asks for an acknowledgement."""
    client.receive([frame], 1.0)
    (packet,) = client.notices()
    return packet


def test_an_ack_of_one_session_is_not_written_in_the_next():
    client = open_client()
    packet = request(client)
    back(client, 1.0)
    assert client.acknowledge(packet, ["r"]) is Verdict.DROPPED
    assert client.frames_to_send() == []
    assert client.acknowledge(request(client), ["r"]) is Verdict.WRITE
    assert client.frames_to_send() == ['6:::7+["r"]']


@pytest.mark.parametrize("again", [False, True])
def test_no_ack_is_written_after_its_endpoint_was_left(again):
    client = with_channel(open_client())
    packet = request(client, '5:7+:/chat:{"name":"e"}')
    client.leave(joined(client))
    if again:
        with_channel(client)
    client.frames_to_send()
    assert client.acknowledge(packet, ["r"]) is Verdict.DROPPED
    assert client.frames_to_send() == []


def test_acknowledgements_are_written_at_once_or_together():
    client = open_client()
    packet = request(client)
    assert client.acknowledge(packet, []) is Verdict.WRITE
    assert client.acknowledge(packet, [], more=True) is Verdict.MORE
    assert client.acknowledge(packet, [1], encoding=(client.dialect, "6:::8"), more=True) is Verdict.MORE
    assert client.frames_to_send() == ["6:::7", "6:::7", "6:::8"]
    verdicts = [client.acknowledge(packet, [], more=True) for _ in range(MOST_CORKED)]
    assert verdicts == [Verdict.MORE] * (MOST_CORKED - 1) + [Verdict.WRITE]
    burst(client, 1000)
    assert client.acknowledge(packet, [], more=True) is Verdict.MORE  # the fence would hold it back


# Joining an endpoint


def test_a_join_asks_once_and_says_when_it_is_confirmed():
    client = open_client()
    endpoint = client.join("/chat", "?a=b", 5.0, 1.0)
    assert client.frames_to_send() == ["1::/chat:?a=b"]
    assert endpoint.state is Joining.ASKED
    client.receive(["1::/chat"], 2.0)
    assert (endpoint.state, endpoint.deadline) == (Joining.OPEN, None)
    client.receive(["1::/chat"], 2.0)
    assert client.notices() == [Connected("/chat")]
    assert client.frames_to_send() == []


def test_packets_for_an_endpoint_leave_behind_its_join():
    client = open_client()
    client.join("/chat", "", None, 1.0)
    client.push(Message("x", "/chat"), 1.0)
    assert client.frames_to_send() == ["1::/chat", "3::/chat:x"]


def test_an_endpoint_can_be_joined_while_away():
    client = away(open_client(), 1.0)
    client.join("/chat", "", None, 1.0)
    assert client.frames_to_send() == []
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert of(Connected, client)[-1] == Connected("/chat")


def test_an_endpoint_can_be_joined_while_others_are_restored():
    client = with_channel(open_client(), "/a")
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    client.join("/b", "", None, 2.0)
    assert client.frames_to_send() == ["1::/a", "1::/b"]
    client.receive(["1::/a"], 2.0)
    assert client.phase is Phase.RESTORING
    client.receive(["1::/b"], 2.0)
    assert client.phase is Phase.OPEN


def test_a_join_that_was_not_written_is_made_once_afterwards():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == ["1::/chat"]
    client.receive(["1::/chat"], 2.0)
    assert client.frames_to_send() == []


def test_the_default_endpoint_cannot_be_joined():
    with pytest.raises(LocalProtocolError, match="default endpoint"):
        open_client().join("", "", None, 0.0)


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_endpoint_cannot_be_joined_twice(confirmed):
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


def test_nothing_can_be_joined_before_connect_or_after_the_end():
    with pytest.raises(NotConnected):
        new_client().join("/chat", "", None, 0.0)
    client = open_client()
    client.disconnect()
    with pytest.raises(NotConnected):
        client.join("/chat", "", None, 0.0)


def test_a_join_with_an_encoding_is_written_as_it_is():
    client = open_client(opening=revision1())
    client.join("/chat", "", None, 0.0, encoding=(client.dialect, "1::/chat:?x=1"))
    assert client.frames_to_send() == ["1::/chat:?x=1"]


def test_a_join_that_was_encoded_for_another_server_is_refused():
    client = open_client()
    with pytest.raises(ChannelError, match="another server came"):
        client.join("/chat", "", None, 0.0, encoding=(revision5().dialect, "40/chat,"))
    assert client.endpoints.channels() == []
    client.join("/chat", "", None, 0.0)
    assert client.frames_to_send() == ["1::/chat"]


def test_an_auth_is_kept_and_its_data_is_sent():
    client = connecting_client(opening=revision5())
    link(client, 0.0, '40{"sid":"s"}')
    client.frames_to_send()
    endpoint = client.join("/chat", "", None, 0.0, auth, data=auth())
    assert endpoint.auth is auth
    assert client.frames_to_send() == ['40/chat,{"token":"x"}']
    client.join("/other", "", None, 0.0, {"token": "y"})
    assert client.frames_to_send() == ['40/other,{"token":"y"}']


def test_the_next_session_begins_with_the_joins_of_all_endpoints():
    client = with_channel(open_client())
    default, chat = client.endpoints.default, joined(client)
    default.auth, chat.auth = {"a": 1}, {"b": 2}
    assert chat.join_packet(chat.auth) == Connect("/chat", data={"b": 2})
    assert default.join_packet(default.auth) == Connect(data={"a": 1})
    assert list(client.endpoints) == [chat, default]


def auth() -> dict[str, str]:
    return {"token": "x"}


@pytest.mark.parametrize("end", ["left", "left while away", "ended by the server", "connection ended"])
def test_the_auth_of_a_channel_that_is_over_is_not_asked_again(end):
    client = connecting_client(opening=revision5())
    link(client, 0.0, '40{"sid":"s"}')
    endpoint = client.join("/chat", "", None, 0.0, auth, data=auth())
    client.receive(['40/chat,{"sid":"t"}'], 0.0)
    if end == "connection ended":
        client.disconnect()
    elif end == "ended by the server":
        client.receive(["41/chat,"], 0.0)
    else:
        if end == "left while away":
            away(client)
        client.leave(endpoint)
    assert endpoint.auth is None
    assert [joining.name for joining in client.endpoints] == [""]


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


def test_a_join_without_a_timeout_waits_as_long_as_the_session():
    client = open_client(handshake=NO_HEARTBEATS)
    endpoint = client.join("/chat", "", None, 100.0)
    assert client.deadline() is None
    client.handle_timeout(1e6)
    assert endpoint.state is Joining.ASKED


# Leaving an endpoint


def test_leaving_tells_the_server_and_the_user():
    client = with_channel(open_client())
    endpoint = joined(client)
    client.leave(joined(client))
    assert client.frames_to_send() == ["0::/chat"]
    assert client.notices() == [Disconnected("/chat", "client"), Left("/chat")]
    assert (endpoint.state, endpoint.error) == (Joining.OVER, None)


def test_what_was_pushed_on_an_endpoint_leaves_before_it():
    client = with_channel(open_client())
    client.push(Message("bye", "/chat"), 1.0)
    client.leave(joined(client))
    assert client.frames_to_send() == ["3::/chat:bye", "0::/chat"]


def test_leaving_a_closed_endpoint_does_nothing():
    client = with_channel(open_client())
    first = joined(client)
    client.leave(first)
    client.join("/chat", "", None, 0.0)
    client.frames_to_send()
    client.notices()
    client.leave(first)
    assert (client.notices(), client.frames_to_send()) == ([], [])
    assert joined(client).state is Joining.ASKED


def test_leaving_before_the_confirmation_tells_the_server():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    client.leave(joined(client))
    client.receive(["1::/chat"], 1.0)
    assert client.frames_to_send() == ["1::/chat", "0::/chat"]
    assert client.notices() == [Left("/chat")]


def test_an_endpoint_left_while_away_is_not_joined_again():
    client = with_channel(open_client())
    away(client, 1.0)
    client.push(Message("x", "/chat"), 1.0)
    client.leave(joined(client))
    come_back(client, 2.0, "1::")
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == []


def test_leaving_the_last_undecided_endpoint_lets_packets_go():
    client = with_channel(open_client())
    away(client, 1.0)
    client.push(Message("x"), 1.0)
    come_back(client, 2.0, "1::")
    client.leave(joined(client))
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == ["1::/chat", "3:::x", "0::/chat"]


def test_leaving_and_joining_during_restoring_stay_in_order():
    client = with_channel(with_channel(open_client()), "/other")
    away(client, 1.0)
    client.push(Message("for the one before", "/chat"), 1.0)
    come_back(client, 2.0, "1::", "1::/chat")
    client.leave(joined(client))
    client.join("/chat", "", None, 2.0)
    client.push(Message("for the next", "/chat"), 2.0)
    assert client.frames_to_send() == ["1::/chat", "1::/other"]
    client.receive(["1::/other"], 2.0)
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == ["3::/chat:for the one before", "0::/chat", "1::/chat", "3::/chat:for the next"]


def test_packets_of_an_endpoint_left_end_with_the_session():
    client = with_channel(open_client())
    client.push(Message("bye", "/chat"), 1.0)
    client.leave(joined(client))
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    assert client.frames_to_send() == []


def test_leaving_an_endpoint_unbinds_no_ack_of_another():
    client = with_channel(with_channel(open_client(), "/chat"), "/news")
    for endpoint in ("", "/news"):
        client.acknowledge(request(client, f'5:7+:{endpoint}:{{"name":"e"}}'), [])
    client.leave(joined(client))
    come_back(away(client, 1.0), 2.0, "1::", "1::/news")
    assert client.frames_to_send() == ["1::/news"]


# The fence


def burst(client: ClientProtocol, count: int, now: float = 0.0) -> list[str]:
    """Push so many packets, however many are queued, and write what may be written."""
    for number in range(count):
        client.push(event("n", number), now, waited=True)
    return client.frames_to_send()


def fences(frames: list[str]) -> list[int]:
    return [int(frame.split(":")[1]) for frame in frames if frame.startswith("8:")]


def test_a_burst_goes_on_when_its_fences_are_acknowledged():
    client = open_client(buffer_size=0)
    frames = burst(client, 1000)
    assert len(fences(frames)) == 1
    assert not client.has_frames()
    while client.push(event("last"), 0.0) is Verdict.FULL:
        client.receive([f"6:::{fences(frames)[-1]}"], 0.0)
        assert client.has_frames()
        frames += client.frames_to_send()
    while client.outbox.queued:
        client.receive([f"6:::{fences(frames)[-1]}"], 0.0)
        frames += client.frames_to_send()
    assert [frame for frame in frames if frame.startswith("5:")] == [
        *(f'5:::{{"name":"n","args":[{number}]}}' for number in range(1000)),
        '5:::{"name":"last"}',
    ]
    assert client.notices() == []


def test_packets_wait_for_more_while_a_fence_is_awaited():
    client = open_client()
    frames = burst(client, 40)  # a window, and a little more
    assert client.push(Message("x"), 0.0) is Verdict.WRITE  # the server may be one that acknowledges none
    client.receive([f"6:::{fences(frames)[0]}"], 0.0)
    assert client.push(Message("x"), 0.0) is Verdict.WRITE
    frames = client.frames_to_send() + burst(client, 40)
    assert client.push(Message("x"), 0.0) is Verdict.MORE
    assert client.push(event("x", id=9000), 0.0) is Verdict.WRITE  # somebody waits for it
    client.receive([f"6:::{fences(frames)[-1]}"], 0.0)
    assert client.push(Message("x"), 0.0) is Verdict.WRITE


def test_a_large_packet_begins_a_window():
    client = open_client()
    client.push(Message("x"), 0.0)
    client.push(Message("y" * 5000), 0.0)
    frames = client.frames_to_send()
    client.receive(["6:::1"], 0.0)
    frames += client.frames_to_send()
    assert [frame[:5] for frame in frames] == ["3:::x", "8:1::", "3:::y", "8:2::"]


def test_windows_leave_at_a_pace_until_the_first_ack():
    client = open_client(handshake=NO_HEARTBEATS)
    frames = burst(client, 1000)
    while (now := client.deadline()) < LONG_PATIENCE:
        client.handle_timeout(now)
        frames += client.frames_to_send()
    assert now == LONG_PATIENCE
    assert MOST_COUNTED <= len(frames) < MOST_COUNTED + 30


def test_urgent_frames_count_but_do_not_wait_for_the_fence():
    client = open_client()
    burst(client, 1000)
    client.receive(["2::"], 0.0)
    assert client.has_frames()
    assert client.frames_to_send() == ["2::"]


def acknowledged(client: ClientProtocol, frames: list[str]) -> list[str]:
    """Acknowledge the fences among these frames, and write what may be written then."""
    client.receive([f"6:::{number}" for number in fences(frames)], 0.0)
    return client.frames_to_send()


def test_a_thousand_joins_go_in_windows_too():
    client = open_client(handshake=NO_HEARTBEATS)
    for number in range(1100):
        client.join(f"/{number}", "", None, 0.0)
    away(client, 0.0)
    client.handle_timeout(client.deadline())
    link(client, client.sending.now, handshake=NO_HEARTBEATS)
    client.receive(["1::"], client.sending.now)
    windows = [client.frames_to_send()]
    assert not client.has_frames()
    while client.outbox.urgent:
        windows.append(acknowledged(client, windows[-1]))
    assert len(windows) >= 3
    assert all(len(window) <= MOST_AT_ONCE + 2 for window in windows)
    joins = [frame for window in windows for frame in window if frame.startswith("1::/")]
    assert joins == [f"1::/{number}" for number in range(1100)]


def last_frames(client: ClientProtocol) -> list[list[str]]:
    """Return what is written when the connection ends, by what leaves at once, if the server acknowledges all."""
    windows = [client.frames_to_send()]
    while (more_at := client.sending.more_at()) is not None:
        acks = [f"6:::{number}" for number in fences(windows[-1])]
        client.sending.receive_last([*acks, "5::/chat:x", "6:::7"], 0.0 if acks else min(more_at, 1e9))
        windows.append(client.frames_to_send())
    return windows


@pytest.mark.parametrize("count", [10, 1000])
def test_a_full_buffer_goes_in_windows_at_the_end(count):
    client = open_client()
    for number in range(count):
        client.push(event("n", number), 0.0, waited=True)
    client.disconnect()
    windows = last_frames(client)
    assert all(len(window) <= MOST_AT_ONCE for window in windows)
    assert len(windows) == 1 if count == 10 else len(windows) > 5
    frames = [frame for window in windows for frame in window if not frame.startswith("8:")]
    assert frames[-1] == "0::"
    assert len(frames) == count + 1
    assert client.sending.more_at() is None
    assert client.outbox.characters == 0


def test_a_server_that_takes_no_fences_gets_the_rest_at_once():
    client = open_client()
    for number in range(1000):
        client.push(event("n", number), 0.0, waited=True)
    client.disconnect()
    frames = client.frames_to_send()
    assert client.deadline() is None  # who writes the rest looks at ``more_at``
    client.sending.receive_last([], LONG_PATIENCE)
    frames += client.frames_to_send()
    assert [frame for frame in frames if not frame.startswith("8:")] == [
        f'5:::{{"name":"n","args":[{number}]}}' for number in range(1000)
    ] + ["0::"]
    assert client.sending.more_at() is None


def test_without_a_fence_nothing_is_waited_for_at_the_end():
    client = connecting_client()
    client.transport_opened(HANDSHAKE, "xhr-polling", 0.0)
    client.receive(["1::"], 0.0)
    for number in range(1000):
        client.push(event("n", number), 0.0, waited=True)
    client.disconnect()
    assert len(client.frames_to_send()) == 1001
    assert client.sending.more_at() is None
    client.sending.receive_last(["6:::1"], 0.0)


def test_over_polling_there_is_no_fence():
    client = connecting_client()
    client.transport_opened(HANDSHAKE, "xhr-polling", 0.0)
    client.receive(["1::"], 0.0)
    assert fences(burst(client, 1000)) == []
    assert not client.has_frames()


def test_a_server_without_fences_gets_everything_after_some_seconds():
    client = open_client(handshake=NO_HEARTBEATS)
    frames = burst(client, 1000)
    assert client.deadline() == PACE
    while (now := client.deadline()) < LONG_PATIENCE:
        client.handle_timeout(now)
        frames += client.frames_to_send()
    client.handle_timeout(LONG_PATIENCE)
    frames += client.frames_to_send()
    assert len(frames) == 1000 + len(fences(frames))
    assert client.push(Message("x"), LONG_PATIENCE) is Verdict.WRITE


def test_a_server_that_acknowledges_fences_no_longer_is_lost():
    client = open_client(handshake=NO_HEARTBEATS)
    client.receive([f"6:::{fences(burst(client, 50))[0]}"], 0.0)
    burst(client, 50)
    client.handle_timeout(29.999)
    assert client.phase is Phase.OPEN
    client.handle_timeout(30.0)
    assert client.phase is Phase.WAITING


def overfeed(client: ClientProtocol, now: float = 0.0) -> ClientProtocol:
    """Be kicked when so much was sent as some servers take over one websocket."""
    client.lifecycle.fence.bytes_counted = BYTE_BUDGET
    client.receive(["0::"], now)
    assert client.phase is Phase.WAITING
    return client


def test_after_such_a_kick_a_full_buffer_is_waited_for():
    client = overfeed(open_client(buffer_size=2))
    assert [client.push(Message(text), 0.0) for text in "abc"] == [Verdict.WRITE, Verdict.WRITE, Verdict.FULL]
    client.handle_timeout(DELAY)
    assert client.push(Message("c"), DELAY) is Verdict.FULL
    link(client, DELAY, "1::")
    assert client.push(Message("c"), DELAY) is Verdict.WRITE
    assert client.frames_to_send() == ["3:::a", "3:::b", "3:::c"]


def test_such_kicks_in_a_row_do_not_lengthen_the_delays():
    client, now = open_client(limit=100 * DELAY), 0.0
    for _ in range(5):
        overfeed(client, now)
        assert client.deadline() == now + DELAY
        now += DELAY
        client.handle_timeout(now)
        link(client, now, "1::")


def test_what_is_written_again_waits_for_room_while_the_connection_is_there():
    client = open_client(buffer_size=1)

    def push(number: int) -> Verdict:
        return client.push(event("n", id=number), 0.0, waiter=Delivery(number, 1, 5.0))

    assert [push(1), push(2)] == [Verdict.WRITE, Verdict.FULL]
    away(client)
    with pytest.raises(BufferFull, match="retries="):
        push(2)


def test_after_any_other_loss_a_full_buffer_raises():
    client = overfeed(open_client(buffer_size=0))
    assert client.push(Message("x"), 0.0) is Verdict.FULL
    come_back(client, DELAY, "1::")
    away(client, DELAY)
    with pytest.raises(NotConnected, match="buffer_size=0"):
        client.push(Message("x"), DELAY)


def test_a_kick_without_such_a_reason_is_final():
    client = open_client()
    client.push(Message("x"), 0.0)
    client.frames_to_send()
    client.receive(["0::"], 0.0)
    assert client.phase is Phase.CLOSED


def test_a_handler_that_blocks_is_not_held_against_the_fence():
    client = open_client()
    client.receive([f"6:::{fences(burst(client, 40))[0]}"], 0.0)
    client.reading.pause(0.0)
    (number,) = fences(burst(client, 40))
    while (now := client.deadline()) < 3600.0:
        client.handle_timeout(now)
        client.frames_to_send()
    assert client.phase is Phase.OPEN
    client.reading.resume(3600.0)
    client.handle_timeout(3610.0)
    client.receive([f"6:::{number}"], 3610.0)
    assert client.phase is Phase.OPEN


def test_no_server_is_judged_by_its_fences_while_nobody_reads():
    client = open_client(handshake=NO_HEARTBEATS)
    client.reading.pause(0.0)
    assert len(fences(burst(client, 1000))) == 1
    while (now := client.deadline()) is not None:
        client.handle_timeout(now)
        client.frames_to_send()
    client.handle_timeout(4.9)
    assert client.frames_to_send() == []
    client.reading.resume(5.0)
    client.handle_timeout(5.0 + LONG_PATIENCE - 0.1)
    assert client.frames_to_send() == []
    client.handle_timeout(5.0 + LONG_PATIENCE)
    assert client.frames_to_send() != []


# The end


def test_an_error_of_the_shell_ends_the_connection():
    client, error = open_client(), RuntimeError("boom")
    client.fail(error)
    assert client.notices()[-1] == Ended(client.lifecycle.error)
    assert str(client.lifecycle.error) == "an error inside sioclient: RuntimeError: boom"
    assert client.lifecycle.error.__cause__ is error
    assert not client.lifecycle.error.retryable
    client.fail(RuntimeError("another"))
    assert client.notices() == []
    assert client.lifecycle.error.__cause__ is error


def test_a_forgotten_connection_says_nothing():
    client = with_channel(open_client())
    client.forget()
    assert (client.phase, client.endpoints.default.state) == (Phase.CLOSED, Joining.OVER)
    assert (client.notices(), client.frames_to_send()) == ([], [])
    with pytest.raises(NotConnected):
        client.push(Message("x"), 0.0)


def test_a_disconnect_during_restoring_writes_no_packets():
    client = with_channel(open_client())
    away(client, 1.0)
    client.push(Message("x"), 1.0)
    come_back(client, 2.0, "1::")
    client.disconnect()
    assert client.frames_to_send() == ["1::/chat", "0::"]
    assert client.lifecycle.error is None


SESSION = [Phase.JOINING, Phase.RESTORING, Phase.OPEN]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.IDLE], ids=lambda phase: phase.value)
def test_a_connection_begins_only_once(phase):
    client = client_in(phase)
    with pytest.raises(LocalProtocolError, match="make a new one"):
        client.connect(1.0)
    assert client.phase is phase


@pytest.mark.parametrize("phase", [p for p in Phase if p not in SESSION], ids=lambda phase: phase.value)
def test_a_loss_that_comes_too_late_changes_nothing(phase):
    client = client_in(phase)
    client.notices()
    client.transport_lost("late", 1.0)
    assert (client.phase, client.notices()) == (phase, [])


@pytest.mark.parametrize("phase", [p for p in Phase if p is not Phase.CONNECTING], ids=lambda phase: phase.value)
def test_a_failed_attempt_that_comes_too_late_changes_nothing(phase):
    client = client_in(phase)
    client.notices()
    client.connect_failed(ConnectError("unreachable"), 1.0)
    assert (client.phase, client.notices()) == (phase, [])


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.CLOSED], ids=lambda phase: phase.value)
def test_a_transport_that_opens_too_late_changes_nothing(phase):
    client = client_in(phase)
    client.notices()
    client.transport_opened(HANDSHAKE, "websocket", 0.5)
    assert (client.phase, client.session, client.notices()) == (phase, None, [])


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.value)
def test_disconnect_is_final_from_every_phase(phase):
    client = client_in(phase)
    assert client.linked == (phase in (Phase.CONNECTING, *SESSION))
    client.disconnect()
    client.frames_to_send()
    assert client.notices()[-1] == Ended(None)
    assert not client.linked
    assert (client.phase, client.session, client.lifecycle.error, client.deadline()) == (Phase.CLOSED, None, None, None)
    client.receive(["1::", "3:::x"], 1.0)
    client.handle_timeout(1e9)
    assert (client.phase, client.notices(), client.frames_to_send()) == (Phase.CLOSED, [], [])


@pytest.mark.parametrize("phase", SESSION, ids=lambda phase: phase.value)
def test_the_server_is_told_of_the_end_of_a_session(phase):
    client = client_in(phase)
    client.disconnect()
    assert client.frames_to_send()[-1] == "0::"


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.CONNECTING, Phase.WAITING], ids=lambda phase: phase.value)
def test_without_a_session_no_server_is_told(phase):
    client = client_in(phase)
    client.disconnect()
    assert client.frames_to_send() == []


def test_queued_packets_are_written_before_the_last_one():
    client = open_client()
    client.receive(["2::"], 0.0)
    client.push(Message("a"), 0.0)
    client.push(Message("b"), 0.0)
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


LARGE = Message("x" * 1000)


@pytest.mark.parametrize(
    "send",
    [
        lambda client, asked: client.push(replace(LARGE, id=1), 0.0, waiter="waiter", timeout=5.0),
        lambda client, asked: client.acknowledge(asked, ["x" * 1000]),
        lambda client, asked: client.join("/chat", "?" + "x" * 1000, 5.0, 0.0),
    ],
    ids=["push", "acknowledge", "join"],
)
def test_a_packet_beyond_the_announced_limit_is_refused(send):
    client = open_client(handshake=replace(HANDSHAKE, max_payload=1000))
    client.receive(['5:1+::{"name":"ask"}'], 0.0)
    (asked,) = of(Event, client)
    with pytest.raises(LocalProtocolError, match="bytes, and the server takes 1000 at once"):
        send(client, asked)
    assert (client.frames_to_send(), client.notices(), client.acks.deadline()) == ([], [], None)
    assert client.push(Message("x" * 996), 0.0) is Verdict.WRITE
    assert client.frames_to_send()[:1] == ["3:::" + "x" * 996]


def test_the_limit_of_the_server_before_holds_while_it_is_away():
    client = away(open_client(handshake=replace(HANDSHAKE, max_payload=1000)))
    with pytest.raises(LocalProtocolError):
        client.push(LARGE, 0.0)
    come_back(client, 2.0, "1::")
    assert client.push(LARGE, 2.0) is Verdict.WRITE, "the server that is there now has announced nothing"


def test_who_waits_for_a_pong_goes_on_without_it_in_time():
    client = connecting_client(opening=revision5())
    link(client, 0.0, '40{"sid":"s"}', handshake=replace(HANDSHAKE, heartbeat_timeout=None))
    endpoint = client.join("/chat", "", None, 0.0)
    client.receive(['40/chat,{"sid":"t"}'], 0.0)
    client.leave(endpoint)
    client.join("/chat", "", None, 0.0)
    assert client.frames_to_send()[-2] == "41/chat,"
    client.handle_timeout(PATIENCE)
    assert client.frames_to_send() == ["40/chat,"]
