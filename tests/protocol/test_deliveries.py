"""Packets that are written again until they are acknowledged: by example, and against a model."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sioclient.errors import AckTimeout, BufferFull, ChannelError, ConnectionLost, LocalProtocolError, NotConnected
from sioclient.protocol.client import ClientProtocol, Verdict
from sioclient.protocol.deliveries import Delivery
from sioclient.protocol.notices import Acknowledged, Delivered, Unacknowledged
from sioclient.protocol.packets import Event
from sioclient.protocol.phases import Phase
from sioclient.protocol.retry import OVERFED
from sioclient.protocol.revisions import any_revision, revision1

from .driver import (
    DELAY,
    HANDSHAKE,
    NO_HEARTBEATS,
    away,
    come_back,
    event,
    joined,
    link,
    new_client,
    of,
    open_client,
    with_channel,
)

SECONDS = 5.0


def emit(client: ClientProtocol, number: int, now: float = 0.0, *, endpoint: str = "", **options: Any) -> Verdict:
    """Emit an event that is written again twice at most; its id is its number."""
    delivery = Delivery(f"waiter {number}", **({"retries": 2, "timeout": SECONDS} | options))
    return client.push(event("n", number, endpoint=endpoint, id=number), now, waiter=delivery)


def written(client: ClientProtocol) -> list[int]:
    """Take the frames to be written, and return the numbers of the events."""
    frames = [str(frame) for frame in client.frames_to_send()]
    return [int(frame.split(":")[1]) for frame in frames if frame.startswith("5:")]


def acknowledge(client: ClientProtocol, *numbers: int, now: float = 0.0, endpoint: str = "") -> None:
    client.receive([f"6::{endpoint}:{number}+[{number}]" for number in numbers], now)


def outcomes(client: ClientProtocol) -> list[tuple[Any, Any]]:
    """Take the notices, and return who was told of an acknowledgement, and what: its values, or the kind of error."""
    return [
        (notice.waiter, notice.args if isinstance(notice, Acknowledged) else type(notice.error))
        for notice in client.notices()
        if isinstance(notice, (Acknowledged, Unacknowledged))
    ]


def errors(client: ClientProtocol) -> list[str]:
    return [str(notice.error) for notice in of(Unacknowledged, client)]


def back(client: ClientProtocol, now: float) -> ClientProtocol:
    come_back(client, now, "1::")
    assert client.phase is Phase.OPEN
    return client


# One at a time


def test_the_next_packet_is_written_after_the_acknowledgement():
    client = open_client()
    assert [emit(client, number) for number in (1, 2, 3)] == [Verdict.WRITE] * 3
    assert written(client) == [1]
    assert client.membership.deliveries.waiting() == 2
    acknowledge(client, 1)
    assert written(client) == [2]
    acknowledge(client, 2)
    assert written(client) == [3]
    acknowledge(client, 3)
    assert written(client) == []
    assert of(Delivered, client) == [Delivered(f"waiter {number}", [number]) for number in (1, 2, 3)]
    assert not client.membership.deliveries.queues
    assert not len(client.acks)


def test_each_endpoint_has_a_queue_of_its_own():
    client = with_channel(open_client())
    for number in (1, 2):
        emit(client, number)
    for number in (3, 4):
        emit(client, number, endpoint="/chat")
    assert written(client) == [1, 3]
    acknowledge(client, 3, endpoint="/chat")
    assert written(client) == [4]


def test_packets_that_are_written_once_do_not_wait():
    client = open_client()
    emit(client, 1)
    emit(client, 2)
    client.push(event("n", id=3), 0.0, waiter="waiter 3")
    assert written(client) == [1, 3]
    away(client, 1.0)
    assert outcomes(client) == [("waiter 3", ConnectionLost)]


def test_an_acknowledgement_of_what_was_not_written_yet_counts():
    client = open_client()
    for number in (1, 2, 3):
        emit(client, number)
    assert written(client) == [1]
    acknowledge(client, 2)
    acknowledge(client, 1)
    assert written(client) == [3]
    assert [waiter for waiter, _ in outcomes(client)] == ["waiter 2", "waiter 1"]


def test_a_delivery_with_an_id_that_is_awaited_is_refused():
    client = open_client()
    emit(client, 1)
    emit(client, 2)
    with pytest.raises(LocalProtocolError, match="still awaited"):
        emit(client, 2)
    assert written(client) == [1]
    acknowledge(client, 1)
    assert written(client) == [2]
    acknowledge(client, 2)
    assert written(client) == []
    assert not client.membership.deliveries.queues


# Time


def test_a_packet_is_written_again_when_its_time_is_over():
    client = open_client()
    emit(client, 1)
    assert written(client) == [1]
    assert client.deadline() == SECONDS
    client.handle_timeout(SECONDS - 0.001)
    assert written(client) == []
    client.handle_timeout(SECONDS)
    assert written(client) == [1]
    assert client.acks.deadline() == 2 * SECONDS
    acknowledge(client, 1, now=SECONDS + 1)
    assert outcomes(client) == [("waiter 1", [1])]
    assert client.acks.round_trip == 1.0
    client.handle_timeout(2 * SECONDS)
    assert written(client) == []


def test_when_its_tries_are_spent_the_next_packet_is_written():
    client = open_client()
    emit(client, 1)
    emit(client, 2, 1.0)
    sent = []
    for number in range(4):
        sent += written(client)
        client.receive(["2::"], number * SECONDS)
        client.handle_timeout(number * SECONDS)
    assert sent == [1, 1, 1]
    assert written(client) == [2]
    (told,) = of(Unacknowledged, client)
    assert told.waiter == "waiter 1"
    assert isinstance(told.error, AckTimeout)
    assert str(told.error) == "it was written 3 times, and given 5 s each time"


def test_an_acknowledgement_that_comes_late_causes_no_duplicate():
    client = open_client()
    emit(client, 1)
    emit(client, 2)
    assert written(client) == [1]
    client.handle_timeout(SECONDS)  # queued again, but not written
    acknowledge(client, 1, now=SECONDS)
    assert written(client) == [2]
    assert outcomes(client) == [("waiter 1", [1])]


def test_a_try_begins_when_its_packet_is_written():
    client = open_client()
    emit(client, 1, retries=0)
    client.handle_timeout(SECONDS)  # the network has taken nothing for as long
    client.handle_timeout(2 * SECONDS)
    assert outcomes(client) == []
    assert written(client) == [1]
    client.handle_timeout(3 * SECONDS)
    assert outcomes(client) == [("waiter 1", AckTimeout)]


def test_a_try_goes_on_while_nobody_reads():
    client = open_client()
    emit(client, 1)
    assert written(client) == [1]
    client.lifecycle.reading.pause(1.0)
    for now in (5.0, 10.0, 15.0, 20.0):
        client.handle_timeout(now)
        assert written(client) == []
    client.lifecycle.reading.resume(21.0)
    acknowledge(client, 1, now=21.0)
    assert outcomes(client) == [("waiter 1", [1])]


def test_a_limit_holds_over_all_tries():
    client = open_client()
    emit(client, 1, limit=7.0)
    assert written(client) == [1]
    client.handle_timeout(5.0)
    assert written(client) == [1]
    client.handle_timeout(7.0)
    assert written(client) == []
    assert errors(client) == ["it was written twice, and given 7 s in all"]


def test_a_limit_holds_for_a_packet_that_waits_for_others():
    client = open_client()
    emit(client, 1)
    emit(client, 2, limit=3.0)
    emit(client, 3)
    client.handle_timeout(3.0)
    assert errors(client) == ["it was never written, and given 3 s in all"]
    acknowledge(client, 1, now=4.0)
    assert written(client) == [1, 3]


def test_what_was_given_up_before_it_was_written_is_not_written():
    client = open_client()
    emit(client, 1, limit=3.0)
    client.handle_timeout(3.0)
    assert written(client) == []
    assert outcomes(client) == [("waiter 1", AckTimeout)]


# Losses


def test_after_a_loss_the_first_packet_is_written_again():
    client = open_client()
    emit(client, 1)
    emit(client, 2)
    assert written(client) == [1]
    away(client, 1.0)
    assert outcomes(client) == []
    back(client, 1.0 + DELAY)
    assert written(client) == [1]
    assert client.acks.deadline() == 1.0 + DELAY + SECONDS
    acknowledge(client, 1, now=3.0)
    assert written(client) == [2]
    assert outcomes(client) == [("waiter 1", [1])]


def test_while_the_connection_is_away_no_try_is_spent():
    client = open_client(attempts=None)
    emit(client, 1, retries=1)
    assert written(client) == [1]
    away(client, 1.0)
    client.handle_timeout(1.0 + DELAY)
    link(client, 2.0)
    client.transport_lost("again", 3.0)  # before the server has joined us
    client.handle_timeout(100.0)
    assert outcomes(client) == []
    link(client, 101.0, "1::")
    assert written(client) == [1]
    client.handle_timeout(101.0 + SECONDS)
    assert errors(client) == ["it was written twice, and given 5 s each time"]


def test_a_try_that_was_queued_and_not_written_is_none():
    client = open_client()
    emit(client, 1, retries=0)
    away(client, 1.0)
    assert client.outbox.queued == 0
    back(client, 1.0 + DELAY)
    assert written(client) == [1]
    away(client, 4.0)
    assert outcomes(client) == [("waiter 1", ConnectionLost)]


def test_tries_that_losses_cut_short_are_spent():
    client = open_client()
    emit(client, 1)
    now = 1.0
    for _ in range(3):
        assert written(client) == [1]
        away(client, now)
        back(client, now + DELAY)
        now += 2 * DELAY
    assert written(client) == []
    (told,) = of(Unacknowledged, client)
    assert isinstance(told.error, ConnectionLost)
    assert "lost before the acknowledgement came: gone" in str(told.error)


def test_what_is_emitted_while_away_is_written_in_order():
    client = away(open_client(), 1.0)
    emit(client, 1, 1.0)
    emit(client, 2, 1.0)
    assert client.outbox.queued == 0
    back(client, 1.0 + DELAY)
    assert written(client) == [1]
    acknowledge(client, 1, now=3.0)
    assert written(client) == [2]


def test_after_a_loss_nothing_is_written_before_its_endpoint_is_joined():
    client = with_channel(open_client())
    emit(client, 1, endpoint="/chat")
    emit(client, 2)
    assert written(client) == [1, 2]
    away(client, 1.0)
    back_at = 1.0 + DELAY
    come_back(client, back_at, "1::")
    assert client.phase is Phase.RESTORING
    emit(client, 3, back_at)
    assert written(client) == []
    client.receive(["1::/chat"], back_at + 4)
    assert sorted(written(client)) == [1, 2]
    assert client.acks.deadline() == back_at + 4 + SECONDS


def test_what_is_emitted_before_an_endpoint_is_joined_waits_for_that():
    client = open_client()
    client.join("/chat", "", None, 0.0)
    emit(client, 1, endpoint="/chat")
    assert written(client) == []
    client.receive(["1::/chat"], 1.0)
    assert written(client) == [1]
    assert client.acks.deadline() == 1.0 + SECONDS


def test_a_join_that_times_out_lets_the_others_go_on():
    client = with_channel(open_client())
    emit(client, 1)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    client.handle_timeout(client.deadline())
    assert client.phase is Phase.RESTORING
    while client.phase is Phase.RESTORING:
        client.handle_timeout(client.deadline())
    assert written(client) == [1]


def test_leaving_the_last_endpoint_that_is_undecided_lets_the_others_go_on():
    client = with_channel(open_client())
    emit(client, 1)
    away(client, 1.0)
    come_back(client, 2.0, "1::")
    client.leave(joined(client))
    assert client.phase is Phase.OPEN
    assert written(client) == [1]
    assert client.acks.deadline() == 2.0 + SECONDS


def test_what_belongs_to_a_session_ends_with_it():
    client = open_client()
    emit(client, 1)
    emit(client, 2, of_session=True)
    emit(client, 3)
    away(client, 1.0)
    assert outcomes(client) == [("waiter 2", ConnectionLost)]
    back(client, 2.0)
    assert written(client) == [1]


def test_a_server_of_another_revision_gets_nothing_of_what_was_for_the_one_before():
    client = open_client()
    emit(client, 1)
    emit(client, 2)
    away(client, 1.0)
    client.lifecycle._forget_queued("revision 5")
    assert outcomes(client) == [("waiter 1", ConnectionLost), ("waiter 2", ConnectionLost)]
    assert not client.membership.deliveries.queues


# Room


def test_so_many_may_wait_as_while_the_connection_is_away():
    client = open_client(buffer_size=3)
    assert [emit(client, number) for number in (1, 2, 3, 4)] == [Verdict.WRITE] * 3 + [Verdict.FULL]
    acknowledge(client, 1)
    assert emit(client, 4) is Verdict.WRITE
    away(client)
    with pytest.raises(BufferFull, match=r"3 packets .*and the connection is away: send less"):
        emit(client, 5)
    client.push(event("n"), 0.0)  # what is written once has room of its own


def test_without_a_buffer_each_waits_for_the_one_before():
    client = open_client(buffer_size=0)
    assert emit(client, 1) is Verdict.WRITE
    assert emit(client, 2) is Verdict.FULL
    assert written(client) == [1]
    acknowledge(client, 1)
    assert emit(client, 2) is Verdict.WRITE
    away(client)
    with pytest.raises(NotConnected, match="buffer_size=0"):
        emit(client, 3)
    back(client, DELAY)
    assert written(client) == [2]


def test_the_characters_that_may_wait_are_limited():
    client = open_client()
    large = "x" * (2**20 - 50)

    def push(number: int, text: str) -> Verdict:
        packet = event("n", text, id=number)
        return client.push(packet, 0.0, waiter=Delivery(number, 2, SECONDS))

    assert push(1, 3 * large) is Verdict.WRITE  # one may have any size
    assert push(2, "x") is Verdict.FULL
    acknowledge(client, 1)
    assert push(2, large) is Verdict.WRITE
    assert push(3, 20 * "x") is Verdict.FULL
    acknowledge(client, 2)
    assert push(3, large) is Verdict.WRITE


def test_when_the_server_takes_us_back_at_once_there_is_room_soon():
    client = open_client(buffer_size=1)
    emit(client, 1)
    client.lifecycle.lost(OVERFED, ConnectionLost("overfed"), 1.0)
    assert client.lifecycle.comes_back_in_a_moment
    assert emit(client, 2, 1.0) is Verdict.FULL


# The end


def test_leaving_an_endpoint_ends_its_deliveries():
    client = with_channel(open_client())
    for number in (1, 2):
        emit(client, number, endpoint="/chat")
    emit(client, 3)
    assert written(client) == [1, 3]
    client.leave(joined(client))
    frames = client.frames_to_send()
    assert [frame[:9] for frame in frames] == ["5:2:/chat", "0::/chat"]
    assert outcomes(client) == [("waiter 1", ConnectionLost), ("waiter 2", ConnectionLost)]
    client.join("/chat", "", None, 1.0)
    client.receive(["1::/chat"], 1.0)
    assert written(client) == []


def test_an_endpoint_that_the_server_ends_ends_its_deliveries():
    client = with_channel(open_client())
    emit(client, 1, endpoint="/chat")
    emit(client, 2, endpoint="/chat")
    client.receive(["0::/chat"], 1.0)
    assert outcomes(client) == [("waiter 1", ConnectionLost), ("waiter 2", ConnectionLost)]
    assert written(client) == []
    with pytest.raises(ChannelError):
        emit(client, 3, endpoint="/chat")


def test_disconnect_writes_what_was_accepted_once():
    client = with_channel(open_client())
    for number in (1, 2, 3):
        emit(client, number)
    emit(client, 4, endpoint="/chat")
    client.join("/not yet", "", None, 0.0)
    emit(client, 5, endpoint="/not yet")
    assert written(client) == [1, 4]
    client.disconnect()
    assert written(client) == [2, 3]
    told = {notice.waiter: str(notice.error) for notice in of(Unacknowledged, client)}
    assert sorted(told) == [f"waiter {number}" for number in (1, 2, 3, 4, 5)]
    assert "lost before the acknowledgement came: client" in told["waiter 1"]
    assert "lost before the acknowledgement came: client" in told["waiter 3"]
    assert "ended before the packet was sent: client" in told["waiter 5"]
    assert not client.membership.deliveries.queues


def test_at_the_end_everything_is_written_as_the_server_takes_it():
    client, numbers, most = open_client(handshake=NO_HEARTBEATS), [], 0
    for number in range(1, 1000):
        emit(client, number)
    assert written(client) == [1]
    client.disconnect()
    while client.sending.more_at() is not None:
        frames = client.frames_to_send()
        numbers += [int(frame.split(":")[1]) for frame in frames if frame.startswith("5:")]
        most = max(most, len(frames))
        acks = [frame.replace("8:", "6:::").rstrip(":") for frame in frames if frame.startswith("8:")]
        client.sending.receive_last(acks, 0.0)
    assert numbers == list(range(2, 1000))
    assert frames[-1] == "0::"
    assert most < 200
    assert len(outcomes(client)) == 999


def test_disconnect_while_away_ends_all():
    client = open_client()
    emit(client, 1)
    assert written(client) == [1]
    away(client, 1.0)
    emit(client, 2, 1.0)
    client.disconnect()
    assert written(client) == []
    told = {notice.waiter: str(notice.error) for notice in of(Unacknowledged, client)}
    assert "lost before the acknowledgement came" in told["waiter 1"]
    assert "ended before the packet was sent" in told["waiter 2"]


def test_a_packet_that_ctrl_c_kept_from_its_queue_ends_with_the_others():
    client = open_client()
    emit(client, 1)
    client.acks.add(("", 2), Delivery("waiter 2", 2, SECONDS, key=("", 2)), None)
    client.acks.add(("/chat", 3), Delivery("waiter 3", 2, SECONDS, key=("/chat", 3)), None)
    client.disconnect()
    assert [waiter for waiter, _ in outcomes(client)] == ["waiter 1", "waiter 2", "waiter 3"]


@pytest.mark.parametrize("is_queued", [True, False])
def test_a_packet_that_ctrl_c_kept_from_being_queued_is_no_try(is_queued, monkeypatch):
    client = open_client()
    push = client.outbox.push

    def interrupted(*args: Any, **options: Any) -> None:
        if is_queued:
            push(*args, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(client.outbox, "push", interrupted)
        with pytest.raises(KeyboardInterrupt):
            emit(client, 1)
    (delivery,) = client.membership.deliveries
    assert (delivery.under_way, delivery.tries) == (is_queued, int(is_queued))
    emit(client, 2)
    assert written(client) == [1]
    acknowledge(client, 1)
    assert written(client) == [2]


# Against a model

NAMES = ("", "/chat")
RETRIES, LIMIT = 2, 12.0
_EVENT = re.compile(r"5:([0-9]+):([^:]*):(.*)")
_FENCE = re.compile(r"8:([0-9]+)::")


class Machine(RuleBasedStateMachine):
    """A user who emits, a network that loses connections, and a server that acknowledges late, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.client = new_client(attempts=None, buffer_size=10)
        self.now, self.number, self.session, self.flows = 0.0, 0, 0, True
        self.stalled_at = float("-inf")  # when the network was seen to take nothing last
        self.accepted: dict[str, list[int]] = {name: [] for name in NAMES}  # in order, with all that is over
        self.limited: set[int] = set()
        self.settled: dict[int, Any] = {}
        self.settled_in: dict[int, int] = {}  # in which session
        self.writes: Counter[int] = Counter()
        self.order: dict[str, list[int]] = {name: [] for name in NAMES}  # in which the server got them first
        self.latest: dict[int, tuple[float, int]] = {}  # when, and in which session, each was written last
        self.may_be_acknowledged: set[tuple[str, int]] = set()  # in this session
        self.acknowledged: set[int] = set()

    @initialize()
    def begin(self) -> None:
        self.client.connect(self.now)
        self.come_back()

    def come_back(self) -> None:
        self.session += 1
        self.may_be_acknowledged.clear()
        link(self.client, self.now, "1::", *(["1::/chat"] if self.client.endpoints.get("/chat") else []))

    @precondition(lambda self: self.client.phase is Phase.WAITING)
    @rule()
    def the_connection_comes_back(self) -> None:
        self.now = max(self.now, self.client.lifecycle.deadline())
        self.client.handle_timeout(self.now)
        self.come_back()

    @precondition(lambda self: self.client.linked)
    @rule()
    def the_connection_is_lost(self) -> None:
        self.client.transport_lost("gone", self.now)

    @rule(flows=st.sampled_from([True, True, False]))
    def the_network_flows_or_stalls(self, flows: bool) -> None:
        self.stalled_at = self.stalled_at if self.flows else self.now
        self.flows = flows

    @rule(seconds=st.sampled_from([0.0, 1.0, SECONDS]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.client.deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            if self.client.phase is Phase.WAITING and self.client.lifecycle.deadline() <= self.now:
                self.the_connection_comes_back()
            else:
                self.client.receive(["8::"], self.now)  # the server lives
                self.client.handle_timeout(self.now)
            self.observe()
        self.now = end

    @precondition(lambda self: self.may_be_acknowledged and self.client.linked)
    @rule(data=st.data(), times=st.integers(1, 2))
    def the_server_acknowledges(self, data: st.DataObject, times: int) -> None:
        name, number = data.draw(st.sampled_from(sorted(self.may_be_acknowledged)))
        self.acknowledged.add(number)
        self.client.receive([f"6::{name}:{number}"] * times, self.now)

    @rule(name=st.sampled_from(NAMES), limited=st.booleans(), of_session=st.sampled_from([False, False, True]))
    def the_user_emits(self, name: str, limited: bool, of_session: bool) -> None:
        self.number += 1
        number = self.number
        limit = LIMIT if limited else None
        delivery = Delivery(number, RETRIES, SECONDS, limit, of_session)
        try:
            verdict = self.client.push(event("n", number, endpoint=name, id=number), self.now, waiter=delivery)
        except (NotConnected, BufferFull, ChannelError):
            return
        if verdict is not Verdict.FULL:
            self.accepted[name].append(number)
            if limited or of_session:
                self.limited.add(number)

    @precondition(lambda self: self.client.phase is Phase.OPEN and not self.client.endpoints.get("/chat"))
    @rule()
    def the_user_joins(self) -> None:
        self.client.join("/chat", "", None, self.now)
        self.client.receive(["1::/chat"], self.now)

    @precondition(lambda self: self.client.endpoints.get("/chat"))
    @rule(luck=st.integers(0, 3))
    def the_user_leaves(self, luck: int) -> None:
        if not luck:
            self.client.leave(joined(self.client))

    @precondition(lambda self: self.number > 20)
    @rule()
    def the_user_disconnects(self) -> None:
        self.client.disconnect()

    @invariant()
    def all_promises_hold(self) -> None:
        self.observe()
        waiting = [n for name in NAMES for n in self.accepted[name] if n not in self.settled]
        assert sorted(delivery.key[1] for delivery in self.client.membership.deliveries) == sorted(waiting)
        assert len(self.client.acks) == len(waiting) <= 10
        if self.client.phase is Phase.CLOSED:
            assert not waiting
        elif self.client.phase is Phase.OPEN and self.flows:
            for name in NAMES:
                queue = self.client.membership.deliveries.queues.get(name)
                assert not queue or self.latest[queue[0].key[1]][1] == self.session, "the first one is under way"

    def observe(self) -> None:
        is_over = self.client.phase is Phase.CLOSED
        self.stalled_at = self.stalled_at if self.flows else self.now
        before = set(self.settled)
        for notice in self.client.notices():
            if isinstance(notice, (Acknowledged, Unacknowledged)):
                assert notice.waiter not in self.settled, "told twice"
                self.settled[notice.waiter], self.settled_in[notice.waiter] = notice, self.session
                self.check_outcome(notice, is_over)
        while (self.flows or is_over) and (frames := self.client.frames_to_send()):
            for frame in frames:
                if match := _EVENT.fullmatch(frame):
                    self.check_write(match[2], json.loads(match[3])["args"][0], before)
                elif fence := _FENCE.fullmatch(frame):
                    self.client.receive([f"6:::{fence[1]}"], self.now)  # else it would hold tries back

    def check_outcome(self, notice: Acknowledged | Unacknowledged, is_over: bool) -> None:
        number = notice.waiter
        if isinstance(notice, Acknowledged):
            assert number in self.acknowledged
        elif not is_over and number not in self.limited and self.client.endpoints.get("/chat"):
            assert number in self.accepted["/chat"] or self.writes[number] == RETRIES + 1, "given up too early"

    def check_write(self, name: str, number: int, settled: set[int]) -> None:
        assert number in self.accepted[name]
        if number in settled:
            assert self.settled_in[number] == self.session
            assert isinstance(getattr(self.settled[number], "error", None), ConnectionLost), "written, though settled"
        self.writes[number] += 1
        assert self.writes[number] <= RETRIES + 1
        if number in self.latest:
            when, session = self.latest[number]
            # A try that could not be written at once has less time.
            was_stalled = self.now > when and self.stalled_at > when - SECONDS
            assert session != self.session or self.now >= when + SECONDS or was_stalled, "written again without need"
            assert number not in self.acknowledged, "a duplicate, though the acknowledgement was not lost"
        else:
            assert not self.order[name] or self.order[name][-1] < number, "out of order"
            self.order[name].append(number)
        self.latest[number] = self.now, self.session
        self.may_be_acknowledged.add((name, number))


TestModel = Machine.TestCase
TestModel.pytestmark = [pytest.mark.timeout(600)]
TestModel.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def test_deliveries_wait_until_it_is_known_what_the_server_speaks():
    unknown = any_revision()
    client = new_client(opening=unknown)
    client.connect(0.0)
    emit(client, 1)
    client.push(Event("n", [b"bytes"], id=2), 0.0, waiter=Delivery("waiter 2", 2, SECONDS))
    emit(client, 3)
    one = unknown.candidates[0]
    link(client, 0.0, "1::", handshake=replace(HANDSHAKE, opening=revision1(), dialect=one))
    assert outcomes(client) == [("waiter 2", LocalProtocolError)]
    assert written(client) == [1]
    acknowledge(client, 1)
    assert written(client) == [3]
    acknowledge(client, 3)
    assert client.membership.deliveries._characters == 0
