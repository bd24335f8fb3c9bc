"""The fence by itself: windows, round trips, pace, and what the server may have counted."""

from __future__ import annotations

import random

import pytest

from sioclient.protocol.fence import (
    BYTE_BUDGET,
    LONG_PATIENCE,
    MOST_AT_ONCE,
    MOST_COUNTED,
    MOST_IN_FLIGHT,
    MOST_LATE,
    MOST_SILENCE,
    MOST_WIDE,
    PACE,
    PATIENCE,
    SLOW_PACE,
    SPARING_AT,
    SPENT_AT,
    WIDE_FRAME,
    WIDE_WINDOW,
    WIDEST,
    WINDOW,
    Fence,
)
from sioclient.protocol.outbox import SPACING
from sioclient.reading import Reading

FRAMES = ["x" * 90] * (WINDOW // 100)
"""A window of frames."""


def fill(fence: Fence, number: int, now: float = 0.0) -> None:
    """Send a window of frames, and the fence behind it."""
    assert fence.sent(FRAMES)
    fence.close_off(number, [f"8:{number}::"], now)


def proven(round_trip: float = 0.0, counted: int = SPARING_AT) -> Fence:
    """Return a fence that the server has acknowledged after so many seconds; it may have counted so many bytes."""
    fence = Fence(Reading())
    fill(fence, 1, -round_trip)
    assert fence.acknowledged(1, 0.0)
    fence.bytes_counted = counted
    fence.look(0.0)
    return fence


def test_a_fence_is_due_after_a_window_of_characters():
    fence = Fence(Reading())
    assert not fence.sent(FRAMES[1:])
    assert fence.room == 90 + SPACING
    assert fence.sent(["x" * 90])
    assert fence.room == 0


def test_a_frame_of_any_size_is_a_window():
    fence = Fence(Reading())
    assert fence.is_empty
    assert fence.sent(["x" * 10 * WINDOW])
    assert not fence.is_empty


def test_over_a_short_way_the_next_window_waits_for_the_ack():
    fence = proven()
    assert fence.room == WINDOW
    fill(fence, 2)
    assert fence.room == 0
    assert fence.in_flight() == len(FRAMES) + 1
    assert fence.acknowledged(2, PACE)
    assert fence.room == WINDOW


@pytest.mark.parametrize(
    ("counted", "room"), [(0, WIDEST), (SPARING_AT // 2, WIDEST / 2), (SPARING_AT - 1, WINDOW), (SPARING_AT, WINDOW)]
)
def test_a_near_server_gets_the_more_at_once_the_less_it_has_counted(counted, room):
    fence = proven(counted=counted)
    assert fence.room == room
    assert not fence.sent(["x"])
    assert fence.room < WINDOW, "what did not wait gets no wide window: nothing waits for it"


def test_two_windows_are_on_their_way_to_a_near_server_that_has_counted_little():
    fence = proven(counted=0)
    fill(fence, 2)
    assert fence.room > WINDOW
    fill(fence, 3)
    assert fence.room == 0
    assert fence.acknowledged(2, 0.0)
    assert fence.room > WINDOW


def test_a_far_server_gets_narrow_windows_whatever_it_has_counted():
    fence = proven(PACE, counted=0)
    assert fence.room == WINDOW
    fill(fence, 2)
    assert fence.room == 0


def test_a_server_whose_distance_is_unknown_gets_a_narrow_window():
    fence = Fence(Reading())
    fence.look(0.0)
    assert fence.room == WINDOW


@pytest.mark.parametrize("counted", [0, SPARING_AT])
def test_while_an_ack_is_late_windows_go_slowly(counted):
    fence, now = proven(counted=counted), 0.0
    if counted == 0:
        fill(fence, 1000)
    for number in range(2, 100):
        fill(fence, number, now)
        if fence.next_window is None:
            break
        assert fence.next_window == pytest.approx(now + SLOW_PACE)
        now = fence.next_window
        fence.look(now)
    assert MOST_LATE <= fence.in_flight() < MOST_LATE + 20
    assert fence.room == 0


def test_frames_that_do_not_wait_are_counted_too():
    fence = proven()
    fill(fence, 2)
    assert not fence.sent(["2::"])
    assert fence.room == 0
    assert not fence.is_empty


def test_an_ack_counts_for_all_fences_before_it():
    fence = proven()
    fill(fence, 2)
    fill(fence, 3)
    assert fence.acknowledged(3, 0.0)
    assert fence.in_flight() == 0
    assert not fence.acknowledged(2, 0.0)


def test_acks_of_other_packets_are_none_of_a_fence():
    assert not Fence(Reading()).acknowledged(1, 0.0)


# Pace


def far(round_trip: float = 0.05) -> Fence:
    """Return a fence over a long way, with a window sent at 0.0."""
    fence = proven(round_trip)
    fill(fence, 2)
    assert fence.room == 0
    return fence


def test_over_a_long_way_windows_are_sent_at_a_pace():
    fence = far()
    assert fence.next_window == PACE
    fence.look(PACE - 0.0001)
    assert fence.room == 0
    fence.look(PACE)
    assert fence.room == WINDOW
    assert fence.next_window is None  # it is now


def test_a_pace_that_was_late_is_made_up_for_once():
    fence = far()
    fence.look(10 * PACE)
    fill(fence, 3, 10 * PACE)
    assert fence.next_window == pytest.approx(10 * PACE)
    fill(fence, 4, 10 * PACE)
    assert fence.next_window == pytest.approx(11 * PACE)


def test_the_pace_ends_when_an_ack_is_late():
    fence, now = far(0.016), 0.0
    for number in range(3, 60):
        if fence.next_window is None:
            break
        now = fence.next_window
        fence.look(now)
        fill(fence, number, now)
    assert 0.0234 - PACE < now <= 0.0235
    assert MOST_COUNTED > fence.in_flight() > MOST_LATE
    assert fence.next_window is None
    for ack in range(2, 8):
        assert fence.acknowledged(ack, 0.0236)
    assert fence.next_window is not None
    assert fence.next_window - now == pytest.approx(PACE)


@pytest.mark.parametrize(("counts_bytes", "most"), [(True, MOST_COUNTED), (False, MOST_IN_FLIGHT)])
def test_so_many_frames_may_be_on_their_way_to_a_server_that_has_not_acknowledged_any(counts_bytes, most):
    fence = Fence(Reading(), counts_bytes=counts_bytes)
    now = 0.0
    for number in range(1, 1000):
        fence.sent(FRAMES)
        fence.close_off(number, [f"8:{number}::"], now)
        if fence.room:
            continue
        now = fence.next_window
        if now is None:
            break
        fence.look(now)
    assert most <= fence.in_flight() < most + len(FRAMES) + 1 < 500
    assert fence.acknowledged(number, 1.0)
    assert fence.room > 0


# Servers that acknowledge none


def test_a_server_that_acknowledges_none_is_not_fenced_any_more():
    fence = Fence(Reading())
    assert fence.deadline() is None
    fill(fence, 1, now=5.0)
    assert fence.deadline() == 5.0 + LONG_PATIENCE
    assert not fence.is_stuck(5.0 + LONG_PATIENCE - 0.001)
    assert fence.room == 0
    assert not fence.is_stuck(5.0 + LONG_PATIENCE)
    assert fence.deadline() is None
    for _ in range(100):
        assert not fence.sent(FRAMES)
    assert fence.room > 100 * WINDOW
    assert fence.in_flight() == len(FRAMES) + 1
    assert not fence.is_too_much(BYTE_BUDGET)


def test_should_it_acknowledge_later_its_acks_count():
    fence = Fence(Reading())
    fill(fence, 1)
    fence.is_stuck(LONG_PATIENCE)
    assert fence.acknowledged(1, LONG_PATIENCE)
    fill(fence, 2, LONG_PATIENCE)
    assert fence.room == 0


def test_a_server_that_acknowledged_before_must_go_on():
    fence = proven()
    assert not fence.awaited
    fill(fence, 2, now=10.0)
    assert fence.awaited
    assert fence.deadline() == 10.0 + MOST_SILENCE
    assert not fence.is_stuck(10.0 + MOST_SILENCE - 0.001)
    assert fence.is_stuck(10.0 + MOST_SILENCE)


def test_time_in_which_nobody_reads_does_not_count():
    reading = Reading()
    fence = Fence(reading)
    reading.pause(40.0)
    assert fence.sent(FRAMES)
    fence.close_off(1, ["8:1::"], now=50.0)
    assert fence.deadline() is None
    assert not fence.is_stuck(3600.0)
    reading.resume(3600.0)
    assert fence.deadline() == 3600.0 + LONG_PATIENCE
    assert not fence.is_stuck(3600.0 + LONG_PATIENCE - 0.001)
    assert fence.room == 0
    assert fence.is_stuck(3600.0 + LONG_PATIENCE) is False  # it acknowledges none
    assert fence.room > 0
    assert fence.deadline() is None


def test_urgent_frames_have_a_limit_of_their_own():
    fence = Fence(Reading())
    assert fence.urgent_room == MOST_AT_ONCE
    fence.sent(["x"] * 480)
    fence.close_off(1, ["8:1::"], 0.0)
    assert fence.urgent_room == MOST_AT_ONCE - 481
    fence.sent(["x"] * 480)
    assert fence.urgent_room == 0
    fence.is_stuck(LONG_PATIENCE)
    assert fence.urgent_room > 10**6


# What is counted


class Server:
    """The parser of socket.io 0.9.19, as far as it counts: each part of a frame has it count what was read beyond."""

    def __init__(self) -> None:
        self.counted = 0

    def read(self, frames: list[str]) -> None:
        """Read frames at once."""
        parts = [part for frame in frames for part in parts_of(frame)]
        rest = sum(parts)
        for part in parts:
            self.counted += rest
            rest -= part


def parts_of(frame: str) -> list[int]:
    """Return the sizes of the parts of a frame: opcode, length, mask and data."""
    size = len(frame.encode())
    return [2, 4, size] if size < 126 else [2, 2 if size < 65536 else 8, 4, size]


@pytest.mark.parametrize("frame", ["", "x" * 125, "x" * 126, "x" * 5000, "é" * 100, "\U0001f600" * 70])
def test_no_less_is_counted_than_the_server_counts(frame):
    fence, server = Fence(Reading()), Server()
    for _ in range(3):
        fence.sent([frame])
    server.read([frame] * 3)
    assert server.counted <= fence.bytes_counted <= 6 * server.counted


def test_a_large_frame_is_not_counted_again_beyond_one_read():
    fence = Fence(Reading())
    fence.sent(["x" * 2**20])
    assert fence.bytes_counted == 3 * 65536 + 2**20 + 14


def test_what_cannot_be_in_one_read_is_counted_apart():
    fence = Fence(Reading())
    fill(fence, 1)
    fence.sent(["x" * 70_000])
    fence.close_off(2, ["8:2::"], 0.0)
    before = fence.bytes_counted
    fence.sent(["x" * 100])
    assert fence.bytes_counted - before == (3 + 4 + 3 - 1) * 106 + 106  # the large frame and its fence, not the first


@pytest.mark.parametrize("size", [1000, 60_000])
def test_the_measured_kick_is_within_the_count(size):
    """socket.io 0.9.19 kicked after 25 MB of such frames, each acknowledged before the next."""
    fence = Fence(Reading())
    for _ in range(25_200_000 // size):
        fence.sent(["x" * size])
        fence.close_off(1, ["8:1::"], 0.0)
        fence.acknowledged(1, 0.0)
    assert fence.bytes_counted >= BYTE_BUDGET
    assert fence.may_have_kicked


@pytest.mark.parametrize("way", [0.02, 0.0004])
@pytest.mark.parametrize("seed", range(30))
def test_the_count_is_a_bound_for_any_reading_of_the_server(seed, way):
    """The way takes so many seconds there and back at least; the server may read later, and then everything at once."""
    chance, fence, server = random.Random(seed), proven(way), Server()
    now, number, unread = 0.0, 1, []
    read_at, acks = 0.0, []  # fences that the server has read, and when the acks arrive
    fence.bytes_counted = 0
    for _ in range(400):
        now += way * chance.choice([0.01, 0.05, 0.2])
        while acks and acks[0][0] <= now:
            arrives, ack = acks.pop(0)
            fence.acknowledged(ack, arrives)
        fence.look(now)
        if fence.room:
            size = chance.choice([10, 80, 300, 2000])
            frames = ["x" * size] * chance.choice([1, 1, int(fence.room / (size + SPACING)) + 1])
            unread.append((now + way / 2, frames, None))
            if fence.sent(frames):
                number += 1
                fence.close_off(number, [f"8:{number}::"], now)
                unread.append((now + way / 2, [f"8:{number}::"], number))
        if now >= read_at:
            read_at = now + way * chance.choice([0.0, 0.05, 1.5])
            there = [entry for entry in unread if entry[0] <= now]
            unread = unread[len(there) :]
            server.read([frame for _, frames, _ in there for frame in frames])
            acks += [(now + way / 2, ack) for _, _, ack in there if ack is not None]
        assert server.counted <= fence.bytes_counted


def test_the_budget_is_spent_before_the_server_kicks():
    fence = proven()
    fence.bytes_counted = SPENT_AT - 100
    assert not fence.is_spent
    assert fence.sent(["x"]) is False
    assert fence.sent(["x" * 100]) is True
    assert fence.is_spent


def test_a_frame_that_would_spend_the_budget_is_too_much():
    fence = Fence(Reading())
    assert not fence.is_too_much(10**6)
    assert fence.is_too_much(SPENT_AT // 4)


def test_a_budget_is_not_spent_where_nothing_is_acknowledged():
    fence = Fence(Reading())
    fence.bytes_counted = SPENT_AT
    assert fence.sent(["x"])
    fence.close_off(1, ["8:1::"], 0.0)
    assert fence.is_spent
    fence.is_stuck(LONG_PATIENCE)
    assert not fence.is_spent
    assert fence.sent(["x"]) is False


def test_the_reserve_is_used_once_the_server_has_read_everything():
    fence = proven()
    fence.use_reserve(0.0)
    assert fence.bytes_counted >= SPARING_AT
    fence.bytes_counted = SPENT_AT
    assert fence.sent(["x"])
    fence.close_off(2, ["8:2::"], 0.0)
    fence.use_reserve(0.0)
    assert fence.is_spent
    fence.acknowledged(2, 0.0)
    fence.use_reserve(0.0)
    assert (fence.is_spent, fence.bytes_counted) == (False, 0)
    assert fence.room > 0


# A server that counts no bytes


def uncounted(*, reads_ahead: bool = False) -> Fence:
    """Return such a fence that the server has acknowledged."""
    fence = Fence(Reading(), counts_bytes=False, reads_ahead=reads_ahead)
    assert fence.sent(["x"] * WIDE_WINDOW)
    fence.close_off(1, ["8:1::"], 0.0)
    assert fence.acknowledged(1, 0.0)
    return fence


def test_a_server_that_counts_no_bytes_has_windows_of_frames():
    fence = uncounted()
    assert not fence.sent(["x" * WIDE_FRAME] * (WIDE_WINDOW - 1))
    assert fence.room == 1
    assert fence.sent(["x" * WIDE_FRAME])
    assert not fence.is_spent
    assert not fence.is_too_much(SPENT_AT)


def test_frames_of_any_size_are_frames():
    fence = uncounted()
    assert not fence.sent(["x" * WIDE_FRAME * WIDE_WINDOW] * (WIDE_WINDOW - 1))
    assert fence.room == 1


def test_an_eighth_of_a_million_characters_are_a_window_for_who_reads_ahead():
    fence = uncounted(reads_ahead=True)
    for number in range(2, 6):
        assert not fence.sent(["x" * (WIDE_FRAME * (WIDE_WINDOW - 1))])
        assert fence.sent(["x" * WIDE_FRAME, "x"])
        fence.close_off(number, [f"8:{number}::"], 0.0)
    assert (fence.room, fence.next_window) == (0, None)


def test_four_windows_of_frames_are_on_their_way():
    fence = uncounted()
    for number in range(2, 6):
        assert fence.room == WIDE_WINDOW
        fence.sent(["x"] * WIDE_WINDOW)
        fence.close_off(number, [f"8:{number}::"], 0.0)
    assert MOST_WIDE <= fence.in_flight() < MOST_IN_FLIGHT
    assert fence.room == 0
    assert fence.next_window is None
    assert not fence.sent(["2::"])
    assert fence.room == 0
    fence.acknowledged(2, 0.0)
    assert fence.room == WIDE_WINDOW - 1


def test_over_a_long_way_windows_of_frames_keep_a_pace():
    fence = Fence(Reading(), counts_bytes=False)
    fence.sent(["x"] * WIDE_WINDOW)
    fence.close_off(1, ["8:1::"], 0.0)
    fence.acknowledged(1, 0.05)
    for number in range(2, 6):
        fence.sent(["x"] * WIDE_WINDOW)
        fence.close_off(number, [f"8:{number}::"], 1.0)
    assert fence.next_window == pytest.approx(1.0 + PACE)


def test_without_acks_frames_of_such_a_server_go_as_they_come():
    fence = Fence(Reading(), counts_bytes=False)
    assert not fence.sent([])
    assert fence.is_empty
    fence.close_off(1, ["8:1::"], 0.0)
    assert not fence.is_stuck(PATIENCE)
    assert not fence.sent(["x"] * 1000)
    assert fence.in_flight() == 1


def test_a_rough_bound_tells_what_a_kick_may_have_been():
    fence = uncounted()
    fence.sent(["x" * 2**20])
    assert not fence.may_have_kicked
    fence.sent(["x" * BYTE_BUDGET])
    assert fence.may_have_kicked
