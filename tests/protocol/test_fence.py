"""The fence by itself: frames, round trips, and what the server may have counted."""

from __future__ import annotations

import pytest

from sioclient.protocol.fence import BYTE_BUDGET, MOST_SILENCE, MOST_UNPROVEN, PATIENCE, WINDOW, Fence

FRAMES = ["x"] * WINDOW


def fill(fence: Fence, number: int, now: float = 0.0) -> None:
    """Send a window of frames, and the fence behind it."""
    assert fence.sent(FRAMES)
    fence.close_off(number, now)


def proven() -> Fence:
    fence = Fence()
    fill(fence, 1)
    assert fence.acknowledged(1)
    return fence


def test_a_fence_is_due_after_a_window_of_frames():
    fence = Fence()
    assert not fence.sent(FRAMES[1:])
    assert fence.room == 1
    assert fence.sent(["x"])
    assert fence.room == 0


def test_two_windows_may_be_on_their_way_and_an_ack_makes_room():
    fence = proven()
    fill(fence, 2)
    assert fence.room == WINDOW
    fill(fence, 3)
    assert fence.room == 0
    assert fence.in_flight == 2 * (WINDOW + 1)
    assert fence.acknowledged(2)
    assert fence.room == WINDOW


def test_urgent_frames_beyond_the_room_make_none():
    fence = proven()
    fill(fence, 2)
    fill(fence, 3)
    assert not fence.sent(["2::"])
    assert fence.room == 0


def test_an_ack_counts_for_all_fences_before_it():
    fence = proven()
    fill(fence, 2)
    fill(fence, 3)
    assert fence.acknowledged(3)
    assert fence.in_flight == 0
    assert not fence.acknowledged(2)


def test_acks_of_other_packets_are_none_of_a_fence():
    assert not proven().acknowledged(7)


def test_before_the_first_ack_no_more_is_sent_than_is_safe():
    fence = Fence()
    number = 0
    while fence.room > 0:
        number += 1
        fill(fence, number)
    assert MOST_UNPROVEN <= fence.in_flight < 500
    assert fence.acknowledged(number)
    assert fence.room == WINDOW


def test_the_first_ack_is_awaited_in_the_middle_of_a_window_too():
    fence = Fence()
    for number in range(MOST_UNPROVEN // (WINDOW + 1)):
        fill(fence, number)
    rest = MOST_UNPROVEN - fence.in_flight
    assert not fence.sent(FRAMES[: rest - 1])
    assert fence.room > 0
    fence.sent(["x"])
    assert fence.room == 0


def test_a_server_that_acknowledges_none_is_not_fenced_any_more():
    fence = Fence()
    assert fence.deadline() is None
    fill(fence, 1, now=5.0)
    assert fence.deadline() == 5.0 + PATIENCE
    assert not fence.is_stuck(5.0 + PATIENCE - 0.001)
    assert not fence.is_stuck(5.0 + PATIENCE)
    assert fence.deadline() is None
    for _ in range(20):
        assert not fence.sent(FRAMES)
    assert fence.room == WINDOW
    assert fence.in_flight == WINDOW + 1


def test_a_late_first_ack_counts_all_the_same():
    fence = Fence()
    fill(fence, 1)
    fence.is_stuck(PATIENCE)
    assert fence.acknowledged(1)
    fill(fence, 2)
    fill(fence, 3)
    assert fence.room == 0


def test_a_server_that_has_acknowledged_before_must_go_on():
    fence = proven()
    assert not fence.awaited
    fill(fence, 2, now=10.0)
    assert fence.awaited
    assert fence.deadline() == 10.0 + MOST_SILENCE
    assert not fence.is_stuck(10.0 + MOST_SILENCE - 0.001)
    assert fence.is_stuck(10.0 + MOST_SILENCE)


def test_bytes_are_counted_as_the_server_does_at_worst():
    fence = Fence()
    fence.sent(["x" * 86])  # and 14 bytes of head
    assert fence.bytes_counted == 4 * 100 + 100
    fence.sent(["x" * 86])  # may be read with the first, and is counted again with each of its parts
    assert fence.bytes_counted == (4 * 100 + 100) + (4 * 100 * 2 + 100)


def test_characters_count_as_many_bytes_as_they_may_have():
    fence = Fence()
    fence.sent(["\U0001f600" * 10])
    assert fence.bytes_counted == 5 * (4 * 10 + 14)


def test_a_large_frame_is_not_counted_again_beyond_one_read():
    fence = Fence()
    fence.sent(["x" * 2**20])
    assert fence.bytes_counted == 4 * 65536 + 2**20 + 14


@pytest.mark.parametrize("size", [1000, 60_000])
def test_the_measured_kick_is_within_the_count(size):
    """socket.io 0.9.19 kicked after 25 MB of such frames, each acknowledged before the next."""
    fence = Fence()
    for _ in range(25_000_000 // size):
        fence.sent(["x" * size])
        fence.close_off(1, 0.0)
        fence.acknowledged(1)
    assert fence.bytes_counted >= BYTE_BUDGET


def test_time_in_which_nobody_reads_does_not_count():
    fence = Fence()
    assert fence.deadline(unread=10.0) is None
    assert fence.sent(FRAMES)
    fence.close_off(1, now=50.0, unread=10.0)
    assert fence.deadline(unread=10.0) == 50.0 + PATIENCE
    assert fence.deadline(unread=13.0) == 53.0 + PATIENCE
    assert not fence.is_stuck(53.0, unread=13.0)
    assert fence.is_stuck(53.0 + PATIENCE, unread=13.0) is False  # it acknowledges none
    assert fence.deadline(unread=13.0) is None
