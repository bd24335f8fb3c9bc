"""Row 58 of the fault matrix: one body or read that is full of heartbeats."""

from __future__ import annotations

import time

import pytest

from sioclient.protocol.revisions import Handshake, revision1, revision4, revision5
from tests.faults.rogue import Rogue
from tests.faults.soak import memory
from tests.protocol.driver import connecting_client
from tests.servers_py import PING, PONG, Task, frame
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")

SIZE = 15 * 2**20

BODIES = {
    "revision 1": (revision1(), "1::", "\ufffd3\ufffd2::", ["2::"]),
    "revision 4": (revision4(), "40", "1:2", []),
    "revision 4, pongs": (revision4(), "40", "1:3", []),
    "revision 4, as bytes": (revision4(), "40", "\0\1\xff3", []),
    "revision 5": (revision5(), '40{"sid":"x"}', "2\x1e", ["3"]),
}


@pytest.mark.parametrize("kind", BODIES)
def test_f58_a_body_of_heartbeats_gets_one_reply(kind):
    opening, join, heartbeat, replies = BODIES[kind]
    client = connecting_client(opening=opening)
    handshake = Handshake("sid", 60.0, 60.0, ("xhr-polling",), ping_interval=25.0, dialect=opening.dialect)
    client.transport_opened(handshake, "xhr-polling", 0.0)
    client.receive([join], 0.0)
    client.frames_to_send()
    framing = opening.framing("xhr-polling", handshake)
    body = heartbeat * (SIZE // len(heartbeat.encode("utf-8" if "\ufffd" in heartbeat else "latin-1")))
    before, began = memory(), time.process_time()
    client.receive(framing.decode_payload(body), 1.0)
    assert client.frames_to_send() == replies
    assert time.process_time() - began < 1
    assert memory() - before < 50_000


def test_f58_heartbeats_that_come_while_the_reply_waits_get_no_other():
    client = connecting_client(opening=revision1())
    client.transport_opened(Handshake("sid", 60.0, 60.0, ("xhr-polling",)), "xhr-polling", 0.0)
    client.receive(["1::", "2::"], 0.0)
    for _ in range(1000):
        client.receive(["2::"] * 3, 0.0)
    assert client.frames_to_send() == ["2::"]
    client.receive(["2::"], 0.0)
    assert client.frames_to_send() == ["2::"]


@pytest.mark.parametrize("transport", ["xhr-polling"])
def test_f58_a_poll_of_heartbeats_takes_nobody_away(connect):
    with Rogue() as rogue:
        socket = connect(rogue.port)
        session, before = rogue.next_session(), memory()
        session.act(lambda peer: peer.reply("\ufffd3\ufffd2::" * (SIZE // 10)))
        session.push("3:::after")
        assert Task(lambda: socket.call("anything", timeout=10)).result() is None
        eventually(lambda: "2::" in session.sent)
        assert session.sent.count("2::") <= 2
        assert memory() - before < 87_000


@pytest.mark.parametrize("transport", ["websocket"])
@pytest.mark.parametrize(("heartbeat", "reply"), [(frame("2::"), b"2::"), (frame("", PING), None)], ids=["2::", "ping"])
def test_f58_a_websocket_of_heartbeats_takes_nobody_away(connect, heartbeat, reply):
    """A mebibyte, in one write: several reads, and few replies to each."""
    count = 2**20 // len(heartbeat)
    with Rogue() as rogue:
        replies: list[bytes] = []
        socket = connect(rogue.port)
        session, before = rogue.next_session(), memory()
        plain = session.peer.read_frame

        def read_frame():
            while (received := plain()).opcode == PONG:
                replies.append(received.payload)
            return received

        session.peer.read_frame = read_frame
        session.act(lambda peer: peer.send(heartbeat * count))
        assert Task(lambda: socket.call("anything", timeout=10)).result(expect=10) is None
        assert 0 < len(replies) + session.sent.count("2::") <= count // 300
        assert memory() - before < 87_000
