"""The promises D1 to D7, by a machine that does anything in any order and compares with a small model."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sioclient.errors import AckTimeout, BufferFull, ChannelError, ConnectError, ConnectionLost, NotConnected
from sioclient.protocol.client import Verdict
from sioclient.protocol.notices import (
    Acknowledged,
    Connected,
    Disconnected,
    Ended,
    JoinFailed,
    Left,
    Reconnected,
    Unacknowledged,
)
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.phases import Phase

from .driver import HANDSHAKE, event, new_client

CHANNELS = ("/a", "/b")
NAMES = ("", *CHANNELS)
IN_SESSION = (Phase.JOINING, Phase.RESTORING, Phase.OPEN)
_EVENT = re.compile(r"5:([0-9]*)\+?:([^:]*):(.*)")
_ACK = re.compile(r"6::([^:]*):([0-9]+)(?:\+\[1\])?")


class Machine(RuleBasedStateMachine):
    """A client, its network and its user. Every packet carries a number, so that none can be mistaken for another."""

    def __init__(self) -> None:
        super().__init__()
        self.client = new_client(attempts=None, buffer_size=20, wait_for_connection=True)
        self.client.endpoints.default.owner = "socket"
        self.now = 0.0
        self.number = self.ended = self.sessions = self.confirmations = 0
        # What the user sent, by endpoint, in order; and whose acknowledgements are awaited, by the event's number.
        self.accepted: list[tuple[str, int]] = []
        self.written: list[tuple[str, int]] = []
        self.waiting: dict[int, tuple[str, int]] = {}
        self.settled: set[int] = set()
        # The owners of endpoints by name: asked for, or open. Those joined again hear nothing before it is confirmed.
        self.asked: dict[str, Any] = {"": "socket"}
        self.open: dict[str, Any] = {}
        self.members: dict[str, int] = {}  # the number of the confirmation of each that is open
        self.left: set[str] = set()
        self.deaf: set[str] = set()
        # What the server sent: the owner that must hear it, or may, by its number.
        self.must_hear: dict[int, Any] = {}
        self.may_hear: dict[int, tuple[str, Any]] = {}
        self.heard = dict.fromkeys(NAMES, 0)  # the latest on each endpoint
        self.requests: list[
            tuple[Event, int]
        ] = []  # that ask for an acknowledgement, with the number of the confirmation
        self.acks: dict[int, int] = {}  # that may be written, with their session
        # What the server has of this session.
        self.joins_seen: set[str] = set()
        self.there: set[str] = set()
        self.undecided: set[str] = set()  # the channels that it must confirm again before anything else is written
        self.flows = True  # whether what the client wants to write can be written

    @initialize(is_open=st.sampled_from([True, True, False]))
    def begin(self, is_open: bool) -> None:
        self.client.connect(self.now)
        if is_open:
            self.a_session_begins("websocket", list(CHANNELS))

    # The network

    @precondition(lambda self: self.client.phase is Phase.WAITING)
    @rule(transport=st.sampled_from(["websocket", "xhr-polling"]), names=st.permutations(CHANNELS))
    def the_connection_comes_back(self, transport: str, names: list[str]) -> None:
        self.a_handler_begins_or_ends(reads=True)
        self.now = max(self.now, self.client.lifecycle.deadline())
        self.client.handle_timeout(self.now)
        self.a_session_begins(transport, names)

    def a_session_begins(self, transport: str, names: list[str]) -> None:
        """Go all the way to an open connection: without this, few walks would come so far."""
        self.a_transport_opens(transport)
        self.the_server_greets()
        self.observe()
        for name in names:
            self.the_server_joins_us(name)
        self.observe()

    @precondition(lambda self: self.client.phase is Phase.CONNECTING)
    @rule(transport=st.sampled_from(["websocket", "xhr-polling"]))
    def a_transport_opens(self, transport: str) -> None:
        self.joins_seen.clear()
        self.there.clear()
        self.undecided = {*self.asked} - {""}
        self.sessions += 1
        self.client.transport_opened(HANDSHAKE, transport, self.now)

    @precondition(lambda self: self.client.phase is Phase.CONNECTING)
    @rule()
    def an_attempt_fails(self) -> None:
        self.client.connect_failed(ConnectError("refused"), self.now)

    @precondition(lambda self: self.client.phase is Phase.JOINING)
    @rule()
    def the_server_greets(self) -> None:
        self.client.receive(["1::"], self.now)

    @precondition(lambda self: self.client.linked)
    @rule(luck=st.integers(0, 3))
    def the_transport_is_lost(self, luck: int) -> None:
        if not luck:
            self.client.transport_lost("gone", self.now)

    @precondition(lambda self: self.client.phase in IN_SESSION)
    @rule(
        frame=st.sampled_from(
            ["2::", "8::", "9::", "", "x", "6:::0", "6:::99999", "5:::{", "5::/no:{}", "1::/no", "1::"]
        )
    )
    def the_server_says_something_odd(self, frame: str) -> None:
        self.client.receive([frame], self.now)

    @precondition(lambda self: self.client.phase in IN_SESSION)
    @rule(name=st.sampled_from(NAMES), kind=st.sampled_from(["message", "with an id", "event", "request"]))
    def the_server_sends(self, name: str, kind: str) -> None:
        """Send a packet to an endpoint that may be open, or not yet, or no longer."""
        self.number += 1
        number = self.number
        if name in self.open:
            self.must_hear[number] = self.open[name]
        elif name in self.asked and name not in self.deaf:
            self.may_hear[number] = (name, self.asked[name])
        is_kept = number in self.must_hear or number in self.may_hear
        if kind == "with an id" and is_kept:
            self.acks[number] = self.sessions
        data = f'{{"name":"m","args":[{number}]}}'
        frames = {
            "message": f"3::{name}:{number}",
            "with an id": f"3:{number}:{name}:{number}",
            "event": f"5::{name}:{data}",
            "request": f"5:{number}+:{name}:{data}",
        }
        self.client.receive([frames[kind]], self.now)

    @precondition(lambda self: self.client.phase in IN_SESSION)
    @rule(name=st.sampled_from(CHANNELS))
    def the_server_sends_and_ends_an_endpoint(self, name: str) -> None:
        """Send two events and between them the end, all at once."""
        if name in self.open:
            self.number += 2
            self.must_hear[self.number - 1] = self.open[name]
            numbers = (self.number - 1, self.number)
            before, after = (f'5::{name}:{{"name":"m","args":[{number}]}}' for number in numbers)
            self.client.receive([before, f"0::{name}", after], self.now)

    @rule(flows=st.sampled_from([True, True, False]))
    def the_network_flows_or_stalls(self, flows: bool) -> None:
        self.flows = flows

    @precondition(lambda self: self.client.phase in IN_SESSION)
    @rule(name=st.sampled_from(CHANNELS))
    def the_server_joins_us(self, name: str) -> None:
        if name in self.joins_seen:
            self.client.receive([f"1::{name}"], self.now)

    @precondition(lambda self: self.client.phase in IN_SESSION)
    @rule(name=st.sampled_from(CHANNELS))
    def the_server_ends_an_endpoint(self, name: str) -> None:
        if name in self.asked:
            self.deaf.discard(name)  # the reply to leaving the one before
        self.client.receive([f"0::{name}"], self.now)

    @precondition(lambda self: self.waiting and self.client.phase in IN_SESSION)
    @rule(data=st.data(), times=st.integers(1, 3))
    def the_server_acknowledges(self, data: st.DataObject, times: int) -> None:
        endpoint, ack = data.draw(st.sampled_from(list(self.waiting.values())))
        if (endpoint, ack) in self.seen():
            self.client.receive([f"6::{endpoint}:{ack}"] * times, self.now)

    @precondition(lambda self: self.client.phase not in (Phase.IDLE, Phase.CLOSED))
    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 1.0, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        for _ in range(1000):
            deadline = self.client.deadline()
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
            self.client.handle_timeout(self.now)
            self.observe()
        else:
            raise AssertionError("there is always something due: a hot loop")
        self.now = end

    # The user

    @rule(name=st.sampled_from(NAMES), ack=st.booleans(), timeout=st.sampled_from([None, 3.0]))
    def the_user_emits(self, name: str, ack: bool, timeout: float | None) -> None:
        self.number += 1
        number = self.client.acks.new_id(name) if ack else None
        packet = event("n", self.number, endpoint=name, id=number, wants_data=ack)
        try:
            verdict = self.client.push(packet, self.now, waiter=self.number if ack else None, timeout=timeout)
        except (NotConnected, BufferFull, ChannelError):
            return
        assert self.client.phase is not Phase.CLOSED
        if verdict is not Verdict.FULL:
            self.accepted.append((name, self.number))
            if number is not None:
                self.waiting[self.number] = (name, number)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def the_user_acknowledges(self, data: st.DataObject) -> None:
        packet, confirmation = self.requests.pop(data.draw(st.integers(0, len(self.requests) - 1)))
        verdict = self.client.acknowledge(packet, [1])
        still_joined = self.members.get(packet.endpoint) == confirmation
        assert (verdict is not Verdict.DROPPED) == still_joined
        if still_joined:
            self.acks[packet.args[0]] = self.sessions

    @precondition(lambda self: self.client.phase is not Phase.CLOSED)
    @rule(name=st.sampled_from(CHANNELS))
    def the_user_joins(self, name: str) -> None:
        self.number += 1
        try:
            self.client.join(name, "", 10.0, self.now, owner=self.number)
        except ChannelError:
            assert name in self.asked or name in self.open
        else:
            assert name not in self.asked
            assert name not in self.open
            self.asked[name] = self.number
            self.deaf |= {name} & self.left

    @rule(name=st.sampled_from(CHANNELS), again=st.booleans())
    def the_user_leaves(self, name: str, again: bool) -> None:
        endpoint = self.client.endpoints.get(name)
        if endpoint is not None:
            self.left |= {name} if self.client.phase in (Phase.RESTORING, Phase.OPEN) else set()
            self.client.leave(endpoint)
            self.take_notices()
            assert name not in self.asked
            assert name not in self.open
            if again:
                self.the_user_joins(name)

    @precondition(lambda self: self.number > 40)
    @rule()
    def the_user_disconnects(self) -> None:
        self.client.disconnect()
        assert self.client.phase is Phase.CLOSED

    @rule(reads=st.booleans())
    def a_handler_begins_or_ends(self, reads: bool) -> None:
        (self.client.reading.resume if reads else self.client.reading.pause)(self.now)

    # What must hold

    def seen(self) -> set[tuple[str, int]]:
        """Return the endpoints and ids of what the server has seen of this session."""
        return {self.waiting[number] for _, number in self.written if number in self.waiting}

    @invariant()
    def all_promises_hold(self) -> None:
        self.observe()
        self.nothing_is_lost_without_a_word()
        self.the_end_is_final()

    def observe(self) -> None:
        """Take what the client says, and check it against what was promised."""
        self.take_notices()
        for frame in self.client.frames_to_send() if self.flows else ():
            self.check_frame(frame)
        if self.client.session is None:
            self.may_hear.clear()
            self.left.clear()
            self.deaf.clear()

    def check_frame(self, frame: str) -> None:
        if frame.startswith("1::/"):
            self.joins_seen.add(frame[3:])
            self.there.add(frame[3:])
        elif frame.startswith("0::/"):
            self.there.remove(frame[3:])
        elif match := _EVENT.fullmatch(frame):
            self.check_event(match[2], json.loads(match[3])["args"][0])
        elif match := _ACK.fullmatch(frame):
            assert self.acks.pop(int(match[2])) == self.sessions, "an ack of another session, or a second one"
            assert not match[1] or match[1] in self.there, "an ack behind the packet that leaves its endpoint"

    def check_event(self, name: str, number: int) -> None:
        assert (name, number) in self.accepted
        assert (name, number) not in self.written, "D1: written twice"
        earlier = [n for endpoint, n in self.written if endpoint == name]
        assert not earlier or earlier[-1] < number, "D2: out of order"
        assert not name or name in self.there, "written before its endpoint was asked for, or after it was left"
        assert not self.undecided, "written before every endpoint was joined again"
        self.written.append((name, number))

    def take_notices(self) -> None:
        for notice in self.client.notices():
            assert not self.ended, "D6: something after the end"
            if isinstance(notice, (Acknowledged, Unacknowledged)):
                self.check_outcome(notice)
            elif isinstance(notice, (Message, Event)):
                self.check_packet(notice)
            elif isinstance(notice, (Connected, Disconnected, JoinFailed, Left)):
                self.check_membership(notice)
            else:
                self.check_notice(notice)

    def check_outcome(self, notice: Acknowledged | Unacknowledged) -> None:
        assert notice.waiter not in self.settled, "D4: settled twice"
        assert notice.waiter in self.waiting
        self.settled.add(notice.waiter)
        if isinstance(notice, Unacknowledged):
            assert isinstance(notice.error, (AckTimeout, ConnectionLost))

    def check_packet(self, packet: Message | Event) -> None:
        number = packet.args[0] if isinstance(packet, Event) else int(packet.data)
        owner = self.must_hear.pop(number) if number in self.must_hear else self.may_hear.pop(number)[1]
        assert packet.owner == owner, "for the owner of an endpoint that was not open when it came"
        assert self.heard[packet.endpoint] < number, "D2: heard out of order"
        self.heard[packet.endpoint] = number
        if isinstance(packet, Event) and packet.id is not None:
            self.requests.append((packet, self.members[packet.endpoint]))

    def check_membership(self, notice: Connected | Disconnected | JoinFailed | Left) -> None:
        name = notice.endpoint
        if isinstance(notice, Disconnected):
            assert notice.owner == self.open[name], "D5: disconnected twice"
            self.asked[name] = self.open.pop(name)
            self.members.pop(name)
            return
        assert notice.owner == self.asked[name], "D5: connected twice, or for another owner"
        self.undecided.discard(name)
        if isinstance(notice, Connected):
            self.confirmations += 1
            self.open[name], self.members[name] = self.asked.pop(name), self.confirmations
            self.deaf.discard(name)
        elif isinstance(notice, Left):
            del self.asked[name]
            self.deaf.discard(name)
            self.may_hear = {number: early for number, early in self.may_hear.items() if early[0] != name}

    def check_notice(self, notice: Any) -> None:
        assert notice.owner == "socket"
        if isinstance(notice, Reconnected):
            assert self.sessions > 1
        elif isinstance(notice, Ended):
            self.ended += 1
            assert self.client.phase is Phase.CLOSED

    def nothing_is_lost_without_a_word(self) -> None:
        assert not self.must_hear, "what came for an open endpoint is delivered"
        assert len(self.client.acks) == len(self.waiting) - len(self.settled), "D4: neither settled nor pending"
        written = {number for _, number in self.written if number in self.waiting}
        assert self.client.session is not None or written <= self.settled, "D4: it cannot come any more"
        ours, gone = ([n for name, n in kept if not name] for kept in (self.accepted, self.written))
        waiting = len(ours) - len(gone)
        assert gone == ours[: len(gone)], "D3: accepted, and passed over"
        assert waiting <= self.client.outbox.queued or self.client.phase is Phase.CLOSED, "D3: accepted, and forgotten"
        away = self.client.phase not in (Phase.OPEN, Phase.CLOSED)
        assert not away or len(self.client.outbox) <= 20 + 110, "the buffer is bounded"

    def the_end_is_final(self) -> None:
        if self.client.phase is Phase.CLOSED:
            assert self.client.deadline() is None
            assert not self.client.linked
            assert self.settled == set(self.waiting), "D4: every acknowledgement has come, or can come no more"
            assert not self.open


TestModel = Machine.TestCase
TestModel.pytestmark = [pytest.mark.timeout(600)]  # ten seconds of work, on a machine that may have other work
TestModel.settings = settings(max_examples=200, stateful_step_count=80, deadline=None)
