from __future__ import annotations

from sioclient.reading import Reader, Reading


def test_time_without_reading_is_counted():
    reading = Reading()
    reading.pause(10.0)
    assert (reading.holder, reading.away_since) == (None, 10.0)
    reading.resume(13.0)
    reading.pause(20.0)
    reading.resume(21.0)
    assert (reading.holder, reading.since, reading.unread) == (Reader.LISTENER, 21.0, 4.0)
    assert reading.away_since is None


def test_resuming_what_was_not_paused_counts_nothing():
    reading = Reading()
    reading.resume(5.0)
    assert (reading.holder, reading.since, reading.unread) == (Reader.LISTENER, 5.0, 0.0)


def test_time_in_which_another_thread_reads_is_not_counted():
    reading = Reading()
    reading.pause(10.0)
    reading.take_over(11.0)
    assert (reading.holder, reading.since, reading.unread) == (Reader.KEEPER, 11.0, 1.0)
    reading.let_go(15.0)
    assert (reading.holder, reading.since, reading.away_since) == (None, 15.0, 10.0)
    reading.resume(17.0)
    assert reading.unread == 3.0


def test_the_clock_stands_still_while_nobody_reads():
    reading = Reading()
    assert reading.clock(5.0) == 5.0
    reading.pause(10.0)
    assert [reading.clock(now) for now in (10.0, 60.0)] == [10.0, 10.0]
    reading.take_over(60.0)
    assert [reading.clock(now) for now in (60.0, 62.0)] == [10.0, 12.0]
    reading.let_go(63.0)
    assert reading.clock(70.0) == 13.0
    reading.resume(100.0)
    assert [reading.clock(now) for now in (100.0, 101.0)] == [13.0, 14.0]


def test_a_deadline_stands_still_with_the_clock():
    reading = Reading()
    due = reading.clock(0.0) + 5.0
    assert reading.when(due) == 5.0
    reading.pause(2.0)
    assert reading.when(due) is None
    reading.take_over(10.0)
    assert reading.when(due) == 13.0
    reading.let_go(11.0)
    assert reading.when(due) is None
    reading.resume(100.0)
    assert reading.when(due) == 102.0


def test_what_begins_in_a_pause_has_its_time_from_the_end_of_it():
    reading = Reading()
    reading.pause(10.0)
    due = reading.clock(50.0) + 5.0
    reading.resume(60.0)
    assert reading.when(due) == 65.0
