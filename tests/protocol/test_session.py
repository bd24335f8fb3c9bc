from __future__ import annotations

from dataclasses import dataclass

import pytest

from sioclient.protocol.fence import Fence
from sioclient.protocol.revisions import Handshake
from sioclient.protocol.session import Session
from sioclient.reading import Reading

DEAD_AFTER, HEARTBEAT_EVERY = 20.0, 5.0


@dataclass
class Numbers:
    """What a session asks its dialect."""

    dead: float | None = DEAD_AFTER
    every: float | None = HEARTBEAT_EVERY
    heartbeats_unprompted: bool = False
    pongs_once: bool = False

    def dead_after(self, handshake: Handshake, transport: str) -> float | None:
        return self.dead

    def heartbeat_every(self, handshake: Handshake) -> float | None:
        return self.every


def new_session(numbers: Numbers | None = None, now: float = 100.0) -> Session:
    return Session(Handshake("sid", 1, 1, ()), numbers or Numbers(), Reading(), now)


OFF = Numbers(None, None)


def test_a_session_goes_by_what_its_handshake_announces():
    class Announced(Numbers):
        def dead_after(self, handshake: Handshake, transport: str) -> float | None:
            return handshake.close_timeout

        def heartbeat_every(self, handshake: Handshake) -> float | None:
            return handshake.heartbeat_timeout

    handshake = Handshake("sid", 3.0, 7.0, ())
    session = Session(handshake, Announced(), Reading(), 100.0)
    assert (session.handshake, session.opened_at) == (handshake, 100.0)
    assert session.deadline() == 103.0
    session.heartbeat_due(103.0)
    assert session.is_dead(107.0)


def test_the_server_is_dead_exactly_after_the_allowed_silence():
    session = new_session()
    assert not session.is_dead(119.999)
    assert session.is_dead(120.0)


def test_a_packet_begins_the_silence_anew():
    session = new_session()
    session.heard(110.0)
    assert not session.is_dead(129.999)
    assert session.is_dead(130.0)


def test_silence_means_nothing_while_nobody_reads():
    session = new_session()
    session.reading.pause(101.0)
    assert not session.is_dead(10_000.0)


def test_the_time_in_which_nobody_reads_is_no_silence():
    session = new_session()
    session.reading.pause(101.0)
    session.reading.resume(150.0)
    assert not session.is_dead(168.999)
    assert session.is_dead(169.0)


def test_resuming_what_was_not_paused_is_no_sign_of_life():
    session = new_session()
    session.reading.resume(119.0)
    assert session.is_dead(120.0)


def test_many_pauses_do_not_keep_a_dead_server_alive():
    session, now = new_session(), 100.0
    while not session.is_dead(now):
        session.reading.pause(now)
        session.reading.resume(now + 0.5)
        now += 2.5
    assert now == 125.0  # 20 s of reading


def test_no_heartbeat_is_due_while_frames_are_read():
    session = new_session()
    assert not session.heartbeat_due(105.0)
    assert not session.heartbeat_due(1000.0)


def test_heartbeats_are_due_regularly_while_nobody_reads():
    session = new_session()
    session.reading.pause(101.0)
    assert not session.heartbeat_due(105.999)
    assert session.heartbeat_due(106.0)
    assert not session.heartbeat_due(110.999)
    assert session.heartbeat_due(111.0)


def test_a_session_without_heartbeats_has_nothing_to_look_at():
    session = new_session(OFF)
    assert session.deadline() is None
    assert not session.is_dead(1e9)
    session.reading.pause(101.0)
    assert session.deadline() is None
    assert not session.heartbeat_due(1e9)


def test_without_heartbeats_of_ours_silence_still_has_a_deadline():
    session = new_session(Numbers(every=None))
    assert session.deadline() == 120.0
    session.heard(110.0)
    assert session.deadline() == 130.0


def test_sleeping_until_the_deadline_finds_a_dead_server_in_time():
    session = new_session()
    while (now := session.deadline()) < 120.0:
        assert not session.heartbeat_due(now)
        assert not session.is_dead(now)
    assert now == 120.0
    assert session.is_dead(now)


def test_sleeping_until_the_deadline_finds_every_heartbeat():
    session = new_session()
    session.reading.pause(101.0)
    due = []
    for _ in range(3):
        due.append(session.deadline())
        assert session.heartbeat_due(due[-1])
    assert due == [106.0, 111.0, 116.0]


@pytest.mark.parametrize("heard_at", [100.0, 103.0, 104.5])
def test_no_pause_moves_the_deadline_to_an_earlier_time(heard_at):
    session = new_session()
    session.heard(heard_at)
    before = session.deadline()
    session.reading.pause(104.5)
    assert session.deadline() >= before
    paused = session.deadline()
    session.reading.resume(104.7)
    assert session.deadline() >= paused


def test_a_session_is_healthy_after_the_allowed_silence():
    assert new_session().healthy_after == DEAD_AFTER
    assert new_session(OFF).healthy_after == 60.0


def test_a_fence_cannot_be_stuck_while_nobody_reads():
    session = new_session()
    session.fence = Fence(session.reading)
    session.fence.close_off(1, ["8:1::"], 100.0)
    session.fence.acknowledged(1, 100.0)
    session.fence.close_off(2, ["8:2::"], 100.0)
    session.reading.pause(101.0)
    assert not session.fence_is_stuck(10_000.0)
    assert session.deadline() == 106.0  # a heartbeat
    session.reading.resume(201.0)
    assert not session.fence_is_stuck(229.999)
    assert session.fence_is_stuck(230.0)


def test_the_deadline_is_that_of_the_fence_while_frames_are_read():
    session = new_session(OFF)
    session.fence = Fence(session.reading, counts_bytes=False)
    session.fence.close_off(1, ["8:1::"], 100.0)
    assert session.deadline() == 101.0
    session.reading.pause(100.5)
    assert session.deadline() is None
    session.reading.resume(110.5)
    assert session.deadline() == 111.0


def test_a_packet_that_comes_puts_the_next_look_off():
    session = new_session()
    session.heard(103.0)
    assert session.deadline() == 108.0


REVISION5 = Numbers(45.0, 35.0, pongs_once=True)
"""The server sends a ping 25 s after the latest pong, and waits for 20 s."""


def test_a_pong_that_went_out_ahead_is_not_owed_to_its_ping():
    session = new_session(REVISION5)
    assert session.owes_heartbeat(120.0)
    session.reading.pause(121.0)
    assert session.deadline() == 155.0
    assert not session.heartbeat_due(154.999)
    assert session.heartbeat_due(155.0)
    assert session.deadline() == 190.0
    session.reading.resume(160.0)
    assert not session.owes_heartbeat(160.0)
    assert session.owes_heartbeat(170.0)


def test_every_pong_that_went_out_ahead_is_owed_no_more():
    session = new_session(REVISION5)
    session.reading.pause(101.0)
    assert session.heartbeat_due(135.0)
    assert session.heartbeat_due(170.0)
    session.reading.resume(171.0)
    assert [session.owes_heartbeat(171.0) for _ in range(3)] == [False, False, True]


def test_a_pong_is_due_in_time_though_reading_stopped_just_before():
    session = new_session(REVISION5)
    session.reading.pause(133.0)
    assert session.deadline() == 135.0


def test_no_pong_goes_out_ahead_while_frames_are_read():
    session = new_session(REVISION5)
    assert session.deadline() == 135.0
    assert not session.heartbeat_due(135.0)
    assert session.deadline() == 140.0  # when it would go out if nobody read from now on


def test_heartbeats_go_out_unasked_where_the_dialect_says_so():
    session = new_session(Numbers(45.0, 25.0, heartbeats_unprompted=True))
    session.heard(110.0)
    session.reading.pause(112.0)
    assert session.heartbeat_due(125.0)
    session.reading.resume(130.0)
    assert session.deadline() == 150.0
    assert session.heartbeat_due(150.0)
