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
