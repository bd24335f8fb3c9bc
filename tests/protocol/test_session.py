from __future__ import annotations

from dataclasses import dataclass

import pytest

from sioclient.protocol.fence import Fence
from sioclient.protocol.revisions import Handshake
from sioclient.protocol.session import Session

DEAD_AFTER, BEAT_EVERY = 20.0, 5.0


@dataclass
class Numbers:
    """What a session asks its revision."""

    dead: float | None = DEAD_AFTER
    beat: float | None = BEAT_EVERY
    beats_unprompted: bool = False
    answers_once: bool = False

    def dead_after(self, handshake: Handshake) -> float | None:
        return self.dead

    def beat_every(self, handshake: Handshake) -> float | None:
        return self.beat


def new_session(numbers: Numbers | None = None, now: float = 100.0) -> Session:
    return Session(Handshake("sid", 1, 1, ()), numbers or Numbers(), now)


OFF = Numbers(None, None)


def test_a_session_begins_with_what_its_handshake_announces():
    class Announced(Numbers):
        def dead_after(self, handshake: Handshake) -> float | None:
            return handshake.close_timeout

        def beat_every(self, handshake: Handshake) -> float | None:
            return handshake.heartbeat_timeout

    handshake = Handshake("sid", 3.0, 7.0, ())
    session = Session(handshake, Announced(), 100.0)
    assert (session.handshake, session.opened_at) == (handshake, 100.0)
    assert session.deadline() == 103.0
    session.beat_due(103.0)
    assert session.is_dead(107.0)


def test_the_server_is_dead_exactly_after_the_silence_that_is_allowed():
    session = new_session()
    assert not session.is_dead(119.999)
    assert session.is_dead(120.0)


def test_a_packet_begins_the_silence_anew():
    session = new_session()
    session.heard(110.0)
    assert not session.is_dead(129.999)
    assert session.is_dead(130.0)


def test_silence_says_nothing_while_nobody_reads():
    session = new_session()
    session.pause(101.0)
    assert not session.is_dead(10_000.0)


def test_the_time_in_which_nobody_reads_is_no_silence():
    session = new_session()
    session.pause(101.0)
    session.resume(150.0)
    assert not session.is_dead(168.999)
    assert session.is_dead(169.0)


def test_resuming_what_was_not_paused_is_no_sign_of_life():
    session = new_session()
    session.resume(119.0)
    assert session.is_dead(120.0)


def test_no_beat_is_due_while_frames_are_read():
    session = new_session()
    assert not session.beat_due(105.0)
    assert not session.beat_due(1000.0)


def test_beats_are_due_at_each_interval_while_nobody_reads():
    session = new_session()
    session.pause(101.0)
    assert not session.beat_due(105.999)
    assert session.beat_due(106.0)
    assert not session.beat_due(110.999)
    assert session.beat_due(111.0)


def test_a_session_without_heartbeats_never_dies_and_never_beats():
    session = new_session(OFF)
    assert session.deadline() is None
    assert not session.is_dead(1e9)
    session.pause(101.0)
    assert session.deadline() is None
    assert not session.beat_due(1e9)


def test_a_session_that_never_beats_still_has_the_deadline_of_silence():
    session = new_session(Numbers(beat=None))
    assert session.deadline() == 120.0
    session.heard(110.0)
    assert session.deadline() == 130.0


def test_whoever_sleeps_until_the_deadline_finds_a_dead_server_in_time():
    session = new_session()
    while (now := session.deadline()) < 120.0:
        assert not session.beat_due(now)
        assert not session.is_dead(now)
    assert now == 120.0
    assert session.is_dead(now)


def test_whoever_sleeps_until_the_deadline_finds_every_beat():
    session = new_session()
    session.pause(101.0)
    beats = []
    for _ in range(3):
        beats.append(session.deadline())
        assert session.beat_due(beats[-1])
    assert beats == [106.0, 111.0, 116.0]


@pytest.mark.parametrize("heard_at", [100.0, 103.0, 104.5])
def test_no_pause_moves_the_deadline_to_an_earlier_time(heard_at):
    session = new_session()
    session.heard(heard_at)
    before = session.deadline()
    session.pause(104.5)
    assert session.deadline() >= before
    paused = session.deadline()
    session.resume(104.7)
    assert session.deadline() >= paused


def test_a_session_is_healthy_when_it_outlived_the_silence_that_is_allowed():
    assert new_session().healthy_after == DEAD_AFTER
    assert new_session(OFF).healthy_after == 60.0


def test_a_fence_cannot_be_stuck_while_nobody_reads():
    session = new_session()
    session.fence = Fence()
    session.fence.close_off(1, 100.0)
    session.fence.answered(1)
    session.fence.close_off(2, 100.0)
    session.pause(101.0)
    assert not session.fence_is_stuck(10_000.0)
    session.resume(201.0)
    assert not session.fence_is_stuck(229.999)
    assert session.fence_is_stuck(230.0)


def test_the_deadline_is_that_of_the_fence_while_somebody_reads():
    session = new_session(OFF)
    session.fence = Fence()
    session.fence.close_off(1, 100.0)
    assert session.deadline() == 101.0
    session.pause(100.5)
    assert session.deadline() is None
    session.resume(110.5)
    assert session.deadline() == 111.0


def test_what_is_heard_puts_the_next_look_off():
    session = new_session()
    session.heard(103.0)
    assert session.deadline() == 108.0


REVISION5 = Numbers(45.0, 35.0, answers_once=True)
"""The server asks 25 s after the last answer, and waits for 20 s."""


def test_a_beat_that_went_out_unasked_is_not_owed_when_the_server_asks_for_it():
    session = new_session(REVISION5)
    assert session.owes_beat(120.0)
    session.pause(121.0)
    assert session.deadline() == 155.0
    assert not session.beat_due(154.999)
    assert session.beat_due(155.0)
    assert session.deadline() == 190.0
    session.resume(160.0)
    assert not session.owes_beat(160.0)
    assert session.owes_beat(170.0)


def test_every_beat_that_went_out_unasked_is_owed_no_more():
    session = new_session(REVISION5)
    session.pause(101.0)
    assert session.beat_due(135.0)
    assert session.beat_due(170.0)
    session.resume(171.0)
    assert [session.owes_beat(171.0) for _ in range(3)] == [False, False, True]


def test_a_beat_is_due_in_time_though_reading_stopped_just_before():
    session = new_session(REVISION5)
    session.pause(133.0)
    assert session.deadline() == 135.0


def test_no_beat_goes_out_unasked_while_somebody_reads():
    session = new_session(REVISION5)
    assert session.deadline() == 135.0
    assert not session.beat_due(135.0)
    assert session.deadline() == 140.0  # when it would go out if nobody read from now on


def test_beats_go_out_unasked_in_revisions_where_we_ask():
    session = new_session(Numbers(45.0, 25.0, beats_unprompted=True))
    session.heard(110.0)
    session.pause(112.0)
    assert session.beat_due(125.0)
    session.resume(130.0)
    assert session.deadline() == 150.0
    assert session.beat_due(150.0)
