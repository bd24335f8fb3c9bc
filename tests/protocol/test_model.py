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
from sioclient.protocol.lifecycle import Phase
from sioclient.protocol.notices import Answered, Connected, Disconnected, Ended, Reconnected, Unanswered
from sioclient.protocol.packets import Event, Message

from .driver import HANDSHAKE, acknowledge, event, new_client

CHANNELS = ("/a", "/b")
LINKED = (Phase.JOINING, Phase.RESTORING, Phase.OPEN)
_EVENT = re.compile(r"5:([0-9]*)\+?:([^:]*):(.*)")
_ACK = re.compile(r"6::([^:]*):([0-9]+)(?:\+.*)?")


class Machine(RuleBasedStateMachine):
    """A client, its network and its user. Every event carries a number, so that none can be mistaken for another."""

    def __init__(self) -> None:
        super().__init__()
        self.client = new_client(attempts=None, buffer_size=20, wait_for_connection=True)
        self.now = 0.0
        self.number = self.ended = 0
        self.accepted: list[tuple[str, int]] = []  # by endpoint, in order
        self.written: list[tuple[str, int]] = []
        self.waiting: dict[int, tuple[str, int]] = {}  # by the number of its event: endpoint and id
        self.settled: set[int] = set()
        self.connected: dict[str, bool] = {}
        self.pushed: list[str] = []
        self.heard: list[str] = []
        self.sessions = 0
        self.joined_here: set[str] = set()
        self.acked_by_server: dict[int, int] = {}  # by the number of the event: what its first ack said
        self.asking: list[
            tuple[int, Event]
        ] = []  # what the user has not acknowledged yet, and in which session it came
        self.owed: set[tuple[int, str, int]] = set()  # acks that may be written: session, endpoint and id

    @initialize(is_open=st.booleans())
    def begin(self, is_open: bool) -> None:
        self.client.connect(self.now)
        if is_open:
            self.the_connection_is_there()

    # The network

    @precondition(lambda self: self.client.phase is Phase.CONNECTING)
    @rule(transport=st.sampled_from(["websocket", "xhr-polling"]))
    def a_transport_opens(self, transport: str) -> None:
        self.client.transport_opened(HANDSHAKE, transport, self.now)
        self.sessions += 1
        self.joined_here.clear()

    @precondition(lambda self: self.client.phase in (Phase.WAITING, Phase.CONNECTING))
    @rule(transport=st.sampled_from(["websocket", "xhr-polling"]))
    def the_connection_is_there(self, transport: str = "websocket") -> None:
        """All that it takes in one step, or hardly any run would come to a second session."""
        if self.client.phase is Phase.WAITING:
            self.time_passes(1.0)
        self.a_transport_opens(transport)
        self.client.receive(["1::"], self.now)

    @precondition(lambda self: self.client.phase is Phase.CONNECTING)
    @rule()
    def an_attempt_fails(self) -> None:
        self.client.connect_failed(ConnectError("refused"), self.now)

    @precondition(lambda self: self.client.phase is Phase.JOINING)
    @rule()
    def the_server_greets(self) -> None:
        self.client.receive(["1::"], self.now)

    @precondition(lambda self: self.client.linked)
    @rule()
    def the_transport_is_lost(self) -> None:
        self.client.transport_lost("gone", self.now)

    @precondition(lambda self: self.client.phase in LINKED)
    @rule(
        frame=st.sampled_from(
            ["2::", "8::", "9::", "", "x", "6:::0", "6:::99999", "5:::{", "5::/no:{}", "1::/no", "1::"]
        )
    )
    def the_server_says_something_odd(self, frame: str) -> None:
        self.client.receive([frame], self.now)

    @precondition(lambda self: self.client.phase is Phase.OPEN)
    @rule()
    def the_server_sends_a_message(self) -> None:
        self.number += 1
        self.pushed.append(str(self.number))
        self.client.receive([f"3:::{self.number}"], self.now)

    @precondition(lambda self: self.client.phase in LINKED)
    @rule(name=st.sampled_from(CHANNELS))
    def the_server_joins_us(self, name: str) -> None:
        if name in self.joined_here:
            self.client.receive([f"1::{name}"], self.now)

    @precondition(lambda self: self.client.phase in LINKED)
    @rule(name=st.sampled_from(CHANNELS))
    def the_server_ends_an_endpoint(self, name: str) -> None:
        self.client.receive([f"0::{name}"], self.now)

    @precondition(lambda self: self.waiting and self.client.phase in LINKED)
    @rule(data=st.data(), times=st.integers(1, 3))
    def the_server_answers(self, data: st.DataObject, times: int) -> None:
        number, (endpoint, ack) = data.draw(st.sampled_from(list(self.waiting.items())))
        if (endpoint, ack) in self.asked():
            values = [100 * number + count for count in range(times)]
            if number not in self.settled:
                self.acked_by_server.setdefault(number, values[0])
            self.client.receive([f"6::{endpoint}:{ack}+[{value}]" for value in values], self.now)

    @precondition(lambda self: self.client.phase in LINKED)
    @rule(name=st.sampled_from(["", *CHANNELS]), is_plain=st.booleans())
    def the_server_asks_for_an_ack(self, name: str, is_plain: bool) -> None:
        """A plain id is acknowledged when the packet arrives, any other by the user."""
        if name and name not in self.joined_here:
            return
        self.number += 1
        if is_plain:
            self.owed.add((self.sessions, name, self.number))
            self.client.receive([f"3:{self.number}:{name}:plain"], self.now)
        else:
            self.client.receive([f'5:{self.number}+:{name}:{{"name":"ask"}}'], self.now)

    @precondition(lambda self: self.client.phase not in (Phase.IDLE, Phase.CLOSED))
    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 5.0, 30.0]))
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

    @rule(name=st.sampled_from(["", *CHANNELS]), ack=st.booleans(), timeout=st.sampled_from([None, 3.0]))
    def the_user_emits(self, name: str, ack: bool, timeout: float | None) -> None:
        self.number += 1
        number = self.client.acks.new_id(name) if ack else None
        packet = event("n", self.number, endpoint=name, id=number, wants_data=ack)
        try:
            self.client.send(packet, self.now, self.number if ack else None, timeout)
        except (NotConnected, BufferFull, ChannelError):
            return
        assert self.client.phase is not Phase.CLOSED
        self.accepted.append((name, self.number))
        if number is not None:
            self.waiting[self.number] = (name, number)

    @precondition(lambda self: self.asking)
    @rule(data=st.data())
    def the_user_acknowledges(self, data: st.DataObject) -> None:
        """As the shell does it: no session begins before the handlers of the last one have returned."""
        session, packet = entry = data.draw(st.sampled_from(self.asking))
        if session == self.sessions:
            self.asking.remove(entry)
            self.owed.add((session, packet.endpoint, packet.id))
            acknowledge(self.client, packet, "done")

    @precondition(lambda self: self.client.phase is not Phase.CLOSED)
    @rule(name=st.sampled_from(CHANNELS))
    def the_user_joins(self, name: str) -> None:
        try:
            self.client.join(name, "", 10.0, self.now)
        except ChannelError:
            assert self.client.endpoints.get(name) is not None

    @rule(name=st.sampled_from(CHANNELS))
    def the_user_leaves(self, name: str) -> None:
        self.client.leave(name)

    @precondition(lambda self: self.number > 25)
    @rule()
    def the_user_disconnects(self) -> None:
        self.client.disconnect()
        assert self.client.phase is Phase.CLOSED

    @rule(reads=st.booleans())
    def a_handler_begins_or_ends(self, reads: bool) -> None:
        self.client.reading(reads, self.now)

    # What must hold

    def asked(self) -> set[tuple[str, int]]:
        """Return the endpoints and ids of what the server has seen of this session."""
        return {self.waiting[number] for _, number in self.written if number in self.waiting}

    @invariant()
    def all_promises_hold(self) -> None:
        self.observe()
        self.nothing_is_lost_without_a_word()
        self.the_end_is_final()

    def observe(self) -> None:
        """Take what the client says, and check it against what was promised."""
        for frame in self.client.frames_to_send():
            self.check_frame(frame)
        for notice in self.client.notices():
            self.check_notice(notice)

    def check_frame(self, frame: str) -> None:
        if frame.startswith("1::/"):
            self.joined_here.add(frame[3:])
        match = _EVENT.fullmatch(frame)
        if match:
            name, number = match[2], json.loads(match[3])["args"][0]
            assert (name, number) in self.accepted
            assert (name, number) not in self.written, "D1: written twice"
            earlier = [n for endpoint, n in self.written if endpoint == name]
            assert not earlier or earlier[-1] < number, "D2: out of order"
            assert not name or name in self.joined_here, "written before its endpoint was asked for"
            self.written.append((name, number))
        acked = _ACK.fullmatch(frame)
        if acked:
            ack = (self.sessions, acked[1], int(acked[2]))
            assert ack in self.owed, "an ack that the server did not ask for in this session, or a second one"
            self.owed.remove(ack)

    def check_notice(self, notice: Any) -> None:
        assert not self.ended, "D6: something after the end"
        if isinstance(notice, (Answered, Unanswered)):
            assert notice.waiter not in self.settled, "D4: settled twice"
            assert notice.waiter in self.waiting
            self.settled.add(notice.waiter)
            if isinstance(notice, Unanswered):
                assert isinstance(notice.error, (AckTimeout, ConnectionLost))
            else:
                assert notice.args == [self.acked_by_server[notice.waiter]], "D4: the ack of another packet"
        elif isinstance(notice, Connected):
            assert not self.connected.get(notice.endpoint), "D5: connected twice"
            self.connected[notice.endpoint] = True
        elif isinstance(notice, Disconnected):
            assert self.connected.get(notice.endpoint), "D5: disconnected twice"
            self.connected[notice.endpoint] = False
        elif isinstance(notice, Reconnected):
            assert self.sessions > 1
        elif isinstance(notice, Event):
            assert self.connected.get(notice.endpoint), "D5: heard on an endpoint that is not connected"
            self.asking.append((self.sessions, notice))
        elif isinstance(notice, Message) and notice.id is None:
            self.heard.append(notice.data)
        elif isinstance(notice, Ended):
            self.ended += 1
            assert self.client.phase is Phase.CLOSED

    def nothing_is_lost_without_a_word(self) -> None:
        assert self.heard == self.pushed, "what came while all was open is delivered, once and in order"
        assert len(self.client.acks) == len(self.waiting) - len(self.settled), "D4: neither settled nor pending"
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
            assert self.settled == set(self.waiting), "D4: every answer has come, or cannot come any more"
            assert not any(self.connected.values())


TestModel = Machine.TestCase
TestModel.pytestmark = [pytest.mark.timeout(600)]  # ten seconds of work, on a machine that may have other work
TestModel.settings = settings(max_examples=500, stateful_step_count=60, deadline=None)
